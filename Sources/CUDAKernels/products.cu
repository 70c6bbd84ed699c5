// Matrix products in float32 by our own kernel, and what surrounds those by a library.
//
// An output is one chain of fused multiply-adds along the inputs, from 0. So it has the same bits in a tile of any
// size, in a batch of any height, and as the CPU backend's; only the tile is chosen by the shape. What makes it fast:
// each thread keeps TM·TN sums in registers and reads TM + TN values of the block's memory for them, and the next
// slices are on their way from the device's memory while these are used.

#include <algorithm>

#include "arithmetic.cuh"

namespace {

struct ProductShape {
    const float *x;
    int64_t x_stride, rows;
    int64_t w_stride, inputs, outputs;
    float *y;
    /// Whether rows of x begin at multiples of 16 bytes.
    bool aligned;
};

/// Four neighbouring inputs of a row from k on, zeros beyond the end.
__device__ __forceinline__ float4 four(const float *row, int64_t k, int64_t inputs, bool aligned) {
    if (aligned && k + 4 <= inputs) return *reinterpret_cast<const float4 *>(row + k);
    float4 values = {0, 0, 0, 0};
    if (k < inputs) values.x = row[k];
    if (k + 1 < inputs) values.y = row[k + 1];
    if (k + 2 < inputs) values.z = row[k + 2];
    if (k + 3 < inputs) values.w = row[k + 3];
    return values;
}

struct alignas(8) FourHalves {
    uint16_t values[4];
};

/// Four neighbouring weights; rows are filled up with zeros to a multiple of eight.
template <class Element>
__device__ __forceinline__ float4 four_weights(const Element *row, int64_t k, int64_t stride) {
    if (k >= stride) return {0, 0, 0, 0};
    auto packed = *reinterpret_cast<const FourHalves *>(row + k);
    return {
        widen(Element{packed.values[0]}), widen(Element{packed.values[1]}), widen(Element{packed.values[2]}),
        widen(Element{packed.values[3]})};
}

template <> __device__ __forceinline__ float4 four_weights(const float *row, int64_t k, int64_t stride) {
    if (k >= stride) return {0, 0, 0, 0};
    return *reinterpret_cast<const float4 *>(row + k);
}

/// How `rows` rows of `depth` values are read by `threads` threads, four values at a time, and put down by columns.
template <int rows, int depth, int threads> struct Slice {
    static constexpr int stride = rows + 4, fours = rows * depth / 4 / threads, per_row = depth / 4;
    static_assert(fours >= 1 && fours * threads * 4 == rows * depth);
    float4 values[fours];

    __device__ __forceinline__ static int row(int i) { return (i * threads + int(threadIdx.x)) / per_row; }
    __device__ __forceinline__ static int column(int i) { return (i * threads + int(threadIdx.x)) % per_row * 4; }

    __device__ __forceinline__ void put(float *memory) const {
#pragma unroll
        for (int i = 0; i < fours; i++) {
            float *place = memory + column(i) * stride + row(i);
            place[0] = values[i].x;
            place[stride] = values[i].y;
            place[2 * stride] = values[i].z;
            place[3 * stride] = values[i].w;
        }
    }
};

/// `count` values that a thread has of a column of a slice: by fours where there are as many, `span` apart.
template <int count, int span>
__device__ __forceinline__ void pick(float (&to)[count], const float *column, int place) {
    if constexpr (count % 4 == 0) {
#pragma unroll
        for (int i = 0; i < count; i += 4) {
            float4 values = *reinterpret_cast<const float4 *>(column + i / 4 * span + place * 4);
            to[i] = values.x;
            to[i + 1] = values.y;
            to[i + 2] = values.z;
            to[i + 3] = values.w;
        }
    } else {
#pragma unroll
        for (int i = 0; i < count; i++) to[i] = column[place * count + i];
    }
}

/// Where the value that `pick` puts at `i` lies in the slice.
template <int count, int span> __device__ __forceinline__ int picked(int i, int place) {
    return count % 4 == 0 ? i / 4 * span + place * 4 + i % 4 : place * count + i;
}

template <int BM, int BN, int BK, int TM, int TN, class Element>
__global__ void __launch_bounds__((BM / TM) * (BN / TN), 2)
product_kernel(ProductShape shape, const Element *weights) {
    constexpr int threads = (BM / TM) * (BN / TN);
    constexpr int row_span = BM * 4 / TM, output_span = BN * 4 / TN;
    using Left = Slice<BM, BK, threads>;
    using Right = Slice<BN, BK, threads>;
    auto left_memory = static_cast<float *>(block_memory());
    float *right_memory = left_memory + BK * Left::stride;
    const int64_t first_row = int64_t(blockIdx.y) * BM, first_output = int64_t(blockIdx.x) * BN;
    const int row_place = int(threadIdx.x) / (BN / TN), output_place = int(threadIdx.x) % (BN / TN);

    Left left;
    Right right;
    auto load = [&](int64_t k) {
#pragma unroll
        for (int i = 0; i < Left::fours; i++) {
            int64_t row = first_row + Left::row(i);
            left.values[i] = row < shape.rows
                ? four(shape.x + row * shape.x_stride, k + Left::column(i), shape.inputs, shape.aligned)
                : float4{0, 0, 0, 0};
        }
#pragma unroll
        for (int i = 0; i < Right::fours; i++) {
            int64_t output = first_output + Right::row(i);
            right.values[i] = output < shape.outputs
                ? four_weights(weights + output * shape.w_stride, k + Right::column(i), shape.w_stride)
                : float4{0, 0, 0, 0};
        }
    };

    float sums[TM][TN] = {};
    load(0);
    for (int64_t k = 0; k < shape.inputs; k += BK) {
        __syncthreads();
        left.put(left_memory);
        right.put(right_memory);
        __syncthreads();
        if (k + BK < shape.inputs) load(k + BK);
#pragma unroll
        for (int step = 0; step < BK; step++) {
            float a[TM], b[TN];
            pick<TM, row_span>(a, left_memory + step * Left::stride, row_place);
            pick<TN, output_span>(b, right_memory + step * Right::stride, output_place);
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++) sums[i][j] = fmaf(a[i], b[j], sums[i][j]);
        }
    }
#pragma unroll
    for (int i = 0; i < TM; i++) {
        int64_t row = first_row + picked<TM, row_span>(i, row_place);
        if (row >= shape.rows) continue;
#pragma unroll
        for (int j = 0; j < TN; j++) {
            int64_t output = first_output + picked<TN, output_span>(j, output_place);
            if (output < shape.outputs) shape.y[row * shape.outputs + output] = sums[i][j];
        }
    }
}

