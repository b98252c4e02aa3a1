// Locks as the kernel lists them.

import Foundation
import Glibc

/// The locks on one file that belong to open descriptors, as ours do, and Cyrus's do not.
struct KernelLocks {
  private let inode: UInt64

  /// - Parameter path: Of a file that no other process locks in this way.
  init(path: String) throws {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    inode = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
  }

  /// How many there are now.
  var count: Int {
    // For example `1: OFDLCK ADVISORY  READ -1 fe:00:1234567 0 EOF`.
    let list = (try? String(contentsOfFile: "/proc/locks", encoding: .utf8)) ?? ""
    return list.split(separator: "\n").count { $0.contains("OFDLCK") && $0.contains(":\(inode) ") }
  }
}
