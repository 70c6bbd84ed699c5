// A built library of CUDA kernels and a device of it, without Swift.

#ifndef MOLT_TESTS_LIBRARY_H
#define MOLT_TESTS_LIBRARY_H

#include <dlfcn.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../../Sources/CUDAKernels/molt_cuda.h"

using Floats = std::vector<float>;
using Integers = std::vector<int32_t>;

/// Numbers that are the same everywhere (SplitMix64).
struct Numbers {
    uint64_t state;

    uint64_t bits() {
        uint64_t z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
    Floats floats(size_t count, float low = -1, float high = 1) {
        Floats values(count);
        for (float &value : values) value = low + (high - low) * float(bits() >> 40) * 0x1p-24f;
        return values;
    }
    Integers integers(size_t count, uint64_t below) {
        Integers values(count);
        for (int32_t &value : values) value = int32_t(bits() % below);
        return values;
    }
};

class Library {
public:
    const mc_interface *f;
    mc_device *device;

    Library(const char *path, int index, uint64_t activation_bytes) {
        void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!handle) fail(dlerror());
        auto entrance = reinterpret_cast<const mc_interface *(*)()>(dlsym(handle, "molt_cuda"));
        if (!entrance) fail("no library of Molt's kernels");
        f = entrance();
        if (f->version != mc_version) fail("a library of another version");
        char text[mc_text];
        int count = f->count(text);
        if (count < 0) fail(text);
        device = f->open(index, text);
        if (!device) fail(text);
        f->reserve(device, activation_bytes);
        check();
    }
    ~Library() { f->close(device); }
    Library(const Library &) = delete;
    Library &operator=(const Library &) = delete;

    void check() const {
        char text[mc_text];
        if (f->status(device, text) != mc_ok) fail(text);
    }

    float *room(uint64_t count) const {
        auto memory = static_cast<float *>(f->allocate(device, count * sizeof(float), mc_for_activations));
        if (!memory) check();
        return memory;
    }
    void give(const void *memory) const { f->release(device, const_cast<void *>(memory), mc_for_activations); }

    float *put(const Floats &values) const {
        float *memory = room(values.size());
        f->upload(device, memory, values.data(), values.size() * sizeof(float));
        return memory;
    }
    Floats get(const float *memory, uint64_t count) const {
        Floats values(count);
        f->download(device, values.data(), memory, count * sizeof(float));
        check();
        return values;
    }
    int32_t *put(const Integers &values) const {
        auto memory = static_cast<int32_t *>(f->allocate(device, values.size() * 4, mc_for_activations));
        if (!memory) check();
        f->upload(device, memory, values.data(), values.size() * 4);
        return memory;
    }
    mc_weight weight(const Floats &values, int64_t outputs, int64_t inputs, mc_element element) const {
        int64_t stride = (inputs + mc_weight_columns - 1) / mc_weight_columns * mc_weight_columns;
        mc_weight weight = {nullptr, outputs, inputs, stride, element};
        const uint64_t bytes = uint64_t(outputs * stride) * (element == mc_float32 ? 4 : 2);
        weight.values = f->allocate(device, bytes, mc_for_weights);
        if (!weight.values) check();
        f->fill(device, weight, values.data(), mc_float32);
        return weight;
    }
    void give(mc_weight weight) const { f->release(device, weight.values, mc_for_weights); }

    [[noreturn]] static void fail(const char *text) {
        std::fprintf(stderr, "%s\n", text);
        std::exit(1);
    }
};

#endif
