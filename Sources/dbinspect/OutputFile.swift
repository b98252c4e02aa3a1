// Files that a command writes because it was asked to: whole, or not at all.

import CyrusDatabase
import Glibc

enum OutputFile {
  /// Writes a file through `body`, under a temporary name until it is whole.
  ///
  /// - Parameters:
  ///   - path: The file's name.
  ///   - replacing: Whether a file of that name may be replaced.
  ///   - inputs: Files that must not be replaced.
  ///   - made: Files that `body` makes, which must not be replaced either.
  ///   - permissions: Who may read it, as far as the process's mask lets them; without it the owner alone.
  ///   - model: What a file is to be like that it replaces: its permissions, and its owner and group if we may.
  /// - Throws: `Failure` with `.cannotCreate`, mostly before `body` is called; what `body` throws.
  static func write(
    to path: String, replacing: Bool, inputs: [String], besides made: [String], permissions: mode_t? = nil,
    like model: stat? = nil, _ body: (inout Output) throws -> Void
  ) throws {
    try creating(path) {
      var file = try NewFile(path: path, isReplacing: replacing, inputs: inputs)
      var output = Output(descriptor: file.descriptor)
      try body(&output)
      output.flush()
      if let model {
        // Only root may give files away; for others it stays theirs.
        _ = fchown(file.descriptor, model.st_uid, model.st_gid)
        _ = fchmod(file.descriptor, model.st_mode & 0o777)
      } else if let permissions {
        allow(permissions, of: file.descriptor)
      }
      if output.hasEnded { throw Failure(.cannotCreate, file: path, "cannot be written") }
      try file.publish(besides: made)
    }
  }

  /// What the mask leaves of some permissions. If they cannot be given the file is the owner's alone, as it was.
  private static func allow(_ permissions: mode_t, of descriptor: Int32) {
    // There is no other way to ask for it.
    let mask = umask(0o077)
    umask(mask)
    _ = fchmod(descriptor, permissions & ~mask)
  }

  /// Does what makes a file; whatever is wrong with that file means that it cannot be created.
  static func creating<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError where error.path == path {
      let failure = Failure(error)
      throw Failure(.cannotCreate, file: path, failure.message, hint: hint(for: error) ?? failure.hint)
    }
  }

  /// What the system refuses to create hangs on the folder, not on a file.
  private static func hint(for error: DatabaseError) -> String? {
    guard case .system(let failure) = error else { return nil }
    return switch ExitStatus(errno: failure.errno) {
    case .noPermission: "its folder must be one that you may write to"
    case .noInput: "its folder must be there"
    default: nil
    }
  }
}
