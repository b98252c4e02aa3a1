// Where the keys that no live record has belong among those that live ones have: step d of TwoskipSoundLog.swift.
//
// They are few, one for each DELETE at most, and go by the bytes of their keys.

import CCyrusShim

extension TwoskipSoundLog {
  /// Where a key is among all keys: by how many live ones are smaller, and those between the same two by their order.
  func position(_ code: TwoskipKeyCode) -> UInt64 {
    if let stranger = code.stranger {
      let place = strangerOrder[stranger]
      return UInt64(below[Int(place)]) << 32 | UInt64(place)
    }
    return UInt64(code.rank ?? 0) << 32 | 0xFFFF_FFFF
  }

  mutating func placeStrangers(_ numbers: [Int], _ bytes: RawSpan) -> Bool {
    let found = bytes.atOnce(threads) { bytes, thread in
      counts(numbers[numbers.count * thread / threads..<numbers.count * (thread + 1) / threads], bytes)
    }
    var placed: [UInt64] = []
    for part in found {
      guard let part else { return false }
      placed += part
    }
    placed.sort()
    // Those between the same two live keys, few, go by their keys.
    var start = 0
    while start < placed.count {
      let below = placed[start] >> 32
      var end = start + 1
      while end < placed.count, placed[end] >> 32 == below { end += 1 }
      if end - start > 1 {
        let sorted = sortedByKey(placed[start..<end].map { UInt32(truncatingIfNeeded: $0) }, bytes)
        for index in start..<end { placed[index] = below << 32 | UInt64(sorted[index - start]) }
      }
      start = end
    }
    strangers = placed.map { UInt32(truncatingIfNeeded: $0) }
    below = placed.map { UInt32(truncatingIfNeeded: $0 >> 32) }
    strangerOrder = [UInt32](repeating: 0, count: strangerPlaces.count)
    for index in strangers.indices { strangerOrder[Int(strangers[index])] = UInt32(truncatingIfNeeded: index) }
    return true
  }

  /// How many live keys are smaller than that of each of some strangers, in the upper half, and its number.
  private func counts(_ numbers: ArraySlice<Int>, _ bytes: RawSpan) -> [UInt64]? {
    var placed: [UInt64] = []
    placed.reserveCapacity(numbers.count)
    var stepsLeft = 16 * codes.count + 1024
    let span = Span<UInt8>(_bytes: bytes)
    var start = numbers.startIndex
    while start < numbers.endIndex {
      let end = min(start + 64, numbers.endIndex)
      var nears = InlineArray<64, Int>(repeating: -1)
      for index in start..<end { ccs_prefetch_line(span, Int(strangerPlaces[numbers[index]]) << 3) }
      for index in start..<end {
        guard let near = rank(near: numbers[index], bytes) else { continue }
        nears[index - start] = near
        live.prefetch(near)
        ccs_prefetch_line(span, Int(strangerPlaces[numbers[index]]) << 3 &+ 32)
      }
      for index in start..<end where nears[index - start] >= 0 {
        let near = nears[index - start]
        ccs_prefetch_line(span, Int(live[near]) << 3 &+ 32)
        if near > 0 { ccs_prefetch_line(span, Int(live[near - 1]) << 3 &+ 32) }
      }
      for index in start..<end {
        guard let below = countBelow(numbers[index], near: nears[index - start], &stepsLeft, bytes) else { return nil }
        placed.append(UInt64(below) << 32 | UInt64(numbers[index]))
      }
      start = end
    }
    return placed
  }

  /// Merges ever longer rows: a closure for `sort(by:)` could not see the bytes.
  private func sortedByKey(_ numbers: [UInt32], _ bytes: RawSpan) -> [UInt32] {
    var numbers = numbers
    var merged = numbers
    var width = 1
    while width < numbers.count {
      var start = 0
      while start < numbers.count {
        let middle = min(start + width, numbers.count)
        let end = min(middle + width, numbers.count)
        var (left, right) = (start, middle)
        for place in start..<end {
          let isLeft = left < middle && (right == end || ascend(numbers[left], numbers[right], bytes))
          merged[place] = numbers[isLeft ? left : right]
          if isLeft { left += 1 } else { right += 1 }
        }
        start = end
      }
      swap(&numbers, &merged)
      width *= 2
    }
    return numbers
  }

  private func ascend(_ left: UInt32, _ right: UInt32, _ bytes: RawSpan) -> Bool {
    bytes.recordKeysAscend(Int(strangerPlaces[Int(left)]) << 3, Int(strangerPlaces[Int(right)]) << 3)
  }

  /// The rank of a live key not far behind that of a stranger: of what followed it on list 0 when it died.
  private func rank(near stranger: Int, _ bytes: RawSpan) -> Int? {
    var place = Int(strangerPlaces[stranger]) << 3
    for _ in 0..<8 {
      var next = max(bytes.bigEndian(UInt64.self, at: place + 8), bytes.bigEndian(UInt64.self, at: place + 16))
      guard var number = facts.places.number(of: next) else { return nil }
      if codes[number] == 0 {
        next = bytes.bigEndian(UInt64.self, at: Int(next) + 8)
        guard let behind = facts.places.number(of: next) else { return nil }
        number = behind
      }
      let code = TwoskipKeyCode(word: codes[number])
      if code.isNone { return nil }
      if let rank = code.rank { return rank }
      place = Int(next)
    }
    return nil
  }

  /// How many live keys are smaller than that of a stranger.
  ///
  /// - Parameter near: A rank not far from where the key would be; below 0 if none is known.
  private func countBelow(_ stranger: Int, near: Int, _ stepsLeft: inout Int, _ bytes: RawSpan) -> Int? {
    let place = Int(strangerPlaces[stranger]) << 3
    // Mostly what is before that is smaller. If not, the search widens.
    var low = 0
    var high = liveCount
    if near >= 0 {
      if bytes.recordKeysAscend(place, Int(live[near]) << 3) {
        high = near
        var width = 1
        while high > low {
          let probe = max(low, high - width)
          if bytes.recordKeysAscend(Int(live[probe]) << 3, place) {
            low = probe + 1
            break
          }
          high = probe
          width *= 2
        }
      } else {
        low = near
      }
    }
    while low < high {
      let middle = (low + high) / 2
      stepsLeft -= 1
      if stepsLeft < 0 { return nil }
      if bytes.recordKeysAscend(Int(live[middle]) << 3, place) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension RawSpan {
  /// Where the key of a RECORD of the usual shape lies, and how long it is; none if it cannot be there any more, as somebody
  /// writes over the file meanwhile.
  @inline(__always)
  func keyOfRecord(_ offset: Int) -> (place: Int, byteCount: Int) {
    let word = bigEndian(UInt64.self, at: offset)
    let level = Int(truncatingIfNeeded: word >> 48 & 0xFF)
    let (place, count) = (offset &+ 24 &+ 8 &* level, Int(truncatingIfNeeded: word >> 32 & 0xFFFF))
    // A COMMIT comes behind the last RECORD, so there are eight bytes more.
    return place &+ count &+ 8 <= byteCount ? (place, count) : (0, 0)
  }

  /// Whether the key of one RECORD of the usual shape comes before that of another.
  @inline(__always)
  func recordKeysAscend(_ left: Int, _ right: Int) -> Bool {
    let (leftKey, leftCount) = keyOfRecord(left)
    let (rightKey, rightCount) = keyOfRecord(right)
    return keysAscend(leftKey, leftCount, rightKey, rightCount)
  }
}
