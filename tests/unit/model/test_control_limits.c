/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "sync/model/control.h"
#include "tests/lib/model/world.h"
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

START_TEST(roles_end_at_31)
{
    for (unsigned roles = 0; roles <= 40; roles++) {
        struct buf buf = {0};

        cbor_put_array(&buf, 4);
        cbor_put_uint(&buf, STATEMENT_ROLES);
        cbor_put_bytes(&buf, bytes_of(fixture.world.offices[1].bytes, 32));
        cbor_put_uint(&buf, roles);
        cbor_put_array(&buf, 0);
        ck_assert_int_eq(
            decode_err(&buf), roles <= ROLE_ALL ? ERR_OK : ERR_MALFORMED);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(cuts_end_at_their_limit)
{
    static const struct {
        size_t count;
        enum err expected;
    } rows[] = {{0, ERR_OK}, {CUTS_MAX - 1, ERR_OK}, {CUTS_MAX, ERR_OK},
        {CUTS_MAX + 1, ERR_TOO_BIG}};

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct buf buf = {0};

        cbor_put_array(&buf, 4);
        cbor_put_uint(&buf, STATEMENT_ROLES);
        cbor_put_bytes(&buf, bytes_of(fixture.world.offices[1].bytes, 32));
        cbor_put_uint(&buf, 0);
        cbor_put_array(&buf, rows[row].count);
        for (size_t i = 0; i < rows[row].count; i++) {
            uint8_t id[LOG_ID_BYTES] = {0};

            id[0] = (uint8_t)i;
            cbor_put_array(&buf, 3);
            cbor_put_bytes(&buf, bytes_of(id, sizeof(id)));
            cbor_put_uint(&buf, i);
            cbor_put_bytes(&buf, bytes_of(id, 32));
        }
        ck_assert_int_eq(decode_err(&buf), rows[row].expected);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(seals_end_at_their_limit)
{
    static const struct {
        size_t count;
        enum err expected;
    } rows[] = {{0, ERR_OK}, {SEALS_MAX - 1, ERR_OK}, {SEALS_MAX, ERR_OK},
        {SEALS_MAX + 1, ERR_TOO_BIG}};

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct buf buf = {0};

        cbor_put_array(&buf, 4);
        cbor_put_uint(&buf, STATEMENT_SEALS);
        cbor_put_uint(&buf, 1);
        cbor_put_uint(&buf, 2);
        cbor_put_array(&buf, rows[row].count);
        for (size_t i = 0; i < rows[row].count; i++) {
            uint8_t box[SEAL_BOXED_BYTES] = {0};

            box[0] = (uint8_t)(i >> 8);
            box[1] = (uint8_t)i;
            cbor_put_array(&buf, 2);
            cbor_put_bytes(&buf, bytes_of(box, 32));
            cbor_put_bytes(&buf, bytes_of(box, sizeof(box)));
        }
        ck_assert_int_eq(decode_err(&buf), rows[row].expected);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(names_of_circles_end_at_128_bytes)
{
    static const struct {
        size_t size;
        enum err expected;
    } rows[] = {{0, ERR_MALFORMED}, {1, ERR_OK}, {127, ERR_OK}, {128, ERR_OK},
        {129, ERR_TOO_BIG}};
    const struct public_key *public = &fixture.world.nodes[0].cert.keys.seal;
    char name[CORRIDOR_NAME_BYTES_MAX + 1];

    memset(name, 'n', sizeof(name));
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct buf buf = {0};

        cbor_put_array(&buf, 5);
        cbor_put_uint(&buf, STATEMENT_CIRCLE);
        cbor_put_array(&buf, 2);
        cbor_put_uint(&buf, CIRCLE_NAMED);
        cbor_put_text(&buf, bytes_of(name, rows[row].size));
        cbor_put_bytes(&buf, bytes_of(public->bytes, 32));
        cbor_put_array(&buf, 0);
        cbor_put_null(&buf);
        ck_assert_int_eq(decode_err(&buf), rows[row].expected);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(pack_names_are_32_plain_characters)
{
    static const struct {
        const char *name;
        enum err expected;
    } rows[] = {{"", ERR_MALFORMED}, {"a", ERR_OK}, {"Az09_-.", ERR_OK},
        {"a b", ERR_MALFORMED}, {"a/b", ERR_MALFORMED},
        {"\xc3\xa9", ERR_MALFORMED},
        {"abcdefghijklmnopqrstuvwxyzabcdef", ERR_OK},
        {"abcdefghijklmnopqrstuvwxyzabcdefg", ERR_MALFORMED}};

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct buf buf = {0};

        cbor_put_array(&buf, 4);
        cbor_put_uint(&buf, STATEMENT_PACK);
        cbor_put_cstr(&buf, rows[row].name);
        cbor_put_uint(&buf, 1);
        cbor_put_bytes(&buf, bytes_of(fixture.world.offices[1].bytes, 32));
        ck_assert_msg(
            decode_err(&buf) == rows[row].expected, "%s", rows[row].name);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(a_circles_public_half_must_be_usable)
{
    struct buf buf = {0};

    cbor_put_array(&buf, 5);
    cbor_put_uint(&buf, STATEMENT_CIRCLE);
    cbor_put_array(&buf, 1);
    cbor_put_uint(&buf, CIRCLE_EVERYONE);
    cbor_put_bytes(&buf, bytes_of((uint8_t[32]){0}, 32));
    cbor_put_array(&buf, 0);
    cbor_put_null(&buf);
    ck_assert_int_eq(decode_err(&buf), ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

/* A founding statement as a hostile founder could write it. */
struct forged {
    const char *label;
    size_t items;
    uint64_t policy;
    unsigned count;
    bool has_corridor; /* its certificates are of a corridor */
    unsigned first;    /* node of the first founder */
    unsigned signer;   /* office added to each founder's own */
    size_t signatures; /* fewer or more */
};

static void
put_forged_founding(
    struct buf *out, const struct forged *forged, const unsigned *nodes)
{
    uint8_t nonce[32] = {1};

    cbor_put_array(out, forged->items);
    cbor_put_cstr(out, forged->label);
    cbor_put_bytes(out, bytes_of(nonce, 32));
    cbor_put_cstr(out, "Forged");
    cbor_put_uint(out, forged->policy);
    cbor_put_array(out, forged->count);
    for (unsigned i = 0; i < forged->count; i++) {
        struct buf cert = {0};

        memset(fixture.world.corridor.bytes, forged->has_corridor, 32);
        put_cert(&cert, nodes[i]);
        cbor_put_array(out, 2);
        cbor_put_bytes(out, buf_bytes(&cert));
        cbor_put_bool(out, false);
        buf_release(&cert);
    }
    if (forged->items > 5) {
        cbor_put_null(out);
    }
}

static enum err
forged_err(const struct forged *forged, const unsigned *nodes)
{
    struct buf founding = {0};
    struct buf buf = {0};
    enum err rc = ERR_OK;

    put_forged_founding(&founding, forged, nodes);
    cbor_put_array(&buf, 3);
    cbor_put_uint(&buf, STATEMENT_FOUND);
    cbor_put_bytes(&buf, buf_bytes(&founding));
    cbor_put_array(&buf, forged->signatures);
    for (unsigned i = 0; i < forged->signatures; i++) {
        struct signature signature = {{0}};
        unsigned office =
            i < forged->count ? fixture.world.nodes[nodes[i]].office : 0;

        keys_sign(&signature,
            &fixture.world.office_keys[office + forged->signer],
            buf_bytes(&founding));
        cbor_put_bytes(&buf, bytes_of(signature.bytes, 64));
    }
    rc = decode_err(&buf);
    buf_release(&founding);
    buf_release(&buf);
    return rc;
}

START_TEST(founding_statements_are_checked)
{
    unsigned nodes[FOUNDERS_MAX + 1];
    struct forged good = {
        .label = "corridor/found/1", .items = 5, .count = 2, .signatures = 2};
    struct forged bad = good;

    for (unsigned i = 0; i <= FOUNDERS_MAX; i++) {
        nodes[i] = world_node(&fixture.world, 2 + i);
    }
    ck_assert_int_eq(forged_err(&good, nodes), ERR_OK);
    bad.label = "corridor/found/2";
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_VERSION);
    bad.items = 6;
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_VERSION);
    bad.label = good.label;
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_MALFORMED);
    bad = good;
    bad.policy = POLICY_SHARE_BY_DEFAULT;
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_OK);
    bad.policy = 2;
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_VERSION);
    bad = good;
    bad.has_corridor = true;
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_MALFORMED);
    bad = good;
    bad.signer = 1;
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_BAD_SIGNATURE);
    bad = good;
    bad.signatures = 1;
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_MALFORMED);
    bad.signatures = 3;
    ck_assert_int_eq(forged_err(&bad, nodes), ERR_MALFORMED);
}
END_TEST

