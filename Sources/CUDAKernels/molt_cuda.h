// The interface of libmolt_cuda: the operations of a backend on one GPU, in plain C.
//
// The library is loaded at run time and exports one function, `molt_cuda`, which gives a table of the others. The same
// sources compiled for the host give the same table (see cuda_on_host.h), on which the tests run where no GPU is.
//
// Glossary: L rows (tokens of all segments), E inner dimension, N state dimension, K convolution width, H heads,
// P head dimension (E = H·P), G groups of B and C, S segments, V vocabulary. Matrices are row-major float32 without
// padding between rows. Pointers named `host` are the caller's memory; all others come from `allocate`.
//
// A device runs what it is given in order, and returns before it is done, unless results go to the host. A fault is
// remembered, and all that follows does nothing, until `status` is asked. Calls on one device wait for each other.
//
// A row's result (along time: a segment's) is computed by the same operations in the same order whatever else the
// matrix holds. Time is walked step by step, or in chunks that are counted from a sequence's first row, so a segment may
// be cut anywhere with the same bits.

#ifndef MOLT_CUDA_H
#define MOLT_CUDA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __clang__
#pragma clang assume_nonnull begin
#define MC_NULLABLE _Nullable
#else
#define MC_NULLABLE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// Changes with this file; a library of another version is not used.
enum { mc_version = 3 };

/// The longest text that the library writes, its end included.
enum { mc_text = 512 };

/// The largest state dimensions that the scans take.
enum { mc_selective_states = 64, mc_head_states = 256, mc_chunked_states = 128 };

/// Rows of a chunk of Mamba-2's scan.
enum { mc_chunk_rows = 32 };

/// Rows that a product by a library reads and writes at a time: its output has room for a multiple of them.
enum { mc_library_rows = 128 };

/// The columns that a weight's rows are filled up to a multiple of, with zeros.
enum { mc_weight_columns = 8 };

/// How a weight is stored.
typedef enum { mc_float32, mc_float16, mc_bfloat16 } mc_element;

/// Who multiplies matrices.
typedef enum {
    /// Ours, in float32: one chain of fused multiply-adds along the inputs per output, whatever the shape.
    mc_tiled,
    /// cuBLASLt, in the weight's element with float32 sums; on the host a plain loop.
    mc_library
} mc_gemm;

typedef enum { mc_for_weights, mc_for_activations } mc_purpose;
typedef enum { mc_clip, mc_noclip, mc_l1, mc_l2 } mc_metric;
/// Which rows are connected to the most similar of the others: none; the less important half; those at even places
/// among the rows that are not pruned.
typedef enum { mc_no_sources, mc_less_important, mc_even_places } mc_sources;
typedef enum { mc_ok, mc_no_memory, mc_failed } mc_status;

typedef struct mc_device mc_device;
typedef struct mc_recording mc_recording;

/// What a device is.
typedef struct {
    char name[256];
    /// Compute capability, 9 and 0 of sm_90; zeros on the host.
    int32_t major, minor;
    int32_t processors;
    int32_t driver, runtime;
    /// cuBLASLt's version; 0 on the host.
    int64_t library;
    uint64_t total_bytes, free_bytes;
} mc_description;

/// Bytes of a device's memory that are in use by the library's caller.
typedef struct {
    uint64_t weights;
    /// The most that weights ever took at once.
    uint64_t weights_peak;
    uint64_t activations;
    /// The most that activations ever took at once since `mark`.
    uint64_t activations_peak;
    /// What was set aside for activations.
    uint64_t arena;
} mc_memory;

/// [rows, columns]
typedef struct {
    float *MC_NULLABLE values;
    int64_t rows, columns;
} mc_matrix;

/// A projection [outputs, inputs], `stride` elements from one row to the next.
typedef struct {
    void *MC_NULLABLE values;
    int64_t outputs, inputs, stride;
    mc_element element;
} mc_weight;

/// S + 1 row offsets, on the device.
typedef struct {
    const int32_t *MC_NULLABLE offsets;
    int32_t count;
} mc_segments;

/// out = silu(bias + Σ_k w[k]·in[t − K + 1 + k]) over `channels` columns of x from `column` on.
typedef struct {
    mc_matrix x;
    int64_t column, channels;
    const float *MC_NULLABLE weight;
    const float *MC_NULLABLE bias;
    int32_t width;
    float *MC_NULLABLE state;
    mc_segments segments;
    float *MC_NULLABLE y;
} mc_convolution;

