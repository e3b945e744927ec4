/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of transfers, by walking it with nothing but its definition. */
#include "crypto/base/cbor.h"
#include "tests/sim/oracle_internal.h"

/* Does a transfer name that one? */
static bool
names(const struct fact *by, const struct fact *named)
{
    for (size_t i = 0; i < by->dot_count; i++) {
        if (fact_same(&by->dots[i], &named->id)) {
            return true;
        }
    }
    return false;
}

/* Made by who holds the record after `step`? */
static bool
is_by_holder(
    const struct asked *asked, const struct fact *fact, const struct fact *step)
{
    return office_id_equal(fact_office(asked, fact), &step->office);
}

static const struct fact *
find(const struct asked *asked, const struct fact_id *id)
{
    for (size_t i = 0; i < asked->count; i++) {
        if (fact_same(&asked->facts[i]->id, id)) {
            return asked->facts[i];
        }
    }
    return NULL;
}

/* Does it follow `step`, or settle what follows it? Settling ones name what
 * came before them, so this goes down as deep as they do. */
static bool
is_of_level(const struct asked *asked, const struct fact *fact,
    const struct fact *step, unsigned depth)
{
    if (fact->dot_count == 0 || depth == 0 ||
        !is_by_holder(asked, fact, step)) {
        return false;
    }
    if (fact->dot_count == 1) {
        return names(fact, step);
    }
    for (size_t i = 0; i < fact->dot_count; i++) {
        const struct fact *named = find(asked, &fact->dots[i]);

        if (named == NULL || !is_of_level(asked, named, step, depth - 1)) {
            return false;
        }
    }
    return true;
}

enum { DEPTH_MAX = 8 };

/* The ends of what follows a step; *out is the last one. */
static size_t
tips_of(
    const struct asked *asked, const struct fact *step, const struct fact **out)
{
    size_t tips = 0;

    for (size_t i = 0; i < asked->count; i++) {
        const struct fact *fact = asked->facts[i];
        bool is_settled = false;

        if (!is_of_level(asked, fact, step, DEPTH_MAX)) {
            continue;
        }
        for (size_t k = 0; k < asked->count; k++) {
            const struct fact *by = asked->facts[k];

            is_settled =
                is_settled ||
                (by->dot_count > 1 && is_of_level(asked, by, step, DEPTH_MAX) &&
                    names(by, fact));
        }
        if (!is_settled) {
            *out = fact;
            tips++;
        }
    }
    return tips;
}

void
oracle_owner(const struct asked *asked, struct answer *out)
{
    const struct fact *step = NULL;
    struct buf value = {0};
    size_t tips = 1;

    for (size_t i = 0; i < asked->count; i++) {
        if (asked->facts[i]->dot_count == 0) {
            step = asked->facts[i];
        }
    }
    if (step == NULL) {
        out->is_open = true;
        return;
    }
    while (tips == 1) {
        const struct fact *next = step;

        tips = tips_of(asked, step, &next);
        step = tips == 1 ? next : step;
    }
    cbor_put_bytes(
        &value, bytes_of(step->office.bytes, sizeof(step->office.bytes)));
    answer_put(out, buf_bytes(&value), 0);
    out->has_default = true;
    pool_put(&out->chosen, buf_bytes(&value));
    out->says_conflict = true;
    out->has_conflict = tips > 1;
    buf_release(&value);
    for (size_t i = 0; tips > 1 && i < asked->count; i++) {
        const struct fact *tip = asked->facts[i];
        bool is_settled = false;

        if (!is_of_level(asked, tip, step, DEPTH_MAX)) {
            continue;
        }
        for (size_t k = 0; k < asked->count; k++) {
            is_settled = is_settled || (asked->facts[k]->dot_count > 1 &&
                                           is_of_level(asked, asked->facts[k],
                                               step, DEPTH_MAX) &&
                                           names(asked->facts[k], tip));
        }
        if (!is_settled) {
            struct buf other = {0};

            cbor_put_bytes(
                &other, bytes_of(tip->office.bytes, sizeof(tip->office.bytes)));
            answer_put(out, buf_bytes(&other), 0);
            buf_release(&other);
        }
    }
}
