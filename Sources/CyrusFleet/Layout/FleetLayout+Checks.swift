// The checks of a layout as a whole.
//
// None takes the slots of a group one by one: names and addresses are compared as ranges.
//
// Facts: Docs/Formats/fleet-layout.md, section 8.

extension FleetLayout {
  /// What is wrong with the layout, by lines.
  ///
  /// - Parameters:
  ///   - templates: Where files lie: ``LayoutRule/metadataDrive`` is found where they do not say it.
  ///   - pairLimit: How many stores two servers may have in common; nil for any number.
  /// - Complexity: O(lines · log lines), and for each store the pairs of its slots.
  public func findings(_ templates: PathTemplates = .standard, pairLimit: Int? = nil) -> [LayoutFinding] {
    var findings = lineFindings
    checkGroups(templates, &findings)
    checkAddresses(&findings)
    checkStores(&findings)
    if let pairLimit { checkPairs(limit: pairLimit, &findings) }
    return findings.sorted { ($0.line, $0.column, $0.rule.rawValue) < ($1.line, $1.column, $1.rule.rawValue) }
  }

  private func finding(_ rule: LayoutRule, _ line: Int, field: Int, _ message: String) -> LayoutFinding {
    LayoutFinding(rule, line: line + 1, column: lines[line].columns[field], message)
  }

  private func checkGroups(_ templates: PathTemplates, _ findings: inout [LayoutFinding]) {
    var seen: [String: Int] = [:]
    for (group, line) in zip(groups, groupLines) {
      if group.count > 0 {
        if let first = seen[group.namesKey] {
          let name = SlotName(prefix: group.prefix, kind: group.kind, number: 1).text
          findings.append(finding(.slotTwice, line, field: 0, "gives slots from \(name) on, as line \(first + 1) does"))
        } else {
          seen[group.namesKey] = line
        }
      }
      if group.prefix.server != group.server {
        findings.append(
          finding(
            .serverDiffers, line, field: 1,
            "expected the number of the prefix, \(group.prefix.serverDigits), found \(group.server)"))
      }
      if group.metadataSize > 0, templates.metadataConfigDirectory == nil {
        findings.append(
          finding(
            .metadataDrive, line, field: 3,
            "a drive of \(group.metadataSize) GB for metadata, and no template, metadataConfigDirectory, says where it is"
          ))
      }
      guard group.count > 0 else { continue }
      let first = UInt64(group.firstAddress.value)
      let last = first + group.count - 1
      if last > UInt64(UInt32.max) {
        findings.append(
          finding(
            .addressOutside, line, field: 6,
            "\(group.count) addresses from \(group.firstAddress) on are more than there are"))
      } else if first >> 8 != last >> 8 {
        findings.append(
          finding(
            .addressCrosses, line, field: 6,
            "addresses go on to \(IPv4Address(value: UInt32(last))), beyond a multiple of 256"))
      }
    }
  }

  private func checkAddresses(_ findings: inout [LayoutFinding]) {
    func last(_ place: Int) -> UInt64 { UInt64(groups[place].firstAddress.value) + groups[place].count - 1 }
    let places = groups.indices.filter { groups[$0].count > 0 }.sorted {
      (groups[$0].firstAddress.value, $0) < (groups[$1].firstAddress.value, $1)
    }
    // Of those before, the one that reaches farthest: whatever overlaps any of them overlaps it.
    var farthest: Int?
    for place in places {
      if let before = farthest, last(before) >= UInt64(groups[place].firstAddress.value) {
        let (early, late) = (min(before, place), max(before, place))
        findings.append(
          finding(
            .addressTwice, groupLines[late], field: 6,
            "\(groups[place].firstAddress) is the address of a slot of line \(groupLines[early] + 1), too"))
      }
      if farthest.map({ last($0) < last(place) }) ?? true { farthest = place }
    }
  }

