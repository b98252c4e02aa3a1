// A line of a store: the logical mail server that users live on, and the slots that hold it.
//
//     store254  n  future  0  sloti30t15  sloti29t15  slotti1t06  slotsi1d2t40
//     │         │  │       │  └ its slots; the first one in the master location should be master
//     │         │  │       └ how full it may be, in percent; 0: as it likes, and nothing is moved by itself
//     │         │  └ which Cyrus it runs; 0 is the one of production
//     │         └ where its master should be
//     └ name
//
// Facts: Docs/Formats/fleet-layout.md, section 4.

/// A store: one slot that is master, and its replicas.
public struct FleetStore: Sendable, Hashable {
  /// The name: `store` and the number.
  public let name: String
  /// The digits of the name as a number.
  public let number: UInt64
  /// The code of the data centre that its master should be in.
  public let masterLocation: String
  /// Which Cyrus it runs; `0` is the one of production.
  public let branch: String
  /// How full it may be, in percent; 0 if nobody cares. Above 100 it is refused, see ``LayoutRule/storeRefused``.
  public let target: UInt64
  /// The names of its slots, in the order of the line.
  public let slots: [SlotName]

  /// A store with these fields.
  public init(
    number: UInt64, masterLocation: String, branch: String = "0", target: UInt64 = 90, slots: [SlotName]
  ) {
    self.init(
      name: "store\(number)", number: number, masterLocation: masterLocation, branch: branch, target: target,
      slots: slots)
  }

  init(name: String, number: UInt64, masterLocation: String, branch: String, target: UInt64, slots: [SlotName]) {
    self.name = name
    self.number = number
    self.masterLocation = masterLocation
    self.branch = branch
    self.target = target
    self.slots = slots
  }

  /// Its line, with single blanks and without an end.
  public var line: String {
    ([name, masterLocation, branch, "\(target)"] + slots.map(\.text)).joined(separator: " ")
  }
}
