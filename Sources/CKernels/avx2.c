// x86-64 with AVX2 and FMA: tiles of 6 × 16 in 12 of 16 registers.

#include "tables.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx,avx2,fma,bmi,bmi2,f16c,popcnt"))), apply_to = function)

#define TABLE ck_table_avx2
#define NAME "avx2"
#define TILE_LANES 8
#define TILE_VECTORS 2
#define TILE_ROWS 6
#define HEAD_STATES 4
#define ROUNDED_BYTES 4

#include "kernels/table.h"

#pragma clang attribute pop

#endif
