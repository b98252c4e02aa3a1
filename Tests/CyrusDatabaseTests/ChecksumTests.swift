// CRC-32: the fast way, zlib's and the test side's agree.

import CCyrusShim
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ChecksumTests {
  /// All but the reference. A processor without one of them takes the next one in its place.
  private let ways = [ccs_crc32, ccs_crc32_wide, ccs_crc32_narrow, ccs_crc32_folding, ccs_crc32_by_table]

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
          let right = ccs_crc32_reference(start + alignment, length)
          for way in ways where way(start + alignment, length) != right {
            Issue.record("\(length) bytes at alignment \(alignment)")
          }
        }
      }
    }
  }

  /// Parts of the lengths, so that they run beside each other.
  @Test(arguments: 0..<4)
  func `two at once are what they are one by one`(_ part: Int) {
    var random = SplitMix64(seed: 100 + UInt64(part))
    let bytes = random.bytes(700)
    bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      // All lengths of heads and tails, and some that are not whole words.
      for first in stride(from: 8 * part, through: 320, by: 32) {
        for second in stride(from: 0, through: 320, by: 8) {
          for odd in [0, 3] {
            let count = first + odd + 8 + second
            let right =
              UInt64(ccs_crc32_reference(start, first + odd)) << 32
              | UInt64(ccs_crc32_reference(start + first + odd + 8, second))
            for way in [ccs_crc32_of_both, ccs_crc32_of_both_wide, ccs_crc32_of_both_narrow]
            where way(start, count, first + odd, first + odd + 8) != right {
              Issue.record("\(first + odd) and \(second) bytes")
            }
          }
        }
      }
    }
  }

  @Test func `nothing before the first byte and behind the last is looked at`() throws {
    // Both lie in pages that nobody may read.
    let page = sysconf(Int32(_SC_PAGESIZE))
    let pages = try #require(mmap(nil, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(pages, 3 * page) }
    #expect(mprotect(pages + page, page, PROT_READ | PROT_WRITE) == 0)
    let start = (pages + page).assumingMemoryBound(to: UInt8.self)
    for length in 0...300 {
      #expect(ccs_crc32(start, length) == ccs_crc32_reference(start, length))
      let last = start + page - length
      #expect(ccs_crc32(last, length) == ccs_crc32_reference(last, length))
      let both = UInt64(ccs_crc32_reference(start, 24)) << 32
      #expect(ccs_crc32_of_both(start, 24, 24, 24) == both)
      #expect(ccs_crc32_wide(last, length) == ccs_crc32_reference(last, length))
      #expect(ccs_crc32_narrow(last, length) == ccs_crc32_reference(last, length))
      #expect(ccs_crc32_narrow(start, length) == ccs_crc32_reference(start, length))
      #expect(ccs_crc32_by_table(last, length) == ccs_crc32_reference(last, length))
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
