// A generator of numbers that is small, known, and the same everywhere: SplitMix64.
//
// Facts: Docs/Formats/fleet-layout.md, section 10.

/// Numbers that look random, and are the same for the same seed.
struct RandomOrder {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// Shuffles as Fisher and Yates do, from the last place down; no place is likelier than another by more than 2⁻⁶⁴.
  mutating func shuffle<Element>(_ elements: inout [Element]) {
    for index in elements.indices.dropFirst().reversed() {
      let other = Int(next().multipliedFullWidth(by: UInt64(index + 1)).high)
      elements.swapAt(index, other)
    }
  }
}
