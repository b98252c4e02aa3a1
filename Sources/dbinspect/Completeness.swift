// Whether all of a file was read: the one rule of all commands that list or count. Docs/Output.md has it in words.

import CyrusDatabase

/// Whether all records of a file were read, by all that tells.
struct Completeness: CustomStringConvertible {
  /// Records that were found.
  let found: UInt64
  /// Records that the header counts; nil if it is dirty, or not all of them were asked for.
  let expected: UInt64?
  /// How often damage was met.
  let damageCount: Int
  /// Whether the file ends before its committed end, whatever lay there.
  let isCut: Bool

  init(found: UInt64, expected: UInt64?, damageCount: Int, isCut: Bool) {
    self.found = found
    self.expected = expected
    self.damageCount = damageCount
    self.isCut = isCut
  }

  /// That of a list of all records.
  init(_ records: borrowing RecordList) {
    self.init(
      found: UInt64(records.count), expected: records.snapshot.expectedCount, damageCount: records.damageCount,
      isCut: records.snapshot.state == .truncated)
  }

  /// Counts the records of a file.
  init(of database: Database, _ locking: Locking) throws {
    self = try database.read(locking: locking) { snapshot in
      var (found, damageCount) = (UInt64(0), 0)
      var records = snapshot.records()
      while true {
        do throws(DatabaseError) {
          guard try records.next() != nil else { break }
          found += 1
        } catch {
          guard case .damaged = error else { throw error }
          damageCount += 1
        }
      }
      return Completeness(
        found: found, expected: snapshot.expectedCount, damageCount: damageCount,
        isCut: snapshot.state == .truncated)
    }
  }

  /// Whether the header counts other than what was found.
  var isShort: Bool { expected != nil && expected != found }

  /// Whether all was read.
  var isComplete: Bool { damageCount == 0 && !isCut && !isShort }

  /// How a command ends that read what it could.
  var status: ExitStatus { isComplete ? .yes : .broken }

  /// For example `99 of 100 records`.
  var description: String {
    if let expected, isShort { return "\(found) of \(counted(expected, "record"))" }
    return counted(found, "record")
  }

  /// Says on standard error what to do about a file of which something is missing.
  static func tellWhatHelps(_ file: String) {
    Talk.line(
      "hint: \(salvageCommand(file)) writes what can be saved to a new file, "
        + "dbinspect verify \(shellQuoted(file)) tells all that is wrong")
  }
}
