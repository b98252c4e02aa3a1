// Standard output: data only, in large writes.
//
// A reader that closed its end of the pipe ends the work quietly: what is appended after that is dropped, and long
// loops look at `hasEnded` to stop early. Any other failed write is an error, told by `finish`.

import Glibc

/// Buffered standard output.
// Safe: the buffer is private, and every place written to is checked against its size.
@safe struct Output: ~Copyable {
  private var buffer: UnsafeMutableRawPointer
  private var byteCount: Int
  private var used = 0
  /// Where the bytes go; nil if they are kept.
  private let descriptor: Int32?
  private var errorNumber: Int32 = 0
  private var hasWritten = false
  private let isColored: Bool
  /// Size of the buffer: large enough for system calls to cost nothing beside what is written.
  private static let bufferByteCount = 256 << 10

  /// Where the writer of JSON stands.
  var json = JSONPlace()

  /// - Parameters:
  ///   - descriptor: Where the bytes go; it stays open.
  ///   - color: When to colour.
  init(descriptor: Int32 = STDOUT_FILENO, color: ColorChoice = .never) {
    byteCount = Self.bufferByteCount
    unsafe buffer = .allocate(byteCount: byteCount, alignment: 64)
    self.descriptor = descriptor
    isColored = color.isOn(for: descriptor)
  }

  /// One that keeps what is appended in memory, until another one takes it. It has no colours.
  init(keeping byteCount: Int) {
    self.byteCount = max(byteCount, PlainLine.roomByteCount)
    unsafe buffer = .allocate(byteCount: self.byteCount, alignment: 64)
    descriptor = nil
    isColored = false
  }

  deinit { unsafe buffer.deallocate() }

  /// Whether standard output is a terminal, where a bar would run into what is printed.
  static var goesToTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether nothing that is appended from now on arrives.
  var hasEnded: Bool { errorNumber != 0 }

  /// Whether nothing was appended so far.
  var isEmpty: Bool { used == 0 && !hasWritten }

  /// Takes back what was appended, for another attempt.
  ///
  /// - Returns: Whether it could: not if some of it was written already.
  mutating func startOver() -> Bool {
    guard !hasWritten else { return false }
    used = 0
    json = JSONPlace()
    return true
  }

  // MARK: - Bytes and text

