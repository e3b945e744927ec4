/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers and control bodies: each against the leaf that commits to it, then
 * all together by the ledger (sync/audit/ledger.h). Tiles of them are kept in
 * a few windows, since the ledger draws from many logs in turn.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/bundle.h"
#include "crypto/hash.h"
#include "node/audit/check_internal.h"

enum { WINDOWS_MAX = 64, WINDOW_BYTES_MAX = 64 * 1024 * 1024 };

struct item {
    struct bundle_header header;
    uint8_t kind;
    bool is_proved; /* header and body are those of the leaf */
};

/* A tile's headers; `log` is an index in the result's, SIZE_MAX: none. */
struct window {
    size_t log;
    uint64_t index;
    uint64_t used; /* when last */
    struct buf leaves;
    struct buf headers;
    struct item items[TILE_WIDTH];
    unsigned count;
};

struct windows {
    struct check *check;
    struct window *all[WINDOWS_MAX];
    size_t last; /* asked for, and most often the next one too */
    uint64_t clock;
};

static void
window_free(struct window *window)
{
    if (window != NULL) {
        buf_release(&window->leaves);
        buf_release(&window->headers);
        mem_free(window);
    }
}

static void
windows_release(struct windows *windows)
{
    for (size_t i = 0; i < WINDOWS_MAX; i++) {
        window_free(windows->all[i]);
        windows->all[i] = NULL;
    }
}

/* The one least recently used goes, and all others while they are too big. */
static struct window *
take_place(struct windows *windows)
{
    size_t oldest = 0;
    size_t bytes = 0;

    for (size_t i = 0; i < WINDOWS_MAX; i++) {
        if (windows->all[i] == NULL) {
            oldest = i;
            break;
        }
        bytes += windows->all[i]->headers.capacity;
        if (windows->all[i]->used < windows->all[oldest]->used) {
            oldest = i;
        }
    }
    if (bytes > WINDOW_BYTES_MAX) {
        windows_release(windows);
    }
    if (windows->all[oldest] == NULL) {
        windows->all[oldest] = mem_zalloc(1, sizeof(struct window));
    }
    return windows->all[oldest];
}

/* Is this a tile whose findings have not been told? They are told once,
 * though the ledger may read a log twice. */
static bool
is_news(const struct check_log *log, const struct window *window)
{
    return window->index >= log->windows_told;
}

static void
tell_item(struct windows *windows, const struct window *window, unsigned n,
    enum finding_code code, const char *text)
{
    const struct check_log *log = &windows->check->result->logs[window->log];

    if (is_news(log, window)) {
        findings_add(&windows->check->result->findings,
            place_of(log, window->index * TILE_WIDTH + n), code, "%s", text);
    }
}

static bool
is_hash_of(const uint8_t *hash, struct bytes bytes)
{
    struct hash of;

    hash_sha256(&of, bytes);
    return memcmp(of.bytes, hash, sizeof(of.bytes)) == 0;
}

/* May a writer of headers say this of a body of that kind? */
static bool
is_state_right(uint8_t kind, enum bundle_body state)
{
    const bool is_clear = kind == ENTRY_CONTROL || kind == ENTRY_ERASE;

    switch (state) {
    case BUNDLE_BODY_HERE:
        return is_clear;
    case BUNDLE_BODY_LACKING:
        return true;
    case BUNDLE_BODY_HELD:
    case BUNDLE_BODY_DENIED:
        return !is_clear;
    }
    return false;
}

/* One header and body against the 68 bytes of its leaf. */
static void
prove_item(struct windows *windows, struct window *window, unsigned n,
    struct bytes leaf)
{
    struct item *item = &window->items[n];

    item->kind = leaf.data[1];
    item->is_proved = false;
    if (!is_hash_of(leaf.data + 4, item->header.header)) {
        tell_item(windows, window, n, FINDING_HEADER_MISMATCH,
            "its header is not the one that was signed");
    } else if (!is_state_right(item->kind, item->header.state)) {
        tell_item(windows, window, n, FINDING_HEADER_MALFORMED,
            "what is said of its body cannot be so");
    } else if (item->header.state == BUNDLE_BODY_HERE &&
               !is_hash_of(leaf.data + 36, item->header.body)) {
        tell_item(windows, window, n, FINDING_BODY_MISMATCH,
            "its body is not the one that was signed");
    } else {
        item->is_proved = true;
    }
}

