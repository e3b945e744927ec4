/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/storage/corridor_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "sync/packs/packs.h"

enum { SEED = 0x5107A6E, BATCH_BYTES = 1 << 20, STEP_MS = 7 };

#define START_MS UINT64_C(1790000000000)

#define EXPECT_OK(f, rc) \
    ck_assert_msg((rc) == ERR_OK, "%s: %s", err_text(rc), (f)->msg.text)

static void
draw(void *context, void *out, size_t size)
{
    struct corridor_fixture *f = context;

    prng_fill(&f->prng, out, size);
}

static void
make_secrets(struct corridor_fixture *f, struct fixture_office *office)
{
    struct public_key public;
    struct node_public node;

    draw(f, &office->key, sizeof(office->key));
    draw(f, &office->secrets, sizeof(office->secrets));
    keys_sign_public(&public, &office->key);
    memcpy(office->id.bytes, public.bytes, sizeof(office->id.bytes));
    node_secrets_public(&node, &office->secrets);
    office->node = node.sign;
}

/* A certificate for this corridor; in the founding one it is zero. */
static void
make_cert(struct corridor_fixture *f, size_t n)
{
    struct fixture_office *office = &f->offices[n];
    struct cert cert = {.corridor = f->corridor,
        .office = office->id,
        .country = "LA",
        .type = "labour_section",
        .time_ms = START_MS};

    node_secrets_public(&cert.keys, &office->secrets);
    snprintf(cert.office_name, sizeof(cert.office_name), "Office %zu", n);
    snprintf(cert.node_name, sizeof(cert.node_name), "Node %zu", n);
    buf_clear(&office->cert);
    ck_assert_int_eq(
        cert_encode(&office->cert, &cert, &office->key, &office->secrets.sign),
        ERR_OK);
}

struct store_options
fixture_store_options(struct corridor_fixture *f, size_t n)
{
    struct fixture_office *office = &f->offices[n];
    struct store_options options = {
        .dir = office->dir,
        .corridor = f->corridor,
        .secrets = &office->secrets,
        .office = office->id,
        .schema = f->schema,
        .dictionary_id = PACK_DICTIONARY_MEKONG,
        .dictionary = *pack_dictionary(PACK_DICTIONARY_MEKONG),
        .random = draw,
        .random_context = f,
        .env = {.map_bytes = office->map_bytes,
            .faults = &office->faults,
            .without_reserve = true},
    };

    return options;
}

void
fixture_open(struct corridor_fixture *f, size_t n)
{
    struct store_options options = fixture_store_options(f, n);
    enum err rc = ERR_OK;

    ck_assert_ptr_null(f->offices[n].store);
    rc = store_open(&f->offices[n].store, &options, &f->msg);
    EXPECT_OK(f, rc);
}

void
fixture_close(struct corridor_fixture *f, size_t n)
{
    store_close(f->offices[n].store);
    f->offices[n].store = NULL;
}

void
fixture_begin(struct corridor_fixture *f, size_t n)
{
    enum err rc = ERR_OK;

    f->wall_ms += STEP_MS;
    rc = store_begin(f->offices[n].store, f->wall_ms, &f->msg);
    EXPECT_OK(f, rc);
}

void
fixture_commit(struct corridor_fixture *f, size_t n)
{
    enum err rc = store_commit(f->offices[n].store, &f->msg);

    EXPECT_OK(f, rc);
}

/* The corridor's name is the hash of what founds it. */
static void
make_founding(struct corridor_fixture *f, uint64_t policy, struct buf *out)
{
    struct fixture_office *office = &f->offices[0];
    struct statement statement = {0};
    struct found_options options = {
        .name = "A corridor", .policy = policy, .office = &office->key};

    make_cert(f, 0);
    options.cert = buf_bytes(&office->cert);
    draw(f, &options.nonce, sizeof(options.nonce));
    ck_assert_int_eq(statement_put_found(out, &options), ERR_OK);
    ck_assert_int_eq(statement_decode(&statement, buf_bytes(out)), ERR_OK);
    statement_corridor_id(&f->corridor, statement.founding);
    statement_release(&statement);
}

