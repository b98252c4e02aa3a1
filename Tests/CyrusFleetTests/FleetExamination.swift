// What must hold of a layout, whatever its bytes are. Used by the tests and by the fuzzer.

@testable import CyrusFleet

/// Looks for contradictions in what is read of a layout.
struct FleetExamination {
  private let bytes: [UInt8]
  private let layout: FleetLayout
  private var texts: [String] = []

  /// What contradicts itself in a layout; an empty list if nothing does.
  static func contradictions(in bytes: [UInt8]) -> [String] {
    var examination = FleetExamination(bytes: bytes, layout: FleetLayout(parsing: bytes))
    examination.checkLines()
    examination.checkFindings()
    examination.checkSlots()
    examination.checkStores()
    examination.checkPlacement()
    return examination.texts
  }

  private init(bytes: [UInt8], layout: FleetLayout) {
    self.bytes = bytes
    self.layout = layout
  }

  private mutating func require(_ isTrue: Bool, _ text: @autoclosure () -> String) {
    if !isTrue { texts.append(text()) }
  }

  private mutating func checkLines() {
    require(layout.bytes == bytes, "other bytes are written than were read")
    let count = bytes.count { $0 == 0x0A } + (bytes.isEmpty || bytes.last == 0x0A ? 0 : 1)
    require(layout.lines.count == count, "not \(count) lines")
    for (number, line) in layout.lines.enumerated() {
      let alone = FleetLayout(parsing: line.bytes)
      require(alone.lines.map(\.content) == [line.content], "line \(number + 1) is read otherwise alone")
    }
  }

  private mutating func checkFindings() {
    for limit in [nil, 0] {
      let findings = layout.findings(pairLimit: limit)
      for finding in findings {
        let line = layout.lines.indices.contains(finding.line - 1) ? layout.lines[finding.line - 1] : nil
        let isPlace =
          line.map { 1...$0.bytes.count + 1 ~= finding.column } ?? (finding.line == 0 && finding.column == 0)
        require(isPlace, "no such place: \(finding)")
        require(
          finding.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(finding.message)")
      }
      let places = findings.map { ($0.line, $0.column) }
      require(zip(places, places.dropFirst()).allSatisfy { $0 <= $1 }, "findings are in no order")
      let unreadable = Set(layout.lines.indices.filter { layout.lines[$0].content == .unreadable }.map { $0 + 1 })
      require(Set(findings.filter { $0.rule == .unreadable }.map(\.line)) == unreadable, "other lines cannot be read")
    }
  }

  private mutating func checkSlots() {
    var seen: Set<String> = []
    for group in layout.groups where group.count > 0 && seen.insert(group.namesKey).inserted {
      for number in Set([1, 2, 99, 100, group.count]) where number <= group.count {
        let slot = layout.slot(number, of: group)
        require(SlotName(slot.text) == slot.name, "\(slot.text) is read otherwise")
        require(layout.slot(named: slot.text) == slot, "\(slot.text) is not found")
        require(layout.hosts.contains(slot.host), "\(slot.host) is no host")
        if let address = slot.address {
          require(UInt64(address.value) == UInt64(group.firstAddress.value) + number - 1, "address of \(slot.text)")
        }
      }
      require(
        layout.slot(named: SlotName(prefix: group.prefix, kind: group.kind, number: group.count + 1)) == nil,
        "\(group.namesKey) has a slot too many")
    }
  }

  private mutating func checkStores() {
    for store in layout.stores {
      let read = FleetLayout(parsing: Array((store.line + "\n").utf8)).stores
      require(read == [store], "\(store.name) is read otherwise from its own line")
      require(layout.store(named: store.name)?.name == store.name, "\(store.name) is not found")
    }
    for store in layout.stores.prefix(4) {
      let primary = layout.primary(of: store)
      let report = StoreReport(on: store, in: layout, host: layout.hosts.first ?? "")
      require((report == nil) == (primary == nil), "a report without a primary")
      guard let report else { continue }
      require(report.text.hasSuffix("\n"), "a report without an end")
      require(
        ([report.master, report.this].compactMap { $0 } + report.others).allSatisfy { store.slots.contains($0.name) },
        "a slot of another store")
    }
  }

  private mutating func checkPlacement() {
    let codes = layout.groups.map { layout.slot(1, of: $0).location }
    var pattern: [String] = []
    for code in codes where !pattern.contains(code) && pattern.count < 3 { pattern.append(code) }
    guard let placed = try? Placement.place(PlacementRequest(count: 2, pattern: pattern), in: layout) else { return }
    var larger = layout
    for store in placed {
      larger.append(store.store)
      require(store.choices.map(\.slot.location) == pattern, "\(store.store.line): other locations")
    }
    require(!larger.findings().contains { $0.severity == .error }, "an error after placement")
    require(larger.stores.suffix(placed.count) == placed.map(\.store)[...], "placed stores are read otherwise")
  }
}
