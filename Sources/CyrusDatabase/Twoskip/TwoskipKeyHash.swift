// Hashes of keys that stand for the keys themselves.
//
// 96 bits, of two hashes that have nothing to do with each other. Both begin with, and multiply by, numbers that each
// process draws for itself: no file can be made to have two keys with the same hash. By chance a file of three million
// keys has two of them in one of 10^16 checks; that a checksum of a record holds by chance is a billion times as likely.

/// How keys are hashed by this process.
struct TwoskipKeyHash: BitwiseCopyable {
  private let first: UInt64, second: UInt64
  private let firstFactor: UInt64, secondFactor: UInt64

  init() {
    func number(_ index: Int) -> UInt64 {
      // Seeded by the process.
      var hasher = Hasher()
      hasher.combine(index)
      return UInt64(bitPattern: Int64(hasher.finalize()))
    }
    (first, second) = (number(0), number(1))
    (firstFactor, secondFactor) = (number(2) | 1 << 63 | 1, number(3) | 1 << 63 | 1)
  }

  /// The hash of a key, which starts at a multiple of 8, and the bytes up to the next one are there.
  @inline(__always)
  func callAsFunction(_ place: Int, _ count: Int, _ bytes: RawSpan) -> (UInt64, UInt32) {
    var (one, two) = (first, second)
    var index = 0
    while index < count {
      var word = bytes.bigEndian(UInt64.self, at: place &+ index)
      if count &- index < 8 { word &>>= UInt64(8 &* (8 &- (count &- index))) }
      one = Self.mixed(one ^ word, firstFactor)
      two = Self.mixed(two ^ word, secondFactor)
      index &+= 8
    }
    // With the words it could be taken for one of them.
    let length = UInt64(truncatingIfNeeded: count)
    one = Self.mixed(one ^ second ^ length, firstFactor)
    two = Self.mixed(two ^ first ^ length, secondFactor)
    return (one, UInt32(truncatingIfNeeded: two >> 32))
  }

  @inline(__always)
  private static func mixed(_ number: UInt64, _ factor: UInt64) -> UInt64 {
    let product = number.multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }
}
