/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/standing.h"

#include <stdio.h>

#include "node/api/call.h"

bool
standing_opens(const struct view *view)
{
    return office_holds_keys(view_office(view));
}

/* Logs of which anything is held. */
static unsigned long long
count_logs(const struct view *view)
{
    size_t count = view_logs(view)->count;
    unsigned long long held = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct view_log log;

        held += view_log(view, i, &log) == ERR_OK && log.stored > 0;
    }
    return held;
}

static void
say_audits(char out[STANDING_BYTES], const struct view *view,
    const struct view_stat *stat)
{
    int used = snprintf(out, STANDING_BYTES,
        "This node audits: it holds %llu headers of %llu logs and ",
        (unsigned long long)stat->entries, count_logs(view));

    if (stat->records == 0) {
        snprintf(out + used, STANDING_BYTES - (size_t)used, "no content.");
    } else {
        snprintf(out + used, STANDING_BYTES - (size_t)used,
            "gets no content; it keeps %llu records that it could read "
            "before.",
            (unsigned long long)stat->records);
    }
}

static void
say_relays(char out[STANDING_BYTES], const struct view_stat *stat)
{
    int used = snprintf(out, STANDING_BYTES,
        "This node relays: it carries %llu entries and can open none",
        (unsigned long long)stat->entries);

    if (stat->records == 0) {
        snprintf(out + used, STANDING_BYTES - (size_t)used, ".");
    } else {
        snprintf(out + used, STANDING_BYTES - (size_t)used,
            " but those of %llu records that it could read before.",
            (unsigned long long)stat->records);
    }
}

enum err
standing_sentence(
    char out[STANDING_BYTES], struct view *view, struct err_msg *msg)
{
    struct view_stat stat;
    enum err rc = view_stat(view, &stat, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    out[0] = '\0';
    if (!view_takes_bodies(view, NULL)) {
        say_audits(out, view, &stat);
    } else if (!standing_opens(view)) {
        say_relays(out, &stat);
    }
    return ERR_OK;
}

/* Content that is due and has not come: sent by whoever holds it. */
static void
put_due(json_t **sentences, uint64_t due)
{
    char text[STANDING_BYTES];

    snprintf(text, sizeof(text),
        "%llu %s content that this office is due since its role changed; the "
        "next office to connect that holds it sends it.",
        (unsigned long long)due, due == 1 ? "change lacks" : "changes lack");
    put_item(sentences, json_string(text));
}

enum err
standing_put(json_t **json, struct view *view, struct err_msg *msg)
{
    const struct office *own = view_office(view);
    bool takes_bodies = view_takes_bodies(view, NULL);
    bool is_due = takes_bodies && !(own != NULL && own->is_retired);
    char sentence[STANDING_BYTES];
    struct view_stat stat;
    json_t *standing = NULL;
    json_t *sentences = NULL;
    enum err rc = view_stat(view, &stat, msg);

    if (rc == ERR_OK) {
        rc = standing_sentence(sentence, view, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    standing = json_object();
    sentences = json_array();
    if (!takes_bodies) {
        put_text(&standing, "role", "audit");
    } else if (!standing_opens(view)) {
        put_text(&standing, "role", "relay");
    } else {
        put(&standing, "role", json_null());
    }
    if (sentence[0] != '\0') {
        put_item(&sentences, json_string(sentence));
    }
    if (is_due && stat.absent > 0) {
        put_due(&sentences, stat.absent);
    }
    put_number(&standing, "without_content", stat.absent);
    put_number(&standing, "content_due", is_due ? stat.absent : 0);
    put(&standing, "sentences", sentences);
    put(json, "standing", standing);
    return ERR_OK;
}
