// The tables of kernels, one an instruction set.

#ifndef CKERNELS_TABLES_H
#define CKERNELS_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "CKernels.h"
#include "shapes.h"

extern const ck_kernels ck_table_portable;
#if defined(__x86_64__)
extern const ck_kernels ck_table_avx2;
extern const ck_kernels ck_table_avx512;
extern const ck_kernels ck_table_avx512bf16;
extern const ck_matcher ck_matcher_avx512vnni;
#endif

#endif