START_TEST(there_are_1_to_16_founders)
{
    static const struct {
        unsigned count;
        enum err expected;
    } rows[] = {{0, ERR_MALFORMED}, {1, ERR_OK}, {FOUNDERS_MAX - 1, ERR_OK},
        {FOUNDERS_MAX, ERR_OK}, {FOUNDERS_MAX + 1, ERR_TOO_BIG}};
    unsigned nodes[FOUNDERS_MAX + 1];

    for (unsigned i = 0; i <= FOUNDERS_MAX; i++) {
        nodes[i] = world_node(&fixture.world, 2 + i);
    }
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct forged forged = {.label = "corridor/found/1",
            .items = 5,
            .count = rows[row].count,
            .signatures = rows[row].count};

        ck_assert_int_eq(forged_err(&forged, nodes), rows[row].expected);
    }
}
END_TEST

START_TEST(founders_share_no_key)
{
    struct forged forged = {
        .label = "corridor/found/1", .items = 5, .count = 2, .signatures = 2};
    unsigned a = world_node(&fixture.world, 2);
    unsigned b = world_node(&fixture.world, 3);
    unsigned same_office = world_node(&fixture.world, 2);

    ck_assert_int_eq(forged_err(&forged, (unsigned[]){a, b}), ERR_OK);
    ck_assert_int_eq(
        forged_err(&forged, (unsigned[]){a, same_office}), ERR_MALFORMED);
    fixture.world.nodes[b].cert.keys.clock =
        fixture.world.nodes[a].cert.keys.noise;
    ck_assert_int_eq(forged_err(&forged, (unsigned[]){a, b}), ERR_MALFORMED);
}
END_TEST

