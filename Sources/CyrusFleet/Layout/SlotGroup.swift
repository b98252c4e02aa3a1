// A line of slots: so many slots of one kind on a server, or on a group of its disks.
//
//     i30  30  t15  0  1000  e  10.202.80.1
//     │    │   │    │  │     │  └ address of the first slot; each further slot has the next one
//     │    │   │    │  │     └ file system
//     │    │   │    │  └ size of the data drive, in GB
//     │    │   │    └ size of a drive for metadata, in GB; 0 if metadata is on the server's SSD
//     │    │   └ kind and count: t01 to t15
//     │    └ number of the server
//     └ prefix of the names of the slots
//
// Facts: Docs/Formats/fleet-layout.md, section 3.

/// Slots of one kind on a server, or on a group of its disks.
public struct SlotGroup: Sendable, Hashable {
  /// What the names of its slots have in common.
  public let prefix: SlotPrefix
  /// The number of the server, as the line has it.
  public let server: UInt64
  /// The letter of the kind.
  public let kind: Character
  /// How many slots there are, numbered from 1.
  public let count: UInt64
  /// The size of the drive for metadata in GB (10⁹ bytes); 0 if there is none.
  public let metadataSize: UInt64
  /// The size of the data drive in GB (10⁹ bytes).
  public let dataSize: UInt64
  /// The file system: `e` is ext4, others mean what the site says.
  public let fileSystem: String
  /// The address of the first slot.
  public let firstAddress: IPv4Address

  /// The address of a slot; nil if it would be above the highest one there is.
  public func address(of number: UInt64) -> IPv4Address? {
    let (value, overflow) = UInt64(firstAddress.value).addingReportingOverflow(number &- 1)
    guard number > 0, !overflow else { return nil }
    return UInt32(exactly: value).map { IPv4Address(value: $0) }
  }

  /// What two groups have in common that give slots the same names.
  var namesKey: String { prefix.text + String(kind) }
}

/// A slot: one Cyrus instance on a server.
public struct FleetSlot: Sendable, Hashable {
  /// Its name.
  public let name: SlotName
  /// The group it belongs to.
  public let group: SlotGroup
  /// Where it is.
  public let site: Site

  /// Its name, as it is written.
  public var text: String { name.text }
  /// The name of its server: the stem of the site and the server's digits.
  public var host: String { site.hostStem + name.prefix.serverDigits }
  /// Its address; nil if it would be above the highest one there is.
  public var address: IPv4Address? { group.address(of: name.number) }
  /// The code of its data centre.
  public var location: String { site.code }
}
