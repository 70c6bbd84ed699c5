// Matrix products of a warp on tensor cores: sums [16, 8] += a [16, 16] · b [16, 8], operands in half the size, sums in
// float32.
//
// Each thread of the warp holds a part of each matrix: of a and b pairs of values that are neighbours along the sum, of
// the sums two neighbours in each of two rows. So sums need no detour to become the next product's b, transposed: those
// of [8, 16] by two products side by side are, pair by pair, the b [16, 8] of the same thread. On the host the same
// threads hold the same parts, and a sum adds its terms one after the other.

#ifndef MOLT_FRAGMENTS_CUH
#define MOLT_FRAGMENTS_CUH

#include "arithmetic.cuh"

struct Left {
    uint32_t values[4];
};
struct Right {
    uint32_t values[2];
};
struct Sums {
    float values[4] = {0, 0, 0, 0};
};

/// The row (less 8 for the second pair) and the first column that a thread holds of sums.
__device__ __forceinline__ int row_of_thread() { return int(threadIdx.x) % 32 / 4; }
__device__ __forceinline__ int column_of_thread() { return int(threadIdx.x) % 4 * 2; }

/// Two neighbours along a sum, rounded to the nearest; what is beyond the range becomes the largest, NaN stays NaN.
template <class Element> __device__ __forceinline__ uint32_t pair(float first, float second);

__device__ __forceinline__ float first_of(uint32_t pair, BFloat16) { return bits_to_float(pair << 16); }
__device__ __forceinline__ float second_of(uint32_t pair, BFloat16) { return bits_to_float(pair & 0xFFFF0000); }
__device__ __forceinline__ float first_of(uint32_t pair, Half) { return widen(Half{uint16_t(pair)}); }
__device__ __forceinline__ float second_of(uint32_t pair, Half) { return widen(Half{uint16_t(pair >> 16)}); }

#ifdef __CUDACC__

template <> __device__ __forceinline__ uint32_t pair<BFloat16>(float first, float second) {
    const float most = bits_to_float(0x7F7F0000);
    first = first > most ? most : first < -most ? -most : first;
    second = second > most ? most : second < -most ? -most : second;
    uint32_t result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(second), "f"(first));
    return result;
}

template <> __device__ __forceinline__ uint32_t pair<Half>(float first, float second) {
    const float most = 65504;
    first = first > most ? most : first < -most ? -most : first;
    second = second > most ? most : second < -most ? -most : second;
    uint32_t result;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(second), "f"(first));
    return result;
}

__device__ __forceinline__ uint32_t in_block(const void *memory) {
    return uint32_t(__cvta_generic_to_shared(memory));
}

/// Puts pairs down one after the other; memory is at a multiple of their bytes.
template <class Element> __device__ __forceinline__ void put(Element *memory, uint32_t pair) {
    *reinterpret_cast<uint32_t *>(memory) = pair;
}
template <class Element> __device__ __forceinline__ void put(Element *memory, uint32_t first, uint32_t second) {
    *reinterpret_cast<uint2 *>(memory) = make_uint2(first, second);
}

/// a from the block's memory, [16, 16] in rows of `stride`.
template <class Element> __device__ __forceinline__ Left left(const Element *memory, int stride) {
    const int lane = int(threadIdx.x) % 32;
    Left a;
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(a.values[0]), "=r"(a.values[1]), "=r"(a.values[2]), "=r"(a.values[3])
        : "r"(in_block(memory + lane % 16 * stride + lane / 16 * 8)) : "memory");
    return a;
}

/// a from the block's memory, where it lies transposed.
template <class Element> __device__ __forceinline__ Left left_transposed(const Element *memory, int stride) {
    const int lane = int(threadIdx.x) % 32;
    Left a;
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(a.values[0]), "=r"(a.values[1]), "=r"(a.values[2]), "=r"(a.values[3])
        : "r"(in_block(memory + (lane % 8 + lane / 16 * 8) * stride + lane / 8 % 2 * 8)) : "memory");
    return a;
}

/// b from the block's memory, where it lies transposed: [8, 16] in rows of `stride`.
template <class Element> __device__ __forceinline__ Right right_transposed(const Element *memory, int stride) {
    const int lane = int(threadIdx.x) % 32;
    Right b;
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
        : "=r"(b.values[0]), "=r"(b.values[1])
        : "r"(in_block(memory + lane % 8 * stride + lane / 8 % 2 * 8)) : "memory");
    return b;
}

