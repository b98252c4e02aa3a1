// Our own contestant of every subject, for ordo-one's benchmark: baselines and thresholds over time.
//
// `Scripts/compare track` runs it. MAILBOXES says how big the files are.

import Benchmark
import Foundation
import Subjects

/// A subject that is ready, and what it saw when it was first run, which is not measured.
struct Prepared {
  let subject: String
  let race: Race
  let count: UInt64, digest: UInt64

  init(_ subject: Subject) throws {
    let environment = ProcessInfo.processInfo.environment
    let workload = try Workload(
      mailboxCount: environment["MAILBOXES"].flatMap { Int($0) } ?? 100_000,
      directory: environment["BENCH_DIRECTORY"] ?? ".build/bench", hasRivals: false)
    race = try subject.prepare(workload)
    let seen = try race.own.run()
    (count, digest) = (seen.count, seen.digest)
    self.subject = subject.name
  }
}

/// Kept from one sample to the next; only the thread that runs the benchmarks comes here.
nonisolated(unsafe) var prepared: Prepared?

func run(_ subject: Subject, _ benchmark: Benchmark) throws {
  let held: Prepared
  if let prepared, prepared.subject == subject.name { held = prepared } else { held = try Prepared(subject) }
  prepared = held
  benchmark.startMeasurement()
  for _ in benchmark.scaledIterations {
    let seen = try held.race.own.run()
    if seen.count != held.count || seen.digest != held.digest { benchmark.error("two runs saw different records") }
  }
  benchmark.stopMeasurement()
}

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .throughput, .peakMemoryResident], maxDuration: .seconds(3), maxIterations: 100)
  for subject in Subject.all {
    Benchmark(subject.name) { benchmark in try run(subject, benchmark) }
  }
}
