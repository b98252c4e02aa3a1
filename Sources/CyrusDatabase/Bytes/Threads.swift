// Several looks at the same bytes at the same time.

import CCyrusShim

extension RawSpan {
  /// Calls `body` with the bytes and each number below `count`: at the same time, if there may be several threads.
  func atOnce<Result>(_ count: Int, threads: Int, _ body: (RawSpan, Int) -> Result) -> [Result] {
    threads > 1 ? atOnce(count, body) : inTurn(count, body)
  }

  private func inTurn<Result>(_ count: Int, _ body: (RawSpan, Int) -> Result) -> [Result] {
    var results: [Result] = []
    for index in 0..<count { results.append(body(self, index)) }
    return results
  }

  /// Calls `body` with the bytes and each number below `count`, at the same time where threads can be had.
  ///
  /// - Parameters:
  ///   - count: 1 or more. Number 0 is called in the caller's thread.
  ///   - body: Must not change what another call looks at.
  /// - Returns: What the calls returned, by number, once all have.
  package func atOnce<Result>(_ count: Int, _ body: (RawSpan, Int) -> Result) -> [Result] {
    if count == 1 { return [body(self, 0)] }
    var results = [Result?](repeating: nil, count: count)
    // What is pointed at is there until the last call has returned, and each call has a result of its own to write.
    unsafe withUnsafeBytes { bytes in
      unsafe results.withUnsafeMutableBufferPointer { buffer in
        let results = unsafe buffer
        withoutActuallyEscaping(body) { body in
          var call = Call { index in
            unsafe results[index] = body(RawSpan(_unsafeBytes: bytes), index)
          }
          unsafe withUnsafeMutablePointer(to: &call) { call in
            unsafe ccs_at_once(
              count, { index, call in unsafe call?.assumingMemoryBound(to: Call.self).pointee.body(index) }, call)
          }
        }
      }
    }
    return results.compactMap { $0 }
  }
}

private struct Call {
  let body: (Int) -> Void
}
