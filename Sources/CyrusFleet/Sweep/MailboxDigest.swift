// What two lists have to have in common to be equal, in 128 bits that do not depend on the order of mailboxes.
//
//   live mailbox ─ its fields as text ─ FNV-1a, 128 bits ─ mixed ─┐
//   live mailbox ─ …                                              ├─ sum modulo 2¹²⁸
//   live mailbox ─ …                                              ┘
//
// The fields, each with its length before it: name in the form of the database, unique id, kind and whether it is
// intermediate, partition and ACL unless it is, UIDVALIDITY. Left out is what replication leaves out, or what releases
// differ in: times, modseqs, former names, JMAP ids, tombstones, records under ids, and mailboxes that live on another
// server or are not finished.
//
// Equal lists have equal digests. That different ones do by chance is one in 2¹²⁸; it is no defence against someone who
// chooses names to that end.

import CyrusDatabase
public import CyrusMailboxes

/// The digest of a list of mailboxes.
///
/// ```swift
/// var digest = MailboxDigest()
/// for index in 0..<list.count { digest.add(try list.entry(at: index), list.settings) }
/// print(digest)
/// ```
public struct MailboxDigest: Sendable, Hashable, CustomStringConvertible {
  /// The sum.
  public private(set) var value: UInt128 = 0
  private var buffer: [UInt8] = []

  /// Whether partitions count. Off for servers that are laid out differently; then for all of a store.
  private let mindsPartitions: Bool

  /// The digest of no mailboxes.
  ///
  /// - Parameter mindsPartitions: Whether a mailbox must lie on the same partition to be the same.
  public init(mindsPartitions: Bool = true) { self.mindsPartitions = mindsPartitions }

  /// Adds a record of a list; one that replication does not mind adds nothing.
  ///
  /// - Complexity: O(size of the record).
  public mutating func add(_ entry: borrowing MailboxEntryView, _ settings: NameSettings = NameSettings()) {
    guard let name = entry.nameInKey(settings) else { return }
    let isReadable = entry.errorCount == 0
    if isReadable, !entry.flags.isDisjoint(with: [.deleted, .remote, .moving, .reserved]) { return }
    buffer.removeAll(keepingCapacity: true)
    append(MailboxName(name).databaseName)
    if isReadable {
      let isIntermediate = entry.flags.contains(.intermediate)
      append(entry.uniqueID?.copy() ?? [])
      append(Array(entry.kind.name.utf8))
      append([isIntermediate ? 1 : 0])
      append(isIntermediate || !mindsPartitions ? [] : entry.partition?.copy() ?? [])
      var acl: [UInt8] = []
      if !isIntermediate { entry.acl?.appendText(to: &acl) }
      append(acl)
      append(Array("\(entry.uidValidity ?? 0)".utf8))
    } else {
      // Nobody knows what it means, but the same bytes mean the same.
      for index in 0..<entry.valueBytes.byteCount { buffer.append(entry.valueBytes.byte(at: index)) }
    }
    value &+= Self.mixed(Self.hash(buffer))
  }

  private mutating func append(_ field: [UInt8]) {
    var length = field.count
    for _ in 0..<4 {
      buffer.append(UInt8(truncatingIfNeeded: length))
      length >>= 8
    }
    buffer += field
  }

  /// FNV-1a of 128 bits, as its authors give it.
  static func hash(_ bytes: [UInt8]) -> UInt128 {
    var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
    for byte in bytes { hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013B }
    return hash
  }

  /// Spreads the bits, so that sums of like mailboxes are unlike. Reversible.
  private static func mixed(_ hash: UInt128) -> UInt128 {
    var bits = hash
    bits = (bits ^ bits >> 67) &* 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835
    bits = (bits ^ bits >> 61) &* 0xBF58_476D_1CE4_E5B9_94D0_49BB_1331_11EB
    return bits ^ bits >> 65
  }

  /// 32 hexadecimal digits.
  public var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 32 - digits.utf8.count) + digits
  }

  /// Whether the sums are the same.
  public static func == (left: MailboxDigest, right: MailboxDigest) -> Bool { left.value == right.value }

  /// Hashes the sum.
  public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
