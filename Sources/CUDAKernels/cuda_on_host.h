// CUDA C++ as far as the library uses it, on plain C++: what a GPU does at once happens here one after the other.
//
// Blocks run in turn; the threads of a block are fibers that run until they wait for each other, at a barrier or in an
// exchange within their warp. Device 0 runs the threads of a block in order, device 1 from the last to the first, so
// that a missing barrier changes results. Fresh memory is filled with NaN. A thread that waits for one that has ended,
// or at another barrier, ends the process with the line.

#ifndef CUDA_ON_HOST_H
#define CUDA_ON_HOST_H

#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

inline dim3 gridDim, blockDim, blockIdx, threadIdx;

namespace on_host {

/// Threads of one kind that wait for each other.
struct Barrier {
    unsigned arrived = 0, generation = 0;
    int line = 0;
};

/// Runs the blocks of a launch; one launch at a time.
class Grid {
public:
    static constexpr unsigned most_threads = 1024, warp = 32;
    static constexpr size_t stack_bytes = 128 << 10, memory_bytes = 48 << 10;

    static Grid &shared() {
        static Grid grid;
        return grid;
    }

    /// Whether the threads of a block run from the last to the first.
    bool backwards = false;
    std::mutex launching;

    void run(dim3 blocks, unsigned threads, size_t memory, std::function<void()> body) {
        if (threads % warp || threads > most_threads || memory > memory_bytes) fail("a launch of unlike shape", 0);
        kernel = std::move(body);
        gridDim = blocks;
        blockDim = dim3(threads);
        for (unsigned z = 0; z < blocks.z; z++)
            for (unsigned y = 0; y < blocks.y; y++)
                for (unsigned x = 0; x < blocks.x; x++) {
                    blockIdx = dim3(x, y, z);
                    run_block(threads);
                }
    }

    void *block_memory() { return memory_of_block; }

    void wait_for_block(int line) { wait(of_block, blockDim.x, line); }

    /// Every thread of a warp gives a value and reads another's.
    template <class Value> Value exchange(Value value, unsigned from, int line) {
        return share(value, line)[from % warp].template read<Value>();
    }

    /// What a thread gives to the others of its warp.
    struct Place {
        alignas(8) unsigned char bytes[24];
        template <class Value> Value read() const {
            Value value;
            std::memcpy(&value, bytes, sizeof(Value));
            return value;
        }
    };

    /// Every thread of a warp gives a value, and sees those of all until it gives again.
    template <class Value> const Place *share(const Value &value, int line) {
        static_assert(sizeof(Value) <= sizeof(Place));
        Warp &warp_of_thread = warps[current / warp];
        // Two sets of places in turn: nobody gives again before all have read.
        Place *places = warp_of_thread.places[warp_of_thread.barrier.generation & 1];
        std::memcpy(places[current % warp].bytes, &value, sizeof(Value));
        wait(warp_of_thread.barrier, warp, line);
        return places;
    }

private:
    struct Fiber {
        jmp_buf place;
        ucontext_t context;
        std::unique_ptr<char[]> stack;
        bool ended = true;
    };
    struct Warp {
        Barrier barrier;
        Place places[2][warp];
    };

    Fiber fibers[most_threads];
    Warp warps[most_threads / warp];
    Barrier of_block;
    alignas(16) unsigned char memory_of_block[memory_bytes];
    std::function<void()> kernel;
    unsigned current = 0, progress = 0;
    jmp_buf scheduler;

    void run_block(unsigned threads) {
        std::memset(memory_of_block, 0xFF, memory_bytes);
        of_block = Barrier();
        for (Warp &each : warps) each.barrier = Barrier();
        for (unsigned i = 0; i < threads; i++) fibers[i].ended = false;
        for (unsigned left = threads; left > 0;) {
            unsigned before = progress;
            for (unsigned i = 0; i < threads; i++) {
                unsigned thread = backwards ? threads - 1 - i : i;
                if (fibers[thread].ended) continue;
                resume(thread);
                if (fibers[thread].ended) left--, progress++;
            }
            if (left > 0 && progress == before) fail("threads wait for others that never come", waiting_line());
        }
    }

    void resume(unsigned thread) {
        current = thread;
        threadIdx = dim3(thread, 0, 0);
        Fiber &fiber = fibers[thread];
        if (_setjmp(scheduler)) return;
        if (fiber.stack) _longjmp(fiber.place, 1);
        fiber.stack = std::make_unique<char[]>(stack_bytes);
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.get();
        fiber.context.uc_stack.ss_size = stack_bytes;
        makecontext(&fiber.context, &Grid::begin, 0);
        setcontext(&fiber.context);
    }

    static void begin() {
        Grid &grid = shared();
        for (;;) {
            grid.kernel();
            grid.fibers[grid.current].ended = true;
            grid.pause();
        }
    }

    void pause() {
        if (!_setjmp(fibers[current].place)) _longjmp(scheduler, 1);
    }

