// What a key of mailboxes.db stands for.
//
// Releases before 3.6 have names as keys, and bookkeeping under names that begin with `$`, as no mailbox does:
//
//   [domain!]user.joe.Sent             a mailbox                     $RACL    $RUNQ       marks
//   $RACL$ U or S $ identifier $ name  who may see a mailbox         $RUNQ$ id $ name     a mailbox's unique id
//
// From 3.6 on every key begins with a letter (RS is 0x1E):
//
//   N dbname                           a mailbox                     I id                 the same, by its unique id
//   A U or S RS identifier RS dbname   who may see a mailbox         A S RS               mark
//   J [userid] RS id                   a mailbox, by its JMAP id; from 3.13 on
//   U G left RS right                  a user and a group, or the reverse; from 3.12 on
//
// Surprise: nothing in a key tells one form from the other. `Notes` is a mailbox in an old file, and in a new one the
// mailbox `otes`. Which form a file has is found out once, from all of it.
//
// Facts: Cyrus's imap/mboxlist.c of releases 2.2.13 to 3.13.7.

import CyrusDatabase

/// What a key of mailboxes.db stands for. Ranges are of the key's bytes.
public struct MailboxKey: Hashable, Sendable {
  /// How the keys of a file are built. A property of the file as a whole.
  public enum Form: UInt8, Hashable, Sendable {
    /// Names, up to release 3.4.
    case plain
    /// A letter before everything, from release 3.6 on.
    case prefixed
  }

  /// Whose mailboxes a reverse ACL entry is about.
  public enum Scope: UInt8, Hashable, Sendable {
    /// The mailbox has an owner: `U`.
    case users
    /// It has none: `S`.
    case shared
  }

  /// What a key stands for, and where its parts are.
  public enum Kind: Hashable, Sendable {
    /// A mailbox, by its name.
    case name(Range<Int>)
    /// A mailbox, by its unique id.
    case uniqueID(Range<Int>)
    /// A mailbox, by its JMAP id. The owner is empty for a shared mailbox.
    case jmapID(owner: Range<Int>, id: Range<Int>)
    /// The mark that reverse ACLs are kept.
    case raclMarker
    /// That an identifier may see a mailbox.
    case racl(Scope, identifier: Range<Int>, name: Range<Int>)
    /// That a user is in a group. Each pair is there both ways; nothing in a key says which side is the group.
    case userGroup(left: Range<Int>, right: Range<Int>)
    /// ``raclMarker`` of older releases. Its value is a version.
    case legacyRACLMarker
    /// ``racl(_:identifier:name:)`` of older releases. If identifier and name together hold more than one `$`, the first
    /// one is taken to part them, which may be wrong: only the names of the file's mailboxes can tell.
    case legacyRACL(Scope, identifier: Range<Int>, name: Range<Int>)
    /// The mark that unique ids are kept. Its value is a version.
    case legacyRUNQMarker
    /// Which mailbox has a unique id, in releases 3.3 and 3.4.
    case legacyRUNQ(uniqueID: Range<Int>, name: Range<Int>)
    /// None of these; also any key of 4 GiB or more, which no Cyrus can have.
    case unknown
  }

  // A kind without its ranges, and these as start and count, below 4 GiB: in half the bytes. Ranges that a kind does not
  // have are empty, at 0.

  @usableFromInline
  enum Tag: UInt8, Sendable {
    case name, uniqueID, jmapID, raclMarker, racl, userGroup
    case legacyRACLMarker, legacyRACL, legacyRUNQMarker, legacyRUNQ, unknown
  }

  @usableFromInline let tag: Tag
  @usableFromInline let scope: Scope
  @usableFromInline let firstStart: UInt32
  @usableFromInline let firstCount: UInt32
  @usableFromInline let secondStart: UInt32
  @usableFromInline let secondCount: UInt32

  /// How this key is built: ``Form/plain`` also for an old key that an upgrade left over in a file of the other form.
  ///
  /// Names in keys of the prefixed form have US between their components, those of the plain form `.`.
  public let form: Form

  /// What it stands for.
  @inlinable public var kind: Kind {
    @inline(__always)
    get {
      let first = Int(firstStart)..<Int(firstStart) + Int(firstCount)
      let second = Int(secondStart)..<Int(secondStart) + Int(secondCount)
      return switch tag {
      case .name: .name(first)
      case .uniqueID: .uniqueID(first)
      case .jmapID: .jmapID(owner: first, id: second)
      case .raclMarker: .raclMarker
      case .racl: .racl(scope, identifier: first, name: second)
      case .userGroup: .userGroup(left: first, right: second)
      case .legacyRACLMarker: .legacyRACLMarker
      case .legacyRACL: .legacyRACL(scope, identifier: first, name: second)
      case .legacyRUNQMarker: .legacyRUNQMarker
      case .legacyRUNQ: .legacyRUNQ(uniqueID: first, name: second)
      case .unknown: .unknown
      }
    }
  }