/// Mamba-1's scan.
typedef struct {
    mc_matrix x, dt, bc;
    int64_t b_column, c_column;
    int32_t states;
    const float *MC_NULLABLE dt_bias;
    const float *MC_NULLABLE a;
    const float *MC_NULLABLE d;
    float *MC_NULLABLE state;
    mc_segments segments;
    float *MC_NULLABLE y;
} mc_selective_scan;

/// Mamba-2's scan: row after row, or a chunk of rows at a time on tensor cores.
///
/// Chunks are counted from a sequence's first row, wherever segments begin, so that a row's sums are the same. A state
/// between two chunks' ends is therefore that before the chunk, followed by what the chunk's rows left: the number of
/// those rows, once a head [H], and for each row x [H·P], B [G·N] and Δ [H], room for all rows but the last.
typedef struct {
    mc_matrix xbc, projected;
    int64_t dt_column;
    int32_t heads, head_dimension, groups, states;
    float dt_low, dt_high;
    const float *MC_NULLABLE dt_bias;
    const float *MC_NULLABLE a;
    const float *MC_NULLABLE d;
    float *MC_NULLABLE state;
    mc_segments segments;
    float *MC_NULLABLE y;
    /// What a chunk's operands are rounded to; with mc_float32 there are no chunks, and a state is H·P·N values.
    mc_element operands;
} mc_head_scan;

/// Which rows stay, and what is averaged into them; on the host.
typedef struct {
    /// The input row of each output row. [kept_count]
    const int32_t *host_kept;
    int64_t kept_count;
    /// The merge into each output row, or −1. [kept_count]
    const int32_t *host_merge;
    /// The first source of each merge in `host_sources`. [merge_count + 1]
    const int32_t *host_first;
    /// How many of each merge's values take part in a column, the largest; −1 for all. [merge_count]
    const int32_t *host_taken;
    int64_t merge_count;
    const int32_t *host_sources;
} mc_reduction;

/// What is chosen of one sequence's rows. Places in lists that all sequences share are the caller's to give.
typedef struct {
    /// The first row, how many take part, and how many follow them that stay as they are.
    int32_t first, rows, spared;
    /// The least important rows, which go at first.
    int32_t pruned;
    /// How many rows are connected to how many others, and where those begin in the two lists.
    int32_t sources, destinations, first_source, first_destination;
    /// The most similar connections, whose sources go; of them the first so many are not merged in a branch.
    int32_t used, hidden_pruned, residual_pruned;
    /// The first output row.
    int32_t first_output;
} mc_sequence;

/// A reduction whose rows the device chooses. Order: importance and similarity descending, ties the lower row first.
typedef struct {
    mc_matrix features;
    const mc_sequence *host_sequences;
    int64_t sequence_count;
    /// Of all sequences.
    int64_t source_count, destination_count, output_count;
    mc_sources sources;
    /// Whether importance is read, and which.
    int32_t reads_importance;
    mc_metric metric;
    /// Whether max(0, y) is compared instead of the features.
    int32_t rectified;
    /// Whether the sources that are used, by row, take the destinations in the order of similarity.
    int32_t exchanged;
    /// The branches, of as many rows as the features, and their outputs.
    mc_matrix hidden, residual;
    float *MC_NULLABLE hidden_out;
    float *MC_NULLABLE residual_out;
    /// What was chosen by: importance [rows] and each row's rank by it [rows], 0 the least important; rows of the sources
    /// [source_count] and destinations [destination_count]; each source's best destination, a place in its sequence's,
    /// its similarity and its rank by that, 0 the most similar [source_count each]. Rows count in the features; all have
    /// 4 bytes.
    void *MC_NULLABLE record;
} mc_choice;

/// The largest values of a row, the lowest column that has the largest, and Σ exp(value − maximum).
typedef struct {
    float maximum, second;
    double sum;
    int32_t argmax;
    int32_t reserved;
} mc_fold;

