// What is wrong with the text of a key or value, as opposed to the file that holds it.

/// Something about a record that is not as Cyrus writes it.
///
/// Decoding never throws: what can be read is given, and what cannot is an issue with its place.
public struct DecodingIssue: Hashable, Sendable {
  /// Short, stable name of what is wrong, for example `dlist.truncated`.
  public let code: String
  /// Whether the bytes concerned could not be decoded. If not, they were, and are only odd.
  public let isError: Bool
  /// The bytes concerned, counted from the first byte of the key or value.
  public let bytes: Range<Int>
  /// Whether ``bytes`` are of the key; otherwise they are of the value.
  public let isInKey: Bool

  /// Makes an issue from its parts.
  public init(code: String, isError: Bool, bytes: Range<Int>, isInKey: Bool = false) {
    self.code = code
    self.isError = isError
    self.bytes = bytes
    self.isInKey = isInKey
  }
}
