// Mamba-2's scan on a library, over some segments, one pass after the other.

#ifndef MOLT_TESTS_HEAD_SCANS_H
#define MOLT_TESTS_HEAD_SCANS_H

#include <algorithm>
#include <cstring>

#include "library.h"

/// The same numbers for every shape and form, so that forms can be compared.
struct HeadScan {
    int32_t heads, width, groups, states;
    /// mc_float32 for row after row.
    mc_element operands;

    int64_t inner() const { return int64_t(heads) * width; }
    int64_t row() const { return inner() + 2 * int64_t(groups) * states; }
    /// The values of a state, and how many of them are defined whatever was read.
    int64_t columns() const { return counted() + (operands == mc_float32 ? 0 : (mc_chunk_rows - 1) * kept()); }
    int64_t counted() const { return inner() * states + (operands == mc_float32 ? 0 : heads); }
    static int64_t rows(const Integers &lengths) {
        int64_t rows = 0;
        for (int32_t length : lengths) rows += length;
        return rows;
    }

    /// States that something has been read into, at a chunk's beginning.
    Floats first_states(size_t sequences) const {
        Floats all, some = Numbers{17}.floats(size_t(inner() * states));
        for (size_t i = 0; i < sequences; i++) {
            all.insert(all.end(), some.begin(), some.end());
            all.resize((i + 1) * size_t(columns()));
        }
        return all;
    }

    /// y of the rows from `first` on, some segments packed, each of which goes on from its state.
    Floats run(const Library &lib, int64_t first, const Integers &lengths, Floats &state) const {
        const int64_t count = rows(lengths), end = first + count;
        auto last = [&](const Floats &values, int64_t columns) {
            return lib.put(Floats(values.begin() + first * columns, values.begin() + end * columns));
        };
        Numbers numbers{7};
        float *bias = lib.put(numbers.floats(size_t(heads), -0.1f, 0.1f)), *d = lib.put(numbers.floats(size_t(heads)));
        float *a = lib.put(numbers.floats(size_t(heads), -16, -0.01f));
        float *xbc = last(Numbers{8}.floats(size_t(end * row())), row());
        float *dt = last(Numbers{9}.floats(size_t(end * heads), -6, -2), heads);
        float *y = lib.room(uint64_t(count * inner()));
        float *states_there = lib.put(state);
        Integers offsets = {0};
        for (int32_t length : lengths) offsets.push_back(offsets.back() + length);
        int32_t *segments = lib.put(offsets);
        mc_head_scan scan = {
            {xbc, count, row()}, {dt, count, heads}, 0, heads, width, groups, states, 0, INFINITY, bias, a, d,
            states_there, {segments, int32_t(lengths.size())}, y, operands};
        lib.f->head_scan(lib.device, &scan);
        Floats values = lib.get(y, uint64_t(count * inner()));
        state = lib.get(states_there, state.size());
        for (float *each : {xbc, dt, y, bias, d, a, states_there}) lib.give(each);
        lib.give(segments);
        return values;
    }

private:
    int64_t kept() const { return inner() + int64_t(groups) * states + heads; }
};

/// Whether a row has the same bits wherever its sequence is cut into passes.
inline int check_cuts(const Library &lib, mc_element operands) {
    int failures = 0;
    for (HeadScan scan : {HeadScan{4, 64, 1, 128, operands}, HeadScan{3, 20, 1, 33, operands}}) {
        const Integers whole = {107};
        Floats state = scan.first_states(1), expected = scan.run(lib, 0, whole, state);
        for (const Integers &cuts : {
                 Integers{1, 106}, {5, 102}, {16, 91}, {31, 1, 75}, {32, 75}, {33, 74}, {64, 43}, {10, 10, 10, 10, 67},
                 {3, 28, 1, 1, 1, 32, 41}, Integers(107, 1)}) {
            Floats cut_state = scan.first_states(1), values;
            int64_t first = 0;
            for (int32_t length : cuts) {
                const Floats part = scan.run(lib, first, {length}, cut_state);
                values.insert(values.end(), part.begin(), part.end());
                first += length;
            }
            if (std::memcmp(values.data(), expected.data(), values.size() * sizeof(float)) == 0 &&
                std::memcmp(cut_state.data(), state.data(), size_t(scan.counted()) * sizeof(float)) == 0)
                continue;
            std::printf("FAILED: a sequence cut after %d rows has other bits, element %d\n", cuts[0], operands);
            failures++;
        }
    }
    return failures;
}

#endif
