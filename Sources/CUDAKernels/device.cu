// A device's memory, transfers and faults, and the table of functions.

#include "device.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

void Arena::begin(void *base, uint64_t size) {
    start = static_cast<char *>(base);
    bytes = size;
    add_free(0, size);
}

void *Arena::take(uint64_t wanted) {
    uint64_t size = (std::max<uint64_t>(wanted, 1) + granularity - 1) / granularity * granularity;
    auto found = free_by_size.lower_bound(size);
    if (found == free_by_size.end()) return nullptr;
    uint64_t offset = found->second, whole = found->first;
    remove_free(offset, whole);
    if (whole > size) add_free(offset + size, whole - size);
    used_by_place[offset] = size;
    used += size;
    peak = std::max(peak, used);
    return start + offset;
}

void Arena::give(void *memory) {
    uint64_t offset = static_cast<char *>(memory) - start, size = used_by_place[offset];
    used_by_place.erase(offset);
    used -= size;
    auto next = free_by_place.lower_bound(offset);
    if (next != free_by_place.end() && next->first == offset + size) {
        uint64_t more = next->second;
        remove_free(offset + size, more);
        size += more;
    }
    auto before = free_by_place.lower_bound(offset);
    if (before != free_by_place.begin() && (--before)->first + before->second == offset) {
        uint64_t first = before->first, more = before->second;
        remove_free(first, more);
        offset = first;
        size += more;
    }
    add_free(offset, size);
}

void Arena::add_free(uint64_t offset, uint64_t size) {
    free_by_place[offset] = size;
    free_by_size.emplace(size, offset);
}

void Arena::remove_free(uint64_t offset, uint64_t size) {
    free_by_place.erase(offset);
    auto [first, last] = free_by_size.equal_range(size);
    for (auto each = first; each != last; ++each)
        if (each->second == offset) {
            free_by_size.erase(each);
            return;
        }
}

void mc_device::fail(mc_status kind, const std::string &text) {
    if (status != mc_ok) return;
    status = kind;
    fault = text;
}

bool mc_device::check(cudaError_t code, const char *what) {
    if (code != cudaSuccess) fail(mc_failed, std::string(what) + ": " + cudaGetErrorString(code));
    return code == cudaSuccess;
}

void mc_device::set_aside(uint64_t size) {
    void *base = nullptr;
    if (cudaMalloc(&base, size) != cudaSuccess) {
        cudaGetLastError();
        size_t free = 0, total = 0;
        cudaMemGetInfo(&free, &total);
        return fail(
            mc_no_memory, "no memory for " + std::to_string(size >> 20) + " MiB of activations; " +
                std::to_string(free >> 20) + " MiB of " + std::to_string(total >> 20) +
                " are free: give less with --memory, or take another device");
    }
    arena.begin(base, size);
}

void *mc_device::take(uint64_t size, const char *what) {
    if (!works()) return nullptr;
    if (!arena.base()) set_aside(standard_arena);
    void *memory = !works() ? nullptr : recording ? recording->take(arena, size) : arena.take(size);
    if (!memory)
        fail(
            mc_no_memory, std::string("no memory for ") + what + " (" + std::to_string(size) + " bytes): " +
                std::to_string(arena.used >> 20) + " of the " + std::to_string(arena.bytes >> 20) +
                " MiB for activations are in use; give more with --memory");
#ifndef __CUDACC__
    if (memory) cudaMemsetAsync(memory, 0xFF, size, stream);
#endif
    return memory;
}

void mc_device::give(void *memory) {
    for (Recorded *each : recordings)
        if (each->give(memory)) return;
    arena.give(memory);
}

void mc_device::send(void *memory, const void *host, uint64_t bytes) {
    auto from = static_cast<const char *>(host);
    auto to = static_cast<char *>(memory);
    if (recording) {
        if (recording->sent + bytes > Recorded::transfer_bytes)
            return fail(mc_failed, "a recording has no room for a transfer to the device");
        char *place = recording->pinned + recording->sent;
        std::memcpy(place, from, bytes);
        if (recording->sent == 0) recording->first = bytes;
        recording->sent += (bytes + 255) / 256 * 256;
        check(cudaMemcpyAsync(to, place, bytes, cudaMemcpyHostToDevice, stream), "a transfer to the device");
        return;
    }
    while (bytes > 0 && works()) {
        uint64_t part = std::min(bytes, staging_bytes);
        if (sent + part > staging_bytes) {
            check(cudaStreamSynchronize(stream), "waiting for transfers");
            sent = 0;
        }
        std::memcpy(sending + sent, from, part);
        check(cudaMemcpyAsync(to, sending + sent, part, cudaMemcpyHostToDevice, stream), "a transfer to the device");
        sent += (part + 255) / 256 * 256;
        from += part;
        to += part;
        bytes -= part;
    }
}

void mc_device::receive(void *host, const void *memory, uint64_t bytes) {
    auto from = static_cast<const char *>(memory);
    auto to = static_cast<char *>(host);
    if (recording) {
        if (recording->received + bytes > Recorded::transfer_bytes)
            return fail(mc_failed, "a recording has no room for a transfer to the host");
        char *place = recording->pinned + Recorded::transfer_bytes + recording->received;
        recording->received += bytes;
        check(cudaMemcpyAsync(place, from, bytes, cudaMemcpyDeviceToHost, stream), "a transfer to the host");
        return;
    }
    while (bytes > 0 && works()) {
        uint64_t part = std::min(bytes, staging_bytes);
        check(cudaMemcpyAsync(receiving, from, part, cudaMemcpyDeviceToHost, stream), "a transfer to the host");
        if (!check(cudaStreamSynchronize(stream), "waiting for the device")) return;
        sent = 0;
        std::memcpy(to, receiving, part);
        from += part;
        to += part;
        bytes -= part;
    }
}

