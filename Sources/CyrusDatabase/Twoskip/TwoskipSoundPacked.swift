// Looking at the bytes of a sound repacked file: its RECORDs lie in the order of their keys, and each list leads to what
// comes next on it.
//
// So one pass over the bytes proves the lists, too, and nothing but where each of them leads is kept. What is asked of a
// record is asked without a decision that differs from one to the next: on how many lists it is, and how much its key has
// in common with the one before, nobody can foresee, and a processor that guesses wrong begins anew.

import CCyrusShim

extension TwoskipSoundBytes {
  /// Looks at all bytes of a part of a repacked file.
  ///
  /// - Returns: Whether all is as it should be.
  mutating func lookAtPacked(_ bytes: RawSpan, _ rules: Rules, _ tick: ((Int) -> Void)?) -> Bool {
    look(bytes, rules, tick) { bytes, walk, stop, limit in
      Self.pass(bytes, &walk, upTo: stop, limit: limit, isQuick: false)
    }
  }

  /// Looks at the heads and keys of a part of a repacked file.
  ///
  /// - Returns: Whether all is as it should be.
  mutating func lookAtPackedHeads(_ bytes: RawSpan, _ rules: Rules, _ tick: ((Int) -> Void)?) -> Bool {
    look(bytes, rules, tick) { bytes, walk, stop, limit in
      Self.pass(bytes, &walk, upTo: stop, limit: limit, isQuick: true)
    }
  }

  private mutating func look(
    _ bytes: RawSpan, _ rules: Rules, _ tick: ((Int) -> Void)?,
    _ pass: (RawSpan, inout TwoskipPackedWalk, Int, Int) -> Bool
  ) -> Bool {
    let limit = range.upperBound
    var walk = TwoskipPackedWalk(offset: range.lowerBound, lastKey: range.lowerBound)
    while walk.offset < limit {
      tick?(walk.offset)
      // What begins in the repacked region is counted at its end.
      let step = walk.offset + TwoskipVerifier.progressStep
      let stop = min(limit, step, walk.offset < rules.packedEnd ? rules.packedEnd : limit)
      while walk.offset < stop {
        let count = walk.count
        guard pass(bytes, &walk, stop, limit) else { return false }
        if walk.count != count { hasOpenRecords = true }
        guard walk.offset < stop else { break }
        guard let other = passOther(at: walk.offset, bytes, rules) else { return false }
        walk.offset = other.end
      }
      if stop <= rules.packedEnd {
        packedCount = walk.count
        packedByteCount = walk.recordByteCount
      }
    }
    links = walk.links
    first = walk.count > 0 ? Int(links.firsts[0]) : 0
    last = walk.last
    // Words, pointers and checksums of RECORDs.
    let headByteCount = 24 * walk.count + 8 * walk.levels
    blanks += walk.blankByteCount
    heads += headByteCount
    tails = walk.recordByteCount - headByteCount
    recordCount = walk.count
    paddingByteCount = tails - walk.keyByteCount - walk.valueByteCount
    keyByteCount = walk.keyByteCount
    upperPointerCount = walk.levels - walk.count
    return walk.offset == limit
  }

  /// Goes on to the first thing that is neither a RECORD of the usual shape nor a BLANK, or lies at `stop` or behind it.
  ///
  /// - Parameter limit: Where records must have ended.
  /// - Returns: Whether all was as it should be.
  // All that is counted is kept in variables of its own while the records are passed.
  @inline(__always)
  private static func pass(
    _ bytes: RawSpan, _ walk: inout TwoskipPackedWalk, upTo stop: Int, limit: Int, isQuick: Bool
  ) -> Bool {
    var links = walk.links
    var offset = walk.offset, last = walk.last, lastKey = walk.lastKey, lastKeyByteCount = walk.lastKeyByteCount
    var count = 0, levels = 0, keyByteCount = 0, valueByteCount = 0, blankByteCount = 0
    var isSound = true
    // Words of so many lists are looked at, whether a record is on them or not. A file ends with a COMMIT.
    let stop = min(stop, bytes.byteCount &- 47)
    while offset < stop {
      bytes.prefetch(at: offset &+ lead)
      let word = bytes.uncheckedWord(at: offset)
      let record = TwoskipRecord(
        usualAt: offset, word, bytes.uncheckedWord(at: offset &+ 8), bytes.uncheckedWord(at: offset &+ 16))
      // A RECORD, and on 1 to 31 lists.
      guard (word >> 48) &- 0x2B01 < 31, record.hasUsualLengths, record.end <= limit else {
        guard word == Twoskip.blank else { break }
        // One head out of ten or so comes behind BLANKs, so that it lies within a block.
        blankByteCount &+= 8
        offset &+= 8
        continue
      }
      let end = record.end
      let key = record.tailOffset
      let keyCount = record.keyByteCount
      let unused = end &- key &- keyCount &- record.valueByteCount
      // The last bytes of a value need not be near in a quick check. The record lies within the bytes, and has a tail.
      let padding: UInt64 = (1 &<< UInt64(truncatingIfNeeded: 8 &* unused)) &- 1
      let rest = isQuick ? 0 : bytes.uncheckedWord(at: end &- 8) & padding
      // A head that straddles a block is one of an old release.
      guard rest == 0, (offset &+ 8) & 511 <= (key &- 8) & 511, record.first == 0 || record.second == 0,
        bytes.keysAscend(lastKey, lastKeyByteCount, key, keyCount),
        links.pass(at: offset, level: record.level, next: record.first | record.second, bytes)
      else {
        isSound = false
        break
      }
      let isAsStored =
        isQuick
        ? record.headChecksum(in: bytes) == record.storedHeadChecksum(in: bytes) : record.hasSoundChecksums(in: bytes)
      guard isAsStored else {
        isSound = false
        break
      }
      count &+= 1
      levels &+= record.level
      keyByteCount &+= keyCount
      valueByteCount &+= record.valueByteCount
      lastKey = key
      lastKeyByteCount = keyCount
      last = offset
      offset = end
    }
    walk.recordByteCount += offset - walk.offset - blankByteCount
    walk.blankByteCount += blankByteCount
    walk.offset = offset
    walk.last = last
    walk.lastKey = lastKey
    walk.lastKeyByteCount = lastKeyByteCount
    walk.links = links
    walk.count += count
    walk.levels += levels
    walk.keyByteCount += keyByteCount
    walk.valueByteCount += valueByteCount
    return isSound
  }
}

/// What was met on the way through a repacked file.
private struct TwoskipPackedWalk {
  /// Where the next thing starts.
  var offset: Int
  /// Where the last RECORD starts, where its key lies, and how long that is: 0 before the first one.
  var last = 0
  var lastKey: Int
  var lastKeyByteCount = 0
  var links = TwoskipLinks()

  /// RECORDs, and their levels, all added up.
  var count = 0
  var levels = 0
  var keyByteCount = 0
  var valueByteCount = 0
  var recordByteCount = 0
  var blankByteCount = 0
}
