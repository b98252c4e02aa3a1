// What operations ask of the heap. Counted once for few records and once for many.

import Testing

@Suite(.timeLimit(.minutes(30))) struct AllocationTests {
  /// Operations that allocate equally often, whatever the size of the file.
  private static let constant = [
    "open", "confirm", "list", "list-in-place", "lookup-one", "lookup-absent", "first-ten", "records-read", "layout",
    "verify", "copy", "shared",
  ]

  /// Those of which that holds only if the compiler has done its work: each looks at the meaning of records.
  private static let optimized = ["lookup", "decode", "totals", "form", "mailboxes-read"]

  /// Operations that leave nothing to be asked for.
  private static let none = [
    "list", "lookup", "lookup-one", "lookup-absent", "records-read", "decode", "mailboxes-read",
  ]

  private static let notOptimized: Comment = "the program is not optimised; Scripts/costs does that"

  @Test(arguments: constant)
  func `many records cost no more allocations than few`(_ operation: String) throws {
    let few = try Costs(of: operation, .few)
    let many = try Costs(of: operation, .many)
    #expect(many.allocations == few.allocations)
    #expect(many.left == 0)
  }

  @Test(.enabled(if: Costs.isOptimized, notOptimized), arguments: optimized)
  func `what looks at each record costs no allocation for it`(_ operation: String) throws {
    let few = try Costs(of: operation, .few)
    let many = try Costs(of: operation, .many)
    #expect(many.met >= few.met)
    #expect(many.allocations == few.allocations)
    #expect(many.peak == few.peak)
    #expect(try Costs(of: operation, .churnedMany).allocations == Costs(of: operation, .churnedFew).allocations)
  }

  @Test(.enabled(if: Costs.isOptimized, notOptimized), arguments: none)
  func `nothing is allocated`(_ operation: String) throws {
    #expect(try Costs(of: operation, .many).allocations == 0)
    #expect(try Costs(of: operation, .churnedMany).allocations == 0)
  }

  @Test(.enabled(if: Costs.isOptimized, notOptimized))
  func `a lookup in place looks at the header again without an allocation`() throws {
    let costs = try Costs(of: "lookup-in-place", .many)
    #expect(costs.met > 1000)
    #expect(costs.allocations == 0)
  }

  @Test func `a listing of a prefix allocates for the prefix alone`() throws {
    let few = try Costs(of: "prefix", .few, "N")
    let many = try Costs(of: "prefix", .many, "N")
    #expect(few.met > 0 && many.met > 50 * few.met)
    #expect(many.allocations == few.allocations)
    #expect(many.peak <= 1024)
  }

  @Test(arguments: ["records", "mailboxes"])
  func `a list takes four bytes a record, twelve while it grows`(_ operation: String) throws {
    let few = try Costs(of: operation, .few)
    let many = try Costs(of: operation, .many)
    #expect(many.left == 0)
    #expect(many.peak <= 12 * many.met + few.peak, "\(many)")
    // Each time it grows to twice the size. Searches on the way are no more for many records.
    if operation == "records" || Costs.isOptimized { #expect(many.allocations - few.allocations <= 24, "\(many)") }
  }

  @Test func `a log allocates for its lines as it grows`() throws {
    let few = try Costs(of: "log", .few)
    let many = try Costs(of: "log", .many)
    #expect(many.met > 50 * few.met)
    #expect(many.allocations - few.allocations <= 48, "\(many)")
  }

  @Test func `a verification of a packed file takes next to no memory`() throws {
    let costs = try Costs(of: "verify", .many)
    #expect(costs.peak <= 64 << 10, "\(costs)")
    #expect(try costs.peak * 50 <= CostFile.many.facts.byteCount)
    #expect(try Costs(of: "verify", .few).peak <= 64 << 10)
  }

  @Test func `a verification takes bits for the bytes, and forty bytes a record`() throws {
    for file in [CostFile.churnedFew, .churnedMany] {
      let costs = try Costs(of: "verify", file)
      let wanted = try 3 * file.facts.byteCount / 64 + 40 * file.allRecordCount
      // Beside that room for what the ranges that are walked at the same time meet, of which there are a thousand.
      #expect(costs.peak <= wanted + 12 << 20, "\(costs)")
      #expect(costs.left <= 64)
    }
  }

  @Test func `two threads take no more than twice the memory`() throws {
    for file in [CostFile.many, .churnedMany] {
      let one = try Costs(of: "verify", file)
      let two = try Costs(of: "verify-two", file)
      #expect(two.met == one.met)
      #expect(two.peak <= 2 * one.peak + 64 << 10, "\(two), \(one)")
    }
  }

  @Test func `looking into a file takes a bit for each eight bytes`() throws {
    for file in [CostFile.many, .churnedMany] {
      let costs = try Costs(of: "layout", file)
      #expect(try costs.peak <= file.facts.byteCount / 64 + 16 << 10, "\(costs)")
    }
  }

  /// Operations on whole files: bytes of memory for each record, dead ones and deletes included, and the part of the size of
  /// the file besides.
  private static let memory: [(operation: String, recordByteCount: Int, fileFraction: Int)] = [
    ("salvage", 75, 12), ("history", 50, 64), ("check", 24, .max),
  ]

  @Test(arguments: memory.indices)
  func `memory by the number of records`(_ index: Int) throws {
    let (operation, recordByteCount, fraction) = Self.memory[index]
    for file in [CostFile.few, .many, .churnedMany] {
      let costs = try Costs(of: operation, file)
      let wanted = try recordByteCount * file.allRecordCount + file.facts.byteCount / fraction
      #expect(costs.peak <= wanted + 64 << 10, "\(file) \(costs)")
      #expect(costs.left == 0)
    }
  }

  @Test func `an inventory takes memory for each group`() throws {
    let few = try Costs(of: "inventory", .few)
    let many = try Costs(of: "inventory", .many)
    let groups = try Costs(of: "groups", .many).met
    #expect(groups > 100)
    // Its name and its counts; while the table grows there are two, the new one half empty.
    #expect(many.peak - few.peak <= 640 * groups, "\(many), \(groups) groups")
    // Deleted mailboxes come apart from the others of their user, and in order of another name.
    if Costs.isOptimized { #expect(many.allocations - few.allocations <= 3 * groups, "\(many), \(groups) groups") }
  }

  @Test func `a comparison takes memory for the mailboxes, and little more for what differs`() throws {
    let small = try Costs(of: "diff", .smallStore, CostFile.smallReplica.path)
    let large = try Costs(of: "diff", .store, CostFile.replica.path)
    let same = try Costs(of: "diff", .store, CostFile.store.path)
    #expect(small.met > 20 && small.met <= CostFile.differingCount)
    #expect(large.met > 20 && large.met <= CostFile.differingCount)
    #expect(same.met == 0)
    // Two lists, and four bytes of a hash for each of the master's.
    let mailboxes = try Costs(of: "mailboxes", .store).met
    #expect(same.peak <= (2 * 12 + 4) * mailboxes + 64 << 10, "\(same)")
    #expect(large.peak - same.peak <= 8192 * large.met, "\(large), \(same)")
    #expect(large.left == 0)
    guard Costs.isOptimized else { return }
    #expect(large.allocations - same.allocations <= 100 * large.met, "\(large), \(same)")
    // The partition of the replica's mailboxes is noted whenever it is another one than before.
    #expect(same.allocations <= 1000 + mailboxes / 4, "\(same)")
  }
}
