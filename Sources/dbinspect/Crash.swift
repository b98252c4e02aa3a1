// What a bug in us looks like from outside: one line and status 70, not a stack trace.

import Glibc

/// Ends the process with one line when it traps.
enum Crash {
  /// Installs the handlers. With `SWIFT_BACKTRACE` set the runtime's own report is left alone, for developers.
  static func beQuiet() {
    guard unsafe getenv("SWIFT_BACKTRACE") == nil else { return }
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGFPE] {
      signal(number) { _ in
        // Only what is safe in a handler: a constant, write(2), and leaving at once.
        let text: StaticString =
          "dbinspect: a bug in dbinspect: it had to stop\nhint: run it again with SWIFT_BACKTRACE=enable=yes and report\n"
        _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
        _exit(ExitStatus.software.rawValue)
      }
    }
  }
}