static void
found(struct corridor_fixture *f, uint64_t policy)
{
    struct buf founding = {0};
    struct store_found options = {.pack_name = "mekong", .pack_version = 1};
    enum err rc = ERR_OK;

    make_founding(f, policy, &founding);
    hash_sha256(&options.pack_hash, *pack_text("mekong"));
    fixture_open(f, 0);
    fixture_begin(f, 0);
    options.founding_statement = buf_bytes(&founding);
    rc = store_found(f->offices[0].store, &options, &f->msg);
    EXPECT_OK(f, rc);
    fixture_commit(f, 0);
    buf_release(&founding);
}

void
fixture_admit(struct corridor_fixture *f, size_t n, uint8_t roles)
{
    struct fixture_office *office = &f->offices[n];
    struct store_admit admit = {
        .cert = buf_bytes(&office->cert), .roles = roles, .confirmed = true};
    struct fixture_pump down = {.from = 0, .to = n};
    struct fixture_pump up = {.from = n, .to = 0};
    enum err rc = ERR_OK;

    fixture_begin(f, 0);
    rc = store_admit(f->offices[0].store, &admit, &f->msg);
    EXPECT_OK(f, rc);
    fixture_commit(f, 0);
    if (office->store == NULL) {
        fixture_open(f, n);
    }
    fixture_pump(f, &down);
    fixture_begin(f, n);
    rc = store_enrol(office->store, buf_bytes(&office->cert), &f->msg);
    EXPECT_OK(f, rc);
    fixture_commit(f, n);
    fixture_pump(f, &up);
}

void
fixture_roles(struct corridor_fixture *f, size_t n, uint8_t roles)
{
    struct buf body = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    statement_put_roles(&body, &f->offices[n].id, roles);
    fixture_begin(f, 0);
    rc = store_state(f->offices[0].store, buf_bytes(&body), &dot, &f->msg);
    EXPECT_OK(f, rc);
    fixture_commit(f, 0);
    buf_release(&body);
}

void
fixture_make(struct corridor_fixture *f, const struct fixture_options *options)
{
    uint64_t seed = prng_seed(options->seed != 0 ? options->seed : SEED);
    uint32_t line = 0;

    memset(f, 0, sizeof(*f));
    ck_assert_uint_le(options->offices, FIXTURE_OFFICES_MAX);
    f->prng = prng_init(seed);
    f->wall_ms = START_MS;
    f->count = options->offices;
    scratch_make(&f->scratch);
    ck_assert_int_eq(
        schema_parse(*pack_text("mekong"), &f->schema, &line), ERR_OK);
    for (size_t n = 0; n < f->count; n++) {
        char name[32];

        snprintf(name, sizeof(name), "office-%zu", n);
        scratch_path(f->offices[n].dir, &f->scratch, name);
        f->offices[n].faults =
            (struct env_faults){.writes_left = -1, .commits_left = -1};
        f->offices[n].map_bytes = options->map_bytes;
        make_secrets(f, &f->offices[n]);
    }
    found(f, options->policy);
    for (size_t n = 1; n < f->count; n++) {
        make_cert(f, n);
        if (!options->only_first) {
            fixture_admit(f, n, ROLE_WRITE | ROLE_READ);
        }
    }
    if (!options->only_first) {
        fixture_sync(f);
    }
}

void
fixture_release(struct corridor_fixture *f)
{
    for (size_t n = 0; n < f->count; n++) {
        fixture_close(f, n);
        buf_release(&f->offices[n].cert);
    }
    schema_free(f->schema);
    scratch_remove(&f->scratch);
}

static struct view *
open_view(struct corridor_fixture *f, size_t n)
{
    struct view *view = NULL;
    enum err rc = view_open(&view, f->offices[n].store, &f->msg);

    EXPECT_OK(f, rc);
    return view;
}

uint64_t
fixture_batch(struct corridor_fixture *f, size_t n,
    const struct view_range *range, struct buf *out)
{
    struct view *view = open_view(f, n);
    uint64_t to = range->from;
    enum err rc = view_batch(view, range, out, &to, &f->msg);

    EXPECT_OK(f, rc);
    view_close(view);
    return to;
}

