import ArgumentParser
import Daemons
import Foundation
import Store

/// `coord doctor`: whether this machine and a store are fit.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this machine and a results store; change nothing.",
        discussion: """
            Prints one line a check: ok, warning or failed, and what to do. Of the store, every page, reference and row \
            is checked, beside a running coordinator too. Exits with 1 if a check failed.
            """)

    @Option(name: .long, help: "The results store.", completion: .file(extensions: ["sqlite"]))
    var store = "molt.sqlite"

    @Option(name: .long, help: "The folder of keys.", completion: .directory)
    var keys: String = KeyFolder.standard.path

    @Option(name: .long, help: "Where a coordinator would listen.")
    var listen = "tcp://127.0.0.1:5555"

    @Option(name: .long, parsing: .upToNextOption, help: "Folders of checkpoints that a worker would need.")
    var models: [String] = []

    @Option(name: .long, help: "Where a worker would keep unacknowledged rows.", completion: .directory)
    var spool: String = Doctor.standardSpool

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func run() throws {
        var doctor = Doctor()
        doctor.store = store
        doctor.keys = KeyFolder(keys)
        doctor.listen = listen
        doctor.models = models
        doctor.spool = spool
        let findings = doctor.findings()
        if json {
            print(try JSONLine.pretty(findings))
        } else {
            for finding in findings {
                let verdict = finding.verdict.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)
                print("\(verdict)  \(finding.check): \(finding.detail)")
            }
        }
        if findings.contains(where: { $0.verdict == .failed }) { throw ExitCode.failure }
    }
}
