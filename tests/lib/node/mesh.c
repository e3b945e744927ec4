/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/node/mesh.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "storage/disk.h"

static const char words[] = "a passphrase";

enum { CHUNK_BYTES = 64 * 1024 };

static uint64_t
now_ms(void *context)
{
    return ((struct mesh_node *)context)->mesh->now_ms;
}

/* Real, so that stores' times and invitations' agree. */
static uint64_t
wall_ms(void *context)
{
    (void)context;
    return node_wall_ms(NULL);
}

static void
draw(void *context, void *out, size_t size)
{
    prng_fill(&((struct mesh_node *)context)->mesh->prng, out, size);
}

static enum err
end_send(void *io, struct bytes bytes)
{
    struct mesh_end *end = io;

    if (end->is_cut) {
        return ERR_OK;
    }
    buf_put_bytes(&end->other->inbox, bytes);
    if (buf_err(&end->other->inbox) != ERR_OK) {
        end->other->inbox.rc = ERR_OK; /* a fault; nothing was put */
        return ERR_NOMEM;
    }
    return ERR_OK;
}

static void
end_pause(void *io, bool is_paused)
{
    ((struct mesh_end *)io)->is_paused = is_paused;
}

static void
end_close(void *io)
{
    struct mesh_end *end = io;

    ck_assert_ptr_nonnull(end->call);
    end->call = NULL;
}

static enum err
queue_work(void *context, struct engine_work *work)
{
    struct mesh_node *node = context;

    ck_assert_uint_lt(node->work_count, 64);
    node->works[node->work_count++] = work;
    return ERR_OK;
}

static void
wake(void *context)
{
    (void)context; /* the mesh polls */
}

static enum err
run_enrol(void *context, struct store *store, struct err_msg *msg)
{
    struct mesh_node *node = context;

    return node_enrol(store, buf_bytes(&node->cert), msg);
}

static void
on_report(void *context, const struct report *report)
{
    struct mesh_node *node = context;

    switch (report->type) {
    case REPORT_OPENED:
        node->opened++;
        break;
    case REPORT_SYNCED:
        node->synced++;
        break;
    case REPORT_CLOSED:
        node->closed++;
        node->reason = report->reason;
        if (report->owner != NULL) {
            ((struct mesh_end *)report->owner)->call = NULL;
        }
        break;
    case REPORT_COMMITTED:
        node->committed++;
        break;
    }
}

void
mesh_init(struct mesh *mesh)
{
    memset(mesh, 0, sizeof(*mesh));
    scratch_make(&mesh->scratch);
    mesh->prng = prng_init(prng_seed(1));
    mesh->now_ms = 1000000;
}

static void
close_node(struct mesh *mesh, struct mesh_node *node)
{
    if (node->engine != NULL) {
        engine_stop(node->engine);
        mesh_settle(mesh);
        ck_assert(engine_is_idle(node->engine));
        engine_free(node->engine);
        node->engine = NULL;
    }
    node_close(node->node);
    node->node = NULL;
}

void
mesh_release(struct mesh *mesh)
{
    for (size_t i = 0; i < mesh->node_count; i++) {
        close_node(mesh, &mesh->nodes[i]);
        buf_release(&mesh->nodes[i].cert);
    }
    for (size_t i = 0; i < mesh->end_count; i++) {
        buf_release(&mesh->ends[i].inbox);
    }
    scratch_remove(&mesh->scratch);
}

static void
path_of(char out[SCRATCH_PATH_BYTES], struct mesh *mesh, size_t index)
{
    char name[16];

    snprintf(name, sizeof(name), "node%zu", index);
    scratch_path(out, &mesh->scratch, name);
}

