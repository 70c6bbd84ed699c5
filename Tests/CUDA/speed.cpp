// speed LIBRARY[:DEVICE] [SEQUENCES LENGTH]: what each kernel reaches of the device, on the shapes of the paper's four
// models.
//
// The bounds are measured first: a copy's bandwidth, and what a large product reaches in each precision. A layer's time
// is the sum of its operations' times, each alone and repeated; a prefill's is that of all layers, without the head.

#include <algorithm>
#include <chrono>
#include <functional>

#include "library.h"

namespace {

struct Model {
    const char *name;
    bool second;
    int64_t dimension, layers, states;
    int64_t inner() const { return 2 * dimension; }
    int64_t rank() const { return dimension / 16; }
    int64_t heads() const { return inner() / 64; }
};

constexpr Model models[] = {
    {"mamba-1.4b", false, 2048, 48, 16},
    {"mamba-2.8b", false, 2560, 64, 16},
    {"mamba2-1.3b", true, 2048, 48, 128},
    {"mamba2-2.7b", true, 2560, 64, 128},
};

class Bench {
public:
    explicit Bench(const Library &lib) : lib(lib) {}
    ~Bench() {
        for (void *each : memory) lib.give(each);
        for (const mc_weight &each : weights) lib.give(each);
    }

    /// Uninitialised values would be slow where they are denormal, so all are small numbers.
    float *values(int64_t count) {
        const size_t piece = size_t(std::min<int64_t>(count, 1 << 20));
        Floats some = Numbers{9}.floats(piece, -0.1f, 0.1f);
        float *all = lib.room(uint64_t(count));
        lib.f->upload(lib.device, all, some.data(), piece * sizeof(float));
        for (int64_t filled = int64_t(piece); filled < count; filled *= 2)
            lib.f->copy(
                lib.device, all + filled, all, uint64_t(std::min(filled, count - filled)) * sizeof(float));
        memory.push_back(all);
        return all;
    }

    mc_weight weight(int64_t outputs, int64_t inputs, mc_element element) {
        const Floats values = Numbers{10}.floats(size_t(outputs * inputs), -0.05f, 0.05f);
        weights.push_back(lib.weight(values, outputs, inputs, element));
        return weights.back();
    }

    int32_t *offsets(int64_t sequences, int64_t length) {
        Integers all;
        for (int64_t i = 0; i <= sequences; i++) all.push_back(int32_t(i * length));
        memory.push_back(lib.put(all));
        return static_cast<int32_t *>(memory.back());
    }

    /// Seconds that a piece of work takes: the best of three rounds, each as many times as fill some milliseconds.
    double seconds(const std::function<void()> &work) {
        work();
        lib.f->finish(lib.device);
        lib.check();
        double best = 1e9;
        int times = 1;
        for (int round = 0; round < 3;) {
            auto start = std::chrono::steady_clock::now();
            for (int i = 0; i < times; i++) work();
            lib.f->finish(lib.device);
            double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            if (taken < 0.02 && times < 1024) {
                times *= 4;
                continue;
            }
            best = std::min(best, taken / times);
            round++;
        }
        lib.check();
        return best;
    }

