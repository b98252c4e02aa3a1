// An ACL that is kept.

/// An ACL: who may do what with a mailbox.
///
/// Keeps entries in order, with their letters as they were, so that two of them are equal if and only if replication
/// would find them equal. ``difference(from:)`` tells whether a difference matters.
public struct ACL: Hashable, Sendable, RandomAccessCollection {
  /// What two ACLs have in common.
  public enum Difference: Hashable, Sendable {
    /// The same entries with the same letters in the same order.
    case none
    /// They grant and deny the same, in another order or with other letters' order.
    case form
    /// They grant or deny something else.
    case rights
  }

  /// An entry: an identifier and its rights.
  public struct Entry: Hashable, Sendable {
    /// A user, a group as `group:x`, `anyone` or `anonymous`; with `-` before it, the rights are taken away.
    public let identifier: ArraySlice<UInt8>
    /// The letters, as stored. Empty, too, for `NIL`.
    public let rights: ArraySlice<UInt8>

    /// Whether the entry takes rights away.
    public var isNegative: Bool { identifier.first == UInt8(ascii: "-") }
  }

  /// Cyrus's text form, each identifier and its rights followed by TAB: the exact string that replication compares.
  public let text: [UInt8]
  /// Where the TABs of ``text`` are that end something; there can be others.
  private let ends: [Int]

  /// An ACL without entries.
  public init() {
    text = []
    ends = []
  }

  /// Copies an ACL.
  ///
  /// - Complexity: O(length).
  public init(_ view: ACLView) {
    var text: [UInt8] = []
    var ends: [Int] = []
    var entries = view.entries()
    while let entry = entries.next() {
      entry.identifier.append(to: &text)
      ends.append(text.count)
      text.append(0x09)
      entry.rights.append(to: &text)
      ends.append(text.count)
      text.append(0x09)
    }
    self.text = text
    self.ends = ends
  }

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of entries.
  public var endIndex: Int { ends.count / 2 }

  /// The entry at a place, in the order of the record.
  ///
  /// - Precondition: The place is one of the ACL's; checked in every build.
  public subscript(position: Int) -> Entry {
    let start = position == 0 ? 0 : ends[2 * position - 1] + 1
    let middle = ends[2 * position]
    return Entry(identifier: text[start..<middle], rights: text[middle + 1..<ends[2 * position + 1]])
  }

  /// The rights of the entries for exactly this identifier; nil if there is none.
  ///
  /// Groups and negative entries are other identifiers, and are not looked at.
  ///
  /// - Complexity: O(length).
  public func rights(of identifier: String) -> ACLRights? {
    var rights: ACLRights?
    for entry in self where entry.identifier.elementsEqual(identifier.utf8) {
      rights = (rights ?? []).union(ACLRights(letters: entry.rights))
    }
    return rights
  }

  /// Whether two ACLs differ, and whether that matters.
  ///
  /// For ``Difference/form``, each identifier must have the same letters, whatever their order and that of the entries.
  /// Several entries for one identifier count together, and one without rights counts for nothing. Letters stand for
  /// themselves: what `c` and `d` grant besides hangs on the configuration of the server.
  ///
  /// - Complexity: O(length) expected.
  public func difference(from other: ACL) -> Difference {
    if self == other { return .none }
    return grants == other.grants ? .form : .rights
  }

  private var grants: [ArraySlice<UInt8>: Grant] {
    var grants: [ArraySlice<UInt8>: Grant] = [:]
    for entry in self where !entry.rights.isEmpty {
      let rights = ACLRights(letters: entry.rights)
      grants[entry.identifier, default: Grant()].rights.formUnion(rights)
      // What is no letter has no bit of its own.
      if rights.contains(.other) { grants[entry.identifier, default: Grant()].others.formUnion(entry.rights) }
    }
    return grants
  }

  /// What an identifier is granted, or denied.
  private struct Grant: Equatable {
    var rights: ACLRights = []
    /// All bytes of the rights among which there is one that is no letter.
    var others: Set<UInt8> = []
  }
}
