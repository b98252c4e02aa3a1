import CyrusDatabase

let database = try Database(path: CommandLine.arguments.last ?? "mailboxes.db")
let report = try database.verify()
print(report.verdict, report.state, report.recordCount)

try database.read { snapshot in
  var records = snapshot.records(prefix: "Nuser")
  while let record = try records.next() {
    print(record.offset, String(decoding: record.copyOfKey(), as: UTF8.self))
  }
}
