// A tile of a product x·wᵀ, as a block computes it: for products, and for what is read off products tile by tile.
//
// An output is one chain of fused multiply-adds along the inputs, from 0. So it has the same bits in a tile of any
// size, in a batch of any height, and as the CPU backend's; only the tile is chosen by the shape. What makes it fast:
// each thread keeps TM·TN sums in registers and reads TM + TN values of the block's memory for them, and the next
// slices are on their way from the device's memory while these are used.

#ifndef MOLT_TILES_CUH
#define MOLT_TILES_CUH

#include "arithmetic.cuh"

struct ProductShape {
    const float *x;
    int64_t x_stride, rows;
    int64_t w_stride, inputs, outputs;
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

/// The sums of a block's BM rows and BN outputs, TM by TN of them in each thread, from those at `first_row` and
/// `first_output` on; zeros beyond the ends. The block's memory has `bytes` of them.
template <int BM, int BN, int BK, int TM, int TN> struct Tile {
    static constexpr int threads = (BM / TM) * (BN / TN);
    static constexpr int row_span = BM * 4 / TM, output_span = BN * 4 / TN;
    using Left = Slice<BM, BK, threads>;
    using Right = Slice<BN, BK, threads>;
    static constexpr size_t bytes = sizeof(float) * BK * (Left::stride + Right::stride);

    float sums[TM][TN] = {};

    /// The row in the block of a thread's sum i, and the output of its sum j.
    __device__ __forceinline__ static int row(int i) {
        return picked<TM, row_span>(i, int(threadIdx.x) / (BN / TN));
    }
    __device__ __forceinline__ static int output(int j) {
        return picked<TN, output_span>(j, int(threadIdx.x) % (BN / TN));
    }

    template <class Element>
    __device__ __forceinline__ void compute(
        const ProductShape &shape, const Element *weights, int64_t first_row, int64_t first_output) {
        auto left_memory = static_cast<float *>(block_memory());
        float *right_memory = left_memory + BK * Left::stride;
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
    }
};

#endif
