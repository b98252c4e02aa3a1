// What captures of a sync log held of numbered lines, and whether that can be, by the record of who wrote them.

import CyrusSync

/// What one capture held.
struct CaptureNote: Sendable {
  /// The lines of one writer.
  struct Lines: Sendable {
    /// How many there were, repetitions included.
    var count = 0
    /// How many of them were there already, in a file before or in the same.
    var doubledCount = 0
    /// The lowest and the highest number; nil if there was none.
    var range: ClosedRange<Int>?

    /// - Parameter numbers: In the order in which they were read.
    init(_ numbers: [Int]) {
      count = numbers.count
      guard let first = numbers.first, let last = numbers.last else { return }
      range = first...max(first, last)
      if zip(numbers, numbers.dropFirst()).allSatisfy({ $1 == $0 + 1 }) { return }
      let distinct = Set(numbers)
      doubledCount = count - distinct.count
      range = (distinct.min() ?? first)...(distinct.max() ?? last)
    }

    /// How many numbers between the lowest and the highest were not there.
    var holeCount: Int { (range?.count ?? 0) - (count - doubledCount) }
  }

  /// When it was begun, and when it was done, in nanoseconds of the monotonic clock.
  let begin, end: UInt64
  let isSettled: Bool
  let retries: Int
  /// By writer.
  let lines: [Lines]

  /// Makes a capture and notes what matters.
  ///
  /// - Parameter names: The writers.
  init(_ reader: SyncLogReader, of names: [String]) throws {
    begin = LogWriter.now()
    let capture = try reader.capture()
    end = LogWriter.now()
    isSettled = capture.isSettled
    retries = capture.retries
    var numbers = names.map { _ in [Int]() }
    for file in capture.files {
      for line in file.log.lines where line.verb == .mailbox {
        guard let mailbox = file.log.argument(0, of: line) else { continue }
        for (index, name) in names.enumerated() {
          if let number = LogWriter.number(in: mailbox, of: name) { numbers[index].append(number) }
        }
      }
    }
    lines = numbers.map { Lines($0) }
  }
}

/// How captures stand up to the record.
///
/// The lines of a writer that are pending at a moment are a range up to the last that was written: sync_client takes
/// whole files away, the oldest first, and puts none of these lines back. So a capture has
///
/// * none of them twice, and none that was not begun when the capture ended;
/// * all between its lowest and its highest;
/// * if it has any, all up to the last that was in the file when the capture began;
/// * all that were in the file when the capture began and are in a later one: they cannot have been away in between.
struct CaptureJudgement {
  private(set) var captureCount = 0, retryCount = 0, retryCountMax = 0, unsettledCount = 0
  /// How many lines all captures had.
  private(set) var lineCount = 0
  /// How many lines captures did not have although they were surely pending, had twice, and had too early.
  private(set) var missedCount = 0, doubledCount = 0, earlyCount = 0
  /// What is wrong with the first few captures with which something is.
  private(set) var faults: [String] = []

  /// - Parameters:
  ///   - notes: In the order in which they were made.
  ///   - records: By writer.
  init(_ notes: [CaptureNote], against records: [[LogWriter.Entry]]) {
    // Backwards, as what comes later tells what was pending before.
    var lowestLater = records.map { _ in Int.max }
    for note in notes.reversed() {
      captureCount += 1
      retryCount += note.retries
      retryCountMax = max(retryCountMax, note.retries)
      if !note.isSettled { unsettledCount += 1 }
      for (writer, lines) in note.lines.enumerated() {
        judge(lines, of: note, records[writer], lowestLater: lowestLater[writer])
        lowestLater[writer] = min(lowestLater[writer], lines.range?.lowerBound ?? .max)
      }
    }
  }

  private mutating func judge(
    _ lines: CaptureNote.Lines, of note: CaptureNote, _ record: [LogWriter.Entry], lowestLater: Int
  ) {
    lineCount += lines.count
    doubledCount += lines.doubledCount
    let written = Self.count(of: record) { $0.end <= note.begin }
    let begun = Self.count(of: record) { $0.begin <= note.end }
    let early = max(0, (lines.range?.upperBound ?? 0) - begun)
    earlyCount += early
    var missed = 0
    if note.isSettled {
      missed = lines.holeCount
      if let range = lines.range {
        missed += max(0, written - range.upperBound) + max(0, min(range.lowerBound - 1, written) - lowestLater + 1)
      } else if lowestLater <= written {
        missed = written - lowestLater + 1
      }
      missedCount += missed
    }
    if missed + early + lines.doubledCount > 0, faults.count < 10 {
      let range = lines.range.map { "\($0)" } ?? "nothing"
      faults.append(
        "\(written) to \(begun) were written, \(lowestLater) was there later: \(range), \(lines.count) lines, "
          + "\(missed) missed, \(lines.doubledCount) doubled, after \(note.retries) retries")
    }
  }

  /// How many entries at the beginning of a record meet a condition that no later one meets.
  private static func count(of record: [LogWriter.Entry], where isMet: (LogWriter.Entry) -> Bool) -> Int {
    var (low, high) = (0, record.count)
    while low < high {
      let middle = (low + high) / 2
      if isMet(record[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
