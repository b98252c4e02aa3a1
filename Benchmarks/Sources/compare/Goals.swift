// What has to hold: bounds for ratios, and whether results keep them.
//
// Checksums are left out where a list is read again that was proven before, and in a state that was verified before: the
// goals of a listing without them are held against those.

import Subjects

/// A bound for one figure of a subject.
struct Goal {
  enum Bound {
    /// The rival takes at least so many times as long.
    case faster(than: String, Double)
    /// At most so many times the time of the sum of the file in memory.
    case memory(Double)
    /// At most so many nanoseconds for one of what is counted; on the machine that the goal was set on.
    case nanoseconds(Double)
  }

  let subject: String
  let bound: Bound

  init(_ subject: String, _ bound: Bound) {
    self.subject = subject
    self.bound = bound
  }

  static let all = [
    Goal("scan/packed", .faster(than: "libcyrus", 5.5)), Goal("scan/packed", .memory(2.7)),
    Goal("scan/packed", .faster(than: "LMDB", 2)), Goal("scan/packed", .faster(than: Contestant.loop, 1 / 1.1)),
    Goal("trust/packed", .faster(than: Contestant.loop, 1 / 1.1)),
    Goal("scan/packed, 2 threads", .faster(than: "libcyrus", 7)),
    Goal("trust/packed", .faster(than: "libcyrus", 11)), Goal("trust/packed", .faster(than: "LMDB", 4)),
    Goal("trust/packed", .memory(1.6)), Goal("trust/packed, 2 threads", .faster(than: "libcyrus", 20)),
    Goal("trust/churned", .faster(than: "libcyrus", 3.5)),
    Goal("trust/churned, 2 threads", .faster(than: "libcyrus", 8)),
    Goal("reread/packed", .faster(than: "libcyrus", 11)),
    Goal("reread/packed", .faster(than: "libcyrus, no checksums", 6)), Goal("reread/packed", .memory(1.6)),
    Goal("reread/churned", .faster(than: "libcyrus", 3.5)), Goal("reread/churned", .memory(8)),
    Goal("verify/packed", .faster(than: "libcyrus, consistent", 2.7)),
    Goal("verify/packed", .faster(than: "libcyrus", 5)), Goal("verify/packed", .memory(3)),
    Goal("verify/packed, 2 threads", .faster(than: "libcyrus, consistent", 3.7)),
    Goal("verify/packed, 2 threads", .faster(than: "libcyrus", 7)), Goal("verify/packed, 2 threads", .memory(2.5)),
    Goal("verify-quick/packed", .faster(than: "libcyrus, consistent", 4)),
    Goal("verify/churned", .faster(than: "libcyrus, consistent", 2)),
    Goal("verify/churned", .faster(than: "libcyrus", 2.5)), Goal("verify/churned", .memory(13)),
    Goal("verify/churned, 2 threads", .faster(than: "libcyrus, consistent", 4)),
    Goal("verify/churned, 2 threads", .faster(than: "libcyrus", 5.3)), Goal("verify/churned, 2 threads", .memory(6)),
    Goal("get/packed", .faster(than: "libcyrus", 2)), Goal("get/churned", .faster(than: "libcyrus", 2)),
    Goal("get-once/packed", .faster(than: "libcyrus", 4)), Goal("get-once/packed", .nanoseconds(45_000)),
    Goal("get-once/churned", .faster(than: "libcyrus", 6)),
    Goal("get-index/packed", .faster(than: "libcyrus", 10)), Goal("get-index/packed", .faster(than: "LMDB", 2)),
    Goal("get-index/churned", .faster(than: "libcyrus", 10)), Goal("get-index/churned", .faster(than: "LMDB", 2)),
    Goal("prefix/packed", .faster(than: "libcyrus", 4)), Goal("prefix/churned", .faster(than: "libcyrus", 1.9)),
    Goal("decode", .faster(than: "libcyrus", 5)), Goal("decode", .nanoseconds(120)),
    Goal("inventory", .faster(than: "libcyrus", 4.7)), Goal("inventory", .memory(8)),
    Goal("inventory-trust", .faster(than: "libcyrus", 7.5)),
    Goal("diff", .faster(than: "libcyrus", 8)), Goal("diff", .memory(6)),
    Goal("diff-trust", .faster(than: "libcyrus", 16)),
    Goal("process/verify", .faster(than: "cyr_dbtool consistent", 1.6)),
    Goal("process/show", .faster(than: "cyr_dbtool show", 60)),
    Goal("process/mailboxes", .faster(than: "ctl_mboxlist -d", 40)),
  ]

  /// What holds on processors that have less, by the way their checksums are computed.
  static let lesser = [
    "folding": [Goal("scan/packed", .faster(than: "libcyrus", 4))],
    "table": [Goal("scan/packed", .faster(than: "libcyrus", 1))],
  ]

  static func all(for results: Results) -> [Goal] { results.checksums.map { lesser[$0] ?? [] } ?? all }

  /// Goals for what there is no function for.
  static let unoffered = [
    "a comparison of two files byte by byte"
  ]
}

/// How a goal was kept.
struct GoalResult {
  let subject: String
  /// What was asked for, in words.
  let goal: String
  /// What was found, as the goal has it.
  let found: String
  let isMet: Bool
  /// How far it is from being met: 2 if it had to be twice as fast.
  let shortfall: Double
}

extension Goal {
  /// Nil if it was not measured.
  func result(_ results: Results) -> GoalResult? {
    guard let measured = results[subject], let own = measured[Contestant.own] else { return nil }
    switch bound {
    case .faster(let rival, let factor):
      guard let figures = measured[rival] else { return nil }
      return GoalResult(
        subject: subject, goal: "≥ \(factor.short) × \(rival)", found: "\(figures.ratio.short) ×",
        isMet: figures.ratio >= factor, shortfall: factor / figures.ratio)
    case .memory(let factor):
      guard let figures = measured[Contestant.memory] else { return nil }
      let times = 1 / figures.ratio
      return GoalResult(
        subject: subject, goal: "≤ \(factor.short) × memory", found: "\(times.short) ×", isMet: times <= factor,
        shortfall: times / factor)
    case .nanoseconds(let most):
      let each = own.median / Double(max(measured.count, 1))
      return GoalResult(
        subject: subject, goal: "≤ \(most.short) ns", found: "\(each.short) ns", isMet: each <= most,
        shortfall: each / most)
    }
  }
}
