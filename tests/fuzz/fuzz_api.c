/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a node of a corridor, one after the other, each a line of
 *     METHOD TARGET [IF-MATCH] BODY
 * where the body begins at the first brace. Whatever is asked gets an answer
 * with a status and an object; errors have their word and sentence.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/api/api.h"
#include "tests/fuzz/fuzz.h"

enum { WORDS = 3, WORD_BYTES_MAX = 512, PATH_BYTES = 512 };

static struct {
    char home[40];
    struct node *node;
    struct api *api;
} place;

/* A folder of files, and itself. */
static void
remove_folder(const char *path)
{
    char name[PATH_BYTES];
    DIR *dir = opendir(path);
    struct dirent *entry = dir == NULL ? NULL : readdir(dir);

    for (; entry != NULL; entry = readdir(dir)) {
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        (void)unlink(name);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

static void
leave(void)
{
    char data[PATH_BYTES];

    api_free(place.api);
    node_close(place.node);
    (void)snprintf(data, sizeof(data), "%s/data", place.home);
    remove_folder(data);
    remove_folder(place.home);
}

static void
enter(void)
{
    static const char words[] = "a passphrase";
    struct home_options home = {.path = place.home,
        .office_name = "Ministry",
        .node_name = "server",
        .country = "LA",
        .type = "ministry",
        .passphrase = bytes_text(words),
        .is_cheap = true};
    struct node_options options = {
        .home = place.home, .passphrase = bytes_text(words)};
    struct api_options api = {.node = NULL};
    enum err rc = ERR_OK;
    char *made = NULL;

    for (size_t i = 0; i < 2 && made == NULL; i++) {
        (void)snprintf(place.home, sizeof(place.home),
            "%s/corridor-fuzz-XXXXXX", i == 0 ? "/dev/shm" : "/tmp");
        made = mkdtemp(place.home);
    }
    assert(made != NULL);
    rc = home_make(&home, NULL);
    assert(rc == ERR_OK);
    rc = node_open(&place.node, &options, NULL);
    assert(rc == ERR_OK);
    rc = node_found(place.node, "Mekong", 0, bytes_text(words), NULL);
    assert(rc == ERR_OK);
    api.node = place.node;
    rc = api_new(&place.api, &api);
    assert(rc == ERR_OK);
    (void)atexit(leave);
}

/* The next word of the line, copied; false at the body or the end. */
static bool
take_word(struct bytes *line, char out[WORD_BYTES_MAX])
{
    size_t size = 0;

    while (line->size > 0 && line->data[0] == ' ') {
        line->data++;
        line->size--;
    }
    if (line->size == 0 || line->data[0] == '{') {
        return false;
    }
    while (line->size > 0 && line->data[0] != ' ' &&
           size + 1 < WORD_BYTES_MAX && line->data[0] != '\0') {
        out[size++] = (char)line->data[0];
        line->data++;
        line->size--;
    }
    out[size] = '\0';
    return size > 0;
}

static void
try_line(struct bytes line)
{
    char words[WORDS][WORD_BYTES_MAX] = {"GET", "/", ""};
    struct api_request request = {.method = words[0], .target = words[1]};
    struct api_response response;

    for (size_t i = 0; i < WORDS && take_word(&line, words[i]); i++) {
    }
    /* Those that write files where the input says. */
    if (strncmp(words[1], "/v1/backup", 10) == 0) {
        return;
    }
    request.if_match = words[2][0] != '\0' ? words[2] : NULL;
    request.body = line;
    api_dispatch(place.api, &request, &response);
    assert(response.status >= 200 && response.status < 600);
    assert(response.is_bytes || json_is_object(response.json));
    if (response.status >= 300) {
        assert(api_error_code(&response) != NULL);
        assert(api_error_message(&response)[0] != '\0');
    }
    api_response_release(&response);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes left = bytes_of(data, size);

    if (place.api == NULL) {
        enter();
    }
    while (left.size > 0) {
        const uint8_t *end = memchr(left.data, '\n', left.size);
        size_t line = end != NULL ? (size_t)(end - left.data) : left.size;

        try_line(bytes_of(left.data, line));
        left.data += line + (end != NULL ? 1 : 0);
        left.size -= line + (end != NULL ? 1 : 0);
    }
    return 0;
}
