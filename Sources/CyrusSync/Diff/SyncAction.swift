// A line of a sync log that is yet to be written.

/// A line of a sync log that is yet to be written.
public struct SyncAction: Sendable, Hashable {
  /// What has changed.
  public let verb: SyncLogVerb
  /// The first argument, unquoted.
  public let first: [UInt8]
  /// The second; nil if the verb takes one alone.
  public let second: [UInt8]?

  /// A line.
  public init(_ verb: SyncLogVerb, _ first: [UInt8], _ second: [UInt8]? = nil) {
    self.verb = verb
    self.first = first
    self.second = second
  }

  /// Whether no line can say it: an argument is too long, or has a byte that no argument may have.
  public var isUnwritable: Bool {
    var line: [UInt8] = []
    return (try? append(to: &line)) == nil
  }

  /// The line as Cyrus writes it, without its end; empty if ``isUnwritable``.
  public var text: [UInt8] {
    var line: [UInt8] = []
    try? append(to: &line)
    return line.dropLast()
  }

  /// Appends the line as Cyrus writes it, with its end.
  ///
  /// - Throws: ``SyncLogWriteError`` if no line can say it; `log` is then unchanged.
  public func append(to log: inout [UInt8]) throws(SyncLogWriteError) {
    try SyncLogWriter.append(verb, first, second, to: &log)
  }
}
