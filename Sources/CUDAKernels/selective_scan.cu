// Mamba-1's selective scan.
//
// Four threads share a channel, each with a quarter of its states and decays in registers, so that a row costs no
// memory traffic but its inputs; a block takes 32 channels of a segment through time, some rows at a time. Δ and Δ·x
// are computed once a row and channel while rows are put into the block's memory. The four threads' parts of y are
// exchanged for four rows at once.

#include "arithmetic.cuh"

namespace {

constexpr int lanes = 4, channels = 32, threads = lanes * channels, steps = 32;

/// What a block keeps of `steps` rows.
template <int padded> struct Tile {
    float delta[steps][channels], input[steps][channels], skip[steps][channels], y[steps][channels];
    float b[steps][padded], c[steps][padded];
};

template <int padded>
__device__ __forceinline__ void load(Tile<padded> &tile, const mc_selective_scan &s, int64_t first, int count) {
    const int64_t first_channel = int64_t(blockIdx.x) * channels;
    for (int i = threadIdx.x; i < steps * channels; i += threads) {
        const int step = i / channels, place = i % channels;
        const int64_t row = first + step, channel = first_channel + place;
        float delta = 0, input = 0, skip = 0;
        if (step < count && channel < s.x.columns) {
            const float x = s.x.values[row * s.x.columns + channel];
            delta = softplus(s.dt.values[row * s.dt.columns + channel] + s.dt_bias[channel]);
            input = delta * x;
            skip = s.d[channel] * x;
        }
        tile.delta[step][place] = delta;
        tile.input[step][place] = input;
        tile.skip[step][place] = skip;
    }
    for (int i = threadIdx.x; i < steps * padded; i += threads) {
        const int step = i / padded, n = i % padded;
        const bool real = step < count && n < s.states;
        const float *row = s.bc.values + (first + step) * s.bc.columns;
        tile.b[step][n] = real ? row[s.b_column + n] : 0.0f;
        tile.c[step][n] = real ? row[s.c_column + n] : 0.0f;
    }
}

/// `per_lane` states a thread: its i-th is state `state_of(i)`.
template <int per_lane> __global__ void __launch_bounds__(threads, 4) scan_kernel(mc_selective_scan s) {
    constexpr int padded = per_lane * lanes;
    auto &tile = *static_cast<Tile<padded> *>(block_memory());
    const int64_t begin = s.segments.offsets[blockIdx.y], end = s.segments.offsets[blockIdx.y + 1];
    if (begin == end) return;
    const int place = threadIdx.x / lanes, lane = threadIdx.x % lanes;
    const int64_t channel = int64_t(blockIdx.x) * channels + place;
    const bool real = channel < s.x.columns;
    float *state = s.state + (int64_t(blockIdx.y) * s.x.columns + channel) * s.states;
    auto state_of = [lane](int i) { return i / 4 * 4 * lanes + lane * 4 + i % 4; };
    float h[per_lane], a[per_lane];
#pragma unroll
    for (int i = 0; i < per_lane; i++) {
        const int n = state_of(i);
        const bool has = real && n < s.states;
        h[i] = has ? state[n] : 0.0f;
        a[i] = has ? s.a[channel * s.states + n] : 0.0f;
    }
    for (int64_t first = begin; first < end; first += steps) {
        const int count = end - first < steps ? int(end - first) : steps;
        load(tile, s, first, count);
        __syncthreads();
        for (int group = 0; group < count; group += lanes) {
            float parts[lanes] = {};
#pragma unroll
            for (int j = 0; j < lanes; j++) {
                const int step = group + j;
                if (step >= count) break;
                const float delta = tile.delta[step][place], input = tile.input[step][place];
#pragma unroll
                for (int i = 0; i < per_lane; i++) {
                    const int n = state_of(i);
                    h[i] = fmaf(expf(delta * a[i]), h[i], input * tile.b[step][n]);
                    parts[j] = fmaf(tile.c[step][n], h[i], parts[j]);
                }
            }
            const float sum = transposed_sum<lanes>(parts, lane);
            const int mine = group + lane;
            if (mine < count) tile.y[mine][place] = tile.skip[mine][place] + sum;
        }
        __syncthreads();
        for (int i = threadIdx.x; i < count * channels; i += threads) {
            const int64_t out = int64_t(blockIdx.x) * channels + i % channels;
            if (out < s.x.columns) s.y[(first + i / channels) * s.x.columns + out] = tile.y[i / channels][i % channels];
        }
    }
#pragma unroll
    for (int i = 0; i < per_lane; i++)
        if (real && state_of(i) < s.states) state[state_of(i)] = h[i];
}

template <int per_lane> void launch(mc_device *device, const mc_selective_scan &s) {
    dim3 blocks(unsigned(ceiling(s.x.columns, channels)), unsigned(s.segments.count));
    LAUNCH(device, scan_kernel<per_lane>, blocks, threads, sizeof(Tile<per_lane * lanes>), s);
}

}  // namespace

void selective_scan(mc_device *device, const mc_selective_scan *scan) {
    Call call(device);
    const mc_selective_scan s = *scan;
    if (!device->works() || s.x.rows * s.x.columns == 0) return;
    if (s.states <= 16) launch<4>(device, s);
    else if (s.states <= mc_selective_states) launch<16>(device, s);
    else device->fail(mc_failed, "a selective scan of more than 64 states: use the CPU backend");
}
