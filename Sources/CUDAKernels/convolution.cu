// Causal depthwise convolution over packed segments.
//
// A thread an output: what neighbouring rows read twice comes from the cache, and every row of every segment runs at
// once. The inputs before a segment's first row are its state, which is brought up to date when all have read it.

#include "arithmetic.cuh"

namespace {

constexpr unsigned threads = 256;

/// The segment that owns a row: the last whose first row is not after it.
__device__ __forceinline__ int segment_of(int64_t row, const mc_segments &segments) {
    int low = 0, high = segments.count;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (segments.offsets[middle] <= row) low = middle;
        else high = middle;
    }
    return low;
}

__global__ void convolve_kernel(mc_convolution c, int64_t count) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place >= count) return;
    const int64_t row = place / c.channels, channel = place % c.channels;
    const int segment = segment_of(row, c.segments), width = c.width;
    const int64_t before = row - c.segments.offsets[segment];  // rows of the segment before this one
    const float *inputs = c.x.values + c.column + channel;
    const float *state = c.state + (segment * c.channels + channel) * width;
    float sum = c.bias[channel];
    for (int k = 0; k < width; k++) {
        int64_t back = width - 1 - k;
        // The state's newest input is the last.
        float input = back <= before ? inputs[(row - back) * c.x.columns] : state[width - (back - before)];
        sum = fmaf(c.weight[channel * width + k], input, sum);
    }
    c.y[place] = silu(sum);
}

__global__ void keep_window_kernel(mc_convolution c, int64_t count) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place >= count) return;
    const int64_t segment = place / c.channels, channel = place % c.channels;
    const int64_t first = c.segments.offsets[segment], length = c.segments.offsets[segment + 1] - first;
    float *state = c.state + place * c.width;
    for (int k = 0; k < c.width; k++) {
        int64_t row = length - c.width + k;
        state[k] = row >= 0 ? c.x.values[(first + row) * c.x.columns + c.column + channel] : state[k + length];
    }
}

}  // namespace

void convolve(mc_device *device, const mc_convolution *convolution) {
    Call call(device);
    const mc_convolution c = *convolution;
    const int64_t count = c.x.rows * c.channels, windows = int64_t(c.segments.count) * c.channels;
    if (!device->works() || count == 0) return;
    LAUNCH(device, convolve_kernel, dim3(unsigned(ceiling(count, threads))), threads, 0, c, count);
    LAUNCH(device, keep_window_kernel, dim3(unsigned(ceiling(windows, threads))), threads, 0, c, windows);
}
