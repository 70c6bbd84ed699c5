// Mamba-2's scan in chunks of 32 rows, on tensor cores.
//
// With H the state before a chunk, e_t the product of the decays up to row t of it, and e_ts that of those after s:
//
//     y_t = e_t · (C_t·H) + Σ_{s ≤ t} (C_t·B_s) · e_ts · Δ_s · x_s + D · x_t
//     H'  = e_31 · H + Σ_s e_31,s · Δ_s · x_s ⊗ B_s
//
// which are four matrix products: C·Bᵀ, C·H, the mixed rows by x, and xᵀ·B. A block takes 64 channels of a head through
// a segment's chunks; each of its warps keeps the state of 16 channels in registers, as sums, from which it makes both
// the operand of C·H and, decayed, what xᵀ·B is added to. So a state is read and written once a segment, and what a
// chunk reads is its rows.
//
// Chunks are counted from a sequence's first row, not from a segment's: a state that lies between two chunks' ends is
// the one before the chunk and the rows since then (see molt_cuda.h), which the chunk takes part in again with other
// rows after them. A row's sums have then the same terms at the same places wherever its sequence was cut or forked:
// rows after it are selected away, and a product of zero and a number is zero. A row that is not a number would not be:
// it enters as zero, and its Δ as NaN, which it and the rows after it take over.

#include "fragments.cuh"
#include "tiles.cuh"

namespace {

constexpr int chunk = mc_chunk_rows, warps = 4, threads = 32 * warps, channels = 16 * warps;
/// A decay by less is none that float32 could tell from zero; sums of greater logarithms would lose small ones.
constexpr float least_logarithm = -100;

/// What the rows of a chunk left that began before a segment; see mc_head_scan.
struct Kept {
    float *counts, *rows;
    int64_t inner, width;

    __device__ __forceinline__ Kept(const mc_head_scan &s, int64_t segment) {
        inner = int64_t(s.heads) * s.head_dimension;
        width = inner + int64_t(s.groups) * s.states + s.heads;
        float *state = s.state + segment * (inner * s.states + s.heads + (chunk - 1) * width);
        counts = state + inner * s.states;
        rows = counts + s.heads;
    }
    __device__ __forceinline__ float *x(int64_t row, int head, int head_dimension) const {
        return rows + row * width + int64_t(head) * head_dimension;
    }
    __device__ __forceinline__ float *b(int64_t row, int group, int states) const {
        return rows + row * width + inner + int64_t(group) * states;
    }
    __device__ __forceinline__ float *delta(int64_t row, int heads, int head) const {
        return rows + (row + 1) * width - heads + head;
    }
};

__device__ __forceinline__ int group_of(const mc_head_scan &s, int head) { return head * s.groups / s.heads; }

__device__ __forceinline__ float delta_of(const mc_head_scan &s, int64_t row, int head) {
    const float dt = s.projected.values[row * s.projected.columns + s.dt_column + head];
    return fminf(fmaxf(softplus(dt + s.dt_bias[head]), s.dt_low), s.dt_high);
}

/// What a block keeps of a chunk's rows; rows of matrices are spread over the banks.
template <class Element, int padded> struct alignas(16) Chunk {
    Element b[chunk][padded + 8], c[chunk][padded + 8], x[chunk][channels + 8], mixed[chunk][chunk + 8];
    /// Δ, the logarithm of the decays up to a row, and what x is multiplied by for the state after the chunk.
    float delta[chunk], logarithm[chunk], weight[chunk];
    /// Whether x is not finite.
    int32_t hostile[chunk];
};

/// The rows of a sequence as a block sees them, from the beginning of the chunk that the segment begins in.
struct Rows {
    int64_t begin;  // the segment's first row
    int inherited;  // rows before it in its first chunk
    int head, first_channel;
    bool aligned;

