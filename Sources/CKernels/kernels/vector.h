// Sixteen-lane vectors and the functions that the kernels share. Each instruction set compiles its own copy.

#define INLINE static inline __attribute__((always_inline, unused))

typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef float f32x16_unaligned __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t u32x16 __attribute__((ext_vector_type(16)));
typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));
typedef double f64x16 __attribute__((ext_vector_type(16)));

INLINE f32x16 splat(float value) { return (f32x16)value; }

INLINE f32x16 load(const float *p) { return *(const f32x16_unaligned *)p; }

INLINE void store(float *p, f32x16 v) { *(f32x16_unaligned *)p = v; }

/// The first `lanes` floats at p, then zeros.
INLINE f32x16 load_part(const float *p, ptrdiff_t lanes) {
    if (lanes >= 16) return load(p);
    f32x16 v = 0;
    for (ptrdiff_t i = 0; i < lanes; i++) v[i] = p[i];
    return v;
}

INLINE void store_part(float *p, f32x16 v, ptrdiff_t lanes) {
    if (lanes >= 16) {
        store(p, v);
        return;
    }
    for (ptrdiff_t i = 0; i < lanes; i++) p[i] = v[i];
}

INLINE f32x16 fma16(f32x16 a, f32x16 b, f32x16 c) { return __builtin_elementwise_fma(a, b, c); }

INLINE f32x16 as_float(u32x16 bits) { return __builtin_bit_cast(f32x16, bits); }

INLINE u32x16 as_bits(f32x16 v) { return __builtin_bit_cast(u32x16, v); }

INLINE f32x16 magnitude(f32x16 v) { return as_float(as_bits(v) & 0x7fffffffu); }

/// Begins a segment in its parent's last state: its own floats [first, last) become the parent's.
INLINE void inherit(const ptrdiff_t *parents, ptrdiff_t segment, float *state, ptrdiff_t stride, ptrdiff_t first,
                    ptrdiff_t last) {
    if (!parents || parents[segment] < 0 || first >= last) return;
    __builtin_memcpy(state + segment * stride + first, state + parents[segment] * stride + first,
                     (size_t)(last - first) * sizeof *state);
}

/// Lane i plus lane i + 8, then + 4, + 2, + 1.
INLINE double sum_lanes(f64x16 v) {
    double a[16];
    __builtin_memcpy(a, &v, sizeof a);
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++) a[i] += a[i + half];
    return a[0];
}

