// Mamba-2's scan, step by step.
//
// Eight threads share a channel of a head, each with an eighth of its states in registers, and each thread has two
// channels, so that what it reads of B and C serves twice; a block takes 32 channels of a head through a segment's
// time, some rows at a time. The eight threads' parts of y are exchanged for eight rows at once. This is the exact form;
// chunked_scan.cu has the one for tensor cores.

#include "arithmetic.cuh"

namespace {

constexpr int lanes = 8, channels_per_thread = 2, channels = 32, steps = 16;
constexpr int threads = lanes * channels / channels_per_thread;

/// What a block keeps of `steps` rows.
template <int padded> struct Tile {
    float delta[steps], decay[steps];
    float x[steps][channels], y[steps][channels];
    float b[steps][padded], c[steps][padded];
};

template <int padded>
__device__ __forceinline__ void load(
    Tile<padded> &tile, const mc_head_scan &s, int head, int first_channel, int64_t first, int count) {
    const int64_t inner = int64_t(s.heads) * s.head_dimension;
    const int64_t b_column = inner + int64_t(head * s.groups / s.heads) * s.states;
    const int64_t c_column = b_column + int64_t(s.groups) * s.states;
    for (int step = threadIdx.x; step < steps; step += threads) {
        float delta = 0;
        if (step < count) {
            const float dt = s.projected.values[(first + step) * s.projected.columns + s.dt_column + head];
            delta = fminf(fmaxf(softplus(dt + s.dt_bias[head]), s.dt_low), s.dt_high);
        }
        tile.delta[step] = delta;
        tile.decay[step] = expf(delta * s.a[head]);
    }
    for (int i = threadIdx.x; i < steps * channels; i += threads) {
        const int step = i / channels, channel = first_channel + i % channels;
        const bool real = step < count && channel < s.head_dimension;
        const float *row = s.xbc.values + (first + step) * s.xbc.columns;
        tile.x[step][i % channels] = real ? row[int64_t(head) * s.head_dimension + channel] : 0.0f;
    }
    for (int i = threadIdx.x; i < steps * padded; i += threads) {
        const int step = i / padded, n = i % padded;
        const bool real = step < count && n < s.states;
        const float *row = s.xbc.values + (first + step) * s.xbc.columns;
        tile.b[step][n] = real ? row[b_column + n] : 0.0f;
        tile.c[step][n] = real ? row[c_column + n] : 0.0f;
    }
}

/// One row: states and their parts of y, for the two channels of a thread.
template <int per_lane>
__device__ __forceinline__ void advance(
    const Tile<per_lane * lanes> &tile, int step, int place, int lane, float (&h)[channels_per_thread][per_lane],
    float (&part)[channels_per_thread]) {
    const float decay = tile.decay[step], delta = tile.delta[step];
    float input[channels_per_thread];
#pragma unroll
    for (int p = 0; p < channels_per_thread; p++) {
        input[p] = delta * tile.x[step][place + p * channels / channels_per_thread];
        part[p] = 0;
    }
#pragma unroll
    for (int i = 0; i < per_lane; i++) {
        const int n = per_lane % 4 == 0 ? i / 4 * 4 * lanes + lane * 4 + i % 4 : i * lanes + lane;
        const float b = tile.b[step][n], c = tile.c[step][n];
#pragma unroll
        for (int p = 0; p < channels_per_thread; p++) {
            h[p][i] = fmaf(decay, h[p][i], input[p] * b);
            part[p] = fmaf(c, h[p][i], part[p]);
        }
    }
}

template <int per_lane> __global__ void __launch_bounds__(threads, 3) scan_kernel(mc_head_scan s, int tiles) {
    constexpr int padded = per_lane * lanes;
    auto &tile = *static_cast<Tile<padded> *>(block_memory());
    const int64_t begin = s.segments.offsets[blockIdx.y], end = s.segments.offsets[blockIdx.y + 1];
    if (begin == end) return;
    const int head = int(blockIdx.x) / tiles, first_channel = int(blockIdx.x) % tiles * channels;
    const int place = threadIdx.x / lanes, lane = threadIdx.x % lanes;
    const int64_t inner = int64_t(s.heads) * s.head_dimension;
    const int64_t first_inner = int64_t(head) * s.head_dimension + first_channel;
    const float skip = s.d[head];
    auto state_of = [lane](int i) {
        return per_lane % 4 == 0 ? i / 4 * 4 * lanes + lane * 4 + i % 4 : i * lanes + lane;
    };
    auto place_of = [place](int p) { return place + p * channels / channels_per_thread; };
    float h[channels_per_thread][per_lane];
#pragma unroll
    for (int p = 0; p < channels_per_thread; p++)
#pragma unroll
        for (int i = 0; i < per_lane; i++) {
            const bool has = first_channel + place_of(p) < s.head_dimension && state_of(i) < s.states;
            const int64_t channel = int64_t(blockIdx.y) * inner + first_inner + place_of(p);
            h[p][i] = has ? s.state[channel * s.states + state_of(i)] : 0.0f;
        }
    for (int64_t first = begin; first < end; first += steps) {
        const int count = end - first < steps ? int(end - first) : steps;
        load(tile, s, head, first_channel, first, count);
        __syncthreads();
        for (int group = 0; group < count; group += lanes) {
            float parts[channels_per_thread][lanes] = {};
#pragma unroll
            for (int j = 0; j < lanes; j++) {
                if (group + j >= count) break;
                float part[channels_per_thread];
                advance<per_lane>(tile, group + j, place, lane, h, part);
#pragma unroll
                for (int p = 0; p < channels_per_thread; p++) parts[p][j] = part[p];
            }
#pragma unroll
            for (int p = 0; p < channels_per_thread; p++) {
                const float sum = transposed_sum<lanes>(parts[p], lane);
                const int mine = group + lane;
                if (mine < count) tile.y[mine][place_of(p)] = fmaf(skip, tile.x[mine][place_of(p)], sum);
            }
        }
        __syncthreads();
        for (int i = threadIdx.x; i < count * channels; i += threads)
            if (first_channel + i % channels < s.head_dimension)
                s.y[(first + i / channels) * inner + first_inner + i % channels] = tile.y[i / channels][i % channels];
    }
#pragma unroll
    for (int p = 0; p < channels_per_thread; p++)
#pragma unroll
        for (int i = 0; i < per_lane; i++) {
            const int64_t channel = int64_t(blockIdx.y) * inner + first_inner + place_of(p);
            if (first_channel + place_of(p) < s.head_dimension && state_of(i) < s.states)
                s.state[channel * s.states + state_of(i)] = h[p][i];
        }
}

template <int per_lane> void launch(mc_device *device, const mc_head_scan &s) {
    const int tiles = int(ceiling(s.head_dimension, channels));
    dim3 blocks(unsigned(s.heads * tiles), unsigned(s.segments.count));
    LAUNCH(device, scan_kernel<per_lane>, blocks, threads, sizeof(Tile<per_lane * lanes>), s, tiles);
}

}  // namespace

void head_scan(mc_device *device, const mc_head_scan *scan) {
    Call call(device);
    const mc_head_scan s = *scan;
    if (!device->works() || s.xbc.rows == 0) return;
    if (s.operands != mc_float32) return chunked_scan(device, s);
    if (s.states <= 16) launch<2>(device, s);
    else if (s.states <= 64) launch<8>(device, s);
    else if (s.states <= 128) launch<16>(device, s);
    else if (s.states <= mc_head_states) launch<32>(device, s);
    else device->fail(mc_failed, "a head scan of more than 256 states: use the CPU backend");
}
