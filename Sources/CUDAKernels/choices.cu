// Which rows of a sequence go, chosen on the device: nothing waits for the host inside a pass.
//
// A row's rank is the number of rows before it, and is counted: all rows are compared with all, by a thread each, which
// reads the others from the block's memory. Orders are total (ties the lower row first), so a rank is one number
// whatever is counted first, and nothing is sorted or added atomically. For N rows that is N² comparisons beside the
// N²/4 products of E inputs that similarity takes.
//
// Similarities are never there as a whole: a block folds its tile of the product into the best of each row, and the
// tiles' bests are joined in order.

#include <algorithm>

#include "tiles.cuh"

namespace {

constexpr int threads = 256;
constexpr int largest_grid = 65535;
using Similarities = Tile<64, 64, 16, 4, 4>;

/// What the kernels read and write, on the device; see mc_choice.
struct Record {
    float *importance;
    int32_t *ranks, *sources, *destinations, *matched;
    float *similarity;
    int32_t *order;
};

/// An integer that ascends with a float; both zeros are equal, what is not a number comes last.
__device__ __forceinline__ uint32_t ascending(float value) {
    if (value != value) return 0xFFFFFFFF;
    const uint32_t bits = float_to_bits(value + 0.0f);
    return bits >> 31 ? ~bits : bits | 0x80000000;
}

/// The sum of `flag` over the threads before this one, and over all; needs 4 bytes of the block's memory a warp, which
/// may be used again at once.
__device__ __forceinline__ int count_before(int flag, int32_t *sums, int &all) {
    const int lane = int(threadIdx.x) % 32, warp = int(threadIdx.x) / 32;
    int inclusive = flag;
#pragma unroll
    for (int lanes = 1; lanes < 32; lanes *= 2) {
        const int other = __shfl_up_sync(whole_warp, inclusive, lanes);
        if (lane >= lanes) inclusive += other;
    }
    if (lane == 31) sums[warp] = inclusive;
    __syncthreads();
    int before = inclusive - flag;
    all = 0;
    for (int i = 0; i < threads / 32; i++) {
        if (i < warp) before += sums[i];
        all += sums[i];
    }
    __syncthreads();
    return before;
}

/// Ranks rows by importance ascending, or sources by similarity descending.
template <bool of_sources>
__global__ void __launch_bounds__(threads)
rank_kernel(const float *values, const mc_sequence *sequences, int count, int32_t *ranks) {
    auto keys = static_cast<uint32_t *>(block_memory());
    const int first = int(blockIdx.x) * threads, mine = first + int(threadIdx.x);
    for (int each = int(blockIdx.y); each < count; each += int(gridDim.y)) {
        const mc_sequence sequence = sequences[each];
        const int n = of_sources ? sequence.sources : sequence.rows;
        const int offset = of_sources ? sequence.first_source : sequence.first;
        if (first >= n) continue;
        auto key = [&](int place) { return ascending(of_sources ? -values[offset + place] : values[offset + place]); };
        const uint32_t own = mine < n ? key(mine) : 0;
        int rank = 0;
        for (int begin = 0; begin < n; begin += threads) {
            const int part = min(threads, n - begin);
            __syncthreads();
            if (int(threadIdx.x) < part) keys[threadIdx.x] = key(begin + int(threadIdx.x));
            __syncthreads();
            for (int i = 0; i < part; i++) rank += keys[i] < own || (keys[i] == own && begin + i < mine);
        }
        if (mine < n) ranks[offset + mine] = rank;
    }
}

/// Lists the rows that are connected, and those that they are connected to; a block a sequence.
__global__ void __launch_bounds__(threads)
split_kernel(const mc_sequence *sequences, int count, mc_sources which, Record record) {
    auto sums = static_cast<int32_t *>(block_memory());
    for (int each = int(blockIdx.x); each < count; each += int(gridDim.x)) {
        const mc_sequence sequence = sequences[each];
        if (sequence.sources == 0) continue;
        int32_t *sources = record.sources + sequence.first_source;
        int32_t *destinations = record.destinations + sequence.first_destination;
        for (int begin = 0, counted = 0; begin < sequence.rows; begin += threads) {
            const int place = begin + int(threadIdx.x), row = sequence.first + place;
            const bool there = place < sequence.rows;
            bool flag = false;
            if (there && which == mc_less_important) flag = record.ranks[row] < sequence.sources;
            if (there && which == mc_even_places)
                flag = sequence.pruned == 0 || record.ranks[row] >= sequence.pruned;
            int all;
            const int before = counted + count_before(flag, sums, all);
            counted += all;
            if (!there) continue;
            if (which == mc_less_important) {
                if (flag) sources[before] = row;
                else destinations[place - before] = row;
            } else if (flag) (before % 2 == 0 ? sources : destinations)[before / 2] = row;
        }
    }
}

/// The best destination of each source, of those in one tile.
__global__ void __launch_bounds__(Similarities::threads)
match_kernel(
    const float *sources, const float *destinations, int64_t stride, const mc_sequence *sequences, int count,
    int64_t source_count, float *values, int32_t *places) {
    for (int each = int(blockIdx.z); each < count; each += int(gridDim.z)) {
        const mc_sequence sequence = sequences[each];
        const int first_row = int(blockIdx.y) * 64, first_output = int(blockIdx.x) * 64;
        if (first_row >= sequence.sources || first_output >= sequence.destinations) continue;
        const ProductShape shape = {
            sources + sequence.first_source * stride, stride, sequence.sources, stride, stride, sequence.destinations,
            true};
        Similarities tile;
        tile.compute(shape, destinations + sequence.first_destination * stride, first_row, first_output);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float best = -INFINITY;
            int place = 0x7FFFFFFF;
            auto join = [&](float value, int at) {
                if (value > best || (value == best && at < place)) {
                    best = value;
                    place = at;
                }
            };
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const int output = first_output + Similarities::output(j);
                if (output < sequence.destinations) join(tile.sums[i][j], output);
            }
            // Sixteen neighbouring threads have a row together.
#pragma unroll
            for (int lanes = 8; lanes > 0; lanes /= 2) {
                const float value = __shfl_xor_sync(whole_warp, best, lanes);
                const int at = __shfl_xor_sync(whole_warp, place, lanes);
                join(value, at);
            }
            const int row = first_row + Similarities::row(i);
            if (threadIdx.x % 16 != 0 || row >= sequence.sources) continue;
            values[blockIdx.x * source_count + sequence.first_source + row] = best;
            places[blockIdx.x * source_count + sequence.first_source + row] = place;
        }
    }
}

