// A scanner for dlists, the nested lists that Cyrus keeps as values of mailboxes.db since release 2.5.
//
//   %(T e I 0k3a P default A %(joe lrs "two words" lr) H (%(N old T ed) %(N older T e)))
//
//   %( … )    pairs of a key and a value          atom    bytes up to the next SP, less the ")" at their end
//   ( … )     values                              "…"     a backslash takes the next byte as it is
//   NIL       as an atom: no value                {3} CR LF … or {3+} CR LF …    so many bytes, whatever they are
//
// Surprises: only SP separates, and exactly one; a second one begins an empty string. An atom swallows everything but
// SP, so `a)b` is an atom, and only the ")" before a SP or before the end of the value close a list.
//
// Facts: Cyrus's imap/dlist.c and lib/prot.c from release 2.5.17 to 3.13.7, and what 3.6.1 did with such values.

import CyrusDatabase

/// Goes through a dlist without building anything.
///
/// Accepts what Cyrus's reader accepts, and refuses what that refuses; unlike it, it lets no length overflow and no
/// nesting exhaust the stack. What it hands out before an error is whole: a string only counts if what follows it may
/// follow a string.
///
/// ```swift
/// var scanner = DListScanner(value)
/// while true {
///   switch try scanner.next() { case .key(let key): … case .end: return … }
/// }
/// ```
///
/// Copying a scanner copies its place. Nothing is allocated; a scan is linear in the number of bytes.
public struct DListScanner: ~Escapable {
  /// How many lists may be within each other, the outermost included. Cyrus writes 3.
  public static var depthMax: Int { 16 }

  fileprivate enum State: UInt8 {
    /// Before the first byte.
    case start
    /// Behind an opening parenthesis.
    case opened
    /// Behind a key and its space.
    case value
    /// Behind a value.
    case after
    /// Behind the last parenthesis.
    case end
  }

  /// What ``advance()`` met. For strings and lists see ``string`` and ``mark``.
  enum Token: BitwiseCopyable {
    case kvlistStart, listStart, listEnd, key, string, null, looseSpace, end
  }

  /// How far a scan of less than 4 GiB has come, in eight bytes.
  struct Progress: BitwiseCopyable {
    // One number, from its lowest bits on: 32 bits of the offset, 16 lists of pairs, 8 of the depth, the state. A view of
    // more than seven parts, as a cursor with four here would be, is given up by a call that does nothing.
    private let parts: UInt64

    var offset: UInt32 { UInt32(truncatingIfNeeded: parts) }
    fileprivate var kvlists: UInt16 { UInt16(truncatingIfNeeded: parts >> 32) }
    fileprivate var depth: UInt8 { UInt8(truncatingIfNeeded: parts >> 48) }
    // Only raw values of states are ever stored.
    fileprivate var state: State { State(rawValue: UInt8(truncatingIfNeeded: parts >> 56)) ?? .end }

    /// Within so many lists of pairs, before the value of a pair.
    @inline(__always)
    init(beforeValueAt offset: Int, depth: Int = 1) {
      self.init(offset, UInt32(1) << UInt32(depth) - 1, depth, .value)
    }

    fileprivate init(_ scanner: borrowing DListScanner) {
      self.init(scanner.offset, scanner.kvlists, scanner.depth, scanner.state)
    }

    @inline(__always)
    private init(_ offset: Int, _ kvlists: UInt32, _ depth: Int, _ state: State) {
      // At most 16 lists are within each other.
      parts =
        UInt64(UInt32(truncatingIfNeeded: offset)) | UInt64(UInt16(truncatingIfNeeded: kvlists)) << 32
        | UInt64(UInt8(truncatingIfNeeded: depth)) << 48 | UInt64(state.rawValue) << 56
    }
  }

  /// How far this one has come.
  var progress: Progress { Progress(self) }

