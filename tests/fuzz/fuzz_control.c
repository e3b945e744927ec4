/* SPDX-License-Identifier: Apache-2.0 */
/* Control statements: what is accepted encodes to the same bytes. */
#include <assert.h>

#include "sync/model/control.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct statement statement = {0};
    struct buf out = {0};
    struct bytes body = bytes_of(data, size);

    if (statement_decode(&statement, body) != ERR_OK) {
        return 0;
    }
    if (statement.type != STATEMENT_OTHER) {
        statement_encode(&out, &statement);
        assert(buf_err(&out) == ERR_OK);
        assert(bytes_equal(buf_bytes(&out), body));
    }
    statement_release(&statement);
    buf_release(&out);
    return 0;
}