/// Joins the tiles' bests; a source that is like none by any number has the first.
__global__ void __launch_bounds__(threads)
join_kernel(
    const float *values, const int32_t *places, const mc_sequence *sequences, int count, int64_t source_count,
    Record record) {
    for (int each = int(blockIdx.y); each < count; each += int(gridDim.y)) {
        const mc_sequence sequence = sequences[each];
        const int own = int(blockIdx.x) * threads + int(threadIdx.x), source = sequence.first_source + own;
        if (own >= sequence.sources) continue;
        float best = -INFINITY;
        int place = 0;
        for (int tile = 0; tile * 64 < sequence.destinations; tile++) {
            const float value = values[tile * source_count + source];
            if (!(value > best)) continue;
            best = value;
            place = places[tile * source_count + source];
        }
        record.matched[source] = place;
        record.similarity[source] = best;
    }
}

/// The destination that each source is merged into where it is: its best, or the best of another; a block a sequence.
__global__ void __launch_bounds__(threads)
exchange_kernel(const mc_sequence *sequences, int count, Record record, int32_t *by_order, int32_t *into) {
    auto sums = static_cast<int32_t *>(block_memory());
    for (int each = int(blockIdx.x); each < count; each += int(gridDim.x)) {
        const mc_sequence sequence = sequences[each];
        const int n = sequence.sources, first = sequence.first_source;
        for (int i = int(threadIdx.x); i < n; i += threads) by_order[first + record.order[first + i]] = i;
        __syncthreads();
        for (int begin = 0, counted = 0; begin < n; begin += threads) {
            const int place = begin + int(threadIdx.x);
            const bool used = place < n && record.order[first + place] < sequence.used;
            int all;
            const int before = counted + count_before(used, sums, all);
            counted += all;
            if (used) into[first + place] = record.matched[first + by_order[first + before]];
        }
        __syncthreads();
    }
}

