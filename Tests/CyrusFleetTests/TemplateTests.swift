// Templates: what comes of them, and what is wrong with them, each with its place.

import CyrusFleet
import TestSupport
import Testing

@testable import CyrusFleetTemplates

/// A template that cannot be used, and what is said about it.
struct WrongTemplate: CustomTestStringConvertible, Sendable {
  let text: String
  let line: Int, column: Int
  let message: String

  init(_ text: String, _ line: Int, _ column: Int, _ message: String) {
    (self.text, self.line, self.column, self.message) = (text, line, column, message)
  }

  var testDescription: String { text }

  static let all = [
    WrongTemplate(
      "a\n  {{host}} {{hots}}\n", 2, 12, "no value is called 'hots' here; --set gives one, and --values a secret one"),
    WrongTemplate("{{paths.dta}}\n", 1, 1, "'paths.dta': there is no 'dta' in it"),
    WrongTemplate("{{slot.name}}\n", 1, 1, "'slot.name': there is no 'name' in it"),
    WrongTemplate("{{paths}}\n", 1, 1, "'paths' is a group of values, which cannot be printed"),
    WrongTemplate("{{others}}\n", 1, 1, "'others' is a list, which cannot be printed"),
    WrongTemplate("{{.}}\n", 1, 1, "'.' is a group of values, which cannot be printed"),
    // Also where no slot would ever show it.
    WrongTemplate(
      "{{#isMaster}}{{#isReplica}}\n{{x}}{{/isReplica}}{{/isMaster}}\n", 2, 1, "no value is called 'x' here"),
    WrongTemplate("{{^isMaster}}{{x}}{{/isMaster}}\n", 1, 14, "no value is called 'x' here"),
    WrongTemplate("{{#others}}{{port}}{{/others}}\n", 1, 12, "no value is called 'port' here"),
    WrongTemplate("{{^x}}{{/x}}\n", 1, 1, "no value is called 'x' here"),
    WrongTemplate("{{#others}}\n", 1, 1, "the section 'others' has no end"),
    WrongTemplate("\n{{/others}}\n", 2, 1, "no section is open that 'others' could end"),
    WrongTemplate("{{#others}}{{/replicas}}\n", 1, 12, "expected the end of 'others' of line 1, found 'replicas'"),
    WrongTemplate("{{slot\n", 1, 1, "expected }} behind 'slot'"),
    WrongTemplate("{{{slot}}\n", 1, 1, "expected }}} behind 'slot'"),
    WrongTemplate("{{}}\n", 1, 1, "expected a name in this tag"),
    WrongTemplate("{{a..b}}\n", 1, 1, "'a..b' is no name"),
    WrongTemplate("a {{! b\n", 1, 3, "a comment has no end: expected }}"),
    WrongTemplate("{{=<% %>=}}\n", 1, 1, "tags with = are not read here: expected a name, or one of # ^ / > & { !"),
    WrongTemplate("{{% CONTENT_TYPE:HTML}}\n", 1, 1, "tags with % are not read here"),
    WrongTemplate("{{<a}}{{/a}}\n", 1, 1, "tags with < are not read here"),
    WrongTemplate("{{$a}}{{/a}}\n", 1, 1, "tags with $ are not read here"),
    WrongTemplate("a {", 1, 3, "a { ends the template: expected a line feed behind it"),
    WrongTemplate("{{> none}}\n", 1, 1, "there is no partial _none.mustache in the folder of templates"),
    WrongTemplate("{{first()}}\n", 1, 1, "'first()' has a meaning only in the section of a list"),
    WrongTemplate("{{#others}}{{frist()}}{{/others}}\n", 1, 12, "'frist' tells no place in a list"),
    WrongTemplate("{{upper(slot)}}\n", 1, 1, "'upper' cannot be done to a text"),
    WrongTemplate("{{count(slot)}}\n", 1, 1, "'count' cannot be done to a text"),
    WrongTemplate(
      String(repeating: "{{#isMaster}}", count: 33), 1, 32 * 13 + 1, "sections are more than 32 deep"),
    WrongTemplate(
      String(repeating: "{{#others}}", count: 20) + "{{slot}}", 1, 13 * 11 + 1, "more than 1000000 tags"),
  ]
}

