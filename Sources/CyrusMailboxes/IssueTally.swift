// What is found wrong while a record is decoded, without allocating for it.

/// What can be wrong with a key or value.
enum IssueCode: String, CaseIterable, BitwiseCopyable {
  case valueEmpty = "value.empty"
  case valueTooLong = "value.tooLong"

  case dlistTruncated = "dlist.truncated"
  case dlistTrailing = "dlist.trailing"
  case dlistSyntax = "dlist.syntax"
  case dlistString = "dlist.string"
  case dlistLiteral = "dlist.literal"
  case dlistUnknownPercent = "dlist.unknownPercent"
  case dlistNilKey = "dlist.nilKey"
  case dlistTooDeep = "dlist.tooDeep"
  case dlistLooseSpace = "dlist.looseSpace"

  case recordNoType = "record.noType"
  case recordUnknownField = "record.unknownField"
  case recordDuplicateField = "record.duplicateField"
  case recordUnexpectedField = "record.unexpectedField"

  case fieldNumber = "field.number"
  case fieldRange = "field.range"
  case fieldNotString = "field.notString"
  case fieldEmptyPartition = "field.emptyPartition"
  case fieldEmbeddedNul = "field.embeddedNul"

  case typeUnknownLetter = "type.unknownLetter"
  case typeOrder = "type.order"
  case typeTwoKinds = "type.twoKinds"
  case typeUnknownBits = "type.unknownBits"

  case aclNotKvlist = "acl.notKvlist"
  case aclNested = "acl.nested"
  case aclNilRights = "acl.nilRights"
  case aclDuplicate = "acl.duplicate"
  case aclEmptyRights = "acl.emptyRights"
  case aclUnknownRight = "acl.unknownRight"
  case aclTabInIdentifier = "acl.tabInIdentifier"
  case aclEmptyIdentifier = "acl.emptyIdentifier"
  case aclOdd = "acl.odd"
  case aclControlByte = "acl.controlByte"

  case textBadType = "text.badType"
  case textNoPartition = "text.noPartition"
  case textNoACL = "text.noAcl"
  case textBadExtended = "text.badExtended"
  case textUnknownExtended = "text.unknownExtended"
  case textEmptyServer = "text.emptyServer"

  case keyEmptyName = "key.emptyName"
  case keyEmptyID = "key.emptyId"
  case keyOldGeneration = "key.oldGeneration"
  case keyUnknown = "key.unknown"
  case idNoName = "id.noName"
  case idNoHistory = "id.noHistory"
  case idUnusual = "id.unusual"
  case jidOldSeparator = "jid.oldSeparator"
  case jidKey = "jid.key"
  case raclKey = "racl.key"
  case raclValue = "racl.value"
  case runqKey = "runq.key"
  case runqValue = "runq.value"
  case usergroupKey = "usergroup.key"
  case usergroupValue = "usergroup.value"

  case historyNotList = "history.notList"
  case historyItemNotKvlist = "history.itemNotKvlist"
  case historyNoName = "history.noName"

  case nameEmpty = "name.empty"
  case nameEmptyDomain = "name.emptyDomain"
  case nameEmptyComponent = "name.emptyComponent"
  case nameReserved = "name.reserved"
  case nameCaret = "name.caret"
  case nameNotMutf7 = "name.notMutf7"
  case nameBadMutf7 = "name.badMutf7"
  case nameControlByte = "name.controlByte"
  case nameBadByte = "name.badByte"
  case nameTooLong = "name.tooLong"
  case nameDeletedSuffix = "name.deletedSuffix"

  init(_ code: DListError.Code) {
    self =
      switch code {
      case .truncated: .dlistTruncated
      case .trailing: .dlistTrailing
      case .syntax: .dlistSyntax
      case .string: .dlistString
      case .literal: .dlistLiteral
      case .unknownPercent: .dlistUnknownPercent
      case .nilKey: .dlistNilKey
      case .tooDeep: .dlistTooDeep
      }
  }
}

/// An issue in a form that is cheap to keep. Offsets are of a key or value below 4 GiB.
struct CompactIssue: BitwiseCopyable, Sendable {
  let code: IssueCode
  let isError: Bool
  let isInKey: Bool
  private let start: UInt32
  private let end: UInt32

  init(_ code: IssueCode, isError: Bool, _ bytes: Range<Int>, isInKey: Bool) {
    self.code = code
    self.isError = isError
    self.isInKey = isInKey
    start = UInt32(clamping: bytes.lowerBound)
    end = UInt32(clamping: bytes.upperBound)
  }

  var issue: DecodingIssue {
    DecodingIssue(code: code.rawValue, isError: isError, bytes: Int(start)..<Int(end), isInKey: isInKey)
  }
}

/// The issues of one record: their number and the gravest, and the first of them if asked for.
struct IssueTally: ~Copyable {
  /// The first error, or the first warning if there is no error.
  private(set) var gravest: CompactIssue?
  private(set) var count = 0
  private(set) var errorCount = 0
  /// Those that are kept, in the order they were met.
  private(set) var kept: [DecodingIssue] = []
  private let keptMax: Int

  /// - Parameter keptMax: How many are kept, which allocates as soon as there is one.
  init(keeping keptMax: Int = 0) { self.keptMax = keptMax }

  /// Notes that bytes are odd, but could be decoded.
  @inline(never)
  mutating func warn(_ code: IssueCode, _ bytes: Range<Int>, isInKey: Bool = false) {
    note(CompactIssue(code, isError: false, bytes, isInKey: isInKey))
  }

  /// Notes that bytes could not be decoded.
  @inline(never)
  mutating func fail(_ code: IssueCode, _ bytes: Range<Int>, isInKey: Bool = false) {
    note(CompactIssue(code, isError: true, bytes, isInKey: isInKey))
  }

  private mutating func note(_ issue: CompactIssue) {
    let isFirstError = issue.isError && errorCount == 0
    if gravest == nil || isFirstError { gravest = issue }
    count += 1
    if issue.isError { errorCount += 1 }
    if kept.count < keptMax {
      kept.append(issue.issue)
    } else if isFirstError, keptMax > 0 {
      kept[keptMax - 1] = issue.issue
    }
  }
}
