/* SPDX-License-Identifier: Apache-2.0 */
/* What the fixture's offices write. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { OPS_MAX = 64 };

/* A tx is [text, language or null]; a code is its text. */
static void
put_value(struct buf *out, const struct fixture_op *op)
{
    if (op->is_code) {
        cbor_put_cstr(out, op->text);
    } else {
        cbor_put_array(out, 2);
        cbor_put_cstr(out, op->text);
        cbor_put_null(out);
    }
}

enum err
fixture_try_edit(struct corridor_fixture *f, size_t n,
    const struct fixture_edit *edit, struct edit_result *out)
{
    struct change_op ops[OPS_MAX] = {{0}};
    size_t ends[OPS_MAX + 1] = {0};
    struct buf values = {0};
    struct edit options = {.kind = edit->kind,
        .is_new = edit->id == NULL,
        .has_parent = edit->parent != NULL,
        .ops = ops,
        .op_count = edit->op_count,
        .has_version = edit->version != NULL};
    enum err rc = ERR_OK;

    ck_assert_uint_le(edit->op_count, OPS_MAX);
    for (size_t i = 0; i < edit->op_count; i++) {
        put_value(&values, &edit->ops[i]);
        ends[i + 1] = values.size;
    }
    for (size_t i = 0; i < edit->op_count; i++) {
        ops[i].field = edit->ops[i].field;
        ops[i].action = edit->ops[i].is_add ? ACTION_ADD : ACTION_SET;
        ops[i].has_value = true;
        ops[i].value = bytes_of(values.data + ends[i], ends[i + 1] - ends[i]);
    }
    if (edit->id != NULL) {
        options.id = *edit->id;
    }
    if (edit->parent != NULL) {
        options.parent = *edit->parent;
    }
    if (edit->version != NULL) {
        options.version = *edit->version;
    }
    rc = store_edit(f->offices[n].store, &options, out, &f->msg);
    buf_release(&values);
    return rc;
}

struct edit_result
fixture_edit(
    struct corridor_fixture *f, size_t n, const struct fixture_edit *edit)
{
    struct edit_result result = {{{0}}, {{0}}};
    enum err rc = ERR_OK;

    fixture_begin(f, n);
    rc = fixture_try_edit(f, n, edit, &result);
    ck_assert_msg(rc == ERR_OK, "%s: %s", err_text(rc), f->msg.text);
    fixture_commit(f, n);
    return result;
}

struct record_id
fixture_case(struct corridor_fixture *f, size_t n, const char *summary)
{
    struct fixture_op ops[] = {
        {FIXTURE_CASE_SUMMARY, false, false, summary},
        {FIXTURE_CASE_STATUS, false, true, "new"},
        {FIXTURE_CASE_CHANNEL, false, true, "mou"},
    };
    struct fixture_edit edit = {.kind = FIXTURE_CASE,
        .ops = ops,
        .op_count = sizeof(ops) / sizeof(ops[0])};

    return fixture_edit(f, n, &edit).id;
}

void
fixture_desk(struct corridor_fixture *f, size_t n, const struct record_id *id,
    const char *desk)
{
    struct fixture_op op = {FIXTURE_CASE_DESK, false, false, desk};
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .id = id, .ops = &op, .op_count = 1};

    fixture_edit(f, n, &edit);
}

static void
work_once(struct corridor_fixture *f, size_t n, struct fixture_ids *ids)
{
    static const char *const states[] = {"new", "open", "in_service", "closed"};
    static const char *const countries[] = {"LA", "TH", "VN", "KH"};
    static const char *const channels[] = {"mou", "eps", "border_pass"};
    char text[64];
    const struct record_id *id = NULL;
    struct fixture_op ops[4] = {
        {FIXTURE_CASE_SUMMARY, false, false, text},
        {FIXTURE_CASE_STATUS, false, true, states[prng_below(&f->prng, 4)]},
        {FIXTURE_CASE_COUNTRY, false, true, countries[prng_below(&f->prng, 4)]},
        {FIXTURE_CASE_CHANNEL, false, true, channels[prng_below(&f->prng, 3)]},
    };
    struct fixture_edit edit = {.kind = FIXTURE_CASE, .ops = ops};
    struct edit_result result = {{{0}}, {{0}}};
    enum err rc = ERR_OK;

    snprintf(text, sizeof(text), "of %zu: %llu", n,
        (unsigned long long)prng_next(&f->prng));
    if (prng_below(&f->prng, 2) == 0) {
        ops[0].field = FIXTURE_CASE_DESK;
    }
    if (prng_below(&f->prng, 3) == 0) {
        ops[0].field = FIXTURE_CASE_NOTES;
        ops[0].is_add = true;
    }
    if (ids->count > 0 && prng_below(&f->prng, 3) != 0) {
        id = &ids->ids[prng_below(&f->prng, ids->count)];
    }
    edit.id = id;
    edit.op_count = 1 + (size_t)prng_below(&f->prng, 4);
    rc = fixture_try_edit(f, n, &edit, &result);
    /* A case that has not come here, or that was not shared. */
    if (rc == ERR_NOT_FOUND || rc == ERR_DENIED) {
        return;
    }
    ck_assert_msg(rc == ERR_OK, "%s: %s", err_text(rc), f->msg.text);
    if (id == NULL && ids->count < sizeof(ids->ids) / sizeof(ids->ids[0])) {
        ids->ids[ids->count++] = result.id;
    }
}

void
fixture_work(
    struct corridor_fixture *f, size_t n, size_t edits, struct fixture_ids *ids)
{
    fixture_begin(f, n);
    for (size_t i = 0; i < edits; i++) {
        work_once(f, n, ids);
    }
    fixture_commit(f, n);
}