@Suite struct TemplateTests {
  private static func values(
    of text: String, _ layout: FleetLayout = FleetLayout(parsing: Array(sampleFleet.utf8)), master: String? = nil
  ) throws -> [String: TemplateValue] {
    let slot = try #require(layout.slot(named: text))
    let store = try #require(layout.store(of: slot.name))
    let master = try #require(master.flatMap { layout.slot(named: $0) } ?? layout.primary(of: store))
    let paths = try #require(PathTemplates.standard.paths(of: slot, in: store))
    return SlotValues.values(of: slot, in: store, of: layout, master: master, paths: paths)
  }

  private static func rendered(
    _ text: String, partials: [String: String] = [:], _ site: [String: TemplateValue] = [:],
    slot: String = "sloti30t15", path: String = "a-{{slot}}.conf.mustache", secrets: Set<String> = []
  ) throws -> RenderedFile {
    let sources =
      [TemplateSource(path: path, bytes: Array(text.utf8))]
      + partials.map { TemplateSource(path: "_\($0.key).mustache", bytes: Array($0.value.utf8)) }
    var templates = try ConfigurationTemplates(sources)
    let files = try templates.files(try values(of: slot).merging(site) { $1 }, secrets: secrets)
    return try #require(files.first)
  }

  @Test func `fills in what the layout says`() throws {
    let text = """
      {{slot}} {{this.slot}} {{channel}} {{prefix}} {{kind}} {{number}} {{nn}} {{server}} {{host}} {{address}}
      {{location}} {{place}} {{dataSize}} {{fileSystem}} {{isMaster}} {{isReplica}}
      {{store}} {{branch}} {{target}} {{masterLocation}} {{master.slot}} {{master.address}}
      {{paths.configuration}} {{paths.configDirectory}} {{paths.mailboxes}} {{paths.sync}}
      {{paths.data}} {{paths.search}} {{paths.programs}}
      {{#others}}{{slot}} {{host}} {{address}} {{channel}}{{^last()}}, {{/last()}}{{/others}}
      {{#replicas}}{{slot}};{{/replicas}} {{count(replicas)}} {{uppercased(host)}}

      """
    let file = try Self.rendered(text, slot: "slotti1t06")
    #expect(file.path == "a-slotti1t06.conf")
    #expect(
      file.text == """
        slotti1t06 slotti1t06 slotti1t06 ti1 t 6 06 1 timap1 10.205.161.6
        i Iceland 1000 e false true
        store254 future 0 n sloti30t15 10.202.80.15
        /etc/cyrus/imapd-slotti1t06.conf /mnt/ssd1/slotti1t06/store254/conf /mnt/ssd1/slotti1t06/store254/conf/mailboxes.db /mnt/ssd1/slotti1t06/store254/conf/sync
        /mnt/ti1t06 /mnt/ti1search /usr/cyrus-future/bin
        sloti29t15 imap29 10.202.79.15 sloti29t15, sloti30t15 imap30 10.202.80.15 sloti30t15, slotsi1d2t40 simap1 10.206.51.80 slotsi1d2t40
        sloti29t15;slotsi1d2t40;slotti1t06; 3 TIMAP1

        """)
  }

  @Test func `all names that are taken are known, and no others`() throws {
    let known = try Self.values(of: "sloti30t15")
    #expect(Set(known.keys).union(["marker"]) == SlotValues.names)
  }

  @Test func `nothing is escaped, in partials neither`() throws {
    let site: [String: TemplateValue] = ["p": .text(#"<a&b>"'"#)]
    let file = try Self.rendered(
      "{{p}} {{{p}}} {{&p}}\n  {{> in}}\n", partials: ["in": "{{p}}\n{{#others}}{{p}}{{/others}}\n"], site)
    let plain = #"<a&b>"'"#
    #expect(
      file.text == "\(plain) \(plain) \(plain)\n  \(plain)\n  \(plain)\(plain)\(plain)\n", "\(file.text)")
  }

  @Test func `lines that are nothing but sections, comments and partials leave nothing behind`() throws {
    let text = "{{#isMaster}}\na\n{{/isMaster}}\n{{! b }}\n{{^isMaster}}\nc\n{{/isMaster}}\n{{> in}}\nd\n"
    #expect(try Self.rendered(text, partials: ["in": "{{! }}\ne\n"]).text == "a\ne\nd\n")
  }

  @Test(arguments: WrongTemplate.all)
  func `says what is wrong, and where`(_ wrong: WrongTemplate) throws {
    let error = #expect(throws: TemplateError.self) { try Self.rendered(wrong.text) }
    #expect(error?.line == wrong.line && error?.column == wrong.column, "\(String(describing: error))")
    #expect(error?.message.hasPrefix(wrong.message) == true, "\(String(describing: error))")
    #expect(error?.template == "a-{{slot}}.conf.mustache")
  }

  /// The engine prints nothing for what an element does not have.
  @Test func `every element of a list must have what is asked of one`() throws {
    func element(_ members: [String: TemplateValue]) -> TemplateValue { .object(members) }
    let site: [String: TemplateValue] = [
      "services": .list([
        element(["name": .text("a"), "pw": .text("x"), "in": .object(["y": .text("1")])]),
        element(["name": .text("b"), "in": .object([:])]),
      ])
    ]
    #expect(try Self.rendered("{{#services}}{{name}} {{/services}}", site).text == "a b ")
    var error = #expect(throws: TemplateError.self) { try Self.rendered("{{#services}}{{pw}}{{/services}}", site) }
    #expect(error?.column == 14 && error?.message == "not every element of the list has 'pw'")
    error = #expect(throws: TemplateError.self) { try Self.rendered("{{#services}}{{in.y}}{{/services}}", site) }
    #expect(error?.message == "not every element of the list has 'in.y'")
    let mixed: [String: TemplateValue] = ["words": .list([.text("a"), .object(["b": .text("c")])])]
    error = #expect(throws: TemplateError.self) { try Self.rendered("{{#words}}{{.}}{{/words}}", mixed) }
    #expect(error?.message == "elements of the list are of several kinds")
  }

  @Test func `refuses what would make a text without an end`() throws {
    let filling = String(repeating: "x", count: 1 << 19)
    let text = String(repeating: "{{#others}}", count: 8) + filling + String(repeating: "{{/others}}", count: 8)
    let error = #expect(throws: TemplateError.self) { try Self.rendered(text) }
    #expect(error?.message.hasPrefix("more than 67108864 bytes") == true)
  }

  @Test func `says what is wrong in a partial, and refuses one that has itself within it`() throws {
    var error = #expect(throws: TemplateError.self) { try Self.rendered("{{> a}}\n", partials: ["a": "\n{{x}}\n"]) }
    #expect(error?.template == "_a.mustache" && error?.line == 2)
    error = #expect(throws: TemplateError.self) {
      try Self.rendered("{{> a}}\n", partials: ["a": "{{> b}}\n", "b": " {{> a}}\n"])
    }
    #expect(error?.template == "_b.mustache" && error?.message == "the partial 'a' would have itself within it")
    // Partials within partials double what there is.
    var partials = ["p40": "{{slot}}"]
    for depth in 0..<40 { partials["p\(depth)"] = "{{> p\(depth + 1)}}{{> p\(depth + 1)}}" }
    error = #expect(throws: TemplateError.self) { try Self.rendered("{{> p0}}\n", partials: partials) }
    #expect(error != nil)
  }

  @Test func `refuses what is not UTF-8, with its place`() throws {
    let source = TemplateSource(path: "a.mustache", bytes: Array("ä\nab".utf8) + [0xFF, 0x0A])
    let error = #expect(throws: TemplateError.self) { try ConfigurationTemplates([source]) }
    #expect(error?.description == "line 2, column 3: is not UTF-8 from here on")
  }

  @Test(arguments: [
    ("{{#slot}}.mustache", "name, column 1: only plain names of values can stand in the name of a template"),
    (
      "a/x{{paths.data}}.mustache",
      "name, column 1: a value in it makes the name 'x/mnt/i30t15', which no file can have"
    ),
    ("{{others}}.mustache", "name, column 1: 'others' is a list, no text"),
    ("{{x}}.mustache", "name, column 1: no value is called 'x'"),
    ("a{{slot.mustache", "name, column 2: expected }} behind 'slot'"),
    (".{{empty}}.mustache", "name, column 1: a value in it makes the name '.', which no file can have"),
  ])
  func `refuses names of templates that make no names of files`(_ path: String, _ expected: String) throws {
    let error = #expect(throws: TemplateError.self) {
      try Self.rendered("\n", ["empty": .text("")], path: path)
    }
    #expect(error?.description == expected)
  }

  @Test func `tells which files have what is not for everybody`() throws {
    let site: [String: TemplateValue] = [
      "password": .text("p"), "port": .text("1"), "more": .object(["key": .text("k")]),
    ]
    for (text, expected) in [
      ("{{port}}\n", false), ("{{password}}\n", true), ("{{#isReplica}}{{password}}{{/isReplica}}\n", true),
      ("{{more.key}}\n", true), ("{{> p}}\n", true),
    ] {
      let file = try Self.rendered(
        text, partials: ["p": "{{#more}}{{key}}{{/more}}"], site, secrets: ["password", "more"])
      #expect(file.usesSecrets == expected, "\(text)")
    }
  }

  @Test func `a store of one slot has its lists checked, too`() throws {
    let layout = FleetLayout(parsing: Array("i1 1 t2 0 1 e 10.0.0.1\nstore1 n 0 0 sloti1t01\n".utf8))
    var templates = try ConfigurationTemplates([
      TemplateSource(path: "a.mustache", bytes: Array("[{{#others}}{{slot}}{{/others}}]\n".utf8))
    ])
    #expect(try templates.files(Self.values(of: "sloti1t01", layout)).map(\.text) == ["[]\n"])
    templates = try ConfigurationTemplates([
      TemplateSource(path: "a.mustache", bytes: Array("{{#others}}{{x}}{{/others}}\n".utf8))
    ])
    #expect(throws: TemplateError.self) { try templates.files(Self.values(of: "sloti1t01", layout)) }
  }

  @Test func `finds files that it may have made before`() throws {
    let templates = try ConfigurationTemplates([
      TemplateSource(path: "etc/imapd-{{slot}}.conf.mustache", bytes: []),
      TemplateSource(path: "by/{{host}}/{{store}}-{{slot}}.mustache", bytes: []),
    ])
    let folders = [
      "": ["etc", "by", "x"], "etc": ["imapd-a.conf", "imapd-.conf", "imapd.conf", "ximapd-a.conf", "imapd-a.confx"],
      "by": ["imap1"], "by/imap1": ["a-b", "ab", "a-b-c"], "x": ["y"],
    ]
    #expect(
      templates.places { folders[$0] ?? [] } == [
        "by/imap1/a-b", "by/imap1/a-b-c", "etc/imapd-.conf", "etc/imapd-a.conf",
      ])
    #expect(ConfigurationTemplates.isMade("# rendered by dbinspect fleet render from x for y\n".utf8))
    #expect(!ConfigurationTemplates.isMade("# by hand\n".utf8))
  }

  /// What the check lets through the engine takes, and prints nothing of braces; whatever the template is.
  @Test(arguments: 0..<20)
  func `a template that passes the check is read by the engine`(_ part: Int) throws {
    let known = try Self.values(of: "sloti30t15")
    let pieces = [
      "{{slot}}", "{{", "}}", "{", "}", "\n", " ", "{{#others}}", "{{/others}}", "{{^isMaster}}", "{{/isMaster}}",
      "{{!",
      "{{> p}}", "{{{host}}}", "{{&host}}", "{{first()}}", "{{#last()}}", "{{/last()}}", "{{.}}", "{{count(others)}}",
      "x",
      "\r\n", "ü", "\u{301}", "{{paths.data}}", "{{#empty(others)}}", "{{/empty(others)}}", "{{ slot }}",
    ]
    var passed = 0
    for seed in 50 * part..<50 * (part + 1) {
      var random = SplitMix64(seed: UInt64(seed))
      let text = (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined() + "\n"
      do throws(TemplateError) {
        var templates = try ConfigurationTemplates([
          TemplateSource(path: "a.mustache", bytes: Array(text.utf8)),
          TemplateSource(path: "_p.mustache", bytes: Array("<{{host}}>\n".utf8)),
        ])
        let file = try templates.files(known)[0]
        passed += 1
        #expect(!file.text.contains("{{"), "seed \(seed): \(text) gave \(file.text)")
      } catch {
        #expect(!error.message.hasPrefix("cannot be read"), "seed \(seed): \(text): \(error)")
      }
    }
    #expect(passed > 0)
  }
}
