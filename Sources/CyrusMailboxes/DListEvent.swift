// What a scan of a dlist meets, as ranges of the scanned bytes.

/// What a ``DListScanner`` meets next.
public enum DListEvent: Hashable, Sendable {
  /// A list of pairs begins with the `%(` at this offset.
  case kvlistStart(at: Int)
  /// A list of values begins with the `(` at this offset.
  case listStart(at: Int)
  /// The list that began last, of either kind, ends with the `)` at this offset.
  case listEnd(at: Int)
  /// The key of a pair, whose value comes next.
  case key(DListString)
  /// A string, as a value.
  case string(DListString)
  /// `NIL`, as a value.
  case null(Range<Int>)
  /// The space at this offset stands before a `)`: readers accept it, no writer leaves it.
  case looseSpace(at: Int)
  /// The string before this event is written in another form than Cyrus would choose. Only a strict scan says so.
  case unusualForm(Range<Int>)
  /// All bytes were scanned.
  case end
}

/// Where a string of a dlist lies, and in which form.
public struct DListString: Hashable, Sendable {
  /// How a string is written.
  public enum Form: UInt8, Hashable, Sendable {
    /// As it is, up to the next space.
    case atom
    /// Between quotes, with a backslash before what would end it.
    case quoted
    /// After its length, as `{3}` CR LF or `{3+}` CR LF.
    case literal
  }

  /// How it is written.
  public let form: Form
  /// Whether ``contents`` hold backslashes that are not part of the string, which happens only between quotes and
  /// which Cyrus never writes.
  public let isEscaped: Bool
  /// Whether ``contents`` hold bytes below 0x20.
  public let hasControlBytes: Bool
  private let start: Int
  private let end: Int
  /// How many bytes come before the string itself: a quote, or a length.
  private let headByteCount: UInt32

  /// The string's bytes, without quotes and without length.
  public var contents: Range<Int> {
    @inline(__always)
    get { start..<end }
  }

  /// All bytes of it, with quotes or length.
  public var bytes: Range<Int> { start - Int(headByteCount)..<(form == .quoted ? end + 1 : end) }

  /// - Parameter head: How many bytes come before the string itself.
  @inline(__always)
  init(_ form: Form, isEscaped: Bool = false, hasControlBytes: Bool, _ contents: Range<Int>, head: Int = 0) {
    self.form = form
    self.isEscaped = isEscaped
    self.hasControlBytes = hasControlBytes
    start = contents.lowerBound
    end = contents.upperBound
    headByteCount = UInt32(clamping: head)
  }

  /// Whether it is no string at all: the atom `NIL`.
  @inline(__always)
  func isNull(in span: RawSpan) -> Bool {
    form == .atom && isNullWord(in: span)
  }

  /// Whether its bytes are those of `NIL`, in whatever form.
  @inline(__always)
  func isNullWord(in span: RawSpan) -> Bool {
    let start = contents.lowerBound
    return contents.count == 3 && span.byte(at: start) == UInt8(ascii: "N")
      && span.byte(at: start + 1) == UInt8(ascii: "I") && span.byte(at: start + 2) == UInt8(ascii: "L")
  }

  /// Appends the string's bytes, without the backslashes that are not part of it.
  ///
  /// - Parameters:
  ///   - output: What is appended to.
  ///   - span: The bytes that were scanned.
  /// - Precondition: ``contents`` lie within `span`; checked in every build.
  /// - Complexity: O(length of the string).
  public func append(to output: inout [UInt8], from span: RawSpan) {
    MailboxText(self, in: span).append(to: &output)
  }
}

/// Why bytes are not a dlist.
public struct DListError: Error, Hashable, CustomStringConvertible {
  /// What is wrong. New codes may appear in minor releases.
  public enum Code: String, Hashable, Sendable, CaseIterable {
    /// The bytes end before the list does.
    case truncated = "dlist.truncated"
    /// Bytes come after the end of the list.
    case trailing = "dlist.trailing"
    /// Something else was to come here: a list, a key, a space or a closing parenthesis.
    case syntax = "dlist.syntax"
    /// A quoted string does not end.
    case string = "dlist.string"
    /// A literal's length is not of the form that it must have, or leaves no room for the end of the list.
    case literal = "dlist.literal"
    /// `%` without `(`.
    case unknownPercent = "dlist.unknownPercent"
    /// `NIL` where a key must be.
    case nilKey = "dlist.nilKey"
    /// Lists within lists, deeper than ``DListScanner/depthMax``.
    case tooDeep = "dlist.tooDeep"
  }

  /// What is wrong.
  public let code: Code
  /// The first byte at fault, or of the string at fault, from the start of the scanned bytes; their end for `.truncated`.
  public let offset: Int

  /// For example `dlist.syntax at byte 17`.
  public var description: String { "\(code.rawValue) at byte \(offset)" }
}
