// `fleet render`: what is written, what is left alone, and what is refused.

import Foundation
import Testing

@testable import dbinspect

/// A fleet with templates, in a folder of its own.
private struct RenderedFleet {
  let folder = (try? TemporaryFolder())?.url ?? URL(filePath: "/nonexistent")

  /// - Parameter templates: By path.
  init(_ templates: [String: String], layout: String = Self.layout) throws {
    try write("production.dat", layout)
    for (path, text) in templates { try write("templates/\(path)", text) }
  }

  static let layout = """
    i30 30 t15 0 1000 e 10.202.80.1
    i29 29 t15 0 1000 e 10.202.79.1
    ti1 1 t16 0 1000 e 10.205.161.1
    store23 n 0 90 sloti30t01 sloti29t03 slotti1t02
    store254 n future 0 sloti30t15 slotti1t06

    """

  func path(_ name: String) -> String { folder.appending(path: name).path }
  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  func write(_ name: String, _ text: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func render(_ options: [String] = [], to output: String = "out") throws -> Tool.Run {
    try Tool.run(
      ["fleet", "render", path("templates"), "--layout", path("production.dat"), "-o", path(output)] + options)
  }

  /// Everything below a folder, with the time of its last change and its permissions.
  func files(_ name: String = "out") throws -> [String: String] {
    let found = FileManager.default.enumerator(atPath: path(name))?.compactMap { $0 as? String } ?? []
    return found.reduce(into: [:]) { files, file in
      var facts = stat()
      guard stat(path("\(name)/\(file)"), &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return }
      files[file] =
        "\(facts.st_ino) \(facts.st_mtim.tv_sec).\(facts.st_mtim.tv_nsec) \(String(facts.st_mode & 0o777, radix: 8))"
    }
  }

  func permissions(_ name: String) throws -> mode_t {
    var facts = stat()
    try #require(stat(path(name), &facts) == 0)
    return facts.st_mode & 0o777
  }
}

@Suite struct FleetRenderTests {
  @Test func `a pipe among the templates is refused, and not waited for`() throws {
    let fleet = try RenderedFleet(["a-{{slot}}.mustache": "{{slot}}\n"])
    try #require(mkfifo(fleet.path("templates/b.mustache"), 0o600) == 0)
    let run = try fleet.render()
    #expect(run.status == 66 && run.errors.contains("b.mustache: is no regular file"), "\(run)")
    #expect(try fleet.files().isEmpty)
  }

  private static let marked = ["etc/a-{{slot}}.conf.mustache": "# {{marker}}\nhost: {{host}}\nport: {{port}}\n"]

