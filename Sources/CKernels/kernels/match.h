// Which row of a set a row is most like, with the bits of the whole product, from few of its elements.
//
// Rows in bytes, x ≈ scale · bytes, are multiplied four values an instruction; how far each lies from its row, its
// residue ρ, bounds by Cauchy and Schwarz how far such a product a lies from the similarity: with unit rows u and v
// |u·v − a| ≤ |ρ_u|·|v| + |u − ρ_u|·|ρ_v|. What by this bound cannot be the best is out. What is left is bounded again
// by a product in float32, whose order of summation is free, and only the last are multiplied as `product` does it.
//
// Before rows are rounded, the candidates' mean c is taken off them: u·v = (u − c)·(v − c) + c·v + c·(u − c), whose last
// term is the same for all candidates, so that residues count beside what distinguishes rows. Then they are turned by
// Hadamard matrices, which change no product but spread a row's few large values over its others: the scale is small
// then, and the residue with it.

typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef int32_t i32x16_unaligned __attribute__((ext_vector_type(16), aligned(4)));

INLINE __m512 as_register(f32x16 v) { return __builtin_bit_cast(__m512, v); }

/// Vectors that are turned together.
enum { turned_vectors = 32 };

/// Turns `count` vectors, a power of two: each lane by a Hadamard matrix, scaled to keep lengths.
INLINE void turn(float *x, const int count, float scale) {
    f32x16 v[turned_vectors];
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) v[i] = load(x + 16 * i) * scale;
#pragma clang loop unroll(full)
    for (int half = 1; half < count; half *= 2)
#pragma clang loop unroll(full)
        for (int i = 0; i < count / 2; i++) {
            const int low = i / half * 2 * half + i % half;
            const f32x16 a = v[low], b = v[low + half];
            v[low] = a + b;
            v[low + half] = a - b;
        }
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) store(x + 16 * i, v[i]);
}

/// Turns a row of whole vectors, in parts as long as they can be.
static void turn_row(float *x, ptrdiff_t vectors) {
    for (; vectors >= 32; vectors -= 32, x += 32 * 16) turn(x, 32, 0x1.6a09e6p-3f);
    if (vectors & 16) turn(x, 16, 0.25f), x += 16 * 16;
    if (vectors & 8) turn(x, 8, 0x1.6a09e6p-2f), x += 8 * 16;
    if (vectors & 4) turn(x, 4, 0.5f), x += 4 * 16;
    if (vectors & 2) turn(x, 2, 0x1.6a09e6p-1f);
}

INLINE float sum_of(f32x16 v) { return _mm512_reduce_add_ps(as_register(v)); }

/// What is computed of rows in float32 may be off by this factor, and is by far less.
static const float margin = 1.0001f;

static void round_to_bytes(const ck_byte_rows *rows, ptrdiff_t index, const float *x, const float *centre,
                           ptrdiff_t columns, int offset, float *scratch) {
    const ptrdiff_t vectors = (columns + 15) / 16;
    f32x16 base = 0;
    for (ptrdiff_t i = 0; i < vectors; i++) {
        const f32x16 v = load_part(x + 16 * i, columns - 16 * i), c = load_part(centre + 16 * i, columns - 16 * i);
        base = fma16(v, c, base);
        store(scratch + 16 * i, v - c);
    }
    turn_row(scratch, vectors);
    f32x16 largest = 0;
    for (ptrdiff_t i = 0; i < vectors; i++) {
        const f32x16 size = magnitude(load(scratch + 16 * i));
        largest = size > largest ? size : largest;
    }
    const float most = __builtin_reduce_max(largest), scale = most / 127, inverse = most > 0 ? 127 / most : 0;
    f32x16 residues = 0, squares = 0;
    i32x16 sum = 0;
    char *bytes = (char *)rows->bytes + index * ck_byte_columns(columns);
    for (ptrdiff_t i = 0; i < vectors; i++) {
        const f32x16 v = load(scratch + 16 * i), rounded = __builtin_elementwise_roundeven(v * inverse);
        const f32x16 residue = fma16(splat(-scale), rounded, v);
        residues = fma16(residue, residue, residues);
        squares = fma16(v, v, squares);
        // NaN has no integer; the residue of such a row says that it has no similarity.
        const i32x16 value = __builtin_convertvector(rounded == rounded ? rounded : splat(0), i32x16);
        sum += value;
        const i8x16 narrow = __builtin_convertvector(value + offset, i8x16);
        __builtin_memcpy(bytes + 16 * i, &narrow, sizeof narrow);
    }
    rows->scales[index] = scale;
    rows->residues[index] = __builtin_sqrtf(sum_of(residues)) * margin;
    rows->lengths[index] = __builtin_sqrtf(sum_of(squares)) * margin;
    rows->bases[index] = sum_of(base);
    rows->sums[index] = __builtin_reduce_add(sum);
}

