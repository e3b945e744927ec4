/* SPDX-License-Identifier: Apache-2.0 */
#include "node/invite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/examples.h"
#include "tests/lib/run.h"

static struct invite
sample(size_t addresses)
{
    struct invite invite = {
        .expires_ms = 1764000000000, .address_count = addresses};
    struct office_id office;

    memset(invite.corridor.bytes, 1, 32);
    memset(invite.node.bytes, 2, 32);
    memset(invite.noise.bytes, 3, 32);
    memset(invite.secret.bytes, 4, 32);
    memset(office.bytes, 5, 32);
    office_code(invite.code, &office);
    for (size_t i = 0; i < addresses; i++) {
        snprintf(invite.addresses[i], sizeof(invite.addresses[i]),
            "192.0.2.%zu:7443", i);
    }
    return invite;
}

static enum err
parse(struct invite *out, struct bytes line)
{
    struct err_msg msg = {{0}};
    enum err rc = invite_parse(out, line, &msg);

    ck_assert_int_eq(msg.text[0] == '\0', rc == ERR_OK);
    return rc;
}

START_TEST(a_line_comes_back_as_what_was_put_in)
{
    static const size_t counts[] = {0, 1, INVITE_ADDRESSES_MAX};
    struct invite in = sample(counts[_i]);
    struct invite out = {.address_count = 0};
    struct buf line = {0};

    ck_assert_int_eq(invite_format(&line, &in), ERR_OK);
    ck_assert_int_eq(parse(&out, buf_bytes(&line)), ERR_OK);
    ck_assert_mem_eq(&out, &in, sizeof(in));
    buf_release(&line);
}
END_TEST

/* docs/protocol.md, "Keys". */
START_TEST(the_line_is_as_documented)
{
    struct invite in = {.expires_ms = UINT64_C(1790000000000),
        .addresses = {"192.0.2.1:7443"},
        .address_count = 1};
    struct secret_key seed;
    struct public_key public;
    struct office_id office;
    struct buf line = {0};
    struct buf example = {0};

    memset(in.corridor.bytes, 0xc0, 32);
    memset(seed.bytes, 0x5e, 32);
    keys_sign_public(&public, &seed);
    memcpy(in.node.bytes, public.bytes, 32);
    memset(seed.bytes, 0x51, 32);
    keys_box_public(&in.noise, &seed);
    memset(seed.bytes, 0x0f, 32);
    keys_sign_public(&public, &seed);
    memcpy(office.bytes, public.bytes, 32);
    office_code(in.code, &office);
    memset(in.secret.bytes, 0x55, 32);
    examples_get("node/invitation", &example);
    ck_assert_int_eq(invite_format(&line, &in), ERR_OK);
    buf_put_text(&line, "\n");
    ck_assert(bytes_equal(buf_bytes(&line), buf_bytes(&example)));
    buf_release(&line);
    buf_release(&example);
}
END_TEST

START_TEST(space_around_and_small_letters_do_not_matter)
{
    struct invite in = sample(1);
    struct invite out = {.address_count = 0};
    struct buf line = {0};

    buf_put_text(&line, " \n");
    ck_assert_int_eq(invite_format(&line, &in), ERR_OK);
    buf_put_text(&line, "\r\n");
    for (size_t i = 20; i < line.size; i++) {
        uint8_t c = line.data[i];
        line.data[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    ck_assert_int_eq(parse(&out, buf_bytes(&line)), ERR_OK);
    ck_assert_mem_eq(&out, &in, sizeof(in));
    buf_release(&line);
}
END_TEST

START_TEST(any_one_character_mistyped_is_noticed)
{
    struct invite in = sample(2);
    struct invite out = {.address_count = 0};
    struct buf line = {0};

    ck_assert_int_eq(invite_format(&line, &in), ERR_OK);
    for (size_t i = 0; i < line.size; i++) {
        uint8_t was = line.data[i];
        line.data[i] = was == 'A' ? 'B' : 'A';
        ck_assert_int_eq(parse(&out, buf_bytes(&line)), ERR_MALFORMED);
        line.data[i] = was;
    }
    for (size_t size = 0; size < line.size; size++) {
        ck_assert_int_eq(parse(&out, bytes_of(line.data, size)), ERR_MALFORMED);
    }
    ck_assert_uint_eq(out.address_count, 0);
    buf_release(&line);
}
END_TEST

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct invite invite;
    enum err rc = invite_parse(&invite, bytes, NULL);

    return rc == ERR_OK ? invite_format(out, &invite) : rc;
}

/* Letters in the other case are the same invitation, and come back large;
 * mutants of another case are therefore left to the test above. */
START_TEST(no_flipped_bit_makes_another_invitation)
{
    struct invite in = sample(1);
    struct buf line = {0};

    ck_assert_int_eq(invite_format(&line, &in), ERR_OK);
    for (size_t i = 0; i < line.size * 8; i++) {
        struct buf again = {0};
        uint8_t bit = (uint8_t)(1u << (i % 8));
        uint8_t was = line.data[i / 8];

        line.data[i / 8] ^= bit;
        if (recode(buf_bytes(&line), &again) == ERR_OK) {
            ck_assert_uint_eq(bit, 0x20); /* the case of a letter */
            ck_assert_uint_eq(again.size, line.size);
            line.data[i / 8] = was;
            ck_assert_mem_eq(again.data, line.data, line.size);
        }
        line.data[i / 8] = was;
        buf_release(&again);
    }
    buf_release(&line);
}
END_TEST

START_TEST(too_many_addresses_or_a_long_one_are_refused)
{
    struct invite in = sample(INVITE_ADDRESSES_MAX);
    struct invite out = {.address_count = 0};
    struct buf line = {0};

    memset(in.addresses[0], 'a', INVITE_ADDRESS_BYTES_MAX);
    ck_assert_int_eq(invite_format(&line, &in), ERR_OK);
    ck_assert_int_eq(parse(&out, buf_bytes(&line)), ERR_OK);
    buf_clear(&line);
    in.addresses[0][0] = '\0';
    ck_assert_int_eq(invite_format(&line, &in), ERR_OK);
    ck_assert_int_eq(parse(&out, buf_bytes(&line)), ERR_MALFORMED);
    buf_release(&line);
}
END_TEST

START_TEST(every_failed_allocation_is_survived)
{
    struct invite in = sample(2);

    for (long n = 0;; n++) {
        struct invite out;
        struct buf line = {0};
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = invite_format(&line, &in);
        if (rc == ERR_OK) {
            rc = invite_parse(&out, buf_bytes(&line), NULL);
        }
        buf_release(&line);
        if (!mem_fault_hit()) {
            mem_fault_after(-1);
            ck_assert_int_eq(rc, ERR_OK);
            ck_assert_int_gt(n, 2);
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
    }
}
END_TEST

static Suite *
invite_suite(void)
{
    Suite *suite = suite_create("invite");
    TCase *tcase = tcase_create("invite");

    tcase_add_loop_test(tcase, a_line_comes_back_as_what_was_put_in, 0, 3);
    tcase_add_test(tcase, the_line_is_as_documented);
    tcase_add_test(tcase, space_around_and_small_letters_do_not_matter);
    tcase_add_test(tcase, any_one_character_mistyped_is_noticed);
    tcase_add_test(tcase, no_flipped_bit_makes_another_invitation);
    tcase_add_test(tcase, too_many_addresses_or_a_long_one_are_refused);
    tcase_add_test(tcase, every_failed_allocation_is_survived);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(invite_suite());
}
