// What is read off rows: importance, the most similar rows, and the head's log softmax, largest logits and argmax.
//
// Similarities and logits are never there as a whole: a product of some columns at a time is folded into a few numbers
// a row before the next is computed, and stays in the cache meanwhile. The columns' parts have one size, and are folded
// in order, so a row's sums have one value whatever else is folded with it.

#include <algorithm>
#include <vector>

#include "arithmetic.cuh"

namespace {

constexpr unsigned threads = 256;
/// Rows and columns of a product that is folded at a time.
constexpr int64_t part_rows = 512, part_columns = 4096;

template <int metric> __device__ __forceinline__ double measure(float value) {
    if constexpr (metric == mc_clip) return value > 0 ? value : 0;
    if constexpr (metric == mc_noclip) return value;
    if constexpr (metric == mc_l1) return fabsf(value);
    return double(value) * double(value);
}

/// A block a row.
template <int metric>
__global__ void __launch_bounds__(threads) importance_kernel(const float *features, int64_t columns, float *values) {
    const float *row = features + blockIdx.x * columns;
    double sum = 0;
    for (int64_t column = threadIdx.x; column < columns; column += threads) sum += measure<metric>(row[column]);
    sum = block_sum(sum, static_cast<double *>(block_memory()));
    if (threadIdx.x == 0) values[blockIdx.x] = float(metric == mc_l2 ? sqrt(sum) : sum / double(columns));
}

/// y[i] = the features' row / max(its norm, 1e−12), rectified if so asked, filled up with zeros to `stride`.
__global__ void __launch_bounds__(threads)
unit_kernel(const float *features, int64_t columns, const int32_t *rows, bool rectified, int64_t stride, float *y) {
    const float *row = features + rows[blockIdx.x] * columns;
    auto value = [&](int64_t column) { return rectified ? fmaxf(row[column], 0.0f) : row[column]; };
    double squares = 0;
    for (int64_t column = threadIdx.x; column < columns; column += threads)
        squares += double(value(column)) * double(value(column));
    squares = block_sum(squares, static_cast<double *>(block_memory()));
    const float norm = float(sqrt(squares)), divisor = norm < 1e-12f ? 1e-12f : norm;
    for (int64_t column = threadIdx.x; column < stride; column += threads)
        y[blockIdx.x * stride + column] = column < columns ? value(column) / divisor : 0.0f;
}

/// The two largest values, and the lowest column that has the largest.
struct Best {
    float maximum, second;
    int32_t argmax;

    __device__ __forceinline__ void join(const Best &other) {
        const bool wins = other.maximum > maximum || (other.maximum == maximum && other.argmax < argmax);
        second = wins ? fmaxf(maximum, other.second) : fmaxf(second, other.maximum);
        if (wins) {
            maximum = other.maximum;
            argmax = other.argmax;
        }
    }
};

/// The best of a block's threads, in every thread.
__device__ __forceinline__ Best block_best(Best best, Best *bests) {
#pragma unroll
    for (int lanes = 16; lanes > 0; lanes /= 2)
        best.join({
            __shfl_xor_sync(whole_warp, best.maximum, lanes), __shfl_xor_sync(whole_warp, best.second, lanes),
            __shfl_xor_sync(whole_warp, best.argmax, lanes)});
    if (threadIdx.x % 32 == 0) bests[threadIdx.x / 32] = best;
    __syncthreads();
    best = bests[0];
    for (unsigned warp = 1; warp < threads / 32; warp++) best.join(bests[warp]);
    return best;
}

/// Folds `columns` values a row, which stand for the columns from `first` on, into what was folded before; a block a
/// row.
template <bool exponentials>
__global__ void __launch_bounds__(threads)
fold_kernel(const float *values, int64_t columns, int32_t first, mc_fold *folds) {
    const float *row = values + blockIdx.x * columns;
    auto bests = static_cast<Best *>(block_memory());
    auto sums = reinterpret_cast<double *>(bests + 2 * (threads / 32));
    Best best = {-INFINITY, -INFINITY, INT32_MAX};
    for (int64_t column = threadIdx.x; column < columns; column += threads)
        best.join({row[column], -INFINITY, first + int32_t(column)});
    best = block_best(best, bests);
    double sum = 0;
    if constexpr (exponentials) {
        for (int64_t column = threadIdx.x; column < columns; column += threads) sum += expf(row[column] - best.maximum);
        sum = block_sum(sum, sums);
    }
    if (threadIdx.x != 0) return;
    mc_fold &fold = folds[blockIdx.x];
    if (first > 0) {
        Best before = {fold.maximum, fold.second, fold.argmax};
        const float largest = fmaxf(before.maximum, best.maximum);
        if constexpr (exponentials)
            sum = fold.sum * exp(double(before.maximum) - double(largest)) +
                sum * exp(double(best.maximum) - double(largest));
        before.join(best);
        best = before;
    }
    fold = {best.maximum, best.second, sum, best.argmax, 0};
}

/// The values at pairs of a row and a column, of those in this part.
__global__ void pick_kernel(
    const float *values, int64_t first_row, int64_t rows, int64_t first, int64_t columns, const int32_t *pair_rows,
    const int32_t *pair_columns, int64_t count, float *picked) {
    const int64_t pair = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (pair >= count) return;
    const int64_t row = pair_rows[pair] - first_row, column = pair_columns[pair] - first;
    if (row >= 0 && row < rows && column >= 0 && column < columns) picked[pair] = values[row * columns + column];
}

constexpr size_t sums_bytes = threads / 32 * sizeof(double);
/// As many bests twice over, so that the sums behind them begin at a multiple of 8 bytes.
constexpr size_t fold_bytes = 2 * (threads / 32) * sizeof(Best) + sums_bytes;

struct Pairs {
    const int32_t *rows, *columns;
    int64_t count;
    float *values;
};

/// Folds x·weightᵀ row by row, some rows and columns at a time.
template <bool exponentials>
void fold_product(mc_device *device, mc_gemm gemm, mc_matrix x, mc_weight weight, mc_fold *folds, Pairs pairs) {
    const int64_t most_rows = ceiling(std::min(x.rows, part_rows), mc_library_rows) * mc_library_rows;
    const int64_t most_columns = std::min(weight.outputs, part_columns);
    Scratch<float> part(device, uint64_t(most_rows * most_columns), "a part of a product");
    float *values = part;
    const int64_t bytes = weight.element == mc_float32 ? 4 : 2;
    for (int64_t first_row = 0; first_row < x.rows && device->works(); first_row += part_rows)
        for (int64_t first = 0; first < weight.outputs; first += part_columns) {
            mc_matrix rows = {x.values + first_row * x.columns, std::min(part_rows, x.rows - first_row), x.columns};
            mc_weight columns = weight;
            columns.values = static_cast<char *>(weight.values) + first * weight.stride * bytes;
            columns.outputs = std::min(part_columns, weight.outputs - first);
            multiply(device, gemm, rows, 0, columns, values);
            mc_fold *row_folds = folds + first_row;
            LAUNCH(
                device, fold_kernel<exponentials>, dim3(unsigned(rows.rows)), threads, fold_bytes, values,
                columns.outputs, int32_t(first), row_folds);
            if (pairs.count == 0) continue;
            LAUNCH(
                device, pick_kernel, dim3(unsigned(ceiling(pairs.count, threads))), threads, 0, values, first_row,
                rows.rows, first, columns.outputs, pairs.rows, pairs.columns, pairs.count, pairs.values);
        }
}

template <int metric> void measure_rows(mc_device *device, mc_matrix features, float *values) {
    LAUNCH(
        device, importance_kernel<metric>, dim3(unsigned(features.rows)), threads, sums_bytes, features.values,
        features.columns, values);
}

}  // namespace

