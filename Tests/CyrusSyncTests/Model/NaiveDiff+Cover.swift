// Which line covers a difference of the model.

extension NaiveDiff {
  func settled(_ difference: NaiveDifference, _ files: [NaiveProgress]) -> NaiveDifference {
    var difference = difference
    for (index, file) in files.enumerated() {
      if difference.isBlocked {
        guard let blocker = rename(from: difference.name), file.done[blocker.id ?? ""] != nil else { continue }
      }
      guard let line = cover(difference, index, file) else { continue }
      difference.explanation = "\(["log-run", "log"][index]):\(line + 1) \(file.batch.lines[line].text)"
      break
    }
    switch (difference.severity, difference.explanation, difference.isRepairable) {
    case ("info", _, _):
      difference.status = "ignored"
      difference.explanation = nil
    case (_, .some, true): difference.status = "pending"
    case (_, .some, false): difference.status = "pendingConflict"
    case (_, nil, true): difference.status = "drift"
    case (_, nil, false): difference.status = "conflict"
    }
    return difference
  }

  private func cover(_ difference: NaiveDifference, _ number: Int, _ file: NaiveProgress) -> Int? {
    let name = difference.name
    if difference.kind == "extra" { return cover(extra: difference, file) }
    if let rename = differences.first(where: { $0.kind == "renamed" && $0.name == name }) {
      guard let done = file.done[rename.id ?? ""], done.file == number else { return nil }
      return done.line
    }
    if difference.kind == "missing", name.user != nil, !name.isInbox, name.deletedAt == nil, !hasInbox(name, replica),
      hasInbox(name, master), !file.isWhole(name)
    {
      return nil
    }
    return file.usable(name).first?.line ?? file.lineOfUser(of: name)
  }

  private func cover(extra difference: NaiveDifference, _ file: NaiveProgress) -> Int? {
    let name = difference.name
    let batch = file.batch
    let hasTombstone = difference.tombstone != "none"
    let isDeleted = isKnownDeleted(difference.id)
    if generation > 1 {
      if master.live[name] == nil, hasTombstone || generation == 2, let line = batch.lineOfUnmailbox(name) {
        return line
      }
      if name.user != nil, !hasInbox(name, master), name.deletedAt == nil,
        let line = batch.lineOfUnuser(name.owner ?? "")
      {
        return line
      }
    }
    if generation < 3 || (generation == 3 ? hasTombstone : isDeleted), let line = file.lineOfUser(of: name) {
      return line
    }
    return generation == 1 || generation == 4 && isDeleted ? batch.groups(of: name).first?.line : nil
  }
}