/* How much of a log office n says that it holds. */
static uint64_t
told(struct corridor_fixture *f, size_t n, const struct log_id *id)
{
    struct view *view = open_view(f, n);
    uint32_t log = 0;
    uint64_t size = 0;

    if (log_table_find(view_logs(view), id, &log)) {
        struct view_log found = {0};

        ck_assert_int_eq(view_log(view, log, &found), ERR_OK);
        size = found.told;
    }
    view_close(view);
    return size;
}

/* Does office `to` hold bodies, by what office `from` knows? */
static bool
takes_bodies(struct corridor_fixture *f, size_t from, size_t to)
{
    struct view *view = open_view(f, from);
    bool takes = view_takes_bodies(view, &f->offices[to].node);

    view_close(view);
    return takes;
}

static size_t
pump_log(struct corridor_fixture *f, const struct fixture_pump *p,
    const struct log_id *id)
{
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    size_t count = 0;

    for (;;) {
        struct accept_result result = {0};
        struct view_range range = {.log = id,
            .from = told(f, p->to, id),
            .bytes_max = p->bytes_max == 0 ? BATCH_BYTES : p->bytes_max,
            .without_bodies =
                p->without_bodies || !takes_bodies(f, p->from, p->to)};
        enum err rc = ERR_OK;

        buf_clear(&batch);
        if (fixture_batch(f, p->from, &range, &batch) == range.from) {
            break;
        }
        fixture_begin(f, p->to);
        rc = store_accept(
            f->offices[p->to].store, buf_bytes(&batch), &result, &f->msg);
        /* Its author's admission comes with another log; or the sender does
         * not know that the receiver is due bodies, or that it takes no more
         * of a log that is forked. */
        if (rc == ERR_GAP || rc == ERR_DENIED || rc == ERR_FORK) {
            store_abort(f->offices[p->to].store);
            break;
        }
        EXPECT_OK(f, rc);
        fixture_commit(f, p->to);
        count += result.accepted + result.filled;
    }
    buf_release(&batch);
    return count;
}

size_t
fixture_pump(struct corridor_fixture *f, const struct fixture_pump *p)
{
    struct view *view = open_view(f, p->from);
    size_t count = 0;
    size_t log_count = 0;
    const struct log_id *ids = view_order(view, &log_count);

    for (size_t i = 0; i < log_count; i++) {
        count += pump_log(f, p, &ids[i]);
    }
    view_close(view);
    return count;
}

void
fixture_sync(struct corridor_fixture *f)
{
    size_t count = 1;

    while (count > 0) {
        count = 0;
        for (size_t a = 0; a < f->count; a++) {
            for (size_t b = 0; b < f->count; b++) {
                struct fixture_pump pump = {.from = a, .to = b};
                if (a != b && f->offices[a].store != NULL &&
                    f->offices[b].store != NULL) {
                    count += fixture_pump(f, &pump);
                }
            }
        }
    }
}

struct digest_result
fixture_digest(struct corridor_fixture *f, size_t n)
{
    struct view *view = open_view(f, n);
    struct digest_result result = {0};
    enum err rc = view_digest(view, &result, &f->msg);

    EXPECT_OK(f, rc);
    view_close(view);
    return result;
}

void
fixture_expect_same(struct corridor_fixture *f, size_t a, size_t b)
{
    struct digest_result x = fixture_digest(f, a);
    struct digest_result y = fixture_digest(f, b);

    ck_assert_uint_eq(x.records, y.records);
    ck_assert_mem_eq(x.digest.bytes, y.digest.bytes, sizeof(x.digest.bytes));
}

static void
print_finding(void *context, const char *sentence)
{
    (void)context;
    fprintf(stderr, "finding: %s\n", sentence);
}

uint64_t
fixture_verify(struct corridor_fixture *f, size_t n, bool expected_clean)
{
    struct verify_sink sink = {
        .finding = expected_clean ? print_finding : NULL};
    struct verify_report report = {0};
    enum err rc = store_verify(f->offices[n].store, &sink, &report, &f->msg);

    EXPECT_OK(f, rc);
    if (expected_clean) {
        ck_assert_uint_eq(report.findings, 0);
    }
    return report.findings;
}

struct view_stat
fixture_stat(struct corridor_fixture *f, size_t n)
{
    struct view *view = open_view(f, n);
    struct view_stat stat = {0};

    ck_assert_int_eq(view_stat(view, &stat, &f->msg), ERR_OK);
    view_close(view);
    return stat;
}
