// What a comparison found: a value that is kept as JSON, and from which tables and charts are made.

import Foundation

/// Figures of one contestant.
struct Figures: Codable {
  var contestant: String
  /// The median of all rounds, and the extremes, in nanoseconds.
  var median: Double, fastest: Double, slowest: Double
  /// The median of how many times as long it took as our own contestant did in the same round.
  var ratio: Double
}

/// Figures of one subject.
struct SubjectResult: Codable {
  var subject: String
  var summary: String
  var unit: String
  /// How many of the unit were seen.
  var count: Int
  /// Bytes that had to be looked at; 0 if that says nothing.
  var byteCount: Int
  var rounds: Int
  /// Our own contestant first.
  var contestants: [Figures]

  subscript(contestant: String) -> Figures? { contestants.first { $0.contestant == contestant } }
}

/// Everything that was found in one run.
struct Results: Codable {
  var mailboxCount: Int
  var processor: String
  var processorCount: Int
  /// `wall` or `cpu`.
  var clock: String
  var release: String
  /// Up to which way of computing checksums the library was built; nil: all that the processor has.
  var checksums: String?
  /// Rivals that were not there.
  var absent: [String]
  var subjects: [SubjectResult]

  init(readFrom path: String) throws {
    self = try JSONDecoder().decode(Results.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  init(mailboxCount: Int, clock: String, checksums: String? = nil, absent: [String]) {
    self.mailboxCount = mailboxCount
    self.checksums = checksums
    self.clock = clock
    self.absent = absent
    let facts = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let model = facts.split(separator: "\n").first { $0.hasPrefix("model name") }
    processor = model?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    processorCount = ProcessInfo.processInfo.activeProcessorCount
    release = ProcessInfo.processInfo.operatingSystemVersionString
    subjects = []
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(to: URL(fileURLWithPath: path))
  }

  subscript(subject: String) -> SubjectResult? { subjects.first { $0.subject == subject } }
}

extension Array<Double> {
  /// Of an even number of values the mean of the two in the middle.
  var median: Double {
    let sorted = sorted()
    return (sorted[count / 2] + sorted[(count - 1) / 2]) / 2
  }
}
