// Every kernel of every instruction set over edge shapes and hostile values, in memory that ends where the shapes say.
//
// Built with AddressSanitizer and UndefinedBehaviorSanitizer, which see what Swift's tests cannot: a read past the last
// row that happens to hit mapped memory. All instruction sets must give the same bits, too. From the repository's root:
//
//     clang -std=gnu11 -g -O1 -ffp-contract=off -fsanitize=address,undefined -fno-sanitize-recover=all
//         -mllvm -asan-instrumentation-with-call-threshold=0 -fuse-ld=lld -ISources/CKernels/include
//         Sources/CKernels/*.c Tests/Sanitize/edges.c -lm -o .build/edges && .build/edges

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

/// Nothing is given back before the process ends.
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

static uint64_t state = 1;

/// SplitMix64.
static uint64_t bits(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/// Memory of exactly that size, in cache lines' alignment; it is kept until the process ends.
static void *memory(size_t bytes) {
    void *m = NULL;
    if (posix_memalign(&m, 64, bytes ? bytes : 1) != 0) abort();
    return m;
}

typedef enum { plain, hostile } values_kind;

static float *values(ptrdiff_t count, values_kind kind, float low, float high) {
    static const float special[] = {0,     -0.0f, 0x1p-149f, -0x1p-133f, 0x1p-126f, -INFINITY,
                                    1e30f, -1e30f, 20,       -88,        1e18f};
    float *v = memory((size_t)count * 4);
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint64_t b = bits();
        v[i] = kind == hostile && b % 4 == 0 ? special[b / 4 % (sizeof special / sizeof *special)]
                                             : low + (high - low) * (float)(b >> 40) * 0x1p-24f;
    }
    return v;
}

static float *copy(const float *v, ptrdiff_t count) {
    float *c = memory((size_t)count * 4);
    memcpy(c, v, (size_t)count * 4);
    return c;
}

// MARK: Comparison with the first instruction set

enum { most_results = 1 << 16 };
static struct {
    float *values;
    ptrdiff_t count;
} results[most_results];
static int result_count, results_seen, failures;

static const ck_kernels *k;
static int is_first;
static ptrdiff_t matched;

/// Keeps a result of the first instruction set, or compares with what it gave there; NaN equals NaN.
static void check(const char *what, float *v, ptrdiff_t count) {
    if (is_first) {
        if (result_count == most_results) abort();
        results[result_count].values = v;
        results[result_count++].count = count;
        return;
    }
    const float *expected = results[results_seen].values;
    const int same_shape = results_seen < result_count && results[results_seen].count == count;
    results_seen++;
    for (ptrdiff_t i = 0; same_shape && i < count; i++)
        if (memcmp(v + i, expected + i, 4) != 0 && (v[i] == v[i] || expected[i] == expected[i])) {
            fprintf(stderr, "%s: %s[%td] is %a, not %a\n", k->name, what, i, (double)v[i], (double)expected[i]);
            failures++;
            return;
        }
    if (!same_shape) failures++;
}

// MARK: The kernels

static ptrdiff_t panels_of(ptrdiff_t outputs) { return (outputs + ck_panel_width - 1) / ck_panel_width; }

static void products(ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs, values_kind kind) {
    const ptrdiff_t panels = panels_of(outputs), steps = (inputs + 1) / 2;
    const float *x = values(rows * inputs, kind, -1, 1), *w = values(outputs * inputs, kind, -1, 1);
    float *packed = memory((size_t)(panels * ck_panel_width * inputs) * 4), *y = memory((size_t)(rows * outputs) * 4);
    k->pack(w, ck_float32, outputs, inputs, 0, panels, packed);
    const ck_product whole = {x, inputs, packed, inputs, outputs, y, outputs, 0};
    k->product(&whole, 0, rows, 0, panels);
    check("product", y, rows * outputs);
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t o = 0; o < outputs; o++) {
            float sum = 0;
            for (ptrdiff_t i = 0; i < inputs; i++) sum = fmaf(x[r * inputs + i], w[o * inputs + i], sum);
            const float found = y[r * outputs + o];
            if (found != sum && (found == found || sum == sum)) failures++;
        }
    float *row = memory((size_t)inputs * 4);
    if (outputs > 0) ck_unpack_row(packed, inputs, outputs - 1, row);
    if (outputs > 0) check("unpacked row", row, inputs);

    uint32_t *pairs = memory((size_t)(panels * ck_panel_width * steps) * 4);
    const ptrdiff_t stride = (2 * steps * k->rounded_bytes + 3) / 4;
    float *rounded = memory((size_t)(rows * stride) * 4), *z = memory((size_t)(rows * outputs) * 4);
    float *pair_row = memory((size_t)inputs * 4);
    k->pack_bf16(w, ck_float32, outputs, inputs, 0, panels, pairs);
    k->round_rows(x, inputs, rows, inputs, rounded, stride);
    const ck_product halves = {rounded, stride, pairs, inputs, outputs, z, outputs, 0};
    k->product_bf16(&halves, 0, rows, 0, panels);
    check("bf16 product", z, rows * outputs);
    if (outputs > 0) ck_unpack_row_bf16(pairs, inputs, outputs - 1, pair_row);
    if (outputs > 0) check("unpacked bf16 row", pair_row, inputs);
}

