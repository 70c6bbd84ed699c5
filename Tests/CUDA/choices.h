// What check.cpp asks of choosing rows on a device, and of work that is repeated.

#ifndef MOLT_TESTS_CHOICES_H
#define MOLT_TESTS_CHOICES_H

#include "library.h"

/// Sequences of some lengths, reduced by one rule; of each the last row takes no part.
struct Choice {
    mc_sources sources;
    bool reads_importance, rectified, exchanged;
    Integers lengths;
    int64_t columns;
};

/// The record's numbers, then both branches.
inline Floats choose(const Library &lib, const Choice &choice) {
    Numbers numbers{12};
    std::vector<mc_sequence> plan;
    int32_t rows = 0, sources = 0, destinations = 0, outputs = 0;
    for (int32_t length : choice.lengths) {
        mc_sequence each = {};
        each.first = rows, each.spared = length > 1, each.rows = length - each.spared;
        each.first_source = sources, each.first_destination = destinations, each.first_output = outputs;
        if (choice.sources != mc_less_important && choice.reads_importance) each.pruned = each.rows / 6;
        const int32_t left = each.rows - each.pruned;
        if (choice.sources == mc_less_important) each.sources = each.rows / 2;
        if (choice.sources == mc_even_places) each.sources = left < 2 ? 0 : (left + 1) / 2;
        if (each.sources > 0) each.destinations = left - each.sources;
        each.used = std::min(each.sources, each.destinations) * 2 / 3;
        each.hidden_pruned = choice.exchanged ? 0 : each.used / 2;
        rows += length, sources += each.sources, destinations += each.destinations;
        outputs += left - each.used + each.spared;
        plan.push_back(each);
    }
    // Few values, so that there are ties.
    Floats values = numbers.floats(size_t(rows * choice.columns));
    for (float &value : values) value = std::round(value * 3) / 4;
    float *features = lib.put(values), *hidden = lib.put(numbers.floats(size_t(rows * 9)));
    float *residual = lib.put(numbers.floats(size_t(rows * 5)));
    float *hidden_out = lib.room(uint64_t(outputs * 9)), *residual_out = lib.room(uint64_t(outputs * 5));
    const uint64_t words = uint64_t(2 * rows + 4 * sources + destinations);
    int32_t *record = lib.put(Integers(words, 0));
    mc_choice all = {
        {features, rows, choice.columns}, plan.data(), int64_t(plan.size()), sources, destinations, outputs,
        choice.sources, choice.reads_importance, mc_clip, choice.rectified, choice.exchanged, {hidden, rows, 9},
        {residual, rows, 5}, hidden_out, residual_out, record};
    lib.f->choose(lib.device, &all);
    Integers chosen(words);
    lib.f->download(lib.device, chosen.data(), record, words * 4);
    Floats result;
    // Importances and similarities are compared by what follows from them: they are floats among whole numbers.
    auto keep = [&](int64_t first, int64_t count) {
        for (int64_t i = first; i < first + count; i++) result.push_back(float(chosen[size_t(i)]));
    };
    if (choice.reads_importance) keep(rows, rows);
    keep(2 * rows, 2 * sources + destinations), keep(2 * rows + 3 * sources + destinations, sources);
    for (auto [memory, count] : {std::pair<float *, int>{hidden_out, outputs * 9}, {residual_out, outputs * 5}}) {
        Floats branch = lib.get(memory, uint64_t(count));
        result.insert(result.end(), branch.begin(), branch.end());
    }
    for (void *each : {(void *)features, (void *)hidden, (void *)residual, (void *)hidden_out, (void *)residual_out,
             (void *)record})
        lib.give(each);
    return result;
}

/// Whether work that is repeated gives what it gives when it is asked for one by one, a state included.
inline int check_repeating(const Library &lib) {
    const int64_t vocabulary = 300, columns = 40;
    Numbers numbers{13};
    mc_weight table = lib.weight(numbers.floats(size_t(vocabulary * columns)), vocabulary, columns, mc_float32);
    mc_weight square = lib.weight(numbers.floats(size_t(columns * columns)), columns, columns, mc_float32);
    auto step = [&](float *state, const Integers &tokens, mc_fold *folds) {
        const int64_t rows = int64_t(tokens.size());
        float *x = lib.room(uint64_t(rows * columns)), *y = lib.room(uint64_t(rows * columns));
        lib.f->embed(lib.device, table, tokens.data(), rows, x);
        lib.f->product(lib.device, mc_tiled, {x, rows, columns}, 0, square, y);
        lib.f->add(lib.device, {y, rows, columns}, state);
        lib.f->rate(lib.device, mc_tiled, {state, rows, columns}, table, nullptr, nullptr, 0, folds, nullptr);
        lib.give(x), lib.give(y);
    };
    const Integers tokens[] = {{5, 9}, {299, 0}, {17, 17}, {1, 250}};
    std::vector<mc_fold> folds(2), expected(2);
    float *states[] = {lib.put(Floats(size_t(2 * columns), 0)), lib.put(Floats(size_t(2 * columns), 0))};
    step(states[0], tokens[0], folds.data());
    step(states[1], tokens[0], expected.data());
    mc_recording *recording = lib.f->begin_recording(lib.device);
    int failures = 0;
    if (recording) step(states[0], tokens[0], folds.data());
    if (!recording || !lib.f->end_recording(lib.device, recording)) {
        std::printf("FAILED: a step cannot be written down\n");
        return 1;
    }
    for (const Integers &each : tokens) {
        lib.f->repeat(lib.device, recording, each.data(), 8, folds.data(), 2 * sizeof(mc_fold));
        step(states[1], each, expected.data());
        lib.check();
        for (int row = 0; row < 2; row++)
            if (folds[size_t(row)].argmax != expected[size_t(row)].argmax ||
                folds[size_t(row)].maximum != expected[size_t(row)].maximum)
                std::printf("FAILED: a repeated step gives something else\n"), failures++;
    }
    lib.f->forget(lib.device, recording);
    lib.give(states[0]), lib.give(states[1]), lib.give(table), lib.give(square);
    return failures;
}

#endif
