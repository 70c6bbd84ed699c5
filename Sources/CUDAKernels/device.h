// A device as the library's sources share it: memory, order, faults, and how kernels are launched.

#ifndef MOLT_DEVICE_H
#define MOLT_DEVICE_H

#ifdef __CUDACC__
#include <cuda_runtime.h>
#define LAUNCH(device, kernel, blocks, threads, memory, ...) \
    do { \
        auto chosen = kernel; \
        chosen<<<blocks, threads, memory, (device)->stream>>>(__VA_ARGS__); \
        (device)->check(cudaGetLastError(), #kernel); \
    } while (0)

/// Memory that the threads of a block share, as much as the launch says.
__device__ __forceinline__ void *block_memory() {
    extern __shared__ __align__(16) unsigned char memory_of_block[];
    return memory_of_block;
}
#else
#include "cuda_on_host.h"
#endif

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "molt_cuda.h"

/// One piece of memory, cut as needed: the smallest free piece that is large enough, its neighbours joined when freed.
class Arena {
public:
    static constexpr uint64_t granularity = 256;

    void begin(void *base, uint64_t bytes);
    /// Null when there is no piece as large.
    void *take(uint64_t bytes);
    void give(void *memory);

    void *base() const { return start; }
    uint64_t bytes = 0, used = 0, peak = 0;

private:
    char *start = nullptr;
    std::map<uint64_t, uint64_t> free_by_place;             // offset → bytes
    std::multimap<uint64_t, uint64_t> free_by_size;         // bytes → offset
    std::unordered_map<uint64_t, uint64_t> used_by_place;   // offset → bytes

    void add_free(uint64_t offset, uint64_t bytes);
    void remove_free(uint64_t offset, uint64_t bytes);
};

/// The memory and transfers of what is written down to be done many times; see recording.cu.
class Recorded {
public:
    /// Pinned, for each direction.
    static constexpr uint64_t transfer_bytes = uint64_t(1) << 20;

    char *pinned = nullptr;
    /// Bytes of the first transfer to the device, of all, and of all to the host.
    uint64_t first = 0, sent = 0, received = 0;
    /// Pieces of the arena that this has to itself.
    std::multimap<uint64_t, void *> unused;
    std::unordered_map<void *, uint64_t> used;

    /// Null when there is no more.
    void *take(Arena &arena, uint64_t bytes);
    /// Whether the memory was this one's.
    bool give(void *memory);
};

struct LibraryProducts;

struct mc_device {
    /// Set aside when nobody says how much.
    static constexpr uint64_t standard_arena = uint64_t(256) << 20;
    /// Pinned memory through which transfers go, for each direction.
    static constexpr uint64_t staging_bytes = uint64_t(4) << 20;

    int index = 0;
    cudaStream_t stream{};
    std::mutex mutex;
    Arena arena;
    std::unordered_map<void *, uint64_t> weights;
    uint64_t weight_bytes = 0, weight_peak = 0;
    LibraryProducts *library = nullptr;

    mc_status status = mc_ok;
    std::string fault;

    /// What is being written down instead of done, and all that is kept.
    Recorded *recording = nullptr;
    std::vector<Recorded *> recordings;

    char *sending = nullptr, *receiving = nullptr;
    uint64_t sent = 0;

    /// Remembers the first fault.
    void fail(mc_status kind, const std::string &text);
    bool check(cudaError_t code, const char *what);
    bool works() const { return status == mc_ok; }

    void set_aside(uint64_t bytes);
    /// Memory of the arena; null, and a fault, when there is none left.
    void *take(uint64_t bytes, const char *what);
    void give(void *memory);
    void send(void *memory, const void *host, uint64_t bytes);
    void receive(void *host, const void *memory, uint64_t bytes);
};

/// A call on a device: it has the device to itself, and the thread's current device is that one.
class Call {
public:
    explicit Call(mc_device *device) : lock(device->mutex) { cudaSetDevice(device->index); }

private:
    std::lock_guard<std::mutex> lock;
};

/// Memory of the arena for the length of a call. What is launched meanwhile may use it: the device keeps order.
template <class Element> class Scratch {
public:
    Scratch(mc_device *device, uint64_t count, const char *what)
        : device(device), memory(static_cast<Element *>(device->take(count * sizeof(Element), what))) {}
    /// A copy of what is on the host.
    Scratch(mc_device *device, const Element *host, uint64_t count, const char *what) : Scratch(device, count, what) {
        if (memory && count > 0) device->send(memory, host, count * sizeof(Element));
    }
    ~Scratch() {
        if (memory) device->give(memory);
    }
    Scratch(const Scratch &) = delete;
    Scratch &operator=(const Scratch &) = delete;

    operator Element *() const { return memory; }

private:
    mc_device *device;
    Element *memory;
};

inline int64_t ceiling(int64_t value, int64_t unit) { return (value + unit - 1) / unit; }

// What each source file adds to the table.

void fill_weight(mc_device *, mc_weight, const void *, mc_element);
void embed(mc_device *, mc_weight, const int32_t *, int64_t, float *);
void gather(mc_device *, mc_matrix, const int32_t *, int64_t, float *);
void stack(mc_device *, const float *const *, int64_t, int64_t, float *);
void reduce(mc_device *, mc_matrix, const mc_reduction *, float *);
void add(mc_device *, mc_matrix, float *);
void normalize(mc_device *, mc_matrix, const float *, float, float *);
void gate(mc_device *, mc_matrix, mc_matrix, int64_t, float *);
void gated_normalize(mc_device *, mc_matrix, mc_matrix, int64_t, const float *, float, int64_t, float *);
void product(mc_device *, mc_gemm, mc_matrix, int64_t, mc_weight, float *);
void convolve(mc_device *, const mc_convolution *);
void selective_scan(mc_device *, const mc_selective_scan *);
void head_scan(mc_device *, const mc_head_scan *);
void chunked_scan(mc_device *, const mc_head_scan &);
void choose(mc_device *, const mc_choice *);
mc_recording *begin_recording(mc_device *);
int32_t end_recording(mc_device *, mc_recording *);
void repeat_recording(mc_device *, mc_recording *, const void *, uint64_t, void *, uint64_t);
void forget_recording(mc_device *, mc_recording *);
void importance(mc_device *, mc_matrix, int64_t, int64_t, mc_metric, float *);
void match(mc_device *, mc_matrix, const int32_t *, int64_t, const int32_t *, int64_t, int32_t, mc_fold *);
void rate(
    mc_device *, mc_gemm, mc_matrix, mc_weight, const int32_t *, const int32_t *, int64_t, mc_fold *, float *);

/// Begins, with the first such product, and ends what products by a library need.
LibraryProducts *open_library(mc_device *);
void close_library(LibraryProducts *);
int64_t library_version();
/// What is done within another call: the importance of all rows; some rows divided by their norms, filled up with zeros
/// to `stride`; a product.
void measure_importance(mc_device *, mc_matrix, mc_metric, float *values);
void unit_rows(
    mc_device *, mc_matrix features, const int32_t *rows, int64_t count, bool rectified, int64_t stride, float *y);
void multiply(mc_device *, mc_gemm, mc_matrix x, int64_t column, mc_weight, float *y);
void library_product(mc_device *, mc_matrix x, int64_t column, mc_weight, float *y);

#endif