// MARK: Products of bytes

enum { byte_tile_rows = 14 };

/// One tile of `rows` × 32 candidates: exact integers Σ (candidate + 128) · source − 128 · Σ source.
INLINE void byte_tile(const int rows, const char *x, ptrdiff_t x_stride, const int32_t *sums, const char *panel,
                      ptrdiff_t steps, int32_t *y, ptrdiff_t y_stride) {
    __m512i sum[byte_tile_rows][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm512_set1_epi32(-128 * sums[r]);
    for (ptrdiff_t k = 0; k < steps; k++, x += 4, panel += 128) {
        const __m512i w0 = _mm512_load_si512(panel), w1 = _mm512_load_si512(panel + 64);
        __builtin_prefetch(panel + 1024, 0, 3);
        __builtin_prefetch(panel + 1088, 0, 3);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const __m512i value = _mm512_set1_epi32(*(const int *)(x + r * x_stride));
            sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], w0, value);
            sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], w1, value);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        _mm512_storeu_si512(y + r * y_stride, sum[r][0]);
        _mm512_storeu_si512(y + r * y_stride + 16, sum[r][1]);
    }
}

#define BYTE_TILE(ROWS)                                                                                               \
    static void byte_tile_##ROWS(const char *x, ptrdiff_t x_stride, const int32_t *sums, const char *panel,     \
                                 ptrdiff_t steps, int32_t *y, ptrdiff_t y_stride) {                                   \
        byte_tile(ROWS, x, x_stride, sums, panel, steps, y, y_stride);                                                \
    }
BYTE_TILE(1) BYTE_TILE(2) BYTE_TILE(3) BYTE_TILE(4) BYTE_TILE(5) BYTE_TILE(6) BYTE_TILE(7)
BYTE_TILE(8) BYTE_TILE(9) BYTE_TILE(10) BYTE_TILE(11) BYTE_TILE(12) BYTE_TILE(13) BYTE_TILE(14)
#undef BYTE_TILE

typedef void (*byte_tile_function)(const char *, ptrdiff_t, const int32_t *, const char *, ptrdiff_t, int32_t *,
                                   ptrdiff_t);
static const byte_tile_function byte_tiles[] = {
    byte_tile_1, byte_tile_2, byte_tile_3, byte_tile_4,  byte_tile_5,  byte_tile_6,  byte_tile_7,
    byte_tile_8, byte_tile_9, byte_tile_10, byte_tile_11, byte_tile_12, byte_tile_13, byte_tile_14};

static void byte_product(const ck_match *m, ptrdiff_t first, ptrdiff_t last, int32_t *y, ptrdiff_t y_stride) {
    const ptrdiff_t steps = ck_byte_columns(m->columns) / 4, bytes = 4 * steps, height = last - first;
    const ptrdiff_t tiles = (height + byte_tile_rows - 1) / byte_tile_rows;
    for (ptrdiff_t panel = 0; 32 * panel < m->candidate_count; panel++)
        for (ptrdiff_t i = 0; i < tiles; i++) {
            const ptrdiff_t row = height * i / tiles, rows = height * (i + 1) / tiles - row;
            byte_tiles[rows - 1]((const char *)m->source_rows.bytes + (first + row) * bytes, bytes,
                                 m->source_rows.sums + first + row, (const char *)m->candidate_panels + panel * bytes * 32,
                                 steps, y + row * y_stride + 32 * panel, y_stride);
        }
}

