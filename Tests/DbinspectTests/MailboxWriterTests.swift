// Mailboxes as JSON: the fast way against the slow one, and several threads against one.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct MailboxWriterTests {
  /// What an output was given.
  private func written(_ body: (inout Output) throws -> Void) throws -> [UInt8] {
    let path = try TemporaryFolder().url.appending(path: "out").path
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    var output = Output(descriptor: descriptor)
    try body(&output)
    #expect(output.finish(.yes) == .yes)
    return Array(try Data(contentsOf: URL(filePath: path)))
  }

  /// A record, and how the keys of its file are built.
  private struct Record {
    var key: [UInt8]
    var value: [UInt8]
    var form = MailboxKey.Form.prefixed
  }

  /// The lines of records, an empty one for a record that is no mailbox's.
  private func lines(_ records: [Record], isFast: Bool) throws -> [ArraySlice<UInt8>] {
    let text = try written { output in
      var writer = MailboxWriter(MailboxHistories())
      for record in records {
        let entry = MailboxEntryView(key: record.key.span.bytes, value: record.value.span.bytes, form: record.form)
        guard let name = entry.nameInKey() else {
          output.line()
          continue
        }
        if isFast { writer.write(entry, name, to: &output) } else { writer.writeAny(entry, name, to: &output) }
        if output.isNearlyFull { output.flush() }
      }
    }
    return text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  }

  private func expectBothWaysAlike(_ records: [Record]) throws {
    let (fast, slow) = (try lines(records, isFast: true), try lines(records, isFast: false))
    #expect(fast.count == records.count + 1)
    guard fast != slow else { return }
    for (record, (fast, slow)) in zip(records, zip(fast, slow)) where fast != slow {
      Issue.record("\(record): \(String(decoding: fast, as: UTF8.self)) for \(String(decoding: slow, as: UTF8.self))")
    }
  }

  /// Whether a line is written by the fast way.
  private func isPlain(_ key: [UInt8], _ value: [UInt8]) -> Bool {
    var output = Output(keeping: 0)
    let writer = MailboxWriter(MailboxHistories())
    let entry = MailboxEntryView(key: key.span.bytes, value: value.span.bytes, form: .prefixed)
    guard let name = entry.nameInKey() else { return false }
    return append(to: &output) { writer.writePlain(entry, name, to: &$0) }
  }

  /// Whether what `body` writes is a plain line. It is appended then.
  private func append(to output: inout Output, _ body: (inout PlainLine) -> Void) -> Bool {
    guard var line = output.startPlainLine() else { return false }
    body(&line)
    return output.endPlainLine(line)
  }

  private static let value = "%(T e I 0123456789abcdef P default V 1 C 22 F 333 M 1700000001 A %(joe lrs))"

  @Test func `the fast way writes what the slow way writes`() throws {
    var seed = UInt64(ProcessInfo.processInfo.environment["TEST_SEED"] ?? "") ?? 11
    print("MailboxWriterTests: seed \(seed)")
    var random = SplitMix64(seed: seed)
    seed = random.next()
    var plainCount = 0
    var records: [Record] = []
    for record in MailboxRecords(mailboxCount: 60, seed: seed) where record.key.first == UInt8(ascii: "N") {
      if isPlain(record.key, record.value) { plainCount += 1 }
      for mutation in 0..<12 {
        var (key, value) = (record.key, record.value)
        for _ in 0..<min(mutation, 2) {
          let byte: UInt8 = mutation.isMultiple(of: 2) ? UInt8(truncatingIfNeeded: random.next()) : 0x1F
          if random.next() % 2 == 0 {
            key[1 + Int(random.next() % UInt64(key.count - 1))] = byte
          } else {
            value[Int(random.next() % UInt64(value.count))] = byte
          }
        }
        if mutation == 11 { key.removeLast(Int(random.next() % UInt64(key.count))) }
        for form in [MailboxKey.Form.prefixed, .plain] {
          records.append(Record(key: key, value: value, form: form))
        }
      }
    }
    try expectBothWaysAlike(records)
    // Else nothing would be shown.
    #expect(plainCount > 40)
  }

  @Test func `former names are found alike and written alike in all ways`() throws {
    let seed = UInt64(ProcessInfo.processInfo.environment["TEST_SEED"] ?? "") ?? 12
    print("MailboxWriterTests: seed \(seed)")
    var random = SplitMix64(seed: seed)
    var records: [(key: [UInt8], value: [UInt8])] = []
    for record in MailboxRecords(mailboxCount: 1600, seed: seed) {
      var value = record.value
      if record.key.first == UInt8(ascii: "I"), random.next() % 4 == 0 {
        // Some get more names, some anything anywhere in the list of them.
        if random.next() % 2 == 0, value.suffix(4).elementsEqual(" ())".utf8) {
          value.removeLast(3)
          value += Self.formerNames.randomElement(using: &random)!.utf8
        }
        if random.next() % 2 == 0 { value[value.count - 1 - Int(random.next() % 60)] = UInt8(random.next() % 256) }
      }
      records.append((record.key, value))
    }
    let database = try Database(path: try madeDatabase(records))
    guard let list = try MailboxList.amongAllRecords(of: database, locking: .none, threads: 2),
      let marked = try MailboxList.amongAllRecords(
        of: database, locking: .none, threads: 3, marking: MailboxHistories.mayHaveHistory)
    else {
      Issue.record("no list")
      return
    }
    #expect((marked.records.marked?.count ?? 0) > 100)
    #expect(list.records.marked == nil)
    var historyCounts: [Int] = []
    var texts: [[UInt8]] = []
    for isFast in [false, true] {
      for histories in [
        try MailboxHistories(of: list, in: database, .none), try MailboxHistories(ofAllIn: list, threads: 1),
        try MailboxHistories(ofAllIn: list, threads: 3), try MailboxHistories(ofAllIn: marked, threads: 2),
      ] {
        texts.append(
          try written { output in
            var writer = MailboxWriter(histories)
            for index in 0..<list.count {
              let entry = try list.entry(at: index)
              guard let name = entry.nameInKey() else { continue }
              if isFast { writer.write(entry, name, to: &output) } else { writer.writeAny(entry, name, to: &output) }
              if output.isNearlyFull { output.flush() }
            }
          })
        let text = String(decoding: texts[texts.count - 1], as: UTF8.self)
        historyCounts.append(text.components(separatedBy: #""history":["#).count - 1)
      }
    }
    #expect(texts.allSatisfy { $0 == texts[0] }, "seed \(seed)")
    #expect(historyCounts.allSatisfy { $0 > 100 }, "\(historyCounts)")
  }

  /// Lists of former names, and what ends the record.
  private static let formerNames = [
    "(%(N user\u{1F}joe\u{1F}Sent M 1 V 2 C 3 F 4 T e P default) %(N user\u{1F}joe M 5 V 6 C 7 F 8 T ed)))",
    "(%(N \"user\u{1F}joe\u{1F}To do.x\" M -1 V 2 C 3 F 4 T e)))",
    "(%(N \"user\u{1F}joe\u{1F}a\\\"b\" M 1 T e)))", "(%(N example.org\u{1D}user\u{1F}joe\u{1F}a.b T ea P x)))",
    "(%(T e)))", "(x %(N user\u{1F}a^b T c)))", "(%(N user\u{1F}\u{1F} T c)))",
  ]

  @Test func `every byte at every place of a name is written alike both ways`() throws {
    var records: [Record] = []
    for byte in UInt8.min...UInt8.max {
      for place in 0..<18 {
        var key = Array("Nuser\u{1F}joe\u{1F}Sent mail".utf8)
        key[place] = byte
        records.append(Record(key: key, value: Array(Self.value.utf8)))
      }
    }
    try expectBothWaysAlike(records)
  }

  @Test func `strings of any length are written alike both ways`() throws {
    var records: [Record] = []
    for count in 1..<70 {
      let text = String(repeating: "abcdefg", count: 10).prefix(count)
      for odd in ["", "\"", "\\", "\u{7F}", "é"] {
        let key = Array("Nexample.org\u{1D}user\u{1F}\(text)\u{1F}\(text)\(odd)".utf8)
        let fields = "%(T el I 0123456789abcdef P \(text)\(odd) S \(text) V 1 F 2 M 3 A %(\(odd)\(text) lrs b c))"
        records.append(Record(key: key, value: Array(fields.utf8)))
        #expect(isPlain(key, Array(fields.utf8)) == odd.isEmpty, "\(count) \(odd)")
      }
    }
    try expectBothWaysAlike(records)
  }

  @Test func `numbers are written as they are`() throws {
    var numbers: [UInt64] = [0, .max]
    var power: UInt64 = 1
    for _ in 0..<20 {
      numbers += [power - 1, power, power + 1, power &* 7]
      power &*= 10
    }
    var random = SplitMix64(seed: 3)
    for shift: UInt64 in 0..<64 { numbers.append(random.next() >> shift) }
    var output = Output(keeping: 0)
    for number in numbers {
      #expect(append(to: &output) { $0.append(decimal: number) })
    }
    let text = try written { $0.append(keptBy: &output) }
    #expect(text == Array(numbers.map { "\($0)\n" }.joined().utf8))
  }

  @Test func `a line that has no room is not plain`() {
    var output = Output(keeping: 0)
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: PlainLine.byteCountMax)
    #expect(append(to: &output) { $0.append(text.span.bytes) })
    #expect(
      !append(to: &output) { line in
        line.append(text.span.bytes)
        line.append("a")
      })
    #expect(!append(to: &output) { $0.append(internalNameOf: (text + text).span.bytes) })
    #expect(!append(to: &output) { $0.append(databaseName: (text + text).span.bytes) })
  }

  @Test(arguments: [1, 2, 3, 4])
  func `several threads write what one writes`(_ threadCount: Int) throws {
    let records = (0..<30_000).map { (key: "N\(String($0 + 100_000))", value: "value of \($0)") }
    let database = try Database(path: try madeDatabase(records))
    let list = try database.records()
    var listing = Listing()
    let text = try written { output in
      try OutputParts(threadCount: threadCount).forEach(
        list.count, of: list, Progress("", .records, isOn: false), &listing, &output
      ) { range, listing, output throws(DatabaseError) in
        for index in range {
          let record = try list.record(at: index)
          output.append(key: record.key, separator: UInt8(ascii: "\t"), value: record.value)
          listing.count += 1
          try list.flush(&output)
        }
      }
    }
    #expect(text == Array(records.map { "\($0.key)\t\($0.value)\n" }.joined().utf8))
    #expect(listing.count == 30_000)
  }

  @Test(arguments: [1, 3])
  func `what was made before a part failed is written and counted, and nothing behind it`(_ threadCount: Int) throws {
    let records = (0..<30_000).map { (key: "N\(String($0 + 100_000))", value: "") }
    let database = try Database(path: try madeDatabase(records))
    let list = try database.records()
    var listing = Listing()
    let text = try written { output in
      #expect(throws: DatabaseError.self) {
        try OutputParts(threadCount: threadCount).forEach(
          list.count, of: list, Progress("", .records, isOn: false), &listing, &output
        ) { range, listing, output throws(DatabaseError) in
          for index in range {
            if index == 20_000 { throw .faulted(path: "made") }
            output.append(decimal: UInt64(index))
            output.line()
            listing.count += 1
          }
        }
      }
    }
    #expect(listing.count == 20_000)
    #expect(text == Array((0..<20_000).map { "\($0)\n" }.joined().utf8))
  }
}
