// Bytes as text: escapes, JSON strings, Base64, help.

import ArgumentParser
import Foundation
import Testing

@testable import dbinspect

@Suite struct TextTests {
  /// Bytes, how they are escaped, and whether they can be a JSON string.
  private static let samples: [(bytes: [UInt8], escaped: String, isText: Bool)] = [
    ([], "", true),
    (Array("plain text, 16 bytes and more".utf8), "plain text, 16 bytes and more", true),
    (Array("a\tb\nc\rd\\e".utf8), "a\\tb\\nc\\rd\\\\e", true),
    ([0], "\\x00", false),
    ([0x1F, 0x37], "\\x1f7", true),
    ([0x7F], "\\x7f", true),
    (Array("é€😀".utf8), "é€😀", true),
    // A control character, the end of a line, a change of direction, and a scalar that is not assigned.
    (Array("\u{9B}\u{2028}\u{202E}".utf8), "\\xc2\\x9b\\xe2\\x80\\xa8\\xe2\\x80\\xae", true),
    ([0xF3, 0xA0, 0x80, 0x81], "\\xf3\\xa0\\x80\\x81", true),
    // Not UTF-8: alone, cut, too long a form, a surrogate, beyond Unicode.
    ([0xFF], "\\xff", false),
    ([0x61, 0xE2, 0x82], "a\\xe2\\x82", false),
    ([0xC0, 0xAF], "\\xc0\\xaf", false),
    ([0xE0, 0x80, 0x80], "\\xe0\\x80\\x80", false),
    ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80", false),
    ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80", false),
  ]