    __device__ __forceinline__ int64_t place(int64_t index) const { return begin + index - inherited; }
};

template <class Element, int padded>
__device__ __forceinline__ void load(
    Chunk<Element, padded> &tile, const mc_head_scan &s, const Kept &kept, const Rows &rows, int64_t first, int count) {
    const int group = group_of(s, rows.head), width = s.head_dimension - rows.first_channel;
    const int64_t b_column = kept.inner + int64_t(group) * s.states;
    const int64_t x_column = int64_t(rows.head) * s.head_dimension + rows.first_channel;
    if (threadIdx.x < chunk) {
        const int step = int(threadIdx.x);
        const int64_t index = first + step;
        float delta = 0;
        if (step < count)
            delta = index < rows.inherited ? *kept.delta(index, s.heads, rows.head)
                                           : delta_of(s, rows.place(index), rows.head);
        float logarithm = fmaxf(delta * s.a[rows.head], least_logarithm);
#pragma unroll
        for (int before = 1; before < chunk; before *= 2) {
            const float sum = __shfl_up_sync(whole_warp, logarithm, before);
            if (step >= before) logarithm += sum;
        }
        tile.delta[step] = delta;
        tile.logarithm[step] = logarithm;
    }
#pragma unroll 4
    for (int i = threadIdx.x; i < chunk * padded / 4; i += threads) {
        const int step = i / (padded / 4), n = i % (padded / 4) * 4;
        const int64_t index = first + step;
        float4 b = {0, 0, 0, 0}, c = {0, 0, 0, 0};
        if (step < count && index < rows.inherited) {
            b = four(kept.b(index, group, s.states), n, s.states, rows.aligned);
        } else if (step < count) {
            const float *row = s.xbc.values + rows.place(index) * s.xbc.columns + b_column;
            b = four(row, n, s.states, rows.aligned);
            c = four(row + int64_t(s.groups) * s.states, n, s.states, rows.aligned);
        }
        put(&tile.b[step][n], pair<Element>(b.x, b.y), pair<Element>(b.z, b.w));
        put(&tile.c[step][n], pair<Element>(c.x, c.y), pair<Element>(c.z, c.w));
    }
#pragma unroll
    for (int i = threadIdx.x; i < chunk * channels / 4; i += threads) {
        const int step = i / (channels / 4), channel = i % (channels / 4) * 4;
        const int64_t index = first + step;
        float4 x = {0, 0, 0, 0};
        if (step < count && index < rows.inherited)
            x = four(
                kept.x(index, rows.head, s.head_dimension) + rows.first_channel, channel, width, rows.aligned);
        else if (step < count)
            x = four(s.xbc.values + rows.place(index) * s.xbc.columns + x_column, channel, width, rows.aligned);
        // A difference of a value that is no number, or none that is finite, from itself is no number.
        const float strange = x.x - x.x + (x.y - x.y) + (x.z - x.z) + (x.w - x.w);
        if (strange != 0) {
            tile.hostile[step] = 1;
            x = {0, 0, 0, 0};
        }
        put(&tile.x[step][channel], pair<Element>(x.x, x.y), pair<Element>(x.z, x.w));
    }
}

/// What each row takes of each other: C·Bᵀ, decayed, by Δ. Each warp has eight columns of the upper triangle's tiles.
template <class Element, int padded>
__device__ __forceinline__ void mix(Chunk<Element, padded> &tile, int first_own, int count) {
    const int warp = int(threadIdx.x) / 32, step = int(threadIdx.x) % 32;
    if (warp == 0) {
        const float delta = tile.hostile[step] ? bits_to_float(0x7FC00000) : tile.delta[step];
        tile.weight[step] = expf(tile.logarithm[chunk - 1] - tile.logarithm[step]) * delta;
    }
#pragma unroll 1
    for (int half = 0; half < 2; half++) {
        const int upper = 16 * half, columns = 8 * warp;
        if (columns >= upper + 16 || upper >= count || upper + 16 <= first_own) continue;
        Sums sums;
#pragma unroll
        for (int k = 0; k < padded; k += 16)
            multiply_add<Element>(
                sums, left(&tile.c[upper][k], padded + 8), right_transposed(&tile.b[columns][k], padded + 8));
        const int s = columns + column_of_thread();
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const int t = upper + row_of_thread() + 8 * i;
            float taken[2];
#pragma unroll
            for (int j = 0; j < 2; j++) {
                const float delta = tile.hostile[s + j] ? bits_to_float(0x7FC00000) : tile.delta[s + j];
                const float decay = expf(tile.logarithm[t] - tile.logarithm[s + j]);
                taken[j] = s + j <= t ? sums.values[2 * i + j] * (decay * delta) : 0.0f;
            }
            put(&tile.mixed[t][s], pair<Element>(taken[0], taken[1]));
        }
    }
}