/// b from the block's memory, [16, 8] in rows of `stride`.
template <class Element> __device__ __forceinline__ Right right(const Element *memory, int stride) {
    const int lane = int(threadIdx.x) % 32;
    Right b;
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
        : "=r"(b.values[0]), "=r"(b.values[1]) : "r"(in_block(memory + lane % 16 * stride)) : "memory");
    return b;
}

#define MOLT_MULTIPLY(type) \
    asm("mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 " \
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
        : "+f"(sums.values[0]), "+f"(sums.values[1]), "+f"(sums.values[2]), "+f"(sums.values[3]) \
        : "r"(a.values[0]), "r"(a.values[1]), "r"(a.values[2]), "r"(a.values[3]), "r"(b.values[0]), "r"(b.values[1]))

/// sums += a · b
template <class Element> __device__ __forceinline__ void multiply_add(Sums &sums, const Left &a, const Right &b);
template <> __device__ __forceinline__ void multiply_add<BFloat16>(Sums &sums, const Left &a, const Right &b) {
    MOLT_MULTIPLY("bf16");
}
template <> __device__ __forceinline__ void multiply_add<Half>(Sums &sums, const Left &a, const Right &b) {
    MOLT_MULTIPLY("f16");
}

#else

template <> inline uint32_t pair<BFloat16>(float first, float second) {
    auto rounded = [](float value) {
        uint32_t bits = float_to_bits(value), magnitude = bits & 0x7FFFFFFF;
        if (magnitude > 0x7F800000) return uint32_t(0x7FFF);
        if (magnitude > 0x7F7F0000) return (bits & 0x80000000) >> 16 | 0x7F7F;
        return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    };
    return rounded(first) | rounded(second) << 16;
}

template <> inline uint32_t pair<Half>(float first, float second) {
    auto rounded = [](float value) {
        Half half;
        narrow(value > 65504 ? 65504 : value < -65504 ? -65504 : value, half);
        return uint32_t(half.bits);
    };
    return rounded(first) | rounded(second) << 16;
}

template <class Element> void put(Element *memory, uint32_t pair) {
    memory[0].bits = uint16_t(pair), memory[1].bits = uint16_t(pair >> 16);
}
template <class Element> void put(Element *memory, uint32_t first, uint32_t second) {
    put(memory, first), put(memory + 2, second);
}

template <class Element> uint32_t neighbours(const Element *memory, int step) {
    return uint32_t(memory[0].bits) | uint32_t(memory[step].bits) << 16;
}

template <class Element> Left left(const Element *memory, int stride) {
    const Element *mine = memory + row_of_thread() * stride + column_of_thread();
    return {{neighbours(mine, 1), neighbours(mine + 8 * stride, 1), neighbours(mine + 8, 1),
        neighbours(mine + 8 * stride + 8, 1)}};
}

template <class Element> Left left_transposed(const Element *memory, int stride) {
    const Element *mine = memory + column_of_thread() * stride + row_of_thread();
    return {{neighbours(mine, stride), neighbours(mine + 8, stride), neighbours(mine + 8 * stride, stride),
        neighbours(mine + 8 * stride + 8, stride)}};
}

template <class Element> Right right_transposed(const Element *memory, int stride) {
    const Element *mine = memory + row_of_thread() * stride + column_of_thread();
    return {{neighbours(mine, 1), neighbours(mine + 8, 1)}};
}

template <class Element> Right right(const Element *memory, int stride) {
    const Element *mine = memory + column_of_thread() * stride + row_of_thread();
    return {{neighbours(mine, stride), neighbours(mine + 8 * stride, stride)}};
}

template <class Element> void multiply_add(Sums &sums, const Left &a, const Right &b) {
    struct Operands {
        Left a;
        Right b;
    };
    auto all = on_host::Grid::shared().share(Operands{a, b}, __LINE__);
    float lefts[2][16], rights[2][16];
    for (int k = 0; k < 16; k += 2)
        for (int i = 0; i < 2; i++) {
            // Lane 4·row + k/2 % 4 holds the pair at k of a row of a, and of a column of b.
            uint32_t of_a = all[row_of_thread() * 4 + k / 2 % 4].template read<Operands>().a.values[i + k / 8 * 2];
            uint32_t of_b = all[(column_of_thread() + i) * 4 + k / 2 % 4].template read<Operands>().b.values[k / 8];
            lefts[i][k] = first_of(of_a, Element()), lefts[i][k + 1] = second_of(of_a, Element());
            rights[i][k] = first_of(of_b, Element()), rights[i][k + 1] = second_of(of_b, Element());
        }
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 16; k++) sums.values[i] += lefts[i / 2][k] * rights[i % 2][k];
}

#endif

#endif
