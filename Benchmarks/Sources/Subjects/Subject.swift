// What is measured: one list, for the comparison with rivals as for tracking over time.
//
// A subject prepares a race: our own way to do a thing, and those of rivals. Whoever took part in it must have seen the
// same records.

package import CRivals

/// One who does what a subject asks for.
package struct Contestant {
  /// What a contestant's outcome is compared by.
  package enum Evidence {
    /// By how many records it saw, and by their digest.
    case records
    /// Not: it does something else that takes its time as a measure, and only has to succeed.
    case success
  }

  package let name: String
  package let evidence: Evidence
  /// Does it once.
  package let run: () throws -> rv_seen

  init(_ name: String, _ evidence: Evidence = .records, run: @escaping () throws -> rv_seen) {
    self.name = name
    self.evidence = evidence
    self.run = run
  }
}

extension Contestant {
  /// What our own contestant is called.
  package static let own = "cyrus-inspect"
  /// What the loop in C over the file in memory is called.
  package static let loop = "the same in C"
  /// What the limit is called: the sum of all words of the file in memory.
  package static let memory = "memory"
}

/// A subject, ready to be run.
package struct Race {
  /// Our own contestant.
  package let own: Contestant
  /// Those that it is compared with.
  package var rivals: [Contestant]
  /// Bytes that have to be looked at; 0 if that says nothing.
  package let byteCount: Int
}

/// Something to be done with a database.
package struct Subject: Sendable {
  /// A short, stable name.
  package let name: String
  /// What is done.
  package let summary: String
  /// What is counted.
  package let unit: String
  /// Makes everything that is needed, outside of the time that is measured.
  package let prepare: @Sendable (Workload) throws -> Race

  init(
    _ name: String, _ summary: String, unit: String = "record", prepare: @escaping @Sendable (Workload) throws -> Race
  ) {
    self.name = name
    self.summary = summary
    self.unit = unit
    self.prepare = prepare
  }

  /// All subjects.
  package static let all: [Subject] = opening + scans + verifications + lookups + meanings
}

/// Why a measurement is worth nothing.
package struct BenchmarkFailure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