/// v transposed as a 16 × 16 matrix, by four rounds of interleaving rows i and i + 8.
INLINE void transpose16(f32x16 v[16]) {
    for (int round = 0; round < 4; round++) {
        f32x16 w[16];
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) {
            w[2 * i] = __builtin_shufflevector(v[i], v[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            w[2 * i + 1] = __builtin_shufflevector(v[i], v[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30,
                                                   15, 31);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) v[i] = w[i];
    }
}

/// columns[n] lane i = p[i·stride + n], zero in lanes ≥ `lanes`; n in 0..<count.
INLINE void load_transposed(const float *p, ptrdiff_t stride, ptrdiff_t lanes, ptrdiff_t count, f32x16 *columns) {
    ptrdiff_t n = 0;
    for (; lanes == 16 && n + 16 <= count; n += 16) {
        f32x16 v[16];
        for (int i = 0; i < 16; i++) v[i] = load(p + i * stride + n);
        transpose16(v);
        for (int i = 0; i < 16; i++) columns[n + i] = v[i];
    }
    for (; n < count; n++) {
        f32x16 v = 0;
        for (ptrdiff_t i = 0; i < lanes; i++) v[i] = p[i * stride + n];
        columns[n] = v;
    }
}

/// p[i·stride + n] = columns[n] lane i, for i < lanes and n in 0..<count.
INLINE void store_transposed(float *p, ptrdiff_t stride, ptrdiff_t lanes, ptrdiff_t count, const f32x16 *columns) {
    ptrdiff_t n = 0;
    for (; lanes == 16 && n + 16 <= count; n += 16) {
        f32x16 v[16];
        for (int i = 0; i < 16; i++) v[i] = columns[n + i];
        transpose16(v);
        for (int i = 0; i < 16; i++) store(p + i * stride + n, v[i]);
    }
    for (; n < count; n++)
        for (ptrdiff_t i = 0; i < lanes; i++) p[i * stride + n] = columns[n][i];
}

// MARK: Elementary functions
// Polynomials are minimax fits on the reduced range; errors are measured over it in float32.

/// 2^t for t ≤ 0: relative error below 1.6e−7 down to 2^−126, then a value between 0 and 2^−126; 0 from t = −127 on.
///
/// Adding 1.5·2²³ rounds t to an integer n, which then stands in the low mantissa bits; shifted by 23 it is added to
/// the exponent of the polynomial. At t = −127 the polynomial is exactly 1, so that the sum's bits are those of zero.
INLINE f32x16 exp2_decay(f32x16 t) {
    t = t > -127.0f ? t : splat(-127.0f);
    const f32x16 shifted = t + 0x1.8p23f;
    const f32x16 f = t - (shifted - 0x1.8p23f);
    f32x16 p = fma16(splat(0x1.5bba14p-10f), f, splat(0x1.3cea88p-7f));
    p = fma16(p, f, splat(0x1.c6b752p-5f));
    p = fma16(p, f, splat(0x1.ebf9bcp-3f));
    p = fma16(p, f, splat(0x1.62e42ap-1f));
    p = fma16(p, f, splat(1.0f));
    return as_float(as_bits(p) + (as_bits(shifted) << 23));
}

/// e^y for y ≤ 0: relative error below 1.3e−7 down to y = −87, then 0.
///
/// Unlike exp2_decay it subtracts n·ln 2 in two parts, so that the relative error does not grow with |y|.
INLINE f32x16 exp_accurate(f32x16 y) {
    const f32x16 x = y > -87.0f ? y : splat(-87.0f);
    const f32x16 shifted = fma16(x, splat(0x1.715476p+0f), splat(0x1.8p23f));
    const f32x16 n = shifted - 0x1.8p23f;
    f32x16 r = fma16(n, splat(-0x1.62ep-1f), x);
    r = fma16(n, splat(-0x1.0bfbe8p-15f), r);
    f32x16 p = fma16(splat(0x1.6ae72p-10f), r, splat(0x1.126792p-7f));
    p = fma16(p, r, splat(0x1.555822p-5f));
    p = fma16(p, r, splat(0x1.55541ap-3f));
    p = fma16(p, r, splat(0x1.fffffcp-2f));
    p = fma16(p, r, splat(1.0f));
    p = fma16(p, r, splat(1.0f));
    const f32x16 e = as_float(as_bits(p) + (as_bits(shifted) << 23));
    return y >= -87.0f ? e : splat(0.0f);
}

/// log(1 + e^v), and v above 20; relative error below 4e−7. NaN stays NaN.
///
/// max(v, 0) + log1p(u) with u = e^−|v|, and log1p(u) = 2·atanh(s), s = u / (2 + u) ≤ 1/3, as a polynomial in s².
INLINE f32x16 softplus(f32x16 v) {
    const f32x16 u = exp_accurate(-magnitude(v));
    const f32x16 s = u / (u + 2.0f);
    const f32x16 q = s * s;
    f32x16 p = fma16(splat(0x1.f1733cp-4f), q, splat(0x1.b6e6cep-4f));
    p = fma16(p, q, splat(0x1.2508bp-3f));
    p = fma16(p, q, splat(0x1.9996bp-3f));
    p = fma16(p, q, splat(0x1.555558p-2f));
    p = fma16(p, q, splat(1.0f));
    const f32x16 r = fma16(s + s, p, v > 0.0f ? v : splat(0.0f));
    return v <= 20.0f ? r : v;
}

/// v / (1 + e^−v), through e^−|v| so that nothing overflows; −0 below v = −87 and at −∞. NaN stays NaN.
INLINE f32x16 silu(f32x16 v) {
    const f32x16 u = exp_accurate(-magnitude(v));
    const f32x16 x = v < -0x1.fffffep127f ? splat(-0x1.fffffep127f) : v;
    return x * ((v >= 0.0f ? splat(1.0f) : u) / (u + 1.0f));
}
