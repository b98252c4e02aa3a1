// A file that is written from start to end, for generators of large files.

import Glibc

/// A system call that failed.
public struct SystemFailure: Error, CustomStringConvertible {
  /// The call, for example `open`.
  public let call: String
  /// The file concerned.
  public let path: String
  /// The error number the call left.
  public let code: Int32

  /// The call, the file and the system's words for the error.
  public var description: String {
    "\(call) \(path): \(unsafe String(cString: strerror(code)))"
  }
}

/// A new or emptied file, open for writing.
struct OutputFile: ~Copyable {
  private let descriptor: Int32
  private let path: String

  init(path: String) throws(SystemFailure) {
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    self.path = path
    if descriptor < 0 { throw SystemFailure(call: "open", path: path, code: errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Writes all of `bytes` after what was written before.
  func write(_ bytes: [UInt8]) throws(SystemFailure) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes[written...].withUnsafeBytes { rest in
        unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        throw SystemFailure(call: "write", path: path, code: errno)
      }
    }
  }
}
