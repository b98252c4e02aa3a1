// Two texts looked at side by side: in whatever way that is done, it sees what a loop over the bytes sees.

import CCyrusShim
import TestSupport
import Testing

@Suite struct TextPairTests {
  private func look(_ left: [UInt8], _ right: [UInt8], skip: Int, isNarrow: Bool) -> ccs_text_pair {
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        guard let mine = left.baseAddress, let theirs = right.baseAddress else { return ccs_text_pair() }
        return isNarrow
          ? ccs_look_at_both_narrow(mine, theirs, left.count, skip) : ccs_look_at_both(mine, theirs, left.count, skip)
      }
    }
  }

  private func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "N"): false
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "@"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    case UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "`"): true
    default: false
    }
  }

  private func check(_ left: [UInt8], _ right: [UInt8], skip: Int) {
    for isNarrow in [false, true] {
      var pair = look(left, right, skip: skip, isNarrow: isNarrow)
      let spaces = left.indices.filter { $0 >= skip && left[$0] == UInt8(ascii: " ") }
      let differences = left.indices.filter { left[$0] != right[$0] }
      let others = left.indices.filter { $0 >= skip && left[$0] != UInt8(ascii: " ") && !isPlain(left[$0]) }
      #expect(pair.space_count == spaces.count)
      #expect(pair.other_count == others.count)
      #expect(pair.difference_count == differences.count)
      #expect(pair.has_loose_space == zip(spaces, spaces.dropFirst()).contains { $0 + 1 == $1 })
      for place in 0..<min(256, left.count) {
        #expect((ccs_spaces_from(&pair, place) & 1 != 0) == spaces.contains(place), "\(place)")
        #expect((ccs_differences_from(&pair, place) & 1 != 0) == differences.contains(place), "\(place)")
      }
      for place in stride(from: 0, to: min(256, left.count), by: 7) {
        let count = place % 64
        let areWithin = differences.allSatisfy { place..<place + count ~= $0 && $0 < 256 }
        #expect(ccs_differ_within(&pair, place, count) == areWithin, "\(place) \(count)")
      }
    }
  }

  @Test(arguments: Seed.some(8)) func `texts of any length are seen as they are`(seed: Seed) {
    var random = seed.generator(80)
    for count in stride(from: 1 + random.below(5), to: 420, by: 5) {
      let letters = Array("abz019 ANZ@-._`/[{)(,:^~".utf8)
      var left = (0..<count).map { _ in
        random.chance(1, in: 9) ? UInt8(random.below(256)) : letters[random.below(letters.count)]
      }
      if random.chance(1, in: 2) { left[random.below(count)] = UInt8(ascii: " ") }
      var right = left
      for _ in 0..<random.below(4) { right[random.below(count)] = UInt8(random.below(256)) }
      check(left, right, skip: random.below(count + 1))
    }
  }

  @Test func `each byte is what it is`() {
    for byte in UInt8.min...UInt8.max {
      check([UInt8](repeating: byte, count: 70), [UInt8](repeating: 97, count: 70), skip: 1)
    }
  }
}