/// y of the segment's own rows of a chunk, of a warp's channels.
template <class Element, int padded>
__device__ __forceinline__ void write(
    const Chunk<Element, padded> &tile, const mc_head_scan &s, const Rows &rows, const Sums (&state)[padded / 8],
    int64_t first, int first_own, int count) {
    const int warp = int(threadIdx.x) / 32;
    const int64_t inner = int64_t(s.heads) * s.head_dimension;
    const float skip = s.d[rows.head];
#pragma unroll 1
    for (int half = 0; half < 2; half++) {
        const int upper = 16 * half;
        if (upper >= count || upper + 16 <= first_own) continue;
        Sums read[2], near[2];
#pragma unroll
        for (int k = 0; k < padded / 16; k++) {
            const Left c = left(&tile.c[upper][16 * k], padded + 8);
#pragma unroll
            for (int p = 0; p < 2; p++) {
                const float *low = state[2 * k].values + 2 * p, *high = state[2 * k + 1].values + 2 * p;
                multiply_add<Element>(
                    read[p], c, Right{{pair<Element>(low[0], low[1]), pair<Element>(high[0], high[1])}});
            }
        }
        for (int k = 0; k <= half; k++) {
            const Left mixed = left(&tile.mixed[upper][16 * k], chunk + 8);
#pragma unroll
            for (int p = 0; p < 2; p++)
                multiply_add<Element>(near[p], mixed, right(&tile.x[16 * k][16 * warp + 8 * p], channels + 8));
        }
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const int t = upper + row_of_thread() + 8 * i;
            if (t < first_own || t >= count) continue;
            const int64_t row = rows.place(first + t);
            const float decay = expf(tile.logarithm[t]);
#pragma unroll
            for (int p = 0; p < 2; p++) {
                const int channel = rows.first_channel + 16 * warp + 8 * p + column_of_thread();
                const int64_t column = int64_t(rows.head) * s.head_dimension + channel;
                const float *x = s.xbc.values + row * s.xbc.columns + column;
                float *y = s.y + row * inner + column;
                const float first_y = fmaf(decay, read[p].values[2 * i], near[p].values[2 * i]);
                const float second_y = fmaf(decay, read[p].values[2 * i + 1], near[p].values[2 * i + 1]);
                if (rows.aligned && channel + 1 < s.head_dimension) {
                    const float2 both = *reinterpret_cast<const float2 *>(x);
                    *reinterpret_cast<float2 *>(y) = {fmaf(skip, both.x, first_y), fmaf(skip, both.y, second_y)};
                } else {
                    if (channel < s.head_dimension) y[0] = fmaf(skip, x[0], first_y);
                    if (channel + 1 < s.head_dimension) y[1] = fmaf(skip, x[1], second_y);
                }
            }
        }
    }
}

/// The state after a whole chunk.
template <class Element, int padded>
__device__ __forceinline__ void advance(const Chunk<Element, padded> &tile, Sums (&state)[padded / 8]) {
    const int warp = int(threadIdx.x) / 32;
    Left x[2];
#pragma unroll
    for (int k = 0; k < 2; k++) {
        x[k] = left_transposed(&tile.x[16 * k][16 * warp], channels + 8);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int step = 16 * k + i / 2 * 8 + column_of_thread();
            x[k].values[i] = pair<Element>(
                first_of(x[k].values[i], Element()) * tile.weight[step],
                second_of(x[k].values[i], Element()) * tile.weight[step + 1]);
        }
    }
    const float decay = expf(tile.logarithm[chunk - 1]);
#pragma unroll
    for (int j = 0; j < padded / 8; j++) {
#pragma unroll
        for (float &value : state[j].values) value *= decay;
#pragma unroll
        for (int k = 0; k < 2; k++)
            multiply_add<Element>(state[j], x[k], right(&tile.b[16 * k][8 * j], padded + 8));
    }
}

/// Calls with each value of a warp's state that there is, and where it lies.
template <int padded, class Body>
__device__ __forceinline__ void each_state(
    const mc_head_scan &s, const Rows &rows, float *states, Sums (&state)[padded / 8], Body body) {
    const int warp = int(threadIdx.x) / 32;
#pragma unroll
    for (int j = 0; j < padded / 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int channel = rows.first_channel + 16 * warp + row_of_thread() + i / 2 * 8;
            const int n = 8 * j + column_of_thread() + i % 2;
            if (channel < s.head_dimension && n < s.states)
                body(
                    state[j].values[i],
                    states[(int64_t(rows.head) * s.head_dimension + channel) * s.states + n]);
        }
}