/// The rows that stay; a block a sequence.
__global__ void __launch_bounds__(threads)
keep_kernel(const mc_sequence *sequences, int count, Record record, int32_t *gone, int32_t *kept) {
    auto sums = static_cast<int32_t *>(block_memory());
    for (int each = int(blockIdx.x); each < count; each += int(gridDim.x)) {
        const mc_sequence sequence = sequences[each];
        const int rows = sequence.rows + sequence.spared;
        for (int i = int(threadIdx.x); i < rows; i += threads) {
            const int row = sequence.first + i;
            gone[row] = i < sequence.rows && sequence.pruned > 0 && record.ranks[row] < sequence.pruned;
        }
        __syncthreads();
        for (int i = int(threadIdx.x); i < sequence.sources; i += threads) {
            const int source = sequence.first_source + i;
            if (record.order[source] < sequence.used) gone[record.sources[source]] = 1;
        }
        __syncthreads();
        for (int begin = 0, counted = 0; begin < rows; begin += threads) {
            const int place = begin + int(threadIdx.x);
            const bool stays = place < rows && !gone[sequence.first + place];
            int all;
            const int before = counted + count_before(stays, sums, all);
            counted += all;
            if (stays) kept[sequence.first_output + before] = sequence.first + place;
        }
        __syncthreads();
    }
}

/// The sources that are merged, by destination and then by row, and where each destination's begin.
struct Merges {
    int32_t *sources, *first, *count;
};

/// Counts where each merged source and each destination's first comes.
__global__ void __launch_bounds__(threads)
merge_kernel(
    const mc_sequence *sequences, int count, bool of_residual, Record record, const int32_t *into, Merges merges) {
    constexpr int nowhere = 0x7FFFFFFF;
    auto others = static_cast<int32_t *>(block_memory());
    const int first = int(blockIdx.x) * threads, mine = first + int(threadIdx.x);
    for (int each = int(blockIdx.y); each < count; each += int(gridDim.y)) {
        const mc_sequence sequence = sequences[each];
        const int n = sequence.sources, pruned = of_residual ? sequence.residual_pruned : sequence.hidden_pruned;
        if (first >= n && first >= sequence.destinations) continue;
        auto destination = [&](int place) {
            const int order = place < n ? record.order[sequence.first_source + place] : -1;
            return order >= pruned && order < sequence.used ? into[sequence.first_source + place] : nowhere;
        };
        const int own = destination(mine);
        int place = 0, before = 0, here = 0;
        for (int begin = 0; begin < n; begin += threads) {
            const int part = min(threads, n - begin);
            __syncthreads();
            if (int(threadIdx.x) < part) others[threadIdx.x] = destination(begin + int(threadIdx.x));
            __syncthreads();
            for (int i = 0; i < part; i++) {
                const int other = others[i];
                place += other < own || (other == own && begin + i < mine);
                before += other < mine;
                here += other == mine;
            }
        }
        if (own != nowhere)
            merges.sources[sequence.first_source + place] = record.sources[sequence.first_source + mine];
        if (mine < sequence.destinations) {
            const int row = record.destinations[sequence.first_destination + mine];
            merges.first[row] = sequence.first_source + before;
            merges.count[row] = here;
        }
    }
}

/// A thread an output value: the row that stays, and the mean of it and those that are merged into it.
__global__ void __launch_bounds__(threads)
reduce_kernel(const float *x, int64_t columns, const int32_t *kept, Merges merges, int64_t count, float *y) {
    const int64_t place = int64_t(blockIdx.x) * threads + threadIdx.x;
    if (place >= count) return;
    const int64_t row = kept[place / columns], column = place % columns;
    float sum = x[row * columns + column];
    const int merged = merges.count[row];
    if (merged > 0) {
        const int32_t *sources = merges.sources + merges.first[row];
        for (int i = 0; i < merged; i++) sum += x[sources[i] * columns + column];
        sum /= float(1 + merged);
    }
    y[place] = sum;
}

unsigned blocks_of(int64_t count) { return unsigned(ceiling(count, threads)); }

/// A choice on its way: what is on the device, and how large its launches are.
struct Work {
    mc_device *device;
    const mc_choice &choice;
    const mc_sequence *sequences;
    int count;
    /// Of any sequence.
    int64_t most_rows = 0, most_sources = 0, most_destinations = 0;
    Record record;

    unsigned grid() const { return unsigned(count < largest_grid ? count : largest_grid); }