/// The library's functions.
typedef struct {
    int32_t version;
    /// "cuda", or "cuda-on-host" for the host's build.
    const char *kind;
    /// Names the kernels' sources and compiler: what decides a result's bits beside the architecture.
    const char *build;

    // Devices

    /// The number of devices, or −1 and why none can be used.
    int32_t (*count)(char *host_text);
    /// A device, or null and why not.
    mc_device *MC_NULLABLE (*open)(int32_t index, char *host_text);
    void (*close)(mc_device *device);
    void (*describe)(mc_device *device, mc_description *host_description);
    /// The first fault since it was last asked, in words; lack of memory is then forgotten, another fault stays.
    mc_status (*status)(mc_device *device, char *host_text);
    /// Waits until all is done that was asked.
    void (*finish)(mc_device *device);

    // Memory

    /// Sets memory aside for activations, once, before the first is made.
    void (*reserve)(mc_device *device, uint64_t bytes);
    void *MC_NULLABLE (*allocate)(mc_device *device, uint64_t bytes, mc_purpose purpose);
    void (*release)(mc_device *device, void *memory, mc_purpose purpose);
    void (*memory)(mc_device *device, mc_memory *host_memory);
    /// Begins the peak anew.
    void (*mark)(mc_device *device);
    void (*upload)(mc_device *device, void *memory, const void *host, uint64_t bytes);
    void (*download)(mc_device *device, void *host, const void *memory, uint64_t bytes);
    void (*clear)(mc_device *device, void *memory, uint64_t bytes);
    void (*copy)(mc_device *device, void *memory, const void *from, uint64_t bytes);
    /// Fills a weight from rows of `element` on the host, without padding; float32 is rounded where the weight is not.
    void (*fill)(mc_device *device, mc_weight weight, const void *host, mc_element element);

    // Rows

    /// y[i] = table[tokens[i]]
    void (*embed)(mc_device *device, mc_weight table, const int32_t *host_tokens, int64_t count, float *y);
    void (*gather)(mc_device *device, mc_matrix x, const int32_t *host_rows, int64_t count, float *y);
    /// y[i] = the row at host_rows[i].
    void (*stack)(mc_device *device, const float *const *host_rows, int64_t count, int64_t columns, float *y);
    void (*reduce)(mc_device *device, mc_matrix x, const mc_reduction *reduction, float *y);
    void (*add)(mc_device *device, mc_matrix addend, float *sum);
    void (*normalize)(mc_device *device, mc_matrix x, const float *weight, float epsilon, float *y);
    /// y = x[:, column...]·weightᵀ; with `mc_library` y has room for a multiple of `mc_library_rows` rows.
    void (*product)(mc_device *device, mc_gemm gemm, mc_matrix x, int64_t column, mc_weight weight, float *y);
    /// y · silu(z), z = gate[:, column...]
    void (*gate)(mc_device *device, mc_matrix y, mc_matrix gate, int64_t column, float *out);
    void (*gated_normalize)(
        mc_device *device, mc_matrix y, mc_matrix gate, int64_t column, const float *weight, float epsilon,
        int64_t group, float *out);

    // Along time

    void (*convolve)(mc_device *device, const mc_convolution *convolution);
    void (*selective_scan)(mc_device *device, const mc_selective_scan *scan);
    void (*head_scan)(mc_device *device, const mc_head_scan *scan);

    // Token reduction and head: all but `choose` wait for their results.

    void (*choose)(mc_device *device, const mc_choice *choice);

    void (*importance)(
        mc_device *device, mc_matrix features, int64_t first, int64_t count, mc_metric metric, float *host_values);
    /// The folds of each source's similarities to all destinations; `sum` is not set.
    void (*match)(
        mc_device *device, mc_matrix features, const int32_t *host_sources, int64_t source_count,
        const int32_t *host_destinations, int64_t destination_count, int32_t rectified, mc_fold *host_folds);
    /// The folds of each row's logits, and the logit of each pair of a row and a token.
    void (*rate)(
        mc_device *device, mc_gemm gemm, mc_matrix hidden, mc_weight head, const int32_t *host_rows,
        const int32_t *host_tokens, int64_t pair_count, mc_fold *host_folds, float *host_logits);

    // Work that is asked for once and done many times, by one thread

    /// From now on all is written down instead of done, and what goes to the host is not there yet. Null where nothing
    /// can be written down.
    mc_recording *MC_NULLABLE (*begin_recording)(mc_device *device);
    /// Whether it can be repeated: nothing that it made is still in use. If not, it is gone, and nothing was done.
    int32_t (*end_recording)(mc_device *device, mc_recording *recording);
    /// Does what was written down, with another first transfer to the device; gives all that goes to the host.
    void (*repeat)(
        mc_device *device, mc_recording *recording, const void *host_first, uint64_t bytes, void *host_results,
        uint64_t result_bytes);
    void (*forget)(mc_device *device, mc_recording *recording);
} mc_interface;

/// The library's functions, for as long as it is loaded.
const mc_interface *molt_cuda(void);

#ifdef __cplusplus
}
#endif

#ifdef __clang__
#pragma clang assume_nonnull end
#endif

#endif
