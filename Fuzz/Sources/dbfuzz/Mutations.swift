// A sound file, changed in a known way.

import TestSupport

/// What was done to a file.
enum Mutation: String, CaseIterable {
  /// Bytes below the committed end have other values. Checksums stay as they were.
  case flipped
  /// The file ends sooner.
  case cut
  /// A part of the file, or of another file, stands in another place.
  case spliced
  /// A pointer, a length, a level or a field of the header says something else, and the checksums are right.
  case forged
  /// Several of these.
  case mixed

  /// Changes a file.
  ///
  /// - Parameter others: Where the parts for splices come from.
  func apply(to bytes: inout [UInt8], others: [[UInt8]], _ random: inout SplitMix64) {
    switch self {
    case .flipped:
      // Another value each time, and never twice at one place.
      var places: Set<Int> = []
      for _ in 0...random.below(4) { places.insert(random.below(bytes.count)) }
      for place in places { bytes[place] ^= UInt8(1 + random.below(255)) }
    case .cut: bytes.removeLast(1 + random.below(bytes.count - 1))
    case .spliced:
      let other = random.chance(1, in: 2) ? bytes : others[random.below(others.count)]
      // Mostly at the borders of words, where parts fit.
      let unit = random.chance(3, in: 4) ? 8 : 1
      let count = min(unit * (1 + random.below(20)), min(other.count, bytes.count))
      let from = random.below(other.count - count + 1) / unit * unit
      let to = random.below(bytes.count - count + 1) / unit * unit
      bytes.replaceSubrange(to..<to + count, with: other[from..<from + count])
    case .forged: Self.forge(&bytes, &random)
    case .mixed:
      for _ in 0...random.below(4) {
        let mutation = [Mutation.flipped, .cut, .spliced, .forged, .forged][random.below(5)]
        if bytes.count > 400 { mutation.apply(to: &bytes, others: others, &random) }
      }
      if random.chance(1, in: 2), let forged = withRightChecksums(bytes) { bytes = forged }
    }
  }

  private static func forge(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let pieces = TwoskipSurgeon.records(in: bytes)
    guard let piece = pieces.isEmpty ? nil : pieces[random.below(pieces.count)] else { return }
    let targets = pieces.map { UInt64($0.offset) } + [0, 8, 64, UInt64(bytes.count), 1 << 63, .max, .max - 7]
    let target = targets[random.below(targets.count)]
    switch random.below(6) {
    case 0...2:
      let index = random.chance(1, in: 2) ? random.below(min(2, piece.level + 1)) : random.below(piece.level + 1)
      TwoskipSurgeon.setPointer(piece, index, to: target, in: &bytes)
    case 3:
      let field = [24, 32, 40, 48][random.below(4)]
      let old = TwoskipSurgeon.get64(bytes, at: field)
      let numbers = [target, old &+ 1, old &- 1, old &+ 8, old &- 8, random.next() >> random.below(64)]
      TwoskipSurgeon.setHeader64(field, to: numbers[random.below(numbers.count)], in: &bytes)
    case 4:
      // Type, level, and the lengths, which then may ask for words that are not there.
      let field = random.below(8)
      bytes[piece.offset + field] = [0, 1, 31, 32, 0xFF, 0x2B, 0x2D, 0x24, 0x3D][random.below(9)]
      bytes = withRightChecksums(bytes) ?? bytes
    default:
      guard piece.tailLength > 0 else { return }
      bytes[piece.end - 1 - random.below(piece.tailLength)] = UInt8(random.below(256))
      TwoskipSurgeon.fixTailChecksum(&bytes, at: piece.offset)
    }
  }
}

/// Whether some checksum is wrong or some byte below the committed end belongs to nothing, judged without the library.
func isVisiblyBroken(_ bytes: [UInt8]) -> Bool {
  typealias Field = TwoskipEncoding.HeaderField
  guard bytes.count >= 336, bytes.starts(with: TwoskipEncoding.magic),
    TwoskipSurgeon.get32(bytes, at: Field.checksum) == testCRC32(bytes, in: 0..<Field.checksum),
    let end = Int(exactly: TwoskipSurgeon.get64(bytes, at: Field.currentSize)), end <= bytes.count
  else { return true }
  let pieces = TwoskipSurgeon.pieces(in: bytes, upTo: end)
  guard pieces.last?.end == end else { return true }
  return pieces.contains { piece in
    guard piece.type != .blank else { return false }
    let tail = piece.offset + piece.headLength..<piece.end
    return TwoskipSurgeon.get32(bytes, at: piece.headChecksumOffset)
      != testCRC32(bytes, in: piece.offset..<piece.headChecksumOffset)
      || TwoskipSurgeon.get32(bytes, at: piece.tailChecksumOffset) != testCRC32(bytes, in: tail)
  }
}
