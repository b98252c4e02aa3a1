// What `dump`, `explain` and `info --scan` say about a structure.

import CyrusDatabase

/// What is said about an offset at which a file has no byte any more.
func behindTheEnd(_ offset: UInt64, of byteCount: UInt64) -> String {
  "offset \(place(offset)) is behind the end of the file, \(place(byteCount))"
}

extension Structure {
  /// Whether it lies before the committed end and is not what it should be.
  ///
  /// What lies behind the end may be half written; that is no damage.
  var isDamaged: Bool {
    let isBad = problem != nil || headChecksum?.isRight == false || tailChecksum?.isRight == false
    return isBad && (isCommitted || kind == .header)
  }

  /// `live`, `dead`, `uncommitted`, or nothing where none of them makes sense.
  var standing: String? {
    if !isCommitted && kind != .header { return "uncommitted" }
    guard kind == .record || kind == .delete else { return nil }
    switch liveness {
    case .live: return "live"
    case .dead: return "dead"
    case .unknown: return "live or dead cannot be told"
    }
  }

  /// Writes its members as JSON, but for its fields.
  func writeMembers(of layout: borrowing Layout, to output: inout Output) {
    output.member("offset", bytes.lowerBound)
    output.member("length", bytes.count)
    output.member("kind", kind.rawValue)
    output.member("committed", isCommitted)
    output.member("liveness", kind == .record || kind == .delete ? liveness.rawValue : nil)
    output.member("level", level)
    if !pointers.isEmpty {
      output.array("pointers", .inline) { output in
        for pointer in pointers { output.element(pointer) }
      }
    }
    Self.write("headChecksum", headChecksum, to: &output)
    Self.write("tailChecksum", tailChecksum, to: &output)
    if kind == .record {
      output.member("keyLength", key.count)
      output.member("valueLength", value.count)
      output.member("key", bytes: layout.bytes(key))
    }
    if let problem { output.member("problem", problem) }
  }

  private static func write(_ name: String, _ checksum: Checksum?, to output: inout Output) {
    guard let checksum else { return }
    output.object(name, .inline) { output in
      output.member("stored", checksum.stored)
      output.member("computed", checksum.computed)
      output.member("right", checksum.isRight)
    }
  }
}
