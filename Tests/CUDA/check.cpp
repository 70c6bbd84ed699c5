// check LIBRARY[:DEVICE] LIBRARY[:DEVICE]: holds the kernels of one library to those of another, over edge shapes.
//
// Such as the GPU's to the host's, which Tests/BackendsTests holds to the definition. Also that a row of a product has
// the same bits in any batch, and that a second run has the bits of the first.

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "choices.h"
#include "head_scans.h"

namespace {

struct Case {
    std::string name;
    std::function<Floats(const Library &)> run;
    double tolerance;
};

std::vector<Case> cases;

std::string text(const char *name, std::initializer_list<int64_t> numbers) {
    std::string all = name;
    for (int64_t number : numbers) all += " " + std::to_string(number);
    return all;
}

void add_product(int64_t rows, int64_t inputs, int64_t outputs, int64_t offset, mc_gemm gemm, mc_element element) {
    const char *names[] = {"fp32", "fp16", "bf16"};
    std::string name = std::string("product ") + (gemm == mc_tiled ? "tiled " : "library ") + names[element];
    cases.push_back({text(name.c_str(), {rows, inputs, outputs, offset}), [=](const Library &lib) {
        Numbers numbers{1};
        int64_t columns = inputs + offset, room = (rows + mc_library_rows - 1) / mc_library_rows * mc_library_rows;
        float *x = lib.put(numbers.floats(size_t(rows * columns))), *y = lib.room(uint64_t(room * outputs));
        mc_weight weight = lib.weight(numbers.floats(size_t(outputs * inputs)), outputs, inputs, element);
        lib.f->product(lib.device, gemm, {x, rows, columns}, offset, weight, y);
        Floats values = lib.get(y, uint64_t(rows * outputs));
        lib.give(x), lib.give(y), lib.give(weight);
        return values;
    }, 1e-6 * std::sqrt(double(inputs + 16))});
}

void add_rows(int64_t rows, int64_t columns) {
    cases.push_back({text("rows", {rows, columns}), [=](const Library &lib) {
        Numbers numbers{2};
        const size_t count = size_t(rows * columns);
        float *x = lib.put(numbers.floats(count)), *z = lib.put(numbers.floats(count, -30, 30)), *y = lib.room(count);
        float *weight = lib.put(numbers.floats(size_t(columns)));
        Floats all;
        auto keep = [&](const Floats &values) { all.insert(all.end(), values.begin(), values.end()); };
        lib.f->normalize(lib.device, {x, rows, columns}, weight, 1e-5f, y), keep(lib.get(y, count));
        lib.f->gate(lib.device, {x, rows, columns}, {z, rows, columns}, 0, y), keep(lib.get(y, count));
        lib.f->gated_normalize(lib.device, {x, rows, columns}, {z, rows, columns}, 0, weight, 1e-5f, columns, y);
        keep(lib.get(y, count));
        lib.f->add(lib.device, {x, rows, columns}, y), keep(lib.get(y, count));
        for (int metric = mc_clip; metric <= mc_l2; metric++) {
            Floats values(size_t(rows), 0);
            lib.f->importance(lib.device, {x, rows, columns}, 0, rows, mc_metric(metric), values.data());
            lib.check(), keep(values);
        }
        lib.give(x), lib.give(y), lib.give(z), lib.give(weight);
        return all;
    }, 2e-6});
}

void add_reduction(int32_t sources, int32_t taken, int64_t columns) {
    cases.push_back({text("reduce", {sources, taken, columns}), [=](const Library &lib) {
        Numbers numbers{3};
        const int32_t rows = 2 * sources + 2;
        float *x = lib.put(numbers.floats(size_t(rows * columns)));
        Integers kept, merge, gone, first = {0, sources}, counts = {taken};
        for (int32_t row = 0; row < rows; row++)
            if (row % 2 == 0 && row / 2 < sources) gone.push_back(row);
            else kept.push_back(row), merge.push_back(row == 1 ? 0 : -1);
        mc_reduction reduction = {
            kept.data(), int64_t(kept.size()), merge.data(), first.data(), counts.data(), 1, gone.data()};
        float *y = lib.room(kept.size() * size_t(columns));
        lib.f->reduce(lib.device, {x, rows, columns}, &reduction, y);
        Floats values = lib.get(y, kept.size() * size_t(columns));
        lib.give(x), lib.give(y);
        return values;
    }, 1e-6 * std::sqrt(double(sources + 1))});
}

void add_folds(int64_t rows, int64_t columns, int64_t others) {
    cases.push_back({text("match and rate", {rows, columns, others}), [=](const Library &lib) {
        Numbers numbers{4};
        float *x = lib.put(numbers.floats(size_t((rows + others) * columns)));
        mc_weight head = lib.weight(numbers.floats(size_t(others * columns)), others, columns, mc_float32);
        Integers sources, destinations, tokens = numbers.integers(size_t(rows), uint64_t(others));
        for (int32_t i = 0; i < rows; i++) sources.push_back(i);
        for (int32_t i = 0; i < others; i++) destinations.push_back(int32_t(rows) + i);
        std::vector<mc_fold> folds(static_cast<size_t>(rows));
        Floats all, logits(size_t(rows), 0);
        lib.f->match(
            lib.device, {x, rows + others, columns}, sources.data(), rows, destinations.data(), others, 0,
            folds.data());
        for (auto &fold : folds) all.push_back(float(fold.argmax)), all.push_back(fold.maximum);
        lib.f->rate(
            lib.device, mc_tiled, {x, rows, columns}, head, sources.data(), tokens.data(), rows, folds.data(),
            logits.data());
        lib.check();
        for (auto &fold : folds)
            for (double value : {double(fold.argmax), double(fold.maximum), double(fold.second), std::log(fold.sum)})
                all.push_back(float(value));
        all.insert(all.end(), logits.begin(), logits.end());
        lib.give(x), lib.give(head);
        return all;
    }, 1e-6});
}

struct Segments {
    Integers offsets = {0};
    explicit Segments(std::initializer_list<int> lengths) {
        for (int length : lengths) offsets.push_back(offsets.back() + length);
    }
    int64_t rows() const { return offsets.back(); }
    int32_t count() const { return int32_t(offsets.size()) - 1; }
};

void add_convolution(std::initializer_list<int> lengths, int64_t channels, int32_t width) {
    Segments segments(lengths);
    cases.push_back({text("convolve", {segments.rows(), channels, width}), [=](const Library &lib) {
        Numbers numbers{5};
        const int64_t rows = segments.rows(), states = segments.count() * channels * width;
        float *x = lib.put(numbers.floats(size_t(rows * (channels + 3)))), *y = lib.room(uint64_t(rows * channels));
        float *weight = lib.put(numbers.floats(size_t(channels * width)));
        float *bias = lib.put(numbers.floats(size_t(channels))), *state = lib.put(numbers.floats(size_t(states)));
        int32_t *offsets = lib.put(segments.offsets);
        mc_convolution all = {
            {x, rows, channels + 3}, 3, channels, weight, bias, width, state, {offsets, segments.count()}, y};
        lib.f->convolve(lib.device, &all);
        Floats values = lib.get(y, uint64_t(rows * channels)), after = lib.get(state, uint64_t(states));
        values.insert(values.end(), after.begin(), after.end());
        for (const void *each : {(void *)x, (void *)y, (void *)weight, (void *)bias, (void *)state, (void *)offsets})
            lib.give(each);
        return values;
    }, 2e-6});
}

void add_selective_scan(std::initializer_list<int> lengths, int64_t channels, int32_t states) {
    Segments segments(lengths);
    cases.push_back({text("selective scan", {segments.rows(), channels, states}), [=](const Library &lib) {
        Numbers numbers{6};
        const int64_t rows = segments.rows(), all_states = segments.count() * channels * states;
        float *x = lib.put(numbers.floats(size_t(rows * channels)));
        float *dt = lib.put(numbers.floats(size_t(rows * channels), -6, -2));
        float *bc = lib.put(numbers.floats(size_t(rows * 2 * states))), *y = lib.room(uint64_t(rows * channels));
        float *bias = lib.put(numbers.floats(size_t(channels), -0.1f, 0.1f));
        float *d = lib.put(numbers.floats(size_t(channels)));
        float *a = lib.put(numbers.floats(size_t(channels * states), -16, -0.01f));
        float *state = lib.put(numbers.floats(size_t(all_states)));
        int32_t *offsets = lib.put(segments.offsets);
        mc_selective_scan scan = {
            {x, rows, channels}, {dt, rows, channels}, {bc, rows, 2 * states}, 0, states, states, bias, a, d, state,
            {offsets, segments.count()}, y};
        lib.f->selective_scan(lib.device, &scan);
        Floats values = lib.get(y, uint64_t(rows * channels)), after = lib.get(state, uint64_t(all_states));
        values.insert(values.end(), after.begin(), after.end());
        for (float *each : {x, dt, bc, y, bias, d, a, state}) lib.give(each);
        lib.give(offsets);
        return values;
    }, 1e-5});
}

void add_head_scan(
    std::initializer_list<int> lengths, int32_t heads, int32_t width, int32_t groups, int32_t states,
    mc_element operands = mc_float32) {
    const HeadScan scan = {heads, width, groups, states, operands};
    const Integers all(lengths);
    // Sums in another order may round an operand of the next product to its other neighbour.
    const double tolerance = operands == mc_float32 ? 1e-5 : operands == mc_float16 ? 1e-3 : 8e-3;
    std::string name = operands == mc_float32 ? "head scan" : operands == mc_float16 ? "fp16 chunks" : "bf16 chunks";
    cases.push_back({text(name.c_str(), {scan.rows(all), heads, width, groups, states}), [=](const Library &lib) {
        Floats state = scan.first_states(all.size()), values = scan.run(lib, 0, all, state);
        // What lies behind a state's counts is partly never written.
        for (size_t i = 0; i < all.size(); i++) {
            const auto begin = state.begin() + int64_t(i) * scan.columns();
            values.insert(values.end(), begin, begin + scan.counted());
        }
        return values;
    }, tolerance});
}

void add_choice(const char *name, const Choice &choice) {
    cases.push_back({text(name, {choice.columns}), [=](const Library &lib) { return choose(lib, choice); }, 1e-6});
}

void add_all() {
    for (mc_element element : {mc_float32, mc_float16, mc_bfloat16})
        for (auto [rows, inputs, outputs, offset] : {
                 std::array<int64_t, 4>{1, 1, 1, 0}, {3, 7, 33, 5}, {16, 48, 31, 1}, {17, 67, 80, 0},
                 {96, 130, 70, 3}, {97, 1030, 129, 4}, {200, 300, 260, 0}})
            for (mc_gemm gemm : {mc_tiled, mc_library}) add_product(rows, inputs, outputs, offset, gemm, element);
    for (auto [rows, columns] : {std::array<int64_t, 2>{1, 1}, {5, 50}, {90, 768}, {9, 2561}}) add_rows(rows, columns);
    for (auto [sources, taken] : {std::array<int32_t, 2>{1, -1}, {1, 1}, {7, 3}, {33, 16}, {100, -1}})
        add_reduction(sources, taken, 65);
    for (auto [rows, columns, others] : {std::array<int64_t, 3>{1, 1, 1}, {9, 31, 10}, {120, 64, 121}, {530, 16, 4200}})
        add_folds(rows, columns, others);
    for (int64_t columns : {3, 200}) {
        const Integers lengths = {1, 2, 3, 40, 0, 301, 1030};
        add_choice("choose the least important", {mc_no_sources, true, false, false, lengths, columns});
        add_choice("choose among the less important", {mc_less_important, true, false, false, lengths, columns});
        add_choice("choose after pruning", {mc_even_places, true, false, false, lengths, columns});
        add_choice("choose and exchange", {mc_even_places, false, true, true, lengths, columns});
    }
    add_convolution({1}, 1, 4), add_convolution({0, 3, 0, 5}, 17, 4), add_convolution({2, 40, 1, 4, 17}, 48, 4);
    add_convolution({5, 1}, 16, 1), add_convolution({2, 9}, 19, 7);
    add_selective_scan({1}, 1, 1), add_selective_scan({0, 4, 0, 1}, 5, 3), add_selective_scan({20, 1, 33}, 35, 16);
    add_selective_scan({70}, 96, 16), add_selective_scan({12, 18}, 32, 20), add_selective_scan({9, 40}, 33, 64);
    add_head_scan({1}, 1, 1, 1, 1), add_head_scan({0, 5, 0}, 2, 3, 1, 5), add_head_scan({7, 34}, 4, 8, 2, 8);
    add_head_scan({33, 1, 300}, 2, 20, 1, 33), add_head_scan({20}, 4, 64, 1, 128);
    add_head_scan({18, 5}, 2, 40, 2, 256);
    for (mc_element operands : {mc_bfloat16, mc_float16}) {
        add_head_scan({1}, 1, 1, 1, 1, operands), add_head_scan({0, 5, 0}, 2, 3, 1, 5, operands);
        add_head_scan({31, 64, 1}, 4, 8, 2, 8, operands), add_head_scan({33, 1, 300}, 2, 20, 1, 33, operands);
        add_head_scan({97, 32}, 4, 64, 1, 128, operands), add_head_scan({40}, 2, 80, 2, 64, operands);
    }
}

/// The first value that lies further off than the tolerance allows of the largest, or nothing.
std::string difference(const Floats &actual, const Floats &expected, double tolerance) {
    double largest = 0;
    for (float value : expected) largest = std::max(largest, std::fabs(double(value)));
    for (size_t i = 0; i < expected.size(); i++)
        if (actual[i] != expected[i] &&
            !(std::fabs(double(actual[i]) - double(expected[i])) <= tolerance * largest + 1e-7))
            return "value " + std::to_string(i) + " is " + std::to_string(actual[i]) + ", not " +
                std::to_string(expected[i]);
    return "";
}

/// Whether each row of a product has the same bits in batches of every height.
int check_batches(const Library &lib, mc_gemm gemm, mc_element element) {
    const int64_t rows = 300, inputs = 264, outputs = 520;
    Numbers numbers{8};
    float *x = lib.put(numbers.floats(size_t(rows * inputs))), *y = lib.room(384 * 520);
    mc_weight weight = lib.weight(numbers.floats(size_t(outputs * inputs)), outputs, inputs, element);
    lib.f->product(lib.device, gemm, {x, rows, inputs}, 0, weight, y);
    Floats whole = lib.get(y, uint64_t(rows * outputs));
    int failures = 0;
    for (int64_t height : {1, 2, 15, 16, 17, 96, 97, 127, 128, 129, 255, 256, 257, 299}) {
        const int64_t first = rows - height;
        lib.f->product(lib.device, gemm, {x + first * inputs, height, inputs}, 0, weight, y);
        Floats part = lib.get(y, uint64_t(height * outputs));
        if (std::memcmp(part.data(), whole.data() + first * outputs, part.size() * sizeof(float)) == 0) continue;
        std::printf("FAILED: a batch of %ld rows has other bits, gemm %d, element %d\n", long(height), gemm, element);
        failures++;
    }
    lib.give(x), lib.give(y), lib.give(weight);
    return failures;
}

}  // namespace

