/* SPDX-License-Identifier: Apache-2.0 */
/* Which logs an export holds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/check_internal.h"

enum { NODE_DIGITS = 64 };

/* Names in the export or in a node's folder. */
struct listing {
    struct log_list *list;
    struct findings *findings;
    char node[NODE_DIGITS + 1]; /* "" in the export itself */
    char nodes[NODES_MAX][NODE_DIGITS + 1];
    size_t node_count;
    bool is_log; /* the folder is a log's own */
};

static bool
is_node_name(const char *name)
{
    return strlen(name) == NODE_DIGITS &&
           strspn(name, "0123456789abcdef") == NODE_DIGITS;
}

static void
add_unexpected(struct listing *listing, const char *path)
{
    findings_add(listing->findings, (struct finding_place){NULL, POSITION_NONE},
        FINDING_UNEXPECTED_FILE, "%.200s%s%.200s does not belong in an export",
        listing->node, listing->node[0] == '\0' ? "" : "/", path);
}

static enum err
visit_export(void *context, const char *path, enum tree_kind kind)
{
    struct listing *listing = context;

    if (strcmp(path, "checkpoint") == 0 ||
        (strcmp(path, "tile") == 0 && kind == TREE_FOLDER)) {
        listing->is_log = true;
    } else if (kind == TREE_FOLDER && is_node_name(path) &&
               listing->node_count < NODES_MAX) {
        memcpy(listing->nodes[listing->node_count++], path, NODE_DIGITS + 1);
    } else {
        add_unexpected(listing, path);
    }
    return ERR_OK;
}

static enum err
add_path(struct log_list *list, const char *path)
{
    enum err rc = mem_grow((void **)&list->paths, &list->capacity,
        list->count + 1, sizeof(*list->paths));

    if (rc == ERR_OK) {
        snprintf(list->paths[list->count++], sizeof(*list->paths), "%s", path);
    }
    return rc;
}

static enum err
visit_node(void *context, const char *path, enum tree_kind kind)
{
    struct listing *listing = context;
    char below[160];

    if (kind == TREE_FOLDER &&
        (strcmp(path, "control") == 0 || strcmp(path, "changes") == 0)) {
        snprintf(below, sizeof(below), "%s/%s", listing->node, path);
        return add_path(listing->list, below);
    }
    if (kind != TREE_FILE || strcmp(path, "cosigner") != 0) {
        add_unexpected(listing, path);
    }
    return ERR_OK;
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A node's folder that may not be read: its logs are told when they are
 * opened. */
static enum err
add_closed(struct listing *listing)
{
    static const char *const kinds[] = {"control", "changes"};
    char path[160];
    enum err rc = ERR_OK;

    for (size_t i = 0; i < 2 && rc == ERR_OK; i++) {
        snprintf(path, sizeof(path), "%s/%s", listing->node, kinds[i]);
        rc = add_path(listing->list, path);
    }
    return rc;
}

/* The logs in the nodes' folders. */
static enum err
list_nodes(struct listing *listing, const struct tree *root)
{
    const struct tree_visitor visitor = {visit_node, listing};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < listing->node_count && rc == ERR_OK; i++) {
        const size_t before = listing->list->count;
        struct tree folder = {-1};

        memcpy(listing->node, listing->nodes[i], sizeof(listing->node));
        rc = tree_open_below(&folder, root, listing->node);
        if (rc == ERR_OK) {
            rc = tree_walk(&folder, true, &visitor);
        }
        tree_close(&folder);
        if (rc == ERR_DENIED || rc == ERR_IO) {
            rc = add_closed(listing);
        } else if (rc == ERR_OK && listing->list->count == before) {
            add_unexpected(listing, "(without a log)");
        }
    }
    return rc;
}

enum err
log_list_read(
    struct log_list *out, const struct tree *root, struct findings *findings)
{
    struct findings of_log = {0};
    struct listing *listing = mem_zalloc(1, sizeof(*listing));
    struct tree_visitor visitor = {visit_export, listing};
    enum err rc = ERR_NOMEM;

    *out = (struct log_list){.count = 0};
    if (listing == NULL) {
        return rc;
    }
    /* A log's own folder is looked at whole later. */
    *listing = (struct listing){.list = out, .findings = &of_log};
    rc = tree_walk(root, true, &visitor);
    if (rc == ERR_OK && listing->is_log) {
        rc = add_path(out, "");
    } else if (rc == ERR_OK) {
        for (size_t i = 0; i < of_log.count; i++) {
            findings_add_text(findings,
                (struct finding_place){NULL, POSITION_NONE},
                of_log.items[i].code, of_log.items[i].text);
        }
        listing->findings = findings;
        rc = list_nodes(listing, root);
    }
    if (rc == ERR_OK && out->count > 1) {
        qsort(out->paths, out->count, sizeof(*out->paths), compare_paths);
    }
    findings_release(&of_log);
    mem_free(listing);
    if (rc != ERR_OK) {
        log_list_release(out);
    }
    return rc;
}

void
log_list_release(struct log_list *list)
{
    mem_free(list->paths);
    *list = (struct log_list){.count = 0};
}