/// Weights at odd addresses, as a file may have them.
static void packs(ck_element element, ptrdiff_t outputs, ptrdiff_t inputs) {
    const size_t size = (element == ck_float32 ? 4 : 2) * (size_t)(outputs * inputs);
    unsigned char *stored = memory(size + 1);
    for (size_t i = 0; i < size + 1; i++) stored[i] = (unsigned char)bits();
    const ptrdiff_t panels = panels_of(outputs);
    float *packed = memory((size_t)(panels * ck_panel_width * inputs) * 4);
    float *pairs = memory((size_t)(panels * ck_panel_width * ((inputs + 1) / 2)) * 4);
    k->pack(stored + 1, element, outputs, inputs, 0, panels, packed);
    k->pack_bf16(stored + 1, element, outputs, inputs, 0, panels, (uint32_t *)pairs);
    check("packed", packed, panels * ck_panel_width * inputs);
    check("packed pairs", pairs, panels * ck_panel_width * ((inputs + 1) / 2));
}

static void folds(ptrdiff_t rows, ptrdiff_t columns, values_kind kind) {
    const float *logits = values(rows * columns, kind, -9, 9);
    ck_fold *folds = memory((size_t)rows * sizeof *folds);
    k->fold(logits, columns, rows, columns, 7, folds, 1);
    float *out = memory((size_t)(rows * 4) * 4);
    for (ptrdiff_t r = 0; r < rows; r++) {
        out[4 * r] = folds[r].maximum;
        out[4 * r + 1] = folds[r].second;
        out[4 * r + 2] = (float)folds[r].sum;
        out[4 * r + 3] = (float)folds[r].argmax;
    }
    check("fold", out, rows * 4);
}

/// Of four segments: two begin in what others leave.
static const ptrdiff_t parents[] = {-1, 0, 0, 2};

static void convolutions(const ptrdiff_t *offsets, ptrdiff_t segments, ptrdiff_t channels, ptrdiff_t width) {
    const ptrdiff_t rows = offsets[segments], state_size = segments * channels * width;
    float *past = values(state_size, plain, -1, 1), *y = memory((size_t)(rows * channels) * 4);
    const ck_convolution c = {
        values(rows * channels, hostile, -1, 1), channels, values(channels * width, plain, -1, 1),
        values(channels, plain, -1, 1), channels, width, past, channels * width, y, channels, offsets, parents,
        segments};
    k->convolve(&c, 0, channels, memory((size_t)(32 * width) * 4));
    check("convolution", y, rows * channels);
    check("convolution's state", past, state_size);
}

static void selective_scans(const ptrdiff_t *offsets, ptrdiff_t segments, ptrdiff_t channels, ptrdiff_t states,
                            values_kind kind) {
    const ptrdiff_t rows = offsets[segments], state_size = segments * channels * states;
    float *h = values(state_size, plain, -1, 1), *y = memory((size_t)(rows * channels) * 4);
    const ck_selective_scan s = {
        values(rows * channels, plain, -1, 1), channels, values(rows * channels, kind, -6, 2), channels,
        values(channels, plain, -1, 1), values(channels * states, plain, -16, -0.01f), values(channels, plain, -1, 1),
        values(rows * states, plain, -1, 1), values(rows * states, plain, -1, 1), states, channels, states, h,
        channels * states, y, channels, offsets, parents, segments};
    k->selective_scan(&s, 0, channels, memory((size_t)(32 * states) * 4));
    check("selective scan", y, rows * channels);
    check("selective scan's state", h, state_size);
}

