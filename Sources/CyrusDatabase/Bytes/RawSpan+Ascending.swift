// Whether keys ascend in raw order, for those who look at every record of a file.
//
// How many bytes two neighbours have in common differs from one pair to the next, so a loop over them would end where the
// processor does not expect it. 64 bytes are compared whatever they are, which is enough for nearly all.

import CCyrusShim

extension RawSpan {
  /// Whether one key comes before another in raw order.
  ///
  /// - Precondition: Both lie within the span, and so do the bytes up to the next multiple of 8 from where they start.
  @inline(__always)
  func keysAscend(_ left: Int, _ leftCount: Int, _ right: Int, _ rightCount: Int) -> Bool {
    guard max(left, right) <= byteCount &- 64 else { return keysAscendByWords(left, leftCount, right, rightCount) }
    let common = min(leftCount, rightCount)
    // Where keys are numbers they differ at once, one as the other.
    let leftWord = uncheckedWord(at: left), rightWord = uncheckedWord(at: right)
    if leftWord != rightWord, common >= 8 { return leftWord < rightWord }
    // Both begin so far before the end, so there are bytes.
    let same = unsafe withUnsafeBytes { bytes in
      let start = unsafe bytes.baseAddress.unsafelyUnwrapped
      return unsafe ccs_same_of_64(start + left, start + right)
    }
    guard same < 64 || common <= 64 else {
      return keysAscendByWords(left &+ 64, leftCount &- 64, right &+ 64, rightCount &- 64)
    }
    // Nor can anybody foresee whether one key starts the other.
    let isBefore = uncheckedByte(at: left &+ (same & 63)) < uncheckedByte(at: right &+ (same & 63))
    let isShorter = leftCount < rightCount
    return same < common ? isBefore : isShorter
  }

  @inline(never)
  private func keysAscendByWords(_ left: Int, _ leftCount: Int, _ right: Int, _ rightCount: Int) -> Bool {
    let common = min(leftCount, rightCount)
    var index = 0
    while index < common {
      let first = bigEndian(UInt64.self, at: left &+ index)
      let second = bigEndian(UInt64.self, at: right &+ index)
      if first != second {
        // What lies behind the shorter key does not count.
        let shift = UInt64(max(0, 8 &- (common &- index)) &* 8)
        let (first, second) = (first &>> shift, second &>> shift)
        if first != second { return first < second }
        break
      }
      index &+= 8
    }
    return leftCount < rightCount
  }

  /// - Precondition: There is one.
  @inline(__always)
  private func uncheckedByte(at offset: Int) -> UInt8 {
    // One of those that were compared.
    unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt8.self)
  }
}
