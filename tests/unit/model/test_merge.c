/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The merge rules, one table each. A row is a small history of one field (as
 * tests/lib/record_history.h tells it) and what a person then sees; it is
 * applied in every order that extends causality, each time on a machine that
 * numbers its logs otherwise, and must give the same record to the byte.
 *
 * What is seen: the steps shown, with * the default, - struck out or
 * reversed, = counted already, ? possibly so, ^ an allegation; a value that
 * was computed in parentheses; @ and the owner's letter; ! for a conflict;
 * then x and the steps that were void.
 */
#include "tests/lib/record_history.h"
#include "tests/lib/run.h"

struct row {
    const char *name;
    uint16_t field;
    const char *told;
    const char *seen;
    uint16_t shown; /* another field to be shown, or 0 */
};

static const struct row once_rows[] = {
    {"the_creating_changes_value_is_shown", F_ONCE, "", "0*", 0},
    {"nobody_else_can_write_it", F_ONCE, "c 0 =other", "0* x1", 0},
    {"its_creator_cannot_write_it_later", F_ONCE, "a 0 =other", "0* x1", 0},
};

static const struct row review_rows[] = {
    {"one_value_is_no_conflict", F_REVIEW, "a 0 =x", "1*", 0},
    {"a_later_one_replaces_what_it_counts", F_REVIEW, "a 0 =x; c 1 =y", "2*",
        0},
    {"concurrent_ones_both_stand", F_REVIEW, "a 0 =x; c 0 =y", "2* 1 !", 0},
    {"the_marked_default_is_the_latest", F_REVIEW, "a 0 =x @900; c 0 =y @800",
        "1* 2 !", 0},
    {"of_equal_times_the_greater_node_is_marked", F_REVIEW,
        "b 0 =x @900; a 0 =y @900", "2* 1 !", 0},
    {"equal_concurrent_values_are_no_conflict", F_REVIEW, "a 0 =x; c 0 =x",
        "2*", 0},
    {"who_has_seen_both_decides", F_REVIEW, "a 0 =x; c 0 =y; e 12 =x", "3*", 0},
    {"who_has_seen_one_of_two_leaves_the_other", F_REVIEW,
        "a 0 =x; c 0 =y; e 1 =z", "3* 2 !", 0},
    {"no_value_is_a_value", F_REVIEW, "a 0 =x; c 1 =null", "2*", 0},
    {"taking_a_value_away_conflicts_with_another", F_REVIEW,
        "a 0 =x; c 0 =null", "2* 1 !", 0},
    {"nobody_overwrites_what_they_could_not_see", F_REVIEW,
        "a 0 =x key; c 1 =y blind", "2* 1 !", 0},
    {"whoever_could_open_the_key_overwrites", F_REVIEW, "a 0 =x key; c 1 =y",
        "2*", 0},
    {"a_removal_is_void", F_REVIEW, "a 0 =x; c 1 -1", "1* x2", 0},
};

static const struct row latest_rows[] = {
    {"the_latest_wins", F_LATEST, "a 0 =x @900; c 0 =y @800", "1*", 0},
    {"latest_of_equal_times_takes_greater_node", F_LATEST, "a 0 =x; c 0 =y",
        "2*", 0},
    {"causality_beats_time", F_LATEST, "a 0 =x @900; c 1 =y @800", "2*", 0},
    {"it_replaces_only_what_it_counts", F_LATEST,
        "a 0 =x @700; c 0 =y @900; e 1 =z @800", "2*", 0},
    {"unseen_values_come_back_only_if_later", F_LATEST,
        "a 0 =x @900 key; c 1 =y @800 blind", "1*", 0},
};

