// y = x · weightᵀ over packed panels.
//
// A tile of rows × 32 outputs stays in registers while K runs once, front to back: every element of y is one chain of
// fused multiply-adds from zero, whatever the tile. Remaining rows take a smaller tile of the same arithmetic. Panels
// are the outer loop, so that a panel is read from memory once per block of rows.
//
// A step of K is 128 bytes of a panel: one value of float32, y = fma(x[k], w[k], y), or a pair of bfloat16, the odd
// one first: y = fma(x[k + 1], w[k + 1], y); y = fma(x[k], w[k], y), as `vdpbf16ps` adds them. A bfloat16 product of two
// such values is exact in float32, so that a step rounds once an addition; sums below 2^−126 become zeros.

typedef float tile_vector __attribute__((ext_vector_type(TILE_LANES)));
typedef uint32_t tile_bits __attribute__((ext_vector_type(TILE_LANES)));
typedef float tile_vector_unaligned __attribute__((ext_vector_type(TILE_LANES), aligned(4)));

enum { tile_columns = TILE_LANES * TILE_VECTORS, step_bytes = 4 * ck_panel_width, line_bytes = 64 };

/// What a step of K holds.
typedef enum { float_step, pair_step } step_kind;

/// Bytes of x in a step.
INLINE ptrdiff_t bytes_of(step_kind kind) { return kind == float_step ? 4 : 2 * ROUNDED_BYTES; }

#if defined(__x86_64__)
INLINE tile_vector flush_tiny(tile_vector sum, tile_vector a, tile_vector b, tile_vector before) {
    (void)a, (void)b, (void)before;
    return sum;  // The control register does it.
}
#else
/// `sum` = fma(a, b, before), or a zero of its sign where it is tiny after rounding with an unbounded exponent.
INLINE tile_vector flush_tiny(tile_vector sum, tile_vector a, tile_vector b, tile_vector before) {
    const tile_vector larger = __builtin_elementwise_fma(a * 0x1p32f, b * 0x1p32f, before * 0x1p64f);
    const tile_bits sign = __builtin_bit_cast(tile_bits, sum) & 0x80000000u;
    const tile_vector size = __builtin_elementwise_abs(sum);
    const tile_vector zero = __builtin_bit_cast(tile_vector, sign);
    return size <= 0x1p-126f && __builtin_elementwise_abs(larger) < 0x1p-62f ? zero : sum;
}
#endif

INLINE tile_vector load_weights(const char *panel, int vector) {
    return *(const tile_vector *)(panel + vector * TILE_LANES * 4);
}

/// One value of float32; x points at the step's value of the first row.
INLINE void tile_float(const int rows, const char *x, ptrdiff_t x_stride, const char *panel,
                       tile_vector sum[TILE_ROWS][TILE_VECTORS]) {
    tile_vector w[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < TILE_VECTORS; v++) w[v] = load_weights(panel, v);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const tile_vector value = (tile_vector) * (const float *)(x + r * x_stride);
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++) sum[r][v] = __builtin_elementwise_fma(value, w[v], sum[r][v]);
    }
}

#if ROUNDED_BYTES == 2
/// A pair of bfloat16, in one instruction.
INLINE void tile_pair(const int rows, const char *x, ptrdiff_t x_stride, const char *panel,
                      tile_vector sum[TILE_ROWS][TILE_VECTORS]) {
    __m512bh w[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < TILE_VECTORS; v++) w[v] = __builtin_bit_cast(__m512bh, load_weights(panel, v));
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const __m512bh value = __builtin_bit_cast(__m512bh, _mm512_set1_epi32(*(const int *)(x + r * x_stride)));
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], value, w[v]);
    }
}
#else
/// A pair of bfloat16, widened.
INLINE void tile_pair(const int rows, const char *x, ptrdiff_t x_stride, const char *panel,
                      tile_vector sum[TILE_ROWS][TILE_VECTORS]) {
#pragma clang loop unroll(full)
    for (int odd = 1; odd >= 0; odd--) {
        tile_vector w[TILE_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++) {
            const tile_bits pair = __builtin_bit_cast(tile_bits, load_weights(panel, v));
            w[v] = __builtin_bit_cast(tile_vector, odd ? pair & 0xffff0000u : pair << 16);
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const tile_vector value = (tile_vector) * (const float *)(x + r * x_stride + 4 * odd);
#pragma clang loop unroll(full)
            for (int v = 0; v < TILE_VECTORS; v++) {
                const tile_vector before = sum[r][v];
                sum[r][v] = flush_tiny(__builtin_elementwise_fma(value, w[v], before), value, w[v], before);
            }
        }
        __asm__ volatile("" ::: "memory");
    }
}
#endif

