#include "CRevision.h"

const char *molt_revision(void) { return MOLT_REVISION; }
