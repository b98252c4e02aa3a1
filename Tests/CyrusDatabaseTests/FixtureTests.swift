// Files written by real Cyrus, sound and damaged: right content, right diagnosis.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct FixtureTests {
  @Test func `the manifest lists every fixture file`() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Fixture.folder.appending(path: "twoskip").path)
    #expect(Set(names.filter { $0.hasSuffix(".db") }) == Set(Fixture.all.map(\.file)))
    #expect(Fixture.all.count > 40)
  }

  @Test(arguments: Fixture.all)
  func `verification gives the verdict and finds what is known`(_ fixture: Fixture) throws {
    let report = try Database(path: fixture.path).verify()
    #expect(report.verdict.rawValue == fixture.verdict, "\(report.findings)")
    for expected in fixture.findings {
      let found = report.findings.contains {
        $0.rule == expected.rule && (expected.offset == nil || expected.offset == $0.bytes.lowerBound)
      }
      #expect(found, "\(expected) is not among \(report.findings)")
    }
    if let records = fixture.records, fixture.verdict != "damaged" { #expect(report.recordCount == UInt64(records)) }
    #expect(report.parts.reduce(0) { $0 + $1.byteCount } == report.fileByteCount)
  }

  @Test(arguments: Fixture.all.filter(\.content))
  func `lists exactly the committed records`(_ fixture: Fixture) throws {
    let database = try Database(path: fixture.path)
    let listing = Listing(try database.snapshot())
    let lines = try fixture.lines
    #expect(listing.records.map { digest($0.key) + "\t" + digest($0.value) } == lines.map(canonical))
    if fixture.verdict != "damaged" { #expect(listing.errors == []) }
  }

  /// The form of the ground truth: digits, or for long ones only their number and a sum of our own.
  private func digest(_ bytes: [UInt8]) -> String {
    bytes.count >= 100 ? "long:\(bytes.count)" : bytes.map { String(format: "%02x", $0) }.joined()
  }

  private func canonical(_ line: String) -> String {
    line.split(separator: "\t", omittingEmptySubsequences: false).map { side in
      if side.hasPrefix("sha256:") { return "long:\(side.split(separator: ":").last ?? "")" }
      return side.count >= 200 ? "long:\(side.count / 2)" : String(side)
    }.joined(separator: "\t")
  }
}