template <int BM, int BN, int BK, int TM, int TN, class Element>
void launch_product(mc_device *device, const ProductShape &shape, const Element *weights) {
    dim3 blocks(unsigned(ceiling(shape.outputs, BN)), unsigned(ceiling(shape.rows, BM)));
    size_t memory = sizeof(float) * BK * (Slice<BM, BK, (BM / TM) * (BN / TN)>::stride + BN + 4);
    LAUNCH(
        device, (product_kernel<BM, BN, BK, TM, TN, Element>), blocks, (BM / TM) * (BN / TN), memory, shape, weights);
}

/// A few rows are bound by reading the weights, and many blocks read at once; many rows by the multiply-adds.
template <class Element> void tiled(mc_device *device, const ProductShape &shape, const Element *weights) {
    if (shape.rows <= 16) launch_product<16, 32, 32, 2, 2>(device, shape, weights);
    else if (shape.rows <= 96) launch_product<32, 64, 16, 4, 4>(device, shape, weights);
    else launch_product<128, 128, 16, 8, 8>(device, shape, weights);
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
        x.values + column, x.columns, x.rows, weight.stride, weight.inputs, weight.outputs, y,
        x.columns % 4 == 0 && column % 4 == 0 && reinterpret_cast<uintptr_t>(x.values) % 16 == 0};
    switch (weight.element) {
    case mc_float32: return tiled(device, shape, static_cast<const float *>(weight.values));
    case mc_float16: return tiled(device, shape, static_cast<const Half *>(weight.values));
    case mc_bfloat16: return tiled(device, shape, static_cast<const BFloat16 *>(weight.values));
    }
}

void product(mc_device *device, mc_gemm gemm, mc_matrix x, int64_t column, mc_weight weight, float *y) {
    Call call(device);
    multiply(device, gemm, x, column, weight, y);
}
