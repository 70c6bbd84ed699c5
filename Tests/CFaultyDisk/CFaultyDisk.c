#include "CFaultyDisk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { sector = 512 };

/// A change that no sync has confirmed: what was there before.
typedef struct change {
    struct change *older;
    sqlite3_int64 offset, size_before;
    int length, length_before;
    unsigned char before[];
} change;

typedef struct file {
    sqlite3_file base;
    int is_watched;
    change *newest;
    struct file *next;
    _Alignas(8) unsigned char real[];
} file;

static struct {
    pthread_mutex_t lock;
    sqlite3_vfs *root;
    char folder[512];
    faulty_disk_fault fault;
    long operation, count;
    unsigned seed;
    int is_off;
    file *files;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static sqlite3_file *real_of(sqlite3_file *f) { return (sqlite3_file *)((file *)f)->real; }

static unsigned next_random(void) {
    disk.seed = disk.seed * 1664525u + 1013904223u;
    return disk.seed >> 16;
}

static void forget(file *f) {
    while (f->newest) {
        change *older = f->newest->older;
        free(f->newest);
        f->newest = older;
    }
}

/// Notes what a write of `length` bytes, or a truncation, will change.
static void note(file *f, sqlite3_int64 offset, int length) {
    sqlite3_file *real = real_of(&f->base);
    sqlite3_int64 size = 0;
    real->pMethods->xFileSize(real, &size);
    sqlite3_int64 old = size - offset;
    int kept = old <= 0 ? 0 : old < length ? (int)old : length;
    change *c = malloc(sizeof(change) + (size_t)kept);
    if (!c) return;
    *c = (change){.older = f->newest, .offset = offset, .size_before = size, .length = length, .length_before = kept};
    if (kept) real->pMethods->xRead(real, c->before, kept, offset);
    f->newest = c;
}

/// Takes a change back, as a whole or some of its sectors.
static void undo(sqlite3_file *real, const change *c, int is_whole) {
    for (int start = 0; start < c->length_before; start += sector) {
        int length = c->length_before - start < sector ? c->length_before - start : sector;
        if (is_whole || next_random() % 2)
            real->pMethods->xWrite(real, c->before + start, length, c->offset + start);
    }
    if (is_whole || next_random() % 2) real->pMethods->xTruncate(real, c->size_before);
}

static void cut_power(void) {
    disk.is_off = 1;
    for (file *f = disk.files; f; f = f->next) {
        if (disk.fault != faulty_disk_cut_losing_nothing)
            for (change *c = f->newest; c; c = c->older)
                undo(real_of(&f->base), c, disk.fault == faulty_disk_cut_losing_all);
        forget(f);
    }
}

/// Counts an operation; an error if it fails.
static int attempt(int error) {
    disk.count += 1;
    if (disk.is_off) return error;
    int is_due = disk.operation > 0 && disk.count >= disk.operation;
    switch (disk.fault) {
    case faulty_disk_sound: return SQLITE_OK;
    case faulty_disk_error: return disk.count == disk.operation ? error : SQLITE_OK;
    case faulty_disk_full: return is_due && error == SQLITE_IOERR_WRITE ? SQLITE_FULL : SQLITE_OK;
    default:
        if (!is_due) return SQLITE_OK;
        cut_power();
        return error;
    }
}

static int close_file(sqlite3_file *f) {
    file *mine = (file *)f;
    pthread_mutex_lock(&disk.lock);
    for (file **place = &disk.files; *place; place = &(*place)->next)
        if (*place == mine) {
            *place = mine->next;
            break;
        }
    forget(mine);
    pthread_mutex_unlock(&disk.lock);
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int read_file(sqlite3_file *f, void *bytes, int length, sqlite3_int64 offset) {
    return real_of(f)->pMethods->xRead(real_of(f), bytes, length, offset);
}

static int write_file(sqlite3_file *f, const void *bytes, int length, sqlite3_int64 offset) {
    file *mine = (file *)f;
    pthread_mutex_lock(&disk.lock);
    int code = mine->is_watched ? attempt(SQLITE_IOERR_WRITE) : SQLITE_OK;
    if (code == SQLITE_OK && mine->is_watched) note(mine, offset, length);
    if (code == SQLITE_OK) code = real_of(f)->pMethods->xWrite(real_of(f), bytes, length, offset);
    pthread_mutex_unlock(&disk.lock);
    return code;
}

static int truncate_file(sqlite3_file *f, sqlite3_int64 size) {
    file *mine = (file *)f;
    pthread_mutex_lock(&disk.lock);
    int code = mine->is_watched ? attempt(SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
    if (code == SQLITE_OK && mine->is_watched) note(mine, size, 1 << 30);
    if (code == SQLITE_OK) code = real_of(f)->pMethods->xTruncate(real_of(f), size);
    pthread_mutex_unlock(&disk.lock);
    return code;
}

static int sync_file(sqlite3_file *f, int flags) {
    file *mine = (file *)f;
    pthread_mutex_lock(&disk.lock);
    int code = mine->is_watched ? attempt(SQLITE_IOERR_FSYNC) : SQLITE_OK;
    if (code == SQLITE_OK && mine->is_watched) forget(mine);
    // The machine stays up, so a sync of the files is not needed, and takes most of a test's time.
    if (code == SQLITE_OK && !mine->is_watched) code = real_of(f)->pMethods->xSync(real_of(f), flags);
    pthread_mutex_unlock(&disk.lock);
    return code;
}

static int size_of_file(sqlite3_file *f, sqlite3_int64 *size) {
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}
static int lock_file(sqlite3_file *f, int level) { return real_of(f)->pMethods->xLock(real_of(f), level); }
static int unlock_file(sqlite3_file *f, int level) { return real_of(f)->pMethods->xUnlock(real_of(f), level); }
static int check_lock(sqlite3_file *f, int *is_reserved) {
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), is_reserved);
}
static int control(sqlite3_file *f, int operation, void *argument) {
    return real_of(f)->pMethods->xFileControl(real_of(f), operation, argument);
}
static int sector_size(sqlite3_file *f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
static int characteristics(sqlite3_file *f) {
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}
static int map_memory(sqlite3_file *f, int region, int size, int extend, void volatile **memory) {
    return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend, memory);
}
static int lock_memory(sqlite3_file *f, int offset, int count, int flags) {
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, count, flags);
}
static void order_memory(sqlite3_file *f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); }
static int unmap_memory(sqlite3_file *f, int deletes) {
    return real_of(f)->pMethods->xShmUnmap(real_of(f), deletes);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_memory,
    .xShmLock = lock_memory,
    .xShmBarrier = order_memory,
    .xShmUnmap = unmap_memory,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *flags_out) {
    (void)vfs;
    file *mine = (file *)f;
    memset(mine, 0, sizeof(file));
    int code = disk.root->xOpen(disk.root, name, real_of(f), flags, flags_out);
    if (real_of(f)->pMethods) mine->base.pMethods = &methods;
    if (code != SQLITE_OK) return code;
    pthread_mutex_lock(&disk.lock);
    mine->is_watched = name && *disk.folder && strncmp(name, disk.folder, strlen(disk.folder)) == 0;
    mine->next = disk.files;
    disk.files = mine;
    pthread_mutex_unlock(&disk.lock);
    return code;
}

