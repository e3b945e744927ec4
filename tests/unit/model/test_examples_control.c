/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked examples of docs/protocol.md, "Membership": one statement of
 * each type, about the office and the node of the page's story.
 */
#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "sync/model/control.h"
#include "tests/lib/examples.h"
#include "tests/lib/run.h"

struct story {
    struct secret_key office;
    struct node_secrets secrets;
    struct cert cert;
    struct corridor_id corridor;
    struct buf founder; /* the certificate for a founding statement */
    struct buf member;  /* the certificate of the page */
};

static struct story s;

static struct secret_key
bytes_32(uint8_t byte)
{
    struct secret_key key = {{0}};

    memset(key.bytes, byte, sizeof(key.bytes));
    return key;
}

static void
setup(void)
{
    struct public_key key = {{0}};

    memset(&s, 0, sizeof(s));
    s.office = bytes_32(0x0f);
    s.secrets.sign = bytes_32(0x5e);
    s.secrets.noise = bytes_32(0x51);
    s.secrets.seal = bytes_32(0x52);
    s.secrets.cosign = bytes_32(0x53);
    s.secrets.clock = bytes_32(0x54);
    keys_sign_public(&key, &s.office);
    memcpy(s.cert.office.bytes, key.bytes, sizeof(key.bytes));
    node_secrets_public(&s.cert.keys, &s.secrets);
    memcpy(s.cert.office_name, "Labour section", 15);
    memcpy(s.cert.node_name, "desk", 5);
    memcpy(s.cert.country, "KH", 3);
    memcpy(s.cert.type, "embassy", 8);
    s.cert.time_ms = UINT64_C(1790000000000);
    ck_assert_int_eq(
        cert_encode(&s.founder, &s.cert, &s.office, &s.secrets.sign), ERR_OK);
    memset(s.corridor.bytes, 0xc0, sizeof(s.corridor.bytes));
    s.cert.corridor = s.corridor;
    ck_assert_int_eq(
        cert_encode(&s.member, &s.cert, &s.office, &s.secrets.sign), ERR_OK);
}

static void
teardown(void)
{
    buf_release(&s.founder);
    buf_release(&s.member);
}

static void
make_found(struct buf *out)
{
    struct found_options options = {.name = "Mekong",
        .policy = POLICY_SHARE_BY_DEFAULT,
        .cert = buf_bytes(&s.founder),
        .office = &s.office};

    memset(options.nonce.bytes, 0x66, sizeof(options.nonce.bytes));
    ck_assert_int_eq(statement_put_found(out, &options), ERR_OK);
}

static void
make_corridor(struct buf *out)
{
    struct statement statement = {0};
    struct corridor_id id = {{0}};
    struct buf found = {0};

    make_found(&found);
    ck_assert_int_eq(statement_decode(&statement, buf_bytes(&found)), ERR_OK);
    statement_corridor_id(&id, statement.founding);
    buf_put(out, id.bytes, sizeof(id.bytes));
    statement_release(&statement);
    buf_release(&found);
}

static void
make_admit(struct buf *out)
{
    struct admit_options options = {.cert = buf_bytes(&s.member),
        .roles = ROLE_WRITE | ROLE_READ,
        .confirmed = true};

    statement_put_admit(out, &options);
}

/* The retirement of the story's node, its logs cut at 3 and at 1. */
static struct statement
retirement(struct cut cuts[2])
{
    struct statement statement = {.type = STATEMENT_RETIRE,
        .is_node = true,
        .node = s.cert.keys.sign,
        .cuts = cuts,
        .cut_count = 2};

    memset(cuts, 0, 2 * sizeof(*cuts));
    for (uint8_t i = 0; i < 2; i++) {
        cuts[i].log.node = s.cert.keys.sign;
        cuts[i].log.kind = i;
        cuts[i].size = i == LOG_CONTROL ? 3 : 1;
        memset(cuts[i].root.bytes, 0xe0 + i, sizeof(cuts[i].root.bytes));
    }
    ck_assert_int_eq(
        statement_sign_retire(&statement, &s.corridor, &s.office), ERR_OK);
    return statement;
}

static void
make_retire(struct buf *out)
{
    struct cut cuts[2];
    struct statement statement = retirement(cuts);

    statement_encode(out, &statement);
}

