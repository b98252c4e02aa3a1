// The step that nearly all of a walk over list 0 are, as short as it can be.
//
// It goes from a record of the usual shape to another one, if nothing at all is wrong with that, and knows no errors: at
// anything else nothing is done, and the walk makes its careful step instead. All that is kept of a record is what its
// first three words held: where the key lies follows from them.
//
// What surprises: 64 bytes of keys are compared at once, and bytes behind them are looked at, too, if never used. So the
// last bytes before the limit are left to the careful step.

import CCyrusShim

/// Where a walk stands that nothing has been wrong with so far.
@safe struct TwoskipPlainWalk: ~Escapable {
  private let bytes: RawSpan
  /// Where `bytes` start; not used without a place in them.
  private let base: UnsafeRawPointer
  /// The committed end.
  private let end: UInt64
  /// Where records must end: so far before the state's limit that all lies before that which is looked at at once.
  private let limit: Int
  private let isLive: Bool
  /// Whether records are only given if their checksums are right.
  let comparesChecksums: Bool

  // The record that the walk has come to: where it starts, its first word, and its level-0 pair as of when its head was
  // proven. If the next step has to be the careful one, the word is 0, and so is the pair: it leads nowhere.
  private(set) var offset = Self.nowhere
  private var word: UInt64 = 0
  private var first: UInt64 = 0, second: UInt64 = 0
  /// A place that no step leads to.
  var stop = UInt64.max
  /// How many bytes each key must at least have in common with the one before it.
  var prefixByteCount = 0
  /// How many bytes the records may have that are still to come. Those of a file do not overlap: more are a circle.
  var bytesLeft: Int

  /// From no record so far behind 0 that 0 is near it.
  private static let nowhere = 8
  /// How far behind the one before it a record may lie for memory to have brought it unasked, in bytes.
  static let nearby = 16384
  /// How many bytes of two keys are looked at at once.
  private static let keyStep = 64
  /// The type and level of a RECORD at its lowest level.
  private static let lowest = UInt64(TwoskipRecord.Kind.record.rawValue) << 8 | 1

  @_lifetime(copy state)
  init(_ state: borrowing TwoskipState) {
    bytes = state.bytes
    // Lives as long as the bytes, which are kept beside it. Without bytes there are no places, and nothing is loaded.
    unsafe base = bytes.withUnsafeBytes { $0.baseAddress } ?? UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
    end = state.end
    isLive = state.isLive
    comparesChecksums = state.comparesChecksums
    limit = state.limit - Self.keyStep
    bytesLeft = max(0, state.limit - Int(Twoskip.firstRecord))
  }

  /// Stands at a record, both checksums of which are right, if the next step can start there.
  mutating func stand(at record: TwoskipRecord) {
    guard let word = record.usualWord, record.end <= limit else { return }
    self.word = word
    offset = record.offset
    first = record.first
    second = record.second
  }

  /// Stands nowhere any more: gives the record where it stood, if it did.
  mutating func leave() -> TwoskipRecord? {
    guard word != 0 else { return nil }
    defer { (offset, word, first, second) = (Self.nowhere, 0, 0, 0) }
    return TwoskipRecord(usualAt: offset, word, first, second)
  }

  /// Goes to the next record, its checksums compared as far as wanted, if it lies near and is in raw order.
  ///
  /// - Returns: nil if there is anything to be said about it, be it that the list ends; then nothing has been done.
  @inline(__always)
  mutating func nextNearby() -> TwoskipRecord? {
    // What lies near is before the committed end, and of two such places the later one was written later.
    let place = max(first, second)
    // Rotated by three bits, what is no multiple of 8 is far, as is what lies before.
    let distance = place &- UInt64(truncatingIfNeeded: offset)
    guard distance >> 3 | distance << 61 < UInt64(Self.nearby / 8), place != stop else { return nil }
    return arrive(Int(truncatingIfNeeded: place), .raw)
  }

  /// The same, wherever it lies.
  ///
  /// - Parameter order: That of the keys.
  @inline(__always)
  mutating func next(in order: KeyOrder) -> TwoskipRecord? {
    guard let place = successor(first, second, end: end), place >= Twoskip.firstRecord, place % 8 == 0,
      place < end, place != stop
    else { return nil }
    return arrive(Int(truncatingIfNeeded: place), order)
  }

