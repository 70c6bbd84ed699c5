// x86-64 with AVX-512 (F, BW, DQ, VL): tiles of 14 × 32 in 28 of 32 registers.

#include "tables.h"

#if defined(__x86_64__)

#pragma clang attribute push( \
    __attribute__((target("avx,avx2,fma,bmi,bmi2,f16c,popcnt,avx512f,avx512bw,avx512dq,avx512vl"))), \
    apply_to = function)

#define TABLE ck_table_avx512
#define NAME "avx512"
#define TILE_LANES 16
#define TILE_VECTORS 2
#define TILE_ROWS 14
#define HEAD_STATES 16
#define ROUNDED_BYTES 4

#include "kernels/table.h"

#pragma clang attribute pop

#endif
