/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "sync/model/control.h"
#include "tests/lib/model/world.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

/* Two offices' certificates, one for a founding statement. */
struct fixture {
    struct world world;
    struct buf founder; /* corridor zero */
    struct buf member;  /* of the corridor c0c0… */
};

static struct fixture fixture;

static void
put_cert(struct buf *out, unsigned number)
{
    struct world_node *node = &fixture.world.nodes[number];

    node->cert.corridor = fixture.world.corridor;
    ck_assert_int_eq(
        cert_encode(out, &node->cert, &fixture.world.office_keys[node->office],
            &node->secrets.sign),
        ERR_OK);
}

static void
setup(void)
{
    memset(&fixture, 0, sizeof(fixture));
    world_init(&fixture.world);
    world_node(&fixture.world, 0);
    world_node(&fixture.world, 1);
    put_cert(&fixture.founder, 0);
    memset(fixture.world.corridor.bytes, 0xc0, 32);
    put_cert(&fixture.member, 1);
}

static void
teardown(void)
{
    buf_release(&fixture.founder);
    buf_release(&fixture.member);
    world_release(&fixture.world);
}

/* Decode and encode again; what is of a later version comes back verbatim. */
static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct statement statement = {0};
    enum err rc = statement_decode(&statement, bytes);

    if (rc == ERR_OK && statement.type == STATEMENT_OTHER) {
        buf_put_bytes(out, bytes);
    } else if (rc == ERR_OK) {
        statement_encode(out, &statement);
    }
    statement_release(&statement);
    return rc;
}

/* The error of a decoding, which must leave the output alone. */
static enum err
decode_err(const struct buf *buf)
{
    struct statement statement;
    struct statement before;
    enum err rc = ERR_OK;

    ck_assert_int_eq(buf_err(buf), ERR_OK);
    memset(&statement, 0xee, sizeof(statement));
    memset(&before, 0xee, sizeof(before));
    rc = statement_decode(&statement, buf_bytes(buf));
    if (rc == ERR_OK) {
        statement_release(&statement);
    } else {
        ck_assert_mem_eq(&statement, &before, sizeof(before));
    }
    return rc;
}

static void
put_found(struct buf *out)
{
    struct found_options options = {.name = "Mekong \xe2\x80\x93 test",
        .policy = POLICY_SHARE_BY_DEFAULT,
        .cert = buf_bytes(&fixture.founder),
        .office = &fixture.world.office_keys[0]};

    memset(options.nonce.bytes, 0x11, 32);
    ck_assert_int_eq(statement_put_found(out, &options), ERR_OK);
}

static void
put_admit(struct buf *out)
{
    struct hash invitation = {{7}};
    struct admit_options options = {.cert = buf_bytes(&fixture.member),
        .roles = ROLE_WRITE | ROLE_READ,
        .firewall = true,
        .confirmed = true,
        .invitation = &invitation};

    statement_put_admit(out, &options);
}

static void
put_admit_plain(struct buf *out)
{
    struct admit_options options = {.cert = buf_bytes(&fixture.member)};

    statement_put_admit(out, &options);
}

static void
put_enrol(struct buf *out)
{
    statement_put_enrol(out, buf_bytes(&fixture.member));
}

/* A statement with cuts of two nodes, given in descending order. */
static struct statement
retirement(struct cut cuts[2], bool is_node)
{
    struct statement statement = {.type = STATEMENT_RETIRE,
        .is_node = is_node,
        .node = fixture.world.nodes[1].cert.keys.sign,
        .office = fixture.world.offices[1],
        .cuts = cuts,
        .cut_count = 2,
        .reason = 300};

    cuts[0] = world_cut(&fixture.world, 1, LOG_CHANGES, 70000);
    cuts[1] = world_cut(&fixture.world, 1, LOG_CONTROL, 5);
    memset(cuts[0].root.bytes, 0xab, 32);
    return statement;
}

