// Lists that lead around a record, which says that it leads to a place where nothing can be: no check is fooled by it, and
// all ways of checking say the same.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct LedAroundTests {
  /// What no record has for a pointer: a place between words, behind any file, or what stands for "not met yet".
  private static let nowhere: [UInt64] = [.max, 1, .max - 7, TwoskipLinks.unknown]

  private func expectUnsound(_ bytes: [UInt8], _ what: String) {
    for depth in [VerificationDepth.full, .quick] {
      let careful = TwoskipVerifier.report(on: bytes.rawSpan, depth: depth, allowsOnePass: false)
      // A quick check does not look at dead records.
      #expect(depth == .quick || !careful.findings.isEmpty, "\(what)")
      for threads in 1...3 {
        let found = TwoskipVerifier.report(on: bytes.rawSpan, depth: depth, threads: threads)
        #expect(found == careful, "\(what), \(depth), \(threads) threads: \(found.findings)\n\(careful.findings)")
      }
    }
  }

  private func lead(_ piece: TwoskipSurgeon.Piece, on list: Int, to target: UInt64, in bytes: inout [UInt8]) {
    TwoskipSurgeon.setPointer(piece, list == 0 ? 0 : list + 1, to: target, in: &bytes)
    if list == 0 { TwoskipSurgeon.setPointer(piece, 1, to: 0, in: &bytes) }
  }

  /// Where a record leads on a list.
  private func next(_ piece: TwoskipSurgeon.Piece, on list: Int, in bytes: [UInt8]) -> UInt64 {
    if list > 0 { return TwoskipSurgeon.pointer(piece, list + 1, in: bytes) }
    return max(TwoskipSurgeon.pointer(piece, 0, in: bytes), TwoskipSurgeon.pointer(piece, 1, in: bytes))
  }

  /// Some records, as a repack leaves them or with a past.
  private static func file(_ count: Int, hasPast: Bool) -> [UInt8] {
    var builder = TwoskipBuilder(seed: 3)
    builder.begin()
    for index in 0..<count { builder.set(utf8("k\(index)"), utf8("v")) }
    builder.commit()
    if hasPast {
      builder.begin()
      builder.delete(utf8("k0"))
      builder.set(utf8("k1"), utf8("w"))
      builder.commit()
    } else {
      builder.repack()
    }
    return builder.bytes
  }

  @Test(arguments: [false, true]) func `a record that lists lead around`(hasPast: Bool) {
    let original = Self.file(8, hasPast: hasPast)
    let holders = TwoskipSurgeon.records(in: original).filter { $0.level > 0 }
    var count = 0
    for piece in holders where piece.type == .record {
      // On one list, or on all.
      for lists in (1..<piece.level).map({ $0..<$0 + 1 }) + [0..<piece.level] {
        for nowhere in Self.nowhere {
          var bytes = original
          for list in lists {
            for holder in holders
            where holder.level > list && next(holder, on: list, in: original) == UInt64(piece.offset) {
              lead(holder, on: list, to: next(piece, on: list, in: original), in: &bytes)
            }
            lead(piece, on: list, to: nowhere, in: &bytes)
          }
          expectUnsound(bytes, "past \(hasPast), record at \(piece.offset), lists \(lists), \(nowhere)")
          count += 1
        }
      }
    }
    #expect(count > 30)
  }

  @Test(arguments: [false, true]) func `a list head that leads nowhere`(hasPast: Bool) {
    let original = Self.file(8, hasPast: hasPast)
    let head = TwoskipSurgeon.records(in: original)[0]
    for list in 0..<Twoskip.levels {
      for nowhere in Self.nowhere {
        var bytes = original
        lead(head, on: list, to: nowhere, in: &bytes)
        expectUnsound(bytes, "past \(hasPast), list \(list), \(nowhere)")
      }
    }
  }

  @Test func `the only record, on no list`() {
    for nowhere in Self.nowhere {
      var bytes = BulkTwoskipFile(seed: 1).bytes(of: [TwoskipPair(utf8("key"), utf8("value"))])
      let pieces = TwoskipSurgeon.records(in: bytes)
      for list in 0..<pieces[1].level {
        lead(pieces[0], on: list, to: 0, in: &bytes)
        lead(pieces[1], on: list, to: nowhere, in: &bytes)
      }
      expectUnsound(bytes, "\(nowhere)")
    }
  }
}
