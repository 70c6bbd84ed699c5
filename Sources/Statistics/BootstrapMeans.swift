import Dispatch

/// The means of resamples with replacement, in lm-evaluation-harness's order and with its bits.
///
/// Resamples come in chunks of up to a thousand; chunk `i` draws from Python's `random.Random(i).choices`, and what is
/// left of `iterations` beyond whole chunks is not drawn. Four chunks run in step, so that their sums do not wait for
/// one another, and groups of four on all processors; neither changes a sum.
public func bootstrapMeans(_ values: [Double], iterations: Int) -> [Double] {
    guard iterations > 0, !values.isEmpty else { return [] }
    let chunkSize = min(1000, iterations)
    let chunkCount = iterations / chunkSize
    let lanes = MersenneTwisters.laneCount
    let groupCount = (chunkCount + lanes - 1) / lanes
    let padded = groupCount * lanes * chunkSize
    let means = [Double](unsafeUninitializedCapacity: padded) { buffer, initializedCount in
        nonisolated(unsafe) let means = buffer
        DispatchQueue.concurrentPerform(iterations: groupCount) { group in
            fillGroup(group, of: values, chunkSize: chunkSize, means: means)
        }
        initializedCount = padded
    }
    return Array(means.prefix(chunkCount * chunkSize))
}

/// Writes the means of four chunks, each in its place among all.
private func fillGroup(_ group: Int, of values: [Double], chunkSize: Int, means: UnsafeMutableBufferPointer<Double>) {
    let lanes = MersenneTwisters.laneCount
    let first = group * lanes
    var generators = MersenneTwisters(seeds: (0..<lanes).map { UInt32(first + $0) })
    let count = Int32(values.count)
    let blockSize = MersenneTwisters.blockSize
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: blockSize * lanes) { places in
        places.initialize(repeating: 0)
        var used = blockSize
        for resample in 0..<chunkSize {
            var sums = SIMD4<Double>()
            var missing = values.count
            while missing > 0 {
                if used == blockSize {
                    generators.nextPlaces(below: count, into: places)
                    used = 0
                }
                let rows = used..<min(blockSize, used + missing)
                add(values, at: places, rows: rows, to: &sums)
                used = rows.upperBound
                missing -= rows.count
            }
            for lane in 0..<lanes {
                means.initializeElement(at: (first + lane) * chunkSize + resample, to: sums[lane] / Double(count))
            }
        }
    }
}

/// Adds to each lane's sum the values at its places, row after row.
private func add(
    _ values: [Double], at places: UnsafeMutableBufferPointer<UInt32>, rows: Range<Int>, to sums: inout SIMD4<Double>
) {
    values.withUnsafeBufferPointer { values in
        var total = sums
        for row in rows {
            let first = row &* 4
            total += SIMD4(
                values[Int(places[first])], values[Int(places[first &+ 1])],
                values[Int(places[first &+ 2])], values[Int(places[first &+ 3])])
        }
        sums = total
    }
}
