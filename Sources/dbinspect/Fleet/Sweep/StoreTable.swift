// What a sweep comes to: a table of stores for people, a document for programs.

import CyrusFleet

/// The stores of a sweep, the worst first.
struct StoreTable {
  let stores: [StoreCondition]

  /// - Parameter stores: In any order.
  init(_ stores: [StoreCondition]) { self.stores = stores.sorted(by: StoreCondition.isBefore) }

  var slotCount: Int { stores.reduce(0) { $0 + $1.slots.count } }
  var soundCount: Int { stores.reduce(0) { $0 + $1.soundCount } }
  var pendingLineCount: Int { stores.reduce(0) { $0 + $1.pendingLineCount } }
  var driftCount: Int { stores.reduce(0) { $0 + $1.driftCount } }
  var oldestAge: Int64? { stores.compactMap(\.oldestAge).max() }

  func count(_ status: StoreCondition.Status) -> Int { stores.count { $0.status == status } }

  /// How the command ends.
  var status: ExitStatus {
    switch stores.first?.status {
    case nil, .ok: .yes
    case .pending: .no
    case .drift, .damaged, .unreachable: .broken
    }
  }

  /// One line: how many stores there are of each status.
  var conclusion: String {
    let statuses = StoreCondition.Status.allCases.reversed().filter { count($0) > 0 }
    let stores = statuses.map { "\(count($0)) \($0.rawValue)" }.joined(separator: ", ")
    var text = counted(self.stores.count, "store") + (stores.isEmpty ? "" : ": \(stores)")
    text += "; \(counted(slotCount, "slot")), \(soundCount) sound; \(counted(pendingLineCount, "line")) pending"
    if let oldestAge { text += ", the oldest log was changed \(duration(oldestAge)) ago" }
    return text
  }

  /// Prints a line for each store, and one for all.
  func print(to output: inout Output) {
    if !stores.isEmpty {
      var rows = [["STORE", "STATUS", "SLOTS", "PENDING", "OLDEST", "DRIFT", "REASON"]]
      for store in stores {
        rows.append([
          printable(store.store), store.status.rawValue, "\(store.soundCount)/\(store.slots.count)",
          "\(store.pendingLineCount)", store.oldestAge.map(duration) ?? "-", "\(store.driftCount)",
          printable(store.reason),
        ])
      }
      output.table(rows, numbers: [2, 3, 4, 5])
    }
    output.line(conclusion)
  }

  /// Writes the members of a document.
  func write(to output: inout Output) {
    output.object("totals", .inline) { output in
      output.member("stores", stores.count)
      for status in StoreCondition.Status.allCases { output.member(status.rawValue, count(status)) }
      output.member("slots", slotCount)
      output.member("soundSlots", soundCount)
      output.member("lines", pendingLineCount)
      output.member("oldestAge", oldestAge)
      output.member("differences", driftCount)
    }
    output.array("stores") { output in
      for store in stores {
        output.object { output in
          output.member("store", store.store)
          output.member("status", store.status.rawValue)
          output.member("reason", store.reason.isEmpty ? nil : store.reason)
          output.array("slots") { output in
            for slot in store.slots { output.object(.inline) { slot.write(to: &$0) } }
          }
        }
      }
    }
  }
}

// MARK: - Monitors

extension StoreTable {
  /// Labels are stores, of which there are as many as the layout has, and statuses.
  var metrics: [Metric] {
    var totals = Metric("cyrus_fleet_sweep_stores", "Stores of this status.")
    for status in StoreCondition.Status.allCases { totals.add(count(status), ["status": status.rawValue]) }
    var statuses = Metric("cyrus_fleet_sweep_status", "Whether this is the status of the store.")
    var slots = Metric("cyrus_fleet_sweep_slots", "Slots of the store that were looked at.")
    var sound = Metric("cyrus_fleet_sweep_sound_slots", "Those of them whose list is whole.")
    var lines = Metric("cyrus_fleet_sweep_pending_lines", "Lines that wait for replicas.")
    var ages = Metric("cyrus_fleet_sweep_age_seconds", "Seconds since the oldest log was changed.")
    var drift = Metric("cyrus_fleet_sweep_drift", "Differences of lists that are not on their way.")
    for store in stores {
      for status in StoreCondition.Status.allCases {
        statuses.add(status == store.status ? 1 : 0, ["store": store.store, "status": status.rawValue])
      }
      slots.add(store.slots.count, ["store": store.store])
      sound.add(store.soundCount, ["store": store.store])
      lines.add(store.pendingLineCount, ["store": store.store])
      if let age = store.oldestAge { ages.add(age, ["store": store.store]) }
      drift.add(store.driftCount, ["store": store.store])
    }
    return [totals, statuses, slots, sound, lines, ages, drift]
  }

  /// The line for Nagios.
  func answer(lines: Threshold, ages: Threshold) -> NagiosAnswer {
    let isBroken = status == .broken
    var text = conclusion
    if isBroken, let worst = stores.first {
      let others = stores.count { $0.status > .pending } - 1
      text = "\(worst.store): \(worst.reason)" + (others > 0 ? "; and \(counted(others, "more store"))" : "")
    }
    return NagiosAnswer(
      isBroken ? .critical : .ok, text,
      [
        .init(label: "stores", value: stores.count), .init(label: "unreachable", value: count(.unreachable)),
        .init(label: "damaged", value: count(.damaged)), .init(label: "drift", value: count(.drift)),
        .init(label: "lines", value: pendingLineCount, threshold: lines),
        .init(label: "age", value: Int(oldestAge ?? 0), unit: "s", threshold: ages),
      ])
  }
}
