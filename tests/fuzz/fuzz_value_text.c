/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as people write them: the first byte chooses a type, the rest is a
 * text. What is made of it is a value of that type; what is refused leaves
 * nothing behind.
 */
#include <assert.h>

#include "node/values/value_json.h"
#include "node/values/zawgyi.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum value_type type = VALUE_ID;
    struct buf text = {0};
    struct buf value = {0};
    json_t *json = NULL;
    enum err rc = ERR_OK;

    if (size == 0) {
        return 0;
    }
    type = (enum value_type)(data[0] % VALUE_TYPE_COUNT);
    buf_put(&text, data + 1, size - 1);
    buf_put_u8(&text, 0);
    if (buf_err(&text) == ERR_OK) {
        rc = value_from_text(type, (const char *)text.data, &value, NULL);
        assert(rc != ERR_OK || value.size > 0);
        assert(rc == ERR_OK || value.size == 0);
    }
    if (value.size > 0) {
        rc = value_to_json(type, buf_bytes(&value), &json);
        assert(rc == ERR_OK);
        json_decref(json);
    }
    assert(zawgyi_score(bytes_of(data, size)) <= 100);
    buf_release(&text);
    buf_release(&value);
    return 0;
}
