// Matching by products of bytes, for x86-64 with AVX-512 (F, BW, DQ, VL) and its products of bytes.

#include "tables.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target(                                                                                            \
        "avx,avx2,fma,bmi,bmi2,f16c,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
    apply_to = function)

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

static const float infinity = __builtin_inff();

#include "kernels/vector.h"

#include "kernels/match.h"

const ck_matcher ck_matcher_avx512vnni = {.round_to_bytes = round_to_bytes, .match = match};

#pragma clang attribute pop

#endif
