// Reading a layout: names of slots, fields, what is counted, and that nothing is lost.

import TestSupport
import Testing

@testable import CyrusFleet

@Suite struct LayoutTests {
  @Test(
    arguments: [
      ("sloti30t01", "i30", "imap30", nil, 1, "n"), ("sloti30t15", "i30", "imap30", nil, 15, "n"),
      ("sloti15t03", "i15", "imap15", nil, 3, "n"), ("sloti29t15", "i29", "imap29", nil, 15, "n"),
      ("slotti5t02", "ti5", "timap5", nil, 2, "i"), ("slotti1t06", "ti1", "timap1", nil, 6, "i"),
      ("slotsi2d2t01", "si2d2", "simap2", 2, 1, "a"), ("slotsi1d2t40", "si1d2", "simap1", 2, 40, "a"),
    ] as [(String, String, String, UInt64?, UInt64, String)])
  func `takes names of slots apart`(
    _ text: String, _ prefix: String, _ host: String, _ disk: UInt64?, _ number: UInt64, _ location: String
  ) throws {
    let slot = try #require(FleetLayout(parsing: Array(sampleFleet.utf8)).slot(named: text))
    #expect(slot.name.prefix.text == prefix)
    #expect(slot.host == host)
    #expect(slot.name.prefix.disk == disk)
    #expect(slot.name.kind == "t")
    #expect(slot.name.number == number)
    #expect(slot.location == location)
    #expect(slot.text == text)
  }

  @Test(arguments: [
    "", "slot", "sloti30", "sloti30t", "sloti30t1", "sloti30t001", "sloti30t00", "slotx30t01", "i30t01", "sloti30t01 ",
    "sloti30dt01", "sloti30T01", "sloti30t99999999999999999999", "slotI30t01", "sloti30d2", "sloti30t01d2",
  ])
  func `refuses what is no name of a slot`(_ text: String) { #expect(SlotName(text) == nil) }

  @Test func `a disk group needs a kind behind it`() {
    #expect(SlotName("sloti30d01")?.kind == "d")
    #expect(SlotName("sloti30d01")?.prefix.disk == nil)
    #expect(SlotName("sloti30d2d01")?.prefix.disk == 2)
    #expect(SlotName("sloti30t100")?.number == 100)
    #expect(SlotName("sloti30t100")?.text == "sloti30t100")
  }

  @Test func `expands a line of slots`() throws {
    let layout = FleetLayout(parsing: Array(sampleFleet.utf8))
    let group = try #require(layout.groups.first)
    let slots = (1...group.count).map { layout.slot($0, of: group) }
    #expect(slots.count == 15)
    for (number, slot) in zip(1..., slots) {
      #expect(slot.text == "sloti30t" + (number < 10 ? "0" : "") + "\(number)")
      #expect(slot.address?.description == "10.202.80.\(number)")
      #expect(layout.slot(named: slot.text) == slot)
    }
    #expect(layout.slot(named: "sloti30t00") == nil)
    #expect(layout.slot(named: "sloti30t16") == nil)
  }

  @Test(arguments: [
    ("sloti30t15", "10.202.80.15"), ("sloti29t15", "10.202.79.15"), ("slotti1t06", "10.205.161.6"),
    ("slotsi1d2t40", "10.206.51.80"),
  ])
  func `gives each slot its address`(_ slot: String, _ address: String) {
    #expect(FleetLayout(parsing: Array(sampleFleet.utf8)).slot(named: slot)?.address?.description == address)
  }

  @Test func `a line that gives no slot hides none`() {
    var text = "i1 1 t0 0 1 e 10.0.0.1\ni1 1 t2 0 1 e 10.0.0.1\n"
    #expect(FleetLayout(parsing: Array(text.utf8)).slot(named: "sloti1t02") != nil)
    #expect(FleetLayout(parsing: Array(text.utf8)).findings().isEmpty)
    text += "i1 1 t1 0 1 e 10.0.1.1\n"
    #expect(
      FleetLayout(parsing: Array(text.utf8)).findings().map(\.description) == [
        "line 3, column 1: error L10: gives slots from sloti1t01 on, as line 2 does"
      ])
  }

  @Test func `counts the sample fleet`() {
    let layout = FleetLayout(parsing: Array(sampleFleet.utf8))
    #expect(layout.groups.count == 9)
    #expect(layout.hosts == ["imap15", "imap29", "imap30", "simap1", "simap2", "timap1", "timap5"])
    #expect(layout.slotCount == 237)
    #expect(layout.occupiedSlotCount == 8)
    #expect(layout.stores.map(\.name) == ["store23", "store254"])
    #expect(layout.findings().isEmpty)
    #expect(layout.stores[0].target == 90)
    #expect(layout.stores[1].branch == "future")
    #expect(layout.stores(onHost: "imap30").count == 2)
    #expect(layout.store(of: layout.stores[0].slots[2])?.name == "store23")
  }