static void
put_enrol_retired(struct buf *out)
{
    struct cut cuts[2];
    struct cut swapped;
    struct statement statement = retirement(cuts, true);

    swapped = cuts[0];
    cuts[0] = cuts[1];
    cuts[1] = swapped;
    statement.type = STATEMENT_ENROL;
    statement.encoded_cert = buf_bytes(&fixture.member);
    statement.has_retired = true;
    ck_assert_int_eq(statement_sign_retire(&statement, &fixture.world.corridor,
                         &fixture.world.office_keys[1]),
        ERR_OK);
    statement_encode(out, &statement);
}

static void
put_roles(struct buf *out)
{
    statement_put_roles(out, &fixture.world.offices[1], ROLE_ALL);
}

static void
put_roles_cut(struct buf *out)
{
    struct cut cuts[2];
    struct statement statement = retirement(cuts, true);

    statement.type = STATEMENT_ROLES;
    statement_encode(out, &statement);
}

static void
put_retire_office(struct buf *out)
{
    struct cut cuts[2];
    struct statement statement = retirement(cuts, false);

    statement_encode(out, &statement);
}

static void
put_retire_node(struct buf *out)
{
    struct cut cuts[2];
    struct statement statement = retirement(cuts, true);

    ck_assert_int_eq(statement_sign_retire(&statement, &fixture.world.corridor,
                         &fixture.world.office_keys[1]),
        ERR_OK);
    statement_encode(out, &statement);
}

/* Three boxes, given in descending order and one of them twice. */
static void
put_circle_of(struct buf *out, const struct circle_name *name)
{
    struct seal_item seals[4];
    struct public_key public = fixture.world.nodes[0].cert.keys.seal;
    struct hash commitment = {{3}};
    uint8_t wrapped[SEAL_WRAPPED_BYTES] = {4};
    struct circle_options options = {.circle = name,
        .public = &public,
        .seals = seals,
        .seal_count = 4,
        .has_former = name->kind != CIRCLE_LINK,
        .former = {7, 12},
        .commitment = &commitment,
        .wrapped = wrapped};

    memset(seals, 0, sizeof(seals));
    for (size_t i = 0; i < 4; i++) {
        memset(&seals[i], (int)(9 - i), sizeof(seals[i]));
    }
    seals[3] = seals[1];
    statement_put_circle(out, &options);
}

static void
put_circle_link(struct buf *out)
{
    struct circle_name name = {.kind = CIRCLE_LINK};

    put_circle_of(out, &name);
}

static void
put_circle_everyone(struct buf *out)
{
    struct circle_name name = {.kind = CIRCLE_EVERYONE};

    put_circle_of(out, &name);
}

static void
put_circle_office(struct buf *out)
{
    struct circle_name name = world_office_circle(&fixture.world, 1);

    put_circle_of(out, &name);
}

static void
put_circle_named(struct buf *out)
{
    struct circle_name name = {.kind = CIRCLE_NAMED, .name = "claims of 2017"};

    put_circle_of(out, &name);
}

static void
put_seals(struct buf *out)
{
    struct seal_item seal;

    memset(&seal, 5, sizeof(seal));
    statement_put_seals(
        out, (struct author_dot){UINT32_MAX, UINT64_MAX}, &seal, 1);
}

static void
put_pack(struct buf *out)
{
    struct hash hash = {{8}};

    statement_put_pack(out, "mekong-2", 258, &hash);
}

static void
put_confirm(struct buf *out)
{
    statement_put_confirm(out, &fixture.world.offices[1]);
}

