/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stories/story.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/base/cbor.h"
#include "crypto/base/cursor.h"
#include "storage/vouch.h"
#include "sync/model/merge.h"
#include "tests/sim/check.h"
#include "tests/sim/work.h"

enum { SEED = 7, KIND_CASE = 3, MEET_MS = 1000, WRITE_MS = 100 };

void
story_begin(struct story *story, size_t hosts)
{
    struct sim_options options = {
        .seed = SEED,
        .story = &story->text,
        .hosts = hosts,
        .is_calm = true,
    };

    *story = (struct story){.text = {0}};
    folder_make(story->folder);
    options.dir = story->folder;
    sim_init(&story->sim, &options);
    sim_pass(&story->sim, MEET_MS);
}

void
story_end(struct story *story)
{
    for (size_t i = 0; i < story->sim.host_count; i++) {
        if (host_is_up(story->sim.hosts[i])) {
            check_records(story->sim.hosts[i]);
            check_verify(story->sim.hosts[i]);
        }
    }
    story->sim.options.story = NULL;
    sim_release(&story->sim);
    pool_release(&story->text);
    folder_remove(story->folder);
}

void
story_expect(struct story *story, const char *text)
{
    struct bytes got = pool_bytes(&story->text);

    ck_assert_msg(bytes_equal(got, bytes_text(text)), "the story goes:\n%.*s",
        (int)got.size, (const char *)got.data);
    story->text.size = 0;
}

struct host *
story_host(struct story *story, char name)
{
    return story->sim.hosts[name - 'a'];
}

void
story_meet(struct story *story, char from, char to)
{
    host_call(story_host(story, from), story_host(story, to));
    sim_pass(&story->sim, MEET_MS);
}

void
story_part(struct story *story, char one, char other)
{
    net_sever(&story->sim.net, one - 'a', other - 'a', false);
    sim_pass(&story->sim, 4 * MEET_MS);
}

void
story_join(struct story *story, char name, char inviter)
{
    struct host *host = story_host(story, name);

    host_boot(host);
    story_meet(story, name, inviter);
    work_enrol(host);
    sim_pass(&story->sim, MEET_MS);
}

void
story_make(struct story *story, char name, const char *summary)
{
    struct work_plan plan = {.kind = KIND_CASE,
        .record = SIZE_MAX,
        .field = "summary",
        .text = summary};

    work_do(story_host(story, name), &plan);
    sim_pass(&story->sim, WRITE_MS);
}

void
story_write(struct story *story, char name, size_t record, const char *field,
    const char *text)
{
    struct work_plan plan = {
        .kind = KIND_CASE, .record = record, .field = field, .text = text};

    work_do(story_host(story, name), &plan);
    sim_pass(&story->sim, WRITE_MS);
}

/* The text of a tx or a code. */
static struct bytes
text_of(struct bytes value)
{
    struct cursor cursor = cursor_init(value);

    if (cbor_peek(&cursor) == CBOR_ARRAY) {
        cbor_get_array(&cursor);
    }
    return cbor_get_text(&cursor);
}

static void
say_values(struct story *story, char name, const char *field,
    const struct shown *shown)
{
    char line[200];
    int at = snprintf(line, sizeof(line), "%c shows %s:", name, field);

    for (size_t i = 0; i < shown->count; i++) {
        struct bytes text = text_of(shown->values[i].value);

        at += snprintf(line + at, sizeof(line) - (size_t)at, "%s \"%.*s\"",
            i == 0 ? "" : ",", (int)text.size, (const char *)text.data);
    }
    sim_say(&story->sim, "%s%s", line,
        shown->has_conflict ? ", to be settled" : "");
}

void
story_show(struct story *story, char name, size_t record, const char *field)
{
    struct host *host = story_host(story, name);
    const struct fact_record *facts = &story->sim.oracle.records[record];
    struct record merged = {0};
    struct shown shown = {0};
    struct merge_view of = {.record = &merged};
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, host->node.store, NULL), ERR_OK);
    if (view_record(view, facts->kind, &facts->id, &merged, NULL) != ERR_OK) {
        sim_say(&story->sim, "%c has no such record", name);
        view_close(view);
        return;
    }
    of.kind = schema_kind(story->sim.schema, facts->kind);
    of.field = schema_field_by_name(of.kind, bytes_text(field));
    of.logs = view_logs(view);
    of.membership = view_membership(view);
    ck_assert_int_eq(merge_show(&shown, &of, of.field->number), ERR_OK);
    say_values(story, name, field, &shown);
    shown_release(&shown);
    record_release(&merged);
    view_close(view);
}

/* Of one machine. */
struct forks {
    struct story *story;
    char name;
};

static bool
say_fork(void *context, const struct evidence_item *item)
{
    const struct forks *forks = context;
    const struct sim *sim = &forks->story->sim;
    const struct log_id *log = &item->evidence->log;

    for (size_t i = 0; i < sim->host_count; i++) {
        if (node_id_equal(host_id(sim->hosts[i]), &log->node)) {
            sim_say(&forks->story->sim, "%c knows that %s's %s is forked",
                forks->name, sim->hosts[i]->name,
                log->kind == LOG_CONTROL ? "control log" : "changes log");
        }
    }
    return true;
}

void
story_show_forks(struct story *story, char name)
{
    struct forks forks = {story, name};
    struct view *view = NULL;

    ck_assert_int_eq(
        view_open(&view, story_host(story, name)->node.store, NULL), ERR_OK);
    ck_assert_int_eq(view_evidence(view, say_fork, &forks, NULL), ERR_OK);
    view_close(view);
}
