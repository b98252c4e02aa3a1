// The folder that files of slots are rendered to: what is there, and putting there what should be.

import CyrusDatabase
import CyrusFleetTemplates
import Glibc

/// A file of the folder, and how it is.
struct RenderedState {
  /// What was found, or done.
  enum State: String, CaseIterable {
    /// It is not there, and not to be written.
    case missing
    /// It is there and should hold something else, and is not to be written.
    case differs
    /// It was not there and was written.
    case created
    /// It was written because it held something else.
    case changed
    /// It is as it should be.
    case unchanged
    /// It was made for a slot that has no store any more.
    case leftOver = "left-over"
  }

  let path: String
  let state: State
  /// The template it comes from; nil if it is left over.
  var template: String?
  /// The slot it is for; nil if it is left over.
  var slot: String?
  /// The first line that is not as it should be, counted from 1; nil if none is, or there is no file.
  var line: Int?
}

/// The folder.
struct RenderedFolder {
  let path: String
  /// Files that must not be written to: templates, the layout, values.
  let inputs: [String]

  /// How a file is, which has not to be there.
  func state(of file: RenderedFile, slot: String) throws -> RenderedState {
    let place = path + "/" + file.path
    var state = RenderedState(path: file.path, state: .missing, template: file.template, slot: slot)
    guard let permissions = try Self.permissions(of: place) else { return state }
    let wanted = Array(file.text.utf8)
    let found = try wholeFile(place)
    let isOpen = file.usesSecrets && permissions & mode_t(S_IRWXO) != 0
    state = RenderedState(
      path: file.path, state: found == wanted && !isOpen ? .unchanged : .differs, template: file.template, slot: slot)
    if found != wanted {
      let common = zip(found, wanted).prefix { $0 == $1 }
      state.line = 1 + common.count { $0.0 == UInt8(ascii: "\n") }
    }
    return state
  }

  /// Writes a file that is missing or differs; a folder that it needs is made.
  ///
  /// One that is there keeps its owner, group and permissions, but for what others could see of secrets.
  func write(_ file: RenderedFile) throws {
    let place = path + "/" + file.path
    try makeFolders(of: file.path)
    var facts = stat()
    let isThere = unsafe stat(place, &facts) == 0
    if file.usesSecrets { facts.st_mode &= ~mode_t(S_IRWXO) }
    try OutputFile.write(
      to: place, replacing: true, inputs: inputs, besides: [], permissions: file.usesSecrets ? 0o640 : 0o644,
      like: isThere ? facts : nil
    ) { $0.append(file.text) }
  }

  /// Files that were made for slots that have no store any more.
  ///
  /// - Parameter expected: The paths of all files that there should be, whether they were asked for or not.
  func leftOver(_ templates: ConfigurationTemplates, expected: Set<String>) throws -> [RenderedState] {
    let places = try templates.places { folder in try Self.names(in: folder.isEmpty ? path : path + "/" + folder) }
    return try places.filter { place in
      guard !expected.contains(place), try Self.permissions(of: path + "/" + place) != nil else { return false }
      return ConfigurationTemplates.isMade(try wholeFile(path + "/" + place))
    }.map { RenderedState(path: $0, state: .leftOver) }
  }

  private func makeFolders(of file: String) throws(Failure) {
    var folder = path
    for part in [""] + file.split(separator: "/").dropLast().map(String.init) {
      if !part.isEmpty { folder += "/" + part }
      guard unsafe mkdir(folder, 0o755) != 0, errno != EEXIST else { continue }
      // strerror of glibc never returns nil.
      throw Failure(.cannotCreate, file: folder, "\(unsafe String(cString: strerror(errno))) (mkdir)")
    }
  }

  /// Of a regular file; nil if nothing is there, or it is no regular file.
  private static func permissions(of path: String) throws(Failure) -> mode_t? {
    var facts = stat()
    if unsafe stat(path, &facts) != 0 {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Failure(failed: "stat", file: path)
    }
    return facts.st_mode & S_IFMT == S_IFREG ? facts.st_mode & 0o777 : nil
  }

  /// The names in a folder; none if there is none.
  private static func names(in folder: String) throws(DatabaseError) -> [String] {
    do { return try Directory.names(in: folder) } catch {
      if case .system(let failure) = error, failure.errno == ENOENT || failure.errno == ENOTDIR { return [] }
      throw error
    }
  }
}
