// The rules that a sound twoskip file keeps, one case each.
//
// The names are stable: scripts match on them. Facts: Docs/Formats/twoskip.md, "The verifier's rules".

/// A rule of the twoskip format.
public enum TwoskipRule: Int, Sendable, Hashable, CaseIterable {
  /// The file has a whole header that starts with the twoskip magic.
  case magic = 1
  /// The version is 1.
  case version
  /// The header's checksum is that of its first 60 bytes.
  case headerChecksum
  /// No flag but the dirty bit is set.
  case flags
  /// The dirty bit is clear.
  case dirty
  /// The file ends at its committed end.
  case fileSize
  /// Committed end, repack size and generation are possible values.
  case headerSizes
  /// The record at 64 is the list head: DUMMY, level 31, no key, no value.
  case dummy
  /// Records and BLANK words cover every byte from 64 to the committed end.
  case tiling
  /// Every record has a known type, and DUMMY occurs only at 64.
  case recordType
  /// The level fits the type: 1 to 31 for RECORD, 31 for DUMMY, 0 for DELETE and COMMIT.
  case level
  /// RECORDs have a key, the others have neither key nor value; long forms are used only where needed.
  case lengths
  /// Every record ends at or before the committed end.
  case recordFits
  /// Every record's head checksum is that of its head.
  case headChecksum
  /// Every record's tail checksum is that of its key, value and padding.
  case tailChecksum
  /// The padding behind key and value is zero.
  case padding
  /// The tail checksum of a record without key and value is 0.
  case emptyTailChecksum
  /// Every entry of list 0 is a RECORD or a DELETE at a place where a record starts.
  case list0Entry
  /// A DELETE on list 0 leads to a RECORD or to the end of the list.
  case deleteTarget
  /// Keys ascend along list 0 in one of the two orders.
  case keyOrder
  /// List 0 meets no record twice.
  case list0Cycle
  /// Each list above 0 meets exactly the live RECORDs of its level, in key order, and ends.
  case levelLinks
  /// The header counts the live records.
  case recordCount
  /// Both level-0 pointers of every live record lie before the committed end.
  case level0Pair
  /// The level-0 pointer that is not in force is 0 or leads to a record.
  case level0Alternate
  /// Every pointer of every record, dead ones too, is 0 or leads to a record.
  case pointerTarget
  /// Each COMMIT names the end of the one before it, the last one ends at the committed end.
  case commitChain
  /// The log from 336 on, replayed, gives exactly the content of list 0.
  case replay
  /// Pointers of dead records on lists above 0 lead to greater keys.
  case deadPointerOrder
  /// Up to the repack size there are only RECORDs, in key order, and BLANK words.
  case repackedRegion
  /// No head that may be rewritten straddles a 512-byte block.
  case headPlacement

  /// The rule's stable name, for example `twoskip.head-checksum`.
  public var name: String { "twoskip." + shortName }

  private var shortName: String {
    switch self {
    case .magic: "magic"
    case .version: "version"
    case .headerChecksum: "header-checksum"
    case .flags: "flags"
    case .dirty: "dirty"
    case .fileSize: "file-size"
    case .headerSizes: "header-sizes"
    case .dummy: "dummy"
    case .tiling: "tiling"
    case .recordType: "record-type"
    case .level: "level"
    case .lengths: "lengths"
    case .recordFits: "record-fits"
    case .headChecksum: "head-checksum"
    case .tailChecksum: "tail-checksum"
    case .padding: "padding"
    case .emptyTailChecksum: "empty-tail-checksum"
    case .list0Entry: "list0-entry"
    case .deleteTarget: "delete-target"
    case .keyOrder: "key-order"
    case .list0Cycle: "list0-cycle"
    case .levelLinks: "level-links"
    case .recordCount: "record-count"
    case .level0Pair: "level0-pair"
    case .level0Alternate: "level0-alternate"
    case .pointerTarget: "pointer-target"
    case .commitChain: "commit-chain"
    case .replay: "replay"
    case .deadPointerOrder: "dead-pointer-order"
    case .repackedRegion: "repacked-region"
    case .headPlacement: "head-placement"
    }
  }

  /// What the rule asks for, in one sentence.
  public var statement: String {
    switch self {
    case .magic: "The file has a whole header that starts with the twoskip magic."
    case .version: "The version is 1."
    case .headerChecksum: "The header's checksum is that of its first 60 bytes."
    case .flags: "No flag but the dirty bit is set."
    case .dirty: "The dirty bit is clear."
    case .fileSize: "The file ends at its committed end."
    case .headerSizes: "Committed end, repack size and generation are possible values."
    case .dummy: "The record at 64 is the list head: DUMMY, level 31, no key, no value."
    case .tiling: "Records and BLANK words cover every byte from 64 to the committed end."
    case .recordType: "Every record has a known type, and DUMMY occurs only at 64."
    case .level: "The level fits the type: 1 to 31 for RECORD, 31 for DUMMY, 0 for DELETE and COMMIT."
    case .lengths: "RECORDs have a key, the others have neither key nor value; long forms are used only where needed."
    case .recordFits: "Every record ends at or before the committed end."
    case .headChecksum: "Every record's head checksum is that of its head."
    case .tailChecksum: "Every record's tail checksum is that of its key, value and padding."
    case .padding: "The padding behind key and value is zero."
    case .emptyTailChecksum: "The tail checksum of a record without key and value is 0."
    case .list0Entry: "Every entry of list 0 is a RECORD or a DELETE at a place where a record starts."
    case .deleteTarget: "A DELETE on list 0 leads to a RECORD or to the end of the list."
    case .keyOrder: "Keys ascend along list 0 in one of the two orders."
    case .list0Cycle: "List 0 meets no record twice."
    case .levelLinks: "Each list above 0 meets exactly the live RECORDs of its level, in key order, and ends."
    case .recordCount: "The header counts the live records."
    case .level0Pair: "Both level-0 pointers of every live record lie before the committed end."
    case .level0Alternate: "The level-0 pointer that is not in force is 0 or leads to a record."
    case .pointerTarget: "Every pointer of every record, dead ones too, is 0 or leads to a record."
    case .commitChain: "Each COMMIT names the end of the one before it, the last one ends at the committed end."
    case .replay: "The log from 336 on, replayed, gives exactly the content of list 0."
    case .deadPointerOrder: "Pointers of dead records on lists above 0 lead to greater keys."
    case .repackedRegion: "Up to the repack size there are only RECORDs, in key order, and BLANK words."
    case .headPlacement: "No head that may be rewritten straddles a 512-byte block."
    }
  }

  /// How much a reader has to care when the rule is broken; some findings are milder, as their text then says.
  public var severity: Finding.Severity {
    switch self {
    case .dirty, .repackedRegion, .headPlacement: .note
    case .flags, .padding, .level0Alternate, .deadPointerOrder: .warning
    default: .damage
    }
  }
}
