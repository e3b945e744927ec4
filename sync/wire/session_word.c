/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nodes say to each other beside entries: marks, by which they see
 * whether they hold the same history, evidence and vouches, and words, by
 * which they come to (docs/protocol.md, "Marks").
 */
#include <string.h>

#include "crypto/base/num.h"
#include "sync/wire/session_internal.h"

static bool
is_same(const struct frame_marks *a, const struct frame_marks *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

bool
session_marks_are_due(const struct session *session)
{
    const struct session_marks *marks = &session->marks;

    return session_level_sent(session) == LEVEL_FULL && marks->has_ours &&
           !(marks->has_told && is_same(&marks->told, &marks->ours));
}

bool
session_forks_are_due(const struct session *session)
{
    const struct session_marks *marks = &session->marks;

    return session_marks_are_due(session) &&
           !(marks->has_told && memcmp(marks->told.forks, marks->ours.forks,
                                    FRAME_MARK_BYTES) == 0);
}

uint64_t
session_forks_tell_ms(const struct session *session)
{
    return session_forks_are_due(session)
               ? num_max_u64(session->marks.untold_ms, session->progress_ms) +
                     SESSION_SETTLE_MS
               : UINT64_MAX;
}

/* How much longer vouches wait than other things: when a node has vouched for
 * something, others are about to. */
static uint64_t
vouches_wait_ms(const struct session *session)
{
    return session->now_ms < session->opened_ms + SESSION_YOUNG_MS
               ? 0
               : SESSION_VOUCHES_MS;
}

uint64_t
session_marks_tell_ms(const struct session *session)
{
    const struct session_marks *marks = &session->marks;
    uint64_t wait_ms = 0;

    if (!session_marks_are_due(session)) {
        return UINT64_MAX;
    }
    if (marks->has_told &&
        memcmp(marks->told.heads, marks->ours.heads, FRAME_MARK_BYTES) == 0 &&
        memcmp(marks->told.forks, marks->ours.forks, FRAME_MARK_BYTES) == 0) {
        wait_ms = vouches_wait_ms(session);
    }
    return marks->untold_ms + wait_ms;
}

void
session_note_marks_told(struct session *session)
{
    struct session_marks *marks = &session->marks;

    marks->has_told = marks->has_ours;
    marks->told = marks->ours;
}

void
session_set_our_marks(struct session *session, const struct frame_marks *ours)
{
    struct session_marks *marks = &session->marks;

    if (ours == NULL || (marks->has_ours && is_same(&marks->ours, ours))) {
        return;
    }
    if (!session_marks_are_due(session)) {
        marks->untold_ms = session->now_ms;
    }
    marks->has_ours = true;
    marks->ours = *ours;
    marks->is_comparing = false;
    session->progress_ms = session->now_ms;
}

void
session_set_their_marks(
    struct session *session, const struct frame_marks *theirs)
{
    struct session_marks *marks = &session->marks;

    if (marks->has_theirs && is_same(&marks->theirs, theirs)) {
        return;
    }
    if (!marks->has_theirs ||
        memcmp(marks->theirs.forks, theirs->forks, FRAME_MARK_BYTES) != 0) {
        reconcile_unstall(&session->reconcile);
    }
    marks->has_theirs = true;
    marks->theirs = *theirs;
    marks->is_comparing = false;
    session->progress_ms = session->now_ms;
}

static const uint8_t *
mark_of(const struct frame_marks *marks, enum differ_kind kind)
{
    switch (kind) {
    case DIFFER_HEADS:
        return marks->heads;
    case DIFFER_FORKS:
        return marks->forks;
    case DIFFER_VOUCHES:
    case DIFFER_KINDS:
        break;
    }
    return marks->vouches;
}

/* A peer that tells no marks has nothing to compare. */
static bool
agrees(const struct session *session, enum differ_kind kind)
{
    const struct session_marks *marks = &session->marks;

    return !marks->has_ours || !marks->has_theirs ||
           memcmp(mark_of(&marks->ours, kind), mark_of(&marks->theirs, kind),
               FRAME_MARK_BYTES) == 0;
}

bool
session_heads_agree(const struct session *session)
{
    return agrees(session, DIFFER_HEADS);
}

bool
session_marks_agree(const struct session *session)
{
    return agrees(session, DIFFER_HEADS) && agrees(session, DIFFER_FORKS) &&
           agrees(session, DIFFER_VOUCHES);
}

/* Both tell marks, and have dealt with what they were told. */
static bool
has_marks_of_both(const struct session *session)
{
    const struct session_marks *marks = &session->marks;

    return session->state == STATE_OPEN && session->is_confirmed &&
           session_level_sent(session) == LEVEL_FULL && marks->has_ours &&
           marks->has_theirs && session->accepts == 0 && session->heards == 0;
}

/* Marks mean something between two that count the same entries. */
static bool
is_comparable(const struct session *session)
{
    return has_marks_of_both(session) && session->told.is_current &&
           reconcile_is_equal(&session->reconcile);
}

/* All that we could send was taken, or came to nothing. */
static bool
is_apart(const struct session *session)
{
    return has_marks_of_both(session) && session->read_count == 0 &&
           session->window.count == 0 &&
           !reconcile_is_equal(&session->reconcile);
}

/* Is it the very difference that the marks of this kind show now? Evidence
 * is of use to a peer once it knows the log. */
static bool
is_present(const struct session_difference *said, const struct session *session,
    enum differ_kind kind)
{
    const struct session_marks *marks = &session->marks;

    return said->is_known &&
           (kind != DIFFER_FORKS || said->moves == session->reconcile.moves) &&
           memcmp(said->ours, mark_of(&marks->ours, kind), FRAME_MARK_BYTES) ==
               0 &&
           memcmp(said->theirs, mark_of(&marks->theirs, kind),
               FRAME_MARK_BYTES) == 0;
}

/* Was this very difference said before? */
static bool
is_said(const struct session *session, enum differ_kind kind)
{
    return is_present(&session->marks.said[kind], session, kind);
}

/*
 * When to say that the marks of this kind differ; UINT64_MAX: never, as
 * things stand. "Heads are compared once evidence has been": a log that only
 * one side knows to be forked counts in one side's heads alone.
 */
static uint64_t
due_ms(const struct session *session, enum differ_kind kind)
{
    const struct session_marks *marks = &session->marks;
    uint64_t due = num_max_u64(marks->settle_ms, marks->said[kind].next_ms);

    if (!marks->is_comparing || agrees(session, kind) ||
        is_said(session, kind)) {
        return UINT64_MAX;
    }
    if (kind == DIFFER_HEADS && !agrees(session, DIFFER_FORKS)) {
        return is_said(session, DIFFER_FORKS)
                   ? num_max_u64(due, marks->said[DIFFER_FORKS].next_ms)
                   : UINT64_MAX;
    }
    return kind == DIFFER_VOUCHES && marks->settle_ms > marks->equal_ms
               ? due + vouches_wait_ms(session)
               : due;
}

static void
note_present(struct session_difference *said, const struct session *session,
    enum differ_kind kind)
{
    const struct session_marks *marks = &session->marks;

    said->is_known = true;
    said->moves = session->reconcile.moves;
    memcpy(said->ours, mark_of(&marks->ours, kind), FRAME_MARK_BYTES);
    memcpy(said->theirs, mark_of(&marks->theirs, kind), FRAME_MARK_BYTES);
}

/* What heads lead to is much, and a peer may lie: ever more seldom. */
static void
note_said(struct session *session, enum differ_kind kind)
{
    struct session_difference *said = &session->marks.said[kind];

    if (kind != DIFFER_HEADS) {
        said->wait_ms = SESSION_SETTLE_MS;
    } else if (said->wait_ms == 0) {
        said->wait_ms = SESSION_HEADS_MS;
    } else {
        said->wait_ms = num_min_u64(2 * said->wait_ms, SESSION_HEADS_MS_MAX);
    }
    said->next_ms = session->now_ms + said->wait_ms;
    note_present(said, session, kind);
}

/* When to say that forks differ though clocks do; UINT64_MAX: never. */
static uint64_t
apart_due_ms(const struct session *session)
{
    const struct session_marks *marks = &session->marks;
    uint64_t next_ms = marks->apart_forks.next_ms;

    return !marks->is_apart || agrees(session, DIFFER_FORKS) ||
                   is_present(&marks->apart_forks, session, DIFFER_FORKS)
               ? UINT64_MAX
               : num_max_u64(next_ms, marks->apart_ms + SESSION_SETTLE_MS);
}

/*
 * What a peer lacks of a frozen log nobody sends it, and what counts that may
 * be of no use to it, so that the clocks never become equal. Evidence tells it
 * why.
 */
static enum err
compare_apart(struct session *session)
{
    struct effect effect = {.type = EFFECT_DIFFERS};
    struct session_marks *marks = &session->marks;

    if (!is_apart(session)) {
        marks->is_apart = false;
        return ERR_OK;
    }
    if (!marks->is_apart) {
        marks->is_apart = true;
        marks->apart_ms = session->now_ms;
    }
    if (session->now_ms < apart_due_ms(session)) {
        return ERR_OK;
    }
    marks->apart_forks.next_ms = session->now_ms + SESSION_SETTLE_MS;
    note_present(&marks->apart_forks, session, DIFFER_FORKS);
    effect.u.differs.forks = true;
    return session_emit(session, &effect);
}

/*
 * The first time that the clocks are equal what differs is said at once, as
 * the session may have no other purpose. Later what one has just learnt may
 * be on its way to the other.
 */
static void
begin_comparing(struct session *session)
{
    struct session_marks *marks = &session->marks;

    marks->is_comparing = true;
    marks->equal_ms = session->now_ms;
    marks->settle_ms =
        session->now_ms + (marks->was_comparing ? SESSION_SETTLE_MS : 0);
    marks->was_comparing = true;
}

enum err
session_compare_marks(struct session *session)
{
    struct effect effect = {.type = EFFECT_DIFFERS};
    bool differs[DIFFER_KINDS] = {false};

    if (!is_comparable(session)) {
        session->marks.is_comparing = false;
        return compare_apart(session);
    }
    session->marks.is_apart = false;
    if (!session->marks.is_comparing) {
        begin_comparing(session);
    }
    for (enum differ_kind kind = DIFFER_HEADS; kind < DIFFER_KINDS; kind++) {
        differs[kind] = session->now_ms >= due_ms(session, kind);
    }
    for (enum differ_kind kind = DIFFER_HEADS; kind < DIFFER_KINDS; kind++) {
        if (differs[kind]) {
            note_said(session, kind);
        }
    }
    effect.u.differs.heads = differs[DIFFER_HEADS];
    effect.u.differs.forks = differs[DIFFER_FORKS];
    effect.u.differs.vouches = differs[DIFFER_VOUCHES];
    return differs[DIFFER_HEADS] || differs[DIFFER_FORKS] ||
                   differs[DIFFER_VOUCHES]
               ? session_emit(session, &effect)
               : ERR_OK;
}

uint64_t
session_marks_wake_ms(const struct session *session)
{
    uint64_t wake_ms = reconcile_is_equal(&session->reconcile)
                           ? session_marks_tell_ms(session)
                           : session_forks_tell_ms(session);

    /* What could have been told by now waits for something else. */
    if (wake_ms <= session->now_ms) {
        wake_ms = UINT64_MAX;
    }
    wake_ms = num_min_u64(wake_ms, apart_due_ms(session));
    for (enum differ_kind kind = DIFFER_HEADS; kind < DIFFER_KINDS; kind++) {
        wake_ms = num_min_u64(wake_ms, due_ms(session, kind));
    }
    return wake_ms;
}

/* Each makes us verify a signature, so a peer has a share of time for them. */
static void
charge_word(struct session *session)
{
    uint64_t paid = session->now_ms - session->word_ms;
    uint64_t debt = session->word_debt;

    debt = debt > paid ? debt - paid : 0;
    debt += SESSION_WORD_MS;
    session->word_debt = debt;
    session->word_ms = session->now_ms;
    if (debt > SESSION_WORDS_BURST_MS) {
        session->wait_until_ms = num_max_u64(session->wait_until_ms,
            session->now_ms + 1 + debt - SESSION_WORDS_BURST_MS);
    }
}

static size_t
word_bytes_min(enum frame_type type)
{
    return type == FRAME_HEAD    ? FRAME_HEAD_WORD_BYTES
           : type == FRAME_VOUCH ? COSIGNATURE_BYTES
                                 : EVIDENCE_BYTES_MIN;
}

enum err
session_take_word(struct session *session, const struct frame *frame)
{
    struct effect effect = {.type = EFFECT_HEARD};

    charge_word(session);
    if (session->level < LEVEL_FULL) {
        return ERR_OK; /* it may have lost its standing on the way */
    }
    effect.u.heard.type = (enum frame_type)frame->type;
    effect.u.heard.payload = frame->payload;
    if (frame->payload.size < word_bytes_min(effect.u.heard.type)) {
        return ERR_MALFORMED;
    }
    session->heards++;
    session->progress_ms = session->now_ms;
    return session_emit(session, &effect);
}

enum err
session_put_words(struct session *session, const struct event *event)
{
    const struct session_word *words = event->u.say.words;

    if (session->state != STATE_OPEN || !session->is_confirmed ||
        session_level_sent(session) < LEVEL_FULL) {
        return ERR_OK;
    }
    for (size_t i = 0; i < event->u.say.count; i++) {
        frame_put(&session->link.frames, words[i].type, words[i].payload);
    }
    session->progress_ms = session->now_ms;
    return buf_err(&session->link.frames);
}