  /// Appends bytes as they are.
  mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe append($0) }
  }

  /// Appends text as it is.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { unsafe append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends a number in decimal digits.
  mutating func append(decimal number: UInt64) {
    // From the last digit on; no number has more than 20.
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var start = 20
    var rest = number
    repeat {
      start -= 1
      digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    // The bytes of numbers are bytes.
    append(unsafe digits.span.bytes.extracting(start..<20))
  }

  /// Appends one byte.
  @inline(__always)
  mutating func append(byte: UInt8) {
    if used == byteCount { makeRoom(for: 1) }
    store(byte)
  }

  /// Appends text and a line feed.
  mutating func line(_ text: String = "") {
    append(text)
    append(byte: UInt8(ascii: "\n"))
  }

  /// Appends a key, a separator, a value and a line feed, all as they are: the inner loop of a plain listing.
  mutating func append(key: RawSpan, separator: UInt8, value: RawSpan) {
    guard key.byteCount + value.byteCount + 2 <= byteCount - used else {
      append(key)
      append(byte: separator)
      append(value)
      append(byte: UInt8(ascii: "\n"))
      return
    }
    unsafe key.withUnsafeBytes { unsafe copy($0) }
    store(separator)
    unsafe value.withUnsafeBytes { unsafe copy($0) }
    store(UInt8(ascii: "\n"))
  }

  /// Appends text in a colour, if colours are on.
  mutating func append(_ text: String, in color: Color) {
    guard isColored else { return append(text) }
    append("\u{1B}[\(color.rawValue)m")
    append(text)
    append("\u{1B}[0m")
  }

  /// A line that is to be written into room set aside behind what was appended, and to be ended before anything else is
  /// appended; nil if there is no room.
  mutating func startPlainLine() -> PlainLine? {
    if byteCount - used <= PlainLine.roomByteCount {
      // Where bytes go somewhere, the buffer is about to be written; that is for the caller to do.
      if descriptor != nil { return nil }
      makeRoom(for: PlainLine.roomByteCount + 1)
    }
    return unsafe PlainLine(at: buffer + used)
  }

  /// Appends what was written into a line, and a line feed; nothing if the line is not plain.
  ///
  /// - Returns: Whether it was appended.
  mutating func endPlainLine(_ line: consuming PlainLine) -> Bool {
    guard line.isPlain else { return false }
    used += line.byteCount
    store(UInt8(ascii: "\n"))
    return true
  }

  // MARK: - Writing

  /// Whether the buffer is so full that it should be written soon.
  var isNearlyFull: Bool { descriptor != nil && used >= byteCount / 4 * 3 }

  /// Writes what is buffered; nothing if it is to be kept.
  mutating func flush() {
    guard let descriptor else { return }
    unsafe write(UnsafeRawBufferPointer(start: buffer, count: used), to: descriptor)
    used = 0
  }

  /// Writes what is left, and says how the command ends: as given, unless the output failed.
  mutating func finish(_ status: ExitStatus) -> ExitStatus {
    flush()
    guard errorNumber != 0, errorNumber != EPIPE else { return status }
    // strerror of glibc never returns nil.
    Talk.say("standard output: \(unsafe String(cString: strerror(errorNumber))) (write)", about: nil)
    return .inputOutput
  }

  /// Appends what another one kept, which has nothing then.
  mutating func append(keptBy other: inout Output) {
    let bytes = unsafe UnsafeRawBufferPointer(start: other.buffer, count: other.used)
    other.used = 0
    guard let descriptor, bytes.count >= Self.largeByteCount else { return unsafe append(bytes) }
    flush()
    unsafe write(bytes, to: descriptor)
  }

  /// What is so large that a system call costs less than a copy.
  private static let largeByteCount = 64 << 10

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if bytes.count > byteCount - used {
      makeRoom(for: bytes.count)
      // Too large to be worth a copy.
      if let descriptor, bytes.count >= byteCount { return unsafe write(bytes, to: descriptor) }
    }
    unsafe copy(bytes)
  }

  /// Writes what is buffered, or has so much room besides what is kept.
  @inline(never)
  private mutating func makeRoom(for count: Int) {
    if descriptor != nil { return flush() }
    let larger = max(byteCount * 2, used + count)
    // What is there is copied to a place that is at least as large, and belongs to us alone, too.
    let place = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 64)
    unsafe memcpy(place, buffer, used)
    unsafe buffer.deallocate()
    unsafe buffer = place
    byteCount = larger
  }

  /// - Precondition: there is room, which the caller has checked.
  @inline(__always)
  private mutating func copy(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    // Both are valid for `count` bytes and do not overlap: one is a file's mapping or an array, the other our own.
    unsafe memcpy(buffer + used, start, bytes.count)
    used += bytes.count
  }

  /// - Precondition: there is room, which the caller has checked.
  @inline(__always)
  private mutating func store(_ byte: UInt8) {
    unsafe buffer.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
    used += 1
  }

  private mutating func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var done = 0
    if bytes.count > 0 { hasWritten = true }
    while done < bytes.count, errorNumber == 0 {
      // `done` is below `count`, so the address is within the buffer.
      let written = unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
      if written >= 0 {
        done += written
      } else if errno == EAGAIN {
        // Somebody made the pipe or terminal non-blocking.
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&request, 1, -1)
      } else if errno != EINTR {
        errorNumber = errno
      }
    }
  }
}

/// The colours in use, by their number in a terminal's SGR sequence.
enum Color: String {
  case red = "31"
  case green = "32"
  case yellow = "33"
  case faint = "2"
  case bold = "1"
}