static void
open_node(struct mesh *mesh, struct mesh_node *node)
{
    char path[SCRATCH_PATH_BYTES];
    struct node_options options = {
        .home = path, .passphrase = bytes_text(words)};
    struct engine_ops ops = {.context = node,
        .now_ms = now_ms,
        .wall_ms = wall_ms,
        .random = draw,
        .send = end_send,
        .pause = end_pause,
        .close = end_close,
        .work = queue_work,
        .wake = wake,
        .report = on_report};
    struct engine_options engine = {.ops = &ops};
    struct err_msg msg = {{0}};

    path_of(path, mesh, node->index);
    ck_assert_msg(
        node_open(&node->node, &options, &msg) == ERR_OK, "%s", msg.text);
    engine.node = node->node;
    ck_assert_int_eq(engine_new(&node->engine, &engine), ERR_OK);
    if (node->node->store != NULL) {
        ck_assert_int_eq(engine_start(node->engine, NULL), ERR_OK);
    }
}

size_t
mesh_add(struct mesh *mesh, const char *office)
{
    struct mesh_node *node = &mesh->nodes[mesh->node_count];
    char path[SCRATCH_PATH_BYTES];
    struct home_options options = {.path = path,
        .office_name = office,
        .node_name = "server",
        .country = "",
        .type = "ministry",
        .passphrase = bytes_text(words),
        .is_cheap = true};

    ck_assert_uint_lt(mesh->node_count, MESH_NODES_MAX);
    node->mesh = mesh;
    node->index = mesh->node_count;
    path_of(path, mesh, node->index);
    ck_assert_int_eq(home_make(&options, NULL), ERR_OK);
    mesh->node_count++;
    open_node(mesh, node);
    return node->index;
}

void
mesh_found(struct mesh *mesh, size_t index)
{
    struct mesh_node *node = &mesh->nodes[index];
    struct err_msg msg = {{0}};
    enum err rc = node_found(
        node->node, "Mekong", POLICY_SHARE_BY_DEFAULT, bytes_text(words), &msg);

    ck_assert_msg(rc == ERR_OK, "%s", msg.text);
    ck_assert_int_eq(engine_start(node->engine, NULL), ERR_OK);
}

static enum err
put_invitation(void *context, struct store *store, struct err_msg *msg)
{
    const struct invitation *invitation = context;
    char name[INVITATION_NAME_CHARS + 1];
    struct hash hash;
    struct buf note = {0};
    enum err rc = invitation_encode(&note, invitation);

    invitation_hash(&hash, &invitation->secret);
    invitation_name(name, &hash);
    if (rc == ERR_OK) {
        rc = store_put_note(store, bytes_text(name), buf_bytes(&note), msg);
    }
    buf_release(&note);
    return rc;
}

void
mesh_invite(struct mesh *mesh, size_t node, const char *code,
    uint64_t expires_ms, struct invitation *out)
{
    memset(out, 0, sizeof(*out));
    prng_fill(&mesh->prng, out->secret.bytes, sizeof(out->secret.bytes));
    out->roles = mesh->roles != 0 ? mesh->roles : ROLE_READ | ROLE_WRITE;
    out->expires_ms = expires_ms;
    snprintf(out->code, sizeof(out->code), "%s", code);
    ck_assert_int_eq(
        node_write(mesh->nodes[node].node, put_invitation, out, NULL), ERR_OK);
}

void
mesh_prepare_join(struct mesh *mesh, size_t joiner, size_t host)
{
    struct mesh_node *node = &mesh->nodes[joiner];

    node->node->home.corridor = mesh->nodes[host].node->home.corridor;
    node->node->home.has_corridor = true;
    snprintf(node->node->home.corridor_name,
        sizeof(node->node->home.corridor_name), "Mekong");
    node->faults = (struct env_faults){.writes_left = -1, .commits_left = -1};
    node->node->env.faults = &node->faults;
    ck_assert_int_eq(node_open_new_store(node->node, false, NULL), ERR_OK);
    ck_assert_int_eq(home_save(&node->node->home, NULL), ERR_OK);
    buf_clear(&node->cert);
    ck_assert_int_eq(node_certify(node->node, &node->node->home.corridor,
                         bytes_text(words), &node->cert, NULL),
        ERR_OK);
    node->wants_enrol = true;
    ck_assert_int_eq(engine_start(node->engine, NULL), ERR_OK);
}

