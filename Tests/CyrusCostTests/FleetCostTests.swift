// What a sweep over a fleet costs, counted: as many times as much for as many times as many stores.

import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(30))) struct FleetCostTests {
  private static let fleet = Result {
    let path = try TemporaryFolder().url.path
    try LargeFleet(storeCount: 200, mailboxCount: 10, seed: 1).write(below: path)
    return path
  }

  /// System calls of a sweep over the first stores of the fleet.
  private static func calls(_ storeCount: Int) throws -> SystemCalls {
    let path = try fleet.get()
    // What was just written would be read in copies.
    let arguments = ["fleet", "sweep", "--layout", path + "/production.dat", "--root", path, "--at-rest"]
    return try SystemCalls(
      ofTool: arguments + ["--locking", "none", "--jobs", "1"] + (1...storeCount).map { "store\($0)" })
  }

  @Test func `twice the stores take twice the system calls`() throws {
    let counts = try [50, 100, 200].map { try Self.calls($0) }
    func growth(_ name: String) -> (first: Int, second: Int) {
      (counts[1][name] - counts[0][name], counts[2][name] - counts[1][name])
    }
    for name in ["openat", "close", "pread64"] {
      let (first, second) = growth(name)
      #expect(first > 0 && second == 2 * first, "\(name): \(counts)")
    }
    // How many searches it takes to find out how keys are built hangs on the keys, and each is proven.
    let (first, second) = growth("newfstatat")
    #expect(abs(second - 2 * first) < first / 10, "\(counts)")
    // Four of five stores have three slots: a list is opened to recognise, verify and list it, and to be compared.
    #expect(growth("openat").first <= 140 * 7, "\(counts)")
  }

  @Test func `merging ten times the lines takes no more memory`() throws {
    let folder = try TemporaryFolder()
    func stream(_ name: String, _ count: Int) throws -> String {
      var text = #"{"schema":"fleet-sweep/1"}"# + "\n"
      for number in 0..<count {
        text += #"{"store":"store\#(number)","slot":"\#(name)","role":"replica","time":1,"verdict":"sound"}"# + "\n"
      }
      text += #"{"slots":\#(count),"stores":\#(count),"complete":true}"# + "\n"
      let url = folder.url.appending(path: "\(name)-\(count)")
      try Data(text.utf8).write(to: url)
      return url.path
    }
    func calls(_ count: Int) throws -> SystemCalls {
      try SystemCalls(ofTool: ["fleet", "merge"] + ["a", "b", "c"].map { try stream($0, count) })
    }
    let few = try calls(500)
    let many = try calls(5000)
    #expect(many.outputByteCount > 9 * few.outputByteCount)
    #expect(many.memoryTotal - few.memoryTotal <= 16, "\(few) / \(many)")
  }
}