  /// Whether the record describes a mailbox.
  @inline(__always)
  public var isMailbox: Bool {
    switch tag {
    case .name, .uniqueID, .jmapID: true
    default: false
    }
  }

  /// Recognises a key.
  ///
  /// - Parameters:
  ///   - key: The key's bytes.
  ///   - value: The value's bytes. They tell a name that an upgrade left over from a key of no known kind.
  ///   - form: How the keys of the file are built.
  /// - Complexity: O(1) for a name, O(length) otherwise.
  public init(_ key: RawSpan, value: RawSpan, form: Form) {
    var tally = IssueTally()
    self.init(key, value: value, form: form, &tally)
  }

  @inline(__always)
  init(_ key: RawSpan, value: RawSpan, form: Form, _ tally: inout IssueTally) {
    if form == .prefixed, 2...Int(UInt32.max) ~= key.byteCount, key.byte(at: 0) == UInt8(ascii: "N") {
      self.init(tag: .name, .prefixed, 1..<key.byteCount)
    } else {
      self = Self.recognise(key, value: value, form: form, &tally)
    }
  }

  /// What a key is whose record's fields stand in this context, or none that is known yet.
  @inline(__always)
  init(usual key: RawSpan, _ context: MailboxFieldContext?) {
    switch context {
    case .name: self.init(tag: .name, .prefixed, 1..<key.byteCount)
    case .uniqueID: self.init(tag: .uniqueID, .prefixed, 1..<key.byteCount)
    case .plainName: self.init(tag: .name, .plain, 0..<key.byteCount)
    case .jmapID, .formerName, nil: self.init(tag: .unknown, .prefixed)
    }
  }

  private init(_ kind: Kind, _ form: Form) {
    switch kind {
    case .name(let name): self.init(tag: .name, form, name)
    case .uniqueID(let id): self.init(tag: .uniqueID, form, id)
    case .jmapID(let owner, let id): self.init(tag: .jmapID, form, owner, id)
    case .raclMarker: self.init(tag: .raclMarker, form)
    case .racl(let scope, let identifier, let name): self.init(tag: .racl, form, identifier, name, scope)
    case .userGroup(let left, let right): self.init(tag: .userGroup, form, left, right)
    case .legacyRACLMarker: self.init(tag: .legacyRACLMarker, form)
    case .legacyRACL(let scope, let identifier, let name): self.init(tag: .legacyRACL, form, identifier, name, scope)
    case .legacyRUNQMarker: self.init(tag: .legacyRUNQMarker, form)
    case .legacyRUNQ(let id, let name): self.init(tag: .legacyRUNQ, form, id, name)
    case .unknown: self.init(tag: .unknown, form)
    }
  }

  /// - Precondition: The ranges end below 4 GiB.
  @inline(__always)
  private init(
    tag: Tag, _ form: Form, _ first: Range<Int> = 0..<0, _ second: Range<Int> = 0..<0, _ scope: Scope = .users
  ) {
    self.tag = tag
    self.scope = scope
    self.form = form
    firstStart = UInt32(truncatingIfNeeded: first.lowerBound)
    firstCount = UInt32(truncatingIfNeeded: first.count)
    secondStart = UInt32(truncatingIfNeeded: second.lowerBound)
    secondCount = UInt32(truncatingIfNeeded: second.count)
  }
}

extension MailboxKey {
  private static func recognise(_ key: RawSpan, value: RawSpan, form: Form, _ tally: inout IssueTally) -> MailboxKey {
    let all = 0..<key.byteCount
    // Offsets are kept in 32 bits. Cyrus's own lengths have no more.
    guard all.count <= UInt32.max else {
      tally.warn(.keyUnknown, all, isInKey: true)
      return MailboxKey(.unknown, form)
    }
    switch key.byteCount > 0 ? key.byte(at: 0) : 0 {
    case UInt8(ascii: "$"):
      let kind = legacy(key, value: value, &tally)
      if form == .prefixed { tally.warn(.keyOldGeneration, all, isInKey: true) }
      return MailboxKey(kind, .plain)
    case _ where form == .plain && !all.isEmpty: return MailboxKey(.name(all), .plain)
    case UInt8(ascii: "N"):
      if all.count == 1 { tally.fail(.keyEmptyName, all, isInKey: true) }
      return MailboxKey(.name(1..<all.count), .prefixed)
    case UInt8(ascii: "I"):
      if all.count == 1 {
        tally.fail(.keyEmptyID, all, isInKey: true)
      } else if !key.isUsualID(in: 1..<all.count) {
        tally.warn(.idUnusual, 1..<all.count, isInKey: true)
      }
      return MailboxKey(.uniqueID(1..<all.count), .prefixed)
    case UInt8(ascii: "J"): return MailboxKey(jmapID(key, &tally), .prefixed)
    case UInt8(ascii: "A"): return MailboxKey(racl(key, value: value, &tally), .prefixed)
    case UInt8(ascii: "U") where all.count > 1 && key.byte(at: 1) == UInt8(ascii: "G"):
      return MailboxKey(userGroup(key, value: value, &tally), .prefixed)
    default:
      if looksLikeMailbox(value) {
        tally.warn(.keyOldGeneration, all, isInKey: true)
        return MailboxKey(.name(all), .plain)
      }
      tally.warn(.keyUnknown, all, isInKey: true)
      return MailboxKey(.unknown, form)
    }
  }

