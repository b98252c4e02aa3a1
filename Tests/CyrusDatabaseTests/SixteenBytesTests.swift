// Bits for bytes of some kind, and numbers, sixteen bytes at a time: the same as byte by byte.

import CCyrusShim
import TestSupport
import Testing

@Suite struct SixteenBytesTests {
  private static func bits(_ text: SIMD16<UInt8>, _ isOne: (UInt8) -> Bool) -> UInt32 {
    (0..<16).reduce(0) { isOne(text[$1]) ? $0 | 1 << UInt32($1) : $0 }
  }

  @Test func `each byte is told at each place`() {
    for byte in UInt8.min...UInt8.max {
      for place in 0..<16 {
        for rest: UInt8 in [0, 0x20, 0x21, 0x61, 0xFF] {
          var text = SIMD16<UInt8>(repeating: rest)
          text[place] = byte
          #expect(ccs_bits_of(text, byte) == Self.bits(text) { $0 == byte })
          #expect(ccs_bits_of_any(text, 0x20, byte, 0) == Self.bits(text) { $0 == 0x20 || $0 == byte || $0 == 0 })
          #expect(ccs_bits_up_to(text, 0x20) == Self.bits(text) { $0 <= 0x20 })
          #expect(ccs_bits_of_other_than_id(text) == Self.bits(text) { !isIDByte($0) })
          #expect(
            ccs_bits_of_other_than_json(text)
              == Self.bits(text) { !(0x20..<0x7F ~= $0) || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
          #expect(ccs_replacing(text, byte, rest) == text.replacing(with: rest, where: text .== byte))
          let marks = SIMD16<UInt8>().replacing(with: 255, where: text .== byte)
          #expect(ccs_bits_portable(marks) == ccs_bits_of(text, byte))
        }
      }
    }
  }

  @Test(arguments: Seed.some(2))
  func `numbers are read as they are digit by digit`(_ seed: Seed) {
    var random = seed.generator(3000)
    for turn in 0..<20_000 {
      var text = SIMD16<UInt8>()
      for place in 0..<16 { text[place] = UInt8(ascii: "0") + UInt8(random.below(10)) }
      if turn % 3 == 0 { text[random.below(16)] = UInt8(random.below(256)) }
      for count in UInt32(0)...16 {
        var number: UInt64? = 0
        for place in (16 - Int(count))..<16 {
          let digit = text[place] &- UInt8(ascii: "0")
          number = digit > 9 ? nil : number.map { $0 * 10 + UInt64(digit) }
        }
        #expect(ccs_number(text, count) == number ?? .max, "\(text) \(count)")
        #expect(ccs_number_portable(text, count) == number ?? .max, "\(text) \(count)")
        let other = turn % 5 == 0 ? SIMD16(repeating: UInt8(random.below(256))) : SIMD16(repeating: UInt8(ascii: "7"))
        let otherCount = UInt32(random.below(17))
        for (first, second) in [((text, count), (other, otherCount)), ((other, otherCount), (text, count))] {
          let both = ccs_numbers(first.0, first.1, second.0, second.1)
          let portable = ccs_numbers_portable(first.0, first.1, second.0, second.1)
          let expected = (ccs_number_portable(first.0, first.1), ccs_number_portable(second.0, second.1))
          let areValid = expected.0 != .max && expected.1 != .max
          #expect(both.is_valid == areValid && portable.is_valid == areValid, "\(first) \(second)")
          guard areValid else { continue }
          #expect((both.first, both.second) == expected, "\(first) \(second)")
          #expect((portable.first, portable.second) == expected, "\(first) \(second)")
        }
      }
    }
  }
}
