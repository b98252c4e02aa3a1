// Sound small databases for tests to break, and a way to put a file together record by record.

import TestSupport

/// Sound databases; every test knows what is in them.
enum Sample {
  /// `a`, `b`, `c` of levels 1, 2, 1, each stored by a transaction of its own.
  ///
  /// 336 RECORD a, 376 COMMIT, 400 RECORD b, 448 COMMIT, 472 RECORD c, 512 COMMIT, 536 the end.
  static let three = builder { builder in
    for (key, level) in [("a", 1), ("b", 2), ("c", 1)] {
      builder.transaction { $0.set(utf8(key), utf8("v"), level: level) }
    }
  }

  /// `a` to `e` of levels 1, 2, 3, 1, 2, stored by one transaction.
  static let five = builder { builder in
    builder.transaction {
      for (key, level) in [("a", 1), ("b", 2), ("c", 3), ("d", 1), ("e", 2)] {
        $0.set(utf8(key), utf8("v"), level: level)
      }
    }
  }

  /// `a` stored three times: the dead record at 336 is one to which no pointer leads.
  ///
  /// 336 RECORD, 376 COMMIT, 400 RECORD, 440 COMMIT, 464 RECORD, 504 COMMIT, 528 the end.
  static let replaced = builder { builder in
    for value in ["1", "2", "3"] { builder.transaction { $0.set(utf8("a"), utf8(value), level: 1) } }
  }

  /// `a` to `e` of levels 1, 2, 1, 2, 1, then `b` and `d` deleted.
  static let deleted = builder { builder in
    builder.transaction {
      for (key, level) in [("a", 1), ("b", 2), ("c", 1), ("d", 2), ("e", 1)] {
        $0.set(utf8(key), utf8("v"), level: level)
      }
    }
    builder.transaction {
      $0.delete(utf8("b"))
      $0.delete(utf8("d"))
    }
  }

  /// Two records, with 13 BLANK words before the second, from 400 to 504.
  static let blanks = builder { builder in
    builder.transaction { $0.set(utf8("a"), utf8("v"), level: 1) }
    builder.transaction { $0.set(utf8("b"), utf8("v"), level: 20) }
  }

  static func builder(
    order: TwoskipBuilder.Order = .raw, writesBlanks: Bool = true, _ fill: (inout TwoskipBuilder) -> Void
  ) -> TwoskipBuilder {
    var builder = TwoskipBuilder(seed: 1, order: order, writesBlanks: writesBlanks)
    fill(&builder)
    return builder
  }
}

extension TwoskipBuilder {
  /// Begins, changes and commits.
  mutating func transaction(_ change: (inout TwoskipBuilder) -> Void) {
    begin()
    change(&self)
    commit()
  }

  /// The file after `change`.
  func bytes(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes = bytes
    change(&bytes)
    return bytes
  }

  /// Where the first record with this key starts.
  func offset(of key: String) -> Int { TwoskipSurgeon.record(withKey: utf8(key), in: bytes)?.offset ?? 0 }

  /// Where the DELETEs or COMMITs start.
  func offsets(of type: TwoskipEncoding.PieceType) -> [Int] {
    TwoskipSurgeon.records(in: bytes).filter { $0.type == type }.map(\.offset)
  }
}

extension [UInt8] {
  /// Lets pointer `index` of the record at `offset` lead elsewhere; its checksum stays right.
  mutating func setPointer(_ index: Int, ofRecordAt offset: Int, to target: Int) {
    guard let record = TwoskipSurgeon.piece(at: offset, in: self) else { return }
    TwoskipSurgeon.setPointer(record, index, to: UInt64(target), in: &self)
  }

  /// Overwrites bytes of a head; its checksum stays right.
  mutating func setHead(_ new: [UInt8], at place: Int, ofRecordAt offset: Int) {
    replaceSubrange(place..<place + new.count, with: new)
    TwoskipSurgeon.fixHeadChecksum(&self, at: offset)
  }

  /// Overwrites bytes of a tail; its checksum stays right.
  mutating func setTail(_ new: [UInt8], at place: Int, ofRecordAt offset: Int) {
    replaceSubrange(place..<place + new.count, with: new)
    TwoskipSurgeon.fixTailChecksum(&self, at: offset)
  }

  /// Changes the header; its checksum stays right.
  mutating func setHeader(
    recordCount: Int? = nil, repackSize: Int? = nil, currentSize: Int? = nil, flags: UInt32? = nil
  ) {
    typealias Field = TwoskipEncoding.HeaderField
    for (field, number) in [
      (Field.recordCount, recordCount), (Field.repackSize, repackSize), (Field.currentSize, currentSize),
    ] {
      if let number { TwoskipSurgeon.setHeader64(field, to: UInt64(number), in: &self) }
    }
    if let flags { TwoskipSurgeon.setHeader32(Field.flags, to: flags, in: &self) }
  }
}

/// A file put together from records whose pointers the test gives.
struct AssembledFile {
  /// The header, of a clean file that ends where it is, and everything behind it.
  private(set) var bytes: [UInt8]

  /// A file with its list head.
  ///
  /// - Parameter pointers: The first pointers of the list head; the others are 0.
  init(dummy pointers: [UInt64]) {
    let all = pointers + [UInt64](repeating: 0, count: TwoskipEncoding.maxLevel + 1 - pointers.count)
    bytes = TwoskipEncoding.header(recordCount: 0, repackSize: 336, currentSize: 336)
    bytes += TwoskipEncoding.record(.dummy, level: TwoskipEncoding.maxLevel, pointers: all)
  }

  /// Appends a record with the pointers given, and right checksums.
  mutating func append(
    _ type: TwoskipEncoding.PieceType, level: Int = 0, key: String = "", value: String = "", pointers: [UInt64]
  ) {
    append(TwoskipEncoding.record(type, level: level, key: utf8(key), value: utf8(value), pointers: pointers))
  }

  /// Appends any bytes.
  mutating func append(_ more: [UInt8]) {
    bytes += more
    bytes.setHeader(currentSize: bytes.count)
  }

  /// Appends a COMMIT, and counts records in the header.
  mutating func commit(from start: Int, recordCount: Int) {
    append(.commit, pointers: [UInt64(start)])
    bytes.setHeader(recordCount: recordCount)
  }
}
