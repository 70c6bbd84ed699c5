// The CPU backend's hot loops, compiled for several instruction sets with one result.
//
// Glossary: L rows (tokens of all segments), E inner dimension, N state dimension, K convolution width, H heads,
// P head dimension (E = H·P), G groups of B and C, S segments. All matrices are row-major float32; a `stride` is the
// distance between rows in floats, at least the number of columns.
//
// Every kernel computes a row (along time: a segment) with the same operations in the same order whatever other rows
// it is given with, whichever range of rows, channels or heads a call covers, and on every instruction set: fused
// multiply-adds are written out, contraction is off, and lanes are summed in one fixed tree. Time is walked step by
// step, so a segment may be cut anywhere and go on from its states with the same bits. Segments are walked in their
// order, so that one can begin in what an earlier one, its parent, leaves behind.
//
// Pointers must be valid for the shapes given; nothing is checked here. Outputs must not overlap inputs unless said.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Columns of a panel of packed weights, and the granularity in which `product` splits outputs.
enum { ck_panel_width = 32 };

/// Channels that a vector holds: ranges of channels given to the kernels start at a multiple of it.
enum { ck_channel_lanes = 16 };

/// How a stored weight is encoded.
typedef enum { ck_float32, ck_float16, ck_bfloat16 } ck_element;

/// How a row's importance is read: mean(max(0, y)), mean(y), mean|y| or sqrt(Σ y²).
typedef enum { ck_clip, ck_noclip, ck_l1, ck_l2 } ck_metric;

/// An instruction set for which the kernels are compiled.
typedef enum { ck_portable, ck_avx2, ck_avx512, ck_avx512bf16 } ck_instruction_set;

/// y = x · weightᵀ with packed weights; see `pack`, and `pack_bf16` with `round_rows`.
typedef struct {
    const void *x;           ///< [L, inputs] float32; of `product_bf16` what `round_rows` gave
    ptrdiff_t x_stride;
    const void *panels;      ///< [⌈outputs / 32⌉][inputs][32] float32, or [⌈outputs / 32⌉][⌈inputs / 2⌉][32][2]
                             ///< bfloat16; 64-byte aligned
    ptrdiff_t inputs;
    ptrdiff_t outputs;
    float *y;                ///< [L, outputs]
    ptrdiff_t y_stride;
    ptrdiff_t following;     ///< 1 where a panel lies behind the last one that is read next, to be fetched; else 0
} ck_product;

/// Causal depthwise convolution and SiLU: y_t = silu(bias + Σ_k w[k]·x_{t−K+1+k}).
typedef struct {
    const float *x;          ///< [L, channels]
    ptrdiff_t x_stride;
    const float *weight;     ///< [channels, K]
    const float *bias;       ///< [channels]
    ptrdiff_t channels;
    ptrdiff_t width;         ///< K
    float *state;            ///< [S, channels·K], the last K inputs, oldest first; read, then updated
    ptrdiff_t state_stride;
    float *y;                ///< [L, channels]
    ptrdiff_t y_stride;
    const ptrdiff_t *offsets;  ///< [S + 1], the first row of each segment, then L
    const ptrdiff_t *_Nullable parents;  ///< [S], the earlier segment whose last state a segment begins in instead of
                                         ///< its own, or −1; null where there is none
    ptrdiff_t segments;
} ck_convolution;

/// Mamba-1: Δ = softplus(dt + dt_bias); h_t = exp(Δ·A)·h_{t−1} + Δ·x_t·B_t; y_t = C_t·h_t + D·x_t.
typedef struct {
    const float *x;          ///< [L, E]
    ptrdiff_t x_stride;
    const float *dt;         ///< [L, E], before the bias
    ptrdiff_t dt_stride;
    const float *dt_bias;    ///< [E]
    const float *a;          ///< [E, N], not positive
    const float *d;          ///< [E]
    const float *b;          ///< [L, N]
    const float *c;          ///< [L, N]
    ptrdiff_t bc_stride;
    ptrdiff_t channels;      ///< E
    ptrdiff_t states;        ///< N
    float *state;            ///< [S, E·N], h; read, then updated
    ptrdiff_t state_stride;
    float *y;                ///< [L, E]
    ptrdiff_t y_stride;
    const ptrdiff_t *offsets;  ///< [S + 1]
    const ptrdiff_t *_Nullable parents;  ///< [S]
    ptrdiff_t segments;
} ck_selective_scan;