static const struct row set_rows[] = {
    {"additions_add_up", F_SET, "a 0 =x; c 0 =y", "1 2", 0},
    {"equal_values_are_shown_once", F_SET, "a 0 =x; c 0 =x", "2", 0},
    {"a_later_addition_replaces_nothing", F_SET, "a 0 =x; c 1 =y", "1 2", 0},
    {"a_removal_takes_what_it_names", F_SET, "a 0 =x; a 0 =y; c 12 -1", "2", 0},
    {"a_removal_names_several", F_SET, "a 0 =x; a 0 =y; c 12 -12", "", 0},
    {"a_concurrent_addition_stands", F_SET, "a 0 =x; c 0 =x; e 1 -1", "2", 0},
    {"removing_what_one_does_not_count_is_void", F_SET, "a 0 =x; c 0 -1",
        "1 x2", 0},
    {"removing_what_one_could_not_see_does_nothing", F_SET,
        "a 0 =x key; c 1 -1 blind", "1", 0},
    {"a_removal_of_another_field_does_nothing", F_SET, "a 0 =x; c 1 -0", "1",
        0},
    {"setting_a_set_is_void", F_SET, "a 0 =x; c 1 =y plain", "1 x2", 0},
    {"what_is_removed_can_be_added_again", F_SET, "a 0 =x; c 1 -1; a 2 =x", "3",
        0},
};

static const struct row ban_rows[] = {
    {"a_ban_is_lifted_by_its_dot", F_BAN, "a 0 =x; c 1 -1", "", 0},
    {"a_concurrent_ban_stands", F_BAN, "a 0 =x; c 0 =x; e 1 -1", "2", 0},
    {"a_later_ban_of_the_same_stands", F_BAN, "a 0 =x; c 1 -1; e 1 =x", "3", 0},
};

static const struct row journal_rows[] = {
    {"items_stand_in_causal_order_then_by_time", F_JOURNAL,
        "a 0 =x @900; c 0 =y @800; e 1 =z @700", "2 1 3", 0},
    {"equal_items_are_not_one", F_JOURNAL, "a 0 =x; c 0 =x", "1 2", 0},
    {"an_office_strikes_its_own_item", F_JOURNAL, "a 0 =x; b 1 =y; b 2 -1",
        "1- 2", 0},
    {"another_office_strikes_nothing", F_JOURNAL, "a 0 =x; c 1 -1", "1", 0},
    {"a_strike_of_two_offices_items_reaches_its_own", F_JOURNAL,
        "a 0 =x; c 0 =y; d 12 -12", "1 2-", 0},
    {"two_strikes_strike_once", F_JOURNAL, "a 0 =x; a 1 -1; b 1 -1", "1-", 0},
    {"nobody_strikes_what_they_could_not_see", F_JOURNAL,
        "a 0 =x key; b 1 -1 blind", "1", 0},
};

static const struct row ledger_rows[] = {
    {"two_amounts_claimed_are_two_entries", F_LEDGER,
        "a 0 =claimed/SSO/-/500; c 0 =claimed/SSO/-/700", "1 2", 0},
    {"the_same_payment_with_a_reference_counts_once", F_LEDGER,
        "a 0 =paid/SSO/R1/500; c 0 =paid/SSO/R1/500", "1 2=", 0},
    {"without_a_reference_it_is_a_possible_duplicate", F_LEDGER,
        "a 0 =paid/SSO/-/500; c 0 =paid/SSO/-/500", "1? 2? !", 0},
    {"one_office_may_be_paid_the_same_twice", F_LEDGER,
        "a 0 =paid/SSO/-/500; b 0 =paid/SSO/-/500", "2 1", 0},
    {"another_amount_is_another_group", F_LEDGER,
        "a 0 =paid/SSO/R1/500; c 0 =paid/SSO/R1/501", "1 2", 0},
    {"another_reference_is_another_group", F_LEDGER,
        "a 0 =paid/SSO/R1/500; c 0 =paid/SSO/R2/500", "1 2", 0},
    {"another_payer_is_another_group", F_LEDGER,
        "a 0 =paid/SSO/R1/500; c 0 =paid/WCF/R1/500", "1 2", 0},
    {"another_type_is_another_group", F_LEDGER,
        "a 0 =paid/SSO/R1/500; c 0 =fee/SSO/R1/500", "1 2", 0},
    {"a_reversal_names_a_dot", F_LEDGER, "a 0 =paid/SSO/R1/500; c 1 -1", "1-",
        0},
    {"a_group_counts_while_one_entry_is_unreversed", F_LEDGER,
        "a 0 =paid/SSO/R1/500; c 0 =paid/SSO/R1/500; e 12 -1", "1- 2", 0},
    {"a_group_ends_with_its_last_entry", F_LEDGER,
        "a 0 =paid/SSO/R1/500; c 0 =paid/SSO/R1/500; e 12 -1; f 12 -2", "1- 2-",
        0},
    {"reversing_one_settles_a_possible_duplicate", F_LEDGER,
        "a 0 =paid/SSO/-/500; c 0 =paid/SSO/-/500; e 12 -1", "1- 2", 0},
    {"a_reversal_of_two_is_void", F_LEDGER,
        "a 0 =paid/SSO/R1/500; c 0 =paid/SSO/R2/500; e 12 -12", "1 2 x3", 0},
    {"nobody_reverses_what_they_could_not_see", F_LEDGER,
        "a 0 =paid/SSO/R1/500 key; c 1 -1 blind", "1", 0},
};

