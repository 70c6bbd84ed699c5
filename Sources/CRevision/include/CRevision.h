#ifndef CREVISION_H
#define CREVISION_H

/// The commit that this was built from, as `git rev-parse HEAD` prints it, with `+` after it when the checkout had
/// changes that were not committed; `unknown` when it was not built by `make` in a checkout.
const char *molt_revision(void);

#endif
