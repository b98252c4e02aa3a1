// What must hold of a decoded record, whatever its bytes are.

@testable import CyrusDatabase
@testable import CyrusMailboxes

extension Decoding {
  /// What contradicts itself in a record, decoded as one of a file with keys of each form.
  static func contradictions(inKey key: [UInt8], value: [UInt8]) -> [String] {
    contradictions(inKey: key, value: value, .plain) + contradictions(inKey: key, value: value, .prefixed)
  }

  private static func contradictions(inKey key: [UInt8], value: [UInt8], _ form: MailboxKey.Form) -> [String] {
    var texts: [String] = []
    func require(_ isTrue: Bool, _ text: String) {
      if !isTrue { texts.append("\(form): \(text)") }
    }
    let view = MailboxEntryView(key: key.rawSpan, value: value.rawSpan, form: form)
    let entry = MailboxEntry(view)
    let again = MailboxEntry(key: key, value: value, form: form)
    require(entry == again && entry.hashValue == again.hashValue, "not the same when decoded again")
    require(entry.issues == again.issues && entry.key == again.key, "other issues or another key when decoded again")
    require(entry.keyBytes == key && entry.valueBytes == value, "bytes are not kept")

    texts += differencesWhenScanned(key: key, value: value, form)
    let fields = ListedFields(view)
    require(fields == ListedFields(entry), "what is kept differs: \(fields), \(ListedFields(entry))")
    require(fields == ListedFields(entry.view), "what is kept looks different")
    require(fields == ListedFields(again), "other fields when decoded again")
    require(!fields.lines.values.contains("no value"), "a field has a value and none: \(fields)")
    require(
      Set(view.fieldOrder) == Set(MailboxField.allCases.filter { view.state(of: $0) != .absent })
        && Set(view.fieldOrder).count == view.fieldOrder.count, "order of fields: \(fields)")

    require(view.issues() == entry.issues, "other issues in place")
    require(entry.issues.count == view.issueCount && view.issueCount == entry.view.issueCount, "number of issues")
    require(entry.issues.count(where: \.isError) == view.errorCount, "number of errors")
    require(view.gravestIssue == entry.view.gravestIssue, "gravest issue")
    require((view.gravestIssue != nil) == (view.issueCount > 0), "issues without the gravest")
    require(view.gravestIssue?.isError != false || view.errorCount == 0, "a warning is graver than an error")
    for issue in entry.issues {
      let bytes = 0...(issue.isInKey ? key : value).count
      require(bytes ~= issue.bytes.lowerBound && bytes ~= issue.bytes.upperBound, "\(issue) lies outside")
    }
    if let acl = view.acl {
      let kept = ACL(acl)
      var output: [UInt8] = []
      acl.appendText(to: &output)
      require(output == kept.text && acl.count == kept.count, "an ACL and its copy")
      require(acl.isIdentical(to: acl) && kept.difference(from: ACL(acl)) == .none, "an ACL differs from itself")
    }
    return texts
  }

  /// In what a record differs, decoded as nearly all are, from the same scanned from its start.
  static func differencesWhenScanned(key: [UInt8], value: [UInt8], _ form: MailboxKey.Form) -> [String] {
    let view = MailboxEntryView(key: key.rawSpan, value: value.rawSpan, form: form)
    let scanned = MailboxEntryView(scanning: key.rawSpan, value: value.rawSpan, form: form)
    var texts: [String] = []
    func require(_ isTrue: Bool, _ text: @autoclosure () -> String) {
      if !isTrue { texts.append("\(form): other \(text()) when scanned") }
    }
    require(view.key == scanned.key && view.valueForm == scanned.valueForm, "key or form of the value")
    for field in MailboxField.allCases {
      require(view.state(of: field) == scanned.state(of: field), "state of \(field)")
      require(view.fields[field].range == scanned.fields[field].range, "place of \(field)")
      require(view.fields.isEscaped(field) == scanned.fields.isEscaped(field), "escapes in \(field)")
    }
    require(view.fieldOrder == scanned.fieldOrder, "order of fields")
    require(view.kind == scanned.kind && view.flags == scanned.flags, "kind or flags")
    require(view.isTypeReadable == scanned.isTypeReadable, "readable type")
    require(view.uidValidity == scanned.uidValidity && view.mtime == scanned.mtime, "uidvalidity or time")
    require(
      view.createdModseq == scanned.createdModseq && view.folderModseq == scanned.folderModseq, "modseq")
    require(view.fields.specialUse?.range == scanned.fields.specialUse?.range, "special use")
    require(view.fields.aclCount == scanned.fields.aclCount, "number of ACLs")
    if let acl = view.acl, let other = scanned.acl {
      require(acl.isIdentical(to: other) && other.isIdentical(to: acl) && acl.count == other.count, "ACL")
    } else {
      require((view.acl == nil) == (scanned.acl == nil), "ACL")
    }
    require(view.isForeign == scanned.isForeign, "verdict on being foreign")
    require(view.gravestIssue == scanned.gravestIssue, "gravest issue")
    require(view.issueCount == scanned.issueCount && view.errorCount == scanned.errorCount, "number of issues")
    require(view.issueCount == 0 || view.issues() == scanned.issues(), "issues")
    return texts
  }
}
