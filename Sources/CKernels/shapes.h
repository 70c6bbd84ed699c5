// Sizes that the kernels and the code that gives them scratch agree on.

#ifndef CKERNELS_SHAPES_H
#define CKERNELS_SHAPES_H

#include <stddef.h>

/// Rows whose B and C the Mamba-2 scan keeps together in the second-level cache.
enum { head_scan_span = 256 };

/// Rows that a block of states stays in registers for.
enum { head_scan_tile = 32 };

/// N rounded up to whole vectors.
static inline ptrdiff_t padded_states(ptrdiff_t states) { return (states + 15) / 16 * 16; }

#endif
