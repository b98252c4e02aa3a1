// What a writer does to a file during a transaction, one step at a time.
//
// Applying only the first steps gives the file as a killed writer leaves it; leaving out some of
// the writes since the last `synced` gives one that a power failure may leave.
//
// Facts: Docs/Formats/twoskip.md, "How a file changes" and "States".

/// One step of a writer.
public enum TwoskipWrite: Hashable, Sendable {
  /// Bytes written at an offset from the start of the file, within it or at its end.
  case write(offset: Int, bytes: [UInt8])
  /// The file cut to this many bytes.
  case truncate(byteCount: Int)
  /// All steps before this one have reached the disk.
  case synced

  /// Does this step to the bytes of a file.
  ///
  /// A write beyond the end leaves a gap of zeros, as in a file.
  public func apply(to file: inout [UInt8]) {
    switch self {
    case .write(let offset, let bytes):
      let end = offset + bytes.count
      if file.count < end { file.append(contentsOf: repeatElement(0, count: end - file.count)) }
      file.replaceSubrange(offset..<end, with: bytes)
    case .truncate(let byteCount):
      if byteCount < file.count { file.removeLast(file.count - byteCount) }
    case .synced:
      break
    }
  }
}
