// Products by cuBLASLt, and their stand-in on the host.
//
// The operand is rounded to the weight's element and filled up to whole tiles of rows, and every shape of weight has
// one algorithm, chosen once for a fixed number of rows, without splitting the sum. Within one library on one device a
// row's result then depends neither on the number of rows nor on the others, as far as its kernels can be trusted.
//
// Half precision ends at 65,504. A row with greater values is divided by a power of two before it is rounded, and its
// sums are multiplied by it: nothing but the row decides which, and nothing is lost that rounding leaves of such a row.

#include <algorithm>
#include <map>
#include <tuple>
#include <type_traits>

#include "arithmetic.cuh"

#ifdef __CUDACC__
#include "cublaslt.h"
#endif

namespace {

template <class Element>
__global__ void operand_kernel(
    const float *x, int64_t x_stride, int64_t rows, int64_t inputs, int64_t stride, int64_t count, Element *operand) {
    int64_t place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (place >= count) return;
    int64_t row = place / stride, column = place % stride;
    narrow(row < rows && column < inputs ? x[row * x_stride + column] : 0.0f, operand[place]);
}

/// The operand in half precision, a block a row, and what the row was divided by.
__global__ void half_operand_kernel(
    const float *x, int64_t x_stride, int64_t rows, int64_t inputs, int64_t stride, Half *operand, float *scales) {
    auto largest_of_warps = static_cast<float *>(block_memory());
    const int64_t row = blockIdx.x;
    if (row >= rows) {
        for (int64_t i = threadIdx.x; i < stride; i += blockDim.x) operand[row * stride + i] = Half{0};
        return;
    }
    const float *from = x + row * x_stride;
    float largest = 0;
    for (int64_t i = threadIdx.x; i < inputs; i += blockDim.x) largest = fmaxf(largest, fabsf(from[i]));
#pragma unroll
    for (int lanes = 16; lanes > 0; lanes /= 2)
        largest = fmaxf(largest, __shfl_xor_sync(whole_warp, largest, lanes));
    if (threadIdx.x % 32 == 0) largest_of_warps[threadIdx.x / 32] = largest;
    __syncthreads();
    for (unsigned warp = 0; warp < blockDim.x / 32; warp++) largest = fmaxf(largest, largest_of_warps[warp]);
    // From 65,520 on a value becomes infinite. What is divided lies below 2¹⁵; an infinite row stays so.
    const int exponent = largest >= 65520.0f && largest <= FLT_MAX ? int(float_to_bits(largest) >> 23) - 127 - 14 : 0;
    const float divided = bits_to_float(uint32_t(127 - exponent) << 23);
    if (threadIdx.x == 0) scales[row] = bits_to_float(uint32_t(127 + exponent) << 23);
    for (int64_t i = threadIdx.x; i < stride; i += blockDim.x)
        narrow(i < inputs ? from[i] * divided : 0.0f, operand[row * stride + i]);
}

/// Multiplies the sums of a row by what it was divided by, a block a row; of most that is 1.
__global__ void restore_kernel(float *y, int64_t outputs, const float *scales) {
    const float scale = scales[blockIdx.x];
    if (scale == 1) return;
    for (int64_t i = threadIdx.x; i < outputs; i += blockDim.x) y[blockIdx.x * outputs + i] *= scale;
}

}  // namespace

#ifdef __CUDACC__

struct LibraryProducts {
    using Shape = std::tuple<int, int64_t, int64_t>;  // element, outputs, stride
    /// The rows that algorithms are chosen for.
    static constexpr int64_t rows_to_choose_for = 1024;

    cublasLtHandle_t handle{};
    std::map<Shape, cublasLtMatmulAlgo_t> algorithms;
};

namespace {

/// What cuBLASLt makes on the heap, for the length of a product. Column-major: yᵀ [outputs, rows] = w · xᵀ.
class Description {
public:
    cublasLtMatmulDesc_t operation{};
    cublasLtMatrixLayout_t weights{}, operand{}, result{};