    void match() {
        const int64_t stride = ceiling(choice.features.columns, mc_weight_columns) * mc_weight_columns;
        const int64_t all = choice.source_count, tiles = ceiling(most_destinations, 64);
        Scratch<float> left(device, uint64_t(all * stride), "rows to compare");
        Scratch<float> right(device, uint64_t(choice.destination_count * stride), "rows to compare");
        Scratch<float> bests(device, uint64_t(tiles * all), "matches");
        Scratch<int32_t> best_places(device, uint64_t(tiles * all), "matches");
        if (!device->works()) return;
        unit_rows(device, choice.features, record.sources, all, choice.rectified != 0, stride, left);
        unit_rows(
            device, choice.features, record.destinations, choice.destination_count, choice.rectified != 0, stride, right);
        const float *sources = left, *destinations = right;
        float *values = bests;
        int32_t *places = best_places;
        const mc_sequence *list = sequences;
        const int sequence_count = count;
        const Record to = record;
        LAUNCH(
            device, match_kernel, dim3(unsigned(tiles), unsigned(ceiling(most_sources, 64)), grid()),
            Similarities::threads, Similarities::bytes, sources, destinations, stride, list, sequence_count, all,
            values, places);
        LAUNCH(
            device, join_kernel, dim3(blocks_of(most_sources), grid()), threads, 0, values, places, list,
            sequence_count, all, to);
        LAUNCH(
            device, rank_kernel<true>, dim3(blocks_of(most_sources), grid()), threads, threads * 4, to.similarity, list,
            sequence_count, to.order);
    }

    /// Reduces a branch; `into` is null where nothing is merged.
    void reduce(mc_matrix x, bool of_residual, const int32_t *kept, const int32_t *into, float *y) {
        const int64_t rows = choice.features.rows, values = choice.output_count * x.columns;
        Scratch<int32_t> memory(device, uint64_t(2 * rows + choice.source_count), "merges");
        if (!device->works() || values == 0) return;
        const Merges merges = {memory + 2 * rows, memory, memory + rows};
        device->check(cudaMemsetAsync(merges.count, 0, uint64_t(rows) * 4, device->stream), "clearing");
        const mc_sequence *list = sequences;
        const int sequence_count = count;
        const Record from = record;
        if (into)
            LAUNCH(
                device, merge_kernel, dim3(blocks_of(std::max(most_sources, most_destinations)), grid()), threads,
                threads * 4, list, sequence_count, of_residual, from, into, merges);
        LAUNCH(
            device, reduce_kernel, dim3(blocks_of(values)), threads, 0, x.values, x.columns, kept, merges, values, y);
    }
};

}  // namespace

void choose(mc_device *device, const mc_choice *choice) {
    Call call(device);
    const int64_t rows = choice->features.rows, sources = choice->source_count;
    if (!device->works() || rows == 0 || choice->sequence_count == 0) return;
    Scratch<mc_sequence> sequences(
        device, choice->host_sequences, uint64_t(choice->sequence_count), "what sequences lose");
    Scratch<int32_t> memory(device, uint64_t(rows + choice->output_count + 2 * sources), "rows that stay");
    if (!device->works()) return;
    auto words = static_cast<int32_t *>(choice->record);
    int32_t *lists = words + 2 * rows;
    int32_t *matches = lists + sources + choice->destination_count;
    Work work = {device, *choice, sequences, int(choice->sequence_count), 0, 0, 0, {
        reinterpret_cast<float *>(words), words + rows, lists, lists + sources, matches,
        reinterpret_cast<float *>(matches + sources), matches + 2 * sources}};
    for (int64_t i = 0; i < choice->sequence_count; i++) {
        const mc_sequence &each = choice->host_sequences[i];
        work.most_rows = std::max<int64_t>(work.most_rows, each.rows);
        work.most_sources = std::max<int64_t>(work.most_sources, each.sources);
        work.most_destinations = std::max<int64_t>(work.most_destinations, each.destinations);
    }
    const mc_sequence *list = sequences;
    const int count = work.count;
    const Record record = work.record;
    int32_t *gone = memory, *kept = gone + rows, *by_order = kept + choice->output_count, *into = by_order + sources;
    if (choice->reads_importance && work.most_rows > 0) {
        measure_importance(device, choice->features, choice->metric, record.importance);
        LAUNCH(
            device, rank_kernel<false>, dim3(blocks_of(work.most_rows), work.grid()), threads, threads * 4,
            record.importance, list, count, record.ranks);
    }
    if (sources > 0) {
        const mc_sources which = choice->sources;
        LAUNCH(device, split_kernel, dim3(work.grid()), threads, threads / 32 * 4, list, count, which, record);
        work.match();
        if (choice->exchanged)
            LAUNCH(
                device, exchange_kernel, dim3(work.grid()), threads, threads / 32 * 4, list, count, record, by_order,
                into);
        else into = record.matched;
    } else into = nullptr;
    if (!device->works()) return;
    LAUNCH(device, keep_kernel, dim3(work.grid()), threads, threads / 32 * 4, list, count, record, gone, kept);
    work.reduce(choice->hidden, false, kept, into, choice->hidden_out);
    work.reduce(choice->residual, true, kept, into, choice->residual_out);
}
