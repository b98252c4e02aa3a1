// A new file that is under way, and takes its name only when it is whole.
//
// It is written without a name, brought to the disk, given a temporary name in the same directory, renamed, and the
// directory is brought to the disk. So the name leads to the whole file or to what it led to before, whatever happens
// between. Given up, by an error, by letting it go or by the end of the process, it leaves nothing behind. Where the
// file system has no files without a name it has the temporary name from the start.
//
// This is the only place of the library that writes. It never opens a file that is there already.

import CCyrusShim
import Glibc

/// What is wrong with an output, or with what goes into it.
public enum OutputProblem: String, Sendable, Hashable, CaseIterable {
  /// Something has that name, and was not to be replaced.
  case exists = "exists already"
  /// The name leads to a file that is being read. Refused whatever the caller asks for.
  case isInput = "is a file that is being read"
  /// A record has no key.
  case emptyKey = "a record without a key cannot be stored"
  /// A key was given twice.
  case duplicateKey = "a key was given twice"
  /// A key comes before the one given before it.
  case keyOrder = "keys were not given in ascending order"
  /// A record of 2 GiB or more, which Cyrus cannot handle.
  case recordTooLarge = "a record of 2 GiB or more cannot be read by Cyrus"
}

/// A file being written. Removed when it goes, unless it was published.
package struct NewFile: ~Copyable {
  /// The name that it is to have.
  let path: String
  /// For who writes in other ways than ``write(_:at:)``; it must not be closed.
  package let descriptor: Int32
  private let isReplacing: Bool
  private let inputs: [FileFacts]
  /// The name that it has meanwhile; nil while it has none, and once it is published.
  private var temporaryPath: String?
  private var isPublished = false

  /// Creates the file beside its place, readable and writable by the owner alone.
  ///
  /// - Parameters:
  ///   - path: The name that it is to have.
  ///   - isReplacing: Whether a file of that name may be replaced.
  ///   - inputs: Paths of files that must not be replaced, links seen through.
  /// - Throws: ``DatabaseError``: `.system`, `.output` with `.exists` or `.isInput`, `.notRegularFile`.
  package init(path: String, isReplacing: Bool, inputs inputPaths: [String]) throws(DatabaseError) {
    guard !path.utf8.contains(0) else {
      throw .system(SystemCallFailure(call: "open", path: path, errno: ENOENT))
    }
    let inputs = try Self.facts(ofFiles: inputPaths)
    try Self.checkPlace(path, isReplacing: isReplacing, inputs: inputs)
    var descriptor: Int32 = -1
    if unsafe Self.folder(of: path).withCString({ unsafe ccs_create_nameless($0, &descriptor) }) != 0 {
      var name = Self.template(path)
      let error = unsafe ccs_create_temporary(&name, &descriptor)
      guard error == 0 else { throw .system(SystemCallFailure(call: "open", path: path, errno: error)) }
      temporaryPath = Self.text(name)
    }
    self.path = path
    self.descriptor = descriptor
    self.isReplacing = isReplacing
    self.inputs = inputs
  }

  private static func template(_ path: String) -> [CChar] { Array((path + ".XXXXXX").utf8CString) }

  private static func text(_ name: [CChar]) -> String {
    String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    ccs_close(descriptor)
    if let temporaryPath { _ = unsafe temporaryPath.withCString { unsafe ccs_remove($0) } }
  }

  /// Writes bytes at a place, which may lie beyond what was written so far.
  func write(_ bytes: Span<UInt8>, at offset: Int) throws(DatabaseError) {
    try check(ccs_write(descriptor, UInt64(offset), bytes), "write")
  }

  /// Gives the file its name, everything on the disk.
  ///
  /// - Parameter others: Paths of more files that must not be replaced: those that were made meanwhile.
  /// - Throws: As the initializer. If it is `.system` for the directory's fsync, the file has its name already.
  package mutating func publish(besides others: [String] = []) throws(DatabaseError) {
    if isPublished { return }
    try check(ccs_sync(descriptor), "fsync")
    let inputs = inputs + (try Self.facts(ofFiles: others))
    try Self.checkPlace(path, isReplacing: isReplacing, inputs: inputs)
    if temporaryPath == nil {
      var name = Self.template(path)
      try check(unsafe ccs_name_temporary(descriptor, &name), "link")
      temporaryPath = Self.text(name)
    }
    guard let temporaryPath else { return }
    let error = unsafe temporaryPath.withCString { from in
      unsafe path.withCString { unsafe ccs_rename(from, $0, isReplacing) }
    }
    if error == EEXIST { throw .output(path: path, .exists) }
    try check(error, "rename")
    self.temporaryPath = nil
    isPublished = true
    try check(unsafe Self.folder(of: path).withCString { unsafe ccs_sync_directory($0) }, "fsync")
  }

  /// The directory of the file.
  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func checkPlace(
    _ path: String, isReplacing: Bool, inputs: [FileFacts]
  ) throws(DatabaseError) {
    guard let facts = try facts(of: path) else { return }
    if inputs.contains(where: { $0.isSameFile(as: FileFacts(facts)) }) { throw .output(path: path, .isInput) }
    guard facts.kind == CCS_REGULAR else {
      throw .notRegularFile(path: path, isDirectory: facts.kind == CCS_DIRECTORY)
    }
    guard isReplacing else { throw .output(path: path, .exists) }
  }

  /// - Throws: ``DatabaseError/system(_:)`` also if one of them is not there.
  private static func facts(ofFiles paths: [String]) throws(DatabaseError) -> [FileFacts] {
    var found: [FileFacts] = []
    for path in paths {
      guard let facts = try facts(of: path) else {
        throw .system(SystemCallFailure(call: "stat", path: path, errno: ENOENT))
      }
      found.append(FileFacts(facts))
    }
    return found
  }

  /// What the system knows of the file that a path leads to; nil if there is none.
  private static func facts(of path: String) throws(DatabaseError) -> ccs_facts? {
    var facts = ccs_facts()
    let error = unsafe path.withCString { unsafe ccs_facts_of_path($0, &facts) }
    if error == ENOENT { return nil }
    guard error == 0 else { throw .system(SystemCallFailure(call: "stat", path: path, errno: error)) }
    return facts
  }

  private func check(_ error: Int32, _ call: String) throws(DatabaseError) {
    if error != 0 { throw .system(SystemCallFailure(call: call, path: path, errno: error)) }
  }
}
