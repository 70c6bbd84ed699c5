// Causal depthwise convolution, sixteen channels a vector: bias, then w[0] … w[K−1], each a fused multiply-add, then
// SiLU. A block of channels keeps its weights and last inputs in registers over a tile of rows.

/// Rows of a tile, and channels by which its inputs and outputs are fetched before they are reached: rows lie pages
/// apart, where the hardware does not fetch ahead.
enum { convolution_rows = 16, convolution_ahead = 32 };

/// columns[k] lane i = p[4·i + k]: four channel-major weights or inputs for each of sixteen channels.
INLINE void load_fours(const float *p, f32x16 columns[4]) {
    f32x16 v[4], w[4];
    for (int i = 0; i < 4; i++) v[i] = load(p + 16 * i);
    for (int i = 0; i < 2; i++) {
        const f32x16 a = v[2 * i], b = v[2 * i + 1];
        w[i] = __builtin_shufflevector(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
        w[i + 2] = __builtin_shufflevector(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    }
    for (int i = 0; i < 2; i++) {
        const f32x16 a = w[2 * i], b = w[2 * i + 1];
        columns[2 * i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        columns[2 * i + 1] =
            __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    }
}

INLINE void load_taps(const float *p, ptrdiff_t width, ptrdiff_t lanes, f32x16 *columns) {
    if (width == 4 && lanes == 16) load_fours(p, columns);
    else load_transposed(p, width, lanes, width, columns);
}

/// Rows [first, last) of a segment of `lanes` channels from c on. `weight` and `history` hold K vectors each; tap k of
/// the history is input first − K + k. Returns with the history moved on to the last row.
INLINE void convolve_rows(const ck_convolution *s, ptrdiff_t c, ptrdiff_t lanes, ptrdiff_t width, ptrdiff_t first,
                          ptrdiff_t last, const f32x16 *weight, f32x16 *history) {
    const f32x16 bias = load_part(s->bias + c, lanes);
    for (ptrdiff_t t = first; t < last; t++) {
        for (ptrdiff_t k = 1; k < width; k++) history[k - 1] = history[k];
        history[width - 1] = load_part(s->x + t * s->x_stride + c, lanes);
        __builtin_prefetch(s->x + t * s->x_stride + c + convolution_ahead, 0, 3);
        __builtin_prefetch(s->y + t * s->y_stride + c + convolution_ahead, 1, 3);
        f32x16 sum = bias;
        for (ptrdiff_t k = 0; k < width; k++) sum = fma16(weight[k], history[k], sum);
        store_part(s->y + t * s->y_stride + c, silu(sum), lanes);
    }
}

/// One tile of rows for one block of channels; the history comes from the rows before, or, where the segment has not
/// so many, from its state.
INLINE void convolve_tile(const ck_convolution *s, ptrdiff_t c, ptrdiff_t lanes, ptrdiff_t width, ptrdiff_t start,
                          ptrdiff_t first, ptrdiff_t last, const float *state, f32x16 *weight, f32x16 *history) {
    load_taps(s->weight + c * width, width, lanes, weight);
    if (first - start < width) load_taps(state, width, lanes, history);
    const ptrdiff_t known = first - start < width ? first - start : width;
    for (ptrdiff_t k = 0; known < width && k + known < width; k++) history[k] = history[k + known];
    for (ptrdiff_t k = width - known; k < width; k++)
        history[k] = load_part(s->x + (first - width + k) * s->x_stride + c, lanes);
    convolve_rows(s, c, lanes, width, first, last, weight, history);
}

/// The last K of the state's inputs followed by rows [start, end).
static void advance_inputs(const ck_convolution *s, ptrdiff_t c, ptrdiff_t lanes, ptrdiff_t start, ptrdiff_t end,
                           float *state) {
    const ptrdiff_t width = s->width, length = end - start;
    const ptrdiff_t kept = length < width ? width - length : 0;
    for (ptrdiff_t i = 0; i < lanes; i++) {
        float *taps = state + i * width;
        for (ptrdiff_t k = 0; k < kept; k++) taps[k] = taps[k + length];
        for (ptrdiff_t k = kept; k < width; k++) taps[k] = s->x[(end - width + k) * s->x_stride + c + i];
    }
}

static void convolve(const ck_convolution *s, ptrdiff_t first, ptrdiff_t last, float *scratch) {
    const ptrdiff_t width = s->width;
    f32x16 *weight = (f32x16 *)scratch, *history = weight + width;
    for (ptrdiff_t i = 0; i < s->segments; i++) {
        const ptrdiff_t start = s->offsets[i], end = s->offsets[i + 1];
        float *state = s->state + i * s->state_stride;
        inherit(s->parents, i, s->state, s->state_stride, first * width, last * width);
        for (ptrdiff_t t = start; t < end; t += convolution_rows) {
            const ptrdiff_t stop = t + convolution_rows < end ? t + convolution_rows : end;
            for (ptrdiff_t c = first; c < last; c += 16) {
                const float *taps = state + c * width;
                if (width == 4 && last - c >= 16) {
                    f32x16 w[4], h[4];
                    convolve_tile(s, c, 16, 4, start, t, stop, taps, w, h);
                } else {
                    const ptrdiff_t lanes = last - c < 16 ? last - c : 16;
                    convolve_tile(s, c, lanes, width, start, t, stop, taps, weight, history);
                }
            }
        }
        for (ptrdiff_t c = first; start < end && c < last; c += 16)
            advance_inputs(s, c, last - c < 16 ? last - c : 16, start, end, state + c * width);
    }
}