/* The node that takes its place would have another certificate. */
static void
make_enrol(struct buf *out)
{
    struct cut cuts[2];
    struct statement statement = retirement(cuts);

    statement.type = STATEMENT_ENROL;
    statement.encoded_cert = buf_bytes(&s.member);
    statement.has_retired = true;
    statement_encode(out, &statement);
}

static void
make_roles(struct buf *out)
{
    statement_put_roles(out, &s.cert.office, ROLE_READ);
}

static struct seal_item
seal_item(void)
{
    struct seal_item item = {.node = s.cert.keys.sign};

    memset(item.boxed, 0xb0, sizeof(item.boxed));
    return item;
}

static void
make_circle(struct buf *out)
{
    const struct circle_name name = {
        .kind = CIRCLE_OFFICE, .office = s.cert.office};
    struct secret_key secret = bytes_32(0x35);
    struct secret_key former = bytes_32(0x33);
    struct seal_item item = seal_item();
    struct hash commitment = {{0}};
    struct public_key public = {{0}};
    uint8_t wrapped[SEAL_WRAPPED_BYTES];
    struct seal_wrap_place place = {
        &s.corridor, &s.cert.keys.sign, 0, 2, &commitment};
    struct circle_options options = {.circle = &name,
        .public = &public,
        .seals = &item,
        .seal_count = 1,
        .has_former = true,
        .former = {0, 2},
        .commitment = &commitment,
        .wrapped = wrapped};

    keys_box_public(&public, &secret);
    seal_commitment(&commitment, &former);
    seal_wrap(wrapped, &secret, &place, &former);
    statement_put_circle(out, &options);
}

static void
make_seals(struct buf *out)
{
    struct seal_item item = seal_item();

    statement_put_seals(out, (struct author_dot){0, 2}, &item, 1);
}

static void
make_pack(struct buf *out)
{
    struct hash hash = {{0}};

    memset(hash.bytes, 0x99, sizeof(hash.bytes));
    statement_put_pack(out, "mekong", 1, &hash);
}

static void
make_confirm(struct buf *out)
{
    statement_put_confirm(out, &s.cert.office);
}

static const struct {
    const char *name;
    void (*make)(struct buf *out);
    bool is_statement;
} examples[] = {{"control/found", make_found, true},
    {"control/corridor", make_corridor, false},
    {"control/admit", make_admit, true}, {"control/enrol", make_enrol, true},
    {"control/roles", make_roles, true}, {"control/retire", make_retire, true},
    {"control/circle", make_circle, true}, {"control/seals", make_seals, true},
    {"control/pack", make_pack, true}, {"control/confirm", make_confirm, true}};

enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]) };

START_TEST(the_code_makes_what_the_page_shows)
{
    struct buf made = {0};
    struct buf shown = {0};
    char hex[4096];

    examples[_i].make(&made);
    ck_assert_int_eq(buf_err(&made), ERR_OK);
    ck_assert_uint_lt(made.size * 2, sizeof(hex));
    hex_encode(hex, buf_bytes(&made));
    examples_get(examples[_i].name, &shown);
    ck_assert_msg(bytes_equal(buf_bytes(&made), buf_bytes(&shown)),
        "%s: the code makes %s", examples[_i].name, hex);
    buf_release(&made);
    buf_release(&shown);
}
END_TEST

START_TEST(what_the_page_shows_is_read)
{
    struct statement statement = {0};
    struct buf shown = {0};

    examples_get(examples[_i].name, &shown);
    if (examples[_i].is_statement) {
        ck_assert_int_eq(
            statement_decode(&statement, buf_bytes(&shown)), ERR_OK);
    }
    if (statement.has_signature) {
        ck_assert_int_eq(
            statement_verify_retire(&statement, &s.corridor, &s.cert.office),
            ERR_OK);
    }
    statement_release(&statement);
    buf_release(&shown);
}
END_TEST

START_TEST(every_example_of_the_page_is_tried)
{
    ck_assert_uint_eq(examples_count("control/"), EXAMPLES);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("examples of statements");
    TCase *tcase = tcase_create("examples of statements");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, the_code_makes_what_the_page_shows, 0, EXAMPLES);
    tcase_add_loop_test(tcase, what_the_page_shows_is_read, 0, EXAMPLES);
    tcase_add_test(tcase, every_example_of_the_page_is_tried);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
