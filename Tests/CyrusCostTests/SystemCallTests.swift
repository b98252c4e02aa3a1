// System calls, as strace(1) sees them.

import Testing

@Suite(.timeLimit(.minutes(30))) struct SystemCallTests {
  @Test(arguments: [
    "open", "list", "list-in-place", "confirm", "lookup-one", "lookup-absent", "records-read", "first-ten",
    "copy", "shared",
  ])
  func `many records cost the same system calls as few`(_ operation: String) throws {
    let few = try SystemCalls(of: operation, .few)
    let many = try SystemCalls(of: operation, .many)
    #expect(many.counts == few.counts)
  }

  @Test(arguments: ["records", "verify", "layout", "salvage", "history"])
  func `beside those for memory there are no more for a whole file`(_ operation: String) throws {
    let few = try SystemCalls(of: operation, .few)
    let many = try SystemCalls(of: operation, .many)
    #expect(many.withoutMemory == few.withoutMemory)
    #expect(many.memoryTotal - few.memoryTotal <= 64, "\(many)")
    #expect(try SystemCalls(of: operation, .churnedMany).withoutMemory == few.withoutMemory)
  }

  @Test func `opening and closing takes some twenty`() throws {
    let calls = try SystemCalls(of: "open", .many)
    #expect(calls.total <= 20, "\(calls)")
    #expect(calls["openat"] == 2 && calls["close"] == 2)
    #expect(calls["mmap"] == 1 && calls["munmap"] == 1)
  }

  @Test func `a copy is read at once, and a lock taken once`() throws {
    let copy = try SystemCalls(of: "copy", .many)
    // The header, the file, and the header again for the proof.
    #expect(copy["pread64"] == 3, "\(copy)")
    #expect(copy["mmap"] == 1 && copy["munmap"] == 1)
    let shared = try SystemCalls(of: "shared", .many)
    #expect(shared.total <= 20, "\(shared)")
  }

  @Test func `a proof looks at the size of the file and at its header`() throws {
    #expect(try SystemCalls(of: "confirm", .many).counts == ["newfstatat": 1, "pread64": 1])
    #expect(try SystemCalls(of: "list-in-place", .many).counts == ["newfstatat": 1, "pread64": 1])
    // Nothing is proven of a file at rest but that it was not cut.
    #expect(try SystemCalls(of: "list", .many).counts == ["newfstatat": 1])
    #expect(try SystemCalls(of: "records-read", .many).total == 0)
  }

  @Test func `a lookup that finds its key asks the system nothing`() throws {
    for file in [CostFile.few, .churnedFew] {
      #expect(try Costs(of: "lookup", file).met > 0)
      #expect(try SystemCalls(of: "lookup", file).counts.isEmpty)
      #expect(try SystemCalls(of: "lookup-in-place", file).counts.isEmpty)
    }
  }

  @Test(arguments: ["totals", "form", "mailboxes", "user"])
  func `finding out how keys are built takes no more than eighty proofs`(_ operation: String) throws {
    let other = operation == "user" ? CostFile.user : nil
    for file in [CostFile.few, .many] {
      let calls = try SystemCalls(of: operation, file, other)
      #expect(calls["newfstatat"] <= 80 + 16, "\(calls)")
      #expect(calls["pread64"] <= 80 + 4, "\(calls)")
      #expect(calls.total - calls.memoryTotal - calls["newfstatat"] - calls["pread64"] <= 16, "\(calls)")
      #expect(calls.memoryTotal <= 48, "\(calls)")
    }
  }

  @Test func `a comparison takes no more for more mailboxes`() throws {
    let small = try SystemCalls(of: "diff", .smallStore, CostFile.smallReplica.path)
    let large = try SystemCalls(of: "diff", .store, CostFile.replica.path)
    // Both lists are opened and their form found out.
    for calls in [small, large] { #expect(calls.total - calls.memoryTotal <= 2 * (2 * 80 + 32), "\(calls)") }
    #expect(large.memoryTotal - small.memoryTotal <= 64, "\(large)")
  }

  // MARK: - The tool

  @Test func `dbinspect show: beside a proof and a turn for each write there are no more for more records`() throws {
    let few = try SystemCalls(ofTool: "show", .few)
    let many = try SystemCalls(ofTool: "show", .many)
    let writes = many["write"] - few["write"]
    // A part has about 200 KiB, and the last one less.
    #expect(writes <= many.outputByteCount >> 17, "\(many)")
    // And one at the end.
    #expect(many["newfstatat"] - few["newfstatat"] <= writes + 1, "\(many)")
    var rest = many.withoutMemory
    rest["write"] = few["write"]
    rest["newfstatat"] = few["newfstatat"]
    // The lines of few records take no threads of their own, those of many at most three besides the first.
    let threads = many["clone3"] - few["clone3"]
    #expect(0...3 ~= threads, "\(many)")
    for name in ["clone3", "exit", "rseq", "rt_sigprocmask", "set_robust_list"] {
      #expect(many[name] - few[name] <= 8 * threads, "\(name) \(many)")
      rest[name] = few[name]
    }
    #expect(rest == few.withoutMemory)
    // A thread waits for its turn, and is woken.
    #expect(many.waitingTotal <= 16 + 4 * writes, "\(many)")
    #expect(many.memoryTotal - few.memoryTotal <= 64, "\(many)")
  }

  @Test(arguments: ["verify", "info", "inventory"])
  func `dbinspect makes no more for more records`(_ command: String) throws {
    let few = try SystemCalls(ofTool: command, .few)
    let many = try SystemCalls(ofTool: command, .many)
    var rest = many.withoutMemory
    // Searches that find out how keys are built are proven one by one, and how many it takes hangs on the keys.
    for name in ["newfstatat", "pread64"] {
      #expect(abs(many[name] - few[name]) <= (command == "verify" ? 0 : 80), "\(name) \(many)")
      rest[name] = few[name]
    }
    #expect(rest == few.withoutMemory)
    #expect(many.waitingTotal <= 16, "\(many)")
    #expect(many.memoryTotal - few.memoryTotal <= 64, "\(many)")
  }

  @Test func `dbinspect get makes no more for more records`() throws {
    let few = try SystemCalls(ofTool: "get", .few, ["no such key"], status: 1)
    let many = try SystemCalls(ofTool: "get", .many, ["no such key"], status: 1)
    #expect(many.counts == few.counts)
  }
}
