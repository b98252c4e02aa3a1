// The logs for a slot, which need not be there.

import CyrusSync
import Glibc

extension SyncLogReader {
  /// What the logs of a channel held; nil if there is no directory for the channel, which is made with its first line.
  static func captureIfThere(_ directory: String, channel: String) throws(SyncLogError) -> SyncLogCapture? {
    do throws(SyncLogError) {
      return try SyncLogReader(directory: directory).capture(channel: channel)
    } catch {
      guard case .system(let failure) = error, failure.errno == ENOENT else { throw error }
      return nil
    }
  }
}

extension SyncLogCapture {
  /// How long ago each log with a byte was changed, in seconds.
  func ages(now: Int64) -> [Int64] { files.filter { $0.byteCount > 0 }.map { max(0, now - $0.modifiedSeconds) } }
}
