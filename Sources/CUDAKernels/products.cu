// Matrix products in float32 by our own kernel, and what surrounds those by a library.

#include <algorithm>

#include "tiles.cuh"

namespace {

template <int BM, int BN, int BK, int TM, int TN, class Element>
__global__ void __launch_bounds__((BM / TM) * (BN / TN), 2)
product_kernel(ProductShape shape, const Element *weights, float *y) {
    using Sums = Tile<BM, BN, BK, TM, TN>;
    const int64_t first_row = int64_t(blockIdx.y) * BM, first_output = int64_t(blockIdx.x) * BN;
    Sums tile;
    tile.compute(shape, weights, first_row, first_output);
#pragma unroll
    for (int i = 0; i < TM; i++) {
        int64_t row = first_row + Sums::row(i);
        if (row >= shape.rows) continue;
#pragma unroll
        for (int j = 0; j < TN; j++) {
            int64_t output = first_output + Sums::output(j);
            if (output < shape.outputs) y[row * shape.outputs + output] = tile.sums[i][j];
        }
    }
}

template <int BM, int BN, int BK, int TM, int TN, class Element>
void launch_product(mc_device *device, const ProductShape &shape, const Element *weights, float *y) {
    using Sums = Tile<BM, BN, BK, TM, TN>;
    dim3 blocks(unsigned(ceiling(shape.outputs, BN)), unsigned(ceiling(shape.rows, BM)));
    LAUNCH(
        device, (product_kernel<BM, BN, BK, TM, TN, Element>), blocks, Sums::threads, Sums::bytes, shape, weights, y);
}

/// A few rows are bound by reading the weights, and many blocks read at once; many rows by the multiply-adds.
template <class Element> void tiled(mc_device *device, const ProductShape &shape, const void *values, float *y) {
    auto weights = static_cast<const Element *>(values);
    if (shape.rows <= 16) launch_product<16, 32, 32, 2, 2>(device, shape, weights, y);
    else if (shape.rows <= 96) launch_product<32, 64, 16, 4, 4>(device, shape, weights, y);
    else launch_product<128, 128, 16, 8, 8>(device, shape, weights, y);
}

template <class From, class To>
__global__ void fill_kernel(const From *from, int64_t outputs, int64_t inputs, int64_t stride, To *to) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place >= outputs * stride) return;
    int64_t row = place / stride, column = place % stride;
    narrow(column < inputs ? widen(from[row * inputs + column]) : 0.0f, to[place]);
}

template <class From, class To> void fill_rows(mc_device *device, mc_weight weight, const From *host) {
    // Some rows at a time, so that the copy as it is stored takes little memory.
    const int64_t part = std::max<int64_t>(1, (int64_t(8) << 20) / std::max<int64_t>(1, weight.inputs));
    for (int64_t first = 0; first < weight.outputs && device->works(); first += part) {
        int64_t rows = std::min(part, weight.outputs - first);
        Scratch<From> stored(
            device, host + first * weight.inputs, uint64_t(rows * weight.inputs), "weights on their way");
        if (!device->works()) return;
        const From *from = stored;
        auto to = static_cast<To *>(weight.values) + first * weight.stride;
        LAUNCH(
            device, (fill_kernel<From, To>), dim3(unsigned(ceiling(rows * weight.stride, 256))), 256, 0, from, rows,
            weight.inputs, weight.stride, to);
    }
}

template <class From> void fill_from(mc_device *device, mc_weight weight, const void *host) {
    auto from = static_cast<const From *>(host);
    switch (weight.element) {
    case mc_float32: return fill_rows<From, float>(device, weight, from);
    case mc_float16: return fill_rows<From, Half>(device, weight, from);
    case mc_bfloat16: return fill_rows<From, BFloat16>(device, weight, from);
    }
}

}  // namespace

void fill_weight(mc_device *device, mc_weight weight, const void *host, mc_element element) {
    Call call(device);
    if (!device->works() || weight.stride == 0) return;
    switch (element) {
    case mc_float32: return fill_from<float>(device, weight, host);
    case mc_float16: return fill_from<Half>(device, weight, host);
    case mc_bfloat16: return fill_from<BFloat16>(device, weight, host);
    }
}

void multiply(mc_device *device, mc_gemm gemm, mc_matrix x, int64_t column, mc_weight weight, float *y) {
    if (!device->works() || x.rows == 0 || weight.outputs == 0) return;
    if (gemm == mc_library) return library_product(device, x, column, weight, y);
    ProductShape shape = {
        x.values + column, x.columns, x.rows, weight.stride, weight.inputs, weight.outputs,
        x.columns % 4 == 0 && column % 4 == 0 && reinterpret_cast<uintptr_t>(x.values) % 16 == 0};
    switch (weight.element) {
    case mc_float32: return tiled<float>(device, shape, weight.values, y);
    case mc_float16: return tiled<Half>(device, shape, weight.values, y);
    case mc_bfloat16: return tiled<BFloat16>(device, shape, weight.values, y);
    }
}

void product(mc_device *device, mc_gemm gemm, mc_matrix x, int64_t column, mc_weight weight, float *y) {
    Call call(device);
    multiply(device, gemm, x, column, weight, y);
}