static void head_scans(const ptrdiff_t *offsets, ptrdiff_t segments, ptrdiff_t heads, ptrdiff_t width,
                       ptrdiff_t groups, ptrdiff_t states, values_kind kind) {
    const ptrdiff_t rows = offsets[segments], channels = heads * width, columns = channels + 2 * groups * states;
    const ptrdiff_t state_size = segments * channels * states;
    const float *xbc = values(rows * columns, plain, -1, 1);
    float *h = values(state_size, plain, -1, 1), *y = memory((size_t)(rows * channels) * 4);
    const ck_head_scan s = {
        xbc, xbc + channels, xbc + channels + groups * states, columns, values(rows * heads, kind, -6, 2), heads,
        values(heads, plain, -1, 1), 0.001f, 10, values(heads, plain, -16, -0.01f), values(heads, plain, -1, 1), heads,
        width, groups, states, h, channels * states, y, channels, offsets, parents, segments};
    k->head_scan(&s, 0, heads, memory((size_t)ck_head_scan_scratch(states) * 4));
    check("head scan", y, rows * channels);
    check("head scan's state", h, state_size);
}

static void row_kernels(ptrdiff_t rows, ptrdiff_t columns, values_kind kind) {
    const ptrdiff_t count = rows * columns;
    const float *x = values(count, kind, -3, 3), *z = values(count, kind, -90, 90);
    const float *weight = values(columns, plain, -1, 1);
    float *out[8];
    for (int i = 0; i < 8; i++) out[i] = memory((size_t)count * 4);
    k->normalize(x, columns, rows, columns, weight, 1e-5f, out[0], columns);
    k->gate(x, columns, z, columns, rows, columns, out[1], columns);
    k->gated_normalize(x, columns, z, columns, rows, columns, (columns + 1) / 2, weight, 1e-5f, out[2], columns);
    memcpy(out[3], z, (size_t)count * 4);
    k->add(x, columns, rows, columns, out[3], columns);
    k->softplus(z, count, out[4]);
    k->silu(z, count, out[5]);
    float *negative = copy(z, count);
    for (ptrdiff_t i = 0; i < count; i++) negative[i] = -fabsf(z[i]);
    k->decay(negative, count, out[6]);
    for (int rectified = 0; rectified < 2; rectified++)
        for (ptrdiff_t r = 0; r < rows; r++) k->unit(x + r * columns, columns, rectified, out[7] + r * columns);
    for (int i = 0; i < 8; i++) check("a row kernel", out[i], count);
    for (ck_metric metric = ck_clip; metric <= ck_l2; metric++) {
        float *importance = memory((size_t)rows * 4);
        k->importance(x, columns, rows, columns, metric, importance);
        check("importance", importance, rows);
    }
}

static void means(ptrdiff_t rows, ptrdiff_t columns) {
    const float *x = values(rows * columns, hostile, -3, 3);
    ptrdiff_t *list = memory((size_t)rows * sizeof *list);
    for (ptrdiff_t i = 0; i < rows; i++) list[i] = rows - 1 - i;
    float *mean = memory((size_t)columns * 4);
    k->mean(x, columns, list, rows, columns, mean);
    check("mean", mean, columns);
    for (ptrdiff_t taken = 0; taken < rows; taken += 1 + rows / 3) {
        float *largest = memory((size_t)columns * 4);
        k->mean_of_largest(x, columns, list, rows, taken, columns, memory((size_t)(16 * (rows - 1)) * 4), largest);
        check("mean of the largest", largest, columns);
    }
}

// MARK: Matching

typedef enum { spread, alike, equal, tailed, empty, broken, tiny, huge, matched_kinds } rows_kind;

