// Mamba-2's scan, sixteen of a head's P channels a vector.
//
// The recurrence touches P·N states a head and step, too many for registers, so time is tiled: HEAD_STATES states ×
// 16 channels stay in registers for a tile of rows while y's partial sums wait in the first-level cache. No lane is
// ever summed with another. y sums its states in two chains, even and odd n, each in ascending order whatever
// HEAD_STATES is. B and C of a span of rows are copied together once and then read by every head of the group.

/// Scratch of one call; see `ck_head_scan_scratch`.
typedef struct {
    float *bc;           // [N padded / 16][span][32]: 16 of B, then 16 of C, zero past N
    float *delta, *decay;  // [span]
    f32x16 *h;           // [N padded]: the states of sixteen channels
    f32x16 *dx;          // [tile]: Δ·x
    f32x16 *y;           // [tile][2]: even and odd partial sums
    ptrdiff_t group;     // whose B and C are held, or −1
} head_scan_scratch;

INLINE head_scan_scratch head_scan_layout(float *p, ptrdiff_t states) {
    const ptrdiff_t padded = padded_states(states);
    head_scan_scratch s;
    s.h = (f32x16 *)p, p += 16 * padded;
    s.dx = (f32x16 *)p, p += 16 * head_scan_tile;
    s.y = (f32x16 *)p, p += 32 * head_scan_tile;
    s.delta = p, p += head_scan_span;
    s.decay = p, p += head_scan_span;
    s.bc = p;
    s.group = -1;
    return s;
}

/// Copies B and C of a group over rows [first, last).
static void collect_group(const ck_head_scan *s, ptrdiff_t group, ptrdiff_t first, ptrdiff_t last,
                          head_scan_scratch *scratch) {
    const ptrdiff_t padded = padded_states(s->states);
    for (ptrdiff_t t = first; t < last; t++)
        for (ptrdiff_t n = 0; n < padded; n += 16) {
            const ptrdiff_t source = t * s->xbc_stride + group * s->states + n;
            float *target = scratch->bc + (n / 16 * head_scan_span + t - first) * 32;
            store(target, load_part(s->b + source, s->states - n));
            store(target + 16, load_part(s->c + source, s->states - n));
        }
    scratch->group = group;
}

/// Δ and exp(Δ·A) of a head over rows [first, last).
static void step_sizes(const ck_head_scan *s, ptrdiff_t head, ptrdiff_t first, ptrdiff_t last,
                       head_scan_scratch *scratch) {
    for (ptrdiff_t t = first; t < last; t += 16) {
        f32x16 v = 0;
        for (ptrdiff_t i = 0; i < 16 && t + i < last; i++) v[i] = s->dt[(t + i) * s->dt_stride + head];
        v = softplus(v + s->dt_bias[head]);
        v = v < s->dt_minimum ? splat(s->dt_minimum) : v;
        v = v > s->dt_maximum ? splat(s->dt_maximum) : v;
        store(scratch->delta + t - first, v);
        store(scratch->decay + t - first, exp_accurate(v * s->a[head]));
    }
}

/// `rows` steps of HEAD_STATES states from `h` on.
INLINE void head_scan_states(const float *bc, const float *decay, const f32x16 *dx, ptrdiff_t rows, f32x16 *h,
                             f32x16 *y) {
    f32x16 state[HEAD_STATES];
#pragma clang loop unroll(full)
    for (int n = 0; n < HEAD_STATES; n++) state[n] = h[n];
#pragma clang loop unroll(disable)
    for (ptrdiff_t t = 0; t < rows; t++, bc += 32) {
        f32x16 even = y[2 * t], odd = y[2 * t + 1];
        const f32x16 input = dx[t], keep = splat(decay[t]);
#pragma clang loop unroll(full)
        for (int n = 0; n < HEAD_STATES; n += 2) {
            state[n] = fma16(keep, state[n], input * bc[n]);
            even = fma16(state[n], splat(bc[n + 16]), even);
            state[n + 1] = fma16(keep, state[n + 1], input * bc[n + 1]);
            odd = fma16(state[n + 1], splat(bc[n + 17]), odd);
        }
        y[2 * t] = even, y[2 * t + 1] = odd;
    }
#pragma clang loop unroll(full)
    for (int n = 0; n < HEAD_STATES; n++) h[n] = state[n];
}

