// Weights and activations in the forms that the products read.

/// Sixteen stored values from `index` on, widened; only `lanes` of them exist.
INLINE f32x16 widen(const void *values, ck_element element, ptrdiff_t index, ptrdiff_t lanes) {
    if (element == ck_float32) {
        f32x16 v = 0;
        __builtin_memcpy(&v, (const char *)values + index * 4, (size_t)lanes * 4);
        return v;
    }
    u16x16 half = 0;
    __builtin_memcpy(&half, (const char *)values + index * 2, (size_t)lanes * 2);
    const u32x16 bits = __builtin_convertvector(half, u32x16);
    if (element == ck_bfloat16) return as_float(bits << 16);
    // float16: the exponent's bias differs by 112, which a product corrects for normal and denormal numbers alike.
    const u32x16 sign = (bits & 0x8000u) << 16;
    const f32x16 scaled = as_float((bits & 0x7fffu) << 13) * 0x1p112f;
    const u32x16 special = (bits & 0x7c00u) == 0x7c00u ? (u32x16)0x7f800000u : (u32x16)0u;
    return as_float(as_bits(scaled) | sign | special);
}

/// The bits of v rounded to bfloat16, to nearest, ties to even, in the upper halves; the lower halves are 0.
/// Denormals become zeros of their sign, as `vcvtneps2bf16` and `vdpbf16ps` see them; NaN stays NaN.
INLINE u32x16 rounded_bits(f32x16 v) {
    const u32x16 bits = as_bits(v), size = bits & 0x7fffffffu;
    const u32x16 rounded = bits + 0x7fffu + (bits >> 16 & 1u);
    const u32x16 number = size < 0x00800000u ? bits & 0x80000000u : rounded;
    return (size > 0x7f800000u ? bits | 0x00400000u : number) & 0xffff0000u;
}

/// Rows 16·half … of a weight, inputs k …, transposed: v[i] lane j is input k + i of row 16·half + j; zeros elsewhere.
INLINE void load_corner(const void *values, ck_element element, ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t half,
                        ptrdiff_t k, f32x16 v[16]) {
    const ptrdiff_t lanes = inputs - k < 16 ? inputs - k : 16;
    for (ptrdiff_t i = 0; i < 16; i++) {
        const ptrdiff_t row = half * 16 + i;
        v[i] = row < outputs ? widen(values, element, row * inputs + k, lanes) : splat(0);
    }
    transpose16(v);
}

static void pack(const void *values, ck_element element, ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t first,
                 ptrdiff_t last, float *panels) {
    for (ptrdiff_t half = 2 * first; half < 2 * last; half++) {
        float *panel = panels + half / 2 * inputs * ck_panel_width + half % 2 * 16;
        for (ptrdiff_t k = 0; k < inputs; k += 16) {
            f32x16 v[16];
            load_corner(values, element, outputs, inputs, half, k, v);
            for (ptrdiff_t i = 0; i < 16 && k + i < inputs; i++) store(panel + (k + i) * ck_panel_width, v[i]);
        }
    }
}

static void pack_bf16(const void *values, ck_element element, ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t first,
                      ptrdiff_t last, uint32_t *panels) {
    const ptrdiff_t steps = (inputs + 1) / 2;
    for (ptrdiff_t half = 2 * first; half < 2 * last; half++) {
        uint32_t *panel = panels + half / 2 * steps * ck_panel_width + half % 2 * 16;
        for (ptrdiff_t k = 0; k < inputs; k += 16) {
            f32x16 v[16];
            load_corner(values, element, outputs, inputs, half, k, v);
            for (ptrdiff_t i = 0; i < 16 && k + i < inputs; i += 2) {
                const u32x16 pair = rounded_bits(v[i]) >> 16 | rounded_bits(v[i + 1]);
                __builtin_memcpy(panel + (k + i) / 2 * ck_panel_width, &pair, sizeof pair);
            }
        }
    }
}

static void round_rows(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t inputs, float *out,
                       ptrdiff_t out_stride) {
    const ptrdiff_t padded = (inputs + 1) / 2 * 2;
    for (ptrdiff_t r = 0; r < rows; r++, x += x_stride, out += out_stride)
        for (ptrdiff_t k = 0; k < padded; k += 16) {
            const u32x16 bits = rounded_bits(load_part(x + k, inputs - k));
#if ROUNDED_BYTES == 2
            const u16x16 values = __builtin_convertvector(bits >> 16, u16x16);
            const ptrdiff_t lanes = padded - k < 16 ? padded - k : 16;
            __builtin_memcpy((char *)out + k * 2, &values, (size_t)lanes * 2);
#else
            store_part(out + k, as_float(bits), padded - k);
#endif
        }
}
