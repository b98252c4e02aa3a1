// Sorting things roughly while they come: into up to 256 lots, each in the order in which it got them.
//
// What concerns places all over a file, or keys of any kind, looks at tables that are larger than what the processor has
// near. Of a lot it looks at a small part of them.
//
// A lot has its things in pieces of a table, so that nobody has to know before how large it will be.

/// Where things of up to 256 lots are in a ``LargeTable``.
struct TwoskipLots {
  /// So many elements follow each other in memory: a piece.
  private static let pieceCount = 256

  private let firstPiece: Int
  /// By piece, from `firstPiece` on: which one goes on.
  private var nextPiece: [Int] = []
  /// By lot: its first piece, below 0 if it has none; and where its next element goes, at the end of a piece if that is
  /// full.
  private var firsts = InlineArray<256, Int>(repeating: -1)
  private var ends = InlineArray<256, Int>(repeating: 0)

  /// Lots of a part of those who fill a table.
  ///
  /// - Parameters:
  ///   - count: How many elements the parts before have at most.
  ///   - part: How many parts there are before.
  init(behind count: Int, part: Int) { firstPiece = Self.pieces(count, parts: part) }

  /// How many elements a table must have.
  ///
  /// - Parameters:
  ///   - count: How many all parts have at most.
  ///   - parts: How many parts there are.
  static func room(for count: Int, parts: Int) -> Int { pieces(count, parts: parts) * pieceCount }

  // Each lot of each part may have a piece that is not full.
  private static func pieces(_ count: Int, parts: Int) -> Int { count / pieceCount + parts * 257 }

  /// Where the next `count` elements of a lot go; always the same power of two.
  @inline(__always)
  mutating func place(in lot: Int, _ count: Int) -> Int {
    if ends[lot] & (Self.pieceCount &- 1) == 0 { takePiece(lot) }
    let place = ends[lot]
    ends[lot] = place &+ count
    return place
  }

  @inline(never)
  private mutating func takePiece(_ lot: Int) {
    let piece = firstPiece + nextPiece.count
    if firsts[lot] < 0 {
      firsts[lot] = piece
    } else {
      nextPiece[(ends[lot] - 1) / Self.pieceCount - firstPiece] = piece
    }
    nextPiece.append(-1)
    ends[lot] = piece * Self.pieceCount
  }

  /// Calls `body` with the elements of a lot that follow each other, one piece after the other, as long as it says so.
  ///
  /// - Returns: Whether all were given out.
  @inline(__always)
  func forEachRun(of lot: Int, _ body: (Range<Int>) -> Bool) -> Bool {
    var piece = firsts[lot]
    while piece >= 0 {
      let start = piece * Self.pieceCount
      let isLast = (ends[lot] - 1) / Self.pieceCount == piece
      guard body(start..<(isLast ? ends[lot] : start + Self.pieceCount)) else { return false }
      piece = nextPiece[piece - firstPiece]
    }
    return true
  }
}
