// A table of mailboxes whose columns are as wide as what is in them.
//
// Goes over the mailboxes twice, once for the widths and once for the rows, and makes no string on the way.

import CyrusDatabase
import CyrusMailboxes

/// A table of mailboxes.
struct MailboxTable {
  private enum Column: CaseIterable {
    case mailbox, type, place, uidvalidity, modseq, written, uniqueid

    var heading: String {
      switch self {
      case .mailbox: "MAILBOX"
      case .type: "TYPE"
      case .place: "PLACE"
      case .uidvalidity: "UIDVALIDITY"
      case .modseq: "MODSEQ"
      case .written: "WRITTEN"
      case .uniqueid: "UNIQUE ID"
      }
    }

    var isNumber: Bool { self == .uidvalidity || self == .modseq }

    func append(
      _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView, to bytes: inout [UInt8]
    ) {
      switch self {
      case .mailbox: MailboxMember.name.append(entry, name, to: &bytes)
      case .type:
        MailboxMember.kind.append(entry, name, to: &bytes)
        if entry.flags.isEmpty { return }
        bytes.append(UInt8(ascii: " "))
        MailboxMember.flags.append(entry, name, to: &bytes)
      case .place:
        // Server and partition, as old Cyrus wrote them.
        let start = bytes.count
        MailboxMember.server.append(entry, name, to: &bytes)
        if bytes.count > start { bytes.append(UInt8(ascii: "!")) }
        MailboxMember.partition.append(entry, name, to: &bytes)
      case .uidvalidity: MailboxMember.uidvalidity.append(entry, name, to: &bytes)
      case .modseq: MailboxMember.foldermodseq.append(entry, name, to: &bytes)
      case .written: if let seconds = entry.mtime { appendTimestamp(seconds, to: &bytes) }
      case .uniqueid: MailboxMember.uniqueid.append(entry, name, to: &bytes)
      }
    }
  }

  /// One very long name must not push all others to the right: what is longer moves only its own row.
  static let widthMax = 60

  private var widths = Column.allCases.map { $0.heading.count }
  private var bytes: [UInt8] = []
  private(set) var rowCount = 0

  /// Makes the columns wide enough for a mailbox.
  mutating func fit(_ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) {
    rowCount += 1
    for (index, column) in Column.allCases.enumerated() {
      bytes.removeAll(keepingCapacity: true)
      column.append(entry, name, to: &bytes)
      let width = escapedWidth(bytes.rawSpan)
      if width > widths[index] { widths[index] = min(width, max(Self.widthMax, widths[index])) }
    }
  }

  func printHeading(to output: inout Output) {
    var row = ""
    for (column, width) in zip(Column.allCases, widths) {
      if !row.isEmpty { row += "  " }
      let heading = column.heading
      row += column.isNumber ? heading.rightAligned(to: width) : heading.padded(to: width)
    }
    while row.last == " " { row.removeLast() }
    output.append(row, in: .bold)
    output.line()
  }

  mutating func print(
    _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView, to output: inout Output
  ) {
    // Spaces that are written only if something comes behind them.
    var pending = 0
    for (index, column) in Column.allCases.enumerated() {
      bytes.removeAll(keepingCapacity: true)
      column.append(entry, name, to: &bytes)
      let width = escapedWidth(bytes.rawSpan)
      let missing = max(0, widths[index] - width)
      if column.isNumber { pending += missing }
      if width > 0 {
        for _ in 0..<pending { output.append(byte: UInt8(ascii: " ")) }
        output.appendEscaped(bytes.rawSpan)
        pending = 0
      }
      if !column.isNumber { pending += missing }
      pending += 2
    }
    output.line()
  }
}
