// Each check of a layout, broken once.

import Testing

@testable import CyrusFleet

/// A layout and what must be found in it.
struct LayoutFault: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let lines: String
  let expected: [String]
  /// How many stores two servers may have in common.
  let pairLimit: Int

  /// The sample fleet with something before it, and what must be found.
  init(_ lines: String, pairLimit: Int = 2, _ expected: String...) {
    self.pairLimit = pairLimit
    testDescription = lines
    self.lines = lines
    self.expected = expected
  }

  static let all = [
    LayoutFault("nonsense", "line 1, column 1: error L01: neither the line of a store nor one of slots"),
    LayoutFault(
      "i30 30 T15 0 1000 e 10.0.0.1",
      "line 1, column 8: error L01: kind and count: expected a small letter and digits, as in t15, found 'T15'"),
    LayoutFault("i30 30 t15 0 1000 e", "line 1, column 1: error L01: slots: expected 7 fields, found 6"),
    LayoutFault(
      "\u{FEFF}i30 30 t15 0 1000 e 10.0.0.1",
      "line 1, column 1: error L01: begins with a byte order mark"),
    LayoutFault("  a b c d e f g", "line 1, column 3: error L01: neither the line of a store nor one of slots"),
    LayoutFault(
      "i30 30 t15 0 1000 e 10.202.80.1 # a comment\nj",
      "line 2, column 1: error L01: neither the line of a store nor one of slots"),
    LayoutFault(
      "x30 30 t1 0 1 e 10.0.0.1",
      "line 1, column 1: error L01: prefix: expected letters that end in i and a number, as in i30 or si2d2, found 'x30'"
    ),
    LayoutFault(
      "i30 30 t1 0 1 e 10.0.0.256",
      "line 1, column 17: error L01: address: expected four numbers as in 10.202.80.1, found '10.0.0.256'"),
    LayoutFault(
      "i30 30 t99999999999 0 1 e 10.0.0.1",
      "line 1, column 9: error L01: count: expected at most 4294967295, found 99999999999"),
    LayoutFault(
      "store5 n 0 90",
      "line 1, column 1: error L01: store: expected a location, a branch, a target and slots, found 3 of these fields"),
    LayoutFault(
      "store5 n ../x 90 sloti30t01",
      "line 1, column 10: error L01: branch: expected a letter or digit, then also . _ - and +, found '../x'"),
    LayoutFault("store5 n 0 x sloti30t01", "line 1, column 12: error L01: target: expected a number, found 'x'"),
    LayoutFault(
      "store5 n 0 90 sloti30t1",
      "line 1, column 15: error L01: slot: expected a name as in sloti30t01, found 'sloti30t1'"),
    LayoutFault(
      "i30\u{A0}30 t1 0 1 e 10.0.0.1", "line 1, column 4: warning L02: a no-break space (U+00A0) stands between fields"),
    LayoutFault("i30 30 t1 0 1 e 10.0.0.1\r", "line 1, column 25: warning L03: ends in CR LF"),
    LayoutFault(
      "i30 30 t2 0 1 e 10.0.0.1\ni30 30 t3 0 1 e 10.0.1.1",
      "line 2, column 1: error L10: gives slots from sloti30t01 on, as line 1 does"),
    LayoutFault(
      "i30 30 t2 0 1 e 10.0.0.1\ni31 31 t3 0 1 e 10.0.0.2",
      "line 2, column 17: error L11: 10.0.0.2 is the address of a slot of line 1, too"),
    LayoutFault(
      "i30 30 t20 0 1 e 10.0.0.1\ni31 31 t1 0 1 e 10.0.0.3\ni32 32 t1 0 1 e 10.0.0.9",
      "line 2, column 17: error L11: 10.0.0.3 is the address of a slot of line 1, too",
      "line 3, column 17: error L11: 10.0.0.9 is the address of a slot of line 1, too"),
    LayoutFault(
      "i30 30 t2 0 1 e 255.255.255.255",
      "line 1, column 17: error L12: 2 addresses from 255.255.255.255 on are more than there are"),
    LayoutFault(
      "i30 30 t4294967295 0 1 e 255.255.255.255",
      "line 1, column 26: error L12: 4294967295 addresses from 255.255.255.255 on are more than there are"),
    LayoutFault(
      "i30 30 t2 0 1 e 10.0.0.255",
      "line 1, column 17: warning L13: addresses go on to 10.0.1.0, beyond a multiple of 256"),
    LayoutFault(
      "i30 31 t2 0 1 e 10.0.0.1", "line 1, column 5: warning L14: expected the number of the prefix, 30, found 31"),
    LayoutFault(
      "i30 30 t2 10 1 e 10.0.0.1",
      "line 1, column 11: error L20: a drive of 10 GB for metadata, and no template, metadataConfigDirectory, says where it is"
    ),
    LayoutFault(
      "\(slots)store5 n 0 90 sloti1t01 slotti1t01 slotsi1t03", "line 4, column 36: error L30: no line gives slotsi1t03"),
    LayoutFault(
      "\(slots)store5 n 0 90 sloti1t01 slotti1t01 slotsi1t01\nstore6 n 0 90 sloti1t02 slotti1t02 slotsi1t01",
      "line 5, column 36: error L31: slotsi1t01 is used by store5 of line 4, too"),
    LayoutFault(
      "\(slots)store5 n 0 90 sloti1t01 slotti1t01 slotti1t01", "line 4, column 36: error L31: slotti1t01 is used twice"),
    LayoutFault(
      "\(slots)store5 n 0 90 sloti1t01 slotti1t01 sloti1t02",
      "line 4, column 36: error L32: sloti1t02 is on imap1, as sloti1t01 is"),
    LayoutFault(
      "\(slots)i2 2 t2 0 5 e 10.0.4.1\ni3 3 t2 0 5 e 10.0.5.1\nstore5 n 0 90 sloti1t01 sloti2t01 sloti3t01",
      "line 6, column 15: warning L33: all slots of store5 are in one data centre, n"),
    LayoutFault(
      "\(slots)store5 x 0 90 sloti1t01 slotti1t01 slotsi1t01",
      "line 4, column 8: warning L34: no slot of store5 is in x"),
    LayoutFault(
      "\(slots)store5 n 0 90 slotti1t01 sloti1t01 slotsi1t01",
      "line 4, column 15: warning L34: the first slot of store5 is not in n"),
    LayoutFault(
      "\(slots)store5 n 0 101 sloti1t01 slotti1t01 slotsi1t01",
      "line 4, column 12: error L35: target: expected 0 to 100 percent, found 101"),
    LayoutFault(
      "\(slots)store5 n 0 0 sloti1t01 slotti1t01 slotsi1t01\nstore5 n 0 0 sloti1t02 slotti1t02 slotsi1t02",
      "line 5, column 1: error L35: store5 is on line 4, too"),
    LayoutFault(
      "\(slots)i2 2 t2 0 4 e 10.0.4.1\nstore5 n 0 90 sloti1t01 slotti1t01 sloti2t01",
      "line 5, column 36: warning L36: sloti2t01 has 4 GB, sloti1t01 has 5"),
    LayoutFault("\(slots)store5 n 0 90 sloti1t01 slotti1t01", "line 4, column 1: info L37: store5 has two slots"),
    LayoutFault(
      "\(slots)store5 n 0 0 sloti1t01 slotti1t01 slotsi1t01\nstore6 n 0 0 sloti1t02 slotti1t02 slotsi1t02",
      pairLimit: 1,
      "info L38: imap1 and simap1 have 2 stores in common, the limit is 1",
      "info L38: imap1 and timap1 have 2 stores in common, the limit is 1",
      "info L38: simap1 and timap1 have 2 stores in common, the limit is 1"),
  ]

  private static let slots = "i1 1 t2 0 5 e 10.0.1.1\nti1 1 t2 0 5 e 10.0.2.1\nsi1 1 t2 0 5 e 10.0.3.1\n"
}

