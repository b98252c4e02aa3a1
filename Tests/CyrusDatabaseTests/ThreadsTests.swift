// Several looks at the same bytes at the same time.

import Testing

@testable import CyrusDatabase

@Suite struct ThreadsTests {
  @Test(arguments: [1, 2, 3, 64, 65, 200])
  func `each number is called once, with the bytes, and its result comes in its place`(_ count: Int) {
    let bytes = (0..<200).map { UInt8($0) }
    let results = bytes.rawSpan.atOnce(count) { bytes, index in [Int(bytes.byte(at: index)), index, bytes.byteCount] }
    #expect(results == (0..<count).map { [$0, $0, 200] })
  }

  @Test func `results that hold something on the heap are given back whole`() {
    let bytes: [UInt8] = [1]
    for _ in 0..<100 {
      let results = bytes.rawSpan.atOnce(4) { _, index in (0..<1000).map { "\($0) of \(index)" } }
      #expect(results.map(\.count) == [1000, 1000, 1000, 1000])
      #expect(results[3].last == "999 of 3")
    }
  }
}
