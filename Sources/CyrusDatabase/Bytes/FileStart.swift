// The first bytes of a file that is no database but lies beside them, read at once and without a lock.

/// The first bytes of a file, copied, and the size of the whole file.
package struct FileStart: Sendable {
  /// As many bytes as were asked for, or all of a shorter file.
  package let bytes: [UInt8]
  /// Size of the file in bytes, not smaller than when ``bytes`` were read, unless the file was cut since.
  package let fileByteCount: UInt64

  /// Reads the first `count` bytes with one pread(2).
  ///
  /// - Throws: ``DatabaseError``: `.system` as open(2), fstat(2) and pread(2) say, `.notRegularFile`,
  ///   `.lockedByThisProcess`.
  package init(path: String, count: Int) throws(DatabaseError) {
    let file = try OpenFile(path: path)
    bytes = try file.read(at: 0, count: count)
    // Asked for last: what a header counts was in the file before the header, so it is within this size.
    fileByteCount = try file.facts().byteCount
  }
}