static const struct {
    const char *name;
    void (*put)(struct buf *out);
    enum statement_type type;
} samples[] = {{"found", put_found, STATEMENT_FOUND},
    {"admit", put_admit, STATEMENT_ADMIT},
    {"admit, plain", put_admit_plain, STATEMENT_ADMIT},
    {"enrol", put_enrol, STATEMENT_ENROL},
    {"enrol, retiring", put_enrol_retired, STATEMENT_ENROL},
    {"roles", put_roles, STATEMENT_ROLES},
    {"roles, cut", put_roles_cut, STATEMENT_ROLES},
    {"retire an office", put_retire_office, STATEMENT_RETIRE},
    {"retire a node", put_retire_node, STATEMENT_RETIRE},
    {"circle link", put_circle_link, STATEMENT_CIRCLE},
    {"circle everyone", put_circle_everyone, STATEMENT_CIRCLE},
    {"circle office", put_circle_office, STATEMENT_CIRCLE},
    {"circle named", put_circle_named, STATEMENT_CIRCLE},
    {"seals", put_seals, STATEMENT_SEALS}, {"pack", put_pack, STATEMENT_PACK},
    {"confirm", put_confirm, STATEMENT_CONFIRM}};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

START_TEST(every_mutant_is_refused_or_round_trips)
{
    struct buf buf = {0};
    struct statement statement = {0};
    size_t refused = 0;

    samples[_i].put(&buf);
    ck_assert_int_eq(buf_err(&buf), ERR_OK);
    ck_assert_msg(statement_decode(&statement, buf_bytes(&buf)) == ERR_OK, "%s",
        samples[_i].name);
    ck_assert_uint_eq(statement.type, samples[_i].type);
    statement_release(&statement);
    refused = mutation_run(buf_bytes(&buf), recode);
    ck_assert_uint_ge(refused, buf.size); /* at least all truncations */
    buf_release(&buf);
}
END_TEST

START_TEST(a_byte_more_is_refused)
{
    struct buf buf = {0};

    samples[_i].put(&buf);
    buf_put_u8(&buf, 0);
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    /* An item more, counted in the head. */
    buf.data[0]++;
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

START_TEST(a_failed_allocation_is_told_and_leaks_nothing)
{
    struct buf buf = {0};
    enum err rc = ERR_NOMEM;

    samples[_i].put(&buf);
    for (long n = 0; rc != ERR_OK; n++) {
        ck_assert_int_lt(n, 100);
        mem_fault_after(n);
        rc = decode_err(&buf);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
    }
    buf_release(&buf);
}
END_TEST

START_TEST(what_was_found_is_read)
{
    struct buf buf = {0};
    struct statement statement = {0};
    struct corridor_id id = {{0}};
    struct corridor_id expected = {{0}};

    put_found(&buf);
    ck_assert_int_eq(statement_decode(&statement, buf_bytes(&buf)), ERR_OK);
    ck_assert_str_eq(statement.name, "Mekong \xe2\x80\x93 test");
    ck_assert_uint_eq(statement.policy, POLICY_SHARE_BY_DEFAULT);
    ck_assert_uint_eq(statement.founder_count, 1);
    ck_assert(!statement.founders[0].firewall);
    ck_assert(office_id_equal(
        &statement.founders[0].cert.office, &fixture.world.offices[0]));
    statement_corridor_id(&id, statement.founding);
    ck_assert(!corridor_id_equal(&id, &expected));
    /* One byte less is another corridor. */
    statement.founding.size--;
    statement_corridor_id(&expected, statement.founding);
    ck_assert(!corridor_id_equal(&id, &expected));
    statement_release(&statement);
    buf_release(&buf);
}
END_TEST

START_TEST(what_was_admitted_is_read)
{
    struct buf buf = {0};
    struct statement statement = {0};

    put_admit(&buf);
    ck_assert_int_eq(statement_decode(&statement, buf_bytes(&buf)), ERR_OK);
    ck_assert(
        office_id_equal(&statement.cert.office, &fixture.world.offices[1]));
    ck_assert_uint_eq(statement.roles, ROLE_WRITE | ROLE_READ);
    ck_assert(statement.firewall && statement.confirmed);
    ck_assert(statement.has_invitation);
    ck_assert_uint_eq(statement.invitation.bytes[0], 7);
    statement_release(&statement);
    buf_clear(&buf);
    put_admit_plain(&buf);
    ck_assert_int_eq(statement_decode(&statement, buf_bytes(&buf)), ERR_OK);
    ck_assert(!statement.firewall && !statement.confirmed);
    ck_assert(!statement.has_invitation);
    ck_assert_uint_eq(statement.roles, 0);
    statement_release(&statement);
    buf_release(&buf);
}
END_TEST

START_TEST(cuts_and_seals_are_written_in_order)
{
    struct buf buf = {0};
    struct statement statement = {0};

    put_retire_office(&buf);
    ck_assert_int_eq(statement_decode(&statement, buf_bytes(&buf)), ERR_OK);
    ck_assert_uint_eq(statement.cut_count, 2);
    ck_assert_uint_eq(statement.cuts[0].size, 5);
    ck_assert_uint_eq(statement.cuts[1].size, 70000);
    ck_assert_uint_eq(statement.reason, 300);
    ck_assert(!statement.has_signature && !statement.is_node);
    statement_release(&statement);
    buf_clear(&buf);
    put_circle_office(&buf);
    ck_assert_int_eq(statement_decode(&statement, buf_bytes(&buf)), ERR_OK);
    ck_assert_uint_eq(statement.seal_count, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(statement.seals[i].boxed[0], 7 + i);
    }
    ck_assert(statement.has_former);
    ck_assert_uint_eq(statement.generation.index, 7);
    ck_assert_uint_eq(statement.generation.position, 12);
    ck_assert_uint_eq(statement.commitment.bytes[0], 3);
    ck_assert_uint_eq(statement.wrapped[0], 4);
    statement_release(&statement);
    buf_release(&buf);
}
END_TEST

/* Swap two equal-sized runs of bytes. */
static void
swap(uint8_t *a, uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = a[i];

        a[i] = b[i];
        b[i] = byte;
    }
}

