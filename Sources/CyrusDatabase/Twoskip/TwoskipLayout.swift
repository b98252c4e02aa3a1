// A twoskip file taken apart: every structure with every field, by file order.
//
// Made for one look at a time: each structure allocates. The scan itself is TwoskipScanner's.

/// Where list 0 leads, and how far it can be followed.
struct TwoskipLiveness: ~Copyable {
  /// Entries of list 0: RECORDs and DELETEs.
  fileprivate var visited: BitMap
  /// Whether list 0 could be followed to its end.
  let isWhole: Bool
  /// RECORDs on list 0, as far as it could be followed.
  let liveRecordCount: Int

  /// Walks list 0, stopping where it is broken.
  init(_ bytes: RawSpan, end: UInt64?) {
    visited = BitMap(byteCount: min(bytes.byteCount, Int(clamping: end ?? 0)))
    guard let end else {
      isWhole = false
      liveRecordCount = 0
      return
    }
    var count = 0
    let state = TwoskipState(bytes, end: end)
    var isWhole = true
    do throws(TwoskipError) {
      var current = try state.dummy()
      while let next = try state.next(after: current) {
        guard !visited.contains(next.offset) else {
          isWhole = false
          break
        }
        visited.insert(next.offset)
        count += 1
        // The DELETE that was stepped over, if any, is on the list too.
        if let entry = successor(current.pointer(0, in: bytes), current.pointer(1, in: bytes), end: end),
          entry != UInt64(next.offset)
        {
          visited.insert(Int(truncatingIfNeeded: entry))
        }
        current = next
      }
      if let entry = successor(current.pointer(0, in: bytes), current.pointer(1, in: bytes), end: end), entry != 0,
        isWhole
      {
        visited.insert(Int(truncatingIfNeeded: entry))
      }
    } catch {
      isWhole = false
    }
    self.isWhole = isWhole
    liveRecordCount = count
  }

  func liveness(of offset: Int, isCommitted: Bool) -> Structure.Liveness {
    if visited.contains(pointer: UInt64(offset)) { return .live }
    return isWhole && isCommitted ? .dead : .unknown
  }
}

