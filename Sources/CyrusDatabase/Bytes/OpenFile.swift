// A regular file opened for reading only, and its mapping.
//
// Nothing here can write: the descriptor is O_RDONLY, the mapping PROT_READ.

import CCyrusShim
import Glibc

/// What tells one file, and one moment of it, from another.
struct FileFacts {
  /// Device number and inode together name a file as long as it exists.
  let device: UInt64, inode: UInt64
  /// Size in bytes.
  let byteCount: UInt64

  init(_ facts: ccs_facts) {
    device = facts.device
    inode = facts.inode
    byteCount = facts.byte_count
  }

  /// Whether both are of the same file, at whatever moments.
  func isSameFile(as other: FileFacts) -> Bool { device == other.device && inode == other.inode }
}

/// An open descriptor of a regular file. Closing it drops its lock.
struct OpenFile: ~Copyable, Sendable {
  let path: String
  private let descriptor: Int32
  /// The facts at the moment of opening.
  let openingFacts: FileFacts

  /// Opens a regular file.
  ///
  /// - Throws: ``DatabaseError``: `.system` as open(2) and fstat(2) say, `.notRegularFile`.
  init(path: String) throws(DatabaseError) {
    guard !path.utf8.contains(0) else {
      throw .system(SystemCallFailure(call: "open", path: path, errno: ENOENT))
    }
    var facts = ccs_facts()
    var descriptor: Int32 = -1
    let error = unsafe path.withCString { unsafe ccs_open($0, &descriptor, &facts) }
    guard error == 0 else { throw .system(SystemCallFailure(call: "open", path: path, errno: error)) }
    guard facts.kind == CCS_REGULAR else {
      throw .notRegularFile(path: path, isDirectory: facts.kind == CCS_DIRECTORY)
    }
    self.path = path
    self.descriptor = descriptor
    self.openingFacts = FileFacts(facts)
  }

  deinit { ccs_close(descriptor) }

  /// The facts as they are now.
  func facts() throws(DatabaseError) -> FileFacts {
    var facts = ccs_facts()
    try check(unsafe ccs_facts_of_descriptor(descriptor, &facts), "fstat")
    return FileFacts(facts)
  }

  /// Whether the path still names this file.
  func isStillAtPath() -> Bool {
    var facts = ccs_facts()
    let error = unsafe path.withCString { unsafe ccs_facts_of_path($0, &facts) }
    return error == 0 && FileFacts(facts).isSameFile(as: openingFacts)
  }

  /// The bytes from `offset` on, `count` of them or as many as there are.
  func read(at offset: UInt64, count: Int) throws(DatabaseError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    var done = 0
    var span = buffer.mutableSpan
    try check(unsafe ccs_read(descriptor, offset, &span, &done), "read")
    buffer.removeLast(count - done)
    return buffer
  }

  /// Takes a shared lock on the whole file, waiting no longer than `wait`.
  ///
  /// - Throws: ``DatabaseError``: `.busy` with the writer's pid if a writer kept the file, `.system`.
  func lockShared(wait: Duration) throws(DatabaseError) {
    let milliseconds = wait.components.seconds.clamped * 1000 + wait.components.attoseconds / 1_000_000_000_000_000
    let error = ccs_lock_shared(descriptor, UInt32(clamping: milliseconds))
    if error == EAGAIN { throw .busy(path: path, process: writer()) }
    try check(error, "fcntl(F_OFD_SETLK)")
  }

  /// The process that holds a write lock on the file; -1 if it cannot be named, nil if there is none.
  func writer() -> Int32? {
    var held = false
    var process: Int32 = 0
    let error = unsafe ccs_write_lock_holder(descriptor, &held, &process)
    return error == 0 && held ? process : nil
  }

  /// Maps the first `byteCount` bytes.
  func map(byteCount: UInt64) throws(DatabaseError) -> FileMap {
    guard byteCount > 0 else { return FileMap() }
    var address: UnsafeRawPointer?
    let error = unsafe ccs_map(descriptor, byteCount, &address)
    try check(error, "mmap")
    guard let address = unsafe address else { return FileMap() }
    return unsafe FileMap(address: address, byteCount: byteCount)
  }

  private func check(_ error: Int32, _ call: String) throws(DatabaseError) {
    if error != 0 { throw .system(SystemCallFailure(call: call, path: path, errno: error)) }
  }
}

extension Int64 {
  /// Seconds that can be multiplied without overflow, and never below 0.
  fileprivate var clamped: Int64 { Swift.max(0, Swift.min(self, 4_000_000)) }
}

/// A mapping of a file, for reading only. Unmapped when it goes.
// Safe: the address is private, and handed out only as a span that cannot outlive the mapping.
@safe struct FileMap: ~Copyable, @unchecked Sendable {
  // Sendable: the mapping is never written through and never changes place.
  private let address: UnsafeRawPointer?
  /// How many bytes are mapped.
  let byteCount: UInt64

  /// An empty mapping.
  init() {
    unsafe address = nil
    byteCount = 0
  }

  fileprivate init(address: UnsafeRawPointer, byteCount: UInt64) {
    unsafe self.address = address
    self.byteCount = byteCount
  }

  deinit {
    if let address = unsafe address { unsafe ccs_unmap(address, byteCount) }
  }

  /// The bytes, from the start of the file.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      guard let address = unsafe address else { return RawSpan() }
      // The mapping lives as long as self, which the span borrows.
      let span = unsafe RawSpan(_unsafeStart: address, byteCount: Int(byteCount))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