static const struct row ladder_rows[] = {
    {"open_beats_closed", F_LADDER, "a 0 =closed; c 0 =open", "2* 1", 0},
    {"one_that_beats_every_other_is_the_default", F_LADDER,
        "a 0 =closed; c 0 =waiting; e 0 =open", "3* 1 2", 0},
    {"a_later_state_replaces_whatever_it_is", F_LADDER,
        "a 0 =open; c 1 =closed", "2*", 0},
    {"an_undecided_pair_is_for_review", F_LADDER, "a 0 =open; c 0 =withdrawn",
        "2* 1 !", 0},
    {"a_winner_over_some_is_not_enough", F_LADDER,
        "a 0 =open; b 0 =closed; c 0 =withdrawn", "3* 2 1 !", 0},
    {"equal_states_are_no_conflict", F_LADDER, "a 0 =withdrawn; c 0 =withdrawn",
        "2*", 0},
    {"a_state_no_pack_knows_is_for_review", F_LADDER, "a 0 =open; c 0 =paused",
        "2* 1 !", 0},
};

static const struct row extreme_rows[] = {
    {"the_highest_is_the_default", F_HIGHEST, "a 0 =3; c 0 =2", "1* 2", 0},
    {"negative_numbers_have_their_order", F_HIGHEST, "a 0 =-3; c 0 =-2", "2* 1",
        0},
    {"without_a_reason_a_change_only_joins", F_HIGHEST, "a 0 =3; c 1 =2",
        "1* 2", 0},
    {"with_a_reason_it_replaces_what_it_counts", F_HIGHEST,
        "a 0 =3; c 1 =2 why", "2*", 0},
    {"a_reason_does_not_reach_the_concurrent", F_HIGHEST,
        "a 0 =3; e 0 =5; c 1 =2 why", "2* 3", 0},
    {"a_code_ranks_by_its_list", F_HIGHEST_CODE, "a 0 =low; c 0 =high", "2* 1",
        0},
    {"a_code_no_pack_knows_ranks_above_all", F_HIGHEST_CODE,
        "a 0 =aaa; c 0 =high", "1* 2", 0},
    {"of_two_deadlines_the_earlier_is_shown", F_LOWEST, "a 0 =2027; c 0 =2026",
        "2* 1", 0},
    {"until_a_document_proves_the_later", F_LOWEST,
        "a 0 =2027; c 0 =2026; e 12 =2027 why", "3*", 0},
    {"a_blind_reason_replaces_nothing", F_LOWEST,
        "a 0 =2026 key; c 1 =2027 why blind", "1* 2", 0},
};

