// `synclog --follow`: lines as they come, and every way in which it ends.

import Foundation
import Testing

@Suite struct SynclogFollowTests {
  /// Starts to follow, waits until it does, runs `body`, and ends it with a signal.
  ///
  /// - Returns: What it printed, and its status as the last line.
  private func follow(_ sync: SyncDirectory, _ options: String, signal: String = "INT", _ body: String) throws
    -> [String]
  {
    let out = try TemporaryFolder().url.appending(path: "out").path
    let run = try Tool.shell(
      """
      "$D" synclog "$F" --follow \(options) > '\(out)' 2>&1 & P=$!
      for i in $(seq 200); do grep -q 'following\\|schema' '\(out)' && break; sleep 0.05; done
      cd "$F"; \(body)
      sleep 0.7; kill -\(signal) $P; wait $P; S=$?; cat '\(out)'; echo $S
      """, file: sync.path)
    return run.text.split(separator: "\n").map(String.init)
  }

  @Test(arguments: ["INT", "TERM"])
  func `lines come as they are written, over renames, until a signal`(_ signal: String) throws {
    let sync = try SyncDirectory(["log": "USER old\n"])
    let lines = try follow(
      sync, "", signal: signal,
      #"""
      printf 'MAILBOX user.a\nSUB "a b" user.c\n' >> log; sleep 0.3; mv log log-run; echo 'USER joe' >> log
      """#)
    #expect(
      lines == [
        "dbinspect: following 1 channel, until interrupted", "log:2: MAILBOX user.a", "log:3: SUB \"a b\" user.c",
        "log:1: USER joe", "0",
      ])
  }

  @Test func `machines read an object a line, and a trailer`() throws {
    let sync = try SyncDirectory(["far/log": "", "log": ""])
    let lines = try follow(
      sync, "--json --all-channels", #"printf 'MAILBOX user.a\n' >> far/log; printf 'SEEN a \n' >> log"#)
    #expect(lines.last == "0")
    let objects = try lines.dropLast().map(jsonObject)
    #expect(objects.first?["schema"] as? String == "synclog-follow/1")
    #expect((objects.first?["channels"] as? [Any])?.count == 2)
    let line = try #require(objects.first { $0["verb"] != nil })
    #expect(line["channel"] as? String == "far" && line["arguments"] as? [String] == ["user.a"])
    #expect(
      line["file"] as? String == "log" && line["line"] as? Int == 1 && line["text"] as? String == "MAILBOX user.a")
    #expect(objects.first { $0["problem"] != nil }?["problem"] as? String == "poison")
    #expect(objects.last?["lines"] as? Int == 1 && objects.last?["complete"] as? Bool == false, "\(lines)")
  }

  @Test func `a reader that goes away ends it, also without another line`() throws {
    let sync = try SyncDirectory()
    let run = try Tool.shell("\"$D\" synclog \"$F\" --follow --json | head -1; echo ${PIPESTATUS[0]}", file: sync.path)
    #expect(run.text.hasPrefix("{\"schema\":\"synclog-follow/1\""))
    #expect(run.text.hasSuffix("}\n0\n"))
  }

  @Test func `a signal ends it also while nobody reads what it has written`() throws {
    let sync = try SyncDirectory()
    let out = try TemporaryFolder().url.appending(path: "out").path
    let run = try Tool.shell(
      """
      mkfifo '\(out)'; sleep 60 < '\(out)' & R=$!
      "$D" synclog "$F" --follow > '\(out)' 2> '\(out).err' & P=$!
      for i in $(seq 200); do grep -q following '\(out).err' && break; sleep 0.05; done
      for i in $(seq 20000); do echo MAILBOX user.longer.than.the.others; done > "$F/log"
      sleep 0.7; kill -INT $P; wait $P; echo $?; kill -KILL $R
      """, file: sync.path)
    #expect(run.text == "0\n")
  }

  @Test func `a directory that is not there, or goes, is an error`() throws {
    let sync = try SyncDirectory()
    #expect(try Tool.run(["synclog", "--follow", sync.path + "/none"]).status == 66)
    let lines = try follow(try SyncDirectory(["far/log": "USER a\n"]), "--channel far", "rm -r far")
    #expect(lines.last == "66" && lines.contains { $0.contains("far: No such file or directory") }, "\(lines)")
  }
}
