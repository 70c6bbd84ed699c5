// Operations on rows: embedding, picking, merging, sums, norms and gates. All are bound by memory.
//
// Norms add squares in float64, in one tree over a block's threads: then no square overflows or vanishes, and the sum's
// rounding does not show in float32. A data centre's GPU has the float64 units for it to cost nothing beside memory.

#include <vector>

#include "arithmetic.cuh"

namespace {

constexpr unsigned row_threads = 256;

template <class Element>
__global__ void embed_kernel(
    const Element *table, int64_t stride, int64_t columns, const int32_t *tokens, int64_t count, float *y) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place < count) y[place] = widen(table[tokens[place / columns] * stride + place % columns]);
}

__global__ void gather_kernel(const float *x, int64_t columns, const int32_t *rows, int64_t count, float *y) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place < count) y[place] = x[rows[place / columns] * columns + place % columns];
}

__global__ void stack_kernel(const float *const *rows, int64_t columns, int64_t count, float *y) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place < count) y[place] = rows[place / columns][place % columns];
}

__global__ void add_kernel(const float *addend, int64_t count, float *sum) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place < count) sum[place] += addend[place];
}

struct Merges {
    const int32_t *kept, *merge, *first, *taken, *sources;
};

/// The sum of a value and the `taken` largest of those that are merged into it, from the largest down.
__device__ __forceinline__ float add_largest(
    float sum, const float *x, int64_t columns, int64_t column, const int32_t *sources, int count, int taken) {
    float last = INFINITY;
    bool begun = false;
    for (int left = taken; left > 0;) {
        // The largest value below the last, or at first of all; equal ones are one as good as the other.
        float next = -INFINITY;
        int times = 0;
        for (int i = 0; i < count; i++) {
            float value = x[sources[i] * columns + column];
            if (begun && !(value < last)) continue;
            if (value > next || times == 0) {
                next = value;
                times = 1;
            } else if (value == next) times++;
        }
        if (times == 0) break;
        int used = times < left ? times : left;
        for (int i = 0; i < used; i++) sum += next;
        left -= used;
        last = next;
        begun = true;
    }
    return sum;
}

/// A thread an output value: most are copies, and the merges' sources are read by neighbouring threads.
__global__ void reduce_kernel(const float *x, int64_t columns, Merges merges, int64_t count, float *y) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place >= count) return;
    int64_t row = place / columns, column = place % columns;
    float sum = x[merges.kept[row] * columns + column];
    int merge = merges.merge[row];
    if (merge >= 0) {
        const int32_t *sources = merges.sources + merges.first[merge];
        int sources_count = merges.first[merge + 1] - merges.first[merge], taken = merges.taken[merge];
        if (taken < 0) {
            taken = sources_count;
            for (int i = 0; i < sources_count; i++) sum += x[sources[i] * columns + column];
        } else sum = add_largest(sum, x, columns, column, sources, sources_count, taken);
        sum /= float(1 + taken);
    }
    y[place] = sum;
}

/// A block a row.
__global__ void __launch_bounds__(row_threads)
normalize_kernel(const float *x, int64_t columns, const float *weight, float epsilon, float *y) {
    const float *row = x + blockIdx.x * columns;
    double squares = 0;
    for (int64_t column = threadIdx.x; column < columns; column += row_threads)
        squares += double(row[column]) * double(row[column]);
    squares = block_sum(squares, static_cast<double *>(block_memory()));
    double scale = 1 / sqrt(squares / double(columns) + double(epsilon));
    for (int64_t column = threadIdx.x; column < columns; column += row_threads)
        y[blockIdx.x * columns + column] = float(double(row[column]) * scale * double(weight[column]));
}

__global__ void gate_kernel(
    const float *y, int64_t columns, const float *gate, int64_t gate_columns, int64_t count, float *out) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place < count) out[place] = y[place] * silu(gate[place / columns * gate_columns + place % columns]);
}

/// A block a group of a row. The gated values wait in the output until their norm is known: each thread reads what it
/// wrote.
__global__ void __launch_bounds__(row_threads)
gated_normalize_kernel(
    const float *y, int64_t columns, const float *gate, int64_t gate_columns, const float *weight, float epsilon,
    int64_t group, float *out) {
    const int64_t first = blockIdx.y * group, row = blockIdx.x;
    const float *values = y + row * columns + first, *gates = gate + row * gate_columns + first;
    float *results = out + row * columns + first;
    double squares = 0;
    for (int64_t column = threadIdx.x; column < group; column += row_threads) {
        float gated = values[column] * silu(gates[column]);
        results[column] = gated;
        squares += double(gated) * double(gated);
    }
    squares = block_sum(squares, static_cast<double *>(block_memory()));
    double scale = 1 / sqrt(squares / double(group) + double(epsilon));
    for (int64_t column = threadIdx.x; column < group; column += row_threads)
        results[column] = float(double(results[column]) * scale * double(weight[first + column]));
}

