// Threads, plain and joined, so that a thread sanitizer sees what is ordered and what is not.

import Glibc

/// Runs `body` on so many threads at once and waits for all; the results by thread.
///
/// - Throws: The first error of the thread with the lowest number.
func onThreads<Value: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (_ index: Int) throws -> Value
) throws -> [Value] {
  let works = (0..<count).map { index in Work { try body(index) } }
  let threads = works.map { work in
    var thread = pthread_t()
    let error = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<AnyWork>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, Unmanaged<AnyWork>.passRetained(work).toOpaque())
    precondition(error == 0, "no thread")
    return thread
  }
  for thread in threads { pthread_join(thread, nil) }
  return try works.map { work in
    guard let result = work.result else { preconditionFailure("a joined thread has no result") }
    return try result.get()
  }
}

private class AnyWork {
  func run() {}
}

/// What one thread does and has done. Written by the thread, read after it was joined.
private final class Work<Value: Sendable>: AnyWork, @unchecked Sendable {
  private let body: @Sendable () throws -> Value
  private(set) var result: Result<Value, any Error>?

  init(_ body: @escaping @Sendable () throws -> Value) { self.body = body }

  override func run() { result = Result { try body() } }
}
