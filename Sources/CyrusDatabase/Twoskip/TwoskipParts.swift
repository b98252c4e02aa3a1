// Cutting list 0 into parts of about the same size, for several walks at the same time.
//
// The records of an upper list lie about evenly along list 0. Some of them are chosen, and each is then looked up by its
// key as any key is: a cut is a record that list 0 has been seen to lead to, whatever upper lists say.

extension TwoskipState {
  /// How many records of an upper list are looked at for each part: the more, the more evenly sized the parts.
  private static let samplesPerPart = 64

  /// Records that part list 0, in its order, each with what comes before it.
  ///
  /// - Parameter count: How many parts are wanted.
  /// - Returns: One less at most; fewer, or none, of a file that is small or in which they cannot be found.
  /// - Complexity: O(`count` · log *n*) expected.
  func cuts(_ count: Int) -> [Position] {
    guard count > 1, let dummy = try? self.dummy() else { return [] }
    let wanted = count * Self.samplesPerPart
    let samples = samples(wanted, from: dummy)
    // More are a circle, or a list of all records: what of it was seen is not spread over the file.
    return samples.count < Self.samplesMax(wanted) ? choose(count - 1, of: samples) : []
  }

  /// Keys between which about equally many records with a prefix lie.
  ///
  /// - Parameter count: How many parts are wanted.
  /// - Returns: One less at most, in ascending order; fewer, or none, of few records or in a damaged file.
  /// - Complexity: O(`count` · log *n*) expected.
  func cutKeys(_ count: Int, prefix: [UInt8]) -> [[UInt8]] {
    guard let dummy = try? self.dummy() else { return [] }
    let keys = samples(count * Self.samplesPerPart, from: dummy)
      .map { Array($0.key(in: bytes)) }.filter { $0.rawSpan.starts(with: prefix.rawSpan) }
    var cuts: [[UInt8]] = []
    for number in 1..<count where keys.count > count {
      let key = keys[number * keys.count / count]
      if let last = cuts.last, last.rawSpan.compare(with: key.rawSpan) >= 0 { continue }
      cuts.append(key)
    }
    return cuts
  }

  private static func samplesMax(_ wanted: Int) -> Int { 4 * wanted }

  /// Records of the highest upper list that has so many, in its order; of list 1 if none has. At most four times as many.
  ///
  /// Hints: their heads are sound, but nothing says that list 0 leads to them.
  func samples(_ wanted: Int, from dummy: TwoskipRecord) -> [TwoskipRecord] {
    var samples: [TwoskipRecord] = []
    for list in (1..<Twoskip.levels).reversed() where samples.count < wanted {
      samples = []
      var holder = dummy
      while samples.count < Self.samplesMax(wanted), let next = hint(holder.pointer(list + 1, in: bytes), list: list) {
        samples.append(next)
        holder = next
      }
    }
    return samples
  }

  private func choose(_ count: Int, of samples: [TwoskipRecord]) -> [Position] {
    var cuts: [Position] = []
    for number in 1..<count + 1 where samples.count > count {
      let sample = samples[number * samples.count / (count + 1)]
      guard let found = try? search(for: sample.key(in: bytes)), found.position.isMatch, let record = found.position.at,
        record.offset == sample.offset
      else { continue }
      if let last = cuts.last?.at, found.order.compare(last.key(in: bytes), record.key(in: bytes)) >= 0 { continue }
      cuts.append(found.position)
    }
    return cuts
  }
}
