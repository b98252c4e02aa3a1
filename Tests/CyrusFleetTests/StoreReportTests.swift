// Reports on stores, byte for byte.

import Testing

@testable import CyrusFleet

private let report254 = """
  Store: store254
  Master: sloti30t15 (imap30) 10.202.80.15
  Primary: sloti30t15 (imap30) 10.202.80.15
  This: sloti30t15 (imap30) 10.202.80.15
  Other: sloti29t15 (imap29) 10.202.79.15
  Other: slotsi1d2t40 (simap1) 10.206.51.80
  Other: slotti1t06 (timap1) 10.205.161.6

  sudo -u cyrus /usr/cyrus-future/bin/cyr_dbtool -C /etc/cyrus/imapd-sloti30t15.conf /mnt/ssd30/sloti30t15/store254/conf/mailboxes.db twoskip
  sudo -u cyrus /usr/cyrus-future/bin/reconstruct -C /etc/cyrus/imapd-sloti30t15.conf
  sudo -u cyrus /usr/cyrus-future/bin/dav_reconstruct -C /etc/cyrus/imapd-sloti30t15.conf
  sudo -u cyrus /usr/cyrus-future/bin/cyr_synclog -C /etc/cyrus/imapd-sloti30t15.conf -v
  sudo -u cyrus /usr/cyrus-future/bin/ctl_conversationsdb -C /etc/cyrus/imapd-sloti30t15.conf
  sudo -u cyrus /usr/cyrus-future/bin/squatter -C /etc/cyrus/imapd-sloti30t15.conf -v -i
  sudo -u cyrus /usr/cyrus-future/bin/sync_client -C /etc/cyrus/imapd-sloti30t15.conf -n sloti29t15 -v
  sudo -u cyrus /usr/cyrus-future/bin/sync_client -C /etc/cyrus/imapd-sloti30t15.conf -n slotsi1d2t40 -v
  sudo -u cyrus /usr/cyrus-future/bin/sync_client -C /etc/cyrus/imapd-sloti30t15.conf -n slotti1t06 -v

  """

private let report23 = """
  Store: store23
  Master: sloti30t01 (imap30) 10.202.80.1
  Primary: sloti30t01 (imap30) 10.202.80.1
  This: sloti30t01 (imap30) 10.202.80.1
  Other: sloti15t03 (imap15) 10.202.65.3
  Other: slotsi2d2t01 (simap2) 10.206.52.41
  Other: slotti5t02 (timap5) 10.205.165.2

  """

private let report254OnReplica = """
  Store: store254
  Master: sloti30t15 (imap30) 10.202.80.15
  Primary: sloti30t15 (imap30) 10.202.80.15
  This: slotti1t06 (timap1) 10.205.161.6
  Other: sloti29t15 (imap29) 10.202.79.15
  Other: slotsi1d2t40 (simap1) 10.206.51.80

  sudo -u cyrus /usr/cyrus-future/bin/cyr_dbtool -C /etc/cyrus/imapd-slotti1t06.conf /mnt/ssd1/slotti1t06/store254/conf/mailboxes.db twoskip
  sudo -u cyrus /usr/cyrus-future/bin/reconstruct -C /etc/cyrus/imapd-slotti1t06.conf
  sudo -u cyrus /usr/cyrus-future/bin/dav_reconstruct -C /etc/cyrus/imapd-slotti1t06.conf
  sudo -u cyrus /usr/cyrus-future/bin/cyr_synclog -C /etc/cyrus/imapd-slotti1t06.conf -v
  sudo -u cyrus /usr/cyrus-future/bin/ctl_conversationsdb -C /etc/cyrus/imapd-slotti1t06.conf
  sudo -u cyrus /usr/cyrus-future/bin/squatter -C /etc/cyrus/imapd-slotti1t06.conf -v -i

  """

@Suite struct StoreReportTests {
  private let layout = FleetLayout(parsing: Array(sampleFleet.utf8))

  private func report(_ store: String, host: String, master: String? = nil) throws -> StoreReport {
    let store = try #require(layout.store(named: store))
    return try #require(StoreReport(on: store, in: layout, host: host, master: master.flatMap { SlotName($0) }))
  }

  @Test func `on the master`() throws { #expect(try report("store254", host: "imap30").text == report254) }

  @Test func `of another store`() throws {
    let text = try report("store23", host: "imap30").text
    #expect(text.hasPrefix(report23))
    #expect(text.contains("/usr/cyrus/bin/cyr_dbtool"))
    #expect(text.contains(" /mnt/ssd30/sloti30t01/store23/conf/mailboxes.db twoskip\n"))
    #expect(text.split(separator: "\n").count { $0.contains("sync_client") } == 3)
  }

  @Test func `on a replica`() throws { #expect(try report("store254", host: "timap1").text == report254OnReplica) }

  @Test func `on a host without a slot of the store`() throws {
    let text = try report("store254", host: "laptop").text
    #expect(!text.contains("This: "))
    #expect(text.contains("\n\n# on imap30\nsudo -u cyrus /usr/cyrus-future/bin/cyr_dbtool "))
    #expect(text.split(separator: "\n").count { $0.hasPrefix("Other: ") } == 3)
    #expect(text.split(separator: "\n").count { $0.contains("sync_client") } == 3)
  }

  @Test func `with another master`() throws {
    let report = try report("store254", host: "timap1", master: "slotti1t06")
    #expect(report.master.text == "slotti1t06")
    #expect(report.primary.text == "sloti30t15")
    #expect(report.others.map(\.text) == ["sloti29t15", "sloti30t15", "slotsi1d2t40"])
    #expect(report.commands.count { $0.contains("sync_client") } == 3)
    // A slot of another store is no master of this one.
    #expect(try self.report("store254", host: "timap1", master: "sloti30t01").master.text == "sloti30t15")
  }

  @Test func `names slots that no line gives`() throws {
    let layout = FleetLayout(parsing: Array("i1 1 t2 0 5 e 10.0.1.1\nstore5 n 0 90 sloti1t01 sloti9t01\n".utf8))
    let report = try #require(StoreReport(on: layout.stores[0], in: layout, host: "imap1"))
    #expect(report.unknownSlots.map(\.text) == ["sloti9t01"])
    #expect(StoreReport(on: FleetStore(number: 1, masterLocation: "n", slots: []), in: layout, host: "x") == nil)
  }
}