static const struct row restrict_rows[] = {
    {"sets_intersect", F_RESTRICT_CODES, "a 0 =a,b; c 0 =b,c", "2*(b) 1 2", 0},
    {"three_sets_intersect", F_RESTRICT_CODES, "b 0 =a,b; a 0 =b,c; c 0 =a,c",
        "3*() 1 2 3", 0},
    {"one_set_stands_as_it_is", F_RESTRICT_CODES, "a 0 =a,b", "1*", 0},
    {"equal_sets_are_one", F_RESTRICT_CODES, "a 0 =a,b; c 0 =a,b", "2*", 0},
    {"a_later_set_may_widen", F_RESTRICT_CODES, "a 0 =a; c 1 =a,b", "2*", 0},
    {"a_withdrawal_beats_a_concurrent_grant", F_RESTRICT_B,
        "a 0 =false; c 0 =true @900", "1* 2", 0},
    {"fresh_consent_after_a_withdrawal_stands", F_RESTRICT_B,
        "a 0 =false; c 1 =true", "2*", 0},
    {"the_earliest_date_stands", F_RESTRICT_DT, "a 0 =2026; c 0 =2027", "1* 2",
        0},
    {"texts_are_for_review", F_RESTRICT_TX, "a 0 =x; c 0 =y", "2* 1 !", 0},
};

static const struct row authority_rows[] = {
    {"the_creators_office_is_the_authority", F_AUTHORITY,
        "a 0 =suspended; c 0 =valid", "1* 2^", 0},
    {"an_office_replaces_only_its_own", F_AUTHORITY,
        "a 0 =suspended; c 1 =valid", "1* 2^", 0},
    {"the_authority_does_not_silence_others", F_AUTHORITY,
        "c 0 =valid; a 1 =suspended", "2* 1^", 0},
    {"any_node_of_the_office_speaks_for_it", F_AUTHORITY, "a 0 =x; b 1 =y",
        "2*", 0},
    {"two_nodes_of_it_can_disagree", F_AUTHORITY, "b 0 =x; a 0 =y", "2* 1 !",
        0},
    {"without_its_word_there_is_no_default", F_AUTHORITY, "c 0 =valid", "1^",
        0},
    {"an_office_named_once_is_the_authority", F_AUTHORITY_BY_ONCE,
        "a 0 =x; d 0 =y", "2* 1^", 0},
    {"the_owner_is_the_authority", F_OWNER,
        "a 0 =B -0; a 0 =x other; d 0 =y other", "3* 2^", F_AUTHORITY_BY_OWNER},
};

static const struct row owner_rows[] = {
    {"the_creator_is_the_first_owner", F_OWNER, "", "0* @A", 0},
    {"the_owner_names_the_next", F_OWNER, "a 0 =B -0", "1* @B", 0},
    {"who_is_given_it_gives_it_on", F_OWNER, "a 0 =B -0; c 1 =C -1", "2* @C",
        0},
    {"any_node_of_the_owner_gives_it", F_OWNER, "b 0 =B -0", "1* @B", 0},
    {"nobody_else_gives_it", F_OWNER, "c 0 =B -0", "0* @A x1", 0},
    {"who_gave_it_away_cannot_give_it_again", F_OWNER, "a 0 =B -0; b 1 =C -0",
        "1* @B x2", 0},
    {"nor_take_it_back", F_OWNER, "a 0 =B -0; a 1 =A -1", "1* @B x2", 0},
    {"a_transfer_names_what_it_follows", F_OWNER, "a 0 =B -0; c 1 =C -0",
        "1* @B x2", 0},
    {"a_second_root_is_void", F_OWNER, "c 0 =B", "0* @A x1", 0},
    {"if_two_follow_one_neither_counts", F_OWNER, "a 0 =B -0; b 0 =C -0",
        "0* 2 1 @A !", 0},
    {"even_after_one_was_acted_on", F_OWNER, "a 0 =B -0; b 0 =C -0; c 1 =D -1",
        "0* 2 1 @A !", 0},
    {"a_settling_transfer_names_both", F_OWNER,
        "a 0 =B -0; b 0 =C -0; a 2 =B -12", "3* @B", 0},
    {"and_is_the_givers", F_OWNER, "a 0 =B -0; b 0 =C -0; c 12 =B -12",
        "0* 2 1 @A ! x3", 0},
    {"and_names_all_it_saw", F_OWNER, "a 0 =B -0; b 0 =C -0; a 2 =B -1",
        "0* 2 1 @A ! x3", 0},
    {"the_settled_owner_gives_it_on", F_OWNER,
        "a 0 =B -0; b 0 =C -0; a 2 =B -12; c 3 =D -3", "4* @D", 0},
    {"two_settlements_are_to_be_settled", F_OWNER,
        "a 0 =B -0; b 0 =C -0; a 2 =B -12; b 1 =C -12", "0* 4 3 @A !", 0},
    {"which_is_done_the_same_way", F_OWNER,
        "a 0 =B -0; b 0 =C -0; a 2 =B -12; b 1 =C -12; a 4 =C -34", "5* @C", 0},
    {"nobody_gives_on_what_they_could_not_see", F_OWNER,
        "a 0 =B -0 key; c 1 =C -1 blind", "1* @B x2", 0},
    {"setting_the_owner_is_void", F_OWNER, "a 0 =B plain", "0* @A x1", 0},
};

