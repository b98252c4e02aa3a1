import CyrusDatabase

let database = try Database(path: CommandLine.arguments.dropFirst().first ?? "mailboxes.db")
let report = try database.verify()
print(report.verdict, report.state, report.recordCount)

let records = try database.records(prefix: "Nuser")
for index in 0..<records.count {
  let record = try records.record(at: index)
  print(record.offset, String(decoding: record.copyOfKey(), as: UTF8.self))
}
