// What decides how a mailbox is called in front of a person.
//
// Facts: Docs/Formats/names.md, section 4.

/// The options of a server that external names depend on. The defaults are those of Cyrus 3.0 and later.
public struct NameSettings: Sendable, Hashable {
  /// `unixhierarchysep`: whether `/` stands between folders, and dots are ordinary. If not, `.` does, and dots are
  /// shown as `^`.
  public var unixHierarchySeparator = true
  /// `altnamespace`: whether users see their own folders beside their INBOX instead of below it.
  public var altNamespace = true
  /// `virtdomains`, `on` or `userid`: whether admins see and give domains, behind an `@` at the end.
  public var virtualDomains = false
  /// `crossdomains`: whether users see mailboxes of other domains; they see the domain behind the user or, with
  /// ``altNamespace``, behind the topmost shared folder.
  public var crossDomains = false
  /// `userprefix`: what the folders of other users are below, with ``altNamespace``.
  public var userPrefix = "Other Users"
  /// `sharedprefix`: what shared folders are below, with ``altNamespace``.
  public var sharedPrefix = "Shared Folders"
  /// `altprefix`: what own folders are below whose names would be taken for something else, with ``altNamespace``.
  public var altPrefix = "Alt Folders"
  /// `defaultdomain`: what means the same as no domain. Empty for none.
  public var defaultDomain = ""
  /// `deletedprefix`: what names of deleted mailboxes start with.
  public var deletedPrefix = "DELETED"

  /// The defaults; change what is different.
  public init() {}

  var separator: UInt8 { unixHierarchySeparator ? UInt8(ascii: "/") : UInt8(ascii: ".") }
}

/// Who is shown a name, or gives one.
public enum NameAsker: Sendable, Hashable {
  /// An admin without own mailboxes, as the programs of Cyrus are: sees all, with domains, and never with
  /// ``NameSettings/altNamespace``.
  case admin
  /// A user, with the domain behind the last `@`, if there is one.
  case user([UInt8])
}