  let bytes: RawSpan
  private let isStrict: Bool
  fileprivate var state: State
  /// The first byte that was not scanned yet, from the start of the scanned bytes.
  public internal(set) var offset: Int
  /// How many lists are open.
  public private(set) var depth: Int
  /// A bit for each depth: whether the list there is one of pairs.
  fileprivate var kvlists: UInt32
  /// The key, string or NIL that was met last.
  var string = DListString(.atom, hasControlBytes: false, 0..<0)
  /// Where the parenthesis or loose space is that was met last.
  private(set) var mark = 0
  private var failure: DListError?
  private var isUnusual = false

  /// Starts before the first byte.
  ///
  /// - Parameters:
  ///   - bytes: A whole value: one list of pairs, nothing before or after.
  ///   - isStrict: Whether to say, too, which strings Cyrus would have written in another form
  ///     (``DListEvent/unusualForm(_:)``).
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, isStrict: Bool = false) {
    self.bytes = bytes
    self.isStrict = isStrict
    state = .start
    offset = 0
    depth = 0
    kvlists = 0
  }

  /// Starts within the outermost list, before the value of a pair.
  ///
  /// - Parameters:
  ///   - bytes: A whole value.
  ///   - offset: Where an earlier scan of the same bytes met the value.
  ///   - depth: How many lists of pairs that value lies in.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, beforeValueAt offset: Int, depth: Int = 1) {
    self.init(bytes, at: Progress(beforeValueAt: offset, depth: depth))
  }

  /// Goes on where another scan of the same bytes has come.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at progress: Progress) {
    self.bytes = bytes
    isStrict = false
    state = progress.state
    offset = Int(progress.offset)
    depth = Int(progress.depth)
    kvlists = UInt32(progress.kvlists)
  }

  /// What comes next.
  ///
  /// At the end, `.end` again and again; after an error, the same error again and again.
  ///
  /// - Throws: ``DListError``, see ``DListError/Code``.
  /// - Complexity: O(bytes of what is given out).
  public mutating func next() throws(DListError) -> DListEvent {
    if let failure { throw failure }
    if isUnusual {
      isUnusual = false
      return .unusualForm(string.bytes)
    }
    let token: Token
    do throws(DListError) {
      token = try advance()
    } catch {
      failure = error
      throw error
    }
    switch token {
    case .kvlistStart: return .kvlistStart(at: mark)
    case .listStart: return .listStart(at: mark)
    case .listEnd: return .listEnd(at: mark)
    case .looseSpace: return .looseSpace(at: mark)
    case .null: return .null(string.contents)
    case .end: return .end
    case .key, .string:
      isUnusual = isStrict && !string.isAsWritten(in: bytes)
      return token == .key ? .key(string) : .string(string)
    }
  }

  /// Goes to behind the end of the list that began last.
  ///
  /// - Throws: ``DListError``, as ``next()``.
  /// - Returns: How many loose spaces were passed over.
  @discardableResult
  public mutating func skipList() throws(DListError) -> Int {
    let outside = depth - 1
    var looseSpaceCount = 0
    while depth > outside {
      let event = try next()
      if case .looseSpace = event { looseSpaceCount += 1 }
      if case .end = event { break }
    }
    return looseSpaceCount
  }

  /// ``next()`` for ourselves: with less to pass around, and after an error not to be called again.
  mutating func advance() throws(DListError) -> Token {
    switch state {
    case .start:
      guard bytes.byteCount > 0 else { throw error(.truncated) }
      guard byte == UInt8(ascii: "%") else { throw error(.syntax) }
      return try advanceToValue()
    case .opened, .after: return try isInPairs ? advanceToKey() : advanceToItem()
    case .value: return try advanceToValue()
    case .end:
      guard offset == bytes.byteCount else { throw error(.trailing) }
      return .end
    }
  }

  /// ``advance()`` within a list of pairs, where a key, the end of the list or a loose space can come.
  mutating func advanceToKey() throws(DListError) -> Token {
    if let token = try betweenItems() { return token }
    // Nearly every key is one letter.
    if bytes.byteCount &- offset > 1, bytes.byte(at: offset &+ 1) == UInt8(ascii: " "), byte &- UInt8(ascii: "A") < 26 {
      string = DListString(.atom, hasControlBytes: false, offset..<offset &+ 1)
      offset &+= 2
      state = .value
      return .key
    }
    try readString()
    if string.isNull(in: bytes) { throw DListError(code: .nilKey, offset: string.contents.lowerBound) }
    guard offset < bytes.byteCount else { throw error(.truncated) }
    guard byte == UInt8(ascii: " ") else { throw error(.syntax) }
    offset &+= 1
    state = .value
    return .key
  }

  /// ``advance()`` after a key, where a string, `NIL` or a list can come.
  mutating func advanceToValue() throws(DListError) -> Token {
    guard offset < bytes.byteCount else { throw error(.truncated) }
    switch byte {
    case UInt8(ascii: "("): return try open(isPairs: false)
    case UInt8(ascii: "%"):
      guard offset + 1 < bytes.byteCount else { throw DListError(code: .truncated, offset: bytes.byteCount) }
      guard bytes.byte(at: offset + 1) == UInt8(ascii: "(") else { throw error(.unknownPercent) }
      return try open(isPairs: true)
    default:
      try readString()
      guard offset < bytes.byteCount else { throw missingEnd() }
      guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: ")") else { throw error(.syntax) }
      state = .after
      return string.isNull(in: bytes) ? .null : .string
    }
  }

  /// ``advance()`` within a list of values.
  private mutating func advanceToItem() throws(DListError) -> Token {
    if let token = try betweenItems() { return token }
    return try advanceToValue()
  }

  /// Goes to the next item of a list, unless something else comes.
  @inline(__always)
  private mutating func betweenItems() throws(DListError) -> Token? {
    guard offset < bytes.byteCount else { throw error(.truncated) }
    if byte == UInt8(ascii: ")") { return close() }
    guard state == .after else { return nil }
    guard byte == UInt8(ascii: " ") else { throw error(.syntax) }
    offset &+= 1
    guard offset < bytes.byteCount else { throw error(.truncated) }
    guard byte == UInt8(ascii: ")") else { return nil }
    mark = offset &- 1
    return .looseSpace
  }

  /// The byte at ``offset``, which must be within the bytes.
  var byte: UInt8 {
    @inline(__always)
    get { bytes.byte(at: offset) }
  }

  /// Whether the innermost list is one of pairs.
  private var isInPairs: Bool {
    @inline(__always)
    get { kvlists & 1 << UInt32(depth - 1) != 0 }
  }

  func error(_ code: DListError.Code) -> DListError { DListError(code: code, offset: offset) }

  @inline(__always)
  private mutating func close() -> Token {
    mark = offset
    depth -= 1
    offset += 1
    state = depth == 0 ? .end : .after
    return .listEnd
  }

  private mutating func open(isPairs: Bool) throws(DListError) -> Token {
    guard depth < Self.depthMax else { throw error(.tooDeep) }
    mark = offset
    let bit: UInt32 = 1 << UInt32(depth)
    kvlists = isPairs ? kvlists | bit : kvlists & ~bit
    depth += 1
    offset += isPairs ? 2 : 1
    state = .opened
    return isPairs ? .kvlistStart : .listStart
  }

  /// The error for a value that ends with a string.
  ///
  /// An atom swallows parentheses that other bytes follow. If enough of them are in it to close every list, then the
  /// value was not cut, but something stands behind it.
  private func missingEnd() -> DListError {
    var closing = 0
    if string.form == .atom {
      for place in string.contents {
        closing = bytes.byte(at: place) == UInt8(ascii: ")") ? closing + 1 : 0
        if closing == depth { return DListError(code: .trailing, offset: place + 1) }
      }
    }
    return error(.truncated)
  }
}