/// Takes structures apart.
struct TwoskipLayout: ~Escapable {
  let bytes: RawSpan
  /// The committed end; nil if the header cannot be trusted.
  let end: UInt64?

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, end: UInt64?) {
    self.bytes = bytes
    self.end = end
  }

  /// Calls `body` for every structure that ends behind `from` and starts before `to`, until it says false.
  func forEachStructure(
    from: UInt64, to: UInt64, _ liveness: borrowing TwoskipLiveness, _ body: (Structure) throws -> Bool
  ) rethrows {
    let headerEnd = min(TwoskipHeader.byteCount, bytes.byteCount)
    if headerEnd > 0, from < UInt64(headerEnd), to > 0 {
      guard try body(header(0..<headerEnd)) else { return }
    }
    // Committed and uncommitted parts are scanned one after the other: a record never reaches over the end.
    let committed = min(Int(truncatingIfNeeded: end ?? UInt64(bytes.byteCount)), bytes.byteCount)
    for (start, stop) in [(headerEnd, committed), (max(headerEnd, committed), bytes.byteCount)] where start < stop {
      var scanner = TwoskipScanner(bytes, from: start, to: stop)
      var blanks: Range<Int>?
      while let piece = scanner.next() {
        if case .blank(let offset) = piece {
          blanks = (blanks?.lowerBound ?? offset)..<offset + 8
          continue
        }
        if let run = blanks {
          blanks = nil
          if UInt64(run.lowerBound) >= to { return }
          if UInt64(run.upperBound) > from, try !body(blank(run)) { return }
        }
        switch piece {
        case .blank: break
        case .record(let record, _):
          if UInt64(record.offset) >= to { return }
          if UInt64(record.end) > from, try !body(structure(record, liveness)) { return }
        case .unparsed(let range, let error):
          if UInt64(range.lowerBound) >= to { return }
          if UInt64(range.upperBound) > from, try !body(unparsed(range, error)) { return }
        }
      }
      if let run = blanks, UInt64(run.upperBound) > from, UInt64(run.lowerBound) < to {
        guard try body(blank(run)) else { return }
      }
    }
  }

  /// Every pointer that leads to `target`, in file order.
  func references(
    to target: UInt64, _ liveness: borrowing TwoskipLiveness, _ steps: Steps = Steps()
  ) -> [Reference] {
    var references: [Reference] = []
    forEachStructure(from: UInt64(TwoskipHeader.byteCount), to: .max, liveness) { structure in
      steps.reach(structure.bytes.upperBound)
      for (index, pointer) in structure.pointers.enumerated() where pointer == target && pointer != 0 {
        references.append(
          Reference(
            holder: structure.bytes.lowerBound, holderKind: structure.kind, pointerIndex: index,
            list: structure.kind == .commit ? nil : max(0, index - 1), holderLiveness: structure.liveness))
      }
      return true
    }
    return references
  }

  // MARK: - Structures

  private func isCommitted(_ offset: Int) -> Bool { end.map { UInt64(offset) < $0 } ?? false }

  private func plain(
    _ kind: Structure.Kind, _ range: Range<Int>, headChecksum: Structure.Checksum? = nil, problem: String? = nil
  ) -> Structure {
    let nothing = UInt64(range.upperBound)..<UInt64(range.upperBound)
    return Structure(
      kind: kind, bytes: UInt64(range.lowerBound)..<UInt64(range.upperBound),
      isCommitted: kind == .header || isCommitted(range.lowerBound), liveness: .unknown, level: nil, key: nothing,
      value: nothing, pointers: [], headChecksum: headChecksum, tailChecksum: nil, problem: problem)
  }

  private func blank(_ range: Range<Int>) -> Structure { plain(.blank, range) }

  private func unparsed(_ range: Range<Int>, _ error: TwoskipError) -> Structure {
    plain(.unparsed, range, problem: error.description)
  }

  private func header(_ range: Range<Int>) -> Structure {
    guard range.count == TwoskipHeader.byteCount else {
      return plain(.header, range, problem: "file is shorter than a header")
    }
    let header = TwoskipHeader(unchecked: bytes)
    let isRight = header.checksum == header.computedChecksum
    return plain(
      .header, range,
      headChecksum: Structure.Checksum(stored: header.checksum, computed: header.computedChecksum),
      problem: hasMagic ? (isRight ? nil : "header checksum differs") : "not a twoskip file")
  }

  private var hasMagic: Bool {
    let magic = TwoskipHeader.magic
    return bytes.starts(with: magic.rawSpan)
  }

  private func structure(_ record: TwoskipRecord, _ liveness: borrowing TwoskipLiveness) -> Structure {
    let kind: Structure.Kind
    switch record.kind {
    case .dummy: kind = .dummy
    case .record: kind = .record
    case .delete: kind = .delete
    case .commit: kind = .commit
    }
    let isCommitted = isCommitted(record.offset)
    let keyEnd = record.tailOffset + record.keyByteCount
    return Structure(
      kind: kind, bytes: UInt64(record.offset)..<UInt64(record.end), isCommitted: isCommitted,
      liveness: kind == .record || kind == .delete
        ? liveness.liveness(of: record.offset, isCommitted: isCommitted) : .unknown,
      level: record.level, key: UInt64(record.tailOffset)..<UInt64(keyEnd),
      value: UInt64(keyEnd)..<UInt64(keyEnd + record.valueByteCount),
      pointers: (0..<record.pointerCount).map { record.pointer($0, in: bytes) },
      headChecksum: Structure.Checksum(
        stored: record.storedHeadChecksum(in: bytes), computed: record.headChecksum(in: bytes)),
      tailChecksum: Structure.Checksum(
        stored: record.storedTailChecksum(in: bytes), computed: record.tailChecksum(in: bytes)),
      problem: nil)
  }

  // MARK: - Fields

  /// The parts of a structure that was found in these bytes.
  func fields(of structure: Structure) -> [Structure.Field] {
    let range = Int(structure.bytes.lowerBound)..<Int(structure.bytes.upperBound)
    switch structure.kind {
    case .header: return range.count == TwoskipHeader.byteCount ? headerFields : [field("cut header", range, "")]
    case .blank: return [field("BLANK words", range, "filler, so that the next head lies in one block")]
    case .unparsed: return [field("unparsed bytes", range, structure.problem ?? "")]
    case .dummy, .record, .delete, .commit:
      guard let record = try? TwoskipRecord(at: range.lowerBound, in: bytes, limit: bytes.byteCount) else { return [] }
      return fields(of: record)
    }
  }

  private var headerFields: [Structure.Field] {
    let header = TwoskipHeader(unchecked: bytes)
    return [
      field("magic", 0..<20, hasMagic ? "twoskip" : "not that of twoskip"),
      field("version", 20..<24, "\(header.version)"),
      field("generation", 24..<32, "\(header.generation)"),
      field("record count", 32..<40, "\(header.recordCount)" + (header.isDirty ? ", not valid while dirty" : "")),
      field("repack size", 40..<48, place(header.repackSize)),
      field("current size", 48..<56, place(header.currentSize)),
      field("flags", 56..<60, header.flags == 0 ? "clean" : header.flags == 1 ? "dirty" : "unknown flags"),
      field("checksum", 60..<64, checksum(header.checksum, header.computedChecksum)),
    ]
  }

  private func fields(of record: TwoskipRecord) -> [Structure.Field] {
    let start = record.offset
    var fields = [
      field("type", start..<start + 1, "\(record.kind)".uppercased()),
      field("level", start + 1..<start + 2, "\(record.level)"),
    ]
    let isLongKey = bytes.bigEndian(UInt16.self, at: start + 2) == 0xFFFF
    let isLongValue = bytes.bigEndian(UInt32.self, at: start + 4) == 0xFFFF_FFFF
    fields.append(
      field("key length", start + 2..<start + 4, isLongKey ? "in its long form below" : "\(record.keyByteCount)"))
    fields.append(
      field("value length", start + 4..<start + 8, isLongValue ? "in its long form below" : "\(record.valueByteCount)"))
    var place = start + 8
    if isLongKey {
      fields.append(field("long key length", place..<place + 8, "\(record.keyByteCount)"))
      place += 8
    }
    if isLongValue { fields.append(field("long value length", place..<place + 8, "\(record.valueByteCount)")) }
    for index in 0..<record.pointerCount { fields.append(pointerField(record, index)) }
    let headSum = record.headChecksumOffset
    let tailSum = record.tailChecksumOffset
    fields.append(
      field(
        "head checksum", headSum..<headSum + 4,
        checksum(record.storedHeadChecksum(in: bytes), record.headChecksum(in: bytes))))
    fields.append(
      field(
        "tail checksum", tailSum..<tailSum + 4,
        checksum(record.storedTailChecksum(in: bytes), record.tailChecksum(in: bytes))))
    let keyEnd = record.tailOffset + record.keyByteCount
    let valueEnd = keyEnd + record.valueByteCount
    if record.kind == .record {
      fields.append(field("key", record.tailOffset..<keyEnd, ""))
      fields.append(field("value", keyEnd..<valueEnd, ""))
      if valueEnd < record.end { fields.append(field("padding", valueEnd..<record.end, "")) }
    }
    return fields
  }

  private func pointerField(_ record: TwoskipRecord, _ index: Int) -> Structure.Field {
    let pointer = record.pointer(index, in: bytes)
    let range = record.pointersOffset + 8 * index..<record.pointersOffset + 8 * index + 8
    switch record.kind {
    case .commit: return field("transaction start", range, place(pointer))
    case .delete: return field("next record", range, pointer == 0 ? "end of list 0" : place(pointer))
    default: break
    }
    let leadsTo = pointer == 0 ? "nothing" : place(pointer)
    guard index < 2 else { return field("pointer \(index) (list \(index - 1))", range, leadsTo) }
    let pair = (record.pointer(0, in: bytes), record.pointer(1, in: bytes))
    let selected = end.flatMap { successor(pair.0, pair.1, end: $0) }
    // Of two equal pointers, which happens only for 0 and 0, the second is the one in force by the rule of writing.
    let isInForce = selected == pointer && (index == 1 || pair.0 != pair.1)
    return field("pointer \(index) (list 0)", range, leadsTo + (isInForce ? ", in force" : ", not in force"))
  }

  private func field(_ name: String, _ range: Range<Int>, _ meaning: String) -> Structure.Field {
    Structure.Field(name: name, bytes: UInt64(range.lowerBound)..<UInt64(range.upperBound), meaning: meaning)
  }

  private func place(_ offset: UInt64) -> String { "\(hexadecimal(offset)) (\(offset))" }

  private func checksum(_ stored: UInt32, _ computed: UInt32) -> String {
    stored == computed ? "right" : "WRONG: \(hexadecimal(UInt64(computed))) is right"
  }
}