  @Test func `makes a file for each slot that has a store, and then leaves all alone`() throws {
    let fleet = try RenderedFleet(Self.marked)
    let first = try fleet.render(["--set", "port=143"])
    #expect(first.status == 0, "\(first)")
    #expect(
      first.lines == [
        "created   etc/a-sloti29t03.conf", "created   etc/a-sloti30t01.conf", "created   etc/a-sloti30t15.conf",
        "created   etc/a-slotti1t02.conf", "created   etc/a-slotti1t06.conf", "5 files of 5 slots, 5 created",
      ])
    #expect(
      try fleet.text("out/etc/a-sloti30t01.conf")
        == "# rendered by dbinspect fleet render from etc/a-{{slot}}.conf.mustache for sloti30t01\nhost: imap30\nport: 143\n"
    )
    let before = try fleet.files()
    #expect(try fleet.render(["--set", "port=143"]).lines == ["5 files of 5 slots, 5 unchanged"])
    #expect(try fleet.files() == before)
    let check = try fleet.render(["--set", "port=143", "--check"])
    #expect(check.status == 0 && check.lines == ["5 files of 5 slots, 5 unchanged"])
  }

  @Test func `tells what is missing, differs or is left over, and writes nothing`() throws {
    let fleet = try RenderedFleet(Self.marked)
    let options = ["--set", "port=143", "--check"]
    #expect(try fleet.render(options).lines.last == "5 files of 5 slots, 5 missing")
    #expect(!FileManager.default.fileExists(atPath: fleet.path("out")))
    _ = try fleet.render(["--set", "port=143"])
    try FileManager.default.removeItem(atPath: fleet.path("out/etc/a-sloti29t03.conf"))
    try fleet.write("out/etc/a-sloti30t01.conf", try fleet.text("out/etc/a-sloti30t01.conf") + "# by hand\n")
    // A slot that lost its store, and a file by hand that is called as if it had had one.
    try fleet.write("out/etc/a-sloti30t09.conf", "# rendered by dbinspect fleet render from x for sloti30t09\n")
    try fleet.write("out/etc/a-sloti30t08.conf", "# by hand\n")
    let before = try fleet.files()
    let run = try fleet.render(options)
    #expect(run.status == 1)
    #expect(
      run.lines == [
        "missing   etc/a-sloti29t03.conf", "differs   etc/a-sloti30t01.conf: line 4",
        "left over etc/a-sloti30t09.conf", "5 files of 5 slots, 1 missing, 1 differs, 3 unchanged, 1 left over",
      ])
    #expect(try fleet.files() == before)
    let written = try fleet.render(["--set", "port=143"])
    #expect(written.status == 0)
    #expect(written.lines.last == "5 files of 5 slots, 1 created, 1 changed, 3 unchanged, 1 left over")
    // Nothing is ever removed.
    #expect(try Set(before.keys).subtracting(fleet.files().keys).isEmpty)
    #expect(try fleet.render(options).lines.last == "5 files of 5 slots, 5 unchanged, 1 left over")
  }

  @Test func `the document tells the same`() throws {
    let fleet = try RenderedFleet(Self.marked)
    _ = try fleet.render(["--set", "port=143", "--slot", "sloti30t01"])
    try fleet.write("out/etc/a-sloti30t09.conf", "# rendered by dbinspect fleet render from x for sloti30t09\n")
    let json = try fleet.render(["--set", "port=144", "--check", "--json", "--slot", "imap30"]).json
    #expect(json["schema"] as? String == "fleet-render/1")
    #expect(json["check"] as? Bool == true && json["slots"] as? Int == 2)
    let files = try #require(json["files"] as? [[String: Any]])
    #expect(
      files.map { $0["path"] as? String } == [
        "etc/a-sloti30t01.conf", "etc/a-sloti30t09.conf", "etc/a-sloti30t15.conf",
      ])
    #expect(files.map { $0["state"] as? String } == ["differs", "left-over", "missing"])
    #expect(files.map { $0["slot"] as? String } == ["sloti30t01", nil, "sloti30t15"])
    let description = try #require(
      projectText("Docs/Output.md").components(separatedBy: "\n## fleet-render/1\n").last?
        .components(separatedBy: "\n## ").first)
    for member in Set(json.keys).union(files.flatMap(\.keys)).subtracting(["schema"]) {
      #expect(description.contains("`\(member)`"), "\(member)")
    }
    #expect(files[0]["line"] as? Int == 3 && files[0]["template"] as? String == "etc/a-{{slot}}.conf.mustache")
  }

  @Test(arguments: [
    (["--slot", "slotti1t06"], ["slotti1t06"]), (["--slot", "store254"], ["sloti30t15", "slotti1t06"]),
    (["--slot", "imap30"], ["sloti30t01", "sloti30t15"]),
    (["--slot", "timap1", "--slot", "sloti29t03"], ["sloti29t03", "slotti1t02", "slotti1t06"]),
  ])
  func `makes what is asked for`(_ options: [String], _ slots: [String]) throws {
    let fleet = try RenderedFleet(Self.marked)
    #expect(try fleet.render(["--set", "port=1"] + options).status == 0)
    #expect(try fleet.files().keys.sorted() == slots.map { "etc/a-\($0).conf" })
  }

  @Test func `the master is the one that is said to be`() throws {
    let fleet = try RenderedFleet(["{{slot}}.mustache": "{{#isMaster}}master{{/isMaster}} {{master.slot}}\n"])
    _ = try fleet.render(["--master", "slotti1t06"])
    #expect(try fleet.text("out/slotti1t06") == "master slotti1t06\n")
    #expect(try fleet.text("out/sloti30t15") == " slotti1t06\n")
    #expect(try fleet.text("out/sloti30t01") == "master sloti30t01\n")
  }

  @Test func `nothing is written if anything is wrong`() throws {
    let texts = ["a-{{slot}}.mustache": "a\n", "b-{{slot}}.mustache": "b\n{{#isReplica}}{{port}}{{/isReplica}}\n"]
    var fleet = try RenderedFleet(texts)
    var run = try fleet.render()
    #expect(run.status == 65)
    #expect(
      run.errorLines == [
        "dbinspect: \(fleet.path("templates"))/b-{{slot}}.mustache: line 2, column 15: no value is called 'port' here; --set gives one, and --values a secret one"
      ])
    #expect(!FileManager.default.fileExists(atPath: fleet.path("out")))

    fleet = try RenderedFleet(["a.mustache": "a\n"])
    run = try fleet.render()
    #expect(run.status == 65)
    #expect(run.errors.contains("'a' would be made for sloti30t01 and for sloti29t03"), "\(run)")
    #expect(!FileManager.default.fileExists(atPath: fleet.path("out")))

    fleet = try RenderedFleet(["{{slot}}.mustache": "a\n", "{{channel}}.mustache": "b\n"])
    run = try fleet.render()
    #expect(run.status == 65 && run.errors.contains("'sloti30t01' would be made twice for sloti30t01"), "\(run)")

    fleet = try RenderedFleet(texts, layout: RenderedFleet.layout + "store1 n 0 90 sloti30t01\n")
    run = try fleet.render(["--set", "port=1"])
    #expect(run.status == 2)
    #expect(run.errors.contains("line 6, column 15: error L31"), "\(run)")
    #expect(run.errorLines.last == "hint: dbinspect fleet check lists all of them")
    #expect(!FileManager.default.fileExists(atPath: fleet.path("out")))
  }

  @Test func `refuses folders without templates, and slots without a store`() throws {
    let fleet = try RenderedFleet(Self.marked)
    try fleet.write("empty/README.md", "x")
    let options = ["--layout", fleet.path("production.dat"), "-o", fleet.path("out")]
    #expect(try Tool.run(["fleet", "render", fleet.path("empty")] + options).status == 66)
    #expect(try Tool.run(["fleet", "render", fleet.path("none")] + options).status == 66)
    #expect(try fleet.render(["--slot", "sloti30t02"]).status == 1)
    #expect(try fleet.render(["--slot", "sloti99t02"]).status == 1)
    #expect(try fleet.render(["--root", "/"]).status == 64)
    // A user has no slot, and is not looked for.
    let run = try fleet.render(["--slot", "joe"])
    #expect(run.status == 1 && run.errors == "dbinspect: 'joe' is no store, slot or host of the layout\n")
  }

  @Test func `what is made of values from a file is not for everybody`() throws {
    let fleet = try RenderedFleet([
      "a-{{slot}}.mustache": "{{password}}\n", "b-{{slot}}.mustache": "{{port}}\n", "c-{{slot}}.mustache": "{{> p}}",
      "_p.mustache": "{{#keys}}{{name}}={{value}} {{/keys}}{{limit}} {{#flag}}yes{{/flag}}\n",
    ])
    try fleet.write(
      "values.json",
      #"{"password": "<p&>", "limit": 12, "flag": true, "keys": [{"name": "a", "value": 1.5}, {"name": "b", "value": ""}]}"#
    )
    let options = ["--set", "port=143", "--values", fleet.path("values.json"), "--slot", "sloti30t01"]
    #expect(try fleet.render(options).status == 0)
    #expect(try fleet.text("out/a-sloti30t01") == "<p&>\n")
    #expect(try fleet.text("out/c-sloti30t01") == "a=1.5 b= 12 yes\n")
    #expect(try fleet.permissions("out/a-sloti30t01") == 0o640)
    #expect(try fleet.permissions("out/b-sloti30t01") == 0o644)
    #expect(try fleet.permissions("out/c-sloti30t01") == 0o640)
    // What somebody let everybody read is closed again; else permissions are kept.
    chmod(fleet.path("out/a-sloti30t01"), 0o664)
    chmod(fleet.path("out/b-sloti30t01"), 0o600)
    #expect(
      try fleet.render(options + ["--check"]).lines == [
        "differs   a-sloti30t01", "3 files of 1 slot, 1 differs, 2 unchanged",
      ])
    #expect(try fleet.render(options).status == 0)
    #expect(try fleet.permissions("out/a-sloti30t01") == 0o660)
    _ = try fleet.render(["--set", "port=144"] + options.dropFirst(2))
    #expect(try fleet.text("out/b-sloti30t01") == "144\n")
    #expect(try fleet.permissions("out/b-sloti30t01") == 0o600)
  }

  @Test(
    arguments: [
      (["--set", "slot=x"], nil, 64), (["--set", "a=1", "--set", "a=2"], nil, 64), (["--set", "1=2"], nil, 64),
      (["--set", "a"], nil, 64), ([], #"{"a": null}"#, 65), ([], #"["a"]"#, 65), ([], #"{"a": 1"#, 65),
      ([], #"{"host": 1}"#, 64), (["--set", "a=1"], #"{"a": 1}"#, 64), ([], #"{"a b": 1}"#, 64),
      ([], String(repeating: #"{"a":"#, count: 2000), 65),
    ] as [([String], String?, Int32)])
  func `refuses values that cannot be`(_ options: [String], _ file: String?, _ status: Int32) throws {
    let fleet = try RenderedFleet(["{{slot}}.mustache": "x\n"])
    var options = options
    if let file {
      try fleet.write("values.json", file)
      options += ["--values", fleet.path("values.json")]
    }
    let run = try fleet.render(options)
    #expect(run.status == status, "\(run)")
    #expect(run.errors.hasPrefix("dbinspect: "))
    #expect(!FileManager.default.fileExists(atPath: fleet.path("out")))
  }

  @Test func `an input is never written to`() throws {
    let layout = "i30 30 t1 0 1 e 10.0.0.1\nstore1 n 0 0 sloti30t01\n"
    let fleet = try RenderedFleet(["production.dat.mustache": "gone\n", "x-{{slot}}.mustache": "x\n"], layout: layout)
    let run = try fleet.render(to: "")
    #expect(run.status == 73, "\(run)")
    #expect(run.errors.contains("is a file that is being read"))
    #expect(try fleet.text("production.dat") == layout)
  }

  @Test func `what is no file is not replaced`() throws {
    let fleet = try RenderedFleet(Self.marked)
    try fleet.write("out/etc/a-sloti30t01.conf/precious", "x")
    #expect(try fleet.render(["--set", "port=1"]).status == 73)
    #expect(try fleet.text("out/etc/a-sloti30t01.conf/precious") == "x")
  }

  @Test func `the sample templates are good for any slot`() throws {
    let folder = Fixture.folder.appending(path: "../../Examples/FleetTemplates").standardized.path
    let fleet = try RenderedFleet([:])
    try fleet.write("secrets.json", #"{"syncPassword": "s"}"#)
    let options = [
      "--layout", fleet.path("production.dat"), "-o", fleet.path("out"), "--values", fleet.path("secrets.json"),
      "--set", "imapPort=143", "--set", "syncPort=2005", "--set", "rolling=true", "--set", "admin=cyrus",
      "--set", "saslDatabase=/etc/sasldb2",
    ]
    let run = try Tool.run(["fleet", "render", folder] + options)
    #expect(run.status == 0, "\(run)")
    #expect(run.lines.last == "15 files of 5 slots, 15 created")
    let master = try fleet.text("out/etc/cyrus/imapd-sloti30t01.conf")
    #expect(master.contains("\nsync_log_channels: sloti29t03 slotti1t02\n"))
    #expect(master.contains("\nslotti1t02_sync_host: 10.205.161.2\nslotti1t02_sync_port: 2005\n"))
    #expect(master.contains("\nservername: sloti30t01\nconfigdirectory: /mnt/ssd30/sloti30t01/store23/conf\n"))
    let replica = try fleet.text("out/etc/cyrus/imapd-slotti1t02.conf")
    #expect(replica.contains("\n# store23: replica of sloti30t01 (imap30); on timap1, Iceland\n"))
    #expect(!replica.contains("sync_host") && replica.contains("\nsync_log: no\n"))
    #expect(
      try fleet.text("out/etc/cyrus/cyrus-sloti30t15.conf").contains(
        "DAEMON {\n  slotti1t06 cmd=\"/usr/cyrus-future/bin/sync_client -C /etc/cyrus/imapd-sloti30t15.conf -r -n slotti1t06\"\n}\n"
      ))
    // Only what has the password is not for everybody.
    #expect(try fleet.permissions("out/etc/cyrus/imapd-sloti30t01.conf") == 0o640)
    #expect(try fleet.permissions("out/etc/cyrus/cyrus-sloti30t01.conf") == 0o644)
    #expect(try fleet.files().values.count { $0.hasSuffix(" 640") } == 5)
  }

  @Test func `the help has an example and the exit status`() throws {
    let run = try Tool.run(["fleet", "render", "--help"])
    #expect(run.status == 0)
    #expect(run.text.contains("\nEXAMPLE\n  dbinspect fleet render"))
    #expect(run.text.contains("\nEXIT STATUS\n  0 "))
    for line in FleetRender.configuration.discussion.split(separator: "\n") { #expect(line.count <= 79, "\(line)") }
  }
}