    Description(mc_device *device, cudaDataType type, int64_t outputs, int64_t stride, int64_t rows) {
        cublasOperation_t transposed = CUBLAS_OP_T;
        bool good = check(device, CublasLt::shared().MatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
        good = good && check(
            device, CublasLt::shared().MatmulDescSetAttribute(
                operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed));
        good = good && check(
            device, CublasLt::shared().MatrixLayoutCreate(&weights, type, uint64_t(stride), uint64_t(outputs), stride));
        good = good && check(
            device, CublasLt::shared().MatrixLayoutCreate(&operand, type, uint64_t(stride), uint64_t(rows), stride));
        if (good)
            check(
                device, CublasLt::shared().MatrixLayoutCreate(
                    &result, CUDA_R_32F, uint64_t(outputs), uint64_t(rows), outputs));
    }
    ~Description() {
        if (result) CublasLt::shared().MatrixLayoutDestroy(result);
        if (operand) CublasLt::shared().MatrixLayoutDestroy(operand);
        if (weights) CublasLt::shared().MatrixLayoutDestroy(weights);
        if (operation) CublasLt::shared().MatmulDescDestroy(operation);
    }
    Description(const Description &) = delete;
    Description &operator=(const Description &) = delete;

    static bool check(mc_device *device, cublasStatus_t status) {
        if (status != CUBLAS_STATUS_SUCCESS)
            device->fail(mc_failed, std::string("cuBLASLt: ") + CublasLt::shared().GetStatusString(status));
        return status == CUBLAS_STATUS_SUCCESS;
    }
};

/// The algorithm of a weight's shape; none that splits sums or needs a workspace.
const cublasLtMatmulAlgo_t *algorithm(
    mc_device *device, cudaDataType type, const LibraryProducts::Shape &shape, int64_t outputs, int64_t stride) {
    auto &known = device->library->algorithms;
    if (auto found = known.find(shape); found != known.end()) return &found->second;
    Description description(device, type, outputs, stride, LibraryProducts::rows_to_choose_for);
    cublasLtMatmulPreference_t preference{};
    if (!device->works()) return nullptr;
    if (!Description::check(device, CublasLt::shared().MatmulPreferenceCreate(&preference))) return nullptr;
    uint64_t workspace = 0;
    uint32_t no_split = CUBLASLT_REDUCTION_SCHEME_NONE, alignment = 4;
    while (alignment < 256 && outputs * 4 % (alignment * 2) == 0) alignment *= 2;
    CublasLt::shared().MatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace);
    CublasLt::shared().MatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &no_split, sizeof no_split);
    CublasLt::shared().MatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &alignment, sizeof alignment);
    CublasLt::shared().MatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &alignment, sizeof alignment);
    uint32_t inputs_alignment = 16;
    CublasLt::shared().MatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &inputs_alignment, sizeof inputs_alignment);
    CublasLt::shared().MatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &inputs_alignment, sizeof inputs_alignment);
    cublasLtMatmulHeuristicResult_t result{};
    int count = 0;
    bool good = Description::check(
        device, CublasLt::shared().MatmulAlgoGetHeuristic(
            device->library->handle, description.operation, description.weights, description.operand,
            description.result, description.result, preference, 1, &result, &count));
    CublasLt::shared().MatmulPreferenceDestroy(preference);
    if (!good) return nullptr;
    if (count == 0) {
        device->fail(mc_failed, "cuBLASLt has no algorithm without a workspace for a weight of this shape");
        return nullptr;
    }
    return &known.emplace(shape, result.algo).first->second;
}

template <class Element>
void multiply_by_library(
    mc_device *device, cudaDataType type, const Element *operand, int64_t rows, mc_weight weight, float *y) {
    LibraryProducts::Shape shape = {weight.element, weight.outputs, weight.stride};
    auto chosen = algorithm(device, type, shape, weight.outputs, weight.stride);
    if (!chosen) return;
    Description description(device, type, weight.outputs, weight.stride, rows);
    if (!device->works()) return;
    float one = 1, zero = 0;
    Description::check(
        device, CublasLt::shared().Matmul(
            device->library->handle, description.operation, &one, weight.values, description.weights, operand,
            description.operand, &zero, y, description.result, y, description.result, chosen, nullptr, 0,
            device->stream));
}

