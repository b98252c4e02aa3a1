// A line of a sync log, seen in place.
//
//   MAILBOX user.joe            an argument as it stands: up to a space, a parenthesis, a quote or the line's end
//   SUB "o\"neil x" user.o      between quotes; a backslash takes the next byte as it is
//   MAILBOX {6} CR LF shared    so many bytes, whatever they are
//
// Surprise: Cyrus keeps words and arguments as C strings, so a NUL ends them.

import CyrusDatabase

/// An argument of a line, seen in place. Valid as long as the bytes of the log; copy what you keep.
public struct SyncLogArgumentView: ~Escapable {
  /// How an argument is written.
  public enum Form: UInt8, Sendable, Hashable {
    /// As it is.
    case atom
    /// Between quotes.
    case quoted
    /// Behind its length in braces.
    case literal
  }

  /// How it is written.
  public let form: Form
  /// The bytes as they stand in the log, without quotes or braces, backslashes included, up to the first NUL.
  public let raw: RawSpan
  /// Whether there are backslashes that do not belong to the argument.
  public let isEscaped: Bool

  @_lifetime(copy bytes)
  init(_ place: SyncLogArgumentPlace, in bytes: RawSpan) {
    form = place.form
    raw = bytes.extracting(place.contents)
    isEscaped = place.isEscaped
  }

  /// The argument, if it stands in the log byte for byte; nil if ``isEscaped``.
  public var direct: RawSpan? {
    @_lifetime(copy self)
    get { isEscaped ? nil : raw }
  }

  /// Appends the argument, without quotes and backslashes.
  ///
  /// - Complexity: O(length).
  public func append(to output: inout [UInt8]) {
    var place = 0
    while place < raw.byteCount {
      var byte = raw.byte(at: place)
      if isEscaped, byte == UInt8(ascii: "\\"), place + 1 < raw.byteCount {
        place += 1
        byte = raw.byte(at: place)
      }
      output.append(byte)
      place += 1
    }
  }

  /// The argument, without quotes and backslashes.
  ///
  /// - Complexity: O(length), and an allocation.
  public var bytes: [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(raw.byteCount)
    append(to: &output)
    return output
  }
}

/// A line that Cyrus acts on, seen in place. Valid as long as the bytes of the log; copy what you keep.
public struct SyncLogLineView: ~Escapable {
  /// Where it stands, and what it says has changed.
  public let line: SyncLogLine
  /// The whole log.
  private let log: RawSpan
  private let places: SyncLogPlaces

  @_lifetime(copy log)
  init(_ line: SyncLogLine, _ places: SyncLogPlaces, in log: RawSpan) {
    self.line = line
    self.log = log
    self.places = places
  }

  /// The first word as it is written, up to the first NUL. Cyrus takes small letters for capitals.
  public var word: RawSpan {
    @_lifetime(copy self)
    get { log.extracting(places.word) }
  }

  /// The whole line as it is written, without its end.
  public var text: RawSpan {
    @_lifetime(copy self)
    get { log.extracting(line.bytes) }
  }

  /// The first argument.
  public var first: SyncLogArgumentView {
    @_lifetime(copy self)
    get { SyncLogArgumentView(places.first, in: log) }
  }

  /// The second argument; nil if there is none.
  public var second: SyncLogArgumentView? {
    @_lifetime(copy self)
    get {
      guard let second = places.second else { return nil }
      return SyncLogArgumentView(second, in: log)
    }
  }
}

/// Where an argument lies in a log.
struct SyncLogArgumentPlace {
  var form: SyncLogArgumentView.Form = .atom
  /// Without quotes and braces, up to the first NUL.
  var contents = 0..<0
  var isEscaped = false
}

/// Where the parts of a line lie in a log.
struct SyncLogPlaces {
  /// Up to the first NUL.
  var word = 0..<0
  var first = SyncLogArgumentPlace()
  var second: SyncLogArgumentPlace?
}
