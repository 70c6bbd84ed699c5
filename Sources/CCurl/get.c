#include "CCurl.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cc_client {
    CURL *handle;
    char *certificates;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialize(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

cc_client *cc_open(const char *certificates) {
    pthread_once(&once, initialize);
    cc_client *client = calloc(1, sizeof *client);
    if (client == NULL) return NULL;
    client->handle = curl_easy_init();
    if (certificates != NULL) client->certificates = strdup(certificates);
    if (client->handle == NULL || (certificates != NULL && client->certificates == NULL)) {
        cc_close(client);
        return NULL;
    }
    return client;
}

void cc_close(cc_client *client) {
    if (client->handle != NULL) curl_easy_cleanup(client->handle);
    free(client->certificates);
    free(client);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *request_pointer) {
    const cc_request *request = request_pointer;
    return request->on_header(request->context, bytes, size * count) ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *request_pointer) {
    const cc_request *request = request_pointer;
    // One more than came, since 0 would be all of an empty piece.
    return request->on_body(request->context, bytes, size * count) ? size * count : size * count + 1;
}

static int on_tick(void *request_pointer, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up) {
    (void)total, (void)now, (void)up_total, (void)up;
    const cc_request *request = request_pointer;
    return request->on_tick(request->context) ? 0 : 1;
}

static cc_outcome outcome(CURLcode code) {
    switch (code) {
    case CURLE_OK: return cc_done;
    case CURLE_WRITE_ERROR:
    case CURLE_ABORTED_BY_CALLBACK: return cc_stopped;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return cc_unreachable;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return cc_cut;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: return cc_untrusted;
    default: return cc_failed;
    }
}

static CURLcode configure(CURL *handle, const cc_request *request, struct curl_slist *headers) {
    CURLcode code = CURLE_OK;
#define SET(option, value) \
    if (code == CURLE_OK) code = curl_easy_setopt(handle, option, value)
    SET(CURLOPT_URL, request->url);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT, request->connect_seconds);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, request->stall_seconds);
    if (request->bypasses_proxy) SET(CURLOPT_NOPROXY, "*");
    // The lines that a proxy answers a CONNECT with are not the server's.
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, (void *)request);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, (void *)request);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_tick);
    SET(CURLOPT_XFERINFODATA, (void *)request);
#undef SET
    return code;
}

void cc_get(cc_client *client, const cc_request *request, cc_response *response) {
    memset(response, 0, sizeof *response);
    CURL *handle = client->handle;
    curl_easy_reset(handle);
    char reason[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OK;
    for (size_t index = 0; index < request->header_count && code == CURLE_OK; index++) {
        struct curl_slist *longer = curl_slist_append(headers, request->headers[index]);
        if (longer == NULL) code = CURLE_OUT_OF_MEMORY;
        else headers = longer;
    }
    if (code == CURLE_OK) code = configure(handle, request, headers);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
    if (code == CURLE_OK && client->certificates != NULL)
        code = curl_easy_setopt(handle, CURLOPT_CAINFO, client->certificates);
    if (code == CURLE_OK) code = curl_easy_perform(handle);

    response->outcome = outcome(code);
    if (code == CURLE_OPERATION_TIMEDOUT) {
        curl_off_t connected = 0;
        curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &connected);
        if (connected == 0) response->outcome = cc_unreachable;
    }
    if (code != CURLE_OK) {
        const char *words = reason[0] != '\0' ? reason : curl_easy_strerror(code);
        snprintf(response->message, sizeof response->message, "%s", words);
    }
    const char *target = NULL;
    if (curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &target) == CURLE_OK && target != NULL
        && strlen(target) < sizeof response->redirect)
        memcpy(response->redirect, target, strlen(target) + 1);
    curl_slist_free_all(headers);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, NULL);
}
