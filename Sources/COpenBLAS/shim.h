// The C interface of the system's BLAS; Debian: libopenblas-dev.
#include <cblas.h>