/* Both files of a tile, taken apart; false: one of them is not as it should
 * be, which has been told. */
static bool
take_apart(struct windows *windows, struct window *window, bool is_cut)
{
    struct cursor leaves = cursor_init(buf_bytes(&window->leaves));
    struct cursor headers = cursor_init(buf_bytes(&window->headers));

    for (unsigned n = 0; n < window->count; n++) {
        const struct bytes leaf = bundle_next(&leaves);

        window->items[n].header = bundle_next_header(&headers);
        if (headers.failed) {
            tell_item(windows, window, n, FINDING_HEADER_MALFORMED,
                "the file of headers breaks its form here");
            return false;
        }
        if (leaves.failed || leaf.size != ENTRY_LEAF_BYTES) {
            return false; /* told with the tree */
        }
        prove_item(windows, window, n, leaf);
    }
    if (!is_cut && cursor_end(&headers) != ERR_OK) {
        tell_item(windows, window, window->count - 1, FINDING_HEADER_MALFORMED,
            "more follows in the file of headers");
        return false;
    }
    return true;
}

static enum err
read_files(struct windows *windows, struct window *window)
{
    struct check *check = windows->check;
    struct check_log *log = &check->result->logs[window->log];
    struct tile tile = {.kind = TILE_ENTRIES,
        .index = window->index,
        .width = tile_width(log->size, 0, window->index)};
    struct tile_file leaves = {FILE_MISSING, false};
    struct tile_file headers = {FILE_MISSING, false};
    struct tree folder = {-1};
    enum err rc = check_open_log(&folder, &check->root, log->path);

    window->count = 0;
    if (rc == ERR_OK) {
        rc = log_tile_read(&window->leaves, &folder, &tile, &leaves);
    }
    tile.kind = TILE_HEADERS;
    if (rc == ERR_OK) {
        rc = log_tile_read(&window->headers, &folder, &tile, &headers);
    }
    tree_close(&folder);
    if (rc != ERR_OK) {
        return rc;
    }
    if (headers.state != FILE_WHOLE && is_news(log, window)) {
        log_tile_finding(
            &check->result->findings, &log->id, &tile, headers.state);
    }
    if (leaves.state == FILE_WHOLE && headers.state == FILE_WHOLE) {
        window->count = tile.width;
        if (!take_apart(windows, window, headers.is_cut)) {
            window->count = 0;
        }
    }
    if (is_news(log, window)) {
        log->headers += window->count;
        log->windows_told = window->index + 1;
    }
    return ERR_OK;
}

static bool
is_window_of(const struct window *window, size_t log, uint64_t index)
{
    return window != NULL && window->log == log && window->index == index;
}

/* The one that has the tile, if there is such. */
static struct window *
find_window(struct windows *windows, size_t log, uint64_t index)
{
    if (is_window_of(windows->all[windows->last], log, index)) {
        return windows->all[windows->last];
    }
    for (size_t i = 0; i < WINDOWS_MAX; i++) {
        if (is_window_of(windows->all[i], log, index)) {
            windows->last = i;
            return windows->all[i];
        }
    }
    return NULL;
}

/* The window with a tile of a log; its views live until the next call. */
static enum err
get_window(
    struct windows *windows, size_t log, uint64_t index, struct window **out)
{
    struct window *window = find_window(windows, log, index);
    enum err rc = ERR_OK;

    if (window != NULL) {
        window->used = ++windows->clock;
        *out = window;
        return ERR_OK;
    }
    window = take_place(windows);
    if (window == NULL) {
        return ERR_NOMEM;
    }
    window->log = log;
    window->index = index;
    window->used = ++windows->clock;
    rc = read_files(windows, window);
    if (rc != ERR_OK) {
        window->log = SIZE_MAX;
        return rc;
    }
    *out = window;
    return ERR_OK;
}

/* What the ledger draws from: entries that their leaves prove, no others. */
static enum err
source_read(
    void *context, size_t handle, uint64_t position, struct ledger_entry *out)
{
    struct windows *windows = context;
    struct window *window = NULL;
    const struct item *item = NULL;
    enum err rc = get_window(windows, handle, position / TILE_WIDTH, &window);

    if (rc != ERR_OK) {
        return rc;
    }
    item = &window->items[position % TILE_WIDTH];
    if (position % TILE_WIDTH >= window->count || !item->is_proved) {
        return ERR_NOT_FOUND;
    }
    *out = (struct ledger_entry){.kind = item->kind,
        .body_state = (uint8_t)item->header.state,
        .header = item->header.header,
        .body = item->header.body};
    return ERR_OK;
}

