// Made-up dlists, sound and spoiled, through the scanner and through a second reader.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@Suite struct DListPropertyTests {
  @Test(arguments: Seed.some(8))
  func `what is written in any form is read as it was`(_ seed: Seed) {
    for stream in 0..<80 {
      var writer = DListWriter(isAsCyrus: false, seed.generator(UInt64(stream)))
      let tree = writer.tree()
      writer.write(tree)
      #expect(scannedTree(writer.bytes) == tree, "\(stream): \(utf8(writer.bytes))")
      #expect(NaiveDListReader.read(writer.bytes) == tree, "\(stream): \(utf8(writer.bytes))")
      let unusual = events(writer.bytes, isStrict: true).filter { $0.hasPrefix("unusual ") }
      #expect(unusual.count == writer.unusualCount, "\(stream): \(unusual), \(utf8(writer.bytes))")
    }
  }

  @Test(arguments: Seed.some(8))
  func `a strict scan has nothing to say about what Cyrus writes`(_ seed: Seed) {
    for stream in 1000..<1080 {
      var writer = DListWriter(isAsCyrus: true, seed.generator(UInt64(stream)))
      writer.write(writer.tree())
      #expect(events(writer.bytes, isStrict: true) == events(writer.bytes), "\(stream): \(utf8(writer.bytes))")
    }
  }

  @Test(arguments: Seed.some(8))
  func `what is spoiled is read or refused as by the second reader`(_ seed: Seed) {
    var refusedCount = 0
    for stream in 2000..<2120 {
      var random = seed.generator(UInt64(stream))
      var writer = DListWriter(isAsCyrus: random.chance(1, in: 2), random)
      writer.write(writer.tree())
      var bytes = writer.bytes
      for _ in 0...random.below(3) { spoil(&bytes, &random) }
      if scannedTree(bytes) == nil { refusedCount += 1 }
      #expect(Decoding.contradictions(inDList: bytes) == [], "\(stream): \(utf8(bytes))")
    }
    #expect(refusedCount > 30)
    #expect(refusedCount < 120)
  }
}

/// Changes, inserts or removes a byte or some more, mostly such as mean something.
func spoil(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
  let odd = Array("()()  \"\\%{}+019NILTAH\r\n\u{0}".utf8)
  let place = random.below(bytes.count + 1)
  switch random.below(6) {
  case 0 where place < bytes.count: bytes[place] = odd[random.below(odd.count)]
  case 1: bytes.insert(odd[random.below(odd.count)], at: place)
  case 2 where place < bytes.count: bytes.remove(at: place)
  case 3: bytes.removeLast(min(random.below(4), bytes.count))
  case 4:
    let length = random.below(min(20, bytes.count) + 1)
    let from = random.below(bytes.count - length + 1)
    bytes.insert(contentsOf: bytes[from..<from + length], at: place)
  default:
    if place < bytes.count { bytes[place] ^= 1 << UInt8(random.below(8)) }
  }
}
