// What goes to standard error: errors, hints and notes, one line each.

import CyrusDatabase
import Glibc

/// An error that ends a command, as it is told to the user.
struct Failure: Error {
  /// How the command ends.
  let status: ExitStatus
  /// The file concerned, if it is about one.
  let file: String?
  /// What is wrong, and where.
  let message: String
  /// What to do about it, if there is something.
  let hint: String?
  /// The engine of the file, if it is known.
  let engine: Engine?
  /// Whether the file's content is that of no engine known.
  let isNotDatabase: Bool

  init(
    _ status: ExitStatus, file: String? = nil, _ message: String, hint: String? = nil, engine: Engine? = nil,
    isNotDatabase: Bool = false
  ) {
    self.engine = engine
    self.isNotDatabase = isNotDatabase
    self.status = status
    self.file = file
    self.message = message
    self.hint = hint
  }

  /// What the system said of a call that failed just now.
  init(failed call: String, file: String) {
    let number = errno
    // strerror of glibc never returns nil.
    self.init(ExitStatus(errno: number), file: file, "\(unsafe String(cString: strerror(number))) (\(call))")
  }

  init(_ error: DatabaseError, hint: String? = nil) {
    let isNotDatabase = if case .notDatabase = error { true } else { false }
    self.init(
      ExitStatus(error), file: error.path, error.description, hint: hint ?? Self.hint(for: error),
      engine: Self.engine(in: error), isNotDatabase: isNotDatabase)
  }

  /// Says it on standard error.
  func tell() {
    Talk.say(message, about: file)
    if let hint { Talk.line("hint: \(hint)") }
  }

  private static func engine(in error: DatabaseError) -> Engine? {
    switch error {
    case .unsupportedEngine(_, let engine): engine
    case .damaged: .twoskip
    default: nil
    }
  }

  private static func hint(for error: DatabaseError) -> String? {
    switch error {
    case .system(let failure) where ExitStatus(errno: failure.errno) == .noPermission:
      "run it as the owner of the file"
    case .damaged(let path, _):
      "dbinspect verify \(shellQuoted(path)) tells all that is wrong, "
        + "\(salvageCommand(path)) writes what can be saved"
    case .busy: "--wait SECONDS waits longer; --locking none reads a file that is known to be at rest"
    case .changed, .faulted: "try again, or read a private copy with --locking copy"
    case .replaced, .lockedByThisProcess: "try again"
    case .output(_, .exists): "--force replaces it"
    default: nil
    }
  }
}

/// Standard error. Nothing that a terminal would obey gets through.
enum Talk {
  /// Whether standard error is a terminal.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// How many columns the terminal at standard error has; 80 if it does not say.
  static var columns: Int {
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Says something about a file: `dbinspect: FILE: message`.
  static func say(_ message: String, about file: String?) {
    line(file.map { "dbinspect: \($0): \(message)" } ?? "dbinspect: \(message)")
  }

  /// Writes a line.
  static func line(_ text: String) { write(printable(text) + "\n") }

  /// Writes text as it is.
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      // The buffer is valid within this call. If even this fails there is nobody left to tell.
      _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
  }
}

/// What to type to save what is left of a file.
func salvageCommand(_ file: String) -> String { "dbinspect salvage \(shellQuoted(file)) -o OUT" }

/// A path as a shell takes it, for commands that are suggested; printable, whatever the path is.
func shellQuoted(_ path: String) -> String { path.hasPrefix("-") ? "./" + shellWord(path) : shellWord(path) }

/// A word as a shell takes it, for commands that are suggested; printable, whatever the word is.
func shellWord(_ word: String) -> String {
  guard word.unicodeScalars.allSatisfy(\.isPrintable) else {
    // $'…' of bash, ksh and zsh knows the escapes of C.
    return "$'\(escaped(Array(word.utf8).rawSpan).replacing("'", with: "\\'"))'"
  }
  let plain = word.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "@"), 0x80...:
      true
    default: false
    }
  }
  if plain, !word.isEmpty { return word }
  return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
