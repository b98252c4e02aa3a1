// Measures the library beside its rivals. Scripts/compare builds and runs it.

import CRivals
import Foundation
import Subjects

let usage = """
  usage: compare run [--mailboxes N] [--rounds R] [--only NAME …] [--clock wall|cpu]
                     [--directory FOLDER] [--program DBINSPECT [--process-rounds R]] [--json FILE]
                     [--checksums WAY]
         compare alone NAME [--mailboxes N] [--rounds R] [--directory FOLDER]
         compare smoke --directory FOLDER
         compare render RESULTS.json [--also RESULTS.json …] [--markdown FILE] [--svg FILE]
         compare subjects

  run      the subjects, contestants taking turns; --only takes beginnings of names, and
           replaces their figures in the file of --json; --checksums says up to which way
           the library was built to compute them
  alone    one subject without its rivals, for a profiler
  smoke    every subject once, on a small file: whether all saw the same
  render   a table of results that were kept, and documents of it

  exit status: 0 done, 1 contestants disagree or something is missing, 64 usage

  """

struct Options {
  var values: [String: [String]] = [:]
  var words: [String] = []

  init(_ arguments: some Sequence<String>) throws {
    var name: String?
    for argument in arguments {
      if argument.hasPrefix("--") {
        name = String(argument.dropFirst(2))
        values[String(argument.dropFirst(2)), default: []] += []
      } else if let option = name {
        values[option, default: []].append(argument)
        if option != "only" && option != "also" { name = nil }
      } else {
        words.append(argument)
      }
    }
    let known = [
      "mailboxes", "rounds", "only", "clock", "directory", "program", "process-rounds", "json", "markdown", "svg",
      "checksums", "also",
    ]
    for (name, values) in values where !known.contains(name) || values.isEmpty { throw UsageError() }
  }

  subscript(name: String) -> String? { values[name]?.last }

  func number(_ name: String, _ fallback: Int) throws -> Int {
    guard let text = self[name] else { return fallback }
    guard let number = Int(text), number > 0 else { throw UsageError() }
    return number
  }
}

struct UsageError: Error {}

func run(_ options: Options) throws {
  let count = try options.number("mailboxes", 1_000_000)
  guard let clock = Clock(rawValue: options["clock"] ?? "wall") else { throw UsageError() }
  let workload = try Workload(mailboxCount: count, directory: options["directory"] ?? ".build/bench")
  let checksums = options["checksums"]
  var results = Results(mailboxCount: count, clock: clock.rawValue, checksums: checksums, absent: absentRivals)
  let runner = Runner(clock: clock, rounds: try options.number("rounds", 7))
  func isWanted(_ name: String) -> Bool { options.values["only"].map { $0.contains(where: name.hasPrefix) } ?? true }
  // What is measured anew alone goes among what was kept.
  if options["only"] != nil, let path = options["json"], let kept = try? Results(readFrom: path),
    kept.mailboxCount == results.mailboxCount, kept.clock == results.clock, kept.checksums == results.checksums
  {
    results.subjects = kept.subjects
  }
  func keep(_ result: SubjectResult) throws {
    if let place = results.subjects.firstIndex(where: { $0.subject == result.subject }) {
      results.subjects[place] = result
    } else {
      results.subjects.append(result)
    }
    if let path = options["json"] { try results.write(to: path) }
  }
  for subject in Subject.all where isWanted(subject.name) {
    note(subject.name)
    try keep(try runner.run(subject, workload))
  }
  if let program = options["program"] {
    workload.closeStores()
    let processes = Processes(workload: workload, program: program)
    if let obstacle = processes.obstacle {
      results.absent.append("whole processes: \(obstacle)")
    } else {
      for pair in try processes.pairs() where isWanted(pair.name) {
        note(pair.name)
        try keep(try processes.run(pair, rounds: try options.number("process-rounds", 7)))
      }
    }
  }
  if let path = options["json"] { try results.write(to: path) }
  print(Table(results: results).text, terminator: "")
}

func runAlone(_ options: Options) throws {
  guard options.words.count == 2, let subject = Subject.all.first(where: { $0.name == options.words[1] }) else {
    throw UsageError()
  }
  let count = try options.number("mailboxes", 1_000_000)
  let directory = options["directory"] ?? ".build/bench"
  let workload = try Workload(mailboxCount: count, directory: directory, hasRivals: false)
  let race = try subject.prepare(workload)
  for _ in 0..<(try options.number("rounds", 7)) { _ = try race.own.run() }
}

func smoke(_ options: Options) throws {
  guard let directory = options["directory"] else { throw UsageError() }
  let workload = try Workload(mailboxCount: 500, directory: directory)
  let runner = Runner(clock: .wall, rounds: 1)
  var results = Results(mailboxCount: 500, clock: "wall", absent: absentRivals)
  for subject in Subject.all { results.subjects.append(try runner.run(subject, workload)) }
  // What is rendered must be what was kept.
  try results.write(to: directory + "/smoke.json")
  let read = try Results(readFrom: directory + "/smoke.json")
  var lesser = read
  lesser.checksums = "table"
  let (table, chart) = (Table(results: read, others: [lesser]), Chart(results: read))
  guard table.markdown(chart: nil).contains(Goal.all[0].subject), chart.svg.hasSuffix("</svg>\n") else {
    throw BenchmarkFailure("the results cannot be rendered")
  }
  let goals = Goal.all + Goal.lesser.values.joined()
  let missing = Set(goals.map(\.subject)).subtracting(Subject.all.map(\.name)).filter { !$0.hasPrefix("process/") }
  guard missing.isEmpty else { throw BenchmarkFailure("goals of no subject: \(missing.sorted())") }
  let absent = absentRivals.isEmpty ? "none" : absentRivals.joined(separator: ", ")
  print("benchmarks: \(Subject.all.count) subjects agree with their rivals; absent: \(absent)")
}

func render(_ options: Options) throws {
  guard options.words.count == 2 else { throw UsageError() }
  let results = try Results(readFrom: options.words[1])
  let table = Table(results: results, others: try (options.values["also"] ?? []).map { try Results(readFrom: $0) })
  print(table.text, terminator: "")
  if let path = options["svg"] { try Data(Chart(results: results).svg.utf8).write(to: URL(fileURLWithPath: path)) }
  if let path = options["markdown"] {
    let chart = options["svg"].map { URL(fileURLWithPath: $0).lastPathComponent }
    try Data(table.markdown(chart: chart).utf8).write(to: URL(fileURLWithPath: path))
  }
}

func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

let absentRivals: [String] = [
  ("libcyrus", rv_cyrus), ("LMDB", rv_lmdb), ("SQLite", rv_sqlite), ("Berkeley DB", rv_berkeley),
].compactMap { $0.1 == nil ? $0.0 : nil }

do {
  let options = try Options(CommandLine.arguments.dropFirst())
  switch options.words.first {
  case "run": try run(options)
  case "alone": try runAlone(options)
  case "smoke": try smoke(options)
  case "render": try render(options)
  case "subjects": for subject in Subject.all { print("\(subject.name)\t\(subject.summary)") }
  default: throw UsageError()
  }
} catch is UsageError {
  note(usage)
  exit(64)
} catch {
  note("compare: \(error)")
  exit(1)
}
