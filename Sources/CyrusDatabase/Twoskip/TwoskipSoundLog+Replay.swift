// Whether the log, replayed by the codes of keys, ends in list 0: step e of TwoskipSoundLog.swift.

extension TwoskipSoundLog {
  /// Replays the log.
  func isListZero(_ bytes: RawSpan) -> Bool {
    let found = bytes.atOnce(threads) { _, thread in
      codesOfNamed(deletes[deletes.count * thread / threads..<deletes.count * (thread + 1) / threads])
    }
    let named = found.count == 1 ? found[0] : Array(found.joined())
    // Behind which live keys there are strangers: most have none.
    var gaps = RankSet(count: liveCount)
    for rank in below { gaps.insert(Int(rank)) }
    var present = RankSet(count: liveCount)
    var presentStrangers = RankSet(count: strangers.count)
    var counts = (live: 0, strangers: 0)
    var number = 0
    for index in deletes.indices {
      set(number..<deletes[index].number, &present, &presentStrangers, &counts)
      number = deletes[index].number + 1
      var (bound, strangersBound) = (liveCount, strangers.count)
      if deletes[index].next != 0 {
        let code = TwoskipKeyCode(word: named[index])
        if code.isNone { return false }
        if let stranger = code.stranger {
          strangersBound = Int(strangerOrder[stranger])
          bound = Int(below[strangersBound])
        } else {
          bound = code.rank ?? 0
          if bound > 0, !gaps.contains(bound), present.contains(bound - 1) {
            present.remove(bound - 1)
            counts.live -= 1
            continue
          }
          strangersBound = countOfStrangers(upTo: bound)
        }
      }
      // The greater one of the greatest live key and the greatest stranger.
      let rank = present.last(below: bound)
      if let stranger = presentStrangers.last(below: strangersBound), Int(below[stranger]) > rank ?? -1 {
        presentStrangers.remove(stranger)
        counts.strangers -= 1
      } else {
        guard let rank else { return false }
        present.remove(rank)
        counts.live -= 1
      }
    }
    set(number..<codes.count, &present, &presentStrangers, &counts)
    return counts == (liveCount, 0)
  }

  /// The codes of the keys that DELETEs name; 0 if one names no RECORD.
  private func codesOfNamed(_ deletes: ArraySlice<TwoskipDelete>) -> [UInt32] {
    var named: [UInt32] = []
    named.reserveCapacity(deletes.count)
    var numbers = InlineArray<32, Int>(repeating: 0)
    var start = deletes.startIndex
    while start < deletes.endIndex {
      let end = min(start + numbers.count, deletes.endIndex)
      for index in start..<end { facts.places.prefetch(deletes[index].next) }
      for index in start..<end {
        let number = facts.places.number(of: deletes[index].next) ?? -1
        codes.prefetch(number)
        numbers[index - start] = number
      }
      for index in start..<end {
        let number = numbers[index - start]
        named.append(number < 0 ? 0 : codes[number])
      }
      start = end
    }
    return named
  }

  /// Takes in RECORDs that follow each other in the log.
  @inline(__always)
  private func set(
    _ numbers: Range<Int>, _ present: inout RankSet, _ presentStrangers: inout RankSet,
    _ counts: inout (live: Int, strangers: Int)
  ) {
    for number in numbers {
      let code = TwoskipKeyCode(word: codes[number])
      if let stranger = code.stranger {
        if presentStrangers.insert(Int(strangerOrder[stranger])) { counts.strangers += 1 }
      } else if let rank = code.rank {
        counts.live &+= present.insert(rank) ? 1 : 0
      }
    }
  }

  /// How many keys of no live record are smaller than the live one of this rank.
  private func countOfStrangers(upTo rank: Int) -> Int {
    var low = 0
    var high = below.count
    while low < high {
      let middle = (low + high) / 2
      if Int(below[middle]) <= rank { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