int main(int count, char **arguments) {
    if (count != 3) Library::fail("usage: check LIBRARY[:DEVICE] LIBRARY[:DEVICE]");
    auto open = [](std::string name) {
        size_t colon = name.rfind(':');
        int index = colon == std::string::npos ? 0 : std::atoi(name.c_str() + colon + 1);
        return new Library(name.substr(0, colon).c_str(), index, uint64_t(256) << 20);
    };
    Library *tested = open(arguments[1]), *definition = open(arguments[2]);
    add_all();
    int failures = 0;
    for (const Case &each : cases) {
        Floats actual = each.run(*tested), again = each.run(*tested), expected = each.run(*definition);
        std::string found = difference(actual, expected, each.tolerance);
        if (found.empty() && std::memcmp(actual.data(), again.data(), actual.size() * sizeof(float)) != 0)
            found = "a second run has other bits";
        if (!found.empty()) std::printf("FAILED: %s: %s\n", each.name.c_str(), found.c_str()), failures++;
    }
    for (mc_element element : {mc_float32, mc_float16, mc_bfloat16})
        for (mc_gemm gemm : {mc_tiled, mc_library}) failures += check_batches(*tested, gemm, element);
    for (mc_element operands : {mc_bfloat16, mc_float16}) failures += check_cuts(*tested, operands);
    failures += check_repeating(*tested);
    std::printf("%zu cases, %d failures\n", cases.size(), failures);
    delete tested;
    delete definition;
    return failures > 0;
}
