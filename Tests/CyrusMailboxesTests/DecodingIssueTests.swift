import CyrusMailboxes
import Testing

@Suite struct DecodingIssueTests {
  @Test func `an issue is of the value unless it says otherwise`() {
    #expect(!DecodingIssue(code: "dlist.truncated", isError: true, bytes: 0..<1).isInKey)
  }
}
