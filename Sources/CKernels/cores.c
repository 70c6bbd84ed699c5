// Which cores a thread runs on.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <errno.h>

#include "CKernels.h"

#if defined(__linux__)

#include <sched.h>

int ck_pin(const int *cores, ptrdiff_t count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (ptrdiff_t i = 0; i < count; i++) {
        if (cores[i] < 0 || cores[i] >= CPU_SETSIZE) return EINVAL;
        CPU_SET(cores[i], &set);
    }
    return sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : errno;
}

ptrdiff_t ck_usable_cores(int *cores, ptrdiff_t capacity) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
    ptrdiff_t count = 0;
    for (int core = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET(core, &set)) {
            if (count < capacity) cores[count] = core;
            count++;
        }
    return count;
}

#else

int ck_pin(const int *cores, ptrdiff_t count) {
    (void)cores, (void)count;
    return ENOSYS;
}

ptrdiff_t ck_usable_cores(int *cores, ptrdiff_t capacity) {
    (void)cores, (void)capacity;
    return -1;
}

#endif