void measure_importance(mc_device *device, mc_matrix rows, mc_metric metric, float *values) {
    if (rows.rows == 0) return;
    switch (metric) {
    case mc_clip: return measure_rows<mc_clip>(device, rows, values);
    case mc_noclip: return measure_rows<mc_noclip>(device, rows, values);
    case mc_l1: return measure_rows<mc_l1>(device, rows, values);
    case mc_l2: return measure_rows<mc_l2>(device, rows, values);
    }
}

void unit_rows(
    mc_device *device, mc_matrix features, const int32_t *rows, int64_t count, bool rectified, int64_t stride,
    float *y) {
    if (count == 0) return;
    LAUNCH(
        device, unit_kernel, dim3(unsigned(count)), threads, sums_bytes, features.values, features.columns, rows,
        rectified, stride, y);
}

void importance(
    mc_device *device, mc_matrix features, int64_t first, int64_t count, mc_metric metric, float *host_values) {
    Call call(device);
    if (!device->works() || count == 0) return;
    Scratch<float> scratch(device, uint64_t(count), "importance");
    if (!device->works()) return;
    float *values = scratch;
    mc_matrix rows = {features.values + first * features.columns, count, features.columns};
    measure_importance(device, rows, metric, values);
    device->receive(host_values, values, uint64_t(count) * sizeof(float));
}

void match(
    mc_device *device, mc_matrix features, const int32_t *host_sources, int64_t source_count,
    const int32_t *host_destinations, int64_t destination_count, int32_t rectified, mc_fold *host_folds) {
    Call call(device);
    if (!device->works() || source_count == 0) return;
    const int64_t stride = ceiling(features.columns, mc_weight_columns) * mc_weight_columns;
    Scratch<int32_t> sources(device, host_sources, uint64_t(source_count), "row numbers");
    Scratch<int32_t> destinations(device, host_destinations, uint64_t(destination_count), "row numbers");
    Scratch<float> left(device, uint64_t(source_count * stride), "rows to compare");
    Scratch<float> right(device, uint64_t(destination_count * stride), "rows to compare");
    Scratch<mc_fold> scratch(device, uint64_t(source_count), "matches");
    if (!device->works()) return;
    unit_rows(device, features, sources, source_count, rectified != 0, stride, left);
    unit_rows(device, features, destinations, destination_count, rectified != 0, stride, right);
    mc_weight candidates = {right, destination_count, stride, stride, mc_float32};
    mc_fold *folds = scratch;
    fold_product<false>(device, mc_tiled, {left, source_count, stride}, candidates, folds, {});
    device->receive(host_folds, folds, uint64_t(source_count) * sizeof(mc_fold));
}

void rate(
    mc_device *device, mc_gemm gemm, mc_matrix hidden, mc_weight head, const int32_t *host_rows,
    const int32_t *host_tokens, int64_t pair_count, mc_fold *host_folds, float *host_logits) {
    Call call(device);
    if (!device->works() || hidden.rows == 0) return;
    Scratch<int32_t> rows(device, host_rows, uint64_t(pair_count), "rated rows");
    Scratch<int32_t> tokens(device, host_tokens, uint64_t(pair_count), "rated tokens");
    Scratch<float> logits(device, uint64_t(pair_count), "logits");
    Scratch<mc_fold> folds(device, uint64_t(hidden.rows), "folded logits");
    if (!device->works()) return;
    fold_product<true>(device, gemm, hidden, head, folds, {rows, tokens, pair_count, logits});
    device->receive(host_folds, folds, uint64_t(hidden.rows) * sizeof(mc_fold));
    if (pair_count > 0) device->receive(host_logits, logits, uint64_t(pair_count) * sizeof(float));
}
