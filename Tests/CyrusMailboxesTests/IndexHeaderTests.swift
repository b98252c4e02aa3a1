// The header of an index: what a real Cyrus wrote, every version, and every kind of damage.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@Suite struct IndexHeaderTests {
  private func header(of bytes: [UInt8], fileByteCount: UInt64? = nil) throws(IndexError) -> IndexHeader {
    try IndexHeader(of: bytes.span.bytes, fileByteCount: fileByteCount ?? UInt64(bytes.count))
  }

  private func problem(of bytes: [UInt8], fileByteCount: UInt64? = nil) -> IndexError? {
    do throws(IndexError) {
      _ = try header(of: bytes, fileByteCount: fileByteCount)
      return nil
    } catch { return error }
  }

  // MARK: - Right ones

  @Test func `there are indexes of each version that Cyrus 3.6 could make`() {
    #expect(IndexFixture.all.map { $0.fields["minorVersion"] } == [6, 7, 8, 9, 12, 13, 14, 15, 16, 17])
  }

  @Test(arguments: IndexFixture.all)
  func `the header of an index that Cyrus wrote is what another program read`(_ fixture: IndexFixture) throws {
    let header = try header(of: fixture.bytes)
    #expect(header.namedFields == fixture.fields)
    #expect(header.fileByteCountMin == UInt64(fixture.bytes.count))
    #expect(try IndexHeader.read(path: fixture.path) == header)
    #expect(header.messageCount == (header.version < 12 ? 8 : 6))
    #expect(header.headerFileCRC == nil || header.headerFileCRC == testCRC32(IndexFixture.headerFile))
  }

  @Test(arguments: IndexFields.versions, Seed.some(20))
  func `every version is read as by a second reader, whatever its fields and its spare bytes are`(
    _ version: UInt64, _ seed: Seed
  ) throws {
    var random = seed.generator(version)
    let bytes = randomIndex(version: version, &random)
    let header = try header(of: bytes)
    #expect(header.namedFields == IndexFields.read(bytes))
    #expect(UInt64(header.version) == version)
    #expect((header.checksum != nil) == (version >= 12))
    // What is behind the records belongs to nothing.
    #expect(try self.header(of: bytes + [1]) == header)
  }

  @Test func `a version 19 may have the records of version 20, and no other version may`() throws {
    for version in IndexFields.versions {
      let layout = try #require(IndexFields(version: version))
      let bytes = layout.header(["recordSize": 144, "numRecords": 0])
      if version == 19 || version == 20 {
        #expect(try header(of: bytes).recordByteCount == 144)
      } else {
        #expect(problem(of: bytes)?.code == .recordSize)
      }
    }
  }

  @Test func `times of version 20 are nanoseconds, and the greatest of them is no trap`() throws {
    let layout = try #require(IndexFields(version: 20))
    let last = UInt64(1_795_332_989_123_456_789)
    let header = try header(of: layout.header(["lastAppendDate": last, "recentTime": .max]))
    #expect(header.lastAppendTime.seconds == 1_795_332_989)
    #expect(header.lastAppendTime.nanoseconds == 123_456_789)
    #expect(header.recentTime?.seconds == 18_446_744_073)
    #expect(header.recentTime?.nanoseconds == 709_551_615)
    #expect(IndexTime(seconds: 7) < header.lastAppendTime)
  }

  // MARK: - Damage

  /// One way to spoil an index of version 17 with eight records, and what it leads to.
  struct Spoiling: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let code: IndexError.Code
    let offset: UInt64
    let expected: UInt64?
    let found: UInt64
    let spoil: @Sendable ([UInt8]) -> [UInt8]

    static func number(
      _ text: String, _ code: IndexError.Code, at offset: Int, _ expected: UInt64?, _ found: UInt32
    ) -> Spoiling {
      Spoiling(
        testDescription: text, code: code, offset: UInt64(offset), expected: expected, found: UInt64(found)
      ) { IndexFields.withRightChecksum(IndexFields.replacing(offset, in: $0, found)) }
    }

    static let all: [Spoiling] = [
      Spoiling(testDescription: "no bytes", code: .tooShort, offset: 0, expected: 76, found: 0) { _ in [] },
      Spoiling(testDescription: "cut in the header", code: .tooShort, offset: 0, expected: 160, found: 159) {
        Array($0.prefix(159))
      },
      number("version 0", .version, at: 8, nil, 0), number("version 3", .version, at: 8, nil, 3),
      number("version 11", .version, at: 8, nil, 11), number("version 21", .version, at: 8, nil, 21),
      number("the greatest version", .version, at: 8, nil, .max),
      number("the header of version 13", .startOffset, at: 12, 160, 128),
      number("the greatest header", .startOffset, at: 12, 160, .max),
      number("the records of version 15", .recordSize, at: 16, 112, 104),
      number("records of no bytes", .recordSize, at: 16, 112, 0),
      number("the greatest records", .recordSize, at: 16, 112, .max),
      Spoiling(testDescription: "one record less", code: .recordCount, offset: 20, expected: 1056, found: 1055) {
        Array($0.dropLast())
      },
      Spoiling(
        testDescription: "the greatest number of records", code: .recordCount, offset: 20,
        expected: 160 + 112 * 0xFFFF_FFFF, found: 1056
      ) { IndexFields.withRightChecksum(IndexFields.replacing(20, in: $0, .max)) },
      Spoiling(
        testDescription: "a wrong checksum", code: .checksum, offset: 156, expected: 3_821_968_709,
        found: 3_821_968_708
      ) { IndexFields.replacing(156, in: $0, 3_821_968_708) },
    ]
  }

  @Test(arguments: Spoiling.all)
  func `what is wrong is said with its place, what there should be and what there is`(_ spoiling: Spoiling) throws {
    let sound = try #require(IndexFixture.all.last).bytes
    let error = try #require(problem(of: spoiling.spoil(sound)))
    #expect(error.code == spoiling.code)
    #expect(error.offset == spoiling.offset)
    #expect(error.expected == spoiling.expected)
    #expect(error.found == spoiling.found)
  }

  @Test(arguments: IndexFixture.all)
  func `a file cut anywhere is refused`(_ fixture: IndexFixture) throws {
    let bytes = fixture.bytes
    let size = try header(of: bytes).startOffset
    for count in 0..<bytes.count {
      let code = problem(of: Array(bytes.prefix(count)))?.code
      #expect(code == (count < size ? .tooShort : .recordCount), "\(count) bytes")
      // Without the size of the file the header alone is judged.
      let start = Array(bytes.prefix(count))
      #expect((try? IndexHeader(of: start.span.bytes)) == (count < size ? nil : try header(of: bytes)))
    }
  }

  @Test(arguments: IndexFixture.all)
  func `no flipped bit goes unnoticed where there is a checksum, nor in version and sizes where there is none`(
    _ fixture: IndexFixture
  ) throws {
    let sound = fixture.bytes
    let header = try header(of: sound)
    for bit in 0..<8 * Int(header.startOffset) {
      var bytes = sound
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      let error = problem(of: bytes)
      if header.checksum != nil || 8..<20 ~= bit / 8 {
        #expect(error != nil, "bit \(bit)")
      } else {
        #expect((error == nil) == (IndexFields.read(bytes) != nil), "bit \(bit)")
      }
    }
  }

  @Test(arguments: Seed.some(2000))
  func `hostile bytes are refused, or read as by a second reader`(_ seed: Seed) {
    var random = seed.generator(1)
    let bytes = random.bytes(random.below(700))
    #expect(IndexExamination.contradictions(in: bytes) == [])
    // A sound index with a few bytes changed gets further.
    let versions = IndexFields.versions
    var changed = randomIndex(version: versions[random.below(versions.count)], &random)
    for _ in 0...random.below(4) { changed[random.below(changed.count)] = UInt8(random.below(256)) }
    #expect(IndexExamination.contradictions(in: changed) == [])
  }

  // MARK: - Words

  @Test func `an error says what is wrong, where, what there should be and what there is`() {
    let bytes = IndexFixture.all.last?.bytes ?? []
    #expect(
      problem(of: IndexFields.replacing(156, in: bytes, 1))?.description
        == "checksum of the header differs at offset 0x9c: expected 0xe3ce9d45, found 0x1")
    #expect(
      problem(of: IndexFields.replacing(8, in: bytes, 11))?.description
        == "version of the index is not supported at offset 0x8: found 11")
    #expect(
      problem(of: Array(bytes.dropLast()))?.description
        == "file is shorter than the records that its header counts at offset 0x14: expected 1056, found 1055")
    #expect(Set(IndexError.Code.allCases.map(\.rule)).count == IndexError.Code.allCases.count)
  }

  @Test(arguments: IndexError.Code.allCases)
  func `the format description has every rule`(_ code: IndexError.Code) throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Docs/Formats/index.md")
    #expect(try String(contentsOf: page.standardized, encoding: .utf8).contains("\n| `\(code.rule)` |"))
  }
}