  private func checkStores(_ findings: inout [LayoutFinding]) {
    var lineOfName: [String: Int] = [:]
    var owners: [SlotName: Int] = [:]
    for (place, (store, line)) in zip(stores, storeLines).enumerated() {
      if let first = lineOfName[store.name] {
        findings.append(finding(.storeRefused, line, field: 0, "\(store.name) is on line \(first + 1), too"))
      } else {
        lineOfName[store.name] = line
      }
      if store.target > 100 {
        findings.append(
          finding(.storeRefused, line, field: 3, "target: expected 0 to 100 percent, found \(store.target)"))
      }
      checkSlots(of: store, place, line, &owners, &findings)
      checkPlaces(of: store, line, &findings)
      if store.slots.count < 3 {
        let count = store.slots.count == 1 ? "one slot" : "two slots"
        findings.append(finding(.fewSlots, line, field: 0, "\(store.name) has \(count)"))
      }
    }
  }

  private func checkSlots(
    of store: FleetStore, _ place: Int, _ line: Int, _ owners: inout [SlotName: Int],
    _ findings: inout [LayoutFinding]
  ) {
    var servers: [String: SlotName] = [:]
    let primary = primary(of: store)
    for (index, name) in store.slots.enumerated() {
      if let owner = owners[name] {
        let other = owner == place ? "twice" : "by \(stores[owner].name) of line \(storeLines[owner] + 1), too"
        findings.append(finding(.slotTaken, line, field: 4 + index, "\(name.text) is used \(other)"))
      } else {
        owners[name] = place
      }
      guard let slot = slot(named: name) else {
        findings.append(finding(.noSuchSlot, line, field: 4 + index, "no line gives \(name.text)"))
        continue
      }
      if let other = servers[slot.host], other != name {
        findings.append(
          finding(.sharedServer, line, field: 4 + index, "\(name.text) is on \(slot.host), as \(other.text) is"))
      } else {
        servers[slot.host] = name
      }
      if let primary, slot.group.dataSize < primary.group.dataSize {
        findings.append(
          finding(
            .smallReplica, line, field: 4 + index,
            "\(name.text) has \(slot.group.dataSize) GB, \(primary.text) has \(primary.group.dataSize)"))
      }
    }
  }

  private func checkPlaces(of store: FleetStore, _ line: Int, _ findings: inout [LayoutFinding]) {
    let locations = slots(of: store).map(\.location)
    guard let first = locations.first else { return }
    if locations.allSatisfy({ $0 == first }) {
      findings.append(
        finding(.oneDataCentre, line, field: 4, "all slots of \(store.name) are in one data centre, \(first)"))
    }
    if !locations.contains(store.masterLocation) {
      findings.append(
        finding(.masterElsewhere, line, field: 1, "no slot of \(store.name) is in \(store.masterLocation)"))
    } else if slot(named: store.slots[0])?.location != store.masterLocation {
      findings.append(
        finding(.masterElsewhere, line, field: 4, "the first slot of \(store.name) is not in \(store.masterLocation)"))
    }
  }

  private func checkPairs(limit: Int, _ findings: inout [LayoutFinding]) {
    var counts: [[String]: Int] = [:]
    for store in stores {
      let hosts = Set(slots(of: store).map(\.host)).sorted(by: NaturalOrder.isBefore)
      for (index, host) in hosts.enumerated() {
        for other in hosts[(index + 1)...] { counts[[host, other], default: 0] += 1 }
      }
    }
    let over = counts.filter { $0.value > limit }.sorted { left, right in
      left.key[0] == right.key[0]
        ? NaturalOrder.isBefore(left.key[1], right.key[1]) : NaturalOrder.isBefore(left.key[0], right.key[0])
    }
    findings += over.map { pair, count in
      LayoutFinding(
        .pairLimit, line: 0, column: 0,
        "\(pair[0]) and \(pair[1]) have \(count) stores in common, the limit is \(limit)")
    }
  }
}
