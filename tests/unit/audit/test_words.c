/* SPDX-License-Identifier: Apache-2.0 */
/* Acts of offices in words. */
#include <check.h>
#include <string.h>

#include "sync/audit/words.h"
#include "tests/lib/model/world.h"
#include "tests/lib/run.h"

enum { MINISTRY, CLINIC, LAPTOP, UNKNOWN };

static struct world world;
static struct membership membership;

/* A ministry founds, a clinic has two nodes, a fourth office is nobody. */
static void
setup(void)
{
    world_init(&world);
    world_node(&world, 0);
    world_node(&world, 1);
    world_node(&world, 1);
    world_node(&world, 2);
    world_found(&world, MINISTRY, 1);
    world_join(&world, MINISTRY, CLINIC, ROLE_WRITE | ROLE_READ);
    world_enrol(&world, CLINIC, LAPTOP);
    world_see(&world, MINISTRY, CLINIC);
}

static void
teardown(void)
{
    membership_release(&membership);
    world_release(&world);
}

/* The statement at that place reads so. */
static void
expect(size_t place, const char *want)
{
    struct buf out = {0};

    membership_release(&membership);
    world_eval(&world, NULL, &membership);
    words_put_statement(&out, &membership, &world.controls[place]);
    buf_put_u8(&out, 0);
    ck_assert_int_eq(buf_err(&out), ERR_OK);
    ck_assert_str_eq((const char *)out.data, want);
    buf_release(&out);
}

START_TEST(members_come_and_are_confirmed)
{
    expect(0, "Office 0 founded the corridor Corridor, of 1 founder.");
    expect(1, "Office 0 admitted Office 1 (node node 1) with the roles write "
              "and read, its code not compared.");
    expect(2, "Office 1 enrolled the node node 1 of Office 1.");
    expect(3, "Office 1 enrolled the node node 2 of Office 1.");
    expect(world_confirm(&world, MINISTRY, 1),
        "Office 0 confirmed Office 1, its code compared.");
    expect(world_pack(&world, MINISTRY, 7),
        "Office 0 named the pack mekong, version 7.");
}
END_TEST

START_TEST(roles_are_listed)
{
    static const struct {
        uint8_t roles;
        const char *text;
    } rows[] = {
        {0, "Office 0 gave Office 1 no roles."},
        {ROLE_READ, "Office 0 gave Office 1 the role read."},
        {ROLE_READ | ROLE_AUDIT,
            "Office 0 gave Office 1 the roles read and audit."},
        {ROLE_ALL, "Office 0 gave Office 1 the roles admin, write, read, relay "
                   "and audit."},
    };

    expect(world_roles(&world, MINISTRY, 1, rows[_i].roles), rows[_i].text);
}
END_TEST

START_TEST(retirements_name_their_cuts)
{
    struct cut cuts[2] = {world_cut(&world, LAPTOP, LOG_CONTROL, 3),
        world_cut(&world, LAPTOP, LOG_CHANGES, 12)};
    struct world_retire retire = {.by = MINISTRY,
        .is_node = true,
        .target = LAPTOP,
        .cuts = cuts,
        .cut_count = 2};

    expect(world_retire(&world, &retire),
        "Office 0 retired the node node 2 of Office 1: its control log is cut "
        "at 3, its changes log is cut at 12.");
    retire = (struct world_retire){.by = MINISTRY, .target = 1};
    expect(world_retire(&world, &retire), "Office 0 retired Office 1.");
}
END_TEST

START_TEST(circles_are_named_by_whose_they_are)
{
    const unsigned nodes[] = {MINISTRY, CLINIC};
    struct world_circle circle = {.by = MINISTRY,
        .name = {.kind = CIRCLE_EVERYONE},
        .nodes = nodes,
        .node_count = 2};
    size_t first = world_circle(&world, &circle);
    size_t seals = world_seals(&world, MINISTRY, first, &nodes[1], 1);

    expect(first, "Office 0 made the circle of everyone and sealed it to the "
                  "node node 0 of Office 0, the node node 1 of Office 1.");
    expect(seals, "Office 0 sealed the circle of everyone to the node node 1 "
                  "of Office 1.");
    circle.name = world_office_circle(&world, 0);
    circle.node_count = 1;
    expect(world_circle(&world, &circle),
        "Office 0 made the circle of Office 0 and sealed it to the node node 0 "
        "of Office 0.");
    circle.name.kind = CIRCLE_LINK;
    circle.has_former = true;
    circle.former = first;
    expect(world_circle(&world, &circle),
        "Office 0 renewed the circle of every node and sealed it to the node "
        "node 0 of Office 0.");
}
END_TEST

START_TEST(whoever_is_unknown_is_named_by_an_id)
{
    struct buf out = {0};
    size_t place = world_confirm(&world, UNKNOWN, 2);

    world_eval(&world, NULL, &membership);
    words_put_statement(&out, &membership, &world.controls[place]);
    buf_put_u8(&out, 0);
    ck_assert_int_eq(buf_err(&out), ERR_OK);
    ck_assert_int_eq(strncmp((const char *)out.data, "the node ", 9), 0);
    ck_assert_ptr_nonnull(
        strstr((const char *)out.data, " confirmed the office "));
    buf_release(&out);
}
END_TEST

START_TEST(names_for_tools_are_distinct)
{
    for (uint8_t a = 0; a <= STATEMENT_CONFIRM + 1; a++) {
        for (uint8_t b = 0; b < a; b++) {
            ck_assert_str_ne(words_statement(a), words_statement(b));
        }
    }
    for (uint8_t a = 0; a <= PURPOSE_EMERGENCY + 1; a++) {
        for (uint8_t b = 0; b < a; b++) {
            ck_assert_str_ne(words_purpose(a), words_purpose(b));
        }
    }
    ck_assert_str_eq(words_statement(STATEMENT_OTHER), "other");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("words");
    TCase *tcase = tcase_create("words");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, members_come_and_are_confirmed);
    tcase_add_loop_test(tcase, roles_are_listed, 0, 4);
    tcase_add_test(tcase, retirements_name_their_cuts);
    tcase_add_test(tcase, circles_are_named_by_whose_they_are);
    tcase_add_test(tcase, whoever_is_unknown_is_named_by_an_id);
    tcase_add_test(tcase, names_for_tools_are_distinct);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
