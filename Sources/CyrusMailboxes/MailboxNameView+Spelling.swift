// A mailbox name seen in place, spelled out into bytes that are used again and again.

import CyrusDatabase

extension MailboxNameView {
  /// Appends what ``MailboxName/internalName`` gives.
  ///
  /// - Complexity: O(size of the name); allocates only if `output` has to grow.
  public func appendInternalName(to output: inout [UInt8]) {
    if form == .database {
      let start = output.count
      output.append(bytes.extracting(droppingFirst: layout.canonicalStart))
      let rest = start + layout.restStart - layout.canonicalStart
      if rest > start { output[rest - 1] = UInt8(ascii: "!") }
      for index in rest..<output.count { output[index] = NameForm.internalByte(for: output[index]) }
      return
    }
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
    // A name of this form is what it is stored as.
    if form == .database { return output.append(bytes.extracting(droppingFirst: layout.canonicalStart)) }
    for index in 0..<canonicalByteCount { output.append(databaseByte(at: index)) }
  }
}
