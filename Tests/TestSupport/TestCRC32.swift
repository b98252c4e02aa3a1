// CRC-32 for the writers of the tests: reflected, polynomial 0x04C11DB7, as zlib and PNG use it.
//
// Plain tables, made here. The reader under test has another implementation; that the two agree
// is a test, not an assumption.

/// 16 tables of 256 entries one after the other. Entry `b` of table `t` is the effect of byte `b`
/// when `t` more bytes follow it.
private let crcTables: [UInt32] = {
  var tables = [UInt32](repeating: 0, count: 16 * 256)
  for byte in 0..<256 {
    var remainder = UInt32(byte)
    for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
    tables[byte] = remainder
  }
  for entry in 256..<tables.count {
    let shorter = tables[entry - 256]
    tables[entry] = shorter >> 8 ^ tables[Int(shorter & 0xFF)]
  }
  return tables
}()

/// CRC-32 of a sequence of bytes, one byte at a time.
///
/// `testCRC32("123456789".utf8)` is 0xCBF43926; no bytes give 0.
public func testCRC32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  let tables = crcTables
  var crc: UInt32 = 0xFFFF_FFFF
  for byte in bytes { crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
  return ~crc
}

/// CRC-32 of `bytes[range]`, 16 bytes a step.
///
/// - Precondition: `range` lies within `bytes`.
public func testCRC32(_ bytes: [UInt8], in range: Range<Int>) -> UInt32 {
  precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
  return unsafe bytes.withUnsafeBytes { buffer in
    unsafe testCRC32(UnsafeRawBufferPointer(rebasing: buffer[range]))
  }
}

/// CRC-32 of a buffer, 16 bytes a step.
func testCRC32(_ buffer: UnsafeRawBufferPointer) -> UInt32 {
  unsafe crcTables.withUnsafeBufferPointer { tables in
    var crc: UInt32 = 0xFFFF_FFFF
    var position = 0
    while buffer.count - position >= 16 {
      // Word 0 takes in the remainder so far; its bytes have the most bytes after them.
      var sum: UInt32 = 0
      for word in 0..<4 {
        let raw = unsafe buffer.loadUnaligned(fromByteOffset: position + 4 * word, as: UInt32.self)
        let bits = UInt32(littleEndian: raw) ^ (word == 0 ? crc : 0)
        let table = (15 - 4 * word) * 256
        unsafe sum ^= tables[table + Int(bits & 0xFF)]
        unsafe sum ^= tables[table - 256 + Int(bits >> 8 & 0xFF)]
        unsafe sum ^= tables[table - 512 + Int(bits >> 16 & 0xFF)]
        unsafe sum ^= tables[table - 768 + Int(bits >> 24)]
      }
      crc = sum
      position += 16
    }
    while position < buffer.count {
      let byte = unsafe buffer[position]
      crc = unsafe crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
      position += 1
    }
    return ~crc
  }
}
