import CyrusSync
import Testing

@Suite("The verbs of sync logs")
struct SyncLogVerbTests {
  @Test("Verbs are capitals")
  func capitals() {
    for verb in SyncLogVerb.allCases {
      #expect(!verb.rawValue.isEmpty && verb.rawValue.utf8.allSatisfy { (0x41...0x5A).contains($0) })
    }
  }
}