/* Tiles that the ledger did not ask for. */
static enum err
read_rest(struct windows *windows)
{
    struct check_result *result = windows->check->result;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < result->log_count && rc == ERR_OK; i++) {
        const struct check_log *log = &result->logs[i];

        while (rc == ERR_OK && log->is_whole && log->has_headers &&
               log->windows_told * TILE_WIDTH < log->size) {
            struct window *window = NULL;

            rc = get_window(windows, i, log->windows_told, &window);
        }
    }
    return rc;
}

/* Membership follows from all control logs, and from whole ones only. */
static bool
can_judge(struct check *check)
{
    const struct check_result *result = check->result;
    size_t headers = 0;
    size_t broken = 0;

    for (size_t i = 0; i < result->log_count; i++) {
        headers += result->logs[i].has_headers;
        broken += result->logs[i].id.kind == LOG_CONTROL &&
                  !(result->logs[i].has_headers && result->logs[i].is_whole);
    }
    for (size_t i = 0; i < check->unread_count; i++) {
        broken += check->unread[i].kind == LOG_CONTROL;
    }
    if (headers == 0) {
        findings_remark(&check->result->findings, false,
            "there are no headers: authors, their rights, clocks and grants "
            "were not checked (export with --headers)");
    } else if (!check->is_whole) {
        findings_remark(&check->result->findings, false,
            "authors, their rights, clocks and grants were not judged: that "
            "takes the whole export, not one log of it");
    } else if (broken > 0) {
        findings_remark(&check->result->findings, true,
            "authors, their rights, clocks and grants were not judged, since "
            "not all control logs are here whole, with their headers");
    }
    return headers > 0 && check->is_whole && broken == 0;
}

static enum err
add_logs(struct check *check, struct ledger *ledger)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->result->log_count && rc == ERR_OK; i++) {
        const struct check_log *log = &check->result->logs[i];
        const bool is_usable = log->is_whole && log->has_headers;
        char label[LOG_LABEL_BYTES];
        const struct ledger_log given = {.id = log->id,
            .size = is_usable ? log->given : 0,
            .handle = i,
            .is_partial = !is_usable || log->is_frozen};

        if (!is_usable) {
            log_label(label, &log->id);
            findings_remark(&check->result->findings, true,
                "log %s was left out when authors, rights, clocks and grants "
                "were judged, since it %s",
                label, log->is_whole ? "came without headers" : "is not whole");
        }
        rc = ledger_add(ledger, &given);
        if (rc == ERR_EXISTS) {
            rc = ERR_OK; /* its place has its finding */
        }
    }
    for (size_t i = 0; i < check->unread_count && rc == ERR_OK; i++) {
        const struct ledger_log unread = {
            .id = check->unread[i], .is_partial = true};

        rc = ledger_add(ledger, &unread);
        if (rc == ERR_EXISTS) {
            rc = ERR_OK; /* as above */
        }
    }
    return rc;
}

static enum err
run_ledger(struct check *check, const struct ledger_source *source)
{
    struct ledger *ledger = NULL;
    const struct ledger_options options = {.corridor = check->result->corridor,
        .wall_ms = check->options->now_s * 1000,
        .source = *source,
        .watch = {.context = check, .finding = check_ledger_finding}};
    enum err rc = ledger_new(&ledger, &options);

    if (rc == ERR_OK) {
        rc = add_logs(check, ledger);
    }
    if (rc == ERR_OK) {
        rc = ledger_run(ledger);
    }
    if (rc == ERR_OK) {
        rc = check_take_ledger(check, ledger);
    }
    ledger_free(ledger);
    return rc;
}

enum err
check_judge(struct check *check, const struct ledger_source *source)
{
    return can_judge(check) ? run_ledger(check, source)
                            : check_gather_cosigners(check, NULL);
}

enum err
check_headers(struct check *check)
{
    struct windows windows = {.check = check};
    const struct ledger_source source = {source_read, &windows};
    enum err rc = check_judge(check, &source);

    if (rc == ERR_OK) {
        rc = read_rest(&windows);
    }
    windows_release(&windows);
    return rc;
}
