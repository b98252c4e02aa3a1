// The records of a made-up mailboxes.db in ascending order of keys.

/// Realistic mailboxes.db records of Cyrus 3.6, sorted by the bytes of their keys.
///
///     let records = MailboxRecords(mailboxCount: 100_000, seed: 1)
///     let facts = try BulkTwoskipFile(seed: 1).write(records, to: path)
///
/// The same arguments give the same records. Can be iterated any number of times.
///
/// - Complexity: creation is O(*n* log *n*); a mailbox takes some 110 bytes of memory while the records
///   exist. Keys and values are made when iterated.
public struct MailboxRecords: Sequence, Sendable {
  /// The store the records describe.
  public let model: MailboxModel
  private let entries: [MailboxModel.Entry]

  /// The records of a store made up from `seed`.
  public init(mailboxCount: Int, seed: UInt64) {
    self.init(of: MailboxModel(mailboxCount: mailboxCount, seed: seed))
  }

  /// The records of a store as it is now.
  public init(of model: MailboxModel) {
    self.model = model
    entries = Self.sortedEntries(of: model)
  }

  /// Number of records.
  public var count: Int { entries.count }
  /// Number of records of names, `N`; some of them are of former names.
  public var nameCount: Int { entries.count { $0.kind == .name || $0.kind == .tombstone } }
  /// Number of records of former names, which are tombstones.
  public var tombstoneCount: Int { entries.count { $0.kind == .tombstone } }
  /// Number of records of unique ids, `I`; one for each mailbox.
  public var idCount: Int { entries.count { $0.kind == .id } }
  /// Number of reverse ACL records, `A`, without the marker that is always there.
  public var aclCount: Int { entries.count { $0.kind == .acl } }

  /// Goes through the records in ascending order of keys.
  public func makeIterator() -> Iterator { Iterator(model: model, entries: entries) }

  /// Position in a sequence of records.
  public struct Iterator: IteratorProtocol {
    fileprivate let model: MailboxModel
    fileprivate let entries: [MailboxModel.Entry]
    private var position = 0

    fileprivate init(model: MailboxModel, entries: [MailboxModel.Entry]) {
      self.model = model
      self.entries = entries
    }

    /// The next record, nil at the end.
    public mutating func next() -> TwoskipPair? {
      guard position < entries.count else { return nil }
      position += 1
      return model.pair(entries[position - 1])
    }
  }

  /// A key in the common buffer; its first bytes stand beside it, as most comparisons end there.
  private struct SortItem {
    var prefix: UInt64
    var key: Range<Int>
    var entry: MailboxModel.Entry
  }

  private static func sortedEntries(of model: MailboxModel) -> [MailboxModel.Entry] {
    var keys: [UInt8] = []
    var items: [SortItem] = []
    keys.reserveCapacity(model.mailboxes.count * 90)
    items.reserveCapacity(model.mailboxes.count * 2 + model.mailboxes.count / 10)
    func add(_ entry: MailboxModel.Entry) {
      let start = keys.count
      model.appendKey(entry, to: &keys)
      var prefix: UInt64 = 0
      for position in start..<start + 8 { prefix = prefix << 8 | UInt64(position < keys.count ? keys[position] : 0) }
      items.append(SortItem(prefix: prefix, key: start..<keys.count, entry: entry))
    }
    add(MailboxModel.Entry(mailbox: 0, kind: .aclMarker))
    for index in model.mailboxes.indices {
      for entry in model.entries(of: index) { add(entry) }
    }
    items.sort { first, second in
      first.prefix != second.prefix
        ? first.prefix < second.prefix : keys[first.key].lexicographicallyPrecedes(keys[second.key])
    }
    return items.map(\.entry)
  }
}
