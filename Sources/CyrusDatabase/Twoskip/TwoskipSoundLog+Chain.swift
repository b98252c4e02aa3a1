// Following list 0 of a sound file: step a of TwoskipSoundLog.swift.
//
// Where it goes on behind each RECORD and DELETE was kept when the bytes passed by. So a step is a look at two small tables,
// not at the file. The records of upper lists cut the list into ranges, of which sixteen are followed in turn: a step along
// a list waits for the one before, and sixteen waits are one.
//
// A range begins with a RECORD that an upper list leads to. That list 0 gets there is proven by the range before, which ends
// with it. Whatever an upper list says is so proven or not used.
//
// Then live records have their ranks, and it is known for all of them where they lie. Only now their keys are looked at,
// which must ascend, and their pointers to upper lists: in the order of list 0, fetched long before they are needed. That
// no record was met twice needs no memory: keys ascend.

import CCyrusShim

/// What there is on some ranges of list 0 that follow each other.
private struct Chain {
  /// How many ranges are followed in turn.
  static let walksAtOnce = 16
  /// RECORDs are listed in pieces of so many.
  static let pieceCount = 256

  /// By piece the one that goes on.
  var nextPiece: [Int] = []
  /// By range: its first piece, and how many records it has.
  var firstPiece: [Int]
  var counts: [Int]
  var liveCount = 0
  var deleteCount = 0

  init(rangeCount: Int) {
    firstPiece = [Int](repeating: -1, count: rangeCount)
    counts = [Int](repeating: 0, count: rangeCount)
  }
}

/// A range that is followed.
private struct Walk {
  /// Which of those that are followed.
  var range: Int
  /// The entry to look at next, and where the range ends.
  var next: UInt64
  let end: UInt64
  var number = 0
  /// Whether the next entry must be a RECORD: a DELETE leads there, or an upper list.
  var needsRecord: Bool
  /// Where the next RECORD is listed, and where the room for that ends.
  var room = 0
  var roomEnd = 0
}

/// What the records of list 0 have.
struct TwoskipOrderedLists {
  var keyByteCount = 0
  /// Pointers to upper lists.
  var upperPointerCount = 0
  /// Of upper lists.
  var links = TwoskipLinks()
}

extension TwoskipSoundLog {
  /// Follows list 0; then live records have their ranks, unless there are more than there are RECORDs.
  ///
  /// - Parameters:
  ///   - first: What the list head leads to.
  ///   - cuts: Some RECORDs in the order of the lists; hints.
  ///   - recordCount: How many RECORDs there are.
  ///   - bytes: The file.
  /// - Returns: The number of DELETEs on list 0; nil if it is not sound.
  mutating func rank(from first: UInt64, _ cuts: [UInt64], recordCount: Int, in bytes: RawSpan) -> Int? {
    count(in: bytes)
    let cuts = [first] + cuts.drop { $0 == first } + [0]
    let rangeCount = cuts.count - 1
    let threads = min(threads, rangeCount)
    let room = (codes.count / Chain.pieceCount + rangeCount + 1) * Chain.pieceCount
    // Only what is used of it is taken.
    guard let listed = LargeTable<UInt64>(count: threads * room) else { return nil }
    let found = bytes.atOnce(threads) { _, thread in
      follow(
        rangeCount * thread / threads..<rangeCount * (thread + 1) / threads, cuts, listed, from: thread * room)
    }
    var chains: [Chain] = []
    var ranks = [0]
    var deleteCount = 0
    for chain in found {
      guard let chain else { return nil }
      chains.append(chain)
      ranks.append(ranks[ranks.count - 1] + chain.liveCount)
      deleteCount += chain.deleteCount
    }
    liveCount = ranks[ranks.count - 1]
    guard liveCount <= recordCount else { return nil }
    _ = bytes.atOnce(threads) { _, thread in rank(chains[thread], listed, from: ranks[thread], thread * room) }
    return deleteCount
  }

  // MARK: - Ranges

  /// Follows ranges.
  ///
  /// - Parameters:
  ///   - ranges: Which ranges, each between two of `cuts`.
  ///   - listed: Takes RECORDs from `room` on: where they start, in words of eight bytes, above their numbers.
  private func follow(
    _ ranges: Range<Int>, _ cuts: [UInt64], _ listed: borrowing LargeTable<UInt64>, from room: Int
  ) -> Chain? {
    var chain = Chain(rangeCount: ranges.count)
    var walks: [Walk] = []
    var nextRange = ranges.lowerBound
    // More entries than there are make a circle.
    var stepsLeft = codes.count
    func walk() -> Walk {
      let walk = Walk(
        range: nextRange - ranges.lowerBound, next: cuts[nextRange], end: cuts[nextRange + 1],
        needsRecord: nextRange > 0)
      facts.places.prefetch(walk.next)
      nextRange += 1
      return walk
    }
    while walks.count < Chain.walksAtOnce, nextRange < ranges.upperBound { walks.append(walk()) }
    while !walks.isEmpty {
      var index = 0
      while index < walks.count {
        if walks[index].next != walks[index].end {
          index += 1
        } else if nextRange < ranges.upperBound {
          walks[index] = walk()
        } else {
          walks.swapAt(index, walks.count - 1)
          walks.removeLast()
        }
      }
      stepsLeft -= walks.count
      guard stepsLeft >= 0 else { return nil }
      var span = walks.mutableSpan
      // All walks ask for what they need next before any goes on.
      for index in span.indices {
        guard let number = facts.places.number(of: span[index].next) else { return nil }
        span[index].number = number
        facts.nexts.prefetch(number)
      }
      for index in span.indices {
        guard step(&span[index], &chain, listed, room) else { return nil }
      }
    }
    return chain
  }

