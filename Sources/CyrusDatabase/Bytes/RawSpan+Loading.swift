// Integers, comparisons and checksums of bytes seen in place.
//
// Offsets are from the start of the span, which for every span of a file is the start of the file.

import CCyrusShim

extension RawSpan {
  /// The unsigned big-endian integer of type `T` at `offset`, aligned or not.
  ///
  /// - Precondition: `offset + MemoryLayout<T>.size <= byteCount`; checked in every build.
  @inlinable
  @inline(__always)
  package func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, at offset: Int) -> T {
    // Any bit pattern is a valid integer, so the load is safe for every T allowed here.
    T(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The 64-bit big-endian integer at `offset`, where nothing checks that there is one.
  ///
  /// - Precondition: `offset` is not negative, and `offset + 8 <= byteCount`. For the inner loop of a listing, which has
  ///   checked the whole record.
  @inline(__always)
  package func uncheckedWord(at offset: Int) -> UInt64 {
    // The caller's promise.
    UInt64(bigEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  /// `count` bytes from `offset` on, where nothing checks that they are there.
  ///
  /// - Precondition: neither is negative, and `offset + count <= byteCount`.
  @inline(__always)
  @_lifetime(copy self)
  package func uncheckedSlice(at offset: Int, count: Int) -> RawSpan {
    // The caller's promise.
    unsafe extracting(unchecked: Range(uncheckedBounds: (offset, offset &+ count)))
  }

  /// The byte at `offset`.
  ///
  /// - Precondition: `offset < byteCount`; checked in every build.
  @inlinable
  @inline(__always)
  package func byte(at offset: Int) -> UInt8 {
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
  }

  /// `count` bytes from `offset` on.
  ///
  /// - Precondition: they lie within the span; checked in every build.
  @inlinable
  @inline(__always)
  @_lifetime(copy self)
  package func slice(at offset: Int, count: Int) -> RawSpan {
    extracting(offset..<offset + count)
  }

  /// Begins to bring about 256 bytes from `offset` on near, which need not lie within the span.
  @inline(__always)
  func prefetch(at offset: Int) {
    ccs_prefetch(Span<UInt8>(_bytes: self), offset)
  }

  /// CRC-32 of all bytes, as zlib computes it; 0 for none.
  @inline(__always)
  package var crc32: UInt32 { ccs_crc32(Span<UInt8>(_bytes: self)) }

  /// Whether both spans hold the same bytes.
  package func holdsSameBytes(as other: RawSpan) -> Bool {
    byteCount == other.byteCount && compare(with: other) == 0
  }

  /// Whether the first bytes are those of `prefix`. An empty prefix starts everything.
  @inlinable
  @inline(__always)
  package func starts(with prefix: RawSpan) -> Bool {
    byteCount >= prefix.byteCount && extracting(0..<prefix.byteCount).compare(with: prefix) == 0
  }

  /// Compares as memcmp does over the common length; then the shorter is the smaller.
  ///
  /// - Returns: Below 0, 0 or above 0. Cost: eight bytes at a time.
  @inlinable
  @inline(__always)
  package func compare(with other: RawSpan) -> Int {
    let common = min(byteCount, other.byteCount)
    var index = 0
    while common - index >= 8 {
      let left = bigEndian(UInt64.self, at: index)
      let right = other.bigEndian(UInt64.self, at: index)
      if left != right { return left < right ? -1 : 1 }
      index += 8
    }
    while index < common {
      let left = byte(at: index)
      let right = other.byte(at: index)
      if left != right { return left < right ? -1 : 1 }
      index += 1
    }
    return byteCount - other.byteCount
  }
}

extension Array<UInt8> {
  /// The bytes, as the format code takes them.
  package var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get {
      // Marked unsafe by the library because any element may be seen as bytes; these are bytes.
      unsafe span.bytes
    }
  }

  /// A copy of the bytes of a span.
  package init(_ span: RawSpan) {
    // Copied within the call.
    self = unsafe span.withUnsafeBytes { unsafe Array($0) }
  }

  /// Appends a copy of the bytes of a span.
  package mutating func append(_ span: RawSpan) {
    // Copied within the call.
    unsafe span.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }
}
