// Kernels that see one row at a time. Sums over a row run in sixteen double lanes, lane i over columns ≡ i mod 16.

INLINE f64x16 widen_lanes(f32x16 v) { return __builtin_convertvector(v, f64x16); }

INLINE f32x16 positive_part(f32x16 v) { return v < 0.0f ? splat(0.0f) : v; }

/// Σ x², exact products, over columns 0..<columns.
INLINE double sum_of_squares(const float *x, ptrdiff_t columns) {
    f64x16 sum = 0;
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        const f64x16 v = widen_lanes(load_part(x + c, columns - c));
        sum += v * v;
    }
    return sum_lanes(sum);
}

/// out = x · scale · weight; x and out may be the same row.
INLINE void scale_row(const float *x, ptrdiff_t columns, float scale, const float *weight, float *out) {
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        const f32x16 v = load_part(x + c, columns - c) * scale * load_part(weight + c, columns - c);
        store_part(out + c, v, columns - c);
    }
}

INLINE float inverse_root(double squares, ptrdiff_t columns, float epsilon) {
    return (float)(1.0 / __builtin_sqrt(squares / (double)columns + (double)epsilon));
}

static void normalize(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, const float *weight,
                      float epsilon, float *y, ptrdiff_t y_stride) {
    for (ptrdiff_t r = 0; r < rows; r++, x += x_stride, y += y_stride)
        scale_row(x, columns, inverse_root(sum_of_squares(x, columns), columns, epsilon), weight, y);
}

INLINE void gate_row(const float *y, const float *z, ptrdiff_t columns, float *out) {
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        const f32x16 v = load_part(y + c, columns - c) * silu(load_part(z + c, columns - c));
        store_part(out + c, v, columns - c);
    }
}

static void gate(const float *y, ptrdiff_t y_stride, const float *z, ptrdiff_t z_stride, ptrdiff_t rows,
                 ptrdiff_t columns, float *out, ptrdiff_t out_stride) {
    for (ptrdiff_t r = 0; r < rows; r++) gate_row(y + r * y_stride, z + r * z_stride, columns, out + r * out_stride);
}

static void gated_normalize(const float *y, ptrdiff_t y_stride, const float *z, ptrdiff_t z_stride, ptrdiff_t rows,
                            ptrdiff_t columns, ptrdiff_t group, const float *weight, float epsilon, float *out,
                            ptrdiff_t out_stride) {
    for (ptrdiff_t r = 0; r < rows; r++) {
        float *row = out + r * out_stride;
        gate_row(y + r * y_stride, z + r * z_stride, columns, row);
        for (ptrdiff_t c = 0; c < columns; c += group) {
            const ptrdiff_t width = columns - c < group ? columns - c : group;
            const float scale = inverse_root(sum_of_squares(row + c, width), width, epsilon);
            scale_row(row + c, width, scale, weight + c, row + c);
        }
    }
}

static void add(const float *addend, ptrdiff_t addend_stride, ptrdiff_t rows, ptrdiff_t columns, float *sum,
                ptrdiff_t sum_stride) {
    for (ptrdiff_t r = 0; r < rows; r++, addend += addend_stride, sum += sum_stride)
        for (ptrdiff_t c = 0; c < columns; c += 16)
            store_part(sum + c, load_part(sum + c, columns - c) + load_part(addend + c, columns - c), columns - c);
}

static void mean(const float *x, ptrdiff_t x_stride, const ptrdiff_t *list, ptrdiff_t count, ptrdiff_t columns,
                 float *out) {
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        f32x16 sum = load_part(x + list[0] * x_stride + c, columns - c);
        for (ptrdiff_t i = 1; i < count; i++) sum += load_part(x + list[i] * x_stride + c, columns - c);
        store_part(out + c, sum / (float)count, columns - c);
    }
}

/// Sorts vectors [count][16], each lane by itself, largest first: Batcher's merge exchange (Knuth, 5.2.2, algorithm M),
/// whose comparisons do not depend on the values, so that all lanes take the same steps.
INLINE void sort_lanes(float *values, ptrdiff_t count) {
    ptrdiff_t top = 1;
    while (2 * top < count) top *= 2;
    for (ptrdiff_t p = top; p > 0; p /= 2) {
        for (ptrdiff_t q = top, r = 0, d = p;; d = q - p, q /= 2, r = p) {
            for (ptrdiff_t i = 0; i + d < count; i++) {
                if ((i & p) != r) continue;
                const f32x16 a = load(values + 16 * i), b = load(values + 16 * (i + d));
                store(values + 16 * i, a > b ? a : b);
                store(values + 16 * (i + d), a > b ? b : a);
            }
            if (q == p) break;
        }
    }
}

static void mean_of_largest(const float *x, ptrdiff_t x_stride, const ptrdiff_t *list, ptrdiff_t count,
                            ptrdiff_t taken, ptrdiff_t columns, float *scratch, float *out) {
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        for (ptrdiff_t i = 1; i < count; i++)
            store(scratch + 16 * (i - 1), load_part(x + list[i] * x_stride + c, columns - c));
        sort_lanes(scratch, count - 1);
        f32x16 sum = load_part(x + list[0] * x_stride + c, columns - c);
        for (ptrdiff_t i = 0; i < taken; i++) sum += load(scratch + 16 * i);
        store_part(out + c, sum / (float)(1 + taken), columns - c);
    }
}

INLINE float mean_of(const float *y, ptrdiff_t columns, ck_metric metric) {
    f64x16 sum = 0;
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        f32x16 v = load_part(y + c, columns - c);
        if (metric == ck_clip) v = positive_part(v);
        if (metric == ck_l1) v = magnitude(v);
        sum += widen_lanes(v);
    }
    return (float)(sum_lanes(sum) / (double)columns);
}

static void importance(const float *y, ptrdiff_t y_stride, ptrdiff_t rows, ptrdiff_t columns, ck_metric metric,
                       float *out) {
    for (ptrdiff_t r = 0; r < rows; r++, y += y_stride)
        out[r] = metric == ck_l2 ? (float)__builtin_sqrt(sum_of_squares(y, columns)) : mean_of(y, columns, metric);
}

static void unit(const float *x, ptrdiff_t columns, int rectified, float *out) {
    if (rectified) {
        for (ptrdiff_t c = 0; c < columns; c += 16)
            store_part(out + c, positive_part(load_part(x + c, columns - c)), columns - c);
        x = out;
    }
    const float norm = (float)__builtin_sqrt(sum_of_squares(x, columns));
    const float divisor = norm < 1e-12f ? 1e-12f : norm;
    for (ptrdiff_t c = 0; c < columns; c += 16)
        store_part(out + c, load_part(x + c, columns - c) / divisor, columns - c);
}

static void softplus_all(const float *x, ptrdiff_t count, float *y) {
    for (ptrdiff_t i = 0; i < count; i += 16) store_part(y + i, softplus(load_part(x + i, count - i)), count - i);
}

static void silu_all(const float *x, ptrdiff_t count, float *y) {
    for (ptrdiff_t i = 0; i < count; i += 16) store_part(y + i, silu(load_part(x + i, count - i)), count - i);
}

static void decay_all(const float *x, ptrdiff_t count, float *y) {
    for (ptrdiff_t i = 0; i < count; i += 16)
        store_part(y + i, exp2_decay(load_part(x + i, count - i) * log2_e), count - i);
}
