// One key looked up once: a file opened, a handful of its pieces read, and closed again.
//
// To map a file costs more than to look up a key in it: the mapping has to be made and given back, and each page that is
// touched is a fault. So the few heads on the way are read with pread(2), and nothing is mapped.
//
// What surprises: this way knows the usual answer alone, a record or its absence, both proven as every other lookup
// proves them. Whatever else it meets, be it damage, a commit or a file that is none, it leaves to the common way, which
// then says what there is to say.
//
// Facts: Docs/Formats/twoskip.md, "Lookup" and "Reading without a lock".

import CCyrusShim

/// A record that was copied out of a file.
public struct RecordCopy: Sendable, Hashable {
  /// The value's bytes. Not necessarily UTF-8.
  public let value: [UInt8]
  /// Where the record starts, in bytes from the start of the file.
  public let offset: UInt64
}

extension Database {
  /// Looks up one key, without a snapshot: the fastest way to one record.
  ///
  /// Neither maps the file nor locks it, be it quiet or busy. The answer is that of one committed state, as with
  /// ``read(locking:_:)``. Who looks up more than a few keys takes a snapshot.
  ///
  /// - Parameters:
  ///   - key: 1 or more bytes; need not be UTF-8.
  ///   - locking: How to keep writers from changing what is read, should damage or a busy writer make it necessary to look
  ///     closer.
  /// - Returns: A copy of the record with exactly this key, or nil.
  /// - Throws: As ``snapshot(locking:)``, and ``DatabaseError/damaged(path:_:)`` when damage hides the answer.
  /// - Complexity: O(log *n*) expected: a system call for each of about 2 log₂ *n* records, fewer in a file as a repack
  ///   leaves it.
  public func copyOfRecord(for key: RawSpan, locking: Locking = .auto) throws(DatabaseError) -> RecordCopy? {
    try requireReadable()
    if let answer = try OneLookup.answer(for: key, path: path) { return answer.record }
    let list = try records([.key(Array(key))], locking: locking)
    if let met = list.damage.first { throw .damaged(path: path, met.damage) }
    guard list.count > 0 else { return nil }
    let record = try list.record(at: 0)
    let copy = RecordCopy(value: record.copyOfValue(), offset: record.offset)
    try list.confirm()
    return copy
  }

  /// Looks up one key, given as text. See ``copyOfRecord(for:locking:)-(RawSpan,_)``.
  public func copyOfRecord(for key: String, locking: Locking = .auto) throws(DatabaseError) -> RecordCopy? {
    let key = Array(key.utf8)
    return try copyOfRecord(for: key.rawSpan, locking: locking)
  }

  /// Looks up one key in the file at a path, which is opened once only, unlike by ``init(path:)`` and what follows it.
  ///
  /// - Parameters:
  ///   - key: As for ``copyOfRecord(for:locking:)-(RawSpan,_)``.
  ///   - path: Of a regular file; symbolic links are followed.
  ///   - locking: As there.
  /// - Throws: As ``init(path:)`` and ``copyOfRecord(for:locking:)-(RawSpan,_)``.
  /// - Complexity: As there.
  public static func copyOfRecord(
    for key: RawSpan, inFileAt path: String, locking: Locking = .auto
  ) throws(DatabaseError) -> RecordCopy? {
    if let answer = try OneLookup.answer(for: key, path: path) { return answer.record }
    return try Database(path: path).copyOfRecord(for: key, locking: locking)
  }
}

/// A lookup by pieces of a file.
struct OneLookup: ~Copyable {
  /// What is proven: the record with the key, or that there is none.
  struct Answer: Equatable {
    let record: RecordCopy?
  }

  /// Why there is no answer this way.
  private enum Obstacle: Error {
    /// Something is not as it mostly is. The common way finds out what.
    case unusual
    /// Two neighbours contradict the order.
    case order
    case system(DatabaseError)
  }

  /// Where a key is, or would be.
  private struct Position {
    /// The first entry with a key that is not smaller; nil at the end of the list. It lies in `there`, or in `here`.
    let at: TwoskipRecord?
    let isMatch: Bool
    /// Where the last entry with a smaller key lies.
    let before: UInt64
    let isForBothOrders: Bool
  }

  private let file: OpenFile
  private let header: TwoskipHeader
  /// How many pieces were read: what it costs.
  private(set) var readCount = 0
  /// Around the last record with a smaller key.
  private var here = Piece()
  /// Around what is looked at.
  private var there = Piece()

