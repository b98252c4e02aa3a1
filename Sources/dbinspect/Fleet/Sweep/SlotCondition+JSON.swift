// The condition of a slot as a line of JSON, written and read.

import CyrusFleet
import FoundationEssentials

extension SlotCondition {
  /// Writes the members of an object.
  func write(to output: inout Output) {
    output.member("store", store)
    output.member("slot", slot)
    output.member("host", host)
    output.member("role", role.rawValue)
    output.member("time", time)
    output.member("verdict", verdict.rawValue)
    output.member("records", recordCount)
    output.member("mailboxes", contents?.mailboxCount)
    output.member("deleted", contents?.deletedCount)
    output.member("tombstones", contents?.tombstoneCount)
    output.member("unreadable", contents?.unreadableCount)
    output.member("digest", contents?.digest)
    output.member("findings", findingCount)
    output.member("problem", problem)
    // What the channels come to, for those who take no lists.
    output.member("lines", lineCount)
    output.member("oldestAge", oldestAge)
    output.member("lost", lostCount)
    output.member("drift", driftCount)
    output.array("channels", .inline) { output in
      for channel in channels { output.object(.inline) { channel.write(to: &$0) } }
    }
  }
}

extension ChannelCondition {
  fileprivate func write(to output: inout Output) {
    output.member("channel", channel)
    output.member("lines", lineCount)
    output.member("oldestAge", oldestAge)
    output.member("lost", lostCount)
    output.member("pending", differences?.pending)
    output.member("drift", differences?.drift)
    output.member("conflict", differences?.conflict)
    output.member("inFlux", differences?.inFlux)
    output.member("problem", problem)
  }
}

/// A line of a stream of conditions.
enum SweepStreamLine {
  case header
  case slot(SlotCondition)
  case trailer(slotCount: Int, isComplete: Bool)

  /// Reads a line.
  ///
  /// - Throws: A text that says what is wrong.
  init(_ bytes: [UInt8]) throws(SweepLineError) {
    let fields: Fields
    do {
      fields = try JSONDecoder().decode(Fields.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw SweepLineError(text: Self.text(of: error))
    } catch {
      throw SweepLineError(text: "no JSON")
    }
    if let schema = fields.schema {
      guard schema == FleetSweep.schema else {
        throw SweepLineError(text: "expected the schema \(FleetSweep.schema), found \(printable(schema))")
      }
      self = .header
    } else if let isComplete = fields.complete {
      guard let count = fields.slots else { throw SweepLineError(text: "a last line without slots") }
      self = .trailer(slotCount: count, isComplete: isComplete)
    } else {
      self = .slot(try fields.condition)
    }
  }

  private static func text(of error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? "no JSON object on one line" : "\(path) is not as expected"
    }
    return switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
      .dataCorrupted(let context):
      place(context)
    @unknown default: "it cannot be decoded"
    }
  }

  /// Whatever a line can have.
  private struct Fields: Decodable {
    let schema: String?
    let complete: Bool?
    let slots: Int?
    let store: String?
    let slot: String?
    let host: String?
    let role: String?
    let time: Int64?
    let verdict: String?
    let records: UInt64?
    let mailboxes: UInt64?
    let deleted: UInt64?
    let tombstones: UInt64?
    let unreadable: UInt64?
    let digest: String?
    let findings: UInt64?
    let problem: String?
    let channels: [Channel]?

    var condition: SlotCondition {
      get throws(SweepLineError) {
        func required<Value>(_ value: Value?, _ name: String) throws(SweepLineError) -> Value {
          guard let value else { throw SweepLineError(text: "\(name) is missing, or not as expected") }
          return value
        }
        let contents = mailboxes.map { mailboxes in
          SlotContents(
            mailboxCount: mailboxes, deletedCount: deleted ?? 0, tombstoneCount: tombstones ?? 0,
            unreadableCount: unreadable ?? 0, digest: digest)
        }
        return SlotCondition(
          store: try required(store, "store"), slot: try required(slot, "slot"), host: host,
          role: try required(role.flatMap(SlotRole.init), "role"), time: try required(time, "time"),
          verdict: try required(verdict.flatMap(SlotVerdict.init), "verdict"), recordCount: records,
          contents: contents, findingCount: findings ?? 0, problem: problem,
          channels: (channels ?? []).map(\.condition))
      }
    }
  }

  private struct Channel: Decodable {
    let channel: String
    let lines: Int?
    let oldestAge: Int64?
    let lost: Int?
    let pending: Int?
    let drift: Int?
    let conflict: Int?
    let inFlux: Int?
    let problem: String?

    var condition: ChannelCondition {
      let differences = drift.map { drift in
        DifferenceCounts(pending: pending ?? 0, drift: drift, conflict: conflict ?? 0, inFlux: inFlux ?? 0)
      }
      return ChannelCondition(
        channel: channel, lineCount: lines, oldestAge: oldestAge, lostCount: lost ?? 0, differences: differences,
        problem: problem)
    }
  }
}

/// What is wrong with a line of a stream.
struct SweepLineError: Error {
  let text: String
}
