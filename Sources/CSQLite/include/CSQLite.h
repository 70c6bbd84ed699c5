// What Swift cannot say to SQLite: its settings for a process are made by a variadic function.

#ifndef CSQLITE_H
#define CSQLITE_H

#include <stdbool.h>

/// Stops SQLite from counting the memory that it uses, for which every allocation takes a lock of the whole process.
///
/// Returns false, and changes nothing, when SQLite is in use already.
bool csqlite_without_memory_statistics(void);

#endif