  /// Seeds of each part: 25.
  @Test(arguments: 0..<20)
  func `writes what it read, whatever it is`(_ part: Int) {
    for seed in 25 * part..<25 * (part + 1) { checkIdentity(seed: UInt64(seed)) }
  }

  private func checkIdentity(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var bytes = Array(sampleFleet.utf8)
    for _ in 0..<random.below(30) {
      let place = random.below(bytes.count + 1)
      switch random.below(4) {
      case 0: if place < bytes.count { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
      case 1: bytes.insert(contentsOf: [[0x0D, 0x0A], [0xC2, 0xA0], [0x23], [0xFF], []][random.below(5)], at: place)
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + random.below(40)))
      default: bytes.insert(contentsOf: bytes.prefix(random.below(200)), at: place)
      }
    }
    var layout = FleetLayout(parsing: bytes)
    #expect(FleetExamination.contradictions(in: bytes) == [], "seed \(seed)")
    let count = layout.stores.count
    layout.append(FleetStore(number: 7, masterLocation: "n", slots: [SlotName("sloti30t02")].compactMap { $0 }))
    #expect(layout.stores.count == count + 1)
    #expect(layout.bytes.starts(with: bytes))
    #expect(FleetLayout(parsing: layout.bytes).stores == layout.stores)
  }

  @Test func `what is added begins a line of its own`() {
    var layout = FleetLayout(parsing: Array("# no end".utf8))
    layout.append(FleetStore(number: 1, masterLocation: "n", slots: [SlotName("sloti30t02")].compactMap { $0 }))
    #expect(String(decoding: layout.bytes, as: UTF8.self) == "# no end\nstore1 n 0 90 sloti30t02\n")
  }

  @Test func `digits count as numbers in natural order`() {
    let names = ["imap10", "imap9", "imap9a", "imap09", "imap", "jmap1", "imap100", "imap9b10", "imap9b9"]
    #expect(
      names.sorted(by: NaturalOrder.isBefore)
        == ["imap", "imap09", "imap9", "imap9a", "imap9b9", "imap9b10", "imap10", "imap100", "jmap1"])
  }

  @Test func `a table of sites names data centres`() throws {
    let sites = try Locations(parsing: "# sites\ni imap n New Jersey\nwi  wmap w\tSeattle \n")
    #expect(sites["i"].place == "New Jersey")
    #expect(sites["wi"] == Site(letters: "wi", hostStem: "wmap", code: "w", place: "Seattle"))
    #expect(sites["zi"] == Site(letters: "zi", hostStem: "zimap", code: "zi", place: "zi"))
    let error = #expect(throws: LocationsError.self) { try Locations(parsing: "i imap n x\n\ni imap n y\n") }
    #expect(error == LocationsError(line: 3, problem: .twice))
    #expect(throws: LocationsError.self) { try Locations(parsing: "i imap n") }
  }

  @Test func `a table of sites may have lines that end in CR LF`() throws {
    let sites = try Locations(parsing: "i imap n New Jersey\r\nwi wmap w Seattle\r\n# end\r\n")
    #expect(sites["i"].place == "New Jersey")
    #expect(sites["wi"] == Site(letters: "wi", hostStem: "wmap", code: "w", place: "Seattle"))
    let error = #expect(throws: LocationsError.self) { try Locations(parsing: "i imap n x\r\ni imap n y\r\n") }
    #expect(error == LocationsError(line: 2, problem: .twice))
  }

  /// A letter and what joins it are one character, of which no name of a slot could have been read.
  @Test func `a kind is one letter of ASCII`() {
    let layout = FleetLayout(parsing: Array("i30 30 t\u{301}15 0 1000 e 10.202.80.1\n".utf8))
    #expect(layout.groups.isEmpty && layout.findings().map(\.rule) == [.unreadable])
  }

  @Test func `templates are filled in`() throws {
    let layout = FleetLayout(parsing: Array(sampleFleet.utf8))
    let slot = try #require(layout.slot(named: "slotsi2d2t01"))
    let store = try #require(layout.store(named: "store23"))
    let text = PathTemplates.standard.filled(
      "<slot> <store> <prefix> <server> <host> <branch> <kind><nn> <channel> <x> < <slot", slot, store, channel: "c")
    #expect(text == "slotsi2d2t01 store23 si2d2 2 simap2 0 t01 c <x> < <slot")
    #expect(
      PathTemplates.standard.paths(of: slot, in: store)?.mailboxes == "/mnt/ssd2/slotsi2d2t01/store23/conf/mailboxes.db"
    )
  }
}