START_TEST(unsorted_and_repeated_items_are_refused)
{
    enum { ITEM = 1 + 34 + 82, SEAL_START = 1 + 1 + 2 + 34 + 1 };
    struct buf buf = {0};

    put_circle_link(&buf);
    ck_assert_int_eq(decode_err(&buf), ERR_OK);
    swap(buf.data + SEAL_START, buf.data + SEAL_START + ITEM, ITEM);
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    memcpy(buf.data + SEAL_START, buf.data + SEAL_START + ITEM, ITEM);
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

START_TEST(unsorted_cuts_are_refused)
{
    /* [id, 5, root] and [id, 70000, root] differ in size: swap the ids. */
    enum { CUT_START = 1 + 1 + 1 + 34 + 1, CUT = 1 + 35 + 1 + 34 };
    struct buf buf = {0};

    put_retire_office(&buf);
    ck_assert_int_eq(decode_err(&buf), ERR_OK);
    swap(buf.data + CUT_START + 1, buf.data + CUT_START + CUT + 1, 35);
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    memcpy(buf.data + CUT_START + 1, buf.data + CUT_START + CUT + 1, 35);
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

START_TEST(a_retired_nodes_cuts_are_of_its_own_logs)
{
    struct cut cuts[2];
    struct statement statement = retirement(cuts, true);
    struct buf buf = {0};

    cuts[1] = world_cut(&fixture.world, 0, LOG_CONTROL, 5);
    statement_encode(&buf, &statement);
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    buf_clear(&buf);
    statement.is_node = false;
    statement_encode(&buf, &statement);
    ck_assert_int_eq(decode_err(&buf), ERR_OK);
    buf_release(&buf);
}
END_TEST

START_TEST(an_enrols_cuts_are_control_then_changes)
{
    struct cut cuts[2];
    struct statement statement = retirement(cuts, true);
    struct buf buf = {0};

    statement.type = STATEMENT_ENROL;
    statement.encoded_cert = buf_bytes(&fixture.member);
    statement.has_retired = true;
    statement_encode(&buf, &statement); /* changes first */
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    buf_clear(&buf);
    cuts[0] = world_cut(&fixture.world, 0, LOG_CONTROL, 5);
    cuts[1] = world_cut(&fixture.world, 0, LOG_CHANGES, 5);
    statement_encode(&buf, &statement); /* another node's */
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

START_TEST(a_retirements_signature_covers_all_that_matters)
{
    struct cut cuts[2];
    struct statement statement = retirement(cuts, true);
    const struct office_id *office = &fixture.world.offices[1];
    struct corridor_id corridor = fixture.world.corridor;

    ck_assert_int_eq(statement_verify_retire(&statement, &corridor, office),
        ERR_BAD_SIGNATURE);
    ck_assert_int_eq(statement_sign_retire(
                         &statement, &corridor, &fixture.world.office_keys[1]),
        ERR_OK);
    ck_assert_int_eq(
        statement_verify_retire(&statement, &corridor, office), ERR_OK);
    ck_assert_int_eq(statement_verify_retire(
                         &statement, &corridor, &fixture.world.offices[0]),
        ERR_BAD_SIGNATURE);
    corridor.bytes[0] ^= 1;
    ck_assert_int_eq(statement_verify_retire(&statement, &corridor, office),
        ERR_BAD_SIGNATURE);
    corridor.bytes[0] ^= 1;
    cuts[0].size++;
    ck_assert_int_eq(statement_verify_retire(&statement, &corridor, office),
        ERR_BAD_SIGNATURE);
    cuts[0].size--;
    statement.node.bytes[0] ^= 1;
    ck_assert_int_eq(statement_verify_retire(&statement, &corridor, office),
        ERR_BAD_SIGNATURE);
    statement.node.bytes[0] ^= 1;
    statement.is_node = false;
    ck_assert_int_eq(statement_verify_retire(&statement, &corridor, office),
        ERR_BAD_SIGNATURE);
    /* An enrol that retires signs the same as a retirement. */
    statement.type = STATEMENT_ENROL;
    ck_assert_int_eq(
        statement_verify_retire(&statement, &corridor, office), ERR_OK);
}
END_TEST

START_TEST(types_of_later_versions_are_kept_apart)
{
    for (unsigned type = 9; type <= 300; type++) {
        struct statement statement = {0};
        struct buf buf = {0};

        cbor_put_array(&buf, 2);
        cbor_put_uint(&buf, type);
        cbor_put_cstr(&buf, "anything");
        ck_assert_int_eq(statement_decode(&statement, buf_bytes(&buf)), ERR_OK);
        ck_assert_uint_eq(statement.type, STATEMENT_OTHER);
        buf_put_u8(&buf, 0);
        ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(a_certificates_own_error_is_told)
{
    struct buf buf = {0};

    put_enrol(&buf);
    /* The last byte of the node's signature; null follows it. */
    buf.data[buf.size - 2] ^= 1;
    ck_assert_int_eq(decode_err(&buf), ERR_BAD_SIGNATURE);
    buf_release(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control");
    TCase *tcase = tcase_create("control");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(
        tcase, every_mutant_is_refused_or_round_trips, 0, SAMPLES);
    tcase_add_loop_test(tcase, a_byte_more_is_refused, 0, SAMPLES);
    tcase_add_loop_test(
        tcase, a_failed_allocation_is_told_and_leaks_nothing, 0, SAMPLES);
    tcase_add_test(tcase, what_was_found_is_read);
    tcase_add_test(tcase, what_was_admitted_is_read);
    tcase_add_test(tcase, cuts_and_seals_are_written_in_order);
    tcase_add_test(tcase, unsorted_and_repeated_items_are_refused);
    tcase_add_test(tcase, unsorted_cuts_are_refused);
    tcase_add_test(tcase, a_retired_nodes_cuts_are_of_its_own_logs);
    tcase_add_test(tcase, an_enrols_cuts_are_control_then_changes);
    tcase_add_test(tcase, a_retirements_signature_covers_all_that_matters);
    tcase_add_test(tcase, types_of_later_versions_are_kept_apart);
    tcase_add_test(tcase, a_certificates_own_error_is_told);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
