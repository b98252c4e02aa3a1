// CRC-32: the fast way, zlib's and the test side's agree.

import CCyrusShim
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ChecksumTests {
  @Test func `known values`() {
    #expect(utf8("123456789").rawSpan.crc32 == 0xCBF4_3926)
    #expect([UInt8]().rawSpan.crc32 == 0)
    #expect([0].rawSpan.crc32 == 0xD202_EF8D)
    #expect([UInt8](repeating: 0xFF, count: 32).rawSpan.crc32 == 0xFF6C_AB0B)
    #expect(testCRC32("123456789".utf8) == 0xCBF4_3926)
  }

  /// Parts of the lengths, so that they run beside each other.
  @Test(arguments: 0..<8)
  func `the fast way gives what zlib gives, for all lengths and alignments`(_ part: Int) {
    let alignments = 16
    var random = SplitMix64(seed: UInt64(part))
    let bytes = random.bytes(4096 + alignments)
    bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      for length in stride(from: part, through: 4096, by: 8) {
        for alignment in 0..<alignments {
          let fast = ccs_crc32(start + alignment, length)
          if fast != ccs_crc32_reference(start + alignment, length) {
            Issue.record("\(length) bytes at alignment \(alignment)")
          }
        }
      }
    }
  }

  @Test func `the test side's own implementation gives the same`() {
    var random = SplitMix64(seed: 9)
    for length in 0...700 {
      let bytes = random.bytes(length)
      #expect(bytes.rawSpan.crc32 == testCRC32(bytes))
      #expect(bytes.rawSpan.crc32 == testCRC32(bytes, in: 0..<length))
    }
  }

  @Test func `every flipped bit changes it`() {
    var random = SplitMix64(seed: 3)
    for length in [1, 3, 4, 15, 16, 17, 64, 111, 112, 176, 300] {
      var bytes = random.bytes(length)
      let right = bytes.rawSpan.crc32
      for bit in 0..<8 * length {
        bytes[bit / 8] ^= 1 << (bit % 8)
        #expect(bytes.rawSpan.crc32 != right)
        bytes[bit / 8] ^= 1 << (bit % 8)
      }
    }
  }
}
