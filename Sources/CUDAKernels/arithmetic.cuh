// Functions of numbers, and sums over the threads of a warp or block in a fixed order.

#ifndef MOLT_ARITHMETIC_CUH
#define MOLT_ARITHMETIC_CUH

#include <float.h>

#include "device.h"

inline constexpr unsigned whole_warp = 0xFFFFFFFF;

__device__ __forceinline__ float bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

__device__ __forceinline__ uint32_t float_to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/// A value as it is stored in half the size.
struct Half {
    uint16_t bits;
};
struct BFloat16 {
    uint16_t bits;
};

__device__ __forceinline__ float widen(float value) { return value; }

__device__ __forceinline__ float widen(BFloat16 value) { return bits_to_float(uint32_t(value.bits) << 16); }

__device__ __forceinline__ float widen(Half value) {
    uint32_t sign = uint32_t(value.bits & 0x8000) << 16, rest = value.bits & 0x7FFF;
    if (rest >= 0x7C00) return bits_to_float(sign | 0x7F800000 | (rest & 0x3FF) << 13);
    // Multiplying moves the exponent, also of what is denormal in half.
    return bits_to_float(float_to_bits(bits_to_float(rest << 13) * 0x1p112f) | sign);
}

/// The nearest bfloat16, ties to even; denormals become zeros of their sign, NaN stays NaN.
__device__ __forceinline__ void narrow(float value, BFloat16 &result) {
    uint32_t bits = float_to_bits(value), magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) bits = 0x7FC00000;
    else if (magnitude < 0x00800000) bits &= 0x80000000;
    else bits += 0x7FFF + (bits >> 16 & 1);
    result.bits = uint16_t(bits >> 16);
}

/// The nearest half, ties to even.
__device__ __forceinline__ void narrow(float value, Half &result) {
    uint32_t bits = float_to_bits(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) result.bits = uint16_t(sign | 0x7E00);
    else if (magnitude >= 0x47800000) result.bits = uint16_t(sign | 0x7C00);
    else if (magnitude < 0x38800000)
        // Below the normal halves: adding ½ leaves the last bit of a half where float32's is.
        result.bits = uint16_t(sign | (float_to_bits(bits_to_float(magnitude) + 0.5f) - 0x3F000000));
    else result.bits = uint16_t(sign | ((magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1)) >> 13));
}

__device__ __forceinline__ void narrow(float value, float &result) { result = value; }

/// x / (1 + e⁻ˣ)
__device__ __forceinline__ float silu(float x) { return x / (1.0f + expf(-x)); }

/// log(1 + eˣ); x itself above 20.
__device__ __forceinline__ float softplus(float x) { return x > 20.0f ? x : log1pf(expf(x)); }

/// The sum over a warp, in every thread: a tree over the lanes.
__device__ __forceinline__ double warp_sum(double value) {
#pragma unroll
    for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(whole_warp, value, lanes);
    return value;
}

/// The sum over a block, in every thread: a tree over each warp's lanes, then warp after warp. Needs 8 bytes of the
/// block's memory a warp, which may be used again after the next barrier.
__device__ __forceinline__ double block_sum(double value, double *sums) {
    value = warp_sum(value);
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = value;
    __syncthreads();
    double sum = 0;
    for (unsigned warp = 0; warp < blockDim.x / 32; warp++) sum += sums[warp];
    return sum;
}

/// Of `lanes` neighbouring threads, each with one term of `lanes` sums, thread i gets sum i.
///
/// A sum adds its terms in one tree, whichever thread gets it; all together take lanes − 1 exchanges.
template <int lanes> __device__ __forceinline__ float transposed_sum(float (&terms)[lanes], int lane) {
#pragma unroll
    for (int half = lanes / 2; half > 0; half /= 2) {
        bool upper = (lane & half) != 0;
#pragma unroll
        for (int i = 0; i < half; i++) {
            float mine = upper ? terms[i + half] : terms[i];
            float others = upper ? terms[i] : terms[i + half];
            terms[i] = mine + __shfl_xor_sync(whole_warp, others, half);
        }
    }
    return terms[0];
}

#endif
