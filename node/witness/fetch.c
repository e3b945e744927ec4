/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witness/fetch.h"

#include <curl/curl.h>

/* An answer as it comes. */
struct answer {
    struct buf *out;
    size_t before;
};

static size_t
on_data(char *data, size_t one, size_t size, void *context)
{
    struct answer *answer = context;

    (void)one; /* is 1 */
    if (size > FETCH_ANSWER_BYTES_MAX - (answer->out->size - answer->before)) {
        return 0; /* which ends it */
    }
    buf_put(answer->out, data, size);
    return buf_err(answer->out) == ERR_OK ? size : 0;
}

static int
on_progress(void *context, curl_off_t down_all, curl_off_t down,
    curl_off_t up_all, curl_off_t up)
{
    const struct fetch *fetch = context;

    (void)down_all;
    (void)down;
    (void)up_all;
    (void)up;
    return fetch->stop != NULL && atomic_load(fetch->stop) ? 1 : 0;
}

/* All that libcurl would else do of its own accord. */
static CURLcode
be_plain(CURL *curl)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);

    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_PROXY, "");
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(
            curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(
            curl, CURLOPT_CONNECTTIMEOUT_MS, (long)FETCH_CONNECT_MS_MAX);
    }
    return code;
}

static CURLcode
set_request(CURL *curl, const struct fetch *fetch, struct curl_slist *headers)
{
    const uint64_t ms_max = fetch->ms_max == 0 ? FETCH_MS_MAX : fetch->ms_max;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, fetch->url);

    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ms_max);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(
            curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)fetch->body.size);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(
            curl, CURLOPT_POSTFIELDS, (const char *)fetch->body.data);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    }
    return code;
}

static CURLcode
set_answer(CURL *curl, const struct fetch *fetch, struct answer *answer)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);

    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    }
    return code;
}

static enum err
run(CURL *curl, unsigned *out_status, struct err_msg *msg)
{
    CURLcode code = curl_easy_perform(curl);
    long status = 0;

    if (code == CURLE_WRITE_ERROR) {
        return err_set(msg, ERR_TOO_BIG, "its answer is too long");
    }
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    if (code != CURLE_OK || status < 100 || status > 999) {
        return err_set(msg, ERR_IO, "%s", curl_easy_strerror(code));
    }
    *out_status = (unsigned)status;
    return ERR_OK;
}

enum err
fetch_post(const struct fetch *fetch, unsigned *out_status, struct buf *out,
    struct err_msg *msg)
{
    struct answer answer = {out, out->size};
    struct curl_slist *headers = NULL;
    struct curl_slist *more = NULL;
    CURL *curl = curl_easy_init();
    enum err rc = ERR_NOMEM;

    /* No "Expect: 100-continue", which would wait for an answer. */
    headers = curl_slist_append(NULL, "Expect:");
    more = curl_slist_append(headers, "Content-Type: text/plain");
    if (curl != NULL && headers != NULL && more != NULL &&
        be_plain(curl) == CURLE_OK &&
        set_request(curl, fetch, headers) == CURLE_OK &&
        set_answer(curl, fetch, &answer) == CURLE_OK) {
        rc = run(curl, out_status, msg);
    } else {
        rc = err_set(msg, ERR_NOMEM, "libcurl has no memory");
    }
    if (rc != ERR_OK) {
        buf_truncate(out, answer.before);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return rc;
}
