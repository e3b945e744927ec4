/* SPDX-License-Identifier: Apache-2.0 */
/* Changes: what is accepted has one encoding. */
#include <assert.h>

#include "sync/model/change.h"
#include "tests/fuzz/fuzz.h"

enum { APPLIED = 300 };

/* The plaintext of a change whose author knows its own two logs. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log_id id = {.kind = LOG_CHANGES};
    struct log_table logs = {0};
    struct author author = {0};
    struct change change = {0};
    struct buf out = {0};

    assert(author_init(&author, &logs, &id) == ERR_OK);
    while (author.applied < APPLIED) {
        assert(author_advance(&author, NULL, NULL, 0) == ERR_OK);
    }
    if (change_decode(&change, bytes_of(data, size), &author, NULL) == ERR_OK) {
        assert(change_encode(&out, &change, &author, NULL) == ERR_OK);
        assert(bytes_equal(buf_bytes(&out), bytes_of(data, size)));
    }
    change_release(&change);
    buf_release(&out);
    author_release(&author);
    log_table_release(&logs);
    return 0;
}
