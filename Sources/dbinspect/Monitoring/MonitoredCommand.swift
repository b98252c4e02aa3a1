// Commands that a monitor runs: they answer in its forms, also when they fail.

import CyrusDatabase
import Glibc

/// A command that a monitor runs.
protocol MonitoredCommand: ToolCommand {
  /// What it is called in metrics and in the line for Nagios.
  static var service: String { get }
  var monitoring: MonitoringOptions { get }
  /// What is read, and so must not be replaced.
  var inputs: [String] { get }
  /// Whether a document is asked for.
  var json: Bool { get }

  /// Does what is asked for; prints nothing and says nothing if ``MonitoringOptions/nagios`` is set.
  func observe(_ output: inout Output) throws -> Observation
}

/// What a command has to tell, in all forms.
struct Observation {
  /// How the command ends, unless it answers Nagios.
  let status: ExitStatus
  /// Whether all that was asked for could be told, good or bad.
  var isUp = true
  var metrics: [Metric] = []
  var answer = NagiosAnswer(.ok, "")
}

extension MonitoredCommand {
  func execute(_ output: inout Output) throws -> ExitStatus {
    let observation: Observation
    do { observation = try observe(&output) } catch {
      // A file that stays as it was would look like success. What went wrong first is what has to be told.
      let status = monitoring.nagios ? ExitStatus.unknown : Self.status(of: error)
      do { try writeMetrics(nil, status: status) } catch { Self.failure(error)?.tell() }
      throw error
    }
    let status = monitoring.nagios ? observation.answer.state.status : observation.status
    // What was found goes out before what may fail. But there must be one line alone, which may have to tell of that.
    output.flush()
    try writeMetrics(observation, status: status)
    if monitoring.nagios { output.line(observation.answer.line(service: Self.service)) }
    return status
  }

  private static func status(of error: any Error) -> ExitStatus { failure(error)?.status ?? .software }

  /// What is told of an error; nil if that is a bug in us.
  private static func failure(_ error: any Error) -> Failure? {
    error as? Failure ?? (error as? DatabaseError).map { Failure($0) }
  }

  /// Writes the file for metrics, if one is asked for.
  ///
  /// - Parameter observation: Nothing if the command failed.
  private func writeMetrics(_ observation: Observation?, status: ExitStatus) throws {
    guard let path = monitoring.metrics else { return }
    let prefix = "cyrus_\(Self.service.replacing("-", with: "_"))"
    let all =
      [
        Metric(
          "\(prefix)_up", "Whether the last run could tell all that was asked for.", observation?.isUp == true ? 1 : 0),
        Metric("\(prefix)_exit_status", "How the last run ended.", status.rawValue),
        Metric("\(prefix)_run_timestamp_seconds", "When the last run ended, in seconds since 1970.", secondsNow()),
      ] + (observation?.metrics ?? [])
    try OutputFile.write(
      to: path, replacing: true, inputs: inputs.filter(exists), besides: [], permissions: 0o644
    ) { output in output.append(all, labels: monitoring.metricsLabel) }
  }
}

/// Whether a path leads to something.
private func exists(_ path: String) -> Bool {
  var facts = stat()
  return unsafe stat(path, &facts) == 0
}

/// What Nagios is told when a command does not come to an answer of its own.
enum NagiosFallback {
  private static let services = [
    Synclog.service, Diff.service, FailoverCheck.service, Verify.service, FleetSweep.service,
  ]

  /// Whether the command line asks for a line.
  static var isAskedFor: Bool {
    CommandLine.arguments.dropFirst().prefix { $0 != "--" }.contains("--nagios")
  }

  /// Prints the line, and says how the command ends.
  static func print(_ failure: Failure) -> ExitStatus {
    let words = Array(CommandLine.arguments.dropFirst().prefix(2))
    let service = (words.prefix(1) + [words.joined(separator: "-")]).first(where: services.contains)
    let text = failure.file.map { "\($0): \(failure.message)" } ?? failure.message
    var output = Output()
    output.line(NagiosAnswer(.unknown, text).line(service: service ?? "dbinspect"))
    return output.finish(.unknown)
  }
}