/// Mamba-2: Δ = clamp(softplus(dt + dt_bias)); h_t = exp(Δ·A)·h_{t−1} + Δ·x_t·B_t; y_t = C_t·h_t + D·x_t.
typedef struct {
    const float *x;          ///< [L, H·P]
    const float *b;          ///< [L, G·N]; head h reads group h·G/H
    const float *c;          ///< [L, G·N]
    ptrdiff_t xbc_stride;    ///< of x, b and c, which are columns of one matrix
    const float *dt;         ///< [L, H], before the bias
    ptrdiff_t dt_stride;
    const float *dt_bias;    ///< [H]
    float dt_minimum;
    float dt_maximum;
    const float *a;          ///< [H], not positive
    const float *d;          ///< [H]
    ptrdiff_t heads;         ///< H
    ptrdiff_t head_dimension;  ///< P
    ptrdiff_t groups;        ///< G
    ptrdiff_t states;        ///< N
    float *state;            ///< [S, H·P·N], h; read, then updated
    ptrdiff_t state_stride;
    float *y;                ///< [L, H·P]
    ptrdiff_t y_stride;
    const ptrdiff_t *offsets;  ///< [S + 1]
    const ptrdiff_t *_Nullable parents;  ///< [S]
    ptrdiff_t segments;
} ck_head_scan;

/// What the head's log softmax needs to know of a stretch of one row's logits.
typedef struct {
    float maximum;           ///< the largest logit
    float second;            ///< the second largest, equal to the largest when that occurs twice; −∞ if there is none
    double sum;              ///< Σ exp(logit − maximum)
    int32_t argmax;          ///< lowest column of the largest logit
} ck_fold;

/// Rows in bytes: x − centre, turned, ≈ scale · bytes. All of as many values as there are rows, but for the bytes.
typedef struct {
    void *bytes;             ///< [rows, ck_byte_columns]
    float *scales;
    float *residues;         ///< |x − centre − scale · bytes|₂ or a little more; NaN where x is not of numbers
    float *lengths;          ///< |x − centre|₂ or a little more
    float *bases;            ///< x · centre
    int32_t *sums;           ///< Σ bytes
} ck_byte_rows;

/// Rows of unit length, and candidates to be matched with them.
typedef struct {
    ptrdiff_t columns;       ///< at most `ck_byte_most_columns`
    const float *sources;    ///< [A, columns]
    ptrdiff_t source_stride;
    ck_byte_rows source_rows;
    const float *candidates;   ///< [B, columns]
    ptrdiff_t candidate_stride;
    ptrdiff_t candidate_count;  ///< B
    ck_byte_rows candidate_rows;  ///< for ⌈B / 32⌉ · 32 rows; residues are NaN past the last
    float centre_square;     ///< |centre|₂² of both in bytes
    const void *candidate_panels;  ///< the candidates' bytes and 128, four of them as one value of what `pack` gives
} ck_match;

/// Matching by products of bytes.
typedef struct {
    /// Row `index` of `rows` from a row of unit length, with `offset` added to each byte (not to their sum); scratch
    /// holds `ck_byte_columns` floats.
    void (*round_to_bytes)(const ck_byte_rows *rows, ptrdiff_t index, const float *x, const float *centre,
                           ptrdiff_t columns, int offset, float *scratch);

    /// For each source of [first, last) the first of the candidates that are most similar to it, and how similar: to
    /// the bit what `product` and `fold` of the kernels give. Where that would take longer than they do, −1. Scratch
    /// holds (last − first) · ⌈B / 32⌉ · 32 + 2 · `ck_match_most` integers. Returns how many there are of −1.
    ptrdiff_t (*match)(const ck_match *match, ptrdiff_t first, ptrdiff_t last, int32_t *scratch, int32_t *best,
                       float *similarities);
} ck_matcher;