INLINE void tile_step(const step_kind kind, const int rows, const char *x, ptrdiff_t x_stride, const char *panel,
                      tile_vector sum[TILE_ROWS][TILE_VECTORS]) {
    if (kind == float_step)
        tile_float(rows, x, x_stride, panel, sum);
    else
        tile_pair(rows, x, x_stride, panel, sum);
}

/// Steps by which a panel is fetched into the first-level cache before they are multiplied.
enum { steps_ahead = 8 };

/// A tile's operands; strides are in bytes. `lines` cache lines are fetched into the second-level cache per four steps,
/// from `ahead` on.
typedef struct {
    const char *x;
    ptrdiff_t x_stride;
    const char *panel;
    ptrdiff_t steps;
    int resume;
    float *y;
    ptrdiff_t y_stride;
    const char *ahead;
    int lines;
} tile_operands;

/// One tile of `rows` × tile_columns over all steps of K, from zero or, when `resume`, from what y holds.
INLINE void tile(const step_kind kind, const int rows, const tile_operands *t) {
    tile_vector sum[TILE_ROWS][TILE_VECTORS];
    const char *x = t->x, *panel = t->panel, *ahead = t->ahead;
    float *const y = t->y;
    const ptrdiff_t x_stride = t->x_stride, y_stride = t->y_stride;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++)
            sum[r][v] = t->resume ? *(tile_vector_unaligned *)(y + r * y_stride + v * TILE_LANES) : (tile_vector)0.0f;

#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int byte = 0; byte < tile_columns * 4; byte += line_bytes)
            __builtin_prefetch((const char *)(y + r * y_stride) + byte, 1, 3);

    const int lines = t->lines;
    ptrdiff_t k = 0;
    for (; k + 4 <= t->steps; k += 4, x += 4 * bytes_of(kind), panel += 4 * step_bytes) {
        for (int line = 0; line < lines; line++, ahead += line_bytes) __builtin_prefetch(ahead, 0, 2);
#pragma clang loop unroll(full)
        for (int step = 0; step < 4; step++) {
            const char *later = panel + (step + steps_ahead) * step_bytes;
#pragma clang loop unroll(full)
            for (int byte = 0; byte < tile_columns * 4; byte += line_bytes) __builtin_prefetch(later + byte, 0, 3);
            tile_step(kind, rows, x + step * bytes_of(kind), x_stride, panel + step * step_bytes, sum);
            // Keeps the compiler from loading four steps' weights at once, for which there are no registers.
            __asm__ volatile("" ::: "memory");
        }
    }
    for (; k < t->steps; k++, x += bytes_of(kind), panel += step_bytes) tile_step(kind, rows, x, x_stride, panel, sum);

#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++)
            *(tile_vector_unaligned *)(y + r * y_stride + v * TILE_LANES) = sum[r][v];
}

#define TILE(ROWS)                                                                                                    \
    static void tile_float_##ROWS(const tile_operands *t) { tile(float_step, ROWS, t); }                              \
    static void tile_pair_##ROWS(const tile_operands *t) { tile(pair_step, ROWS, t); }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if TILE_ROWS > 6
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
#endif
#undef TILE

typedef void (*tile_function)(const tile_operands *);

static const tile_function float_tiles[TILE_ROWS] = {
    tile_float_1, tile_float_2, tile_float_3, tile_float_4, tile_float_5, tile_float_6,
#if TILE_ROWS > 6
    tile_float_7, tile_float_8, tile_float_9, tile_float_10, tile_float_11, tile_float_12, tile_float_13, tile_float_14,
#endif
};

static const tile_function pair_tiles[TILE_ROWS] = {
    tile_pair_1, tile_pair_2, tile_pair_3, tile_pair_4, tile_pair_5, tile_pair_6,
#if TILE_ROWS > 6
    tile_pair_7, tile_pair_8, tile_pair_9, tile_pair_10, tile_pair_11, tile_pair_12, tile_pair_13, tile_pair_14,
#endif
};

/// A block of the product: rows [first, last) of x, steps [start, end) of `steps`. About 512 KB of x and 128 KB of a
/// panel stay in the second-level cache. A later block of steps resumes the chains that y holds, with the same bits.
typedef struct {
    step_kind kind;
    ptrdiff_t first, last, start, end, steps;
} product_block;

