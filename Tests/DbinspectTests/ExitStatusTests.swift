// Every row of the table of exit statuses, and how trouble is told.

import Foundation
import Testing

@testable import dbinspect

@Suite struct ExitStatusTests {
  @Test(arguments: [
    [], ["show"], ["get", "FILE"], ["show", "FILE", "--limit", "x"], ["show", "FILE", "--format", "xml"],
    ["dump", "FILE", "--from", "-1"], ["dump", "FILE", "--from", "2", "--to", "1"], ["explain", "FILE", "0xzz"],
    ["verify", "FILE", "--threads", "0"], ["info", "FILE", "--wait", "-1"], ["info", "FILE", "--engine", "oracle"],
    ["get", "FILE", "--escaped", "\\q"], ["get", "FILE", "--escaped", "a\\"], ["misspelt", "FILE"],
    ["--no-such-option"],
  ])
  func `arguments that make no sense end with 64 and one line`(_ arguments: [String]) throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let run = try Tool.run(arguments.map { $0 == "FILE" ? copy.path : $0 })
    #expect(run.status == 64, "\(run)")
    #expect(run.output.isEmpty)
    #expect(run.errorLines.first?.hasPrefix("dbinspect: ") == true)
    #expect(run.errorLines.dropFirst().allSatisfy { $0.hasPrefix("hint: ") }, "\(run)")
  }

  @Test(arguments: [
    ["--color", "never", "show", "FILE"], ["--format", "cyrus", "show", "FILE"], ["--scan", "info", "FILE"],
    ["--locking", "none", "get", "FILE", "key"], ["--color", "never", "verify"],
  ])
  func `options before a command are told to go behind it`(_ arguments: [String]) throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let run = try Tool.run(arguments.map { $0 == "FILE" ? copy.path : $0 })
    #expect([64, 66].contains(run.status), "\(run)")
    let command = try #require(arguments.first { DBInspect.commandNames.contains($0) })
    #expect(run.errorLines.last == "hint: put options behind the command: dbinspect \(command) …", "\(run)")
    #expect(!run.errors.contains("is not a command"))
  }

  @Test(arguments: ["get", "history", "show --prefix"])
  func `a key with an escape that is none names the command's own help`(_ command: String) throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let words = command.split(separator: " ").map(String.init)
    let run = try Tool.run([words[0], copy.path] + words.dropFirst() + ["\\q", "--escaped"])
    #expect(run.status == 64)
    #expect(run.errors == "dbinspect: '\\q' in '\\q' is not an escape\nhint: See 'dbinspect \(words[0]) --help'\n")
  }

  /// The commands, as arguments before and behind the file.
  private static let commands: [[String]] = [
    [], ["info"], ["show"], ["get", "", "key"], ["verify"], ["check"], ["dump"], ["explain", "", "0"],
    ["history", "", "key"], ["mailboxes"], ["inventory"],
  ]

  private func run(_ command: [String], on file: String) throws -> Tool.Run {
    try Tool.run(command.prefix(1) + [file] + command.dropFirst(2))
  }

  @Test(arguments: commands)
  func `a file that is missing ends with 66`(_ command: [String]) throws {
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "none").path
    let run = try run(command, on: path)
    #expect(run.status == 66)
    #expect(run.errors == "dbinspect: \(path): No such file or directory (open)\n")
    #expect(run.output.isEmpty)
  }

  @Test(arguments: commands)
  func `what is not a database, not read, or not a file at all ends with 65`(_ command: [String]) throws {
    let folder = try TemporaryFolder()
    let text = try run(command, on: try folder.file("text", Array("hello\n".utf8)))
    #expect(text.status == 65)
    #expect(text.errors.contains("text: not a Cyrus database"))
    let directory = try run(command, on: folder.url.path)
    #expect(directory.status == 65)
    #expect(directory.errors.contains("is a directory"))
    let skiplist = try run(command, on: try FixtureCopy("skiplist/sl-one.db").path)
    #expect(skiplist.status == 65)
    #expect(skiplist.errors.contains("skiplist"))
  }

  /// Databases that are no lists of mailboxes, and what is said of them.
  @Test(arguments: [
    ("annotations/messages-3.6.1.db", "it holds records of the kind message-annotations"),
    ("twoskip/ts-two.db", "none of 2 records is that of a mailbox"),
    ("twoskip/ts-churn500.db", "none of 428 records is that of a mailbox"),
    ("twoskip/ts-binary.db", "none of 16 records is that of a mailbox"),
  ])
  func `a database that is no list of mailboxes is told to be none`(_ file: String, _ reason: String) throws {
    let path = try FixtureCopy(file).path
    for command in [
      ["mailboxes", path], ["mailboxes", path, "--user", "joe"], ["inventory", path], ["check", path],
      ["locate", "/x", "--mailboxes", path],
    ] {
      let run = try Tool.run(command)
      #expect(run.status == 65, "\(run)")
      #expect(run.output.isEmpty)
      #expect(run.errorLines.first == "dbinspect: \(path): not a mailboxes.db: \(reason)")
    }
    for command in ["inventory", "check"] {
      let document = try Tool.run([command, path, "--json"]).json
      #expect(document["error"] as? String == "not a mailboxes.db: \(reason)")
    }
    let lines = try Tool.run(["mailboxes", path, "--format", "ndjson"]).lines
    #expect(try jsonObject(try #require(lines.last))["error"] as? String == "not a mailboxes.db: \(reason)")
  }

  @Test func `a list whose mailboxes cannot be decoded is one, and they are counted`() throws {
    let path = try FixtureCopy("twoskip/ts-packed100.db").path
    for format in ["text", "csv"] {
      let run = try Tool.run(["mailboxes", path, "--format", format])
      #expect(run.status == 0)
      #expect(run.errors.contains("note: 100 mailboxes cannot be decoded; dbinspect check tells which"))
    }
    #expect(try Tool.run(["mailboxes", path, "--format", "ndjson"]).errors.isEmpty)
    let others: [[(key: String, value: String)]] = [
      [("user.joe", "0 default joe\tlrs\t")], [("user.joe", "%(T d M 6)")], [("Nuser\u{1F}joe", "%(T ed M 6)")],
    ]
    for records in others {
      #expect(try Tool.run(["mailboxes", madeDatabase(records), "--all"]).status == 0)
      #expect(try Tool.run(["check", madeDatabase(records)]).lines.last?.contains(" 1 record, ") == true)
    }
    let quota = try madeDatabase([("user.joe", "%(S (100 200))"), ("user.jim", "%(S (100 200) M 5)")])
    #expect(try Tool.run(["inventory", quota]).status == 65)
    let seen = try madeDatabase([("uewsf0eitrpvxmvuy6eppr0g", "1 1700000000 5 1700000000 1:5")])
    #expect(try Tool.run(["mailboxes", seen]).status == 65)
  }

  @Test(.timeLimit(.minutes(30)), arguments: commands)
  func `a fifo is refused without waiting for a writer`(_ command: [String]) throws {
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "fifo").path
    #expect(mkfifo(path, 0o600) == 0)
    let run = try run(command, on: path)
    #expect(run.status == 65)
    #expect(run.errors == "dbinspect: \(path): is not a regular file\n")
  }

  @Test(arguments: ["info", "get", "dump", "explain", "history", "overview", "inventory"])
  func `a document is printed in any case, with the error if there is nothing else to tell`(_ command: String) throws {
    let rest = ["get": ["key"], "history": ["key"], "explain": ["0"]][command] ?? []
    func document(of file: String) throws -> [String: Any] {
      let run = try Tool.run([command, file, "--json"] + rest)
      #expect(run.errorLines.first?.hasPrefix("dbinspect: \(file): ") == true, "\(run)")
      #expect(try run.json["schema"] as? String == "\(command)/1")
      #expect(try run.json["file"] as? String == file)
      return try run.json
    }
    let folder = try TemporaryFolder()
    let missing = try document(of: folder.url.appending(path: "none").path)
    #expect(missing["error"] as? String == "No such file or directory (open)")
    let skiplist = try document(of: try FixtureCopy("skiplist/sl-one.db").path)
    #expect(skiplist["engine"] as? String == "skiplist")
    guard ["info", "get"].contains(command) else { return }
    let untrusted = try document(of: try FixtureCopy("twoskip/ts-bad-header-crc.db").path)
    #expect(untrusted["engine"] as? String == "twoskip")
    #expect(untrusted["state"] as? String == "unreadable")
    #expect((untrusted["error"] as? String)?.hasPrefix("header checksum differs") == true)
  }

  @Test(.enabled(if: getuid() != 0, "root may read everything"), arguments: commands)
  func `a file that may not be read ends with 77 and its name`(_ command: [String]) throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    #expect(chmod(copy.path, 0) == 0)
    let run = try run(command, on: copy.path)
    #expect(run.status == 77)
    #expect(run.errors.hasPrefix("dbinspect: \(copy.path): Permission denied"))
  }

  @Test(arguments: ["ts-zero-length.db", "ts-zero-header.db"])
  func `a database to which nothing was ever committed is empty for every command`(_ name: String) throws {
    let file = try FixtureCopy("twoskip/\(name)").path
    #expect(try Tool.run(["info", file]).status == 0)
    #expect(try Tool.run(["show", file]).status == 0)
    #expect(try Tool.run(["get", file, "key"]).status == 1)
    let history = try Tool.run(["history", file, "key"])
    #expect(history.status == 1)
    #expect(!history.errors.contains("doubt"))
    // Cyrus cannot open the one whose creation was interrupted, and that is for verify to say.
    #expect(try Tool.run(["verify", file]).status == (name == "ts-zero-header.db" ? 2 : 0))
  }

  @Test func `errors of the system have their statuses`() {
    #expect(ExitStatus(errno: ENOENT) == .noInput)
    #expect(ExitStatus(errno: ENOTDIR) == .noInput)
    #expect(ExitStatus(errno: EACCES) == .noPermission)
    #expect(ExitStatus(errno: EPERM) == .noPermission)
    #expect(ExitStatus(errno: EIO) == .inputOutput)
    #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 64, 65, 66, 70, 73, 74, 75, 77])
  }

  @Test func `damage that was seen is worse than a file that could not be looked at`() {
    #expect(ExitStatus.worst([]) == .yes)
    #expect(ExitStatus.worst([.yes, .no]) == .no)
    #expect(ExitStatus.worst([.noInput, .broken, .yes]) == .broken)
    #expect(ExitStatus.worst([.no, .tryAgain]) == .tryAgain)
    for status in ExitStatus.allCases { #expect(ExitStatus.worst([.yes, status]) == status) }
  }

  @Test func `a reader that goes away ends the work quietly`() throws {
    let copy = try FixtureCopy("twoskip/ts-longval.db")
    for command in ["show", "dump", "info", "verify", "history --json"] {
      let key = command.hasPrefix("history") ? "big" : ""
      let run = try Tool.shell("{ sleep 0.2; \"$D\" \(command) \"$F\" \(key); echo $? >&2; } | true", file: copy.path)
      #expect(run.text == "0\n", "\(command)")
    }
    let head = try Tool.shell("\"$D\" show \"$F\" -q | head -c 3; echo \" ${PIPESTATUS[0]}\"", file: copy.path)
    #expect(head.text == "big 0\n")
  }

  @Test func `output that cannot be written ends with 74`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let run = try Tool.shell("\"$D\" show -q \"$F\" > /dev/full; echo $?", file: copy.path)
    #expect(run.text == "dbinspect: standard output: No space left on device (write)\n74\n")
  }

  @Test func `an output that cannot be created has a hint about its folder`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let missing = try Tool.run(["salvage", copy.path, "-o", copy.path + ".d/out.db"])
    #expect(missing.status == 73)
    #expect(missing.errorLines.last == "hint: its folder must be there")
    guard getuid() != 0 else { return }
    let folder = try TemporaryFolder()
    #expect(chmod(folder.url.path, 0o500) == 0)
    let refused = try Tool.run(["salvage", copy.path, "-o", folder.url.path + "/out.db"])
    #expect(refused.status == 73)
    #expect(refused.errorLines.last == "hint: its folder must be one that you may write to")
  }

  @Test func `a writer that keeps the file is waited for no longer than allowed`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let descriptor = open(copy.path, O_RDWR)
    defer { close(descriptor) }
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    #expect(fcntl(descriptor, F_SETLK, &lock) == 0)
    let run = try Tool.run(["show", copy.path, "--locking", "shared", "--wait", "0.2"])
    #expect(run.status == 75, "\(run)")
    #expect(run.errors.contains("locked by a writer (process \(getpid()))"))
    #expect(run.errors.contains("hint: --wait"))
  }

  @Test func `a trap ends with 70 and no stack trace`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    // It waits for a key from a fifo that nobody writes to.
    let run = try Tool.shell(
      """
      unset SWIFT_BACKTRACE; mkfifo "$F.fifo"; "$D" get "$F" - <> "$F.fifo" & sleep 0.5
      kill -TRAP $!; wait $!; echo $?
      """, file: copy.path)
    #expect(run.text.hasPrefix("dbinspect: a bug in dbinspect"))
    #expect(run.text.hasSuffix("70\n"))
    #expect(run.text.split(separator: "\n").count == 3)
  }

  @Test func `names and messages reach a terminal without control characters`() throws {
    let folder = try TemporaryFolder()
    let missing = try Tool.run(["info", folder.url.path + "/\u{1B}[31m\u{9B}\n\u{202E}x"])
    #expect(missing.status == 66)
    #expect(missing.errors.contains("/\\x1b[31m\\xc2\\x9b\\n\\xe2\\x80\\xaex: No such file"))
    #expect(missing.errorLines.count == 1)
    let usage = try Tool.run(["info", "--\u{1B}[31m"])
    #expect(!usage.errors.contains("\u{1B}"))
    let bytes = try Data(contentsOf: URL(filePath: FixtureCopy("twoskip/ts-one.db").path))
    let found = try folder.file("a\u{1B}b", Array(bytes))
    for command in [["info"], ["verify"], ["show"], ["dump"], []] {
      let run = try Tool.run(command + [found])
      #expect(run.status == 0)
      #expect(!run.text.contains("\u{1B}") && !run.errors.contains("\u{1B}"))
    }
    #expect(try Tool.run([found]).text.contains("dbinspect verify $'\(folder.url.path)/a\\x1bb' "))
    #expect(try Tool.run(["info", found, "--json"]).json["file"] as? String == found)
  }

  @Test func `an argument that is not UTF-8 is refused rather than altered`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    for arguments in ["get \"$F\" $'a\\xff'", "show --prefix $'a\\xff'", "show \"$F\" --start=$'a\\xff'"] {
      let run = try Tool.shell("\"$D\" \(arguments); echo $?", file: copy.path)
      #expect(run.text.hasPrefix("dbinspect: argument 3, "), "\(run.text)")
      #expect(run.text.contains("a\\xff, is a key that is not UTF-8\nhint: write it with --escaped: '"), "\(run.text)")
      #expect(run.text.hasSuffix("\n64\n"))
    }
    let option = try Tool.shell("\"$D\" show \"$F\" --limit $'\\xff'")
    #expect(option.text == "dbinspect: argument 4, \\xff, is not UTF-8\n")
  }

  @Test func `a file whose name is not UTF-8 is told to be one, with a way to open it`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    for command in ["", "info", "verify --quick", "get"] {
      let run = try Tool.shell(
        "cd \"$(dirname \"$F\")\"; cp ts-two.db $'caf\\xe9.db'; \"$D\" \(command) $'caf\\xe9.db'; echo $?",
        file: copy.path)
      let place = command.split(separator: " ").count + 1
      #expect(
        run.text == """
          dbinspect: argument \(place), caf\\xe9.db, names a file, but is not UTF-8: such a file cannot be opened
          hint: give it by a link with another name: ln -s $'caf\\xe9.db' link.db
          64

          """)
    }
    let missing = try Tool.shell("\"$D\" get $'caf\\xe9.db' key")
    #expect(missing.text.contains("names a file"))
    #expect(!missing.text.contains("hint"))
  }

  @Test func `colours are only where they are asked for`() throws {
    let copy = try FixtureCopy("twoskip/ts-bad-tail.db")
    #expect(!(try Tool.run(["verify", copy.path]).text.contains("\u{1B}")))
    #expect(try Tool.run(["verify", copy.path, "--color", "always"]).text.contains("\u{1B}[31mdamage\u{1B}[0m"))
    #expect(!(try Tool.run(["verify", copy.path, "--color", "never"]).text.contains("\u{1B}")))
  }
}