/// Columns up to which sums of products of bytes fit into 32 bits.
enum { ck_byte_most_columns = 1 << 16 };

/// Bytes that a row takes.
static inline ptrdiff_t ck_byte_columns(ptrdiff_t columns) { return (columns + 15) / 16 * 16; }

/// Candidates of a row that `match` looks at one by one.
static inline ptrdiff_t ck_match_most(ptrdiff_t candidates) { return 24 + candidates / 16; }

/// The kernels for one instruction set.
typedef struct {
    /// `avx512bf16`, `avx512`, `avx2` or `portable`.
    const char *name;

    /// Bytes that `round_rows` writes for a value: 4 or 2.
    ptrdiff_t rounded_bytes;

    /// Packs rows [32·first, 32·last) of a weight [outputs, inputs] of any encoding and alignment into panels, which
    /// points at panel 0; rows past the last output become zeros.
    void (*pack)(const void *values, ck_element element, ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t first,
                 ptrdiff_t last, float *panels);

    /// The same, rounded to bfloat16 (to nearest, ties to even; denormals to zeros), in pairs of neighbouring inputs.
    void (*pack_bf16)(const void *values, ck_element element, ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t first,
                      ptrdiff_t last, uint32_t *panels);

    /// Rounds rows [rows, inputs] to bfloat16 in the form that `product_bf16` reads, a missing partner of the last
    /// input being 0: 2·⌈inputs / 2⌉ values of `rounded_bytes` each; rows of `out` are out_stride floats apart.
    void (*round_rows)(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t inputs, float *out,
                       ptrdiff_t out_stride);

    /// Computes rows [first_row, last_row) of panels [first_panel, last_panel) of y, float32 × float32:
    /// y = fma(x[k], w[k], y) for k = 0, 1, ….
    void (*product)(const ck_product *product, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t first_panel,
                    ptrdiff_t last_panel);

    /// The same of bfloat16 × bfloat16, summed in float32: y = fma(x[k + 1], w[k + 1], y), then y = fma(x[k], w[k], y),
    /// for k = 0, 2, …. A sum that is below 2^−126 when it is rounded becomes a zero of its sign.
    void (*product_bf16)(const ck_product *product, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t first_panel,
                         ptrdiff_t last_panel);

    /// Folds logits [rows, columns], which are columns [first_column, …) of the head's output; row i's fold goes to
    /// folds[i·fold_stride].
    void (*fold)(const float *logits, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t first_column,
                 ck_fold *folds, ptrdiff_t fold_stride);

    /// Convolves channels [first, last) of every segment; scratch holds 32·K floats, 64-byte aligned.
    void (*convolve)(const ck_convolution *convolution, ptrdiff_t first, ptrdiff_t last, float *scratch);

    /// Scans channels [first, last) of every segment; scratch holds 32·N floats, 64-byte aligned.
    void (*selective_scan)(const ck_selective_scan *scan, ptrdiff_t first, ptrdiff_t last, float *scratch);

    /// Scans heads [first, last) of every segment; scratch holds `ck_head_scan_scratch` floats, 64-byte aligned.
    void (*head_scan)(const ck_head_scan *scan, ptrdiff_t first, ptrdiff_t last, float *scratch);

    /// y = x · rsqrt(mean(x²) + ε) · weight, by row; x, y [rows, columns], weight [columns].
    void (*normalize)(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, const float *weight,
                      float epsilon, float *y, ptrdiff_t y_stride);

    /// out = y · silu(z); all [rows, columns].
    void (*gate)(const float *y, ptrdiff_t y_stride, const float *z, ptrdiff_t z_stride, ptrdiff_t rows,
                 ptrdiff_t columns, float *out, ptrdiff_t out_stride);

    /// out = RMSNorm(y · silu(z)) · weight over groups of `group` columns (the last may be shorter); matrices are
    /// [rows, columns], weight [columns].
    void (*gated_normalize)(const float *y, ptrdiff_t y_stride, const float *z, ptrdiff_t z_stride, ptrdiff_t rows,
                            ptrdiff_t columns, ptrdiff_t group, const float *weight, float epsilon, float *out,
                            ptrdiff_t out_stride);

    /// sum += addend; both [rows, columns].
    void (*add)(const float *addend, ptrdiff_t addend_stride, ptrdiff_t rows, ptrdiff_t columns, float *sum,
                ptrdiff_t sum_stride);

    /// out = (x[list[0]] + x[list[1]] + …) / count, added in that order; out [columns].
    void (*mean)(const float *x, ptrdiff_t x_stride, const ptrdiff_t *list, ptrdiff_t count, ptrdiff_t columns,
                 float *out);

    /// out = (x[list[0]] + the `taken` largest of x[list[1]], x[list[2]], …) / (1 + taken), by column, the largest
    /// added first; taken < count; scratch holds 16·(count − 1) floats, 64-byte aligned; out [columns].
    void (*mean_of_largest)(const float *x, ptrdiff_t x_stride, const ptrdiff_t *list, ptrdiff_t count,
                            ptrdiff_t taken, ptrdiff_t columns, float *scratch, float *out);

    /// The importance of each row of y [rows, columns]; out [rows].
    void (*importance)(const float *y, ptrdiff_t y_stride, ptrdiff_t rows, ptrdiff_t columns, ck_metric metric,
                       float *out);

    /// out = x / max(|x|₂, 1e−12), one row [columns]; of max(0, x) where `rectified` is not 0.
    void (*unit)(const float *x, ptrdiff_t columns, int rectified, float *out);

    /// y = log(1 + exp(x)), and x above 20; relative error below 4e−7 where x > −87, then 0. [count]
    void (*softplus)(const float *x, ptrdiff_t count, float *y);

    /// y = x / (1 + exp(−x)); relative error below 4e−7 where x > −87, then −0. [count]
    void (*silu)(const float *x, ptrdiff_t count, float *y);

    /// y = exp(x) for x ≤ 0, as the scans compute it where only the absolute error counts: below 2e−7. [count]
    void (*decay)(const float *x, ptrdiff_t count, float *y);
} ck_kernels;