namespace {

void say(char *text, const std::string &message) {
    std::snprintf(text, mc_text, "%s", message.c_str());
}

int32_t count_devices(char *text) {
    int count = 0;
    cudaError_t code = cudaGetDeviceCount(&count);
    if (code == cudaSuccess) return count;
    say(text, cudaGetErrorString(code));
    return -1;
}

void close_device(mc_device *device) {
    {
        Call call(device);
        cudaStreamSynchronize(device->stream);
        if (device->library) close_library(device->library);
        for (auto &each : device->weights) cudaFree(each.first);
        if (device->arena.base()) cudaFree(device->arena.base());
        if (device->sending) cudaFreeHost(device->sending);
        if (device->receiving) cudaFreeHost(device->receiving);
        cudaStreamDestroy(device->stream);
    }
    delete device;
}

mc_device *open_device(int32_t index, char *text) {
    auto device = new mc_device;
    device->index = index;
    device->check(cudaSetDevice(index), "choosing the device");
    if (device->works())
        device->check(cudaStreamCreateWithFlags(&device->stream, cudaStreamNonBlocking), "making a stream");
    for (char **staging : {&device->sending, &device->receiving}) {
        void *memory = nullptr;
        if (device->works()) device->check(cudaMallocHost(&memory, mc_device::staging_bytes), "pinned memory");
        *staging = static_cast<char *>(memory);
    }
    if (device->works()) return device;
    say(text, device->fault);
    delete device;
    return nullptr;
}

void describe_device(mc_device *device, mc_description *description) {
    Call call(device);
    cudaDeviceProp properties;
    *description = {};
    if (!device->check(cudaGetDeviceProperties(&properties, device->index), "the device's properties")) return;
    std::snprintf(description->name, sizeof description->name, "%s", properties.name);
    description->major = properties.major;
    description->minor = properties.minor;
    description->processors = properties.multiProcessorCount;
    cudaDriverGetVersion(&description->driver);
    cudaRuntimeGetVersion(&description->runtime);
    description->library = library_version();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    description->free_bytes = free;
    description->total_bytes = total;
}

mc_status take_status(mc_device *device, char *text) {
    Call call(device);
    mc_status status = device->status;
    say(text, device->fault);
    if (status == mc_no_memory) device->status = mc_ok;
    return status;
}

void finish(mc_device *device) {
    Call call(device);
    device->check(cudaStreamSynchronize(device->stream), "waiting for the device");
    device->sent = 0;
}

void reserve(mc_device *device, uint64_t bytes) {
    Call call(device);
    if (device->works() && !device->arena.base()) device->set_aside(bytes);
}

void *allocate_weights(mc_device *device, uint64_t bytes) {
    void *memory = nullptr;
    if (cudaMalloc(&memory, std::max<uint64_t>(bytes, 1)) != cudaSuccess) {
        cudaGetLastError();
        size_t free = 0, total = 0;
        cudaMemGetInfo(&free, &total);
        device->fail(
            mc_no_memory, "no memory for weights (" + std::to_string(bytes) + " bytes); " +
                std::to_string(free >> 20) + " MiB of " + std::to_string(total >> 20) +
                " are free: take a smaller model, bf16, or a device with more memory");
        return nullptr;
    }
    device->weights[memory] = bytes;
    device->weight_bytes += bytes;
    device->weight_peak = std::max(device->weight_peak, device->weight_bytes);
    return memory;
}

void *allocate(mc_device *device, uint64_t bytes, mc_purpose purpose) {
    Call call(device);
    if (!device->works()) return nullptr;
    return purpose == mc_for_weights ? allocate_weights(device, bytes) : device->take(bytes, "activations");
}

void release(mc_device *device, void *memory, mc_purpose purpose) {
    Call call(device);
    if (purpose == mc_for_activations) return device->give(memory);
    device->weight_bytes -= device->weights[memory];
    device->weights.erase(memory);
    cudaFree(memory);
}

void read_memory(mc_device *device, mc_memory *memory) {
    Call call(device);
    *memory = {device->weight_bytes, device->weight_peak, device->arena.used, device->arena.peak, device->arena.bytes};
}

void mark(mc_device *device) {
    Call call(device);
    device->arena.peak = device->arena.used;
}

void upload(mc_device *device, void *memory, const void *host, uint64_t bytes) {
    Call call(device);
    device->send(memory, host, bytes);
}

void download(mc_device *device, void *host, const void *memory, uint64_t bytes) {
    Call call(device);
    device->receive(host, memory, bytes);
}

void clear(mc_device *device, void *memory, uint64_t bytes) {
    Call call(device);
    if (device->works()) device->check(cudaMemsetAsync(memory, 0, bytes, device->stream), "clearing");
}

void copy(mc_device *device, void *memory, const void *from, uint64_t bytes) {
    Call call(device);
    if (!device->works()) return;
    device->check(cudaMemcpyAsync(memory, from, bytes, cudaMemcpyDeviceToDevice, device->stream), "copying");
}

#ifdef __CUDACC__
constexpr const char *kind = "cuda";
#else
constexpr const char *kind = "cuda-on-host";
#endif

const mc_interface table = {
    mc_version, kind, MOLT_KERNELS, count_devices, open_device, close_device, describe_device, take_status, finish, reserve, allocate,
    release, read_memory, mark, upload, download, clear, copy, fill_weight, embed, gather, stack, reduce, add,
    normalize, product, gate, gated_normalize, convolve, selective_scan, head_scan, choose, importance, match, rate,
    begin_recording, end_recording, repeat_recording, forget_recording,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const mc_interface *molt_cuda(void) { return &table; }
