// How far long work has come, for who waits for it.

/// Tells a caller how far some work has come, now and then.
final class Steps {
  private let total: UInt64
  private let progress: ((UInt64, UInt64) -> Void)?
  private var next = byteCount

  /// How many bytes lie between two calls.
  private static let byteCount: UInt64 = 1 << 24

  init(to total: UInt64 = 0, _ progress: ((UInt64, UInt64) -> Void)? = nil) {
    self.total = total
    self.progress = progress
  }

  /// Notes that the work has come so far; what lies before an earlier place is no news.
  @inline(__always)
  func reach(_ done: UInt64) {
    if done >= next { report(done) }
  }

  @inline(never)
  private func report(_ done: UInt64) {
    next = done + Self.byteCount
    progress?(min(done, total), total)
  }
}
