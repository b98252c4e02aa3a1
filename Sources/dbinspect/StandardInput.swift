// Whole files, and what stands on standard input.

import Glibc

/// All bytes of standard input.
///
/// - Throws: `Failure` if it cannot be read, or is too long for a key: an endless input must not fill the memory.
func standardInput() throws(Failure) -> [UInt8] {
  try allBytes(of: STDIN_FILENO, file: "standard input", byteCountMax: 64 << 20)
}

/// All bytes of a file.
///
/// - Throws: `Failure` if it cannot be read, or has more than a gibibyte.
func wholeFile(_ path: String) throws(Failure) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw Failure(failed: "open", file: path) }
  defer { close(descriptor) }
  return try allBytes(of: descriptor, file: path, byteCountMax: 1 << 30)
}

private func allBytes(of descriptor: Int32, file: String, byteCountMax: Int) throws(Failure) -> [UInt8] {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 64 << 10)
  while true {
    let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    if count > 0 {
      bytes += chunk[..<count]
      if bytes.count > byteCountMax {
        throw Failure(.usage, file: file, "more than \(size(UInt64(byteCountMax))) is not read")
      }
    } else if count == 0 {
      return bytes
    } else if errno != EINTR {
      throw Failure(failed: "read", file: file)
    }
  }
}
