// One bit for each eight-byte word of a file: where things start.

/// A set of offsets that are multiples of 8. Takes an eighth of a bit for each byte of the file.
struct BitMap: ~Copyable {
  private var words: [UInt64]

  /// An empty set for offsets below `byteCount`.
  init(byteCount: Int) { words = [UInt64](repeating: 0, count: byteCount / 512 + 1) }

  /// - Precondition: `offset` is a multiple of 8 below the byte count.
  @inline(__always)
  mutating func insert(_ offset: Int) { words[offset >> 9] |= 1 << UInt64(offset >> 3 & 63) }

  /// - Precondition: `offset` is below the byte count.
  @inline(__always)
  func contains(_ offset: Int) -> Bool { words[offset >> 9] >> UInt64(offset >> 3 & 63) & 1 != 0 }

  /// Whether a pointer, which may be anything, names a member.
  @inline(__always)
  func contains(pointer: UInt64) -> Bool {
    pointer & 7 == 0 && pointer >> 9 < UInt64(words.count) && contains(Int(truncatingIfNeeded: pointer))
  }

  /// The members from `512 * index` on, 64 places, the lowest bit first.
  @inline(__always)
  func word(_ index: Int) -> UInt64 { words[index] }

  /// The set as words of 64 offsets, the lowest first.
  func copyOfWords() -> [UInt64] { words }
}