static struct mesh_end *
new_end(struct mesh *mesh, size_t node)
{
    struct mesh_end *end = &mesh->ends[mesh->end_count];

    ck_assert_uint_lt(mesh->end_count, MESH_ENDS_MAX);
    mesh->end_count++;
    memset(end, 0, sizeof(*end));
    end->mesh = mesh;
    end->node = node;
    return end;
}

/* The listener's end, and the other. */
static struct mesh_end *
connect_to(struct mesh *mesh, size_t from, size_t to)
{
    struct mesh_end *dialler = new_end(mesh, from);
    struct mesh_end *listener = new_end(mesh, to);
    struct engine_call options = {.io = listener, .owner = listener};

    dialler->other = listener;
    listener->other = dialler;
    if (engine_open(mesh->nodes[to].engine, &options, &listener->call) !=
        ERR_OK) {
        listener->call = NULL;
    }
    return dialler;
}

struct mesh_end *
mesh_dial_raw(struct mesh *mesh, size_t to)
{
    return connect_to(mesh, to, to);
}

static struct mesh_end *
dial(struct mesh *mesh, size_t from, size_t to, struct engine_call *options)
{
    struct mesh_end *end = connect_to(mesh, from, to);
    struct node_public keys;
    enum err rc = ERR_OK;

    node_secrets_public(&keys, mesh->nodes[to].node->secrets);
    options->is_dialler = true;
    options->peer = keys.sign;
    options->peer_noise = keys.noise;
    options->io = end;
    options->owner = end;
    rc = engine_open(mesh->nodes[from].engine, options, &end->call);
    if (rc != ERR_OK) {
        end->call = NULL;
    }
    return end;
}

struct mesh_end *
mesh_join(struct mesh *mesh, size_t joiner, size_t host,
    const struct invitation *invitation)
{
    struct engine_call options = {.is_join = true,
        .psk = &invitation->secret,
        .cert = buf_bytes(&mesh->nodes[joiner].cert)};

    return dial(mesh, joiner, host, &options);
}

struct mesh_end *
mesh_dial(struct mesh *mesh, size_t from, size_t to, bool once)
{
    struct engine_call options = {.once = once};

    return dial(mesh, from, to, &options);
}

void
mesh_admit(struct mesh *mesh, size_t joiner, size_t host)
{
    struct invitation invitation;
    struct mesh_end *end = NULL;
    size_t before = mesh->nodes[joiner].synced;

    mesh_invite(mesh, host, "", node_wall_ms(NULL) + 3600000, &invitation);
    mesh_prepare_join(mesh, joiner, host);
    end = mesh_join(mesh, joiner, host, &invitation);
    mesh_settle(mesh);
    ck_assert(!mesh->nodes[joiner].wants_enrol);
    ck_assert_uint_gt(mesh->nodes[joiner].synced, before);
    ck_assert_ptr_nonnull(end->call);
    engine_hang_up(end->call, BYE_DONE);
    mesh_settle(mesh);
}

void
mesh_cut(struct mesh_end *end, bool is_seen)
{
    struct mesh_end *ends[2] = {end, end->other};

    for (size_t i = 0; i < 2; i++) {
        struct call *call = ends[i]->call;
        ends[i]->is_cut = true;
        buf_clear(&ends[i]->inbox);
        if (is_seen && call != NULL) {
            ends[i]->call = NULL;
            engine_cut(call);
        }
    }
}

/* What to write. */
struct licence {
    const struct schema_kind *kind;
    unsigned number;
};

