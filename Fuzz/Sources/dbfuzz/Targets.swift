// What is fuzzed. Each target takes any bytes; a trap, an overrun, an endless loop or a contradiction is a bug.

import TestSupport

@testable import CyrusDatabase

/// A part of the library, and how it is fed.
struct Target: Sendable {
  let name: String
  /// Says what is wrong; an empty list if nothing is.
  let run: @Sendable ([UInt8]) -> [String]

  static let all: [Target] = [
    Target(name: "detection") { bytes in
      let start = Array(bytes.prefix(Detection.byteCount))
      guard case .engine(.twoskip, let isCut) = Detection(start.rawSpan, fileByteCount: UInt64(bytes.count)) else {
        return []
      }
      let isMarked = start.starts(with: TwoskipEncoding.magic) || start.starts(with: [UInt8](repeating: 0, count: 64))
      return isMarked && isCut == (bytes.count < 336) ? [] : ["taken for twoskip, cut: \(isCut)"]
    },
    Target(name: "header") { bytes in
      guard let header = try? TwoskipHeader(of: bytes.rawSpan) else { return [] }
      typealias Field = TwoskipEncoding.HeaderField
      let isSame =
        header.currentSize == TwoskipSurgeon.get64(bytes, at: Field.currentSize)
        && header.generation == TwoskipSurgeon.get64(bytes, at: Field.generation)
        && header.checksum == testCRC32(bytes, in: 0..<Field.checksum)
      return isSame ? [] : ["not what was read: \(header)"]
    },
    Target(name: "record") { bytes in
      guard let record = try? TwoskipRecord(at: 0, in: bytes.rawSpan, limit: bytes.count) else { return [] }
      guard let piece = TwoskipSurgeon.piece(at: 0, in: bytes) else { return ["only we find a record"] }
      let isSame =
        record.end == piece.end && record.keyByteCount == piece.keyLength && record.tailOffset == piece.headLength
        && record.headChecksumOffset == piece.headChecksumOffset
      return isSame ? [] : ["other lengths: \(record), \(piece)"]
    },
    forged("cursor") { bytes, found in
      let walk = Walk(of: bytes)
      for pair in walk.pairs.prefix(3) { _ = Walk(of: bytes, from: pair.key) }
      found.require(walk.errors.count <= bytes.count / 8 + 1, "a listing without an end")
    },
    forged("verifier") { Examination(bytes: $0, keys: [[0x61]]).verifyAndRead(&$1) },
    forged("layout") { Examination(bytes: $0, keys: [[0x61]]).takeApart(&$1) },
    forged("salvage") { Examination(bytes: $0).salvage(&$1) },
    Target(name: "dlist") { Decoding.contradictions(inDList: $0) },
    Target(name: "entry") { bytes in
      // As `cyr_dbtool … show` prints a record.
      let tab = bytes.firstIndex(of: 0x09) ?? bytes.endIndex
      return Decoding.contradictions(inKey: Array(bytes[..<tab]), value: Array(bytes[tab...].dropFirst()))
    },
    Target(name: "name") { bytes in
      // A byte that chooses settings, and two names, one a line. No name comes near this length.
      let names = bytes.dropFirst().prefix(2000).split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
      let choice = Int(bytes.first ?? 0)
      return NameExamination(Array(names[0]), other: Array(names.last ?? []), choice: choice).contradictionsOfName
    },
    Target(name: "path") { bytes in
      NameExamination(Array(bytes.dropFirst().prefix(2000)), choice: Int(bytes.first ?? 0)).contradictionsOfPath
    },
    Target(name: "decode") { bytes in
      // Keys and values of these databases hold NUL and TAB, so the key's length comes first.
      let keyByteCount = min(Int(bytes.first ?? 0), max(0, bytes.count - 1))
      let record = bytes.dropFirst()
      return Decoding.contradictions(
        inRecord: Array(record.prefix(keyByteCount)), value: Array(record.dropFirst(keyByteCount)))
    },
    Target(name: "index") { IndexExamination.contradictions(in: $0) },
    Target(name: "synclog") { SyncLogExamination.contradictions(in: $0) },
    Target(name: "fleet") { FleetExamination.contradictions(in: $0) },
  ]

  /// A target that takes a whole file: as it is, and with right checksums, behind which hardly any input would get otherwise.
  private static func forged(
    _ name: String, _ check: @escaping @Sendable ([UInt8], inout Examination.Contradictions) -> Void
  ) -> Target {
    Target(name: name) { bytes in
      var found = Examination.Contradictions()
      check(bytes, &found)
      if let forged = withRightChecksums(bytes) { check(forged, &found) }
      return found.texts
    }
  }
}

/// The file with the checksums of its header and of all that looks like records set right; nil if it is too short.
func withRightChecksums(_ bytes: [UInt8]) -> [UInt8]? {
  guard bytes.count >= TwoskipEncoding.headerLength else { return nil }
  var bytes = bytes
  TwoskipSurgeon.fixHeaderChecksum(&bytes)
  for piece in TwoskipSurgeon.records(in: bytes) {
    TwoskipSurgeon.fixTailChecksum(&bytes, at: piece.offset)
    TwoskipSurgeon.fixHeadChecksum(&bytes, at: piece.offset)
  }
  return bytes
}