  private static func looksLikeMailbox(_ value: RawSpan) -> Bool {
    guard value.byteCount > 0 else { return false }
    return value.digit(at: 0) != nil || value.byte(at: 0) == UInt8(ascii: "%") || value.byte(at: 0) == UInt8(ascii: "(")
  }

  /// A `J` key. For two months of 2025 its separator was a dot.
  private static func jmapID(_ key: RawSpan, _ tally: inout IssueTally) -> Kind {
    let all = 0..<key.byteCount
    let separator = key.first(0x1E, in: all)
    if separator < all.count - 1 { return .jmapID(owner: 1..<separator, id: separator + 1..<all.count) }
    if separator == all.count, let dot = key.last(UInt8(ascii: "."), in: all), dot < all.count - 1 {
      tally.warn(.jidOldSeparator, dot..<dot + 1, isInKey: true)
      return .jmapID(owner: 1..<dot, id: dot + 1..<all.count)
    }
    tally.fail(.jidKey, all, isInKey: true)
    return .jmapID(owner: 1..<1, id: 1..<all.count)
  }

  /// An `A` key. The name comes after the last RS: a name cannot have one, an identifier can.
  private static func racl(_ key: RawSpan, value: RawSpan, _ tally: inout IssueTally) -> Kind {
    let all = 0..<key.byteCount
    guard all.count > 2, key.byte(at: 2) == 0x1E, let scope = Scope(letter: key.byte(at: 1)) else {
      tally.fail(.raclKey, all, isInKey: true)
      return .unknown
    }
    if value.byteCount > 0 { tally.warn(.raclValue, 0..<value.byteCount) }
    if scope == .shared, all.count == 3 { return .raclMarker }
    guard let separator = key.last(0x1E, in: 3..<all.count), separator < all.count - 1 else {
      tally.fail(.raclKey, all, isInKey: true)
      return .unknown
    }
    return .racl(scope, identifier: 3..<separator, name: separator + 1..<all.count)
  }

  /// A `UG` key.
  private static func userGroup(_ key: RawSpan, value: RawSpan, _ tally: inout IssueTally) -> Kind {
    let all = 0..<key.byteCount
    let separator = key.first(0x1E, in: all)
    guard separator > 2, separator < all.count - 1 else {
      tally.fail(.usergroupKey, all, isInKey: true)
      return .unknown
    }
    if value.byteCount > 0 { tally.warn(.usergroupValue, 0..<value.byteCount) }
    return .userGroup(left: 2..<separator, right: separator + 1..<all.count)
  }

  /// A key that begins with `$`.
  private static func legacy(_ key: RawSpan, value: RawSpan, _ tally: inout IssueTally) -> Kind {
    let all = 0..<key.byteCount
    let valueRange = 0..<value.byteCount
    let dollar = UInt8(ascii: "$")
    if key.starts(with: "$RACL") {
      if all.count == 5 {
        if !value.isNumber(in: valueRange) { tally.warn(.raclValue, valueRange) }
        return .legacyRACLMarker
      }
      if key.byte(at: 5) == dollar {
        if !valueRange.isEmpty { tally.warn(.raclValue, valueRange) }
        if all.count > 8, let scope = Scope(letter: key.byte(at: 6)), key.byte(at: 7) == dollar {
          let separator = key.first(dollar, in: 8..<all.count)
          if separator < all.count - 1 {
            return .legacyRACL(scope, identifier: 8..<separator, name: separator + 1..<all.count)
          }
        }
        tally.fail(.raclKey, all, isInKey: true)
        return .unknown
      }
    } else if key.starts(with: "$RUNQ") {
      if all.count == 5 {
        if !value.isNumber(in: valueRange) { tally.warn(.runqValue, valueRange) }
        return .legacyRUNQMarker
      }
      if key.byte(at: 5) == dollar {
        if !valueRange.isEmpty { tally.warn(.runqValue, valueRange) }
        let separator = key.first(dollar, in: 6..<all.count)
        if separator > 6, separator < all.count - 1 {
          return .legacyRUNQ(uniqueID: 6..<separator, name: separator + 1..<all.count)
        }
        tally.fail(.runqKey, all, isInKey: true)
        return .unknown
      }
    }
    tally.warn(.keyUnknown, all, isInKey: true)
    return .unknown
  }
}

extension MailboxKey.Scope {
  init?(letter: UInt8) {
    switch letter {
    case UInt8(ascii: "U"): self = .users
    case UInt8(ascii: "S"): self = .shared
    default: return nil
    }
  }
}
