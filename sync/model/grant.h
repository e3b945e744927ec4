/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content keys and who was granted them, from clear data alone
 * (docs/protocol.md, "Content keys, circles and grants").
 */
#ifndef CORRIDOR_SYNC_MODEL_GRANT_H
#define CORRIDOR_SYNC_MODEL_GRANT_H

#include "sync/model/membership.h"

/*
 * Of one key, in one log; more are void. Entries of one log come in one order
 * everywhere, those of several do not: a limit over all of them would keep
 * other grants on other nodes.
 */
enum { KEY_GRANTS_MAX = 256 };

struct key_grant {
    struct dot entry;      /* that carries it */
    uint16_t item;         /* its place in that entry's grants */
    struct dot generation; /* the circle's */
    uint8_t mode;
    uint8_t purpose;
    bool has_expiry;
    uint64_t expiry_ms;
};

/* What is known of one content key. */
struct key_info {
    struct dot key; /* the entry that created it */
    uint8_t class;  /* enum schema_class */
    struct hash commitment;
    struct key_grant *grants; /* valid ones, in order of application */
    size_t grant_count;
    size_t grant_capacity;
};
void key_info_release(struct key_info *key);
/* Local form for the disk. */
enum err key_info_encode(struct buf *out, const struct key_info *key) MUST_USE;
enum err key_info_decode(struct key_info *out, struct bytes encoded) MUST_USE;

/*
 * Could the author of log `log` open the key by what `clock` counts: as its
 * creator, or by a valid grant that is counted, to a generation that was
 * sealed to it by a counted entry?
 */
bool key_opens(const struct key_info *key, const struct membership *membership,
    uint32_t log, const struct vclock *clock);

/*
 * Judge one grant of entry `entry` (clock `clock`) on `key` and add it when
 * valid. VOID_KEY: the author's office had neither created the key nor been
 * granted it, or the generation is not one that is counted; VOID_FIREWALL: the
 * circle holds a firewall office and the key's class is above public (its own
 * office's circle, by itself, excepted), or it is the link's.
 */
enum err key_grant_add(struct key_info *key,
    const struct membership *membership, const struct key_grant *grant,
    const struct vclock *clock, enum void_reason *out_void) MUST_USE;

/*
 * Find a grant of the key that our keyring opens: its place in key->grants
 * and the generation's index; false if none.
 */
bool key_find_opening(const struct key_info *key,
    const struct membership *membership, const bool *keyring_has,
    size_t *out_grant, uint32_t *out_generation);

/*
 * Which circles get a new key of this class by this office: public and
 * members: everyone; case and sealed: everyone under
 * POLICY_SHARE_BY_DEFAULT, else the office's own circle; an office outside
 * `everyone` (firewall) uses its own. false when the circle has no
 * current generation.
 */
bool grant_default(const struct membership *membership,
    const struct office_id *office, uint8_t class, uint32_t *out_generation,
    uint8_t *out_purpose);

#endif