/* A new agency with a licence number. */
static enum err
write_agency(void *context, struct store *store, struct err_msg *msg)
{
    const struct licence *licence = context;
    struct buf text = {0};
    struct edit_result result;
    struct change_op op = {.action = ACTION_SET, .has_value = true};
    struct edit edit = {.is_new = true, .ops = &op, .op_count = 1};
    char digits[64];
    enum err rc = ERR_OK;

    edit.kind = licence->kind->number;
    op.field =
        schema_field_by_name(licence->kind, bytes_text("licence_no"))->number;
    snprintf(digits, sizeof(digits), "L-%u", licence->number);
    cbor_put_array(&text, 2);
    cbor_put_cstr(&text, digits);
    cbor_put_null(&text);
    op.value = buf_bytes(&text);
    rc = store_edit(store, &edit, &result, msg);
    buf_release(&text);
    return rc;
}

enum err
mesh_try_write(struct mesh *mesh, size_t node)
{
    struct node *at = mesh->nodes[node].node;
    struct licence licence = {
        .kind = schema_kind_by_name(at->schema, bytes_text("agency")),
        .number = (unsigned)prng_below(&mesh->prng, 1000000)};

    return node_write(at, write_agency, &licence, NULL);
}

void
mesh_write(struct mesh *mesh, size_t node, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        enum err rc = mesh_try_write(mesh, node);

        ck_assert_msg(rc == ERR_OK, "%s", err_text(rc));
    }
}

struct digest_result
mesh_digest(struct mesh *mesh, size_t node)
{
    struct digest_result result;
    struct view *view = NULL;

    ck_assert_int_eq(
        view_open(&view, mesh->nodes[node].node->store, NULL), ERR_OK);
    ck_assert_int_eq(view_digest(view, &result, NULL), ERR_OK);
    view_close(view);
    return result;
}

/* Pass on what waits at one end. */
static bool
deliver(struct mesh_end *end)
{
    struct buf taken = {0};
    size_t size = end->inbox.size < CHUNK_BYTES ? end->inbox.size : CHUNK_BYTES;

    if (end->call == NULL || end->is_paused) {
        return false;
    }
    if (size == 0) {
        if (end->other->call != NULL || end->is_cut ||
            end->other->node == end->node) {
            return false;
        }
        /* The other side has closed. */
        struct call *call = end->call;
        end->call = NULL;
        engine_cut(call);
        return true;
    }
    buf_put(&taken, end->inbox.data, size);
    if (buf_err(&taken) != ERR_OK) {
        buf_release(&taken);
        return true; /* a fault: later */
    }
    memmove(end->inbox.data, end->inbox.data + size, end->inbox.size - size);
    buf_truncate(&end->inbox, end->inbox.size - size);
    end->received += size;
    engine_receive(end->call, buf_bytes(&taken));
    buf_release(&taken);
    return true;
}

static bool
run_works(struct mesh_node *node)
{
    struct engine_work *work = NULL;

    if (node->work_count == 0) {
        return false;
    }
    work = node->works[0];
    node->work_count--;
    memmove(node->works, node->works + 1,
        node->work_count * sizeof(node->works[0]));
    work->run(work);
    work->done(work);
    return true;
}

static void
try_enrol(struct mesh_node *node)
{
    enum err rc = ERR_OK;

    if (!node->wants_enrol || node->node->writer == NULL) {
        return;
    }
    rc = node_write(node->node, run_enrol, node, NULL);
    ck_assert(rc == ERR_OK || rc == ERR_NOT_FOUND || rc == ERR_EXISTS);
    node->wants_enrol = rc == ERR_NOT_FOUND;
}

