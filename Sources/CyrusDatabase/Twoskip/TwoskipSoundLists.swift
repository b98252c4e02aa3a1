// Walking the lists of a sound file, in key order, many ranges of keys at the same time.
//
// A step along a list is a look at a place that nobody has looked at lately, and the next place is not known before: such
// a walk does nothing but wait for memory. The records of upper lists cut the keys into ranges. The walks of six of them
// take turns, each of which asks for what its next step needs and lets the others go on, so that six waits are one.
//
// A range begins with a RECORD that an upper list leads to. That list 0 gets there is proven by the range before, which
// ends with it; what each list has met and where it leads is compared where ranges meet. Whatever an upper list says is so
// proven or not used. Ranges can be walked by several threads.
//
// That no record is met twice needs no memory: keys ascend.
//
// This is the quick check: nobody has looked at the bytes before, and the checksum of each head is compared when the walk
// is there. A full check has better means (TwoskipSoundLog+Chain.swift).
//
// Surprise: nothing is ever found here, as in TwoskipSoundBytes.swift.

import CCyrusShim

/// What there is on the lists of some ranges of keys that follow each other.
struct TwoskipSoundLists {
  /// How many walks take turns: each asks for two lines of memory at a time. Twice as many have gained nothing.
  static let walksAtOnce = 6

  /// Ranges of keys by where they begin; each ends where the next one begins.
  struct Cuts {
    /// RECORDs in the order of the lists; first the entry that the list head leads to, last 0.
    var places: [UInt64]

    var rangeCount: Int { places.count - 1 }
  }

  var liveCount = 0
  /// DELETEs on list 0.
  var deletes: [Int] = []
  var keyByteCount = 0
  /// Pointers to upper lists.
  var upperPointerCount = 0
  /// Bytes of RECORDs on list 0.
  var recordByteCount = 0
  var links = TwoskipLinks()

  /// Walks ranges.
  ///
  /// - Parameters:
  ///   - ranges: Which ranges of `cuts`.
  ///   - end: The committed end.
  ///   - stepsMax: How many entries there are: more are a circle, or ranges that overlap.
  ///   - tick: Called now and then with the number of ranges that are done.
  /// - Returns: Nil if something is not as it should be.
  static func walk(
    _ ranges: Range<Int>, of cuts: Cuts, _ bytes: RawSpan, end: Int, stepsMax: Int,
    _ tick: ((Int) -> Void)? = nil
  ) -> TwoskipSoundLists? {
    var walks = TwoskipWalks(ranges, stepsMax: stepsMax)
    guard walks.run(ranges, cuts, bytes, UInt64(end), tick) else { return nil }
    return walks.seen(ranges.count)
  }
}

/// The walks that take turns.
private struct TwoskipWalks {
  /// One walk.
  struct Walk {
    /// Which range of those that are walked.
    var range: Int
    /// The entry to look at next, and where the range ends.
    var next: UInt64
    var end: UInt64
    /// The entry that is looked at.
    var place: UInt64 = 0
    /// Where the key of the last RECORD lies, and how long it is; none before the first one.
    var key = 0
    var keyByteCount = 0
    /// Whether a DELETE leads to the next entry.
    var isBehindDelete = false
  }

  private var stepsLeft: Int
  private var deletes: [Int] = []
  private var keyByteCount = 0
  private var upperPointerCount = 0
  private var liveCount = 0
  private var recordByteCount = 0
  /// By range and list, 32 each: the first record that was met, and where the last one leads.
  private var firsts: [UInt64]
  private var leads: [UInt64]

  init(_ ranges: Range<Int>, stepsMax: Int) {
    stepsLeft = stepsMax
    firsts = [UInt64](repeating: TwoskipLinks.unknown, count: 32 * ranges.count)
    leads = firsts
  }

  mutating func run(
    _ ranges: Range<Int>, _ cuts: TwoskipSoundLists.Cuts, _ bytes: RawSpan, _ end: UInt64,
    _ tick: ((Int) -> Void)?
  ) -> Bool {
    var walks: [Walk] = []
    var nextRange = ranges.lowerBound
    while walks.count < TwoskipSoundLists.walksAtOnce, nextRange < ranges.upperBound {
      walks.append(
        Walk(range: nextRange - ranges.lowerBound, next: cuts.places[nextRange], end: cuts.places[nextRange + 1]))
      nextRange += 1
    }
    while !walks.isEmpty {
      var index = 0
      while index < walks.count {
        if walks[index].next != walks[index].end {
          index += 1
          continue
        }
        guard finish(&walks[index], bytes) else { return false }
        tick?(nextRange - ranges.lowerBound)
        if nextRange < ranges.upperBound {
          walks[index] = Walk(
            range: nextRange - ranges.lowerBound, next: cuts.places[nextRange], end: cuts.places[nextRange + 1])
          nextRange += 1
          index += 1
        } else {
          walks.swapAt(index, walks.count - 1)
          walks.removeLast()
        }
      }
      stepsLeft -= walks.count
      guard stepsLeft >= 0 else { return false }
      var span = walks.mutableSpan
      // All walks ask for what comes next before any does its work: the processor waits for as much as it sees at a time.
      for index in span.indices {
        guard lookAhead(&span[index], bytes) else { return false }
      }
      for index in span.indices {
        guard step(&span[index], bytes, end) else { return false }
      }
    }
    return true
  }

