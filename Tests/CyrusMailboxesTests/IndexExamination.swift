// What must hold of any bytes that are taken for an index.
//
// Tests feed it with hostile bytes; the fuzzer, which has a link to this file, with anything.

import CyrusMailboxes
import TestSupport

@testable import CyrusDatabase

extension IndexHeader {
  /// The fields by the names of the second reader; times as the version stores them.
  var namedFields: [String: UInt64] {
    func time(_ time: IndexTime) -> UInt64 {
      version == 20 ? UInt64(time.seconds) * 1_000_000_000 + UInt64(time.nanoseconds) : UInt64(time.seconds)
    }
    let times: [String: IndexTime?] = [
      "lastAppendDate": lastAppendTime, "pop3LastLogin": pop3LastLogin, "firstExpunged": firstExpunged,
      "lastRepackTime": lastRepackTime, "recentTime": recentTime, "pop3ShowAfter": pop3ShowAfter,
      "changesEpoch": changesEpoch,
    ]
    let numbers: [String: UInt32?] = [
      "generation": generation, "format": format, "minorVersion": version, "startOffset": startOffset,
      "recordSize": recordByteCount, "numRecords": recordCount, "lastUid": lastUID, "uidvalidity": uidValidity,
      "deleted": deletedCount, "answered": answeredCount, "flagged": flaggedCount, "options": options.rawValue,
      "leakedCacheRecords": leakedCacheRecordCount, "exists": existsCount, "headerFileCrc": headerFileCRC,
      "syncCrcBasic": syncCRC, "recentUid": recentUID, "syncCrcAnnot": annotationSyncCRC, "unseen": unseenCount,
      "headerCrc": checksum,
    ]
    let wide: [String: UInt64?] = [
      "quotaMailboxUsed": quotaMailboxUsed, "highestmodseq": highestModseq, "deletedmodseq": deletedModseq,
      "quotaAnnotUsed": quotaAnnotationsUsed, "createdmodseq": createdModseq, "quotaDeletedUsed": quotaDeletedUsed,
      "quotaExpungedUsed": quotaExpungedUsed,
    ]
    var fields = wide.compactMapValues { $0 }
    fields.merge(numbers.compactMapValues { $0.map { UInt64($0) } }) { first, _ in first }
    fields.merge(times.compactMapValues { $0.map(time) }) { first, _ in first }
    return fields
  }
}

/// Bytes, read as an index.
enum IndexExamination {
  /// What contradicts itself or the second reader: of the bytes as they are, and with sizes and checksum set right.
  static func contradictions(in bytes: [UInt8]) -> [String] {
    examine(bytes) + examine(IndexFields.mended(bytes)).map { "mended: " + $0 }
  }

  private static func examine(_ bytes: [UInt8]) -> [String] {
    let expected = IndexFields.read(bytes)
    let header: IndexHeader
    do throws(IndexError) {
      header = try IndexHeader(of: bytes.rawSpan, fileByteCount: UInt64(bytes.count))
    } catch {
      var texts = expected.map { ["only the second reader takes it, for \($0): \(error)"] } ?? []
      if error.offset > 188 || error.description.isEmpty || error.expected == error.found {
        texts.append("strange error \(error)")
      }
      return texts
    }
    var texts: [String] = []
    if header.namedFields != expected {
      texts.append("\(header.namedFields), not \(expected.map { "\($0)" } ?? "refused")")
    }
    if header.fileByteCountMin > UInt64(bytes.count) { texts.append("its records do not fit: \(header)") }
    let start = Array(bytes.prefix(192))
    if (try? IndexHeader(of: start.rawSpan)) != header { texts.append("not the same from its start alone") }
    let state = MailboxIndexState(header)
    if !state.options.isSubset(of: .syncable) || IndexOptions(syncLetters: state.options.syncLetters) != state.options {
      texts.append("options \(state.options) of \(header.options)")
    }
    return texts
  }
}
