// What is asked once and done many times: the hundreds of launches of a step of decoding become one.
//
// A recording is a CUDA graph with the memory that its pieces of work use among themselves, which nobody else gets
// while it is kept, and with pinned memory for its transfers. Whatever it reads and writes besides, such as weights and
// states, has to stay where it is.

#include "device.h"

#include <algorithm>
#include <cstring>

struct mc_recording {
    Recorded pieces;
    cudaGraphExec_t graph{};
};

namespace {

void drop(mc_device *device, mc_recording *recording) {
    auto &all = device->recordings;
    all.erase(std::remove(all.begin(), all.end(), &recording->pieces), all.end());
    // What is still in use goes back to the arena when it no longer is.
    for (auto &each : recording->pieces.unused) device->arena.give(each.second);
    if (recording->graph) cudaGraphExecDestroy(recording->graph);
    if (recording->pieces.pinned) cudaFreeHost(recording->pieces.pinned);
    delete recording;
}

}  // namespace

void *Recorded::take(Arena &arena, uint64_t bytes) {
    // The layers of a model ask for the same sizes again and again; a little larger is as good.
    auto found = unused.lower_bound(bytes);
    if (found != unused.end() && found->first <= bytes + bytes / 4 + Arena::granularity) {
        void *memory = found->second;
        used[memory] = found->first;
        unused.erase(found);
        return memory;
    }
    void *memory = arena.take(bytes);
    if (memory) used[memory] = bytes;
    return memory;
}

bool Recorded::give(void *memory) {
    auto found = used.find(memory);
    if (found == used.end()) return false;
    unused.emplace(found->second, memory);
    used.erase(found);
    return true;
}

mc_recording *begin_recording(mc_device *device) {
    Call call(device);
    if (!device->works() || device->recording) return nullptr;
    void *pinned = nullptr;
    if (cudaMallocHost(&pinned, 2 * Recorded::transfer_bytes) != cudaSuccess) {
        cudaGetLastError();
        return nullptr;
    }
    auto recording = new mc_recording;
    recording->pieces.pinned = static_cast<char *>(pinned);
    if (cudaStreamBeginCapture(device->stream, cudaStreamCaptureModeThreadLocal) != cudaSuccess) {
        cudaGetLastError();
        drop(device, recording);
        return nullptr;
    }
    device->recordings.push_back(&recording->pieces);
    device->recording = &recording->pieces;
    return recording;
}

int32_t end_recording(mc_device *device, mc_recording *recording) {
    Call call(device);
    device->recording = nullptr;
    cudaGraph_t graph{};
    bool good = cudaStreamEndCapture(device->stream, &graph) == cudaSuccess && device->works();
    good = good && cudaGraphInstantiate(&recording->graph, graph, 0) == cudaSuccess;
    if (graph) cudaGraphDestroy(graph);
    if (good && recording->pieces.used.empty()) return 1;
    // Nothing was done: what failed was to write it down, and the caller asks for it in the usual way.
    cudaGetLastError();
    device->status = mc_ok;
    device->fault.clear();
    drop(device, recording);
    return 0;
}

void repeat_recording(
    mc_device *device, mc_recording *recording, const void *host_first, uint64_t bytes, void *host_results,
    uint64_t result_bytes) {
    Call call(device);
    if (!device->works()) return;
    const Recorded &pieces = recording->pieces;
    if (bytes != pieces.first || result_bytes != pieces.received)
        return device->fail(mc_failed, "a recording was repeated with transfers of another size");
    std::memcpy(pieces.pinned, host_first, bytes);
    device->check(cudaGraphLaunch(recording->graph, device->stream), "repeating a recording");
    if (!device->check(cudaStreamSynchronize(device->stream), "waiting for the device")) return;
    device->sent = 0;
    std::memcpy(host_results, pieces.pinned + Recorded::transfer_bytes, result_bytes);
}

void forget_recording(mc_device *device, mc_recording *recording) {
    Call call(device);
    cudaStreamSynchronize(device->stream);
    drop(device, recording);
}
