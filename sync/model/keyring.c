/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "sync/model/membership_internal.h"

/* Is it the secret whose public half the generation shows? */
static bool
is_secret_of(
    const struct generation *generation, const struct secret_key *secret)
{
    struct public_key public = {{0}};

    keys_box_public(&public, secret);
    return memcmp(public.bytes, generation->public.bytes,
               sizeof(public.bytes)) == 0;
}

static bool
open_boxes(struct secret_key *out, const struct membership *membership,
    const struct keyring_options *options, uint32_t generation)
{
    uint32_t node = index_node(membership, options->node);
    uint32_t slot = 0;

    if (node == MEMBER_NONE) {
        return false;
    }
    slot = *index_sealing(membership, generation, node);
    for (uint32_t s = slot - 1; slot != 0 && s != MEMBER_NONE;
         s = membership->sealings[s].previous) {
        const struct sealing *sealing = &membership->sealings[s];
        const struct statement *statement =
            &options->controls[sealing->control].statement;
        const uint8_t *boxed = statement->seals[sealing->item].boxed;

        if (seal_box_open(out, options->seal, boxed) == ERR_OK &&
            is_secret_of(&membership->generations[generation], out)) {
            return true;
        }
    }
    return false;
}

static struct seal_wrap_place
wrap_place(const struct membership *membership, uint32_t former,
    const struct hash *commitment)
{
    const struct dot dot = membership->generations[former].dot;
    const struct log_id *log = &membership->logs->ids[dot.log];

    return (struct seal_wrap_place){.corridor = &membership->corridor,
        .node = &log->node,
        .log_kind = log->kind,
        .position = dot.position,
        .commitment = commitment};
}

/* Go down the chain as long as each secret opens the one before. */
static void
open_formers(struct secret_key *out, bool *out_has,
    const struct membership *membership, const struct keyring_options *options,
    uint32_t from)
{
    const struct generation *g = &membership->generations[from];

    while (g->has_former && !out_has[g->former]) {
        const struct statement *s = &options->controls[g->control].statement;
        struct seal_wrap_place place =
            wrap_place(membership, g->former, &s->commitment);
        uint32_t former = g->former;

        if (seal_unwrap(&out[former], &out[g - membership->generations], &place,
                s->wrapped) != ERR_OK ||
            !is_secret_of(&membership->generations[former], &out[former])) {
            mem_wipe(&out[former], sizeof(out[former]));
            return;
        }
        out_has[former] = true;
        g = &membership->generations[former];
    }
}

enum err
keyring_open(struct secret_key *out, bool *out_has,
    const struct membership *membership, const struct keyring_options *options)
{
    size_t count = membership->generation_count;

    for (size_t i = 0; i < count; i++) {
        out_has[i] = false;
    }
    /* The newest first: what its chain opens needs no box. */
    for (size_t i = count; i-- > 0;) {
        if (!out_has[i]) {
            struct secret_key secret = {{0}};

            out_has[i] = open_boxes(&secret, membership, options, (uint32_t)i);
            if (out_has[i]) {
                out[i] = secret;
            }
            mem_wipe(&secret, sizeof(secret));
        }
        if (out_has[i]) {
            open_formers(out, out_has, membership, options, (uint32_t)i);
        }
    }
    return ERR_OK;
}

void
keyring_wrap(uint8_t out_wrapped[SEAL_WRAPPED_BYTES],
    struct hash *out_commitment, const struct membership *membership,
    const struct keyring_wrap_options *options)
{
    struct seal_wrap_place place = {0};

    assert(options->former < membership->generation_count);
    place = wrap_place(membership, options->former, out_commitment);
    seal_commitment(out_commitment, options->former_secret);
    seal_wrap(out_wrapped, options->secret, &place, options->former_secret);
}

void
keyring_link_secret(struct secret_key *out, const struct secret_key *generation)
{
    hash_derive_label(out, generation, "corridor/link/1");
}