  @inline(__always)
  private func step(
    _ walk: inout Walk, _ chain: inout Chain, _ listed: borrowing LargeTable<UInt64>, _ room: Int
  ) -> Bool {
    let next = TwoskipNext(word: facts.nexts[walk.number])
    if next.isOfDelete {
      guard !walk.needsRecord else { return false }
      walk.needsRecord = true
      chain.deleteCount &+= 1
    } else {
      walk.needsRecord = false
      if walk.room == walk.roomEnd { takePiece(&walk, &chain, room) }
      listed[walk.room] = walk.next &<< 29 | UInt64(UInt32(truncatingIfNeeded: walk.number))
      walk.room &+= 1
    }
    walk.next = next.place
    facts.places.prefetch(next.place)
    if next.place == walk.end { finish(walk, &chain) }
    return true
  }

  @inline(never)
  private func takePiece(_ walk: inout Walk, _ chain: inout Chain, _ room: Int) {
    let piece = chain.nextPiece.count
    if walk.roomEnd == 0 {
      chain.firstPiece[walk.range] = piece
    } else {
      chain.nextPiece[(walk.roomEnd - room) / Chain.pieceCount - 1] = piece
      chain.counts[walk.range] += Chain.pieceCount
    }
    chain.nextPiece.append(-1)
    walk.room = room + piece * Chain.pieceCount
    walk.roomEnd = walk.room + Chain.pieceCount
  }

  @inline(never)
  private func finish(_ walk: Walk, _ chain: inout Chain) {
    if walk.roomEnd > 0 { chain.counts[walk.range] += Chain.pieceCount - (walk.roomEnd - walk.room) }
    chain.liveCount += chain.counts[walk.range]
  }

  /// Gives RECORDs their ranks.
  private func rank(_ chain: Chain, _ listed: borrowing LargeTable<UInt64>, from first: Int, _ room: Int) {
    var rank = first
    for range in chain.counts.indices {
      var piece = chain.firstPiece[range]
      var left = chain.counts[range]
      while left > 0 {
        let start = room + piece * Chain.pieceCount
        let end = start + min(left, Chain.pieceCount)
        for place in start..<end {
          // Behind the piece is another one, of whatever range.
          if place &+ 24 < listed.count {
            codes.prefetch(Int(truncatingIfNeeded: UInt32(truncatingIfNeeded: listed[place &+ 24])))
          }
          live[rank] = UInt32(truncatingIfNeeded: listed[place] &>> 32)
          codes[Int(truncatingIfNeeded: UInt32(truncatingIfNeeded: listed[place]))] = TwoskipKeyCode.live(rank).word
          rank &+= 1
        }
        left -= Chain.pieceCount
        piece = chain.nextPiece[piece]
      }
    }
  }

  // MARK: - Keys and pointers in the order of list 0

  /// Looks at live records, which have their ranks.
  ///
  /// - Returns: What they have; nil if their keys do not ascend, or lists do not lead from each to the next on them.
  func ordered(in bytes: RawSpan) -> TwoskipOrderedLists? {
    let found = bytes.atOnce(threads) { bytes, thread in
      ordered(liveCount * thread / threads..<liveCount * (thread + 1) / threads, bytes)
    }
    var all = TwoskipOrderedLists()
    for lists in found {
      guard let lists, all.links.join(lists.links) else { return nil }
      all.keyByteCount += lists.keyByteCount
      all.upperPointerCount += lists.upperPointerCount
    }
    return all
  }

  /// How many records ahead heads and keys are fetched.
  private static let lead = 16

  private func ordered(_ ranks: Range<Int>, _ bytes: RawSpan) -> TwoskipOrderedLists? {
    var lists = TwoskipOrderedLists()
    var firsts = lists.links.firsts.mutableSpan
    var leads = lists.links.leads.mutableSpan
    var keyByteCount = 0
    var upperPointerCount = 0
    var last = (place: 0, byteCount: 0)
    if ranks.lowerBound > 0 { last = bytes.keyOfRecord(Int(live[ranks.lowerBound - 1]) << 3) }
    let span = Span<UInt8>(_bytes: bytes)
    for rank in ranks {
      // The second line is asked for once the processor knows where the page is: it looks up few at a time.
      if rank &+ 2 &* Self.lead < liveCount { ccs_prefetch_line(span, Int(live[rank &+ 2 &* Self.lead]) &<< 3) }
      if rank &+ Self.lead < liveCount { ccs_prefetch_line(span, Int(live[rank &+ Self.lead]) &<< 3 &+ 64) }
      let place = Int(live[rank]) &<< 3
      let key = bytes.keyOfRecord(place)
      guard bytes.keysAscend(last.place, last.byteCount, key.place, key.byteCount) else { return nil }
      last = key
      keyByteCount &+= key.byteCount
      let level = (key.place &- place) &>> 3 &- 3
      upperPointerCount &+= level &- 1
      var list = 1
      while list < min(level, Twoskip.levels) {
        if leads[list] != UInt64(place) {
          guard leads[list] == TwoskipLinks.unknown else { return nil }
          firsts[list] = UInt64(place)
        }
        let next = bytes.bigEndian(UInt64.self, at: place &+ 16 &+ 8 &* list)
        guard next & 7 == 0 else { return nil }
        leads[list] = next
        list &+= 1
      }
    }
    lists.keyByteCount = keyByteCount
    lists.upperPointerCount = upperPointerCount
    return lists
  }
}
