// How much of a file is looked at: pages of 4096 bytes.

import Testing

@Suite(.timeLimit(.minutes(30))) struct PageTests {
  private static let pageByteCount: UInt64 = 4096

  /// How many heads a search may look at, each on a page of its own.
  private static func searchMax(_ file: CostFile) throws -> Int { try 5 * file.logarithm / 2 + 4 }

  @Test(arguments: ["open", "confirm"])
  func `opening and proving look at nothing that is mapped`(_ operation: String) throws {
    #expect(try Costs(of: operation, .many).pages == 0)
  }

  @Test(arguments: [CostFile.few, .many, .churnedMany], ["lookup-one", "lookup-absent"])
  func `a lookup goes from page to page of a few records`(_ file: CostFile, _ operation: String) throws {
    let costs = try Costs(of: operation, file)
    // In both orders the way of a key that is not there is the same here.
    #expect(try costs.pages <= Self.searchMax(file), "\(costs)")
    #expect(costs.pages > 0)
  }

  @Test(arguments: ["Nuser\u{1F}\(CostFile.user)", "Nuser\u{1F}a", "Nshared", "A", "N", "Z"])
  func `a listing of a prefix looks at its records and the way there`(_ prefix: String) throws {
    let bytes = try CostFile.many.bytes(ofPrefix: prefix)
    let costs = try Costs(of: "prefix", .many, prefix)
    #expect(try costs.pages <= Int(UInt64(bytes.count) / Self.pageByteCount) + 2 + Self.searchMax(.many), "\(costs)")
    #expect(costs.pages >= Int(UInt64(bytes.count) / Self.pageByteCount))
  }

  @Test func `a listing that ends early looks at what it gave`() throws {
    let costs = try Costs(of: "first-ten", .many)
    #expect(costs.met == 10)
    // The list head, ten records of some hundred bytes, and one on the edge of a page.
    #expect(costs.pages <= 4, "\(costs)")
  }

  @Test func `finding out how keys are built takes some eighty searches`() throws {
    for file in [CostFile.few, .many, .churnedMany] {
      let costs = try Costs(of: "form", file)
      // They go to the same places, mostly.
      #expect(try costs.pages <= 24 * file.logarithm, "\(file) \(costs)")
    }
  }

  @Test func `the mailboxes of a user cost a few searches, and looking at their records`() throws {
    let form = try Costs(of: "form", .many)
    let user = try Costs(of: "user", .many, CostFile.user)
    #expect(user.met > 0 && user.met < 1000)
    let bytes = try CostFile.many.bytes(ofPrefix: "Nuser\u{1F}\(CostFile.user)")
    // The INBOX, what is below it, what is deleted; with and without a domain.
    let wanted = try 6 * Self.searchMax(.many) + bytes.count / Int(Self.pageByteCount) + 2
    #expect(user.pages - form.pages <= wanted, "\(user), \(form)")
  }

  @Test func `reading a whole file looks at each page once`() throws {
    for operation in ["list", "verify", "totals"] {
      let costs = try Costs(of: operation, .many)
      #expect(try costs.pages == (CostFile.many.facts.byteCount + 4095) / 4096)
    }
  }
}