    void wait(Barrier &barrier, unsigned expected, int line) {
        if (barrier.arrived > 0 && barrier.line != line) fail("threads wait at unlike barriers", line);
        barrier.line = line;
        if (++barrier.arrived == expected) {
            barrier.arrived = 0;
            barrier.generation++;
            progress++;
            return;
        }
        for (unsigned generation = barrier.generation; generation == barrier.generation;) pause();
    }

    int waiting_line() {
        if (of_block.arrived) return of_block.line;
        for (Warp &each : warps)
            if (each.barrier.arrived) return each.barrier.line;
        return 0;
    }

    [[noreturn]] void fail(const char *what, int line) {
        std::fprintf(stderr, "cuda-on-host: %s (line %d, block %u,%u)\n", what, line, blockIdx.x, blockIdx.y);
        std::abort();
    }
};

}  // namespace on_host

#define __syncthreads() on_host::Grid::shared().wait_for_block(__LINE__)
#define __shfl_xor_sync(mask, value, lanes) \
    on_host::Grid::shared().exchange(value, (threadIdx.x ^ (lanes)), __LINE__)
#define __shfl_up_sync(mask, value, lanes) \
    on_host::Grid::shared().exchange( \
        value, threadIdx.x % 32 >= unsigned(lanes) ? threadIdx.x - (lanes) : threadIdx.x, __LINE__)
#define __shfl_sync(mask, value, lane) on_host::Grid::shared().exchange(value, (lane), __LINE__)

#define LAUNCH(device, kernel, blocks, threads, memory, ...) \
    do { \
        const dim3 all_blocks = blocks; \
        const unsigned all_threads = threads; \
        const size_t all_memory = memory; \
        const bool backwards = (device)->index == 1; \
        on_host::perform((device)->stream, [=] { \
            std::lock_guard<std::mutex> one_launch(on_host::Grid::shared().launching); \
            on_host::Grid::shared().backwards = backwards; \
            on_host::Grid::shared().run(all_blocks, all_threads, all_memory, [=] { kernel(__VA_ARGS__); }); \
        }); \
    } while (0)

inline int min(int a, int b) { return a < b ? a : b; }

inline void *block_memory() { return on_host::Grid::shared().block_memory(); }

// The runtime's functions.

typedef int cudaError_t;
typedef std::vector<std::function<void()>> *cudaGraph_t, *cudaGraphExec_t;

namespace on_host {

struct Stream {
    /// What is written down instead of done.
    cudaGraph_t graph = nullptr;
};

inline void perform(Stream *stream, std::function<void()> work) {
    if (stream->graph) stream->graph->push_back(std::move(work));
    else work();
}

}  // namespace on_host

typedef on_host::Stream *cudaStream_t;
enum { cudaSuccess = 0, cudaErrorMemoryAllocation = 2 };
enum { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice, cudaStreamNonBlocking = 1 };
enum { cudaStreamCaptureModeThreadLocal };
struct cudaDeviceProp {
    char name[256];
    int major, minor, multiProcessorCount;
};

inline constexpr size_t host_device_bytes = size_t(4) << 30;

inline cudaError_t cudaGetDeviceCount(int *count) { return *count = 2, cudaSuccess; }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline const char *cudaGetErrorString(cudaError_t) { return "out of memory"; }
inline cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
    return *free = *total = host_device_bytes, cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int index) {
    *properties = {};
    std::snprintf(properties->name, sizeof properties->name, "%s", index == 1 ? "host, backwards" : "host");
    properties->multiProcessorCount = 1;
    return cudaSuccess;
}
inline cudaError_t cudaDriverGetVersion(int *version) { return *version = 0, cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int *version) { return *version = 0, cudaSuccess; }
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    return *stream = new on_host::Stream, cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) { return delete stream, cudaSuccess; }
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaMalloc(void **memory, size_t bytes) {
    *memory = bytes > host_device_bytes ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}
inline cudaError_t cudaFree(void *memory) { return std::free(memory), cudaSuccess; }
inline cudaError_t cudaMallocHost(void **memory, size_t bytes) { return cudaMalloc(memory, bytes); }
inline cudaError_t cudaFreeHost(void *memory) { return cudaFree(memory); }
inline cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, int, cudaStream_t stream) {
    return on_host::perform(stream, [=] { std::memcpy(to, from, bytes); }), cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream) {
    return on_host::perform(stream, [=] { std::memset(memory, value, bytes); }), cudaSuccess;
}
inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream, int) {
    return stream->graph = new std::vector<std::function<void()>>, cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    *graph = stream->graph;
    stream->graph = nullptr;
    return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t *runnable, cudaGraph_t graph, unsigned long long) {
    return *runnable = new std::vector<std::function<void()>>(*graph), cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return delete graph, cudaSuccess; }
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return delete graph, cudaSuccess; }
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t) {
    for (auto &each : *graph) each();
    return cudaSuccess;
}

#endif