/// Rows of a tile: where a pair takes two steps and a register for its mask, fewer fit.
INLINE ptrdiff_t tile_rows(step_kind kind) {
    return kind == pair_step && ROUNDED_BYTES == 4 && TILE_ROWS > 12 ? 12 : TILE_ROWS;
}

enum { block_steps = 1024, block_rows = 140, block_bytes = 512 << 10 };

/// One panel of a block, in tiles of nearly equal height; the panel that comes after is fetched meanwhile.
static void product_panel(const ck_product *p, ptrdiff_t panel, product_block block, int has_next) {
    const ptrdiff_t steps = block.end - block.start, height = block.last - block.first;
    const char *weights = (const char *)p->panels + (panel * block.steps + block.start) * step_bytes;
    const ptrdiff_t width = p->outputs - panel * ck_panel_width;
    const ptrdiff_t count = (height + tile_rows(block.kind) - 1) / tile_rows(block.kind);
    const ptrdiff_t calls = count * (ck_panel_width / tile_columns);
    // Four steps of a panel are eight lines: tiles that come after these have nothing left to fetch.
    const int lines = calls < 8 ? (int)((8 + calls - 1) / calls) : 1;
    ptrdiff_t fetching = has_next ? (8 + lines - 1) / lines : 0;
    tile_operands t = {
        .x_stride = p->x_stride * 4,
        .steps = steps,
        .resume = block.start > 0,
        .ahead = weights + block.steps * step_bytes,
    };
    const tile_function *tiles = block.kind == float_step ? float_tiles : pair_tiles;
    ptrdiff_t row = block.first;
    for (ptrdiff_t i = 0; i < count; i++) {
        const ptrdiff_t end = block.first + height * (i + 1) / count, rows = end - row;
        float *y = p->y + row * p->y_stride + panel * ck_panel_width;
        t.x = (const char *)((const float *)p->x + row * p->x_stride) + block.start * bytes_of(block.kind);
        for (ptrdiff_t c = 0; c < ck_panel_width && c < width; c += tile_columns) {
            t.panel = weights + c * 4;
            t.lines = fetching-- > 0 ? lines : 0;
            if (c + tile_columns <= width) {
                t.y = y + c;
                t.y_stride = p->y_stride;
                tiles[rows - 1](&t);
            } else {
                float part[TILE_ROWS * tile_columns];
                t.y = part;
                t.y_stride = tile_columns;
                for (ptrdiff_t r = 0; t.resume && r < rows; r++)
                    for (ptrdiff_t j = 0; c + j < width; j++) part[r * tile_columns + j] = y[r * p->y_stride + c + j];
                tiles[rows - 1](&t);
                for (ptrdiff_t r = 0; r < rows; r++)
                    for (ptrdiff_t j = 0; c + j < width; j++) y[r * p->y_stride + c + j] = part[r * tile_columns + j];
            }
            t.ahead += t.lines * (steps / 4) * line_bytes;
        }
        row = end;
    }
}

static void product_steps(const ck_product *p, step_kind kind, ptrdiff_t steps, ptrdiff_t first_row,
                          ptrdiff_t last_row, ptrdiff_t first_panel, ptrdiff_t last_panel) {
    const ptrdiff_t parts = steps > 0 ? (steps + block_steps - 1) / block_steps : 1;
    const ptrdiff_t fitting = block_bytes * parts / ((steps > 0 ? steps : 1) * bytes_of(kind));
    const ptrdiff_t height = (fitting < block_rows ? fitting : block_rows) / tile_rows(kind) * tile_rows(kind);
    const ptrdiff_t rows = last_row - first_row, blocks = (rows + height - 1) / height;
    for (ptrdiff_t i = 0; i < blocks; i++)
        for (ptrdiff_t part = 0; part < parts; part++) {
            const product_block block = {
                kind, first_row + rows * i / blocks, first_row + rows * (i + 1) / blocks, steps * part / parts,
                steps * (part + 1) / parts, steps,
            };
            for (ptrdiff_t panel = first_panel; panel < last_panel; panel++)
                product_panel(p, panel, block, panel + 1 < last_panel + p->following);
        }
}

static void product(const ck_product *p, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t first_panel,
                    ptrdiff_t last_panel) {
    product_steps(p, float_step, p->inputs, first_row, last_row, first_panel, last_panel);
}

static void product_bf16(const ck_product *p, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t first_panel,
                         ptrdiff_t last_panel) {
    const unsigned mode = begin_flushing();
    product_steps(p, pair_step, (p->inputs + 1) / 2, first_row, last_row, first_panel, last_panel);
    end_flushing(mode);
}
