// y = x · weightᵀ over packed panels.
//
// A tile of rows × 32 outputs stays in registers while K runs once, front to back: every element of y is one chain of
// fused multiply-adds, y = fma(x[k], w[k], y) from zero, whatever the tile. Remaining rows take a smaller tile of the
// same arithmetic. Panels are the outer loop, so that a panel is read from memory once per block of rows.

typedef float tile_vector __attribute__((ext_vector_type(TILE_LANES)));
typedef float tile_vector_unaligned __attribute__((ext_vector_type(TILE_LANES), aligned(4)));

enum { tile_columns = TILE_LANES * TILE_VECTORS, line_floats = 16 };

/// One step of K: x points at the step's value of the first row.
INLINE void tile_step(const int rows, const float *x, ptrdiff_t x_stride, const float *panel,
                      tile_vector sum[TILE_ROWS][TILE_VECTORS]) {
    tile_vector w[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < TILE_VECTORS; v++) w[v] = *(const tile_vector *)(panel + v * TILE_LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const tile_vector value = (tile_vector)x[r * x_stride];
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++) sum[r][v] = __builtin_elementwise_fma(value, w[v], sum[r][v]);
    }
}

/// One tile of `rows` × tile_columns over `inputs` steps of K, from zero or, when `resume`, from what y holds.
/// `lines` cache lines of `ahead` are fetched per four steps.
INLINE void tile(const int rows, const float *x, ptrdiff_t x_stride, const float *panel, ptrdiff_t inputs, int resume,
                 float *y, ptrdiff_t y_stride, const float *ahead, int lines) {
    tile_vector sum[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++)
            sum[r][v] = resume ? *(tile_vector_unaligned *)(y + r * y_stride + v * TILE_LANES) : (tile_vector)0.0f;

    ptrdiff_t k = 0;
    for (; k + 4 <= inputs; k += 4, x += 4, panel += 4 * ck_panel_width) {
        for (int line = 0; line < lines; line++, ahead += line_floats) __builtin_prefetch(ahead, 0, 2);
#pragma clang loop unroll(full)
        for (int step = 0; step < 4; step++) {
            tile_step(rows, x + step, x_stride, panel + step * ck_panel_width, sum);
            // Keeps the compiler from loading four steps' weights at once, for which there are no registers.
            __asm__ volatile("" ::: "memory");
        }
    }
    for (; k < inputs; k++, x++, panel += ck_panel_width) tile_step(rows, x, x_stride, panel, sum);

#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++)
            *(tile_vector_unaligned *)(y + r * y_stride + v * TILE_LANES) = sum[r][v];
}

#define TILE(ROWS)                                                                                                    \
    static void tile_##ROWS(const float *x, ptrdiff_t x_stride, const float *panel, ptrdiff_t inputs, int resume,     \
                            float *y, ptrdiff_t y_stride, const float *ahead, int lines) {                            \
        tile(ROWS, x, x_stride, panel, inputs, resume, y, y_stride, ahead, lines);                                    \
    }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if TILE_ROWS > 6
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)
#endif
#undef TILE

typedef void (*tile_function)(const float *, ptrdiff_t, const float *, ptrdiff_t, int, float *, ptrdiff_t,
                              const float *, int);

static const tile_function tiles[TILE_ROWS] = {
    tile_1, tile_2, tile_3, tile_4, tile_5, tile_6,
#if TILE_ROWS > 6
    tile_7, tile_8, tile_9, tile_10, tile_11, tile_12,
#endif
};

/// A block of the product: rows [first, last) of x, inputs [start, end). About 512 KB of x and 128 KB of a panel stay
/// in the second-level cache. A later block of inputs resumes the chains that y holds, with the same bits.
typedef struct {
    ptrdiff_t first, last, start, end;
} product_block;

enum { block_inputs = 1024, block_rows = 192, block_floats = 128 << 10 };

/// One panel of a block, in tiles of nearly equal height; `next` is the panel that comes after.
static void product_panel(const ck_product *p, ptrdiff_t panel, product_block block, int has_next) {
    const ptrdiff_t inputs = block.end - block.start, height = block.last - block.first;
    const float *weights = p->panels + (panel * p->inputs + block.start) * ck_panel_width;
    const float *next = weights + p->inputs * ck_panel_width;
    const ptrdiff_t width = p->outputs - panel * ck_panel_width;
    const ptrdiff_t count = (height + TILE_ROWS - 1) / TILE_ROWS;
    const ptrdiff_t calls = count * (ck_panel_width / tile_columns);
    const int lines = has_next ? (int)((8 + calls - 1) / calls) : 0, resume = block.start > 0;
    const ptrdiff_t fetched = lines * (inputs / 4) * line_floats;
    ptrdiff_t row = block.first;
    for (ptrdiff_t i = 0; i < count; i++) {
        const ptrdiff_t end = block.first + height * (i + 1) / count, rows = end - row;
        const float *x = p->x + row * p->x_stride + block.start;
        float *y = p->y + row * p->y_stride + panel * ck_panel_width;
        for (ptrdiff_t c = 0; c < ck_panel_width && c < width; c += tile_columns, next += fetched) {
            const tile_function run = tiles[rows - 1];
            if (c + tile_columns <= width) {
                run(x, p->x_stride, weights + c, inputs, resume, y + c, p->y_stride, next, lines);
                continue;
            }
            float part[TILE_ROWS * tile_columns];
            for (ptrdiff_t r = 0; resume && r < rows; r++)
                for (ptrdiff_t j = 0; c + j < width; j++) part[r * tile_columns + j] = y[r * p->y_stride + c + j];
            run(x, p->x_stride, weights + c, inputs, resume, part, tile_columns, next, lines);
            for (ptrdiff_t r = 0; r < rows; r++)
                for (ptrdiff_t j = 0; c + j < width; j++) y[r * p->y_stride + c + j] = part[r * tile_columns + j];
        }
        row = end;
    }
}

static void product(const ck_product *p, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t first_panel,
                    ptrdiff_t last_panel) {
    const ptrdiff_t parts = p->inputs > 0 ? (p->inputs + block_inputs - 1) / block_inputs : 1;
    const ptrdiff_t fitting = block_floats * parts / (p->inputs > 0 ? p->inputs : 1) / TILE_ROWS * TILE_ROWS;
    const ptrdiff_t height = fitting < block_rows ? fitting : block_rows;
    for (ptrdiff_t row = first_row; row < last_row; row += height)
        for (ptrdiff_t part = 0; part < parts; part++) {
            const product_block block = {row, row + height < last_row ? row + height : last_row,
                                         p->inputs * part / parts, p->inputs * (part + 1) / parts};
            for (ptrdiff_t panel = first_panel; panel < last_panel; panel++)
                product_panel(p, panel, block, panel + 1 < last_panel);
        }
}

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

static void pack(const void *values, ck_element element, ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t first,
                 ptrdiff_t last, float *panels) {
    for (ptrdiff_t half = 2 * first; half < 2 * last; half++) {
        float *panel = panels + half / 2 * inputs * ck_panel_width + half % 2 * 16;
        for (ptrdiff_t k = 0; k < inputs; k += 16) {
            const ptrdiff_t lanes = inputs - k < 16 ? inputs - k : 16;
            f32x16 v[16];
            for (ptrdiff_t i = 0; i < 16; i++) {
                const ptrdiff_t row = half * 16 + i;
                v[i] = row < outputs ? widen(values, element, row * inputs + k, lanes) : splat(0);
            }
            transpose16(v);
            for (ptrdiff_t i = 0; i < lanes; i++) store(panel + (k + i) * ck_panel_width, v[i]);
        }
    }
}
