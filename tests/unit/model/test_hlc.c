/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/hlc.h"

#include <check.h>

#include "tests/lib/run.h"

enum { WALL = 1000000, AHEAD = HLC_AHEAD_MS_MAX };

#define MS_MAX ((UINT64_C(1) << 48) - 1)

static const struct {
    const char *name;
    uint64_t last;
    uint64_t seen;
    uint64_t wall_ms;
    uint64_t next;
} nexts[] = {
    {"the first is the wall clock", 0, 0, WALL, (uint64_t)WALL << 16},
    {"a second in the same millisecond counts", (uint64_t)WALL << 16, 0, WALL,
        ((uint64_t)WALL << 16) + 1},
    {"a wall clock that went back counts on", (uint64_t)WALL << 16, 0, WALL - 5,
        ((uint64_t)WALL << 16) + 1},
    {"a full counter carries into the milliseconds",
        ((uint64_t)WALL << 16) + 0xffff, 0, WALL, (uint64_t)(WALL + 1) << 16},
    {"what was seen is followed", 0, (uint64_t)(WALL + 7) << 16, WALL,
        ((uint64_t)(WALL + 7) << 16) + 1},
    {"seen is followed to the horizon", 0,
        (uint64_t)(WALL + AHEAD) << 16 | 0xfffe, WALL,
        (uint64_t)(WALL + AHEAD) << 16 | 0xffff},
    {"seen is not followed beyond it", 0,
        (uint64_t)(WALL + AHEAD) << 16 | 0xffff, WALL, (uint64_t)WALL << 16},
    {"seen far off is not followed", 0, UINT64_MAX - 9, WALL,
        (uint64_t)WALL << 16},
    {"nor the greatest there is", 0, UINT64_MAX, WALL, (uint64_t)WALL << 16},
    {"our own last is followed however far", UINT64_MAX - 9, 0, WALL,
        UINT64_MAX - 8},
    {"the greatest has no successor", UINT64_MAX, 0, WALL, UINT64_MAX},
    {"seen that is past does nothing", 0, 77, WALL, (uint64_t)WALL << 16},
    {"a mad wall clock is cut", 0, 0, UINT64_MAX, MS_MAX << 16},
};

START_TEST(next_follows_last_wall_and_seen)
{
    uint64_t next = hlc_next(nexts[_i].last, nexts[_i].seen, nexts[_i].wall_ms);

    ck_assert_msg(next == nexts[_i].next, "%s: %jx, not %jx", nexts[_i].name,
        (uintmax_t)next, (uintmax_t)nexts[_i].next);
}
END_TEST

START_TEST(times_grow_while_the_wall_clock_jumps)
{
    uint64_t last = 0;
    uint64_t wall_ms = WALL;

    for (unsigned i = 0; i < 200000; i++) {
        uint64_t next = hlc_next(last, last ^ i, wall_ms);

        ck_assert_uint_gt(next, last);
        last = next;
        wall_ms += i % 3 == 0 ? 1 : 0;
        wall_ms -= i % 1000 == 0 ? 300 : 0;
    }
}
END_TEST

START_TEST(far_begins_past_ten_minutes)
{
    ck_assert(!hlc_is_far(hlc_make(WALL + AHEAD, 0xffff), WALL));
    ck_assert(hlc_is_far(hlc_make(WALL + AHEAD + 1, 0), WALL));
    ck_assert(!hlc_is_far(0, WALL));
    ck_assert(!hlc_is_far(UINT64_MAX, MS_MAX));
    ck_assert(!hlc_is_far(UINT64_MAX, UINT64_MAX));
    ck_assert(hlc_is_far(UINT64_MAX, MS_MAX - AHEAD - 1));
    ck_assert(!hlc_is_far(UINT64_MAX, MS_MAX - AHEAD));
}
END_TEST

START_TEST(a_time_is_milliseconds_and_a_counter)
{
    ck_assert_uint_eq(hlc_make(3, 4), 0x30004);
    ck_assert_uint_eq(hlc_ms(0x30004), 3);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hlc");
    TCase *tcase = tcase_create("hlc");

    tcase_add_loop_test(tcase, next_follows_last_wall_and_seen, 0,
        sizeof(nexts) / sizeof(nexts[0]));
    tcase_add_test(tcase, times_grow_while_the_wall_clock_jumps);
    tcase_add_test(tcase, far_begins_past_ten_minutes);
    tcase_add_test(tcase, a_time_is_milliseconds_and_a_counter);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
