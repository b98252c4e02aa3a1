// Lines of sync logs, as Cyrus writes them.
//
//   VERB SP argument [SP argument] LF
//
// An argument stands as it is, unless it is empty or holds a space, a tab or one of ( ) \ " { }. Then it stands between
// quotes, with a backslash before each of \ " { } and before nothing else.
//
// Deviation: an argument with a vertical tab or a form feed is quoted here. Cyrus writes it bare, and drops the line
// when it reads it.

/// Why something cannot be written into a sync log.
public enum SyncLogWriteError: String, Error, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// The argument holds a CR or LF. Cyrus ends rather than write it.
  case lineBreak = "a line break cannot be written into a sync log"
  /// The argument holds a NUL, behind which nothing would be read.
  case nul = "a NUL cannot be written into a sync log"
  /// The argument is longer than ``SyncLogScanner/wordByteCountMax``: sync_client would never get past it.
  case tooLong = "an argument of more than 131072 bytes cannot be read from a sync log"
  /// The verb takes another number of arguments. Cyrus's reader does harm with a `SEEN` or `SUB` that has one.
  case argumentCount = "the verb takes another number of arguments"

  /// What is wrong.
  public var description: String { rawValue }
}

/// Writes lines of sync logs.
public enum SyncLogWriter {
  /// Appends a line with its LF, byte for byte as Cyrus writes it.
  ///
  /// - Parameters:
  ///   - verb: What has changed.
  ///   - first: A user id, or a mailbox or quota root in internal form. Need not be UTF-8.
  ///   - second: The same, or a unique id.
  ///   - log: Unchanged if an error is thrown.
  /// - Throws: ``SyncLogWriteError``, each of them.
  /// - Complexity: O(length of the arguments).
  public static func append(
    _ verb: SyncLogVerb, _ first: some Collection<UInt8>, _ second: (some Collection<UInt8>)? = [UInt8]?.none,
    to log: inout [UInt8]
  ) throws(SyncLogWriteError) {
    guard verb.argumentCount == (second == nil ? 1 : 2) else { throw .argumentCount }
    try check(first)
    if let second { try check(second) }
    log.append(contentsOf: verb.rawValue.utf8)
    log.append(UInt8(ascii: " "))
    append(first, to: &log)
    if let second {
      log.append(UInt8(ascii: " "))
      append(second, to: &log)
    }
    log.append(UInt8(ascii: "\n"))
  }

  private static func check(_ argument: some Collection<UInt8>) throws(SyncLogWriteError) {
    guard argument.count <= SyncLogScanner.wordByteCountMax else { throw .tooLong }
    for byte in argument {
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { throw .lineBreak }
      if byte == 0 { throw .nul }
    }
  }

  /// An argument, between quotes if need be.
  private static func append(_ argument: some Collection<UInt8>, to log: inout [UInt8]) {
    guard argument.isEmpty || argument.contains(where: isQuoted) else {
      log.append(contentsOf: argument)
      return
    }
    log.append(UInt8(ascii: "\""))
    for byte in argument {
      if isEscaped(byte) { log.append(UInt8(ascii: "\\")) }
      log.append(byte)
    }
    log.append(UInt8(ascii: "\""))
  }

  /// Whether a byte makes quotes necessary.
  private static func isQuoted(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0B, 0x0C, UInt8(ascii: "("), UInt8(ascii: ")"): true
    default: isEscaped(byte)
    }
  }

  /// Whether a byte between quotes has a backslash before it.
  private static func isEscaped(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "}"): true
    default: false
    }
  }
}
