// Any processor that clang compiles for: plain vectors, and fmaf where there is no fused multiply-add.

#include "tables.h"

#define TABLE ck_table_portable
#define NAME "portable"
#define TILE_LANES 4
#define TILE_VECTORS 4
#define TILE_ROWS 6
#define HEAD_STATES 4
#define ROUNDED_BYTES 4

#include "kernels/table.h"