// MARK: From bounds to the best

/// What the similarity of unit rows may be off by, however it is summed in float32: γ_K · |u|·|v|.
INLINE float rounding(ptrdiff_t columns) { return (float)(columns + 64) * 0x1.04p-24f; }

/// What the products of bytes say of sixteen candidates' similarities to a source, by its scale and less what is the
/// same for all: the middle of where they lie, and how far they may lie from it.
INLINE f32x16 middle_of(const ck_byte_rows *candidates, ptrdiff_t j, const int32_t *products, float inverse,
                        f32x16 reach, f32x16 turn, f32x16 *distance) {
    const f32x16 product = __builtin_convertvector(*(const i32x16_unaligned *)(products + j), f32x16);
    *distance = fma16(reach, load(candidates->residues + j), turn * load(candidates->lengths + j));
    return fma16(product, load(candidates->scales + j), inverse * load(candidates->bases + j));
}

/// u · v in float32, as many sums at a time as hide their latency.
INLINE float similarity_of(const ck_match *m, const float *u, int32_t candidate) {
    const float *v = m->candidates + candidate * m->candidate_stride;
    f32x16 sum[4] = {0, 0, 0, 0};
    ptrdiff_t c = 0;
    for (; c + 64 <= m->columns; c += 64)
#pragma clang loop unroll(full)
        for (int part = 0; part < 4; part++)
            sum[part] = fma16(load(u + c + 16 * part), load(v + c + 16 * part), sum[part]);
    for (; c < m->columns; c += 16)
        sum[0] = fma16(load_part(u + c, m->columns - c), load_part(v + c, m->columns - c), sum[0]);
    return sum_of((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/// The candidates that by the products of bytes can be the best of source `row`, ascending; −1 where there are more
/// than `most` of them.
///
/// The one whose similarity is at least the most is multiplied at once: what the others have to reach is then not where
/// it may lie, but where it lies.
static ptrdiff_t possible(const ck_match *m, ptrdiff_t row, const int32_t *products, int32_t *list, ptrdiff_t most) {
    const float scale = m->source_rows.scales[row], residue = m->source_rows.residues[row];
    // A row that is the candidates' centre, or not of numbers.
    if (!(scale > 0 && residue < 1)) return -1;
    const float inverse = 1 / scale;
    const f32x16 reach = splat((m->source_rows.lengths[row] + residue) * margin * inverse);
    const f32x16 turn = splat(residue * margin * inverse);
    f32x16 best = splat(-infinity), distance;
    i32x16 block = 0;
    for (ptrdiff_t j = 0; j < m->candidate_count; j += 16) {
        const f32x16 middle = middle_of(&m->candidate_rows, j, products, inverse, reach, turn, &distance);
        const f32x16 low = middle - distance;
        block = low > best ? (i32x16)(int32_t)j : block;
        best = low > best ? low : best;
    }
    const float lowest = __builtin_reduce_max(best);
    if (!(lowest > -infinity)) return -1;
    const int lane = __builtin_ctz(_cvtmask16_u32(_mm512_cmp_ps_mask(as_register(best),
                                                                     as_register(splat(lowest)), _CMP_EQ_OQ)));
    const float similarity = similarity_of(m, m->sources + row * m->source_stride, block[lane] + lane);
    const float known = (similarity - (m->source_rows.bases[row] - m->centre_square)) * inverse;
    const float slack = (4e-5f + 6 * rounding(m->columns)) * inverse;
    const f32x16 least = splat((known > lowest ? known : lowest) - slack);
    ptrdiff_t count = 0;
    for (ptrdiff_t j = 0; j < m->candidate_count; j += 16) {
        const f32x16 middle = middle_of(&m->candidate_rows, j, products, inverse, reach, turn, &distance);
        const f32x16 high = middle + distance;
        unsigned mask = _cvtmask16_u32(_mm512_cmp_ps_mask(as_register(high), as_register(least), _CMP_GE_OQ));
        for (; mask; mask &= mask - 1) {
            if (count == most) return -1;
            list[count++] = (int32_t)(j + __builtin_ctz(mask));
        }
    }
    return count;
}

/// Leaves of `count` candidates those that a product in float32 cannot rule out, and returns how many.
static ptrdiff_t nearest(const ck_match *m, const float *u, int32_t *list, ptrdiff_t count, float *similarities) {
    float best = -infinity;
    for (ptrdiff_t i = 0; i < count; i++) {
        similarities[i] = similarity_of(m, u, list[i]);
        best = similarities[i] > best ? similarities[i] : best;
    }
    const float least = best - 4 * rounding(m->columns);
    ptrdiff_t left = 0;
    for (ptrdiff_t i = 0; i < count; i++)
        if (similarities[i] >= least) list[left++] = list[i];
    return left;
}

/// Pairs of a source and a candidate whose products run side by side.
typedef struct {
    ptrdiff_t count;
    ptrdiff_t rows[16];
    int32_t candidates[16];
} match_pairs;

/// The similarities of up to 16 pairs, each one chain of fused multiply-adds from zero over the columns.
INLINE f32x16 chains(const ck_match *m, const match_pairs *pairs) {
    f32x16 sum = 0;
    for (ptrdiff_t c = 0; c < m->columns; c += 16) {
        const ptrdiff_t left = m->columns - c < 16 ? m->columns - c : 16;
        f32x16 u[16], v[16];
        for (ptrdiff_t i = 0; i < 16; i++) {
            const ptrdiff_t pair = i < pairs->count ? i : 0;
            u[i] = load_part(m->sources + pairs->rows[pair] * m->source_stride + c, left);
            v[i] = load_part(m->candidates + pairs->candidates[pair] * m->candidate_stride + c, left);
        }
        transpose16(u);
        transpose16(v);
        for (ptrdiff_t i = 0; i < left; i++) sum = fma16(u[i], v[i], sum);
    }
    return sum;
}

/// Takes the pairs' similarities into account; pairs of a row come by ascending candidate, so that the first of equals
/// stays.
static void settle(const ck_match *m, match_pairs *pairs, int32_t *best, float *similarities) {
    if (pairs->count == 0) return;
    const f32x16 found = chains(m, pairs);
    for (ptrdiff_t i = 0; i < pairs->count; i++) {
        const ptrdiff_t row = pairs->rows[i];
        if (!(found[i] > similarities[row])) continue;
        similarities[row] = found[i];
        best[row] = pairs->candidates[i];
    }
    pairs->count = 0;
}

static ptrdiff_t match(const ck_match *m, ptrdiff_t first, ptrdiff_t last, int32_t *scratch, int32_t *best,
                       float *similarities) {
    const ptrdiff_t stride = (m->candidate_count + 31) / 32 * 32, most = ck_match_most(m->candidate_count);
    int32_t *list = scratch + (last - first) * stride;
    byte_product(m, first, last, scratch, stride);
    match_pairs pairs = {0};
    for (ptrdiff_t row = first; row < last; row++) {
        best[row] = -1;
        similarities[row] = -infinity;
        ptrdiff_t count = possible(m, row, scratch + (row - first) * stride, list, most);
        if (count > 1) count = nearest(m, m->sources + row * m->source_stride, list, count, (float *)(list + most));
        for (ptrdiff_t i = 0; i < count; i++) {
            pairs.rows[pairs.count] = row;
            pairs.candidates[pairs.count] = list[i];
            if (++pairs.count == 16) settle(m, &pairs, best, similarities);
        }
    }
    settle(m, &pairs, best, similarities);
    ptrdiff_t undecided = 0;
    for (ptrdiff_t row = first; row < last; row++) {
        // Which of two zeros a row's best is, a fold by lanes says.
        if (similarities[row] == 0) best[row] = -1;
        undecided += best[row] < 0;
    }
    return undecided;
}
