// A regular file opened for reading only, and its bytes.
//
// Nothing here can write: the descriptor is O_RDONLY, the mapping PROT_READ.

import CCyrusShim
import Glibc

/// What tells one file from another, and whether it is being changed.
package struct FileFacts: Sendable {
  /// Device number and inode together name a file as long as it exists.
  package let device: UInt64, inode: UInt64
  /// Size in bytes.
  package let byteCount: UInt64
  /// How long ago the file was last changed; 0 if in the future.
  let quietMilliseconds: UInt64
  /// When the content was last changed, and when anything about the file was, in nanoseconds since 1970.
  private let modified: Int64, changed: Int64

  /// When the content was last changed, in whole seconds since 1970.
  package var modifiedSeconds: Int64 { (modified / 1_000_000_000) - (modified % 1_000_000_000 < 0 ? 1 : 0) }

  init(_ facts: ccs_facts) {
    device = facts.device
    inode = facts.inode
    byteCount = facts.byte_count
    quietMilliseconds = facts.quiet_milliseconds
    modified = facts.modified
    changed = facts.changed
  }

  /// Whether nothing was written to the file between the two.
  func isUnchanged(since other: FileFacts) -> Bool {
    isSameFile(as: other) && byteCount == other.byteCount && modified == other.modified && changed == other.changed
  }

  /// Those of what a path names now, links seen through; nil if that is nothing.
  ///
  /// - Throws: ``DatabaseError``: `.system` as stat(2) says.
  package static func ofPath(_ path: String) throws(DatabaseError) -> FileFacts? {
    var facts = ccs_facts()
    let error = unsafe path.withCString { unsafe ccs_facts_of_path($0, &facts) }
    if error == ENOENT { return nil }
    guard error == 0 else { throw .system(SystemCallFailure(call: "stat", path: path, errno: error)) }
    return FileFacts(facts)
  }

  /// Whether both are of the same file, at whatever moments.
  package func isSameFile(as other: FileFacts) -> Bool { device == other.device && inode == other.inode }
}

