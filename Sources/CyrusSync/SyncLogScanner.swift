// Goes through a sync log as Cyrus's reader does, byte by byte.
//
//   word  SP argument [SP argument] [CR] LF
//
//   word       up to a space byte (20 09 0A 0B 0C 0D), parenthesis or quote
//   argument   an atom, up to the same; or "…", where a backslash takes the next byte as it is; or {6} CR LF and so many
//
// Surprises: an argument that begins with a space, a parenthesis, CR or LF, or a quoted one with a bare CR or LF, makes
// the reader report the end of the file: everything from there on is lost ("poison"). A tab does not separate. A CR
// behind a word is passed over, whatever follows. A word without an argument is no line. Small letters will do.
//
// Facts: Cyrus's imap/sync_log.c and imap/imapparse.c from release 2.3.0 to 3.13.7, and what 3.6.1 did with such lines.
// Literals are read as its Debian build does; others refuse more of them.

import CyrusDatabase

/// What a scan of a sync log meets.
public enum SyncLogEvent: Sendable, Hashable {
  /// A line that Cyrus acts on. Its parts are at ``SyncLogScanner/line``.
  case line(SyncLogLine)
  /// Something wrong or odd. Notes about a line come after it.
  case problem(SyncLogDiagnostic)
  /// The end, or what the reader of Cyrus takes for it.
  case end
}

/// Goes through a sync log without copying anything.
///
/// ```swift
/// var scanner = SyncLogScanner(bytes)
/// scan: while true {
///   switch scanner.next() {
///   case .line: use(scanner.line.first)
///   case .problem(let diagnostic): …
///   case .end: break scan
///   }
/// }
/// ```
///
/// Copying a scanner copies its place. Nothing is allocated; a scan is linear in the number of bytes, whatever they are.
public struct SyncLogScanner: ~Escapable {
  /// How long a word or an argument may be, in bytes, unless Cyrus is configured otherwise (`maxword`, `maxquoted`).
  public static var wordByteCountMax: Int { 131_072 }

  let bytes: RawSpan
  /// The first byte that was not scanned yet, from the start of the bytes.
  public private(set) var offset: Int
  /// Where the line begins that was met last, from the start of the bytes.
  public private(set) var lineOffset: Int
  /// The number of the line that ``offset`` is in.
  private(set) var number: Int
  private var found = SyncLogLine(verb: nil, number: 0, bytes: 0..<0, argumentCount: 0)
  private var places = SyncLogPlaces()
  /// What there is still to say about the line that was met last.
  private var notes = Notes()
  private var isAtEnd = false

  /// The notes of one line.
  private struct Notes: BitwiseCopyable {
    var literal: Int?
    var argument: Int?
    var nul: Int?
    var isAny = false
  }

  /// Why a line cannot be read on, and where that shows.
  private enum Obstacle: Error {
    case torn
    case poison(Int)
    case tooLong(Int)
  }

  /// Starts before the first byte.
  ///
  /// - Parameter bytes: A whole log.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { self.init(bytes, at: 0, number: 1) }

