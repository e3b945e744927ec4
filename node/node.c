/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/disk.h"
#include "sync/packs/packs.h"

static const char pack_name[] = "mekong";

static void
draw(void *context, void *out, size_t size)
{
    (void)context;
    keys_random(out, size);
}

/* On the writer's thread. */
static void
on_committed(void *context)
{
    struct node *node = context;

    if (node->committed != NULL) {
        node->committed(node->committed_context);
    }
}

static enum err
load_schema(struct node *node, struct err_msg *msg)
{
    const struct bytes *text = pack_text(pack_name);
    uint32_t line = 0;
    enum err rc = ERR_OK;

    assert(text != NULL);
    rc = schema_parse(*text, &node->schema, &line);
    if (rc != ERR_OK) {
        return err_set(msg, rc, "pack %s, line %u: %s", pack_name,
            (unsigned)line, err_text(rc));
    }
    return ERR_OK;
}

static enum err
open_data(struct node *node, const char *dir, struct err_msg *msg)
{
    struct store_options options = {.dir = dir,
        .corridor = node->home.corridor,
        .secrets = node->secrets,
        .office = node->home.office,
        .schema = node->schema,
        .dictionary_id = PACK_DICTIONARY_MEKONG,
        .dictionary = *pack_dictionary(PACK_DICTIONARY_MEKONG),
        .random = draw,
        .env = node->env};

    return store_open(&node->store, &options, msg);
}

enum err
node_open_store(struct node *node, bool has_thread, struct err_msg *msg)
{
    char dir[HOME_PATH_BYTES_MAX + 32];
    struct writer_options options = {.has_thread = has_thread,
        .wall_ms = node_wall_ms,
        .monotonic_ms = node_monotonic_ms,
        .committed = on_committed,
        .context = node};
    enum err rc = ERR_OK;

    assert(node->home.has_corridor && node->store == NULL);
    if (node->secrets == NULL) {
        return err_set(msg, ERR_DENIED, "the node is locked");
    }
    if (!home_path(dir, sizeof(dir), &node->home, "data")) {
        return err_set(msg, ERR_CONFIG, "the home's path is too long");
    }
    rc = open_data(node, dir, msg);
    if (rc != ERR_OK) {
        return err_prefix(msg, rc, "open store");
    }
    options.store = node->store;
    rc = writer_new(&node->writer, &options, msg);
    if (rc != ERR_OK) {
        store_close(node->store);
        node->store = NULL;
    }
    node->has_thread = has_thread;
    return rc;
}

void
node_close_store(struct node *node)
{
    writer_free(node->writer);
    node->writer = NULL;
    store_close(node->store);
    node->store = NULL;
}

enum err
node_open_new_store(struct node *node, bool has_thread, struct err_msg *msg)
{
    char dir[HOME_PATH_BYTES_MAX + 32];
    char aside[HOME_PATH_BYTES_MAX + 64];
    enum err rc = node_open_store(node, has_thread, msg);

    if (rc != ERR_CONFIG) {
        return rc;
    }
    /* Left by a founding or joining that never came to its end: nobody was
     * told of it. It is kept, under another name. */
    if (!home_path(dir, sizeof(dir), &node->home, "data")) {
        return rc;
    }
    snprintf(aside, sizeof(aside), "%s.unfinished-%llu", dir,
        (unsigned long long)node_wall_ms(NULL));
    rc = disk_rename(dir, aside, msg);
    return rc == ERR_OK ? node_open_store(node, has_thread, msg) : rc;
}

enum err
node_open(
    struct node **out, const struct node_options *options, struct err_msg *msg)
{
    struct node *node = mem_zalloc(1, sizeof(*node));
    enum err rc = ERR_OK;

    if (node == NULL) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    node->home.lock_fd = -1;
    node->has_thread = options->has_thread;
    rc = home_load(&node->home, options->home, msg);
    if (rc == ERR_OK) {
        rc = home_lock(&node->home, msg);
    }
    if (rc == ERR_OK) {
        node->secrets = mem_secret_alloc(sizeof(*node->secrets));
        rc = node->secrets == NULL
                 ? err_set(msg, ERR_NOMEM, "no memory that can be locked")
                 : home_open_node(
                       node->secrets, &node->home, options->passphrase, msg);
    }
    if (rc == ERR_OK) {
        rc = load_schema(node, msg);
    }
    if (rc == ERR_OK && node->home.has_corridor) {
        rc = node_open_store(node, options->has_thread, msg);
    }
    if (rc != ERR_OK) {
        node_close(node);
        return rc;
    }
    *out = node;
    return ERR_OK;
}

void
node_lock(struct node *node)
{
    node_close_store(node);
    mem_secret_free(node->secrets);
    node->secrets = NULL;
}

void
node_close(struct node *node)
{
    if (node == NULL) {
        return;
    }
    node_lock(node);
    schema_free(node->schema);
    home_unlock(&node->home);
    mem_free(node);
}

/* A job whose submitter waits for it. */
struct write_job {
    struct job job;
    enum err (*run)(void *context, struct store *store, struct err_msg *msg);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_done;
    enum err rc;
    struct err_msg msg;
};

static struct write_job *
write_job_of(struct job *job)
{
    return LIST_ITEM(job, struct write_job, job);
}

static enum err
write_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct write_job *write = write_job_of(job);

    return write->run(write->context, store, msg);
}

static void
write_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct write_job *write = write_job_of(job);

    pthread_mutex_lock(&write->lock);
    write->rc = rc;
    if (msg != NULL) {
        write->msg = *msg;
    }
    write->is_done = true;
    pthread_cond_signal(&write->ended);
    pthread_mutex_unlock(&write->lock);
}

enum err
node_write(struct node *node,
    enum err (*run)(void *context, struct store *store, struct err_msg *msg),
    void *context, struct err_msg *msg)
{
    struct write_job write = {.job = {.run = write_run, .done = write_done},
        .run = run,
        .context = context};
    enum err rc = ERR_OK;

    if (node->writer == NULL) {
        return err_set(msg, ERR_NOT_FOUND,
            "there is no corridor here yet: found or join one");
    }
    if (pthread_mutex_init(&write.lock, NULL) != 0) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    if (pthread_cond_init(&write.ended, NULL) != 0) {
        pthread_mutex_destroy(&write.lock);
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    rc = writer_submit(node->writer, &write.job);
    if (rc != ERR_OK) {
        rc = err_set(msg, rc, "too much waits to be written: try again");
        goto out;
    }
    if (!node->has_thread) {
        writer_drain(node->writer);
    }
    pthread_mutex_lock(&write.lock);
    while (!write.is_done) {
        pthread_cond_wait(&write.ended, &write.lock);
    }
    pthread_mutex_unlock(&write.lock);
    rc = write.rc;
    if (rc != ERR_OK && msg != NULL) {
        *msg = write.msg;
    }
out:
    pthread_cond_destroy(&write.ended);
    pthread_mutex_destroy(&write.lock);
    return rc;
}
