// What a file's header says at one moment, and the proof that it still says so later.
//
// The proof: the committed end of one inode grows with every commit and never shrinks. So if generation and committed
// end are the same before and after, no commit came between, and whatever else writers did, they left the
// list-0 pointers of the committed state in place.
//
// Facts: Docs/Formats/twoskip.md, "Reading without a lock".

import CCyrusShim

/// A header and a file size that go together.
struct TwoskipMoment {
  /// The header; nil if the file is empty or its creation was interrupted.
  let header: TwoskipHeader?
  /// Size of the file in bytes.
  let fileByteCount: UInt64
  let state: FileState

  /// Reads the header, several times if a writer is caught rewriting it.
  ///
  /// - Throws: ``DatabaseError``: `.damaged` if the header stays wrong, `.system`.
  init(of file: borrowing OpenFile) throws(DatabaseError) {
    var attempt: UInt32 = 0
    while true {
      let start = try file.read(at: 0, count: 66)
      // Asked after the header was read: the file may grow meanwhile, but a size asked for before could be too small.
      let size = try file.facts().byteCount
      if size == 0 || isInterruptedCreation(start.rawSpan, fileByteCount: size) {
        header = nil
        fileByteCount = size
        state = size == 0 ? .empty : .interruptedCreation
        return
      }
      do throws(TwoskipError) {
        let header = try TwoskipHeader(of: start.rawSpan)
        self.header = header
        fileByteCount = size
        state = FileState(header, fileByteCount: size)
        return
      } catch {
        attempt += 1
        guard error.code == .headerChecksum, attempt < 6 else { throw DatabaseError(error, path: file.path) }
      }
      ccs_pause(100 << attempt)
    }
  }

  /// How many bytes of the file belong to the committed state and are there.
  var readableByteCount: UInt64 { header.map { min(fileByteCount, $0.currentSize) } ?? 0 }
}

/// What it takes to prove later that nothing was committed since.
///
/// Holds a descriptor that is not its own: it must not outlive the snapshot it is of.
struct TwoskipProof: Sendable {
  let path: String
  let descriptor: Int32
  /// The header as it was; nil if there is nothing to compare.
  let header: TwoskipHeader?
  /// How many bytes of the file are mapped; 0 for a copy.
  let mappedByteCount: UInt64
  let faultMark: FaultMark

  /// - Throws: ``DatabaseError``: `.faulted`, `.changed`, `.system`.
  func confirm() throws(DatabaseError) {
    try requireReadable()
    guard let header else { return }
    // All that was read before must have been read before the header is read again.
    ccs_acquire()
    for attempt: UInt32 in 0..<6 {
      if attempt > 0 { ccs_pause(100 << attempt) }
      var buffer = [UInt8](repeating: 0, count: TwoskipHeader.byteCount)
      var done = 0
      var span = buffer.mutableSpan
      let error = unsafe ccs_read(descriptor, 0, &span, &done)
      if error != 0 { throw .system(SystemCallFailure(call: "read", path: path, errno: error)) }
      guard done == TwoskipHeader.byteCount, let now = try? TwoskipHeader(of: buffer.rawSpan) else { continue }
      if now.generation == header.generation, now.currentSize == header.currentSize { return }
      break
    }
    throw .changed(path: path)
  }

  /// The same for what a lookup found, whose checksums were all compared: without a system call.
  ///
  /// Zeros in place of bytes that were cut off have no right checksum. And a header whose committed end is being
  /// overwritten shows the former one only as long as not a byte of it is the new one's: then the commit is not over.
  ///
  /// - Parameter bytes: The file from its start, as it was read.
  /// - Throws: As ``confirm()``.
  func confirmLookup(in bytes: RawSpan) throws(DatabaseError) {
    if let header {
      guard mappedByteCount >= UInt64(TwoskipHeader.byteCount) else { return try confirm() }
      // All that was read before must have been read before the header is read again.
      ccs_acquire()
      let generation = bytes.bigEndian(UInt64.self, at: TwoskipHeader.generationOffset)
      let currentSize = bytes.bigEndian(UInt64.self, at: TwoskipHeader.currentSizeOffset)
      guard generation == header.generation, currentSize == header.currentSize else { return try confirm() }
    }
    if faultMark.isSet { throw .faulted(path: path) }
  }

  /// Makes sure that all bytes were there.
  ///
  /// A file that is cut within a page shows zeros in the rest of that page, and no fault. Cyrus never cuts below the
  /// committed end, where mappings stop.
  ///
  /// - Throws: ``DatabaseError``: `.faulted`, `.system`.
  func requireReadable() throws(DatabaseError) {
    if faultMark.isSet { throw .faulted(path: path) }
    guard mappedByteCount > 0 else { return }
    // What was read before must have been read before the size is asked for.
    ccs_acquire()
    var facts = ccs_facts()
    let error = unsafe ccs_facts_of_descriptor(descriptor, &facts)
    if error != 0 { throw .system(SystemCallFailure(call: "fstat", path: path, errno: error)) }
    if facts.byte_count < mappedByteCount { throw .faulted(path: path) }
  }

  /// What a reader that met an error has to say: the error, or that the file was changed, which may be its cause.
  func confirm(_ error: TwoskipError) throws(DatabaseError) -> DatabaseError {
    try confirm()
    return DatabaseError(error, path: path)
  }
}

/// Whether a file has its list head but not yet its header, and nothing else.
///
/// With more behind the list head it is a database that has lost its header.
func isInterruptedCreation(_ bytes: RawSpan, fileByteCount: UInt64) -> Bool {
  fileByteCount == Twoskip.firstRecord && hasZeroHeader(bytes)
}

/// Whether 64 zeros and the start of the DUMMY record are where a file starts.
func hasZeroHeader(_ bytes: RawSpan) -> Bool {
  guard bytes.byteCount >= 66 else { return false }
  for index in 0..<TwoskipHeader.byteCount where bytes.byte(at: index) != 0 { return false }
  return bytes.byte(at: 64) == TwoskipRecord.Kind.dummy.rawValue && bytes.byte(at: 65) == UInt8(Twoskip.levels)
}

extension FileState {
  /// The state that a sound header and the file's size make.
  init(_ header: TwoskipHeader, fileByteCount: UInt64) {
    if fileByteCount < header.currentSize {
      self = .truncated
    } else if header.isDirty {
      self = .dirty
    } else {
      self = fileByteCount > header.currentSize ? .longer : .clean
    }
  }
}
