// Verifying several files, some of them at the same time.

import CyrusDatabase
import Dispatch
import Synchronization

/// Files to be verified, all in the same way.
struct FileChecks: Sendable {
  /// The paths.
  let files: [String]
  /// How much to look at.
  let depth: VerificationDepth
  /// How to keep writers away.
  let locking: Locking
  /// The engine that the files must be of, if one was named.
  let engine: Engine?

  /// What came of one file.
  struct Outcome: Sendable {
    /// The path.
    let file: String
    /// The report, or why there is none.
    let result: Result<VerificationReport, Failure>
  }

  /// Verifies the files by so many threads, which share the files or, if there are more threads, each of them; and calls
  /// `body` for each in the order of ``files``.
  func run(threads: Int, _ body: (Outcome) -> Void) {
    guard threads > 1, files.count > 1 else {
      for file in files {
        let progress = Progress(file, .bytes)
        let outcome = check(file, threads: threads) { progress.update($0, of: $1) }
        progress.end()
        body(outcome)
      }
      return
    }
    let work = Work()
    let threadsEach = max(1, threads / files.count)
    for _ in 0..<min(threads, files.count) {
      DispatchQueue.global().async {
        while let index = work.take(of: files.count) {
          work.add(check(files[index], threads: threadsEach, progress: nil), at: index)
        }
      }
    }
    let progress = Progress(counted(files.count, "file"), .files)
    for index in files.indices {
      let outcome = work.wait(for: index)
      progress.end()
      body(outcome)
      progress.update(UInt64(index + 1), of: UInt64(files.count))
    }
    progress.end()
  }

  private func check(_ file: String, threads: Int, progress: ((UInt64, UInt64) -> Void)?) -> Outcome {
    do throws(Failure) {
      let database = try CommonOptions.database(at: file, engine: engine)
      do throws(DatabaseError) {
        let report = try database.verify(depth, locking: locking, threads: threads, progress: progress)
        return Outcome(file: file, result: .success(report))
      } catch {
        throw Failure(error)
      }
    } catch {
      return Outcome(file: file, result: .failure(error))
    }
  }
}

/// What the threads share.
private final class Work: Sendable {
  private let next = Mutex(0)
  private let done = Mutex<[Int: FileChecks.Outcome]>([:])
  private let finished = DispatchSemaphore(value: 0)

  /// The next file that nobody has taken.
  func take(of count: Int) -> Int? {
    next.withLock { next in
      guard next < count else { return nil }
      defer { next += 1 }
      return next
    }
  }

  func add(_ outcome: FileChecks.Outcome, at index: Int) {
    done.withLock { $0[index] = outcome }
    finished.signal()
  }

  /// The outcome of a file, once it is there.
  func wait(for index: Int) -> FileChecks.Outcome {
    while true {
      if let outcome = done.withLock({ $0.removeValue(forKey: index) }) { return outcome }
      finished.wait()
    }
  }
}