  /// What an output was given.
  private func written(_ body: (inout Output) -> Void) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "out").path
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    var output = Output(descriptor: descriptor)
    body(&output)
    let status = output.finish(.yes)
    #expect(status == .yes)
    return Array(try Data(contentsOf: URL(filePath: path)))
  }

  @Test func `escaped text is printable, and unescaping gives the bytes back`() throws {
    for sample in Self.samples {
      #expect(escaped(sample.bytes.span.bytes) == sample.escaped)
      let output = try written { $0.appendEscaped(sample.bytes.span.bytes) }
      #expect(output == Array(sample.escaped.utf8))
      #expect(try unescaped(sample.escaped) == sample.bytes)
    }
    let all = (0...255).map(UInt8.init)
    #expect(try unescaped(escaped(all.span.bytes)) == all)
  }

  @Test func `every byte at every place of a word is escaped alike by the slow and the fast way`() throws {
    for byte in UInt8.min...UInt8.max {
      for place in 0..<17 {
        var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 17)
        bytes[place] = byte
        let text = escaped(bytes.span.bytes)
        #expect(try unescaped(text) == bytes)
        var output = [UInt8]()
        for word in stride(from: 0, to: 16, by: 8) { output += bytes[word..<word + 8] }
        let word = output[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let special = output[0..<8].contains { $0 < 0x20 || $0 > 0x7E || $0 == 0x22 || $0 == 0x5C }
        #expect(word.isPlainASCII == !special)
        #expect(word.isTextASCII == !output[0..<8].contains { $0 == 0 || $0 > 0x7F })
      }
    }
  }

  @Test func `the escapes of C are understood`() throws {
    #expect(try unescaped("\\a\\b\\e\\f\\v\\'\\\"\\?") == [7, 8, 27, 12, 11, 0x27, 0x22, 0x3F])
    #expect(try unescaped("\\0\\37\\1011\\x4\\x414") == [0, 0x1F, 0x41, 0x31, 4, 0x41, 0x34])
    for wrong in ["\\", "\\q", "\\x", "\\xg", "\\8", "\\777"] {
      #expect(throws: (any Error).self) { try unescaped(wrong) }
    }
  }

  @Test func `JSON holds text as it is and other bytes in Base64`() throws {
    for sample in Self.samples {
      let json = try written { output in
        output.object(.inline) { output in output.member("side", bytes: sample.bytes.span.bytes) }
      }
      let object = try jsonObject(String(decoding: json, as: UTF8.self))
      #expect(isText(sample.bytes.span.bytes) == sample.isText)
      if sample.isText {
        #expect((object["side"] as? String).map { Array($0.utf8) } == sample.bytes)
      } else {
        #expect((object["sideBase64"] as? String).flatMap { Data(base64Encoded: $0) } == Data(sample.bytes))
      }
      #expect(object.count == 1)
      #expect(!json.contains { $0 < 0x20 || $0 == 0x7F })
    }
  }

  @Test func `nested JSON is well formed in both layouts`() throws {
    for layout in [JSONLayout.indented, .inline] {
      let json = try written { output in
        output.document("test/1", layout) { output in
          output.object("empty", layout) { _ in }
          output.array("numbers", layout) { output in for number in 0..<3 { output.element(number) } }
          output.array("none", layout) { _ in }
          output.array("objects") { output in
            for number in 0..<2 { output.object(.inline) { $0.member("number", number) } }
          }
          output.member("nothing", nil as String?)
          output.member("flag", true)
        }
      }
      let text = String(decoding: json, as: UTF8.self)
      let object = try jsonObject(text)
      #expect(object["schema"] as? String == "test/1")
      #expect(object["numbers"] as? [Int] == [0, 1, 2])
      #expect((object["objects"] as? [[String: Int]])?.map { $0["number"] } == [0, 1])
      #expect(object["nothing"] is NSNull)
      #expect(layout == .indented || text.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test func `output larger than the buffer arrives whole`() throws {
    let large = [UInt8](repeating: 0x61, count: 700_000)
    let small = [UInt8](repeating: 0x62, count: 1000)
    let bytes = try written { output in
      for _ in 0..<600 { output.append(key: small.span.bytes, separator: 9, value: small.span.bytes) }
      output.append(large.span.bytes)
      output.append(key: large.span.bytes, separator: 9, value: small.span.bytes)
    }
    let line = small + [9] + small + [10]
    #expect(bytes == (0..<600).flatMap { _ in line } + large + large + [9] + small + [10])
  }

  @Test func `what was not written yet can be taken back`() throws {
    let bytes = try written { output in
      output.line("one")
      let couldAtFirst = output.startOver()
      #expect(couldAtFirst)
      output.line("two")
      output.flush()
      let couldAfterWriting = output.startOver()
      #expect(!couldAfterWriting)
    }
    #expect(bytes == Array("two\n".utf8))
  }

  @Test func `sizes and shares are rounded for people`() {
    #expect(size(1) == "1 byte")
    #expect(size(9999) == "9999 bytes")
    #expect(size(470_860_408) == "470860408 bytes (449.0 MiB)")
    #expect(rounded(1023) == "1023 bytes")
    #expect(rounded(UInt64.max) == "16.0 EiB")
    #expect(percentage(1, of: 8) == "12.5 %")
    #expect(percentage(1, of: 0) == "0.0 %")
  }

  @Test func `progress fits into a line of the terminal, and keeps its numbers longest`() {
    let numbers = " [####....] 50 %"
    #expect(Progress.fitted("mailboxes.db", numbers, columns: 80) == "mailboxes.db" + numbers)
    #expect(Progress.fitted("mailboxes.db", numbers, columns: 29) == "mailboxes.db" + numbers)
    #expect(Progress.fitted("mailboxes.db", numbers, columns: 28) == "…ilboxes.db" + numbers)
    #expect(Progress.fitted("mailboxes.db", numbers, columns: 17) == numbers)
    for columns in 0..<40 {
      let line = Progress.fitted("/var/lib/cyrus/ü.db", numbers, columns: columns)
      #expect(line.unicodeScalars.count <= max(0, columns - 1))
    }
  }

  @Test func `suggested commands survive a shell`() throws {
    let words = [
      "plain.db", "it's", "a b", "$HOME", "", "-x", "ü", "a\nb", "\u{1B}[31mit's\\ü", "-\u{7F}", "\u{202E}x",
    ]
    for word in words {
      let run = try Tool.shell("printf %s \(shellQuoted(word))")
      #expect(run.text == (word.hasPrefix("-") ? "./" + word : word))
      #expect(printable(shellQuoted(word)) == shellQuoted(word))
    }
  }

  @Test(arguments: [
    "info", "show", "get", "verify", "dump", "explain", "history", "overview", "mailboxes", "inventory",
    "check", "locate", "synclog", "diff", "failover-check", "salvage", "convert",
  ])
  func `the help of every command has an example and the exit status`(_ command: String) throws {
    let run = try Tool.run([command, "--help"])
    #expect(run.status == 0)
    #expect(run.errors.isEmpty)
    #expect(run.text.contains("\nEXAMPLE\n  dbinspect"))
    #expect(run.text.contains("\nEXIT STATUS\n  0 "))
    let root = try Tool.run(["--help"])
    #expect(root.text.contains("\n  \(command) "))
  }

  @Test(arguments: [
    "info", "show", "get", "verify", "dump", "explain", "history", "overview", "mailboxes", "inventory", "",
  ])
  func `the examples of the help work on a real file`(_ command: String) throws {
    let copy = try FixtureCopy("mailboxes/mailboxes.db")
    let help = try Tool.run((command.isEmpty ? [] : [command]) + ["--help"]).lines
    let examples = help.drop { $0 != "EXAMPLE" }.dropFirst().prefix { $0.hasPrefix("  ") }
    #expect(!examples.isEmpty)
    for example in examples {
      let run = try Tool.shell(
        """
        cd "$(dirname "$F")"; dbinspect() { "$D" "$@"; }
        \(example.replacing("/var/lib/cyrus/", with: ""))
        """, file: copy.path)
      #expect(run.status == 0, "\(example): \(run.text)")
      #expect(!run.text.isEmpty)
      #expect(!run.text.contains(" 0 records listed"), "\(example)")
    }
  }

  @Test func `no line of the help is broken by the width of 80 columns`() {
    let commands: [any ParsableCommand.Type] = [
      DBInspect.self, Overview.self, Info.self, Show.self, Get.self, Verify.self, Dump.self, Explain.self,
      dbinspect.History.self, Mailboxes.self, dbinspect.Inventory.self, Convert.self, dbinspect.Salvage.self,
      Locate.self, Check.self, Synclog.self, Diff.self, FailoverCheck.self,
    ]
    for command in commands {
      for line in command.configuration.discussion.split(separator: "\n") {
        #expect(line.count <= 79, "\(command): \(line)")
      }
    }
  }

  @Test func `bash completes file names and engines`() throws {
    let folder = try TemporaryFolder()
    _ = try folder.file("mail boxes.db", [])
    func completions(_ words: String...) throws -> [String] {
      let quoted = (["dbinspect"] + words).map { "'\($0)'" }
      let last = words.last ?? ""
      let run = try Tool.shell(
        """
        cd '\(folder.url.path)'; source <("$D" --generate-completion-script bash)
        COMP_WORDS=(\(quoted.joined(separator: " "))) COMP_CWORD=\(words.count)
        COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}
        _dbinspect dbinspect '\(last)' "${COMP_WORDS[COMP_CWORD - 1]}"; printf '%s\\n' "${COMPREPLY[@]}"
        """)
      return run.text.split(separator: "\n").map(String.init)
    }
    for command in [
      "info", "show", "get", "verify", "dump", "explain", "history", "overview", "mailboxes", "inventory",
    ] {
      #expect(try completions(command, "mail") == ["mail boxes.db"], "\(command)")
    }
    #expect(try completions("info", "--engine", "twos") == ["twoskip"])
    #expect(try completions("sh") == ["show"])
    // The first word may be a file, too: what the script has nothing for bash completes by itself.
    let registered = try Tool.shell("source <(\"$D\" --generate-completion-script bash); complete -p dbinspect")
    #expect(registered.text.contains("-o default "))
  }

  @Test func `version and completion scripts are printed`() throws {
    #expect(try Tool.run(["--version"]).text == "0.1.0\n")
    for shell in ["bash", "zsh", "fish"] {
      let run = try Tool.run(["--generate-completion-script", shell])
      #expect(run.status == 0)
      #expect(run.text.contains("dbinspect"))
    }
  }
}
