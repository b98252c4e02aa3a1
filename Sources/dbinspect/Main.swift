// The command `dbinspect`: parses arguments, runs a command, and ends with its exit status.
//
// Every way out of the process is here. A command returns its status or throws; what is thrown becomes one line
// on standard error and a status, see ExitStatus.swift.

import ArgumentParser
import CyrusDatabase
import Glibc

/// The root of all commands.
@main
struct DBInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dbinspect",
    abstract: "Look into a Cyrus IMAP database, and check it, without ever changing it.",
    usage: """
      dbinspect FILE
      dbinspect COMMAND FILE …
      """,
    discussion: """
      `dbinspect FILE` alone says what the file is, checks it quickly, and tells what
      to try next. Files are opened for reading only: a dirty or damaged file stays
      as it is.

      EXAMPLE
        dbinspect /var/lib/cyrus/mailboxes.db
        dbinspect verify /var/lib/cyrus/mailboxes.db
        dbinspect get /var/lib/cyrus/mailboxes.db --escaped 'Nuser\\x1fjoe'

      EXIT STATUS
        0   yes: sound, found, listed completely
        1   no, but nothing is broken: key not found; all that a replica lacks
            is on its way
        2   broken: damage found, or a listing is incomplete; a replica lacks
            what is not on its way; lines of a log are lost or stuck
        3   with --nagios, which has 0 to 3 alone: it cannot be told
        64  usage
        65  not a Cyrus database, or one of an engine that is recognised but not
            read, or no list of mailboxes where one is needed, or not a file: a
            directory, a fifo, a device
        66  no such file
        70  a bug in dbinspect
        73  the output cannot be created
        74  input or output error
        75  in use for too long; try again
        77  no permission
      """,
    version: "0.1.0",
    subcommands: [
      Overview.self, Info.self, Show.self, Get.self, Verify.self, Dump.self, Explain.self, History.self,
      Check.self, Mailboxes.self, Inventory.self, Locate.self, Synclog.self, Diff.self, FailoverCheck.self,
      Salvage.self, Convert.self, Fleet.self,
    ],
    defaultSubcommand: Overview.self)

  static func main() {
    Crash.beQuiet()
    // A reader of our output that goes away is noticed when writing, and ends the work quietly.
    signal(SIGPIPE, SIG_IGN)
    let command: any ParsableCommand
    do {
      // A file that is cut while we read it must end in an error, not in a crash.
      try FaultGuard.install()
      try RawArguments.requireText()
      command = try parseAsRoot()
    } catch let failure as Failure {
      end(with: failure)
    } catch {
      endParsing(with: error, hint: hintToMisplacedCommand)
    }
    run(command)
  }

  private static func run(_ command: any ParsableCommand) -> Never {
    do {
      if var command = command as? any ToolCommand {
        end(try command.runToEnd())
      }
      // Help, version and completion scripts.
      var command = command
      try command.run()
      end(.yes)
    } catch let error as DatabaseError {
      end(with: Failure(error))
    } catch let failure as Failure {
      end(with: failure)
    } catch {
      let isOurs = command is any ToolCommand
      endParsing(with: error, hint: isOurs ? "See 'dbinspect \(name(of: type(of: command))) --help'" : nil)
    }
  }

  /// The names of all commands.
  static var commandNames: [String] { configuration.subcommands.map(name) }

  private static func name(of command: any ParsableCommand.Type) -> String { String(describing: command).lowercased() }

  /// What to do about a command behind options, where the parser does not look for one; nil if there is none.
  static var hintToMisplacedCommand: String? {
    let arguments = CommandLine.arguments.dropFirst()
    guard let first = arguments.first, first.hasPrefix("-") else { return nil }
    return arguments.first(where: commandNames.contains).map { "put options behind the command: dbinspect \($0) …" }
  }

  private static func end(_ status: ExitStatus) -> Never { Glibc.exit(status.rawValue) }

  private static func end(with failure: Failure) -> Never {
    if NagiosFallback.isAskedFor { end(NagiosFallback.print(failure)) }
    failure.tell()
    end(failure.status)
  }

  /// Ends with what was asked for: help, version or a completion script.
  private static func endTelling(_ text: String) -> Never {
    var output = Output()
    // The script for bash offers commands alone as the first word, which may be a file, too.
    output.line(text.replacing("complete -o filenames -F", with: "complete -o filenames -o default -F"))
    end(output.finish(.yes))
  }

  /// Ends with what the argument parser has to say: help and version on standard output, complaints as one line.
  private static func endParsing(with error: any Error, hint: String?) -> Never {
    guard exitCode(for: error) != .success else { endTelling(fullMessage(for: error)) }
    let isUsage = exitCode(for: error) == .validationFailure
    let status = isUsage ? ExitStatus.usage : ExitStatus.software
    let message = isUsage ? message(for: error) : "a bug in dbinspect: \(error)"
    // The parser knows which command's help to name, and says so in the last line of its full text.
    let advice = fullMessage(for: error).split(separator: "\n").last { $0.contains("See '") }
    end(with: Failure(status, message, hint: hint ?? advice.map { String($0.drop { $0 == " " }) }))
  }
}