void faulty_disk_install(void) {
    static sqlite3_vfs faulty;
    pthread_mutex_lock(&disk.lock);
    int is_new = disk.root == NULL;
    if (is_new) {
        disk.root = sqlite3_vfs_find(NULL);
        faulty = *disk.root;
        faulty.pNext = NULL;
        faulty.zName = "faulty";
        faulty.szOsFile = (int)sizeof(file) + disk.root->szOsFile;
        faulty.xOpen = open_file;
    }
    pthread_mutex_unlock(&disk.lock);
    if (is_new) sqlite3_vfs_register(&faulty, 1);
}

void faulty_disk_plan(const char *folder, faulty_disk_fault fault, long operation, unsigned seed) {
    pthread_mutex_lock(&disk.lock);
    // Files of an earlier plan stay as they are.
    for (file *f = disk.files; f; f = f->next) {
        f->is_watched = 0;
        forget(f);
    }
    strncpy(disk.folder, folder, sizeof disk.folder - 1);
    disk.fault = fault;
    disk.operation = operation;
    disk.count = 0;
    disk.seed = seed;
    disk.is_off = 0;
    pthread_mutex_unlock(&disk.lock);
}

long faulty_disk_operations(void) {
    pthread_mutex_lock(&disk.lock);
    long count = disk.count;
    pthread_mutex_unlock(&disk.lock);
    return count;
}