/// Rows that are spread out, alike but for a little, equal, of few large values, or in part zero, not of numbers, below
/// what is normal, or near the largest number.
static float *rows_of(ptrdiff_t rows, ptrdiff_t columns, rows_kind kind) {
    float *x = values(rows * columns, plain, -1, 1);
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < columns; c++) {
            float *v = x + r * columns + c;
            const uint64_t b = bits();
            if (kind == alike) *v = (float)(c % 7) - 3 + 0.01f * *v;
            if (kind == equal) *v = (float)(c % 7) - 3;
            if (kind == tailed) *v = b % 50 == 0 ? 40 * *v : *v * *v * *v;
            if (kind == empty && r % 3 == 0) *v = 0;
            if (kind == broken && r % 5 == 0 && b % 9 == 0) *v = b % 2 ? INFINITY : NAN;
            if (kind == tiny) *v *= 0x1p-140f;
            if (kind == huge) *v *= 0x1.8p127f;
        }
    return x;
}

static ck_byte_rows byte_rows(ptrdiff_t rows, ptrdiff_t columns) {
    const size_t padded = (size_t)(rows + 31) / 32 * 32;
    float *v[4];
    for (int i = 0; i < 4; i++) {
        v[i] = memory(padded * 4);
        for (size_t r = 0; r < padded; r++) v[i][r] = i == 1 ? NAN : 0;
    }
    return (ck_byte_rows){memory((size_t)(rows * ck_byte_columns(columns))), v[0], v[1], v[2], v[3],
                          memory(padded * 4)};
}

/// What products of bytes decide must be what whole products find.
static void matches(const ck_matcher *matcher, ptrdiff_t sources, ptrdiff_t candidates, ptrdiff_t columns,
                    rows_kind kind) {
    const ptrdiff_t panels = panels_of(candidates), byte_columns = ck_byte_columns(columns);
    const float *x = rows_of(sources + candidates, columns, kind);
    float *u = memory((size_t)(sources * columns) * 4), *v = memory((size_t)(candidates * columns) * 4);
    for (ptrdiff_t r = 0; r < sources; r++) k->unit(x + r * columns, columns, 0, u + r * columns);
    for (ptrdiff_t r = 0; r < candidates; r++) k->unit(x + (sources + r) * columns, columns, 0, v + r * columns);
    float *packed = memory((size_t)(panels * ck_panel_width * columns) * 4);
    float *y = memory((size_t)(sources * candidates) * 4);
    k->pack(v, ck_float32, candidates, columns, 0, panels, packed);
    const ck_product whole = {u, columns, packed, columns, candidates, y, candidates, 0};
    k->product(&whole, 0, sources, 0, panels);
    ck_fold *found = memory((size_t)sources * sizeof *found);
    k->fold(y, candidates, sources, candidates, 0, found, 1);
    // About any centre.
    const float *centre = kind == spread ? values(columns, plain, -0.1f, 0.1f) : v;
    float *scratch = memory((size_t)byte_columns * 4);
    const ck_byte_rows of_sources = byte_rows(sources, columns), of_candidates = byte_rows(candidates, columns);
    for (ptrdiff_t r = 0; r < sources; r++)
        matcher->round_to_bytes(&of_sources, r, u + r * columns, centre, columns, 0, scratch);
    for (ptrdiff_t r = 0; r < candidates; r++)
        matcher->round_to_bytes(&of_candidates, r, v + r * columns, centre, columns, 128, scratch);
    float *byte_panels = memory((size_t)(panels * ck_panel_width * byte_columns));
    k->pack(of_candidates.bytes, ck_float32, candidates, byte_columns / 4, 0, panels, byte_panels);
    float square = 0;
    for (ptrdiff_t c = 0; c < columns; c++) square += centre[c] * centre[c];
    const ck_match match = {columns,    u,      columns,    of_sources, v, columns, candidates, of_candidates, square,
                            byte_panels};
    int32_t *best = memory((size_t)sources * 4);
    float *similarities = memory((size_t)sources * 4);
    for (ptrdiff_t first = 0; first < sources; first += 50) {
        const ptrdiff_t last = first + 50 < sources ? first + 50 : sources;
        const ptrdiff_t integers = (last - first) * panels * 32 + 2 * ck_match_most(candidates);
        int32_t *space = memory((size_t)integers * 4);
        ptrdiff_t open = matcher->match(&match, first, last, space, best, similarities);
        for (ptrdiff_t r = first; r < last; r++) open -= best[r] < 0;
        failures += open != 0;
    }
    ptrdiff_t decided = 0;
    for (ptrdiff_t r = 0; r < sources; r++) {
        if (best[r] < 0) continue;
        decided++;
        if (best[r] == found[r].argmax && memcmp(similarities + r, &found[r].maximum, 4) == 0) continue;
        fprintf(stderr, "row %td matches %d (%a), not %d (%a)\n", r, best[r], (double)similarities[r],
                found[r].argmax, (double)found[r].maximum);
        failures++;
    }
    matched += decided;
    // Where few are alike, few may be left to whole products.
    if (kind == tailed && columns > 40 && 2 * decided < sources) {
        fprintf(stderr, "%td of %td rows decided\n", decided, sources);
        failures++;
    }
}

