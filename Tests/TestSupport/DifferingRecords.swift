// The records of a store of which a few mailboxes are otherwise: a replica that lacks something.

/// Records of which some mailboxes are otherwise than in the sequence they are made of.
///
/// Of each three mailboxes that differ, one is not there, one has a higher modseq, and one lies on another partition.
/// Tombstones stay as they are, so there may be fewer differences than asked for.
public struct DifferingRecords<Base: Sequence>: Sequence where Base.Element == TwoskipPair {
  private let base: Base
  private let step: Int

  /// - Parameters:
  ///   - base: Records in ascending order of keys.
  ///   - mailboxCount: How many of them are under names.
  ///   - differingCount: How many mailboxes are to differ, evenly spread.
  public init(_ base: Base, mailboxCount: Int, differingCount: Int) {
    self.base = base
    step = Swift.max(mailboxCount / Swift.max(differingCount, 1), 1)
  }

  /// Goes through the records, in their order.
  public func makeIterator() -> Iterator { Iterator(base: base.makeIterator(), step: step) }

  /// Goes through the records.
  public struct Iterator: IteratorProtocol {
    fileprivate var base: Base.Iterator
    fileprivate let step: Int
    private var mailboxCount = 0
    private var changedCount = 0

    fileprivate init(base: Base.Iterator, step: Int) {
      self.base = base
      self.step = step
    }

    /// The next record, nil at the end.
    public mutating func next() -> TwoskipPair? {
      while let pair = base.next() {
        guard pair.key.first == UInt8(ascii: "N") else { return pair }
        mailboxCount += 1
        guard mailboxCount % step == 0 else { return pair }
        changedCount += 1
        switch changedCount % 3 {
        case 0: continue
        case 1: return TwoskipPair(pair.key, Self.raisingModseq(pair.value))
        default: return TwoskipPair(pair.key, Self.replacing(" P default ", by: " P other ", in: pair.value))
        }
      }
      return nil
    }

    /// The value with a 9 in front of the number behind ` F `.
    private static func raisingModseq(_ value: [UInt8]) -> [UInt8] { replacing(" F ", by: " F 9", in: value) }

    private static func replacing(_ text: String, by other: String, in value: [UInt8]) -> [UInt8] {
      let wanted = Array(text.utf8)
      guard let start = value.indices.first(where: { value[$0...].starts(with: wanted) }) else { return value }
      return value[..<start] + Array(other.utf8) + value[(start + wanted.count)...]
    }
  }
}
