// Tables that several threads fill at the same time.
//
// The memory is the system's, zeroed and in large pages, and only what is touched of it is taken: so a table can be made
// for as many elements as there may be at most.

import CCyrusShim

/// Integers in memory of our own, 0 to begin with.
///
/// Threads may look at it at the same time, and change it as long as none looks at what another one changes: that is the
/// caller's to see to.
@safe struct LargeTable<Element: FixedWidthInteger & BitwiseCopyable>: ~Copyable {
  // Ours alone, `count` elements, until the end of the table's life; each access is checked.
  private let elements: UnsafeMutableRawPointer
  let count: Int

  /// A table of zeros; nil if there is no memory for it.
  init?(count: Int) {
    let (byteCount, isTooLarge) = max(1, count).multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !isTooLarge, let memory = unsafe ccs_zeroed(UInt64(byteCount)) else { return nil }
    unsafe elements = memory
    self.count = count
  }

  deinit {
    // Made by `init`, with the same size.
    unsafe ccs_unmap(elements, UInt64(max(1, count) * MemoryLayout<Element>.stride))
  }

  /// - Precondition: The index is below the count; checked in every build.
  @inline(__always)
  subscript(index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "no such element")
      // Zeros or what was put there, either a valid integer.
      return unsafe elements.load(fromByteOffset: index &* MemoryLayout<Element>.stride, as: Element.self)
    }
    nonmutating set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "no such element")
      unsafe elements.storeBytes(
        of: newValue, toByteOffset: index &* MemoryLayout<Element>.stride, as: Element.self)
    }
  }

  /// Moves elements to where others are, which are lost.
  ///
  /// - Precondition: Both are elements; checked in every build.
  func move(_ range: Range<Int>, to place: Int) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count && place >= 0 && place <= count - range.count)
    let stride = MemoryLayout<Element>.stride
    // Both lie within the table, and may overlap.
    unsafe (elements + place * stride).copyMemory(
      from: elements + range.lowerBound * stride, byteCount: range.count * stride)
  }

  /// Begins to bring an element near, which need not be one.
  @inline(__always)
  func prefetch(_ index: Int) {
    // Nothing is read, so the count does not matter.
    let start = unsafe Span<UInt8>(_unsafeStart: elements.assumingMemoryBound(to: UInt8.self), count: 1)
    ccs_prefetch_line(start, index &* MemoryLayout<Element>.stride)
  }
}
