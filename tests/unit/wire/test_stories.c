/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions wired together in virtual time, their whole transcripts. */
#include <check.h>

#include "sync/wire/session.h"
#include "tests/lib/run.h"
#include "tests/lib/wire/world.h"

static struct world world;
static const struct world_dial once = {.once = true};
static const struct world_dial stay = {0};

static void
setup(void)
{
    world_init(&world);
}

static void
teardown(void)
{
    world_release(&world);
}

/* Two nodes that have met, and hold the same. */
static void
meet(void)
{
    world.is_quiet = true;
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, world.now_ms + 60000);
    ck_assert(world_is_equal(&world, 'a', 'b'));
    world.is_quiet = false;
    world.now_ms = 1000;
}

START_TEST(nothing_new_takes_one_round_trip)
{
    world_store(&world, 'a', "ac", 5);
    world_store(&world, 'b', "bc", 5);
    meet();
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a send 162\n"
                         "600 a-b synced\n"
                         "600 a-b peer has ac5 bc5\n"
                         "600 a-b hang up: nothing more to exchange\n"
                         "900 b-a hang up: the link broke\n");
}
END_TEST

START_TEST(what_the_dialler_has_flows_after_one_round_trip)
{
    world_store(&world, 'a', "ax", 1);
    world_store(&world, 'a', "ac", 5);
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a send 162\n"
                         "600 a-b read ax0\n"
                         "600 a-b read ac0\n"
                         "600 a-b peer has -\n"
                         "600 a-b bases ax1 ac5 | -\n"
                         "600 a-b send 258\n"
                         "600 a-b send 772\n"
                         "600 a-b send 2308\n"
                         "900 b-a peer has ax1 ac5\n"
                         "900 b-a bases - | ax1 ac5\n"
                         "900 b-a accept ax0-1\n"
                         "900 b-a accept ac0-5\n"
                         "900 b-a synced\n"
                         "900 b-a send 258\n"
                         "1200 a-b synced\n"
                         "1200 a-b peer has ax1 ac5\n"
                         "1200 a-b bases ax1 ac5 | ax1 ac5\n"
                         "1200 a-b send 258\n"
                         "1200 a-b hang up: nothing more to exchange\n"
                         "1500 b-a bases ax1 ac5 | ax1 ac5\n"
                         "1500 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(what_the_listener_has_comes_with_its_answer)
{
    world_store(&world, 'b', "bx", 1);
    world_store(&world, 'b', "bc", 5);
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a read bx0\n"
                         "300 b-a read bc0\n"
                         "300 b-a send 162\n"
                         "300 b-a send 772\n"
                         "300 b-a send 2308\n"
                         "600 a-b peer has bx1 bc5\n"
                         "600 a-b bases - | bx1 bc5\n"
                         "600 a-b send 258\n"
                         "600 a-b accept bx0-1\n"
                         "600 a-b accept bc0-5\n"
                         "600 a-b synced\n"
                         "600 a-b send 258\n"
                         "900 b-a peer has -\n"
                         "900 b-a bases bx1 bc5 | -\n"
                         "900 b-a synced\n"
                         "900 b-a peer has bx1 bc5\n"
                         "900 b-a bases bx1 bc5 | bx1 bc5\n"
                         "900 b-a send 258\n"
                         "1200 a-b bases bx1 bc5 | bx1 bc5\n"
                         "1200 a-b send 258\n"
                         "1200 a-b hang up: nothing more to exchange\n"
                         "1500 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(an_open_session_pushes_at_once)
{
    world_store(&world, 'a', "ac", 5);
    meet();
    world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 3000);
    world_write(&world, 'a', "ac", 1);
    world_run(&world, 5000);
    world_write(&world, 'b', "bc", 1);
    world_run(&world, 7000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a send 162\n"
                         "600 a-b synced\n"
                         "600 a-b peer has ac5\n"
                         "600 a-b bases ac5 | ac5\n"
                         "600 a-b send 258\n"
                         "900 b-a synced\n"
                         "900 b-a peer has ac5\n"
                         "900 b-a bases ac5 | ac5\n"
                         "2000 a-b read ac5\n"
                         "2000 a-b send 772\n"
                         "2300 b-a accept ac5-6\n"
                         "2300 b-a peer has ac6\n"
                         "2300 b-a synced\n"
                         "2300 b-a bases | ac6\n"
                         "2300 b-a send 258\n"
                         "2600 a-b synced\n"
                         "2600 a-b peer has ac6\n"
                         "2600 a-b bases ac6 | ac6\n"
                         "2600 a-b send 258\n"
                         "2900 b-a bases ac6 | ac6\n"
                         "4000 b-a read bc0\n"
                         "4000 b-a send 772\n"
                         "4300 a-b accept bc0-1\n"
                         "4300 a-b peer has ac6 bc1\n"
                         "4300 a-b synced\n"
                         "4300 a-b bases | ac6 bc1\n"
                         "4300 a-b send 258\n"
                         "4600 b-a synced\n"
                         "4600 b-a peer has ac6 bc1\n"
                         "4600 b-a bases ac6 bc1 | ac6 bc1\n"
                         "4600 b-a send 258\n"
                         "4900 a-b bases ac6 bc1 | ac6 bc1\n");
}
END_TEST

START_TEST(in_a_mesh_each_gets_an_entry_once)
{
    world.delay_ms = 50;
    world_dial(&world, 'a', 'b', &stay);
    world_dial(&world, 'b', 'c', &stay);
    world_dial(&world, 'a', 'c', &stay);
    world_run(&world, 2000);
    buf_clear(&world.transcript);
    world_write(&world, 'a', "ac", 1);
    world_run(&world, 4000);
    world_expect(&world, "1000 a-b read ac0\n"
                         "1000 a-c read ac0\n"
                         "1000 a-b send 772\n"
                         "1000 a-c send 772\n"
                         "1050 b-a accept ac0-1\n"
                         "1050 b-a peer has ac1\n"
                         "1050 c-a accept ac0-1\n"
                         "1050 c-a peer has ac1\n"
                         "1050 b-a synced\n"
                         "1050 b-a bases | ac1\n"
                         "1050 b-a send 258\n"
                         "1050 b-c send 258\n"
                         "1050 c-b send 258\n"
                         "1050 c-a synced\n"
                         "1050 c-a bases | ac1\n"
                         "1050 c-a send 258\n"
                         "1100 a-b synced\n"
                         "1100 a-b peer has ac1\n"
                         "1100 a-b bases ac1 | ac1\n"
                         "1100 a-b send 258\n"
                         "1100 c-b synced\n"
                         "1100 c-b peer has ac1\n"
                         "1100 c-b bases | ac1\n"
                         "1100 c-b send 258\n"
                         "1100 b-c synced\n"
                         "1100 b-c peer has ac1\n"
                         "1100 b-c bases | ac1\n"
                         "1100 b-c send 258\n"
                         "1100 a-c synced\n"
                         "1100 a-c peer has ac1\n"
                         "1100 a-c bases ac1 | ac1\n"
                         "1100 a-c send 258\n"
                         "1150 b-a bases ac1 | ac1\n"
                         "1150 b-c bases ac1 | ac1\n"
                         "1150 c-b bases ac1 | ac1\n"
                         "1150 c-a bases ac1 | ac1\n");
}
END_TEST

START_TEST(in_a_chain_an_entry_is_passed_on_after_a_wait)
{
    world.delay_ms = 50;
    world_dial(&world, 'a', 'b', &stay);
    world_dial(&world, 'b', 'c', &stay);
    world_run(&world, 2000);
    buf_clear(&world.transcript);
    world_write(&world, 'a', "ac", 1);
    world_run(&world, 4000);
    world_expect(&world, "1000 a-b read ac0\n"
                         "1000 a-b send 772\n"
                         "1050 b-a accept ac0-1\n"
                         "1050 b-a peer has ac1\n"
                         "1050 b-a synced\n"
                         "1050 b-a bases | ac1\n"
                         "1050 b-a send 258\n"
                         "1050 b-c send 258\n"
                         "1100 a-b synced\n"
                         "1100 a-b peer has ac1\n"
                         "1100 a-b bases ac1 | ac1\n"
                         "1100 a-b send 258\n"
                         "1100 c-b peer has ac1\n"
                         "1150 b-a bases ac1 | ac1\n"
                         "1300 b-c read ac0\n"
                         "1300 b-c send 772\n"
                         "1350 c-b accept ac0-1\n"
                         "1350 c-b synced\n"
                         "1350 c-b bases | ac1\n"
                         "1350 c-b send 258\n"
                         "1400 b-c synced\n"
                         "1400 b-c peer has ac1\n"
                         "1400 b-c bases ac1 | ac1\n"
                         "1400 b-c send 258\n"
                         "1450 c-b bases ac1 | ac1\n");
}
END_TEST

START_TEST(a_cut_session_goes_on_where_it_was)
{
    struct world_end *end = NULL;

    world.entry_bytes = 90000;
    world_store(&world, 'a', "ac", 5);
    end = world_dial(&world, 'a', 'b', &once);
    world_run(&world, 2250);
    world_cut(&world, end);
    world_run(&world, 3000);
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a send 162\n"
                         "600 a-b read ac0\n"
                         "600 a-b peer has -\n"
                         "600 a-b bases ac5 | -\n"
                         "600 a-b send 258\n"
                         "600 a-b read ac1\n"
                         "600 a-b send 90375\n"
                         "600 a-b read ac2\n"
                         "600 a-b send 90375\n"
                         "600 a-b send 90375\n"
                         "900 b-a peer has ac5\n"
                         "900 b-a bases - | ac5\n"
                         "900 b-a accept ac0-1\n"
                         "900 b-a accept ac1-2\n"
                         "900 b-a accept ac2-3\n"
                         "900 b-a send 258\n"
                         "1200 a-b read ac3\n"
                         "1200 a-b peer has ac3\n"
                         "1200 a-b read ac4\n"
                         "1200 a-b send 90375\n"
                         "1200 a-b send 90375\n"
                         "1250 a-b hang up: the link broke\n"
                         "1250 b-a hang up: the link broke\n"
                         "2000 a-b send 210\n"
                         "2300 b-a authenticate psk 0 cert 0\n"
                         "2300 b-a send 162\n"
                         "2600 a-b read ac3\n"
                         "2600 a-b peer has ac3\n"
                         "2600 a-b bases ac5 | ac3\n"
                         "2600 a-b send 258\n"
                         "2600 a-b read ac4\n"
                         "2600 a-b send 90375\n"
                         "2600 a-b send 90375\n"
                         "2900 b-a peer has ac5\n"
                         "2900 b-a bases ac3 | ac5\n"
                         "2900 b-a accept ac3-4\n"
                         "2900 b-a accept ac4-5\n"
                         "2900 b-a synced\n"
                         "2900 b-a send 258\n"
                         "3200 a-b synced\n"
                         "3200 a-b peer has ac5\n"
                         "3200 a-b bases ac5 | ac5\n"
                         "3200 a-b send 258\n"
                         "3200 a-b hang up: nothing more to exchange\n"
                         "3500 b-a bases ac5 | ac5\n"
                         "3500 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(a_node_joins_in_one_connection)
{
    static const struct world_dial join = {.is_join = true};

    world_store(&world, 'b', "bx", 2);
    world_store(&world, 'b', "bc", 5);
    world_dial(&world, 'a', 'b', &join);
    world_run(&world, 4000);
    world_write(&world, 'a', "ax", 1);
    world_run(&world, 6000);
    world_expect(&world, "0 a-b send 594\n"
                         "300 b-a authenticate psk 1 cert 300\n"
                         "300 b-a send 162\n"
                         "600 a-b send 516\n"
                         "900 b-a join cert 300\n"
                         "900 b-a read bx0\n"
                         "900 b-a read bc0\n"
                         "900 b-a peer has -\n"
                         "900 b-a bases | -\n"
                         "900 b-a send 258\n"
                         "900 b-a send 1542\n"
                         "900 b-a send 2308\n"
                         "1200 a-b peer has bx3 bc5\n"
                         "1200 a-b accept bx0-3\n"
                         "1200 a-b accept bc0-5\n"
                         "1200 a-b synced\n"
                         "1200 a-b bases | bx3 bc5\n"
                         "1200 a-b send 258\n"
                         "1500 b-a synced\n"
                         "1500 b-a peer has bx3 bc5\n"
                         "1500 b-a bases bx3 bc5 | bx3 bc5\n"
                         "1500 b-a send 258\n"
                         "1800 a-b bases bx3 bc5 | bx3 bc5\n"
                         "3000 a-b read ax0\n"
                         "3000 a-b send 772\n"
                         "3300 b-a accept ax0-1\n"
                         "3300 b-a peer has ax1 bx3 bc5\n"
                         "3300 b-a synced\n"
                         "3300 b-a bases | ax1 bx3 bc5\n"
                         "3300 b-a send 258\n"
                         "3600 a-b synced\n"
                         "3600 a-b peer has ax1 bx3 bc5\n"
                         "3600 a-b bases ax1 bx3 bc5 | ax1 bx3 bc5\n"
                         "3600 a-b send 258\n"
                         "3900 b-a bases ax1 bx3 bc5 | ax1 bx3 bc5\n");
}
END_TEST

START_TEST(a_refused_joiner_is_told)
{
    static const struct world_dial join = {.is_join = true};

    world_store(&world, 'b', "bx", 2);
    world_node(&world, 'b')->refuses = true;
    world_dial(&world, 'a', 'b', &join);
    world_run(&world, 4000);
    world_expect(&world, "0 a-b send 594\n"
                         "300 b-a authenticate psk 1 cert 300\n"
                         "300 b-a send 162\n"
                         "600 a-b send 516\n"
                         "900 b-a join cert 300\n"
                         "900 b-a send 258\n"
                         "900 b-a hang up: no longer admitted\n"
                         "1200 a-b hang up: no longer admitted\n");
}
END_TEST

START_TEST(a_node_that_is_not_enrolled_yet_exchanges_control_first)
{
    static const struct world_dial dial = {.has_cert = true};
    struct event event = {.type = EVENT_LEVEL};
    struct world_end *end = NULL;

    world_node(&world, 'b')->levels[0] = LEVEL_CONTROL;
    world_store(&world, 'a', "ax", 1);
    world_store(&world, 'a', "ac", 1);
    world_store(&world, 'b', "bx", 1);
    world_store(&world, 'b', "bc", 1);
    end = world_dial(&world, 'a', 'b', &dial);
    world_run(&world, 3000);
    event.u.auth.level = LEVEL_FULL;
    world_step(&world, end->other, &event);
    world_run(&world, 6000);
    world_expect(&world, "0 a-b send 594\n"
                         "300 b-a authenticate psk 0 cert 300\n"
                         "300 b-a read bx0\n"
                         "300 b-a send 162\n"
                         "300 b-a send 772\n"
                         "600 a-b read ax0\n"
                         "600 a-b peer has bx1 bc1\n"
                         "600 a-b bases ax1 ac1 | bx1 bc1\n"
                         "600 a-b send 258\n"
                         "600 a-b accept bx0-1\n"
                         "600 a-b send 772\n"
                         "600 a-b send 258\n"
                         "900 b-a peer has ax1 ac1\n"
                         "900 b-a bases bx1 bc1 | ax1 ac1\n"
                         "900 b-a accept ax0-1\n"
                         "900 b-a peer has ax1 ac1 bx1\n"
                         "900 b-a bases | ax1 ac1 bx1\n"
                         "900 b-a send 258\n"
                         "1200 a-b peer has ax1 bx1 bc1\n"
                         "1200 a-b bases ax1 ac1 bx1 |\n"
                         "2000 b-a read bc0\n"
                         "2000 b-a peer has ax1 ac1 bx1\n"
                         "2000 b-a bases | ax1 ac1 bx1\n"
                         "2000 b-a send 258\n"
                         "2000 b-a send 772\n"
                         "2300 a-b read ac0\n"
                         "2300 a-b accept bc0-1\n"
                         "2300 a-b send 772\n"
                         "2300 a-b bases | ax1 bx1 bc1\n"
                         "2300 a-b send 258\n"
                         "2600 b-a accept ac0-1\n"
                         "2600 b-a peer has ax1 ac1 bx1 bc1\n"
                         "2600 b-a bases ax1 bx1 bc1 |\n"
                         "2600 b-a synced\n"
                         "2600 b-a bases | ax1 ac1 bx1 bc1\n"
                         "2600 b-a send 258\n"
                         "2900 a-b synced\n"
                         "2900 a-b peer has ax1 ac1 bx1 bc1\n"
                         "2900 a-b bases ax1 ac1 bx1 bc1 | ax1 ac1 bx1 bc1\n"
                         "2900 a-b send 258\n"
                         "3200 b-a bases ax1 ac1 bx1 bc1 | ax1 ac1 bx1 bc1\n");
}
END_TEST

START_TEST(what_is_held_waits_until_released)
{
    struct log_id logs[] = {world_log("ac"), world_log("ax"), world_log("ac")};
    struct event event = {.type = EVENT_HOLD};
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    world_run(&world, 2500);
    buf_clear(&world.transcript);
    event.u.hold.logs = logs;
    event.u.hold.count = 3;
    event.u.hold.hold = true;
    world_step(&world, end->other, &event);
    world_run(&world, 3000);
    world_write(&world, 'a', "ac", 1);
    world_run(&world, 5000);
    event.u.hold.hold = false;
    world_step(&world, end->other, &event);
    world_run(&world, 7000);
    world_expect(&world, "1500 b-a send 258\n"
                         "2000 a-b send 258\n"
                         "2300 b-a peer has ac1\n"
                         "4000 b-a send 258\n"
                         "4300 a-b read ac0\n"
                         "4300 a-b send 772\n"
                         "4600 b-a accept ac0-1\n"
                         "4600 b-a synced\n"
                         "4600 b-a bases | ac1\n"
                         "4600 b-a send 258\n"
                         "4900 a-b synced\n"
                         "4900 a-b peer has ac1\n"
                         "4900 a-b bases ac1 | ac1\n"
                         "4900 a-b send 258\n"
                         "5200 b-a bases ac1 | ac1\n");
}
END_TEST

START_TEST(a_listener_that_forgot_is_told_the_whole_clock)
{
    world_store(&world, 'a', "ac", 5);
    meet();
    buf_clear(&world_node(&world, 'b')->bases[0].heard[0]);
    buf_clear(&world_node(&world, 'b')->bases[0].heard[1]);
    world_write(&world, 'a', "ac", 1);
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a send 162\n"
                         "600 a-b read ac5\n"
                         "600 a-b peer has ac5\n"
                         "600 a-b bases | ac5\n"
                         "600 a-b send 258\n"
                         "600 a-b send 772\n"
                         "900 b-a peer has ac6\n"
                         "900 b-a bases ac5 |\n"
                         "900 b-a accept ac5-6\n"
                         "900 b-a synced\n"
                         "900 b-a bases | ac6\n"
                         "900 b-a send 258\n"
                         "1200 a-b synced\n"
                         "1200 a-b peer has ac6\n"
                         "1200 a-b bases ac6 | ac6\n"
                         "1200 a-b send 258\n"
                         "1200 a-b hang up: nothing more to exchange\n"
                         "1500 b-a bases ac6 | ac6\n"
                         "1500 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(a_dialler_that_forgot_is_told_the_whole_clock)
{
    world_store(&world, 'b', "bc", 5);
    meet();
    buf_clear(&world_node(&world, 'a')->bases[1].heard[0]);
    buf_clear(&world_node(&world, 'a')->bases[1].heard[1]);
    world_write(&world, 'b', "bc", 1);
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a read bc5\n"
                         "300 b-a send 162\n"
                         "300 b-a send 772\n"
                         "600 a-b bases bc5 |\n"
                         "600 a-b send 258\n"
                         "600 a-b accept bc5-6\n"
                         "600 a-b send 258\n"
                         "900 b-a peer has bc5\n"
                         "900 b-a bases | bc5\n"
                         "900 b-a send 258\n"
                         "900 b-a synced\n"
                         "900 b-a peer has bc6\n"
                         "900 b-a bases | bc6\n"
                         "900 b-a send 258\n"
                         "1200 a-b synced\n"
                         "1200 a-b peer has bc6\n"
                         "1200 a-b bases | bc6\n"
                         "1200 a-b send 258\n"
                         "1200 a-b bases bc6 | bc6\n"
                         "1200 a-b send 258\n"
                         "1200 a-b hang up: nothing more to exchange\n"
                         "1500 b-a bases bc6 | bc6\n"
                         "1500 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(a_node_that_was_rolled_back_gets_its_entries_back)
{
    world_store(&world, 'a', "ac", 5);
    meet();
    vclock_clear(&world_node(&world, 'a')->stored);
    world_store(&world, 'a', "ac", 3);
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a read ac3\n"
                         "300 b-a send 162\n"
                         "300 b-a send 1026\n"
                         "600 a-b peer has ac5\n"
                         "600 a-b bases ac3 | ac5\n"
                         "600 a-b send 258\n"
                         "600 a-b accept ac3-5\n"
                         "600 a-b synced\n"
                         "600 a-b send 258\n"
                         "900 b-a peer has ac3\n"
                         "900 b-a bases ac5 | ac3\n"
                         "900 b-a synced\n"
                         "900 b-a peer has ac5\n"
                         "900 b-a bases ac5 | ac5\n"
                         "900 b-a send 258\n"
                         "1200 a-b bases ac5 | ac5\n"
                         "1200 a-b send 258\n"
                         "1200 a-b hang up: nothing more to exchange\n"
                         "1500 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(a_node_that_cannot_send_lets_go_after_a_while)
{
    world_store(&world, 'b', "bc", 5);
    world_node(&world, 'b')->reads_nothing = true;
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 60000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a read bc0\n"
                         "300 b-a send 162\n"
                         "600 a-b peer has bc5\n"
                         "600 a-b bases - | bc5\n"
                         "600 a-b send 258\n"
                         "900 b-a peer has -\n"
                         "900 b-a bases bc5 | -\n"
                         "10600 a-b send 258\n"
                         "10600 a-b hang up: nothing more to exchange\n"
                         "10900 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(what_a_peer_does_not_take_is_not_sent_for_ever)
{
    world_store(&world, 'a', "ac", 5);
    world_node(&world, 'b')->takes_nothing = true;
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 60000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a send 162\n"
                         "600 a-b read ac0\n"
                         "600 a-b peer has -\n"
                         "600 a-b bases ac5 | -\n"
                         "600 a-b send 258\n"
                         "600 a-b send 2308\n"
                         "900 b-a peer has ac5\n"
                         "900 b-a bases - | ac5\n"
                         "900 b-a accept ac0-5\n"
                         "900 b-a send 258\n"
                         "11200 a-b send 258\n"
                         "11200 a-b hang up: nothing more to exchange\n"
                         "11500 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(a_refused_batch_ends_the_session)
{
    world_store(&world, 'a', "ac", 5);
    world_node(&world, 'b')->refuses = true;
    world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 60000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a send 162\n"
                         "600 a-b read ac0\n"
                         "600 a-b peer has -\n"
                         "600 a-b bases ac5 | -\n"
                         "600 a-b send 258\n"
                         "600 a-b send 2308\n"
                         "900 b-a peer has ac5\n"
                         "900 b-a bases - | ac5\n"
                         "900 b-a accept ac0-5\n"
                         "900 b-a send 258\n"
                         "900 b-a hang up: entries were refused\n"
                         "1200 a-b hang up: entries were refused\n");
}
END_TEST

START_TEST(a_retired_peer_is_cut_off_in_the_middle)
{
    struct event event = {.type = EVENT_LEVEL};
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    world_run(&world, 3000);
    buf_clear(&world.transcript);
    event.u.auth.level = LEVEL_NONE;
    world_step(&world, end->other, &event);
    world_run(&world, 6000);
    world_expect(&world, "2000 b-a send 258\n"
                         "2000 b-a hang up: no longer admitted\n"
                         "2300 a-b hang up: no longer admitted\n");
}
END_TEST

START_TEST(pings_keep_a_quiet_session_and_silence_ends_it)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    world_run(&world, 3000);
    buf_clear(&world.transcript);
    world_run(&world, 33000);
    end->is_cut = true;
    end->other->is_cut = true;
    world_run(&world, 90000);
    world_expect(&world, "15300 b-a send 258\n"
                         "15600 a-b send 258\n"
                         "30300 b-a send 258\n"
                         "30600 a-b send 258\n"
                         "45300 b-a send 258\n"
                         "45600 a-b send 258\n"
                         "60300 b-a send 258\n"
                         "60600 a-b send 258\n"
                         "70600 a-b hang up: the link broke\n"
                         "70900 b-a hang up: the link broke\n");
}
END_TEST

START_TEST(a_session_ends_after_a_day)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    world.is_quiet = true;
    world_run(&world, 1000 + SESSION_LIFE_MS_MAX - 1);
    ck_assert(!end->has_ended);
    world.is_quiet = false;
    world_run(&world, SESSION_LIFE_MS_MAX + 10000);
    world_expect(&world, "86400000 b-a send 258\n"
                         "86400000 b-a hang up: nothing more to exchange\n"
                         "86400000 a-b send 258\n"
                         "86400000 a-b hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(a_stranger_gets_silence)
{
    world_node(&world, 'b')->levels[0] = LEVEL_NONE;
    world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 60000);
    world_expect(&world, "0 a-b send 210\n"
                         "300 b-a authenticate psk 0 cert 0\n"
                         "300 b-a hang up: no handshake\n"
                         "600 a-b hang up: the link broke\n");
}
END_TEST

START_TEST(a_handshake_without_an_answer_ends)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    end->is_cut = true;
    world_run(&world, 60000);
    world_expect(&world, "0 a-b send 210\n"
                         "20000 b-a hang up: no handshake\n"
                         "20000 a-b hang up: no handshake\n");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stories");
    TCase *tcase = tcase_create("stories");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, nothing_new_takes_one_round_trip);
    tcase_add_test(tcase, what_the_dialler_has_flows_after_one_round_trip);
    tcase_add_test(tcase, what_the_listener_has_comes_with_its_answer);
    tcase_add_test(tcase, an_open_session_pushes_at_once);
    tcase_add_test(tcase, in_a_mesh_each_gets_an_entry_once);
    tcase_add_test(tcase, in_a_chain_an_entry_is_passed_on_after_a_wait);
    tcase_add_test(tcase, a_cut_session_goes_on_where_it_was);
    tcase_add_test(tcase, a_node_joins_in_one_connection);
    tcase_add_test(tcase, a_refused_joiner_is_told);
    tcase_add_test(
        tcase, a_node_that_is_not_enrolled_yet_exchanges_control_first);
    tcase_add_test(tcase, what_is_held_waits_until_released);
    tcase_add_test(tcase, a_listener_that_forgot_is_told_the_whole_clock);
    tcase_add_test(tcase, a_dialler_that_forgot_is_told_the_whole_clock);
    tcase_add_test(tcase, a_node_that_was_rolled_back_gets_its_entries_back);
    tcase_add_test(tcase, a_node_that_cannot_send_lets_go_after_a_while);
    tcase_add_test(tcase, what_a_peer_does_not_take_is_not_sent_for_ever);
    tcase_add_test(tcase, a_refused_batch_ends_the_session);
    tcase_add_test(tcase, a_retired_peer_is_cut_off_in_the_middle);
    tcase_add_test(tcase, pings_keep_a_quiet_session_and_silence_ends_it);
    tcase_add_test(tcase, a_session_ends_after_a_day);
    tcase_add_test(tcase, a_stranger_gets_silence);
    tcase_add_test(tcase, a_handshake_without_an_answer_ends);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