  /// How many bytes are read where a record is.
  private static let pieceByteCount = 512
  /// How many bytes are read at once, if what is sought lies among them for certain.
  private static let rangeByteCount = Piece.room - pieceByteCount
  /// How many records a search goes to. Sound files take a fraction, but for some with degenerate levels.
  private static let stepsMax = 500
  /// A longer value is not copied before it is known to be there.
  private static let tailByteCountMax = 1 << 20

  /// The answer, or nil if it takes more than this to find it.
  ///
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.lockedByThisProcess`.
  static func answer(for key: RawSpan, path: String) throws(DatabaseError) -> Answer? {
    // After the first time a commit may have come between.
    for _ in 0..<2 {
      // The file need not be compared with what the path names afterwards: one that was replaced since it was opened has
      // kept the state in which it was replaced, which is after the call was made.
      let file = try OpenFile(path: path)
      guard var lookup = try OneLookup(file) else { return nil }
      if let answer = try lookup.answer(for: key) { return answer }
    }
    return nil
  }

  /// Nil if the header is not one to begin with.
  init?(_ file: consuming OpenFile) throws(DatabaseError) {
    let start = try file.read(at: 0, count: TwoskipHeader.byteCount)
    guard let header = try? TwoskipHeader(of: start.rawSpan) else { return nil }
    self.file = file
    self.header = header
  }

  /// The answer, or nil if it takes more than this to find it, or a commit came between.
  ///
  /// - Throws: ``DatabaseError``: `.system`.
  mutating func answer(for key: RawSpan) throws(DatabaseError) -> Answer? {
    do throws(Obstacle) {
      guard let answer = try search(for: key), try isUnchanged() else { return nil }
      return answer
    } catch {
      if case .system(let error) = error { throw error }
      return nil
    }
  }

  /// Whether the header still says what it said before anything else was read.
  private func isUnchanged() throws(Obstacle) -> Bool {
    do throws(DatabaseError) {
      let now = try file.read(at: 0, count: TwoskipHeader.byteCount)
      guard let now = try? TwoskipHeader(of: now.rawSpan) else { return false }
      return now.generation == header.generation && now.currentSize == header.currentSize
    } catch {
      throw .system(error)
    }
  }

  // MARK: Both orders

  private mutating func search(for key: RawSpan) throws(Obstacle) -> Answer? {
    guard let raw = try searchUnlessContradicted(for: key, in: .raw) else {
      let mbox = try search(for: key, in: .mbox)
      return mbox.isMatch ? Answer(record: try copy(mbox, key)) : Answer(record: nil)
    }
    if raw.isMatch { return Answer(record: try copy(raw, key)) }
    if raw.isForBothOrders { return Answer(record: nil) }
    // Where both orders lead to different places all keys would have to be looked at.
    guard let mbox = try searchUnlessContradicted(for: key, in: .mbox) else { return Answer(record: nil) }
    return mbox.before == raw.before ? Answer(record: nil) : nil
  }

  private mutating func searchUnlessContradicted(
    for key: RawSpan, in order: KeyOrder
  ) throws(Obstacle) -> Position? {
    do throws(Obstacle) { return try search(for: key, in: order) } catch {
      if case .order = error { return nil }
      throw error
    }
  }

  // MARK: One order

  /// As ``TwoskipState/search(for:in:)``, and with the same proof.
  private mutating func search(for key: RawSpan, in order: KeyOrder) throws(Obstacle) -> Position {
    try load(Twoskip.dummy)
    swap(&here, &there)
    var current = try record(at: Twoskip.dummy, in: here)
    guard current.kind == .dummy else { throw .unusual }
    try checkHead(of: current, in: here)
    var tooFar: UInt64 = 0
    var stepsLeft = Self.stepsMax
    var list = Twoskip.levels - 1
    while list > 0 {
      let pointer = current.pointer(list + 1, in: here.bytes)
      // Those beyond the committed end are an open transaction's.
      if pointer != 0, pointer != tooFar, pointer < header.currentSize {
        let isHere = try find(pointer, from: current, tooFar)
        let next = isHere ? try record(at: pointer, in: here) : try record(at: pointer, in: there)
        guard next.kind == .record, next.level > list else { throw .unusual }
        let comparison =
          isHere ? order.compare(next.key(in: here.bytes), key) : order.compare(next.key(in: there.bytes), key)
        if comparison < 0 {
          stepsLeft -= 1
          guard stepsLeft > 0 else { throw .unusual }
          if !isHere { swap(&here, &there) }
          try checkHead(of: next, in: here)
          current = next
          continue
        }
        tooFar = pointer
      }
      list -= 1
    }
    while let next = try next(after: current, tooFar) {
      stepsLeft -= 1
      guard stepsLeft > 0 else { throw .unusual }
      if order.compare(current.key(in: here.bytes), next.key(in: there.bytes)) >= 0 {
        // A key with a wrong checksum proves nothing.
        try checkTails(of: current, next)
        throw .order
      }
      let comparison = order.compare(next.key(in: there.bytes), key)
      if comparison >= 0 {
        if comparison == 0, order == .raw || next.key(in: there.bytes).holdsSameBytes(as: key) {
          return Position(at: next, isMatch: true, before: here.place(of: current), isForBothOrders: true)
        }
        return try gap(current, next, around: key, in: order)
      }
      swap(&here, &there)
      current = next
    }
    return try gap(current, nil, around: key, in: order)
  }

  /// The position of a key that is not there, which takes both of its neighbours to be proven.
  private func gap(
    _ current: TwoskipRecord, _ next: TwoskipRecord?, around key: RawSpan, in order: KeyOrder
  ) throws(Obstacle) -> Position {
    try checkTails(of: current, next)
    let isForBothOrders = order.agreesWithOthers(
      that: key, isBehind: current.key(in: here.bytes), andBefore: next?.key(in: there.bytes))
    return Position(at: next, isMatch: false, before: here.place(of: current), isForBothOrders: isForBothOrders)
  }

  /// The list-0 entry after `current`, a DELETE skipped, its head proven; it lies in `there`. Nil at the end of the list.
  private mutating func next(after current: TwoskipRecord, _ tooFar: UInt64) throws(Obstacle) -> TwoskipRecord? {
    guard var pointer = successor(current.first, current.second, end: header.currentSize) else { throw .unusual }
    if pointer == 0 {
      // A file that was torn can end its list too early like this.
      guard max(current.first, current.second) < header.currentSize else { throw .unusual }
      return nil
    }
    for _ in 0..<2 {
      if try find(pointer, from: current, tooFar) { there = here }
      let next = try record(at: pointer, in: there)
      try checkHead(of: next, in: there)
      if next.kind == .record { return next }
      guard next.kind == .delete else { throw .unusual }
      pointer = next.first
      if pointer == 0 { return nil }
      guard pointer < header.currentSize else { throw .unusual }
    }
    throw .unusual
  }

  // MARK: Pieces

  /// A part of the file.
  private struct Piece {
    /// How many bytes it can have.
    static let room = 8192
    /// Where it starts, in bytes from the start of the file.
    var start: UInt64 = 0
    /// How many bytes of it there are.
    private(set) var byteCount = 0
    /// Room for them, used again for what is read next: to make and clear it costs a tenth of reading a few bytes.
    private var buffer = [UInt8](repeating: 0, count: room)

    var bytes: RawSpan {
      @_lifetime(borrow self)
      get { buffer.rawSpan.extracting(0..<byteCount) }
    }

    /// Reads the bytes from a place on, `count` of them or as many as there are, into the room that held others.
    ///
    /// - Precondition: `count` is at most ``room``.
    mutating func read(_ file: borrowing OpenFile, at place: UInt64, count: Int) throws(DatabaseError) {
      byteCount = 0
      byteCount = try file.read(at: place, count: count, into: &buffer)
      start = place
    }

    /// Whether it has these bytes, or as many of them as lie below `end`.
    func holds(_ place: UInt64, _ count: Int, below end: UInt64) -> Bool {
      guard place >= start, place - start < UInt64(byteCount) else { return false }
      return UInt64(byteCount) - (place - start) >= min(UInt64(count), end - place)
    }

    func place(of record: TwoskipRecord) -> UInt64 { start + UInt64(record.offset) }
  }

  /// The most that a head needs.
  private static let headByteCount = 8 * Twoskip.largestHeadWords

  /// Makes sure that a head is in a piece, and its key unless that is long. Returns whether it is in `here`.
  private mutating func find(
    _ pointer: UInt64, from current: TwoskipRecord, _ tooFar: UInt64
  ) throws(Obstacle) -> Bool {
    guard pointer >= Twoskip.firstRecord, pointer % 8 == 0, pointer < header.currentSize else { throw .unusual }
    if holdsRecord(at: pointer, here) { return true }
    if holdsRecord(at: pointer, there) { return false }
    let place = here.place(of: current)
    if tooFar > place, tooFar - place <= UInt64(Self.rangeByteCount), place < pointer, pointer <= tooFar {
      // What is sought lies between the two, as a repack has laid records by their keys: all of that in one reading.
      try load(place, Int(tooFar - place) + Self.pieceByteCount)
      if holdsRecord(at: pointer, there) { return false }
    }
    try load(pointer)
    if holdsRecord(at: pointer, there) { return false }
    let next = try record(at: pointer, in: there, isWhole: false)
    let needed = next.headByteCount + next.keyByteCount
    guard next.keyByteCount <= Piece.room / 2 else { throw .unusual }
    try load(pointer, needed)
    return false
  }

  /// Whether a head and its key are in a piece.
  private func holdsRecord(at pointer: UInt64, _ piece: borrowing Piece) -> Bool {
    guard piece.holds(pointer, Self.headByteCount, below: header.currentSize),
      let record = try? record(at: pointer, in: piece, isWhole: false)
    else { return false }
    return record.tailOffset + record.keyByteCount <= piece.byteCount
  }

  /// Reads a piece into `there`.
  private mutating func load(_ place: UInt64, _ wanted: Int = pieceByteCount) throws(Obstacle) {
    let count = Int(min(UInt64(min(wanted, Piece.room)), header.currentSize - place))
    do throws(DatabaseError) {
      readCount += 1
      try there.read(file, at: place, count: count)
    } catch {
      throw .system(error)
    }
    // A file that is cut.
    guard there.byteCount == count else { throw .unusual }
  }

  /// The record whose head is in a piece, its checksum not yet looked at.
  private func record(
    at pointer: UInt64, in piece: borrowing Piece, isWhole: Bool = true
  ) throws(Obstacle) -> TwoskipRecord {
    guard piece.holds(pointer, Self.headByteCount, below: header.currentSize) else { throw .unusual }
    // Nothing beyond the head is looked at, and all of any head is in the piece, or what there is below the limit.
    guard
      let record = try? TwoskipRecord(
        at: Int(pointer - piece.start), in: piece.bytes, limit: Int(header.currentSize - piece.start)),
      !isWhole || record.tailOffset + record.keyByteCount <= piece.byteCount
    else { throw .unusual }
    return record
  }

  private func checkHead(of record: TwoskipRecord, in piece: borrowing Piece) throws(Obstacle) {
    guard record.headChecksum(in: piece.bytes) == record.storedHeadChecksum(in: piece.bytes) else { throw .unusual }
  }

  // MARK: Tails

  /// Two neighbours, of which the first lies in `here`, the second in `there`.
  private func checkTails(of first: TwoskipRecord, _ second: TwoskipRecord?) throws(Obstacle) {
    if first.kind == .record { _ = try copyOfTail(of: first, in: here) }
    if let second { _ = try copyOfTail(of: second, in: there) }
  }

  /// Copies key and value, their checksum compared.
  private func copyOfTail(of record: TwoskipRecord, in piece: borrowing Piece) throws(Obstacle) -> [UInt8] {
    guard record.tailByteCount <= Self.tailByteCountMax else { throw .unusual }
    var tail: [UInt8]
    if record.end <= piece.byteCount {
      tail = [UInt8](piece.bytes.slice(at: record.tailOffset, count: record.tailByteCount))
    } else {
      do throws(DatabaseError) {
        tail = try file.read(at: piece.start + UInt64(record.tailOffset), count: record.tailByteCount)
      } catch {
        throw .system(error)
      }
    }
    guard tail.count == record.tailByteCount, tail.rawSpan.crc32 == record.storedTailChecksum(in: piece.bytes) else {
      throw .unusual
    }
    return tail
  }

  /// Copies the record that was found, which lies in `there`.
  private func copy(_ position: Position, _ key: RawSpan) throws(Obstacle) -> RecordCopy? {
    guard let record = position.at else { return nil }
    let tail = try copyOfTail(of: record, in: there)
    // A tail that does not fit into a piece was read for the second time: what is proven is that.
    guard tail.rawSpan.slice(at: 0, count: record.keyByteCount).holdsSameBytes(as: key) else { throw .unusual }
    let value = tail.rawSpan.slice(at: record.keyByteCount, count: record.valueByteCount)
    return RecordCopy(value: [UInt8](value), offset: there.place(of: record))
  }
}
