// A disk that fails when a test says so: an SQLite VFS over the default one, which stays as it is for all files but
// those below one folder.
#ifndef C_FAULTY_DISK_H
#define C_FAULTY_DISK_H

/// What happens at the chosen operation. Operations are writes, truncations and syncs, counted from 1.
typedef enum {
    /// Nothing; operations are counted.
    faulty_disk_sound,
    /// That one operation fails with an input/output error.
    faulty_disk_error,
    /// From there on every write fails because the disk is full.
    faulty_disk_full,
    /// The power is cut before it: what was not synced is lost.
    faulty_disk_cut_losing_all,
    /// The power is cut before it: what was not synced is there all the same.
    faulty_disk_cut_losing_nothing,
    /// The power is cut before it: of what was not synced, some sectors of 512 bytes are lost.
    faulty_disk_cut_losing_some,
} faulty_disk_fault;

/// Makes the disk SQLite's default one, and sound.
void faulty_disk_install(void);

/// Plans the fault at one operation on files whose path begins with `folder`, and counts from there.
void faulty_disk_plan(const char *folder, faulty_disk_fault fault, long operation, unsigned seed);

/// Operations since the plan, failed ones included.
long faulty_disk_operations(void);

#endif