/// The kernels for an instruction set, or null where this processor (or this build) has none for it. Those for
/// `ck_avx512bf16` are also null where its products of pairs have other bits than the other sets': that is tried.
const ck_kernels *_Nullable ck_kernels_for(ck_instruction_set set);

/// Matching that stands beside the kernels for an instruction set, or null where this processor has none.
const ck_matcher *_Nullable ck_matcher_for(ck_instruction_set set);

/// Floats of scratch that one call of `head_scan` needs, for N states.
ptrdiff_t ck_head_scan_scratch(ptrdiff_t states);

/// Copies row `index` of packed weights of `inputs` columns to out [inputs].
void ck_unpack_row(const float *panels, ptrdiff_t inputs, ptrdiff_t index, float *out);

/// The same of weights packed as bfloat16, widened.
void ck_unpack_row_bf16(const uint32_t *panels, ptrdiff_t inputs, ptrdiff_t index, float *out);

/// Lets this thread, and those that it starts, run on the given cores only; 0, or the system's error number.
int ck_pin(const int *cores, ptrdiff_t count);

/// The cores that this thread may run on, ascending: fills in at most `capacity` and returns how many there are, or −1
/// where the system does not say.
ptrdiff_t ck_usable_cores(int *cores, ptrdiff_t capacity);

/// Memory for `bytes`, 64-byte aligned, on huge pages where it is large and the system gives them, or null; ends with
/// `ck_release`.
void *_Nullable ck_allocate(size_t bytes);

/// Gives back what `ck_allocate` gave for so many bytes.
void ck_release(void *memory, size_t bytes);

/// An empty file in memory, closed when a program is executed, that can be sealed; −1 where the system has none.
int ck_memory_file(const char *name);

/// Lets nobody write to a file in memory, or change its length, any more; 0, or the system's error number, such as
/// while it is mapped for writing.
int ck_seal(int file);

/// Whether that has been done.
int ck_is_sealed(int file);

#pragma clang assume_nonnull end

#endif