  /// Goes to the record that starts at a place which is not negative.
  @inline(__always)
  private mutating func arrive(_ offset: Int, _ order: KeyOrder) -> TwoskipRecord? {
    // Then three words can be looked at.
    guard offset <= limit else { return nil }
    let (word, first, second) = unsafe (
      Self.load(base, offset), Self.load(base, offset &+ 8), Self.load(base, offset &+ 16)
    )
    let record = TwoskipRecord(usualAt: offset, word, 0, 0)
    let byteCount = record.end &- offset
    guard Self.fits(record, word, limit), byteCount <= bytesLeft, ascends(to: record, order) else { return nil }
    // Last, so that little has to be kept aside for the call. The processor goes on with the next record meanwhile, as long
    // as nothing that leads there hangs on the checksums but a decision.
    if comparesChecksums {
      guard unsafe Self.isProven(record, base) else { return nil }
    }
    if isLive {
      // The level-0 pair has to be the one that was read before the checksum was computed.
      ccs_acquire()
      guard unsafe Self.load(base, offset &+ 8) == first, unsafe Self.load(base, offset &+ 16) == second else {
        return nil
      }
    }
    bytesLeft &-= byteCount
    self.offset = offset
    self.word = word
    self.first = first
    self.second = second
    return record
  }

  /// Whether a record is of the usual shape; then all of it lies within the bytes, and some beyond it.
  @inline(__always)
  private static func fits(_ record: TwoskipRecord, _ word: UInt64, _ limit: Int) -> Bool {
    word >> 48 &- lowest < UInt64(Twoskip.levels) && record.hasUsualLengths && record.end <= limit
  }

  /// Whether both checksums of a record are right, all of which lies within the bytes.
  @inline(__always)
  @unsafe private static func isProven(_ record: TwoskipRecord, _ base: UnsafeRawPointer) -> Bool {
    let start = unsafe (base + record.offset).assumingMemoryBound(to: UInt8.self)
    let headByteCount = record.headByteCount &- 8
    let byteCount = record.end &- record.offset
    let computed = unsafe ccs_crc32_of_both(start, byteCount, headByteCount, headByteCount &+ 8)
    return computed == (unsafe load(base, record.headChecksumOffset))
  }

  /// Whether a key comes after the present one, and has as much in common with it as is asked for.
  @inline(__always)
  private func ascends(to record: TwoskipRecord, _ order: KeyOrder) -> Bool {
    let present = TwoskipRecord(usualAt: offset, word, first, second)
    let left = unsafe base + present.tailOffset
    let right = unsafe base + record.tailOffset
    let common = min(present.keyByteCount, record.keyByteCount)
    // Where keys are numbers they differ at once, one as the other; else nobody can foresee where.
    let (leftWord, rightWord) = unsafe (Self.load(left, 0), Self.load(right, 0))
    if leftWord != rightWord, common >= 8, order == .raw {
      return leftWord < rightWord && (leftWord ^ rightWord).leadingZeroBitCount >> 3 >= prefixByteCount
    }
    var same = 0
    while true {
      // Both keys end so far before the limit.
      let count = unsafe ccs_same_of_64(left + same, right + same)
      same &+= count
      if count < Self.keyStep || same >= common { break }
    }
    same = min(same, common)
    guard order == .raw else { return same >= prefixByteCount && order.compare(key(of: present), key(of: record)) < 0 }
    // Behind either key there is a byte, too.
    let isBefore = unsafe (left + same).load(as: UInt8.self) < (right + same).load(as: UInt8.self)
    let isShorter = present.keyByteCount < record.keyByteCount
    return same >= prefixByteCount && (same < common ? isBefore : isShorter)
  }

  /// - Precondition: eight bytes are there.
  @inline(__always)
  @unsafe private static func load(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(bigEndian: unsafe (base + offset).loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  @_lifetime(copy self)
  private func slice(at offset: Int, count: Int) -> RawSpan {
    // Lies within the bytes, as it is part of a record that does.
    let span = unsafe RawSpan(_unsafeStart: base + offset, byteCount: count)
    return unsafe _overrideLifetime(span, copying: bytes)
  }

  @inline(__always)
  @_lifetime(copy self)
  private func key(of record: TwoskipRecord) -> RawSpan { slice(at: record.tailOffset, count: record.keyByteCount) }

  /// A record that a step has led to, as a reader sees it.
  @inline(__always)
  @_lifetime(copy self)
  func view(of record: TwoskipRecord) -> RecordView {
    // It lies within the bytes.
    unsafe RecordView(record, at: base, of: bytes)
  }
}
