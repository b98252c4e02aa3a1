// Lets contestants take turns, so that whatever else the machine does hits all alike.
//
// In each round each contestant runs once; ratios are taken within a round, and the median of them counts. The round
// before the first fills caches and is not counted.

import CRivals
import Foundation
import Subjects

/// What time is measured by.
enum Clock: String {
  /// What passes.
  case wall
  /// What this process gets of it, all threads together: steadier on a machine that others use, too.
  case cpu

  func now() -> Double {
    var time = timespec()
    clock_gettime(self == .wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }
}

struct Runner {
  let clock: Clock
  let rounds: Int

  func run(_ subject: Subject, _ workload: Workload) throws -> SubjectResult {
    let race = try subject.prepare(workload)
    let contestants = [race.own] + race.rivals
    var times = [[Double]](repeating: [], count: contestants.count)
    var seen = rv_seen()
    for round in 0...rounds {
      for (index, contestant) in contestants.enumerated() {
        let start = clock.now()
        let outcome = try contestant.run()
        let time = clock.now() - start
        if index == 0 { seen = outcome }
        if contestant.evidence == .records, outcome.count != seen.count || outcome.digest != seen.digest {
          throw BenchmarkFailure(
            "\(subject.name): \(contestant.name) saw \(outcome.count) records of digest \(outcome.digest), "
              + "\(race.own.name) \(seen.count) of \(seen.digest)")
        }
        if round > 0 { times[index].append(time) }
      }
    }
    return SubjectResult(
      subject: subject.name, summary: subject.summary, unit: subject.unit, count: Int(seen.count),
      byteCount: race.byteCount, rounds: rounds, contestants: Self.figures(contestants.map(\.name), times))
  }

  static func figures(_ names: [String], _ times: [[Double]]) -> [Figures] {
    names.indices.map { index in
      Figures(
        contestant: names[index], median: times[index].median, fastest: times[index].min() ?? 0,
        slowest: times[index].max() ?? 0, ratio: zip(times[index], times[0]).map { $0 / max($1, 1) }.median)
    }
  }
}
