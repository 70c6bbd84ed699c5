// Files in memory that nobody can change any more.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>

#include "CKernels.h"

#if defined(__linux__) && defined(F_ADD_SEALS)

#include <sys/mman.h>

static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

int ck_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

int ck_seal(int file) { return fcntl(file, F_ADD_SEALS, seals) == 0 ? 0 : errno; }

int ck_is_sealed(int file) {
    const int found = fcntl(file, F_GET_SEALS);
    return found != -1 && (found & seals) == seals;
}

#else

int ck_memory_file(const char *name) {
    (void)name;
    errno = ENOSYS;
    return -1;
}

int ck_seal(int file) {
    (void)file;
    return ENOSYS;
}

int ck_is_sealed(int file) {
    (void)file;
    return 0;
}

#endif
