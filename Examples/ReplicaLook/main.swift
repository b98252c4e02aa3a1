import CyrusDatabase
import CyrusSync
import Glibc

let paths = CommandLine.arguments.dropFirst()
guard paths.count == 3 else {
  print("usage: ReplicaLook MASTER SYNC-DIRECTORY REPLICA")
  exit(64)
}

// In this order: what the replica lacks by then has its line in the log, or never had one.
let master = try StoreSnapshot(Database(path: paths[1]))
let logs = try SyncLogReader(directory: paths[2]).capture().files.map(\.log)
let replica = try StoreSnapshot(Database(path: paths[3]))

let report = try StoreDiff().report(master: master, replica: replica, pending: logs)
for difference in report.differences {
  print(difference.status, difference.detail.className, difference.name)
}
for action in RepairLog(report).actions { print(String(decoding: action.text, as: UTF8.self)) }