  /// Ends a walk at the beginning of the next range.
  private mutating func finish(_ walk: inout Walk, _ bytes: RawSpan) -> Bool {
    guard walk.end != 0, walk.keyByteCount > 0 else { return true }
    guard let record = TwoskipRecord(usualAt: Int(walk.end), in: bytes, limit: bytes.byteCount) else { return false }
    return bytes.keysAscend(walk.key, walk.keyByteCount, record.tailOffset, record.keyByteCount)
  }

  /// Moves a walk to its next entry, which may not be one, and asks for the one behind it.
  @inline(__always)
  private func lookAhead(_ walk: inout Walk, _ bytes: RawSpan) -> Bool {
    let place = walk.next
    guard place <= UInt64(bytes.byteCount &- Twoskip.smallestRecord) else { return false }
    let offset = Int(truncatingIfNeeded: place)
    let first = bytes.bigEndian(UInt64.self, at: offset &+ 8)
    // What lies there in a DELETE is a checksum and four zeros.
    let second = bytes.bigEndian(UInt64.self, at: offset &+ 16)
    let isRecord = bytes.byte(at: offset) == TwoskipRecord.Kind.record.rawValue
    let next = isRecord ? max(first, second) : first
    walk.place = place
    walk.next = next
    let following = Int(truncatingIfNeeded: next & 0x7FFF_FFFF_FFFF_FFFF)
    let span = Span<UInt8>(_bytes: bytes)
    ccs_prefetch_line(span, following)
    ccs_prefetch_line(span, following &+ 64)
    return true
  }

  /// Checks the entry that a walk is at.
  @inline(__always)
  private mutating func step(_ walk: inout Walk, _ bytes: RawSpan, _ end: UInt64) -> Bool {
    let place = walk.place
    let offset = Int(truncatingIfNeeded: place)
    guard let record = soundHead(offset, bytes, end) else { return false }
    guard record.kind == .record else {
      // A DELETE leads to a RECORD or to the end.
      guard !walk.isBehindDelete else { return false }
      walk.isBehindDelete = true
      deletes.append(offset)
      return true
    }
    walk.isBehindDelete = false
    guard record.first < end, record.second < end else { return false }

    let (level, count, key) = (record.level, record.keyByteCount, record.tailOffset)
    if walk.keyByteCount > 0 {
      guard bytes.keysAscend(walk.key, walk.keyByteCount, key, count) else { return false }
    }
    walk.key = key
    walk.keyByteCount = count
    keyByteCount &+= count
    upperPointerCount &+= level &- 1
    liveCount &+= 1
    let row = walk.range &* 32
    var list = 1
    while list < level {
      if leads[row &+ list] != place {
        guard leads[row &+ list] == TwoskipLinks.unknown else { return false }
        firsts[row &+ list] = place
      }
      let next = record.pointer(list &+ 1, in: bytes)
      guard next & 7 == 0 else { return false }
      leads[row &+ list] = next
      list &+= 1
    }
    return true
  }

  /// The RECORD or DELETE of the usual shape that starts at a place, its head checksum right; nil if there is none.
  ///
  /// What it says is loaded once: whoever writes over a file in place may do so between two looks.
  ///
  /// - Parameter offset: Not beyond the bytes; else anything.
  @inline(__always)
  private mutating func soundHead(_ offset: Int, _ bytes: RawSpan, _ end: UInt64) -> TwoskipRecord? {
    let limit = Int(truncatingIfNeeded: end)
    guard offset & 7 == 0, offset >= Int(Twoskip.firstRecord) else { return nil }
    if let record = TwoskipRecord(usualAt: offset, in: bytes, limit: limit) {
      recordByteCount &+= record.end &- offset
      return record.headChecksum(in: bytes) == record.storedHeadChecksum(in: bytes) ? record : nil
    }
    // A type, no level and no lengths make the word.
    guard let record = TwoskipRecord(anyAt: offset, in: bytes, limit: limit), record.kind == .delete,
      bytes.bigEndian(UInt64.self, at: offset) << 8 == 0,
      record.headChecksum(in: bytes) == record.storedHeadChecksum(in: bytes)
    else { return nil }
    return record
  }

  /// What the walks have seen, joined where ranges meet; nil if they do not fit.
  consuming func seen(_ rangeCount: Int) -> TwoskipSoundLists? {
    var seen = TwoskipSoundLists()
    seen.liveCount = liveCount
    seen.deletes = deletes
    seen.keyByteCount = keyByteCount
    seen.upperPointerCount = upperPointerCount
    seen.recordByteCount = recordByteCount
    for range in 0..<rangeCount {
      var links = TwoskipLinks()
      for list in 1..<Twoskip.levels {
        links.firsts[list] = firsts[32 * range + list]
        links.leads[list] = leads[32 * range + list]
      }
      if range == 0 { seen.links = links } else if !seen.links.join(links) { return nil }
    }
    return seen
  }
}