@Suite struct LayoutCheckTests {
  @Test(arguments: LayoutFault.all)
  func `finds what is wrong, and nothing else`(_ fault: LayoutFault) {
    let layout = FleetLayout(parsing: Array((fault.lines + "\n").utf8))
    #expect(layout.findings(pairLimit: fault.pairLimit).map(\.description) == fault.expected)
  }

  @Test func `every rule is broken above`() {
    let broken = Set(
      LayoutFault.all.flatMap { FleetLayout(parsing: Array(($0.lines + "\n").utf8)).findings(pairLimit: $0.pairLimit) }
        .map(\.rule)
    )
    #expect(broken == Set(LayoutRule.allCases))
  }

  @Test func `a bad line hides no good one`() {
    let lines = sampleFleet.split(separator: "\n").map { "nonsense\n\($0)\n" }.joined()
    let layout = FleetLayout(parsing: Array(lines.utf8))
    #expect(layout.slotCount == 237)
    #expect(layout.stores.count == 2)
    #expect(layout.findings().count == 11)
  }

  @Test func `a drive for metadata is right where a template says where it is`() {
    var templates = PathTemplates()
    templates.metadataConfigDirectory = "/mnt/meta<server>/<slot>"
    #expect(FleetLayout(parsing: Array("i30 30 t2 10 1 e 10.0.0.1".utf8)).findings(templates).isEmpty)
  }
}
