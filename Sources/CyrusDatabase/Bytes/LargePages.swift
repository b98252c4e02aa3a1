// Arrays that are looked at all over.

import CCyrusShim

extension Array where Element: BitwiseCopyable {
  /// An array of equal elements in large pages, where the system has them: a look at a random place of one that is larger
  /// than the processor's tables of pages costs a third less.
  init(inLargePages element: Element, count: Int) {
    // All elements are initialised before the array is handed out.
    unsafe self.init(unsafeUninitializedCapacity: count) { buffer, initializedCount in
      if count * MemoryLayout<Element>.stride >= 1 << 21, let start = buffer.baseAddress {
        unsafe ccs_prefer_large_pages(start, count * MemoryLayout<Element>.stride)
      }
      unsafe buffer.initialize(repeating: element)
      initializedCount = count
    }
  }
}