/* One round; false when nothing happened. */
static bool
turn(struct mesh *mesh)
{
    bool has_moved = false;

    for (size_t i = 0; i < mesh->end_count; i++) {
        has_moved = deliver(&mesh->ends[i]) || has_moved;
    }
    for (size_t i = 0; i < mesh->node_count; i++) {
        struct mesh_node *node = &mesh->nodes[i];
        size_t before = node->committed;

        if (node->engine == NULL) {
            continue;
        }
        has_moved = run_works(node) || has_moved;
        if (node->node->writer != NULL) {
            writer_drain(node->node->writer);
        }
        engine_poll(node->engine);
        if (node->committed != before) {
            has_moved = true;
            try_enrol(node);
        }
        if (engine_wake_ms(node->engine) <= mesh->now_ms) {
            engine_tick(node->engine);
            has_moved = true;
        }
    }
    ck_assert_uint_lt(mesh->steps++, MESH_STEPS_MAX);
    return has_moved;
}

void
mesh_settle(struct mesh *mesh)
{
    size_t quiet = 0;

    /* Answers of works and jobs come a turn later. */
    while (quiet < 4) {
        quiet = turn(mesh) ? 0 : quiet + 1;
    }
}

void
mesh_pass(struct mesh *mesh, uint64_t ms)
{
    uint64_t end_ms = mesh->now_ms + ms;

    for (;;) {
        uint64_t next_ms = end_ms;

        mesh_settle(mesh);
        if (mesh->now_ms == end_ms) {
            return;
        }
        for (size_t i = 0; i < mesh->node_count; i++) {
            if (mesh->nodes[i].engine != NULL) {
                next_ms =
                    num_min_u64(next_ms, engine_wake_ms(mesh->nodes[i].engine));
            }
        }
        mesh->now_ms = num_max_u64(next_ms, mesh->now_ms + 1);
        mesh->now_ms = num_min_u64(mesh->now_ms, end_ms);
    }
}

void
mesh_restart(struct mesh *mesh, size_t index)
{
    struct mesh_node *node = &mesh->nodes[index];

    close_node(mesh, node);
    open_node(mesh, node);
}

/* The files of a folder, without those in its folders. */
static void
copy_files(const char *from, const char *to)
{
    DIR *dir = opendir(from);
    struct dirent *entry = NULL;

    ck_assert_ptr_nonnull(dir);
    ck_assert_int_eq(disk_make_dir(to, NULL), ERR_OK);
    while ((entry = readdir(dir)) != NULL) {
        char source[2 * SCRATCH_PATH_BYTES];
        char target[2 * SCRATCH_PATH_BYTES];
        struct buf bytes = {.limit = SIZE_MAX};

        struct stat stat_of;

        snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
        snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
        ck_assert_int_eq(stat(source, &stat_of), 0);
        if (!S_ISREG(stat_of.st_mode)) {
            continue;
        }
        ck_assert_int_eq(disk_read(&bytes, source, SIZE_MAX, NULL), ERR_OK);
        ck_assert_int_eq(
            disk_write(target, buf_bytes(&bytes), true, NULL), ERR_OK);
        buf_release(&bytes);
    }
    closedir(dir);
}

size_t
mesh_copy(struct mesh *mesh, size_t index)
{
    struct mesh_node *copy = &mesh->nodes[mesh->node_count];
    char from[SCRATCH_PATH_BYTES];
    char to[SCRATCH_PATH_BYTES];
    char data_from[SCRATCH_PATH_BYTES + 8];
    char data_to[SCRATCH_PATH_BYTES + 8];

    ck_assert_uint_lt(mesh->node_count, MESH_NODES_MAX);
    copy->mesh = mesh;
    copy->index = mesh->node_count;
    close_node(mesh, &mesh->nodes[index]);
    path_of(from, mesh, index);
    path_of(to, mesh, copy->index);
    copy_files(from, to);
    snprintf(data_from, sizeof(data_from), "%s/data", from);
    snprintf(data_to, sizeof(data_to), "%s/data", to);
    copy_files(data_from, data_to);
    mesh->node_count++;
    open_node(mesh, &mesh->nodes[index]);
    open_node(mesh, copy);
    return copy->index;
}