    const Library &lib;

private:
    std::vector<void *> memory;
    std::vector<mc_weight> weights;
};

struct Bounds {
    double bytes_per_second, flops[2];  // fp32 by our kernel, bf16 by the library
};

struct Row {
    const char *name;
    double seconds, flops, bytes;
};

Bounds measure_bounds(const Library &lib, bool on_host) {
    Bench bench(lib);
    // On the host only the program itself is tried.
    const int64_t count = int64_t(on_host ? 1 : 64) << 20, side = on_host ? 64 : 8192;
    float *from = bench.values(count), *to = bench.values(count);
    Bounds bounds;
    bounds.bytes_per_second =
        2 * count * 4 / bench.seconds([&] { lib.f->copy(lib.device, to, from, uint64_t(count) * 4); });
    mc_matrix x = {from, side, side};
    const mc_element elements[2] = {mc_float32, mc_bfloat16};
    for (int i = 0; i < 2; i++) {
        mc_weight weight = bench.weight(side, side, elements[i]);
        bounds.flops[i] = 2.0 * side * side * side /
            bench.seconds([&] { lib.f->product(lib.device, i == 0 ? mc_tiled : mc_library, x, 0, weight, to); });
    }
    return bounds;
}

/// The operations of a layer over some sequences of one length.
std::vector<Row> layer(Bench &bench, const Model &model, int64_t sequences, int64_t length, mc_gemm gemm) {
    const Library &lib = bench.lib;
    const int64_t rows = sequences * length, D = model.dimension, E = model.inner(), N = model.states, R = model.rank();
    const int64_t H = model.heads(), convolved = model.second ? E + 2 * N : E;
    const int64_t projected = model.second ? 2 * E + 2 * N + H : 2 * E;
    const mc_element element = gemm == mc_tiled ? mc_float32 : mc_bfloat16;
    mc_matrix residual = {bench.values(rows * D), rows, D}, u = {bench.values((rows + 128) * D), rows, D};
    mc_matrix in = {bench.values((rows + 128) * projected), rows, projected};
    mc_matrix x = {bench.values(rows * convolved), rows, convolved}, y = {bench.values(rows * E), rows, E};
    mc_matrix low = {bench.values((rows + 128) * (R + 2 * N)), rows, R + 2 * N};
    mc_matrix dt = {bench.values((rows + 128) * E), rows, E};
    mc_segments segments = {bench.offsets(sequences, length), int32_t(sequences)};
    float *parameters = bench.values(E * std::max<int64_t>(N, 8));
    float *a = lib.put(Floats(size_t(E * N), -1.0f)), *window = bench.values(sequences * convolved * 4);
    // Zeros, and beside them what is kept of a chunk.
    const int64_t state_size = sequences * (E * N + H + (mc_chunk_rows - 1) * (E + N + H));
    float *state = bench.values(state_size);
    lib.f->clear(lib.device, state, uint64_t(state_size) * sizeof(float));
    mc_weight in_weight = bench.weight(projected, D, element), out_weight = bench.weight(D, E, element);
    std::vector<Row> all;
    auto add = [&](const char *name, double flops, double bytes, const std::function<void()> &work) {
        all.push_back({name, bench.seconds(work), flops, bytes});
    };
    auto product = [&](const char *name, mc_matrix from, mc_weight weight, mc_matrix to) {
        add(name, 2.0 * double(rows * weight.outputs * weight.inputs), 0,
            [=, &lib] { lib.f->product(lib.device, gemm, from, 0, weight, to.values); });
    };
    const double values = 4.0 * double(rows);
    add("norm", 0, values * 2 * double(D),
        [&] { lib.f->normalize(lib.device, residual, parameters, 1e-5f, u.values); });
    product("in", u, in_weight, in);
    mc_convolution convolution = {
        in, 0, convolved, parameters, parameters, 4, window, segments, x.values};
    add("convolution", 0, values * 2 * double(convolved), [&] { lib.f->convolve(lib.device, &convolution); });
    if (model.second) {
        mc_head_scan scan = {
            x, in, projected - H, int32_t(H), 64, 1, int32_t(N), 0, INFINITY, parameters, a, parameters, state,
            segments, y.values, gemm == mc_tiled ? mc_float32 : mc_bfloat16};
        add("scan", 0, values * double(convolved + E + H), [&] { lib.f->head_scan(lib.device, &scan); });
        add("gated norm", 0, values * 3 * double(E),
            [&] { lib.f->gated_normalize(lib.device, y, in, 0, parameters, 1e-5f, E, dt.values); });
    } else {
        product("x", x, bench.weight(R + 2 * N, E, element), low);
        mc_weight dt_weight = bench.weight(E, R, element);
        product("dt", low, dt_weight, dt);
        mc_selective_scan scan = {
            x, dt, low, R, R + N, int32_t(N), parameters, a, parameters, state, segments, y.values};
        add("scan", 0, values * double(3 * E + 2 * N), [&] { lib.f->selective_scan(lib.device, &scan); });
        add("gate", 0, values * 3 * double(E), [&] { lib.f->gate(lib.device, y, in, E, dt.values); });
    }
    product("out", dt, out_weight, u);
    add("add", 0, values * 3 * double(D), [&] { lib.f->add(lib.device, u, residual.values); });
    lib.give(a);
    return all;
}

void report(const Library &lib, const Bounds &bounds, const Model &model, int64_t sequences, int64_t length, int kind) {
    Bench bench(lib);
    std::vector<Row> rows = layer(bench, model, sequences, length, kind == 0 ? mc_tiled : mc_library);
    double whole = 0, bound = 0;
    auto bound_of = [&](const Row &row) {
        return row.flops / bounds.flops[kind] + row.bytes / bounds.bytes_per_second;
    };
    for (const Row &row : rows) whole += row.seconds, bound += bound_of(row);
    std::printf(
        "\n%s, %s, %ld x %ld: %.0f tokens/s of a prefill, %.0f %% of the bound\n\n", model.name,
        kind == 0 ? "fp32" : "bf16", long(sequences), long(length),
        double(sequences * length) / (whole * double(model.layers)), 100 * bound / whole);
    std::printf("| operation | ms | share | of its bound | |\n|---|--:|--:|--:|--:|\n");
    for (const Row &row : rows) {
        const bool product = row.flops > 0;
        std::printf(
            "| %s | %.3f | %.1f %% | %.0f %% | %.1f %s |\n", row.name, 1e3 * row.seconds, 100 * row.seconds / whole,
            100 * bound_of(row) / row.seconds, (product ? row.flops / 1e12 : row.bytes / 1e9) / row.seconds,
            product ? "TFLOP/s" : "GB/s");
    }
}

/// Mamba-2's scan row after row beside its chunks, and how fast a prefill in bf16 is with each.
void report_chunks(const Library &lib, const Model &model, int64_t sequences, int64_t length) {
    Bench bench(lib);
    std::vector<Row> rows = layer(bench, model, sequences, length, mc_library);
    double others = 0, chunks = 0;
    for (const Row &row : rows) (std::string(row.name) == "scan" ? chunks : others) += row.seconds;
    const int64_t count = sequences * length, E = model.inner(), N = model.states, H = model.heads();
    float *xbc = bench.values(count * (E + 2 * N)), *dt = bench.values(count * H), *y = bench.values(count * E);
    float *parameters = bench.values(H), *state = bench.values(sequences * E * N);
    float *a = lib.put(Floats(size_t(H), -1.0f));
    mc_head_scan scan = {
        {xbc, count, E + 2 * N}, {dt, count, H}, 0, int32_t(H), 64, 1, int32_t(N), 0, INFINITY, parameters, a,
        parameters, state, {bench.offsets(sequences, length), int32_t(sequences)}, y, mc_float32};
    const double recurrence = bench.seconds([&] { lib.f->head_scan(lib.device, &scan); });
    lib.give(a);
    auto tokens = [&](double scan_seconds) { return double(count) / ((others + scan_seconds) * double(model.layers)); };
    std::printf(
        "| %s | %ld x %ld | %.3f | %.3f | %.0f | %.0f |\n", model.name, long(sequences), long(length),
        1e3 * recurrence, 1e3 * chunks, tokens(recurrence), tokens(chunks));
}

/// What choosing the rows to reduce and reducing both branches costs a layer: the less important half is matched to the
/// others, a tenth goes.
void report_reduction(const Library &lib, const Model &model, int64_t sequences, int64_t length) {
    Bench bench(lib);
    const int64_t rows = sequences * length, D = model.dimension;
    const int32_t half = int32_t(length / 2), gone = int32_t(length / 10);
    std::vector<mc_sequence> plan;
    for (int32_t i = 0; i < sequences; i++) {
        const int32_t n = int32_t(length), others = n - half;
        plan.push_back({i * n, n, 0, 0, half, others, i * half, i * others, gone, gone / 2, 0, i * (n - gone)});
    }
    const int64_t left = rows - sequences * gone;
    mc_choice choice = {
        {bench.values(rows * model.inner()), rows, model.inner()}, plan.data(), sequences, sequences * half,
        sequences * (length - half), left, mc_less_important, 1, mc_clip, 0, 0, {bench.values(rows * D), rows, D},
        {bench.values(rows * D), rows, D}, bench.values(left * D), bench.values(left * D), bench.values(7 * rows)};
    const double seconds = bench.seconds([&] { lib.f->choose(lib.device, &choice); });
    std::printf("| %s | %ld x %ld | %.3f |\n", model.name, long(sequences), long(length), 1e3 * seconds);
}

}  // namespace

