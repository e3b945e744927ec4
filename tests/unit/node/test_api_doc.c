/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/api.md: its examples, played in order against one node, and its
 * resources, each of which must be named there.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/api/routes.h"
#include "storage/disk.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

enum { DOC_BYTES_MAX = 256 * 1024, LINE_BYTES_MAX = 4096, DEPTH_MAX = 8 };

static struct api_fixture fixture;
static struct buf doc;

static void
setup(void)
{
    api_fixture_setup(&fixture, true);
    ck_assert_int_eq(
        disk_read(&doc, CORRIDOR_SOURCE "/docs/api.md", DOC_BYTES_MAX, NULL),
        ERR_OK);
    buf_put_u8(&doc, 0);
}

static void
teardown(void)
{
    buf_release(&doc);
    api_fixture_teardown(&fixture);
}

/* Is `got` what the page says, where "…" is anything? */
static bool
is_like(const json_t *want, json_t *got, unsigned depth)
{
    const char *text = json_string_value(want);

    if (text != NULL && strcmp(text, "\u2026") == 0) {
        return got != NULL;
    }
    ck_assert_uint_lt(depth, DEPTH_MAX);
    if (json_is_array(want) && json_is_array(got)) {
        for (size_t i = 0; i < json_array_size(want); i++) {
            if (!is_like(json_array_get(want, i), json_array_get(got, i),
                    depth + 1)) {
                return false;
            }
        }
        return json_array_size(want) == json_array_size(got);
    }
    if (json_is_object(want) && json_is_object(got)) {
        for (void *iter = json_object_iter(got); iter != NULL;
             iter = json_object_iter_next(got, iter)) {
            const json_t *member =
                json_object_get(want, json_object_iter_key(iter));

            if (member == NULL ||
                !is_like(member, json_object_iter_value(iter), depth + 1)) {
                return false;
            }
        }
        return json_object_size(want) == json_object_size(got);
    }
    return json_equal(want, got) == 1;
}

/* An example as it is read. */
struct example {
    char method[16];
    char target[LINE_BYTES_MAX];
    char body[LINE_BYTES_MAX];
    unsigned status;
    char id[64]; /* of the record last made: what ID stands for */
    size_t played;
};

static void
play(struct example *e, const char *answer)
{
    char target[LINE_BYTES_MAX];
    const char *id = strstr(e->target, "/ID");
    struct api_response response;
    json_t *want = json_loads(answer, 0, NULL);
    const char *made = NULL;

    ck_assert_msg(want != NULL, "not JSON: %s", answer);
    (void)snprintf(target, sizeof(target), "%s", e->target);
    if (id != NULL) {
        (void)snprintf(target, sizeof(target), "%.*s/%s%s",
            (int)(id - e->target), e->target, e->id, id + 3);
    }
    response = api_fixture_ask(
        &fixture, e->method, target, e->body[0] != '\0' ? e->body : NULL, NULL);
    if (response.status != e->status || !is_like(want, response.json, 0)) {
        char *text = json_dumps(response.json, JSON_COMPACT);

        ck_abort_msg("%s %s: %u: %s", e->method, target, response.status,
            text == NULL ? "" : text);
    }
    made = json_string_value(json_object_get(response.json, "id"));
    if (response.status == 201 && made != NULL) {
        (void)snprintf(e->id, sizeof(e->id), "%s", made);
    }
    json_decref(want);
    api_response_release(&response);
    e->body[0] = '\0';
    e->played++;
}

static void
take_line(struct example *e, const char *line)
{
    if (strncmp(line, "> {", 3) == 0) {
        (void)snprintf(e->body, sizeof(e->body), "%s", line + 2);
    } else if (strncmp(line, "> ", 2) == 0) {
        size_t size = strcspn(line + 2, " ");

        ck_assert_uint_lt(size, sizeof(e->method));
        memcpy(e->method, line + 2, size);
        e->method[size] = '\0';
        (void)snprintf(e->target, sizeof(e->target), "%s", line + 3 + size);
    } else if (strncmp(line, "< {", 3) == 0) {
        play(e, line + 2);
    } else if (strncmp(line, "< ", 2) == 0) {
        ck_assert_int_eq(sscanf(line, "< %u", &e->status), 1);
    }
}

START_TEST(every_example_is_true)
{
    struct example *e = mem_zalloc(1, sizeof(*e));
    char *line = (char *)doc.data;

    ck_assert_ptr_nonnull(e);
    while (line != NULL) {
        char *end = strchr(line, '\n');

        if (end != NULL) {
            *end = '\0';
        }
        take_line(e, line);
        line = end == NULL ? NULL : end + 1;
    }
    ck_assert_uint_ge(e->played, 15);
    mem_free(e);
}
END_TEST

/* Is it the pattern, with words in capitals for its stars? */
static bool
is_pattern(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; pattern++) {
        size_t size = *pattern == '*'
                          ? strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                          : (size_t)(*text == *pattern);

        if (size == 0) {
            return false;
        }
        text += size;
    }
    return true;
}

static bool
is_on_page(const struct route *route)
{
    char name[128];
    const char *at = (const char *)doc.data;

    (void)snprintf(name, sizeof(name), "%s %s", route->method, route->pattern);
    for (at = strstr(at, route->method); at != NULL;
         at = strstr(at + 1, route->method)) {
        if (is_pattern(at, name)) {
            return true;
        }
    }
    return false;
}

START_TEST(every_resource_is_on_the_page)
{
    for (size_t i = 0; i < routes_count; i++) {
        ck_assert_msg(is_on_page(&routes[i]), "%s %s is not on the page",
            routes[i].method, routes[i].pattern);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("api_doc");
    TCase *tcase = tcase_create("api_doc");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_example_is_true);
    tcase_add_test(tcase, every_resource_is_on_the_page);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
