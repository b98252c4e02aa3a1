// A mailbox name seen in place, spelled out into bytes that are used again and again.

import CyrusDatabase

extension MailboxNameView {
  /// Appends what ``MailboxName/internalName`` gives.
  ///
  /// - Complexity: O(size of the name); allocates only if `output` has to grow.
  public func appendInternalName(to output: inout [UInt8]) {
    for index in 0..<canonicalByteCount {
      let byte = databaseByte(at: index)
      if index + layout.canonicalStart >= layout.restStart {
        output.append(NameForm.internalByte(for: byte))
      } else {
        output.append(byte == NameForm.groupSeparator ? UInt8(ascii: "!") : byte)
      }
    }
  }

  /// Appends what ``MailboxName/databaseName`` gives.
  ///
  /// - Complexity: O(size of the name); allocates only if `output` has to grow.
  public func appendDatabaseName(to output: inout [UInt8]) {
    for index in 0..<canonicalByteCount { output.append(databaseByte(at: index)) }
  }
}