int main(int count, char **arguments) {
    if (count != 2 && count != 4) Library::fail("usage: speed LIBRARY[:DEVICE] [SEQUENCES LENGTH]");
    const std::string name = arguments[1];
    const size_t colon = name.rfind(':');
    const int index = colon == std::string::npos ? 0 : std::atoi(name.c_str() + colon + 1);
    const int64_t sequences = count == 4 ? std::atoi(arguments[2]) : 8;
    const int64_t length = count == 4 ? std::atoi(arguments[3]) : 2048;
    const bool on_host = name.find("host") != std::string::npos;
    Library lib(name.substr(0, colon).c_str(), index, uint64_t(on_host ? 1 : 16) << 30);
    mc_description description;
    lib.f->describe(lib.device, &description);
    const Bounds bounds = measure_bounds(lib, on_host);
    std::printf(
        "%s, sm_%d%d, %d processors, cuBLASLt %ld\nbounds: %.0f GB/s, fp32 %.1f TFLOP/s, bf16 %.1f TFLOP/s\n",
        description.name, description.major, description.minor, description.processors, long(description.library),
        bounds.bytes_per_second / 1e9, bounds.flops[0] / 1e12, bounds.flops[1] / 1e12);
    for (int kind : {0, 1})
        for (const Model &model : models) report(lib, bounds, model, sequences, length, kind);
    std::printf(
        "\n| a layer's scan in bf16 | | row after row, ms | chunks, ms | prefill, tokens/s | with chunks |\n"
        "|---|---|--:|--:|--:|--:|\n");
    for (const Model &model : models)
        for (int64_t each : {int64_t(1), sequences})
            if (model.second) report_chunks(lib, model, each, length);
    std::printf("\n| a reduced layer's choice | rows | ms |\n|---|--:|--:|\n");
    for (const Model &model : models)
        for (int64_t each : {int64_t(1), sequences}) report_reduction(lib, model, each, length);
    return 0;
}
