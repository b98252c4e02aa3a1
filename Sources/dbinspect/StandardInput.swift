// A key from standard input.

import Glibc

/// No key is longer: an endless input must not fill the memory.
private let byteCountMax = 64 << 20

/// All bytes of standard input.
///
/// - Throws: `Failure` if it cannot be read, or is too long for a key.
func standardInput() throws(Failure) -> [UInt8] {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 64 << 10)
  while true {
    let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
    if count > 0 {
      bytes += chunk[..<count]
      if bytes.count > byteCountMax {
        throw Failure(.usage, "standard input: more than \(size(UInt64(byteCountMax))) cannot be a key")
      }
    } else if count == 0 {
      return bytes
    } else if errno != EINTR {
      // strerror of glibc never returns nil.
      throw Failure(.inputOutput, "standard input: \(unsafe String(cString: strerror(errno))) (read)")
    }
  }
}
