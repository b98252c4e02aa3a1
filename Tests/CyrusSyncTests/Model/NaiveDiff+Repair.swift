// The lines that make good the drift of the model.

extension NaiveDiff {
  /// What is left out: lines for shared mailboxes that 3.6.1 dies of, and what needs renames that are not made.
  struct LeftOut {
    var names: Set<ModelName> = []
    /// Renames that are not made, or not surely.
    var renames: [NaiveDifference] = []
  }

  var leftOut: LeftOut {
    let drift = differences.filter { $0.status == "drift" }
    func dies(_ name: ModelName, _ status: String) -> Bool {
      options.release >= (3, 6, 0) && options.release < (3, 6, 7) && name.user == nil
        && differences.contains {
          $0.name == name && $0.status == status && ["replicaAhead", "divergent"].contains($0.direction)
        }
    }
    // To whose old name the replica will refuse the master's mailbox of that name.
    let giving = drift.filter { rename in
      rename.kind == "renamed"
        && differences.contains {
          $0.name == rename.source && ["missing", "renamed"].contains($0.kind)
            && $0.status.lowercased().hasSuffix("conflict")
        }
    }
    var left = LeftOut(names: Set(drift.map(\.name).filter { dies($0, "drift") } + giving.map(\.name)))
    let placed = differences.filter { ["missing", "renamed"].contains($0.kind) }
    while true {
      left.renames = differences.filter { rename in
        guard rename.kind == "renamed" else { return false }
        if rename.status.lowercased().hasSuffix("conflict") {
          return self.rename(from: rename.name) == nil && !isHeld(rename.name)
        }
        return rename.status == "pending" ? dies(rename.name, "pending") : left.names.contains(rename.name)
      }
      // Those that do not get their names.
      let without = placed.filter { placed in
        left.names.contains(placed.name) || left.renames.contains { $0.name == placed.name }
          || placed.status.lowercased().hasSuffix("conflict") && rename(from: placed.name) == nil
            && !isHeld(placed.name)
      }.map(\.name)
      let more = drift.filter { difference in
        without.contains { isBelow(difference, $0) || difference.kind == "renamed" && $0 == difference.source }
          || left.renames.contains { rename in
            rename.source == difference.name
              || difference.repair.contains { $0.hasPrefix("UNUSER") } && leaves(rename, difference.name)
          }
      }
      if left.names.isSuperset(of: more.map(\.name)) { return left }
      left.names.formUnion(more.map(\.name))
    }
  }

  /// Whether a mailbox gets a name below another on the replica.
  private func isBelow(_ difference: NaiveDifference, _ name: ModelName) -> Bool {
    ["missing", "renamed"].contains(difference.kind) && difference.name.deletedAt == nil
      && difference.name.database.hasPrefix(name.database + "\u{1F}")
  }

  /// Whether a rename takes a mailbox away that would go with the user who has another.
  private func leaves(_ rename: NaiveDifference, _ name: ModelName) -> Bool {
    rename.source.owner == name.owner && rename.source.deletedAt == nil
  }

  /// Renames that are on their way, and that some repairs need done.
  private func companions(_ repaired: [NaiveDifference], _ left: LeftOut) -> [NaiveDifference] {
    let awaited = differences.filter { rename in
      rename.kind == "renamed" && rename.status == "pending" && !left.renames.contains { $0.name == rename.name }
    }
    var found: [NaiveDifference] = []
    while true {
      let more = awaited.filter { rename in
        !found.contains { $0.name == rename.name }
          && (repaired + found).contains { difference in
            let isPut = ["missing", "renamed"].contains(difference.kind)
            return isPut && rename.source == difference.name || isBelow(difference, rename.name)
              || difference.repair.contains { $0.hasPrefix("UNUSER") } && leaves(rename, difference.name)
          }
      }
      if more.isEmpty { return found }
      found += more
    }
  }

  /// The log, line by line.
  var repairLog: [String] {
    let left = leftOut
    let drift = differences.filter { $0.status == "drift" && !left.names.contains($0.name) }
    let all = drift + companions(drift, left)
    var lines: Set<String> = []
    for owner in Set(all.map { $0.name.owner ?? "" }) {
      let group = all.filter { ($0.name.owner ?? "") == owner }
      let whole = ModelLine(verb: "USER", first: owner).text
      let isTorn = left.renames.contains {
        $0.name.owner != $0.source.owner && [$0.name.owner, $0.source.owner].contains(owner)
      }
      var own: Set<String> = []
      for difference in group {
        let mailbox = ModelLine(verb: "MAILBOX", first: "\(difference.name)").text
        own.formUnion(difference.repair.map { isTorn && $0 == whole ? mailbox : $0 })
      }
      for rename in group where rename.kind == "renamed" && generation >= 3 {
        own.remove(ModelLine(verb: "MAILBOX", first: "\(rename.name)").text)
      }
      let crosses = differences.contains {
        $0.kind == "renamed" && $0.name.owner == owner && $0.source.owner != owner
      }
      let isWhole = own.contains(whole) || own.count > options.threshold
      if owner != "", isWhole, hasInbox(group[0].name, master), !crosses, !isConflicted(owner), !isTorn {
        own = [whole]
      }
      lines.formUnion(own)
    }
    return lines.sorted { key($0).lexicographicallyPrecedes(key($1)) }
  }

  /// The verb's place, then the names as they are in keys.
  private func key(_ line: String) -> [UInt8] {
    let verb = line.prefix { $0 != " " }
    let section = ["RENAME", "MAILBOX", "UNMAILBOX", "USER", "UNUSER"].firstIndex(of: String(verb)) ?? 5
    for difference in differences {
      let spelled = [difference.oldName, difference.name].compactMap { $0 }
      for names in [spelled] + spelled.map({ [$0] }) {
        let text = ModelLine(verb: String(verb), first: "\(names[0])", second: names.count > 1 ? "\(names[1])" : nil)
        if text.text == line, section < 3 { return [UInt8(section)] + names.flatMap { Array($0.database.utf8) + [0] } }
      }
    }
    return [UInt8(section)] + Array(line.utf8).filter { $0 != UInt8(ascii: "\"") }
  }
}