static const struct row unknown_rows[] = {
    {"an_unknown_field_is_for_review", F_UNKNOWN, "a 0 =x; c 0 =y", "2* 1 !",
        0},
    {"a_later_value_replaces", F_UNKNOWN, "a 0 =x; c 1 =y", "2*", 0},
    {"other_actions_are_kept", F_UNKNOWN, "a 0 =x; c 1 -1", "1*", 0},
};

/* Which event wrote an operation. */
static size_t
step_of(const struct history *history, const struct world *world,
    const struct record_op *op)
{
    for (size_t i = 0; i < history->count; i++) {
        struct dot dot = world_dot(
            world, history->events[i].node, history->events[i].position);

        if (dot.log == op->id.dot.log && dot.position == op->id.dot.position) {
            return i;
        }
    }
    ck_abort_msg("an operation of nobody");
    return 0;
}

/* The codes of a computed value. */
static void
write_meet(struct buf *out, struct bytes value)
{
    struct cursor cursor = cursor_init(value);
    size_t count = cbor_get_array(&cursor);

    buf_put_u8(out, '(');
    for (size_t i = 0; i < count; i++) {
        buf_put_text(out, i > 0 ? "," : "");
        buf_put_bytes(out, cbor_get_text(&cursor));
    }
    buf_put_u8(out, ')');
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
}

static void
write_value(struct buf *out, const struct history *history,
    const struct world *world, const struct shown_value *value)
{
    static const struct {
        uint8_t flag;
        char mark;
    } marks[] = {{SHOWN_DEFAULT, '*'}, {SHOWN_STRUCK, '-'},
        {SHOWN_DUPLICATE, '='}, {SHOWN_POSSIBLE, '?'}, {SHOWN_ALLEGATION, '^'}};

    buf_printf(out, "%zu", step_of(history, world, value->op));
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if ((value->flags & marks[i].flag) != 0) {
            buf_put_u8(out, (uint8_t)marks[i].mark);
        }
    }
    if (value->op->action != ACTION_TRANSFER &&
        value->value.data != value->op->value.data) {
        write_meet(out, value->value);
    }
}

/* What a person sees of the field, in the words of the tables. */
static void
write_seen(struct buf *out, const struct history *history,
    const struct world *world, const struct record *record, uint16_t field)
{
    struct merge_view view = world_view(world, record, field);
    struct shown shown = {0};
    enum err rc = merge_show(&shown, &view, field);

    ck_assert_int_eq(rc, ERR_OK);
    for (size_t i = 0; i < shown.count; i++) {
        buf_put_text(out, i > 0 ? " " : "");
        write_value(out, history, world, &shown.values[i]);
        ck_assert(i == 0 || (shown.values[i].flags & SHOWN_DEFAULT) == 0);
    }
    ck_assert(
        shown.has_default ==
        (shown.count > 0 && (shown.values[0].flags & SHOWN_DEFAULT) != 0));
    if (shown.has_default && field == F_OWNER) {
        buf_printf(out, " @%c", 'A' + (shown.owner.bytes[0] - 0xa0));
    }
    if (shown.has_conflict) {
        buf_put_text(out, shown.count > 0 ? " !" : "!");
    }
    shown_release(&shown);
}

