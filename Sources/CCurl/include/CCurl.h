// A GET over HTTP or HTTPS through libcurl, whose own interface is variadic and so closed to Swift.
//
// One client is one connection that is kept open between requests; it is used by one thread at a time. Redirects are
// not followed: their target is reported, and whoever asked decides what to send there.

#ifndef CCURL_H
#define CCURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A connection to a server.
typedef struct cc_client cc_client;

/// How a request ended.
typedef enum {
    cc_done,         ///< a whole response came, whatever its status
    cc_stopped,      ///< a callback said stop
    cc_cut,          ///< the connection broke, or stood still for too long, after it had been made
    cc_unreachable,  ///< no connection: name not found, refused, timed out
    cc_untrusted,    ///< TLS failed
    cc_failed,       ///< anything else
} cc_outcome;

/// What to ask, and who hears of the answer. Callbacks return false to stop.
typedef struct {
    const char *url;
    const char *_Nonnull const *_Nullable headers;  ///< `Name: value`, as many as `header_count`
    size_t header_count;
    bool bypasses_proxy;
    long connect_seconds;
    long stall_seconds;  ///< give up when less than a byte a second came for so long
    void *_Nullable context;
    bool (*on_header)(void *_Nullable context, const char *bytes, size_t count);  ///< a line, the status line too
    bool (*on_body)(void *_Nullable context, const char *bytes, size_t count);
    bool (*on_tick)(void *_Nullable context);  ///< at least once a second
} cc_request;

/// How it went.
typedef struct {
    cc_outcome outcome;
    char message[256];    ///< libcurl's words for anything but `cc_done`
    char redirect[4096];  ///< the absolute target of a redirect, else empty
} cc_response;

/// A new client, or null where memory is out. `certificates` replaces the system's trusted certificates.
cc_client *_Nullable cc_open(const char *_Nullable certificates);

/// Asks, and returns when the answer is over.
void cc_get(cc_client *client, const cc_request *request, cc_response *response);

/// Ends the connection.
void cc_close(cc_client *client);

#pragma clang assume_nonnull end

#endif
