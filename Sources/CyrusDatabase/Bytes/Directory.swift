// The names in a directory.

import CCyrusShim
import Glibc

/// Directories, for reading only.
package enum Directory {
  /// The names of what is in a directory, in no order. One that is not UTF-8 is left out.
  ///
  /// A name that comes or goes meanwhile may be there or not.
  ///
  /// - Throws: ``DatabaseError``: `.system` as open(2) and readdir(3) say, with ENOTDIR for what is no directory.
  package static func names(in path: String) throws(DatabaseError) -> [String] {
    var names: UnsafePointer<CChar>?
    var byteCount = 0
    let error = unsafe path.withCString { unsafe ccs_names($0, &names, &byteCount) }
    guard error == 0 else { throw .system(SystemCallFailure(call: "readdir", path: path, errno: error)) }
    defer { unsafe ccs_free_names(names) }
    // The shim gave so many bytes, which stay until they are given back.
    let bytes = unsafe UnsafeRawBufferPointer(start: names, count: byteCount)
    return unsafe bytes.split(separator: 0).compactMap { unsafe String(validating: $0, as: UTF8.self) }
  }
}