cudaDataType type_of(const float *) { return CUDA_R_32F; }
cudaDataType type_of(const Half *) { return CUDA_R_16F; }
cudaDataType type_of(const BFloat16 *) { return CUDA_R_16BF; }

}  // namespace

LibraryProducts *open_library(mc_device *device) {
    const CublasLt &functions = CublasLt::shared();
    if (!functions.missing.empty()) {
        device->fail(
            mc_failed, "products in bf16 and fp16 need cuBLASLt: " + functions.missing +
                "; install it where the system looks for libraries, or compute in fp32");
        return nullptr;
    }
    auto library = new LibraryProducts;
    if (Description::check(device, functions.Create(&library->handle))) return library;
    delete library;
    return nullptr;
}

void close_library(LibraryProducts *library) {
    CublasLt::shared().Destroy(library->handle);
    delete library;
}

int64_t library_version() {
    return CublasLt::shared().missing.empty() ? int64_t(CublasLt::shared().GetVersion()) : 0;
}

#else

struct LibraryProducts {};
LibraryProducts *open_library(mc_device *) { return new LibraryProducts; }
void close_library(LibraryProducts *library) { delete library; }
int64_t library_version() { return 0; }

namespace {

int type_of(const void *) { return 0; }

/// The same operand and the same room in y, by a plain loop.
template <class Element>
void multiply_by_library(
    mc_device *device, int, const Element *operand, int64_t rows, mc_weight weight, float *y) {
    auto weights = static_cast<const Element *>(weight.values);
    on_host::perform(device->stream, [=] {
        // Widened once, neighbouring outputs side by side.
        std::vector<float> wide(size_t(weight.inputs * weight.outputs));
        for (int64_t output = 0; output < weight.outputs; output++)
            for (int64_t k = 0; k < weight.inputs; k++)
                wide[size_t(k * weight.outputs + output)] = widen(weights[output * weight.stride + k]);
        std::fill(y, y + rows * weight.outputs, 0.0f);
        for (int64_t row = 0; row < rows; row++)
            for (int64_t k = 0; k < weight.inputs; k++) {
                const float x = widen(operand[row * weight.stride + k]);
                const float *of_input = wide.data() + k * weight.outputs;
                for (int64_t output = 0; output < weight.outputs; output++)
                    y[row * weight.outputs + output] += x * of_input[output];
            }
    });
}

}  // namespace

#endif

namespace {

template <class Element> void multiply_in(mc_device *device, mc_matrix x, int64_t column, mc_weight weight, float *y) {
    if (!device->library) device->library = open_library(device);
    const int64_t rows = ceiling(x.rows, mc_library_rows) * mc_library_rows, count = rows * weight.stride;
    Scratch<Element> operand(device, uint64_t(count), "a product's operand");
    if (!device->works()) return;
    Element *values = operand;
    if constexpr (!std::is_same_v<Element, Half>) {
        LAUNCH(
            device, operand_kernel<Element>, dim3(unsigned(ceiling(count, 256))), 256, 0, x.values + column, x.columns,
            x.rows, weight.inputs, weight.stride, count, values);
        multiply_by_library<Element>(device, type_of(values), values, rows, weight, y);
    } else {
        constexpr unsigned threads = 256;
        Scratch<float> scales(device, uint64_t(rows), "a product's scales");
        if (!device->works()) return;
        float *of_rows = scales;
        LAUNCH(
            device, half_operand_kernel, dim3(unsigned(rows)), threads, threads / 32 * sizeof(float), x.values + column,
            x.columns, x.rows, weight.inputs, weight.stride, values, of_rows);
        multiply_by_library<Element>(device, type_of(values), values, rows, weight, y);
        LAUNCH(device, restore_kernel, dim3(unsigned(x.rows)), threads, 0, y, weight.outputs, of_rows);
    }
}

}  // namespace

void library_product(mc_device *device, mc_matrix x, int64_t column, mc_weight weight, float *y) {
    switch (weight.element) {
    case mc_float32: return multiply_in<float>(device, x, column, weight, y);
    case mc_float16: return multiply_in<Half>(device, x, column, weight, y);
    case mc_bfloat16: return multiply_in<BFloat16>(device, x, column, weight, y);
    }
}