constexpr size_t sums_bytes = row_threads / 32 * sizeof(double);

dim3 blocks_of(int64_t count) { return dim3(unsigned(ceiling(count, row_threads))); }

template <class Element>
void embed_rows(mc_device *device, mc_weight table, const int32_t *tokens, int64_t count, float *y) {
    auto values = static_cast<const Element *>(table.values);
    LAUNCH(
        device, embed_kernel<Element>, blocks_of(count), row_threads, 0, values, table.stride, table.inputs, tokens,
        count, y);
}

}  // namespace

void embed(mc_device *device, mc_weight table, const int32_t *host_tokens, int64_t rows, float *y) {
    Call call(device);
    const int64_t count = rows * table.inputs;
    if (!device->works() || count == 0) return;
    Scratch<int32_t> copied(device, host_tokens, uint64_t(rows), "token ids");
    if (!device->works()) return;
    const int32_t *tokens = copied;
    switch (table.element) {
    case mc_float32: return embed_rows<float>(device, table, tokens, count, y);
    case mc_float16: return embed_rows<Half>(device, table, tokens, count, y);
    case mc_bfloat16: return embed_rows<BFloat16>(device, table, tokens, count, y);
    }
}

void gather(mc_device *device, mc_matrix x, const int32_t *host_rows, int64_t count, float *y) {
    Call call(device);
    const int64_t values = count * x.columns;
    if (!device->works() || values == 0) return;
    Scratch<int32_t> copied(device, host_rows, uint64_t(count), "row numbers");
    if (!device->works()) return;
    const int32_t *rows = copied;
    LAUNCH(device, gather_kernel, blocks_of(values), row_threads, 0, x.values, x.columns, rows, values, y);
}

void stack(mc_device *device, const float *const *host_rows, int64_t count, int64_t columns, float *y) {
    Call call(device);
    const int64_t values = count * columns;
    if (!device->works() || values == 0) return;
    Scratch<const float *> copied(device, host_rows, uint64_t(count), "row addresses");
    if (!device->works()) return;
    const float *const *rows = copied;
    LAUNCH(device, stack_kernel, blocks_of(values), row_threads, 0, rows, columns, values, y);
}

void add(mc_device *device, mc_matrix addend, float *sum) {
    Call call(device);
    const int64_t count = addend.rows * addend.columns;
    if (!device->works() || count == 0) return;
    LAUNCH(device, add_kernel, blocks_of(count), row_threads, 0, addend.values, count, sum);
}

void reduce(mc_device *device, mc_matrix x, const mc_reduction *reduction, float *y) {
    Call call(device);
    const int64_t kept = reduction->kept_count, merges = reduction->merge_count, count = kept * x.columns;
    if (!device->works() || count == 0) return;
    // One transfer: kept, merge, first, taken, sources.
    std::vector<int32_t> packed(reduction->host_kept, reduction->host_kept + kept);
    packed.insert(packed.end(), reduction->host_merge, reduction->host_merge + kept);
    packed.insert(packed.end(), reduction->host_first, reduction->host_first + merges + 1);
    packed.insert(packed.end(), reduction->host_taken, reduction->host_taken + merges);
    packed.insert(packed.end(), reduction->host_sources, reduction->host_sources + reduction->host_first[merges]);
    Scratch<int32_t> copied(device, packed.data(), packed.size(), "a reduction's rows");
    if (!device->works()) return;
    const int32_t *kept_rows = copied, *merge = kept_rows + kept, *first = merge + kept, *taken = first + merges + 1;
    Merges all = {kept_rows, merge, first, taken, taken + merges};
    LAUNCH(device, reduce_kernel, blocks_of(count), row_threads, 0, x.values, x.columns, all, count, y);
}

void normalize(mc_device *device, mc_matrix x, const float *weight, float epsilon, float *y) {
    Call call(device);
    if (!device->works() || x.rows * x.columns == 0) return;
    LAUNCH(
        device, normalize_kernel, dim3(unsigned(x.rows)), row_threads, sums_bytes, x.values, x.columns, weight, epsilon,
        y);
}

void gate(mc_device *device, mc_matrix y, mc_matrix gate, int64_t column, float *out) {
    Call call(device);
    const int64_t count = y.rows * y.columns;
    if (!device->works() || count == 0) return;
    LAUNCH(
        device, gate_kernel, blocks_of(count), row_threads, 0, y.values, y.columns, gate.values + column, gate.columns,
        count, out);
}

void gated_normalize(
    mc_device *device, mc_matrix y, mc_matrix gate, int64_t column, const float *weight, float epsilon, int64_t group,
    float *out) {
    Call call(device);
    if (!device->works() || y.rows * y.columns == 0) return;
    LAUNCH(
        device, gated_normalize_kernel, dim3(unsigned(y.rows), unsigned(y.columns / group)), row_threads, sums_bytes,
        y.values, y.columns, gate.values + column, gate.columns, weight, epsilon, group, out);
}
