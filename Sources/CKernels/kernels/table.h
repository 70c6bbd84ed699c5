// Compiles every kernel for one instruction set and collects them. The file that includes this sets, for its target:
// TABLE and NAME; TILE_LANES × TILE_VECTORS, the columns, and TILE_ROWS, the rows of a matrix product's tile;
// HEAD_STATES, the states that the Mamba-2 scan keeps in registers, an even divisor of 16; ROUNDED_BYTES, those of a
// bfloat16 activation: 2 where there is an instruction for pairs, else 4, a float.

#pragma STDC FP_CONTRACT OFF
// Vectors wider than the target's registers pass between functions that are always inlined, so no ABI is concerned.
#pragma clang diagnostic ignored "-Wpsabi"

static const float log2_e = 0x1.715476p+0f;
static const float infinity = __builtin_inff();

#include "vector.h"

#include "flush.h"

#include "pack.h"

#include "product.h"

#include "rows.h"

#include "fold.h"

#include "convolve.h"

#include "selective_scan.h"

#include "head_scan.h"

const ck_kernels TABLE = {
    .name = NAME,
    .rounded_bytes = ROUNDED_BYTES,
    .pack = pack,
    .pack_bf16 = pack_bf16,
    .round_rows = round_rows,
    .product = product,
    .product_bf16 = product_bf16,
    .fold = fold,
    .convolve = convolve,
    .selective_scan = selective_scan,
    .head_scan = head_scan,
    .normalize = normalize,
    .gate = gate,
    .gated_normalize = gated_normalize,
    .add = add,
    .mean = mean,
    .mean_of_largest = mean_of_largest,
    .importance = importance,
    .unit = unit,
    .softplus = softplus_all,
    .silu = silu_all,
    .decay = decay_all,
};
