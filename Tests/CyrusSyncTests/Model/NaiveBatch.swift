// What sync_client makes of a file of lines of the model, by going through the lines again for each question.

import Foundation

/// A file of lines, and a release that reads it.
struct NaiveBatch {
  let lines: [ModelLine]
  private let release: (Int, Int, Int)
  /// Mailboxes, the owner of their group ("" for none), and the line.
  private var members: [(group: String, name: String, line: Int)] = []

  init(_ lines: [ModelLine], _ master: ModelStore, _ options: NaiveDiff.Options) {
    self.lines = lines
    release = options.release
    let hasGroups = release >= (3, 3, 0)
    for (index, line) in lines.enumerated() where namesMailboxes(line.verb) {
      let group = hasGroups ? Self.owner(line.first) : ""
      if release < (2, 5, 0), lineOfUser(Self.owner(line.first)) != nil { continue }
      add(group, line.first, index)
      guard hasGroups, let second = line.second else { continue }
      add(group, second, index)
      if line.verb == "RENAME" {
        add(Self.owner(second), line.first, index)
        add(Self.owner(second), second, index)
      }
    }
    guard release >= (3, 6, 0), options.masterForm.isPrefixed else { return }
    let ids =
      master.live.mapValues(\.id).merging(master.tombstones) { live, _ in live }
      .merging(master.skipped) { _, skipped in skipped }
    for member in members.sorted(by: { $0.line < $1.line }) {
      guard let id = ids.first(where: { "\($0.key)" == member.name })?.value else { continue }
      for former in master.ids[id]?.history ?? [] { add(member.group, "\(former)", member.line) }
    }
  }

  private mutating func add(_ group: String, _ name: String, _ line: Int) {
    if !members.contains(where: { $0.group == group && $0.name == name }) { members.append((group, name, line)) }
  }

  private func namesMailboxes(_ verb: String) -> Bool {
    switch verb {
    case "MAILBOX": true
    case "APPEND": release < (2, 4, 0) || release >= (3, 0, 0)
    case "RENAME", "DOUBLEMAILBOX": release >= (3, 3, 0)
    default: false
    }
  }

  /// The owner of a name in a line.
  private static func owner(_ name: String) -> String {
    var rest = name
    var domain = ""
    if let mark = rest.firstIndex(of: "!") {
      domain = "@" + rest[..<mark]
      rest = String(rest[rest.index(after: mark)...])
    }
    var pieces = rest.split(separator: ".").map { $0.replacingOccurrences(of: "^", with: ".") }
    if pieces.first == "DELETED" { pieces.removeFirst() }
    return pieces.first == "user" && pieces.count > 1 ? pieces[1] + domain : ""
  }

  /// The groups that a mailbox is in, and the lines that put it there, the one of the first line of all first.
  func groups(of name: ModelName) -> [(group: String, line: Int)] {
    let text = "\(name)"
    let found = members.filter { $0.name == text }.map { (group: $0.group, line: $0.line) }
    return Array(found.prefix(1)) + found.dropFirst().sorted { $0.line < $1.line }
  }

  func has(_ name: ModelName, in group: String) -> Bool {
    let text = "\(name)"
    return members.contains { $0.group == group && $0.name == text }
  }

  private func first(_ verb: String, _ argument: String) -> Int? {
    lines.firstIndex { $0.verb == verb && $0.first == argument }
  }

  /// The first line for a whole user that is not cancelled.
  func lineOfUser(_ user: String) -> Int? { lineOfUnuser(user) == nil ? first("USER", user) : nil }

  func lineOfUnuser(_ user: String) -> Int? { release < (2, 5, 0) ? nil : first("UNUSER", user) }

  func lineOfUnmailbox(_ name: ModelName) -> Int? { release < (2, 5, 0) ? nil : first("UNMAILBOX", "\(name)") }
}
