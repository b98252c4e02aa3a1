// What can be wrong with a layout, and how it is told.
//
// Facts: Docs/Formats/fleet-layout.md, section 8.

/// A rule that a layout can break. New ones may come in minor releases.
public enum LayoutRule: String, Sendable, Hashable, CaseIterable {
  /// A line is neither that of slots nor that of a store.
  case unreadable = "L01"
  /// Blanks that do not break lines stand between fields.
  case oddBlanks = "L02"
  /// A line ends in CR LF.
  case carriageReturn = "L03"
  /// Two groups give slots the same name.
  case slotTwice = "L10"
  /// Two slots have the same address.
  case addressTwice = "L11"
  /// An address would be above 255.255.255.255.
  case addressOutside = "L12"
  /// The addresses of a group cross a multiple of 256.
  case addressCrosses = "L13"
  /// The number of the server is not the one of its prefix.
  case serverDiffers = "L14"
  /// There is a drive for metadata, and nobody has said where it is.
  case metadataDrive = "L20"
  /// A store has a slot that no line gives.
  case noSuchSlot = "L30"
  /// A slot belongs to two stores, or twice to one.
  case slotTaken = "L31"
  /// Two slots of a store are on one server.
  case sharedServer = "L32"
  /// All slots of a store are in one data centre.
  case oneDataCentre = "L33"
  /// No slot of a store is in its master location, or the first slot is elsewhere.
  case masterElsewhere = "L34"
  /// A target is above 100 percent, or two stores have one name.
  case storeRefused = "L35"
  /// A replica has less room than the primary.
  case smallReplica = "L36"
  /// A store has fewer than three slots.
  case fewSlots = "L37"
  /// Two servers have more stores in common than they should.
  case pairLimit = "L38"

  /// Whether stores or slots that there may be cannot be known of where it is broken.
  public var hidesSlots: Bool {
    switch self {
    case .unreadable, .slotTwice, .noSuchSlot, .slotTaken, .storeRefused: true
    default: false
    }
  }

  /// How much a reader has to care.
  public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Worth knowing.
    case info
    /// Not as it should be.
    case warning
    /// What depends on it cannot be relied on.
    case error

    /// By how much a reader has to care.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
  }

  /// How much a reader has to care.
  public var severity: Severity {
    switch self {
    case .unreadable, .slotTwice, .addressTwice, .addressOutside, .metadataDrive, .noSuchSlot, .slotTaken,
      .sharedServer, .storeRefused:
      .error
    case .oddBlanks, .carriageReturn, .addressCrosses, .serverDiffers, .oneDataCentre, .masterElsewhere, .smallReplica:
      .warning
    case .fewSlots, .pairLimit: .info
    }
  }
}

/// A rule that a layout breaks, and where.
public struct LayoutFinding: Sendable, Hashable, CustomStringConvertible {
  /// The rule.
  public let rule: LayoutRule
  /// Which line, counted from 1; 0 if it is about no line.
  public let line: Int
  /// At which byte of the line, counted from 1; 0 if it is about no line.
  public let column: Int
  /// What is wrong, for people.
  public let message: String

  init(_ rule: LayoutRule, line: Int, column: Int, _ message: String) {
    self.rule = rule
    self.line = line
    self.column = column
    self.message = message
  }

  /// How much a reader has to care.
  public var severity: LayoutRule.Severity { rule.severity }

  /// For example `line 3, column 12: error L30: store23 has sloti99t01, which no line gives`.
  public var description: String {
    (line > 0 ? "line \(line), column \(column): " : "") + "\(severity.rawValue) \(rule.rawValue): \(message)"
  }
}
