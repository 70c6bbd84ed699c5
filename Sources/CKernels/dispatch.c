// Which kernels this processor can run, and the few functions that need no kernel.

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "same_pairs.h"
#include "tables.h"

#if defined(__x86_64__)

static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}

static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static int has_avx512bf16(void) {
    return has_avx512() && __builtin_cpu_supports("avx512bf16") &&
           same_pairs(&ck_table_avx512bf16, &ck_table_avx512);
}

#endif

const ck_kernels *_Nullable ck_kernels_for(ck_instruction_set set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (set == ck_avx2) return has_avx2() ? &ck_table_avx2 : NULL;
    if (set == ck_avx512) return has_avx512() ? &ck_table_avx512 : NULL;
    if (set == ck_avx512bf16) return has_avx512bf16() ? &ck_table_avx512bf16 : NULL;
#endif
    return set == ck_portable ? &ck_table_portable : NULL;
}

const ck_matcher *_Nullable ck_matcher_for(ck_instruction_set set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const int wide = set == ck_avx512 || set == ck_avx512bf16;
    if (wide && has_avx512() && __builtin_cpu_supports("avx512vnni")) return &ck_matcher_avx512vnni;
#endif
    (void)set;
    return NULL;
}

ptrdiff_t ck_head_scan_scratch(ptrdiff_t states) {
    const ptrdiff_t padded = padded_states(states);
    return 16 * padded + 48 * head_scan_tile + 2 * head_scan_span + 2 * padded * head_scan_span;
}

void ck_unpack_row(const float *panels, ptrdiff_t inputs, ptrdiff_t index, float *out) {
    const float *lane = panels + index / ck_panel_width * inputs * ck_panel_width + index % ck_panel_width;
    for (ptrdiff_t k = 0; k < inputs; k++) {
        __builtin_prefetch(lane + (k + 16) * ck_panel_width, 0, 0);
        out[k] = lane[k * ck_panel_width];
    }
}

void ck_unpack_row_bf16(const uint32_t *panels, ptrdiff_t inputs, ptrdiff_t index, float *out) {
    const ptrdiff_t steps = (inputs + 1) / 2;
    const uint32_t *lane = panels + index / ck_panel_width * steps * ck_panel_width + index % ck_panel_width;
    for (ptrdiff_t k = 0; k < inputs; k++) {
        const uint32_t pair = lane[k / 2 * ck_panel_width], bits = k % 2 ? pair & 0xffff0000u : pair << 16;
        __builtin_prefetch(lane + (k / 2 + 16) * ck_panel_width, 0, 0);
        memcpy(out + k, &bits, sizeof bits);
    }
}

/// Blocks from here on are mapped one by one, so that the system has their memory back when they end.
static const size_t mapped = (size_t)256 << 10;

/// Blocks from here on begin on a huge page.
static const size_t huge = (size_t)2 << 20;

static size_t rounded(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/// Whole pages, which have at most 64 KiB.
static size_t mapped_size(size_t bytes) { return rounded(bytes, (size_t)64 << 10); }

static void *_Nullable map_block(size_t bytes) {
    const size_t size = mapped_size(bytes), alignment = bytes >= 2 * huge ? huge : 0;
    char *start = mmap(NULL, size + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    if (alignment == 0) return start;
    char *first = (char *)rounded((size_t)start, alignment);
    if (first > start) munmap(start, (size_t)(first - start));
    munmap(first + size, (size_t)(start + alignment - first));
#if defined(MADV_HUGEPAGE)
    madvise(first, size, MADV_HUGEPAGE);
#endif
    return first;
}

void *_Nullable ck_allocate(size_t bytes) {
    if (bytes >= mapped) return map_block(bytes);
    void *memory = NULL;
    return posix_memalign(&memory, 64, rounded(bytes > 0 ? bytes : 1, 64)) == 0 ? memory : NULL;
}

void ck_release(void *memory, size_t bytes) {
    if (bytes >= mapped) munmap(memory, mapped_size(bytes));
    else free(memory);
}
