// What an issue says, for people.

extension DecodingIssue {
  /// What the code says, in a few words without the place: `a character that is not allowed in names`. May change.
  public var meaning: String {
    let known = IssueCode(rawValue: code)?.meaning ?? FieldIssueCode(rawValue: code)?.meaning
    return known ?? (isError ? "cannot be decoded" : "not as Cyrus writes it")
  }
}

extension IssueCode {
  fileprivate var meaning: String {
    switch self {
    case .valueEmpty: "the value is empty"
    case .valueTooLong: "the value is too long to be one"
    case .dlistTruncated: "the list ends too early"
    case .dlistTrailing: "something stands behind the list"
    case .dlistSyntax: "this is no list as Cyrus reads it"
    case .dlistString: "this is no string as Cyrus reads it"
    case .dlistLiteral: "the length of the literal is none, or too long"
    case .dlistUnknownPercent: "no such form of a list is known"
    case .dlistNilKey: "NIL stands where a key must be"
    case .dlistTooDeep: "lists within lists are too deep"
    case .dlistLooseSpace: "a space more than Cyrus writes"
    case .recordNoType: "the record says no type"
    case .recordUnknownField: "a field that is not known"
    case .recordDuplicateField: "a field that is there already"
    case .recordUnexpectedField: "a field that belongs into another kind of record"
    case .fieldNumber: "no number"
    case .fieldRange: "the number is too large for the field"
    case .fieldNotString: "no string"
    case .fieldEmptyPartition: "the partition has no name"
    case .fieldEmbeddedNul: "a NUL, at which Cyrus stops to read"
    case .typeUnknownLetter: "the type has a letter that is not known"
    case .typeOrder: "the letter of the kind stands behind those of flags"
    case .typeTwoKinds: "the type has two kinds"
    case .typeUnknownBits: "the type has bits that are not known"
    case .aclNotKvlist: "the ACL is no list of pairs"
    case .aclNested: "the ACL has a list where rights must be"
    case .aclNilRights: "an identifier of the ACL has NIL for its rights"
    case .aclDuplicate: "an identifier stands twice in the ACL"
    case .aclEmptyRights: "an identifier of the ACL has no rights"
    case .aclUnknownRight: "the ACL has a letter that is no right"
    case .aclTabInIdentifier: "an identifier of the ACL has a TAB in it, which parts entries"
    case .aclEmptyIdentifier: "an entry of the ACL is for nobody"
    case .aclOdd: "the ACL ends with an identifier without rights"
    case .aclControlByte: "an identifier of the ACL has a control character in it"
    case .textBadType: "the type is no number"
    case .textNoPartition: "no partition"
    case .textNoACL: "no ACL"
    case .textBadExtended: "the words in parentheses cannot be read"
    case .textUnknownExtended: "a word in parentheses that is not known"
    case .textEmptyServer: "the server has no name"
    case .keyEmptyName: "no name"
    case .keyEmptyID: "no unique id"
    case .keyOldGeneration: "a key of older releases, which the server does not see"
    case .keyUnknown: "a key of no known kind"
    case .idNoName: "nothing says the name of the mailbox"
    case .idNoHistory: "no history, which Cyrus always writes here"
    case .idUnusual: "a unique id as Cyrus makes none"
    case .jidOldSeparator: "the separator that was written for two months"
    case .jidKey: "no owner or JMAP id"
    case .raclKey: "no reverse ACL entry as Cyrus makes them"
    case .raclValue: "a value that no reverse ACL entry has"
    case .runqKey: "no entry under a unique id as Cyrus makes them"
    case .runqValue: "a value that no entry under a unique id has"
    case .usergroupKey: "no user and group"
    case .usergroupValue: "a value that no pair of user and group has"
    case .historyNotList: "the history is no list"
    case .historyItemNotKvlist: "something in the history is no former name"
    case .historyNoName: "a former name lacks the name"
    case .nameEmpty: "the name is empty"
    case .nameEmptyDomain: "the domain is empty"
    case .nameEmptyComponent: "a part of the name is empty"
    case .nameReserved: "a name that Cyrus keeps for itself"
    case .nameCaret: "a ^, which reads back as a dot"
    case .nameNotMutf7: "a byte above 0x7F in a name, which must be modified UTF-7"
    case .nameBadMutf7: "& starts no well-formed modified UTF-7"
    case .nameControlByte: "a control character in a name"
    case .nameBadByte: "a character that is not allowed in names"
    case .nameTooLong: "the name is longer than Cyrus takes"
    case .nameDeletedSuffix: "the name of a deleted mailbox without its time or what it was"
    }
  }
}

extension FieldIssueCode {
  fileprivate var meaning: String {
    switch self {
    case .keySyntax: "not the form that a key must have"
    case .keyUnknown: "a key of no known kind"
    case .keyNoUser: "no user"
    case .valueSyntax: "not the form that the value must have"
    case .valueLength: "not the length that the value must have"
    case .valueNumber: "no number, or too large a one"
    case .valueTrailing: "something stands behind the value"
    case .valueVersion: "a version that is not known"
    case .valueUnexpected: "a value where none belongs"
    case .valueBits: "bits that have no meaning"
    case .valueAmbiguous: "the value can be read in two ways"
    case .listCount: "more or fewer values than the list must have"
    case .listDuplicate: "a key that stands twice"
    case .listKey: "a key that is not known"
    case .subscriptionPrefix: "INBOX stands for the start of a longer name"
    }
  }
}
