// Whether two instruction sets' products of bfloat16 pairs have the same bits, by trial.

#ifndef CKERNELS_SAME_PAIRS_H
#define CKERNELS_SAME_PAIRS_H

#include "CKernels.h"

/// Multiplies numbers that tell summation orders and treatments of tiny and huge values apart; 1 where all bits are the
/// same, NaN counting as equal to NaN. Tried once a process, with the first arguments.
int same_pairs(const ck_kernels *_Nonnull one, const ck_kernels *_Nonnull other);

#endif
