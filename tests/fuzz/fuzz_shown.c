/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a disclosed change says, from its plaintext: whatever a sealed body
 * held, it is shown as JSON or refused. What a change's own reader takes is
 * shown, unless its dots tell otherwise.
 */
#include <assert.h>

#include "node/audit/shown.h"
#include "node/audit/trusted.h"
#include "sync/model/schema.h"
#include "sync/packs/packs.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes input = bytes_of(data, size);
    struct schema *schema = NULL;
    struct key_name name;
    json_t *json = NULL;
    enum err rc = schema_parse(*pack_text("mekong"), &schema, NULL);

    if (rc == ERR_OK && shown_plain(input, schema, &json) == ERR_OK) {
        assert(json_is_string(json_object_get(json, "record")));
        assert(json_is_array(json_object_get(json, "operations")));
    }
    json_decref(json);
    schema_free(schema);
    key_name_parse(&name, input);
    return 0;
}