START_TEST(only_the_founder_can_found)
{
    struct found_options options = {.name = "Corridor",
        .cert = buf_bytes(&fixture.founder),
        .office = &fixture.world.office_keys[1]};
    struct buf buf = {0};

    ck_assert_int_eq(statement_put_found(&buf, &options), ERR_DENIED);
    options.office = &fixture.world.office_keys[0];
    options.cert.size--;
    ck_assert_int_eq(statement_put_found(&buf, &options), ERR_MALFORMED);
    options.cert = buf_bytes(&fixture.member);
    options.office = &fixture.world.office_keys[1];
    ck_assert_int_eq(statement_put_found(&buf, &options), ERR_MALFORMED);
    ck_assert_uint_eq(buf.size, 0);
    buf_release(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control_limits");
    TCase *tcase = tcase_create("control_limits");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, roles_end_at_31);
    tcase_add_test(tcase, cuts_end_at_their_limit);
    tcase_add_test(tcase, seals_end_at_their_limit);
    tcase_add_test(tcase, names_of_circles_end_at_128_bytes);
    tcase_add_test(tcase, pack_names_are_32_plain_characters);
    tcase_add_test(tcase, a_circles_public_half_must_be_usable);
    tcase_add_test(tcase, founding_statements_are_checked);
    tcase_add_test(tcase, there_are_1_to_16_founders);
    tcase_add_test(tcase, founders_share_no_key);
    tcase_add_test(tcase, only_the_founder_can_found);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
