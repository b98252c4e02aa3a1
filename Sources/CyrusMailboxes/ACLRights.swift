// The letters of rights in an ACL, as a set.
//
// Facts: RFC 4314, and Cyrus's lib/acl.h of releases 2.2.13 to 3.13.7.

import CyrusDatabase

/// Rights on a mailbox, one bit for each letter or digit that can stand for one.
public struct ACLRights: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// From the lowest bit on: `0` to `9`, `a` to `z`, `A` to `Z`, ``other``.
  public let rawValue: UInt64

  /// A set of bits as ``rawValue`` has them.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// `l`: see the mailbox in lists.
  public static let lookup = ACLRights(letter: "l")
  /// `r`: read it.
  public static let read = ACLRights(letter: "r")
  /// `s`: keep what was seen.
  public static let seen = ACLRights(letter: "s")
  /// `w`: change flags other than those for seen and deleted.
  public static let write = ACLRights(letter: "w")
  /// `i`: add messages.
  public static let insert = ACLRights(letter: "i")
  /// `p`: send mail to it.
  public static let post = ACLRights(letter: "p")
  /// `k`: create mailboxes below it.
  public static let createMailboxes = ACLRights(letter: "k")
  /// `x`: delete it.
  public static let deleteMailbox = ACLRights(letter: "x")
  /// `t`: mark messages as deleted.
  public static let deleteMessages = ACLRights(letter: "t")
  /// `e`: expunge.
  public static let expunge = ACLRights(letter: "e")
  /// `a`: change the ACL.
  public static let administer = ACLRights(letter: "a")
  /// `n`: change annotations of messages.
  public static let annotate = ACLRights(letter: "n")
  /// `c`: what `k` and, as the server is set, `x` were together before RFC 4314. Written in addition to them.
  public static let legacyCreate = ACLRights(letter: "c")
  /// `d`: what `t`, `e` and, as the server is set, `x` were together before RFC 4314. Written in addition to them.
  public static let legacyDelete = ACLRights(letter: "d")
  /// `0` to `9`: whatever the site means by them.
  public static let site = ACLRights(rawValue: 0x3FF)
  /// All bytes that are neither letter nor digit.
  public static let other = ACLRights(rawValue: 1 << 62)

  /// The rights that some release of Cyrus knows.
  public static let known: ACLRights = [
    .lookup, .read, .seen, .write, .insert, .post, .createMailboxes, .deleteMailbox, .deleteMessages, .expunge,
    .administer, .annotate, .legacyCreate, .legacyDelete, .site,
  ]

  /// The rights that letters stand for, in any order.
  ///
  /// - Complexity: O(number of letters).
  public init(_ letters: MailboxText) {
    var bits: UInt64 = 0
    var letters = letters.bytes()
    while let letter = letters.next() { bits |= ACLRights(byte: letter).rawValue }
    self.init(rawValue: bits)
  }

  /// The rights that letters stand for, in any order.
  public init(letters: some Sequence<UInt8>) {
    self.init(letters.lazy.map(ACLRights.init(byte:)))
  }

  private init(letter: UnicodeScalar) { self.init(byte: UInt8(ascii: letter)) }

  @inline(__always)
  private init(byte: UInt8) {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self.init(rawValue: 1 << UInt64(byte - UInt8(ascii: "0")))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): self.init(rawValue: 1 << UInt64(byte - UInt8(ascii: "a") + 10))
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): self.init(rawValue: 1 << UInt64(byte - UInt8(ascii: "A") + 36))
    default: self.init(rawValue: 1 << 62)
    }
  }
}
