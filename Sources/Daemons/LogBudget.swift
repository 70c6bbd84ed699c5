/// How often something about a subject may be logged: once a minute, with the number of times that were left out.
///
/// So no peer can fill the log's disk.
struct LogBudget {
    private static let seconds = 60.0
    private static let subjects = 4_096
    private var last: [String: (at: Double, leftOut: Int)] = [:]

    /// The remark's end, such as `" (and 7 times before)"`, if the subject may be logged now; else nil.
    mutating func admit(_ subject: String, at now: Double) -> String? {
        if let entry = last[subject], now - entry.at < Self.seconds {
            last[subject]?.leftOut += 1
            return nil
        }
        let leftOut = last[subject]?.leftOut ?? 0
        if last.count >= Self.subjects { last = last.filter { now - $0.value.at < Self.seconds } }
        // A crowd of subjects within a minute shares one entry.
        let key = last.count < Self.subjects ? subject : ""
        if key.isEmpty, let shared = last[key], now - shared.at < Self.seconds { return nil }
        last[key] = (now, 0)
        return leftOut == 0 ? "" : " (and \(leftOut) times before)"
    }
}