static void matches_of_all_shapes(const ck_matcher *matcher) {
    static const ptrdiff_t shapes[][3] = {{1, 1, 1},    {3, 33, 17},   {31, 32, 64}, {40, 97, 48},
                                          {60, 100, 200}, {101, 130, 515}, {70, 64, 1040}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (rows_kind kind = spread; kind < matched_kinds; kind++)
            matches(matcher, shapes[i][0], shapes[i][1], shapes[i][2], kind);
}

// MARK: The shapes

static void products_of_all_shapes(void) {
    static const ptrdiff_t shapes[][3] = {
        {1, 1, 1}, {0, 5, 7}, {3, 7, 33}, {13, 48, 31}, {12, 17, 64}, {25, 67, 80}, {7, 1030, 70}, {2, 2101, 97},
        {193, 33, 32}, {6, 16, 0}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        products(shapes[i][0], shapes[i][1], shapes[i][2], plain);
        products(shapes[i][0], shapes[i][1], shapes[i][2], hostile);
    }
    for (ck_element element = ck_float32; element <= ck_bfloat16; element++)
        for (ptrdiff_t outputs = 1; outputs <= 34; outputs += 11)
            for (ptrdiff_t inputs = 1; inputs <= 35; inputs += 17) packs(element, outputs, inputs);
}

static void scans_of_all_shapes(void) {
    static const ptrdiff_t offsets[][5] = {{0, 1, 1, 1, 1}, {0, 0, 5, 5, 38}, {0, 33, 34, 34, 70}, {0, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        for (ptrdiff_t channels = 1; channels <= 49; channels += 16) {
            convolutions(offsets[i], 4, channels, 4);
            convolutions(offsets[i], 4, channels, 1);
            convolutions(offsets[i], 4, channels, 7);
            selective_scans(offsets[i], 4, channels, 16, plain);
            selective_scans(offsets[i], 4, channels, 5, hostile);
            selective_scans(offsets[i], 4, channels, 20, hostile);
            head_scans(offsets[i], 4, 1, channels, 1, 16, plain);
            head_scans(offsets[i], 4, 4, 3, 2, channels, hostile);
            head_scans(offsets[i], 4, 3, 20, 3, 33, hostile);
        }
    static const ptrdiff_t longer[] = {0, 300};
    head_scans(longer, 1, 2, 17, 1, 128, plain);
    selective_scans(longer, 1, 33, 16, plain);
}

static void all(void) {
    products_of_all_shapes();
    scans_of_all_shapes();
    static const ptrdiff_t columns[] = {1, 2, 15, 16, 17, 33, 512, 1027};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        for (values_kind kind = plain; kind <= hostile; kind++) {
            row_kernels(1, columns[i], kind);
            row_kernels(3, columns[i], kind);
            folds(2, columns[i], kind);
            means(1 + (ptrdiff_t)i * 5, columns[i]);
        }
}

int main(void) {
    static const ck_instruction_set sets[] = {ck_portable, ck_avx2, ck_avx512, ck_avx512bf16};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        k = ck_kernels_for(sets[i]);
        if (k == NULL) continue;
        is_first = i == 0;
        state = 1;
        results_seen = 0;
        all();
        const ck_matcher *matcher = ck_matcher_for(sets[i]);
        matched = 0;
        if (matcher) matches_of_all_shapes(matcher);
        printf("%s: %d results, %td matches\n", k->name, is_first ? result_count : results_seen, matched);
    }
    if (failures) fprintf(stderr, "%d results differ\n", failures);
    return failures != 0;
}