/* Apply the events in one order, on a machine of its own; describe all. */
static void
run_order(struct history *history, const struct row *row, const size_t *order,
    size_t turn, struct buf *out_seen, struct buf *out_canonical)
{
    uint16_t field = row->shown == 0 ? row->field : row->shown;
    struct world world;
    struct record record;
    bool is_void[STEPS_MAX] = {false};
    bool has_void = false;

    world_init(&world, turn);
    record_init(&record, &world.record, WORLD_KIND);
    for (size_t i = 0; i < history->count; i++) {
        enum void_reason reason = VOID_NONE;
        enum err rc =
            event_apply(&record, &world, &history->events[order[i]], &reason);

        ck_assert_int_eq(rc, ERR_OK);
        ck_assert(reason == VOID_NONE || reason == VOID_RECORD);
        ck_assert(record_check(&record, &world.logs));
        is_void[order[i]] = reason != VOID_NONE;
    }
    write_seen(out_seen, history, &world, &record, field);
    for (size_t i = 0; i < history->count; i++) {
        if (is_void[i]) {
            buf_printf(out_seen, has_void ? "%zu" : " x%zu", i);
            has_void = true;
        }
    }
    ck_assert_int_eq(
        record_canonical(out_canonical, &record, &world.logs), ERR_OK);
    ck_assert(cbor_valid(buf_bytes(out_canonical)));
    record_release(&record);
    world_release(&world);
}

static bool
extends_causality(const struct history *history, const size_t *order)
{
    for (size_t i = 0; i < history->count; i++) {
        for (size_t j = i + 1; j < history->count; j++) {
            if (event_counts(
                    &history->events[order[i]], &history->events[order[j]])) {
                return false;
            }
        }
    }
    return true;
}

/* The next permutation in lexicographic order; false after the last. */
static bool
next_order(size_t *order, size_t count)
{
    size_t i = count - 1;
    size_t j = count - 1;

    while (i > 0 && order[i - 1] >= order[i]) {
        i--;
    }
    if (i == 0) {
        return false;
    }
    while (order[j] <= order[i - 1]) {
        j--;
    }
    for (size_t swap = order[j]; swap != order[i - 1];) {
        order[j] = order[i - 1];
        order[i - 1] = swap;
    }
    for (j = count - 1; i < j; i++, j--) {
        size_t swap = order[i];

        order[i] = order[j];
        order[j] = swap;
    }
    return true;
}

static void
check_row(const struct row *row)
{
    struct history history;
    size_t order[STEPS_MAX] = {0, 1, 2, 3, 4, 5, 6};
    struct buf first = {0};
    size_t orders = 0;

    history_init(&history, row->told, row->field, row->shown);
    do {
        struct buf seen = {0};
        struct buf canonical = {0};

        if (!extends_causality(&history, order)) {
            continue;
        }
        run_order(
            &history, row, order, orders % WORLD_NODES, &seen, &canonical);
        buf_put_u8(&seen, '\0');
        ck_assert_msg(strcmp((const char *)seen.data, row->seen) == 0,
            "%s: seen \"%s\", not \"%s\", in order %zu", row->name,
            (const char *)seen.data, row->seen, orders);
        if (orders == 0) {
            buf_put_bytes(&first, buf_bytes(&canonical));
        }
        ck_assert_msg(bytes_equal(buf_bytes(&first), buf_bytes(&canonical)),
            "%s: other bytes in order %zu", row->name, orders);
        orders++;
        buf_release(&seen);
        buf_release(&canonical);
    } while (next_order(order, history.count));
    ck_assert_uint_gt(orders, 0);
    buf_release(&first);
    history_release(&history);
}

