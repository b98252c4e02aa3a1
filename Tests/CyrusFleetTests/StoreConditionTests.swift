// How a store is judged by the conditions of its slots.

import Testing

@testable import CyrusFleet

@Suite struct StoreConditionTests {
  private static func slot(
    _ name: String, _ role: SlotRole = .replica, _ verdict: SlotVerdict = .sound, time: Int64 = 0,
    digest: String? = "a", problem: String? = nil, channels: [ChannelCondition] = []
  ) -> SlotCondition {
    SlotCondition(
      store: "store1", slot: name, host: "imap1", role: role, time: time, verdict: verdict,
      contents: SlotContents(digest: digest), problem: problem, channels: channels)
  }

  private static func judged(_ slots: [SlotCondition], isPart: Bool = false) -> String {
    let store = StoreCondition(store: "store1", slots: slots, isPart: isPart)
    return store.reason.isEmpty ? store.status.rawValue : "\(store.status.rawValue): \(store.reason)"
  }

  private static func master(_ channels: ChannelCondition...) -> SlotCondition {
    slot("m", .master, channels: channels)
  }

  @Test func `equal digests are as good as a comparison`() {
    let master = Self.master(ChannelCondition(channel: "r", lineCount: 0))
    #expect(Self.judged([master, Self.slot("r")]) == "ok")
    #expect(Self.judged([master, Self.slot("r", digest: "b")]) == "drift: r: differs, and nothing is pending")
    let busy = Self.master(ChannelCondition(channel: "r", lineCount: 2))
    #expect(Self.judged([busy, Self.slot("r")]) == "pending: r: 2 lines pending")
    #expect(Self.judged([busy, Self.slot("r", digest: "b")]) == "pending: r: 2 lines pending")
  }

  @Test func `a comparison is believed rather than digests`() {
    func judged(_ differences: DifferenceCounts, _ lines: Int = 0) -> String {
      let channel = ChannelCondition(channel: "r", lineCount: lines, differences: differences)
      return Self.judged([Self.master(channel), Self.slot("r", digest: "b")])
    }
    #expect(judged(DifferenceCounts()) == "ok")
    #expect(judged(DifferenceCounts(pending: 2), 1) == "pending: r: 1 line pending")
    #expect(judged(DifferenceCounts(pending: 2)) == "pending: r: 2 differences on their way")
    #expect(judged(DifferenceCounts(pending: 2, drift: 1), 5) == "drift: r: 1 difference not on their way")
    #expect(
      judged(DifferenceCounts(drift: 1, conflict: 2))
        == "drift: r: 3 differences not on their way, 2 of them conflicts")
    #expect(judged(DifferenceCounts(inFlux: 1)) == "drift: r: 1 difference not on their way")
  }

  @Test func `what is worst is told, and how much more there is`() {
    let master = Self.master(
      ChannelCondition(channel: "r", lineCount: 0, problem: "p"), ChannelCondition(channel: "s", lineCount: 3))
    #expect(
      Self.judged([master, Self.slot("r", .replica, .missing, problem: "gone"), Self.slot("s")])
        == "unreachable: r: missing: gone")
    #expect(
      Self.judged([master, Self.slot("r", .replica, .damaged, problem: "bad"), Self.slot("s", .replica, .damaged)])
        == "damaged: r: damaged: bad, and 1 more")
    #expect(Self.judged([master, Self.slot("r"), Self.slot("s")]) == "unreachable: r: not compared: p")
    #expect(Self.judged([Self.slot("m", .master, .unreadable)]) == "unreachable: m: unreadable: no reason given")
  }

  @Test func `slots of which there is no word are missed, unless they may be elsewhere`() {
    let master = Self.master(ChannelCondition(channel: "r", lineCount: 0))
    #expect(Self.judged([master]) == "unreachable: r: no word of it")
    #expect(Self.judged([master], isPart: true) == "ok")
    #expect(Self.judged([Self.slot("r")]) == "unreachable: no word of its master")
    #expect(Self.judged([Self.slot("r")], isPart: true) == "ok")
    let two = [Self.slot("a", .master), Self.slot("b", .master)]
    #expect(Self.judged(two) == "unreachable: a and b both count as master")
  }

  @Test func `of several words about a slot the newest counts`() {
    let old = Self.slot("r", .replica, .damaged, time: 1)
    let new = Self.slot("r", time: 2)
    let master = Self.master(ChannelCondition(channel: "r", lineCount: 0))
    #expect(Self.judged([old, new, master]) == "ok")
    #expect(Self.judged([new, master, old]) == "ok")
  }

  @Test func `lost lines are drift, as what they were about may differ for good`() {
    let channel = ChannelCondition(channel: "r", lineCount: 0, lostCount: 2, differences: DifferenceCounts())
    let judged = Self.judged([Self.master(channel), Self.slot("r")])
    #expect(judged == "drift: r: lines are lost at 2 places of the log")
  }

  @Test func `the worst stores come first`() {
    let stores = [("store10", SlotVerdict.sound), ("store9", .sound), ("store2", .damaged), ("store3", .missing)].map {
      StoreCondition(
        store: $0.0,
        slots: [SlotCondition(store: $0.0, slot: "m", host: nil, role: .master, time: 0, verdict: $0.1)])
    }
    #expect(stores.sorted(by: StoreCondition.isBefore).map(\.store) == ["store3", "store2", "store9", "store10"])
    #expect(StoreCondition.Status.allCases.map(\.rank) == [0, 1, 2, 3, 4])
  }
}
