// Mamba-1's scan, sixteen channels a vector: a block of channels keeps its N states in registers (N = 16) or in the
// first-level cache and walks time. y sums its states in four chains, n mod 4, added as (0 + 1) + (2 + 3).

/// Rows whose Δ is computed ahead: softplus is a long chain of dependent steps, and several rows of it overlap where
/// one row would make the recurrence wait.
enum { selective_scan_tile = 16 };

/// Δ and Δ·x of `rows` rows from t on.
INLINE void selective_scan_inputs(const ck_selective_scan *s, ptrdiff_t e, ptrdiff_t lanes, ptrdiff_t t,
                                  ptrdiff_t rows, f32x16 *delta, f32x16 *dx) {
    const f32x16 bias = load_part(s->dt_bias + e, lanes);
    for (ptrdiff_t i = 0; i < rows; i++) {
        delta[i] = softplus(load_part(s->dt + (t + i) * s->dt_stride + e, lanes) + bias);
        dx[i] = delta[i] * load_part(s->x + (t + i) * s->x_stride + e, lanes);
    }
}

/// Asks for the lines that the tile at t needs: rows lie pages apart, where the hardware does not fetch ahead.
INLINE void selective_scan_prefetch(const ck_selective_scan *s, ptrdiff_t e, ptrdiff_t t, ptrdiff_t last) {
    for (ptrdiff_t row = t; row < t + selective_scan_tile && row < last; row++) {
        __builtin_prefetch(s->x + row * s->x_stride + e, 0, 3);
        __builtin_prefetch(s->dt + row * s->dt_stride + e, 0, 3);
        __builtin_prefetch(s->y + row * s->y_stride + e, 1, 3);
    }
}

/// One segment's rows [first, last) for the channels [e, e + lanes); a holds A·log₂e and h the state, N vectors each.
INLINE void selective_scan_rows(const ck_selective_scan *s, ptrdiff_t e, ptrdiff_t lanes, const ptrdiff_t states,
                                ptrdiff_t first, ptrdiff_t last, const f32x16 *a, f32x16 *h) {
    const f32x16 d = load_part(s->d + e, lanes);
    f32x16 delta[selective_scan_tile], dx[selective_scan_tile];
    for (ptrdiff_t tile = first; tile < last; tile += selective_scan_tile) {
        const ptrdiff_t rows = last - tile < selective_scan_tile ? last - tile : selective_scan_tile;
        selective_scan_inputs(s, e, lanes, tile, rows, delta, dx);
        selective_scan_prefetch(s, e, tile + selective_scan_tile, last);
        for (ptrdiff_t i = 0; i < rows; i++) {
            const ptrdiff_t t = tile + i;
            const float *b = s->b + t * s->bc_stride, *c = s->c + t * s->bc_stride;
            const f32x16 step = delta[i], input = dx[i];
            f32x16 y[4] = {0, 0, 0, 0};
#pragma clang loop unroll_count(16)
            for (ptrdiff_t n = 0; n < states; n++) {
                h[n] = fma16(exp2_decay(step * a[n]), h[n], input * b[n]);
                y[n & 3] = fma16(h[n], splat(c[n]), y[n & 3]);
            }
            const f32x16 x = load_part(s->x + t * s->x_stride + e, lanes);
            store_part(s->y + t * s->y_stride + e, fma16(d, x, (y[0] + y[1]) + (y[2] + y[3])), lanes);
        }
    }
}

/// Rows [first, last) of a segment for one block of channels, from its state and back to it.
INLINE void selective_scan_block(const ck_selective_scan *s, ptrdiff_t e, ptrdiff_t lanes, const ptrdiff_t states,
                                 ptrdiff_t first, ptrdiff_t last, float *state, f32x16 *a, f32x16 *h) {
    load_transposed(s->a + e * states, states, lanes, states, a);
    for (ptrdiff_t n = 0; n < states; n++) a[n] *= log2_e;
    load_transposed(state + e * states, states, lanes, states, h);
    selective_scan_rows(s, e, lanes, states, first, last, a, h);
    store_transposed(state + e * states, states, lanes, states, h);
}

/// Rows that all blocks of channels walk before the next rows: what a row's cache lines and pages cost is paid once.
enum { selective_scan_span = 64 };

static void selective_scan(const ck_selective_scan *s, ptrdiff_t first, ptrdiff_t last, float *scratch) {
    for (ptrdiff_t i = 0; i < s->segments; i++) {
        const ptrdiff_t end = s->offsets[i + 1];
        float *state = s->state + i * s->state_stride;
        inherit(s->parents, i, s->state, s->state_stride, first * s->states, last * s->states);
        for (ptrdiff_t t = s->offsets[i]; t < end; t += selective_scan_span) {
            const ptrdiff_t stop = end - t < selective_scan_span ? end : t + selective_scan_span;
            for (ptrdiff_t e = first; e < last; e += 16) {
                const ptrdiff_t lanes = last - e < 16 ? last - e : 16;
                if (s->states == 16 && lanes == 16) {
                    f32x16 a[16], h[16];
                    selective_scan_block(s, e, 16, 16, t, stop, state, a, h);
                } else {
                    f32x16 *a = (f32x16 *)scratch;
                    selective_scan_block(s, e, lanes, s->states, t, stop, state, a, a + s->states);
                }
            }
        }
    }
}