/// Rows [first, last) of a span for channels [p, p + lanes) of a head, whose states are in scratch.h.
static void head_scan_channels(const ck_head_scan *s, ptrdiff_t head, ptrdiff_t p, ptrdiff_t lanes, ptrdiff_t first,
                               ptrdiff_t last, const head_scan_scratch *scratch) {
    const ptrdiff_t padded = padded_states(s->states), column = head * s->head_dimension + p;
    const f32x16 d = splat(s->d[head]);
    for (ptrdiff_t start = first; start < last; start += head_scan_tile) {
        const ptrdiff_t rows = last - start < head_scan_tile ? last - start : head_scan_tile, offset = start - first;
        const float *x = s->x + start * s->xbc_stride + column;
        for (ptrdiff_t t = 0; t < rows; t++) {
            scratch->dx[t] = load_part(x + t * s->xbc_stride, lanes) * scratch->delta[offset + t];
            scratch->y[2 * t] = scratch->y[2 * t + 1] = splat(0);
            // The next channels' lines: rows lie pages apart, where the hardware does not fetch ahead.
            __builtin_prefetch(x + t * s->xbc_stride + 16, 0, 2);
            __builtin_prefetch(s->y + (start + t) * s->y_stride + column + 16, 1, 2);
        }
        for (ptrdiff_t n = 0; n < padded; n += HEAD_STATES)
            head_scan_states(scratch->bc + (n / 16 * head_scan_span + offset) * 32 + n % 16, scratch->decay + offset,
                             scratch->dx, rows, scratch->h + n, scratch->y);
        for (ptrdiff_t t = 0; t < rows; t++) {
            const f32x16 sum = scratch->y[2 * t] + scratch->y[2 * t + 1];
            const f32x16 y = fma16(d, load_part(x + t * s->xbc_stride, lanes), sum);
            store_part(s->y + (start + t) * s->y_stride + column, y, lanes);
        }
    }
}

static void head_scan(const ck_head_scan *s, ptrdiff_t first_head, ptrdiff_t last_head, float *memory) {
    const ptrdiff_t states = s->states, width = s->head_dimension;
    head_scan_scratch scratch = head_scan_layout(memory, states);
    for (ptrdiff_t n = states; n < padded_states(states); n++) scratch.h[n] = splat(0);
    for (ptrdiff_t i = 0; i < s->segments; i++) {
        const ptrdiff_t end = s->offsets[i + 1], head_states = width * states;
        inherit(s->parents, i, s->state, s->state_stride, first_head * head_states, last_head * head_states);
        for (ptrdiff_t first = s->offsets[i]; first < end; first += head_scan_span) {
            const ptrdiff_t last = end - first < head_scan_span ? end : first + head_scan_span;
            scratch.group = -1;
            for (ptrdiff_t head = first_head; head < last_head; head++) {
                const ptrdiff_t group = head * s->groups / s->heads;
                if (group != scratch.group) collect_group(s, group, first, last, &scratch);
                step_sizes(s, head, first, last, &scratch);
                for (ptrdiff_t p = 0; p < width; p += 16) {
                    const ptrdiff_t lanes = width - p < 16 ? width - p : 16;
                    float *state = s->state + i * s->state_stride + (head * width + p) * states;
                    load_transposed(state, states, lanes, states, scratch.h);
                    head_scan_channels(s, head, p, lanes, first, last, &scratch);
                    store_transposed(state, states, lanes, states, scratch.h);
                }
            }
        }
    }
}