#define TABLE_TEST(name, rows) \
    START_TEST(name) \
    { \
        check_row(&(rows)[_i]); \
    } \
    END_TEST

TABLE_TEST(once_keeps_what_the_creator_wrote, once_rows)
TABLE_TEST(review_keeps_all_concurrent_values, review_rows)
TABLE_TEST(latest_takes_the_greatest_time_and_node, latest_rows)
TABLE_TEST(set_is_a_union_less_named_dots, set_rows)
TABLE_TEST(ban_is_lifted_by_named_dots_only, ban_rows)
TABLE_TEST(journal_strikes_and_never_deletes, journal_rows)
TABLE_TEST(ledger_counts_each_group_once, ledger_rows)
TABLE_TEST(ladder_takes_what_beats_every_other, ladder_rows)
TABLE_TEST(extremes_fall_only_with_a_reason, extreme_rows)
TABLE_TEST(restrict_permits_what_all_permit, restrict_rows)
TABLE_TEST(authority_is_one_offices_word, authority_rows)
TABLE_TEST(owner_is_the_end_of_a_chain, owner_rows)
TABLE_TEST(unknown_fields_merge_as_review, unknown_rows)

START_TEST(a_field_without_operations_shows_nothing)
{
    struct world world;
    struct record record;
    struct shown shown = {0};

    world_init(&world, 0);
    record_init(&record, &world.record, WORLD_KIND);
    for (uint16_t field = 0; field <= F_UNKNOWN; field++) {
        struct merge_view view = world_view(&world, &record, field);

        ck_assert_int_eq(merge_show(&shown, &view, field), ERR_OK);
        ck_assert_uint_eq(shown.count, 0);
        ck_assert(!shown.has_default && !shown.has_conflict);
    }
    shown_release(&shown);
    record_release(&record);
    world_release(&world);
}
END_TEST

START_TEST(every_rule_has_a_row)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct merge_rule *row = merge_rule((enum schema_rule)rule);

        ck_assert_ptr_nonnull(row->name);
        ck_assert_str_eq(row->name, schema_rule_name((enum schema_rule)rule));
        ck_assert_uint_ne(row->actions, 0);
        ck_assert(row->replaces != NULL && row->show != NULL);
    }
}
END_TEST

#define ADD_TABLE(tcase, name, rows) \
    tcase_add_loop_test(tcase, name, 0, (int)(sizeof(rows) / sizeof((rows)[0])))

static Suite *
merge_suite(void)
{
    Suite *suite = suite_create("merge");
    TCase *rules = tcase_create("rules");
    TCase *others = tcase_create("others");

    ADD_TABLE(rules, once_keeps_what_the_creator_wrote, once_rows);
    ADD_TABLE(rules, review_keeps_all_concurrent_values, review_rows);
    ADD_TABLE(rules, latest_takes_the_greatest_time_and_node, latest_rows);
    ADD_TABLE(rules, set_is_a_union_less_named_dots, set_rows);
    ADD_TABLE(rules, ban_is_lifted_by_named_dots_only, ban_rows);
    ADD_TABLE(rules, journal_strikes_and_never_deletes, journal_rows);
    ADD_TABLE(rules, ledger_counts_each_group_once, ledger_rows);
    ADD_TABLE(rules, ladder_takes_what_beats_every_other, ladder_rows);
    ADD_TABLE(rules, extremes_fall_only_with_a_reason, extreme_rows);
    ADD_TABLE(rules, restrict_permits_what_all_permit, restrict_rows);
    ADD_TABLE(rules, authority_is_one_offices_word, authority_rows);
    ADD_TABLE(rules, owner_is_the_end_of_a_chain, owner_rows);
    ADD_TABLE(rules, unknown_fields_merge_as_review, unknown_rows);
    suite_add_tcase(suite, rules);
    tcase_add_test(others, a_field_without_operations_shows_nothing);
    tcase_add_test(others, every_rule_has_a_row);
    suite_add_tcase(suite, others);
    return suite;
}

int
main(void)
{
    return run_suite(merge_suite());
}