  /// Starts before a line.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int, number: Int) {
    self.bytes = bytes
    self.offset = offset
    self.number = number
    lineOffset = offset
  }

  /// The line that was met last. Before the first it is empty.
  public var line: SyncLogLineView {
    @_lifetime(copy self)
    get { SyncLogLineView(found, places, in: bytes) }
  }

  /// What comes next. At the end, `.end` again and again.
  ///
  /// - Complexity: O(bytes passed over).
  public mutating func next() -> SyncLogEvent {
    if notes.isAny, let note = nextNote() { return .problem(note) }
    while !isAtEnd, offset < bytes.byteCount {
      lineOffset = offset
      let start = number
      do throws(Obstacle) {
        if let event = try readLine(number: start) { return event }
      } catch {
        isAtEnd = true
        notes = Notes()
        switch error {
        case .torn: return problem(.torn, at: lineOffset, line: start)
        case .poison(let place): return problem(.poison, at: place, line: start)
        case .tooLong(let place): return problem(.wordTooLong, at: place, line: start)
        }
      }
    }
    isAtEnd = true
    return .end
  }

  /// One line; nil if it is empty.
  private mutating func readLine(number start: Int) throws(Obstacle) -> SyncLogEvent? {
    notes = Notes()
    let (word, wordEnd) = try readUntilDelimiter(from: offset)
    var place = try placeBehindReturn(wordEnd)
    switch bytes.byte(at: place) {
    case UInt8(ascii: "\n"):
      let isEmpty = wordEnd == lineOffset
      pass(place)
      notes = Notes()
      return isEmpty ? nil : problem(.wordOnly, at: lineOffset, line: start)
    case UInt8(ascii: " "): break
    default:
      notes = Notes()
      skipLine(from: place)
      return problem(.invalidInput, at: place, line: start)
    }

    var first = SyncLogArgumentPlace()
    var second: SyncLogArgumentPlace?
    place = try readArgument(at: place + 1, into: &first)
    if bytes.byte(at: place) == UInt8(ascii: " ") {
      var argument = SyncLogArgumentPlace()
      place = try readArgument(at: place + 1, into: &argument)
      second = argument
    }
    let end = place
    place = try placeBehindReturn(place)
    guard bytes.byte(at: place) == UInt8(ascii: "\n") else {
      notes = Notes()
      skipLine(from: place)
      return problem(.garbage, at: place, line: start)
    }
    pass(place)

    let verb = SyncLogVerb(word: bytes.extracting(word))
    found = SyncLogLine(
      verb: verb, number: start, bytes: lineOffset..<end, argumentCount: second == nil ? 1 : 2)
    places = SyncLogPlaces(word: word, first: first, second: second)
    if let verb, verb.argumentCount != found.argumentCount {
      notes.argument = second?.contents.lowerBound ?? end
      notes.isAny = true
    }
    return .line(found)
  }

  // MARK: - Parts of a line

  /// The place itself, or the one behind it if a CR is there.
  private func placeBehindReturn(_ place: Int) throws(Obstacle) -> Int {
    guard bytes.byte(at: place) == UInt8(ascii: "\r") else { return place }
    guard place + 1 < bytes.byteCount else { throw .torn }
    return place + 1
  }

  /// A word: what there is of it up to the first NUL, and where the delimiter is.
  private mutating func readUntilDelimiter(from start: Int) throws(Obstacle) -> (Range<Int>, Int) {
    // A bit for each byte below 64: the space bytes, parentheses and quotes, and NUL, which needs a look.
    let marks: UInt64 = 1 << 0 | 0x1F << 0x09 | 1 << 0x20 | 1 << 0x22 | 3 << 0x28
    var place = start
    var firstNul = -1
    while place < bytes.byteCount {
      let byte = bytes.byte(at: place)
      if byte < 64, marks & 1 << UInt64(byte) != 0 {
        if byte != 0 { break }
        if firstNul < 0 { firstNul = place }
      }
      place &+= 1
    }
    guard place - start <= Self.wordByteCountMax else { throw .tooLong(start + Self.wordByteCountMax) }
    guard place < bytes.byteCount else { throw .torn }
    return (cut(start..<place, atNul: firstNul), place)
  }

  /// What there is of a string up to the first NUL, if that is not -1.
  private mutating func cut(_ range: Range<Int>, atNul place: Int) -> Range<Int> {
    guard place >= 0 else { return range }
    if notes.nul == nil { notes.nul = place }
    notes.isAny = true
    return range.lowerBound..<place
  }

  /// An argument, and where what follows it is: within the bytes.
  private mutating func readArgument(
    at start: Int, into argument: inout SyncLogArgumentPlace
  ) throws(Obstacle) -> Int {
    guard start < bytes.byteCount else { throw .torn }
    let place: Int
    switch bytes.byte(at: start) {
    case UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
      throw .poison(start)
    case UInt8(ascii: "\""): place = try readQuoted(from: start + 1, into: &argument)
    case UInt8(ascii: "{"): place = try readLiteral(at: start, into: &argument)
    default:
      // Of any other space byte this makes an empty atom.
      (argument.contents, place) = try readUntilDelimiter(from: start)
    }
    guard place < bytes.byteCount else { throw .torn }
    return place
  }

  /// What is between quotes, from behind the first, and the place behind the last.
  private mutating func readQuoted(
    from start: Int, into argument: inout SyncLogArgumentPlace
  ) throws(Obstacle) -> Int {
    var place = start
    var lineFeedCount = 0
    var firstNul = -1
    var escapeCount = 0
    while place < bytes.byteCount {
      let first = place
      var byte = bytes.byte(at: place)
      switch byte {
      case UInt8(ascii: "\\"):
        escapeCount += 1
        place += 1
        guard place < bytes.byteCount else { throw .torn }
        byte = bytes.byte(at: place)
        if byte == UInt8(ascii: "\n") { lineFeedCount += 1 }
      case UInt8(ascii: "\""):
        number += lineFeedCount
        argument = SyncLogArgumentPlace(
          form: .quoted, contents: cut(start..<place, atNul: firstNul), isEscaped: escapeCount > 0)
        return place + 1
      case UInt8(ascii: "\r"), UInt8(ascii: "\n"): throw .poison(place)
      default: break
      }
      // Together with the backslash before it, if there is one.
      if byte == 0, firstNul < 0 { firstNul = first }
      place += 1
      guard place - start - escapeCount <= Self.wordByteCountMax else { throw .tooLong(place - 1) }
    }
    throw .torn
  }

  /// So many bytes as the number in braces says, and the place behind them.
  private mutating func readLiteral(
    at start: Int, into argument: inout SyncLogArgumentPlace
  ) throws(Obstacle) -> Int {
    var place = start + 1
    var count = 0
    while place < bytes.byteCount, case let digit = bytes.byte(at: place) &- UInt8(ascii: "0"), digit < 10 {
      count = count * 10 + Int(digit)
      guard count <= Int32.max else { throw .poison(place) }
      place += 1
    }
    if place < bytes.byteCount, place == start + 1 { throw .poison(place) }
    try pass(UInt8(ascii: "}"), at: &place)
    try pass(UInt8(ascii: "\r"), at: &place)
    try pass(UInt8(ascii: "\n"), at: &place)
    guard count < bytes.byteCount - place else { throw .torn }
    var firstNul = -1
    number += 1
    for index in place..<place + count {
      let byte = bytes.byte(at: index)
      if byte == UInt8(ascii: "\n") { number += 1 }
      if byte == 0, firstNul < 0 { firstNul = index }
    }
    if notes.literal == nil { notes.literal = start }
    notes.isAny = true
    argument = SyncLogArgumentPlace(form: .literal, contents: cut(place..<place + count, atNul: firstNul))
    return place + count
  }

  /// Goes behind a byte that a literal must have.
  private func pass(_ byte: UInt8, at place: inout Int) throws(Obstacle) {
    guard place < bytes.byteCount else { throw .torn }
    guard bytes.byte(at: place) == byte else { throw .poison(place) }
    place += 1
  }

  // MARK: - Ends of lines

  /// Goes behind the LF at `place`.
  private mutating func pass(_ place: Int) {
    offset = place + 1
    number += 1
  }

  /// Goes behind the next LF, or to the end.
  private mutating func skipLine(from start: Int) {
    var place = start
    while place < bytes.byteCount {
      if bytes.byte(at: place) == UInt8(ascii: "\n") { return pass(place) }
      place &+= 1
    }
    offset = place
  }

  private func problem(_ problem: SyncLogProblem, at offset: Int, line: Int) -> SyncLogEvent {
    .problem(SyncLogDiagnostic(line: line, offset: offset, problem: problem))
  }

  private mutating func nextNote() -> SyncLogDiagnostic? {
    func note(_ problem: SyncLogProblem, at offset: Int) -> SyncLogDiagnostic {
      SyncLogDiagnostic(line: found.number, offset: offset, problem: problem)
    }
    if let place = notes.literal {
      notes.literal = nil
      return note(.literal, at: place)
    }
    if let place = notes.nul {
      notes.nul = nil
      return note(.nul, at: place)
    }
    notes.isAny = false
    guard let place = notes.argument else { return nil }
    return note(found.argumentCount == 1 ? .missingArgument : .extraArgument, at: place)
  }
}
