/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What witnesses and those who ask them read beside requests: by the first
 * byte a policy's file, what is kept of witnesses, or a request that is judged
 * by a witness that has cosigned nothing, or the tree that the rest begins
 * with.
 */
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/checkpoint_note.h"
#include "crypto/witness_judge.h"
#include "crypto/witness_request.h"
#include "node/witness/witnessed.h"
#include "tests/fuzz/fuzz.h"

static void
try_policy(struct bytes bytes)
{
    struct witness_policy policy;
    enum err rc = policy_parse(&policy, bytes, NULL);

    assert(rc == ERR_OK || rc == ERR_CONFIG);
    assert(policy.log_count <= POLICY_LOGS_MAX);
    assert(policy.witness_count <= POLICY_WITNESSES_MAX);
    for (size_t i = 0; i < policy.witness_count; i++) {
        assert(strncmp(policy.witnesses[i].url, "http", 4) == 0);
        assert(policy.witnesses[i].key.type == NOTE_COSIGNATURE);
    }
    policy_release(&policy);
}

static void
try_witnessed(struct bytes bytes)
{
    struct witnessed_list list = {.count = 0};
    struct buf again = {0};
    enum err rc = witnessed_decode(&list, bytes);

    assert(rc == ERR_OK || rc == ERR_MALFORMED);
    if (rc == ERR_OK) {
        rc = witnessed_encode(&again, &list);
        assert(rc == ERR_OK && bytes_equal(buf_bytes(&again), bytes));
    }
    witnessed_release(&list);
    buf_release(&again);
}

static void
try_request(struct cursor *cursor, bool has_any)
{
    struct witness_tree last = {.has_any = has_any};
    struct witness_request request;
    struct checkpoint checkpoint;
    struct witness_asked asked;
    enum witness_verdict verdict;

    if (has_any) {
        last.size = cursor_u8(cursor);
        cursor_copy(cursor, last.root.bytes, sizeof(last.root.bytes));
    }
    if (witness_request_read(
            &request, cursor_take(cursor, cursor_left(cursor))) != ERR_OK ||
        checkpoint_note_peek(&checkpoint, request.checkpoint) != ERR_OK) {
        return;
    }
    asked = (struct witness_asked){
        request.old_size, &request.proof, checkpoint.size, &checkpoint.root};
    verdict = witness_judge(&asked, &last);
    /* Never another tree than the one before, nor a lesser one. */
    if (verdict == WITNESS_COSIGNS || verdict == WITNESS_KNOWS) {
        assert(checkpoint.size >= last.size);
        assert(checkpoint.size > last.size || last.size == 0 ||
               hash_equal(&checkpoint.root, &last.root));
    }
    assert(verdict != WITNESS_KNOWS || has_any);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_init(bytes_of(data, size));
    uint8_t what = cursor_u8(&cursor);

    switch (what % 4) {
    case 0:
        try_policy(cursor_take(&cursor, cursor_left(&cursor)));
        break;
    case 1:
        try_witnessed(cursor_take(&cursor, cursor_left(&cursor)));
        break;
    default:
        try_request(&cursor, what % 4 == 3);
        break;
    }
    return 0;
}