/// An open descriptor of a regular file. Closing it, which happens with the last who shares it, drops its lock.
package struct OpenFile: ~Copyable, Sendable {
  package let path: String
  private let owner: DescriptorOwner
  /// For the proof that a snapshot makes; whoever uses it must not outlive this value.
  let descriptor: Int32
  /// The facts at the moment of opening.
  package let openingFacts: FileFacts

  /// Opens a regular file.
  ///
  /// - Throws: ``DatabaseError``: `.system` as open(2) and fstat(2) say, `.notRegularFile`, `.lockedByThisProcess`.
  package init(path: String) throws(DatabaseError) {
    guard !path.utf8.contains(0) else {
      throw .system(SystemCallFailure(call: "open", path: path, errno: ENOENT))
    }
    try self.init(path: path, by: "open") { descriptor, facts, isLockedByUs in
      unsafe path.withCString { unsafe ccs_open($0, &descriptor, &facts, &isLockedByUs) }
    }
  }

  /// Takes over what is open already.
  ///
  /// - Parameter path: What to call it.
  /// - Throws: ``DatabaseError``: `.system` as fstat(2) says, `.notRegularFile`, `.lockedByThisProcess`.
  init(path: String, opened: Int32) throws(DatabaseError) {
    try self.init(path: path, by: "fstat") { descriptor, facts, isLockedByUs in
      unsafe ccs_adopt(opened, &descriptor, &facts, &isLockedByUs)
    }
  }

  /// Opens by a call of the shim, and refuses what is no file to be read.
  private init(
    path: String, by call: String, _ open: (inout Int32, inout ccs_facts, inout Bool) -> Int32
  ) throws(DatabaseError) {
    var facts = ccs_facts()
    var descriptor: Int32 = -1
    var isLockedByUs = false
    let error = open(&descriptor, &facts, &isLockedByUs)
    guard error == 0 else { throw .system(SystemCallFailure(call: call, path: path, errno: error)) }
    guard facts.kind == CCS_REGULAR else {
      throw .notRegularFile(path: path, isDirectory: facts.kind == CCS_DIRECTORY)
    }
    if isLockedByUs { throw .lockedByThisProcess(path: path) }
    self.path = path
    owner = DescriptorOwner(descriptor)
    self.descriptor = descriptor
    self.openingFacts = FileFacts(facts)
  }

  private init(sharing other: borrowing OpenFile) {
    path = other.path
    owner = other.owner
    descriptor = other.descriptor
    openingFacts = other.openingFacts
  }

  /// The same descriptor, which stays open as long as either is there.
  func shared() -> OpenFile { OpenFile(sharing: self) }

  /// The facts as they are now.
  package func facts() throws(DatabaseError) -> FileFacts {
    var facts = ccs_facts()
    try check(unsafe ccs_facts_of_descriptor(descriptor, &facts), "fstat")
    return FileFacts(facts)
  }

  /// Whether the path still names this file.
  package func isStillAtPath() -> Bool {
    var facts = ccs_facts()
    let error = unsafe path.withCString { unsafe ccs_facts_of_path($0, &facts) }
    return error == 0 && FileFacts(facts).isSameFile(as: openingFacts)
  }

  /// The bytes from `offset` on, `count` of them or as many as there are.
  package func read(at offset: UInt64, count: Int) throws(DatabaseError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    let done = try read(at: offset, count: count, into: &buffer)
    buffer.removeLast(count - done)
    return buffer
  }

  /// Reads the bytes from `offset` on, `count` of them or as many as there are, over the first ones of an array.
  ///
  /// - Returns: How many.
  /// - Precondition: The array has `count` elements or more.
  func read(at offset: UInt64, count: Int, into buffer: inout [UInt8]) throws(DatabaseError) -> Int {
    var done = 0
    var all = buffer.mutableSpan
    var span = all._mutatingExtracting(first: count)
    try check(unsafe ccs_read(descriptor, offset, &span, &done), "read")
    return done
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

  /// Drops the lock.
  func unlock() { _ = ccs_unlock(descriptor) }

  /// The process that holds a write lock on the file; -1 if it cannot be named, nil if there is none.
  func writer() -> Int32? {
    var held = false
    var process: Int32 = 0
    let error = unsafe ccs_lock_holder(descriptor, true, &held, &process)
    return error == 0 && held ? process : nil
  }

  /// Maps the first `byteCount` bytes.
  func map(byteCount: UInt64) throws(DatabaseError) -> FileBytes {
    guard byteCount > 0 else { return FileBytes() }
    var address: UnsafeRawPointer?
    let error = unsafe ccs_map(descriptor, byteCount, &address)
    try check(error, "mmap")
    guard let address = unsafe address else { return FileBytes() }
    return unsafe FileBytes(
      address: address, byteCount: byteCount, reservedByteCount: byteCount,
      guardEntry: ccs_guard_enter(address, byteCount))
  }

  /// Copies the first `byteCount` bytes, or as many as there are, into memory of our own.
  func copy(byteCount: UInt64) throws(DatabaseError) -> FileBytes {
    guard byteCount > 0 else { return FileBytes() }
    var address: UnsafeRawPointer?
    var done: UInt64 = 0
    let error = unsafe ccs_copy_file(descriptor, byteCount, &address, &done)
    try check(error, "read")
    guard let address = unsafe address else { return FileBytes() }
    return unsafe FileBytes(
      address: address, byteCount: done, reservedByteCount: byteCount, guardEntry: nil, isCopy: true)
  }

  private func check(_ error: Int32, _ call: String) throws(DatabaseError) {
    if error != 0 { throw .system(SystemCallFailure(call: call, path: path, errno: error)) }
  }
}

extension Int64 {
  /// Seconds that can be multiplied without overflow, and never below 0.
  fileprivate var clamped: Int64 { Swift.max(0, Swift.min(self, 4_000_000)) }
}

/// Closes a descriptor when the last goes who shares it.
private final class DescriptorOwner: Sendable {
  private let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { ccs_close(descriptor) }
}

/// The bytes of a file, mapped or copied, for reading only. Given back when the last goes who shares them.
// Safe: the address is private, and handed out only as a span that cannot outlive the mapping.
@safe struct FileBytes: ~Copyable, @unchecked Sendable {
  // Sendable: the bytes are never written through this and never change place.
  private let address: UnsafeRawPointer?
  private let owner: BytesOwner?
  /// Set if the mapping is guarded against faults.
  private let guardEntry: OpaquePointer?
  /// How many bytes there are.
  let byteCount: UInt64
  /// Whether they are our own, so that no change of the file reaches them.
  let isCopy: Bool

  /// No bytes.
  init() {
    isCopy = true
    unsafe address = nil
    unsafe guardEntry = nil
    byteCount = 0
    owner = nil
  }

  fileprivate init(
    address: UnsafeRawPointer, byteCount: UInt64, reservedByteCount: UInt64, guardEntry: OpaquePointer?,
    isCopy: Bool = false
  ) {
    self.isCopy = isCopy
    unsafe self.address = address
    unsafe self.guardEntry = guardEntry
    self.byteCount = byteCount
    owner = unsafe BytesOwner(address, reservedByteCount, guardEntry)
  }

  private init(sharing other: borrowing FileBytes) {
    isCopy = other.isCopy
    unsafe address = other.address
    unsafe guardEntry = other.guardEntry
    byteCount = other.byteCount
    owner = other.owner
  }

  /// The same bytes, which stay as long as either is there.
  func shared() -> FileBytes { FileBytes(sharing: self) }

  /// Whether some bytes could not be read from the file and were taken for zeros: then nothing read may be believed.
  ///
  /// Never for a copy, nor unless ``FaultGuard`` is installed: without it such a fault is deadly.
  var haveFaulted: Bool { unsafe ccs_guard_has_faulted(guardEntry) }

  /// The mark of faults, for who cannot hold on to this value but does not outlive it.
  var faultMark: FaultMark { unsafe FaultMark(entry: guardEntry) }

  /// The bytes, from the start of the file.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      guard let address = unsafe address else { return RawSpan() }
      // The bytes live as long as self, which the span borrows.
      let span = unsafe RawSpan(_unsafeStart: address, byteCount: Int(byteCount))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}

/// Gives the bytes of a file back when the last goes who shares them.
// Safe: the address is used once, at the end.
@safe private final class BytesOwner: @unchecked Sendable {
  private let address: UnsafeRawPointer
  private let reservedByteCount: UInt64
  private let guardEntry: OpaquePointer?

  @unsafe init(_ address: UnsafeRawPointer, _ reservedByteCount: UInt64, _ guardEntry: OpaquePointer?) {
    unsafe self.address = address
    self.reservedByteCount = reservedByteCount
    unsafe self.guardEntry = guardEntry
  }

  deinit {
    unsafe ccs_guard_leave(guardEntry)
    unsafe ccs_unmap(address, reservedByteCount)
  }
}

/// Tells whether a mapping has faulted.
// Safe: entries of the guard are never freed, so asking a stale one is harmless.
@safe struct FaultMark: @unchecked Sendable {
  fileprivate let entry: OpaquePointer?

  /// See ``FileBytes/haveFaulted``.
  var isSet: Bool { unsafe ccs_guard_has_faulted(entry) }
}

/// Survival of files that are cut, or become unreadable, while they are mapped.
public enum FaultGuard {
  /// Installs, for the whole process and for good, a handler for SIGBUS that turns faults of our mappings into errors.
  ///
  /// Without it, a file that another program cuts while it is being read ends the process, as with any mapping. A
  /// handler that the host had before gets every signal that is not about a mapping of ours; one that it installs later
  /// must pass on what it does not know. Files opened before the call stay unguarded. ``Locking/copy(wait:)`` needs no
  /// guard: it does not map the file.
  ///
  /// - Throws: ``SystemCallFailure`` as sigaction(2) says.
  public static func install() throws(SystemCallFailure) {
    let error = ccs_guard_install()
    if error != 0 { throw SystemCallFailure(call: "sigaction", path: "", errno: error) }
  }

  /// Whether ``install()`` was called.
  public static var isInstalled: Bool { ccs_guard_is_installed() }
}