template <class Element, int padded>
__global__ void __launch_bounds__(threads, 3) chunk_kernel(mc_head_scan s, int tiles, bool aligned) {
    auto &tile = *static_cast<Chunk<Element, padded> *>(block_memory());
    const int64_t begin = s.segments.offsets[blockIdx.y], own = s.segments.offsets[blockIdx.y + 1] - begin;
    if (own == 0) return;
    const Kept kept(s, blockIdx.y);
    const int head = int(blockIdx.x) / tiles;
    const Rows rows = {begin, int(kept.counts[head]), head, int(blockIdx.x) % tiles * channels, aligned};
    float *states = kept.counts - kept.inner * s.states;
    Sums state[padded / 8];
    each_state<padded>(s, rows, states, state, [](float &mine, float &there) { mine = there; });
    const int64_t total = rows.inherited + own;
    if (threadIdx.x < chunk) tile.hostile[threadIdx.x] = 0;
    __syncthreads();
    for (int64_t first = 0; first < total; first += chunk) {
        const int count = total - first < chunk ? int(total - first) : chunk;
        const int first_own = first == 0 ? rows.inherited : 0;
        load(tile, s, kept, rows, first, count);
        __syncthreads();
        mix(tile, first_own, count);
        __syncthreads();
        if (threadIdx.x < chunk) tile.hostile[threadIdx.x] = 0;
        write<Element, padded>(tile, s, rows, state, first, first_own, count);
        if (count == chunk) advance<Element, padded>(tile, state);
        __syncthreads();
    }
    if (total >= chunk)
        each_state<padded>(s, rows, states, state, [](float &mine, float &there) { there = mine; });
}

/// Keeps the rows of a segment's last chunk, where it is not whole, beside the state: a block a head.
__global__ void keep_kernel(mc_head_scan s) {
    const int64_t begin = s.segments.offsets[blockIdx.y], own = s.segments.offsets[blockIdx.y + 1] - begin;
    if (own == 0) return;
    const Kept kept(s, blockIdx.y);
    const int head = int(blockIdx.x), group = group_of(s, head);
    const int inherited = int(kept.counts[head]);
    const int64_t total = inherited + own;
    const int rest = int(total % chunk), known = total < chunk ? inherited : 0;
    // The group's B is kept by its first head.
    const bool keeps_b = head == 0 || group_of(s, head - 1) != group;
    const int width = s.head_dimension + (keeps_b ? s.states : 0);
    const int64_t first = begin + own - rest, b_column = kept.inner + int64_t(group) * s.states;
    for (int i = known * width + int(threadIdx.x); i < rest * width; i += int(blockDim.x)) {
        const int step = i / width, column = i % width;
        const float *row = s.xbc.values + (first + step) * s.xbc.columns;
        if (column < s.head_dimension)
            kept.x(step, head, s.head_dimension)[column] = row[int64_t(head) * s.head_dimension + column];
        else
            kept.b(step, group, s.states)[column - s.head_dimension] = row[b_column + column - s.head_dimension];
    }
    for (int step = known + int(threadIdx.x); step < rest; step += int(blockDim.x))
        *kept.delta(step, s.heads, head) = delta_of(s, first + step, head);
    __syncthreads();
    if (threadIdx.x == 0) kept.counts[head] = float(rest);
}

template <class Element, int padded> void launch(mc_device *device, const mc_head_scan &s) {
    const int tiles = int(ceiling(s.head_dimension, channels));
    // Then all rows and what they consist of begin at multiples of 16 bytes.
    const bool aligned = s.heads % 4 == 0 && s.head_dimension % 4 == 0 && s.states % 4 == 0 &&
        s.xbc.columns % 4 == 0 && reinterpret_cast<uintptr_t>(s.xbc.values) % 16 == 0 &&
        reinterpret_cast<uintptr_t>(s.state) % 16 == 0 && reinterpret_cast<uintptr_t>(s.y) % 16 == 0;
    dim3 blocks(unsigned(s.heads * tiles), unsigned(s.segments.count));
    LAUNCH(
        device, (chunk_kernel<Element, padded>), blocks, threads, sizeof(Chunk<Element, padded>), s, tiles, aligned);
    LAUNCH(device, keep_kernel, dim3(unsigned(s.heads), unsigned(s.segments.count)), threads, 0, s);
}

template <class Element> void scan(mc_device *device, const mc_head_scan &s) {
    if (s.states <= 16) launch<Element, 16>(device, s);
    else if (s.states <= 64) launch<Element, 64>(device, s);
    else if (s.states <= mc_chunked_states) launch<Element, 128>(device, s);
    else device->fail(mc_failed, "a chunked scan of more than 128 states: take it row after row");
}

}  // namespace

void chunked_scan(mc_device *device, const mc_head_scan &s) {
    if (s.operands == mc_float16) scan<Half>(device, s);
    else scan<BFloat16>(device, s);
}
