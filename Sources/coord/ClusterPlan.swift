/// How a launcher starts, resizes and stops a coordinator with its workers.
protocol ClusterPlan {
    func up(_ workers: Int) throws -> [ClusterStep]
    func scale(_ workers: Int) throws -> [ClusterStep]
    func down() throws -> [ClusterStep]
}

/// Jobs of `cluster/slurm`: one for the coordinator, and tasks 1 to N of arrays for workers.
struct SlurmPlan: ClusterPlan {
    let coordinator: String
    let worker: String

    func up(_ workers: Int) throws -> [ClusterStep] {
        let runs = try !tasks("molt-coordinator").isEmpty
        return (runs ? [] : [.run(["sbatch", coordinator])]) + (try scale(workers))
    }

    func scale(_ workers: Int) throws -> [ClusterStep] {
        let tasks = try tasks("molt-worker")
        let missing = Set(1...max(1, workers)).subtracting(tasks.map(\.index)).filter { $0 <= workers }.sorted()
        let surplus = tasks.filter { $0.index > workers }.map(\.job)
        let started: [ClusterStep] = missing.isEmpty ? [] : [.run(["sbatch", "--array=\(ranges(missing))", worker])]
        return started + (surplus.isEmpty ? [] : [.run(["scancel"] + surplus)])
    }

    func down() throws -> [ClusterStep] {
        let wait = #"while [ -n "$(squeue --me --noheader --name=molt-worker)" ]; do sleep 1; done"#
        return [
            .run(["scancel", "--me", "--name=molt-worker"]), .run(["sh", "-c", wait]),
            .run(["scancel", "--me", "--name=molt-coordinator"]),
        ]
    }

    /// The array index and the name of each task that waits or runs; 0 for one that is no array's.
    private func tasks(_ name: String) throws -> [(index: Int, job: String)] {
        let list = try ClusterStep.output(
            ["squeue", "--me", "--noheader", "--array", "--name=\(name)", "--format=%K %i"])
        return list.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            return words.count == 2 ? (Int(words[0]) ?? 0, words[1]) : nil
        }
    }

    /// `1-3,5` of 1, 2, 3 and 5.
    private func ranges(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}

/// Stateful sets of `cluster/kubernetes`, whose keys are there.
struct KubernetesPlan: ClusterPlan {
    let overlay: String
    let namespace: String

    func up(_ workers: Int) -> [ClusterStep] {
        [.run(["kubectl", "apply", "--kustomize", overlay]), replicas("molt-coordinator", 1)] + scale(workers)
    }

    func scale(_ workers: Int) -> [ClusterStep] { [replicas("molt-worker", workers)] }

    /// Deleting what was applied would delete the volume of models and rows.
    func down() -> [ClusterStep] {
        let wait = [
            "kubectl", "wait", "--namespace", namespace, "--for=delete", "pod", "--timeout=120s",
            "--selector=app.kubernetes.io/component=worker",
        ]
        return [replicas("molt-worker", 0), .run(wait), replicas("molt-coordinator", 0)]
    }

    private func replicas(_ name: String, _ count: Int) -> ClusterStep {
        .run(["kubectl", "scale", "--namespace", namespace, "statefulset/\(name)", "--replicas=\(count)"])
    }
}

/// The services of `docker/compose.yaml`.
struct ComposePlan: ClusterPlan {
    let program: [String]
    let file: String

    func up(_ workers: Int) -> [ClusterStep] { scale(workers) }

    func scale(_ workers: Int) -> [ClusterStep] { [step(["up", "--detach", "--scale", "worker=\(workers)"])] }

    func down() -> [ClusterStep] { [step(["stop", "--timeout", "60", "worker"]), step(["down", "--timeout", "60"])] }

    private func step(_ words: [String]) -> ClusterStep { .run(program + ["--file", file] + words) }
}
