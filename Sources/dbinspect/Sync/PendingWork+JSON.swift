// What `synclog` tells machines.

import CyrusMailboxes
import CyrusSync

extension PendingWork {
  /// Writes the members of a document.
  ///
  /// - Parameters:
  ///   - userCountMax: How many users of each channel.
  ///   - hasSteps: Whether to write what sync_client does for each file.
  func write(userCountMax: Int, hasSteps: Bool, to output: inout Output) {
    output.member("syncClient", options.client.description)
    output.member("time", readSeconds)
    output.member("lines", lineCount)
    output.member("users", userCount)
    output.member("oldestAge", oldestAge)
    output.member("lost", count(.lost))
    output.member("stuck", count(.stuck))
    output.array("channels") { output in
      for channel in channels {
        output.object { output in
          output.member("channel", channel.name)
          output.member("directory", channel.directory)
          output.member("settled", channel.capture.isSettled)
          output.member("lines", channel.capture.lineCount)
          output.array("files") { output in
            for file in channel.capture.files { write(file, hasSteps: hasSteps, to: &output) }
          }
          output.array("backlog") { output in
            for backlog in channel.backlog.prefix(userCountMax) { output.element(backlog) }
          }
          output.member("unlistedUsers", max(0, channel.backlog.count - userCountMax))
          output.array("problems") { output in
            for problem in channel.problems.kept { output.element(problem) }
          }
          output.member("unlistedProblems", channel.problems.count - channel.problems.kept.count)
        }
      }
    }
  }

  private func write(_ file: SyncLogFile, hasSteps: Bool, to output: inout Output) {
    output.object(hasSteps ? .indented : .inline) { output in
      output.member("file", file.log.label)
      output.member("path", file.path)
      output.member("lines", file.log.lines.count)
      output.member("bytes", file.byteCount)
      output.member("invisibleLines", file.log.invisibleLineCount)
      output.member("invisibleBytes", file.log.invisibleBytes.count)
      output.member("tornBytes", file.log.tornByteCount)
      output.member("changed", file.modifiedSeconds)
      output.member("age", age(file))
      if let orphan = file.orphan {
        output.member("process", orphan.process)
        output.member("alive", orphan.isAlive)
      }
      guard hasSteps else { return }
      let batch = PendingBatch(file.log, client: options.client, settings: options.settings)
      output.array("steps") { output in
        for step in batch.steps(client: options.client) { output.element(step) }
      }
      output.member("passedOver", batch.unknownCount)
    }
  }
}

extension Output {
  fileprivate mutating func element(_ backlog: Backlog) {
    object(.inline) { output in
      output.member("user", bytesOrNull: backlog.user)
      output.member("lines", backlog.lineCount)
      output.member("mailboxes", backlog.mailboxCount)
      output.member("wholeUser", backlog.isWholeUser)
      output.member("removed", backlog.isRemoved)
    }
  }

  fileprivate mutating func element(_ step: PendingStep) {
    object(.inline) { output in
      output.member("line", step.line)
      output.member("verb", step.action.verb.rawValue)
      output.array("arguments") { output in
        for argument in [step.action.first] + (step.action.second.map { [$0] } ?? []) {
          output.element(bytes: argument.rawSpan)
        }
      }
      if let group = step.group { output.member("group", bytesOrNull: group.isEmpty ? nil : group) }
    }
  }

  fileprivate mutating func element(_ problem: LogProblem) {
    object(.inline) { output in
      output.member("problem", problem.kind.name)
      output.member("effect", problem.effect.rawValue)
      output.member("file", problem.file)
      output.member("line", problem.line)
      output.member("offset", problem.offset)
      output.member("message", problem.text)
      output.member("advice", problem.advice)
    }
  }
}
