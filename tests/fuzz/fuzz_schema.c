/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema packs: what is parsed finds all of its own things again, and the
 * winners of a ladder are transitive and antisymmetric.
 */
#include <assert.h>
#include <string.h>

#include "sync/model/schema.h"
#include "tests/fuzz/fuzz.h"

static void
check_kind(const struct schema *schema, const struct schema_kind *kind)
{
    if (kind->reserved) {
        assert(kind->count == 0);
        assert(schema_kind(schema, kind->number) == NULL);
        return;
    }
    assert(schema_kind(schema, kind->number) == kind);
    assert(schema_kind_by_name(schema, bytes_text(kind->name)) == kind);
    assert(schema_kind_label(schema, kind, "en") != NULL);
    for (size_t i = 0; i < kind->count; i++) {
        const struct schema_field *field = &kind->fields[i];
        struct bytes name = bytes_text(field->name);

        assert(schema_field(kind, field->number) == field);
        assert(schema_field_by_name(kind, name) == field);
        assert(field->class >= kind->class);
        assert(!field->listed || field->class != CLASS_SEALED);
        assert(field->authority == 0 ||
               schema_field(kind, field->authority) != NULL);
    }
}

static void
check_ladder(const struct schema_ladder *ladder)
{
    for (size_t a = 0; a < ladder->count; a++) {
        assert((ladder->beats[a] >> a & 1) == 0);
        for (size_t b = 0; b < ladder->count; b++) {
            if ((ladder->beats[a] >> b & 1) != 0) {
                assert((ladder->beats[b] >> a & 1) == 0);
                assert((ladder->beats[b] & ~ladder->beats[a]) == 0);
            }
        }
    }
}

static void
check_schema(const struct schema *schema)
{
    assert(schema->name != NULL);
    for (size_t i = 0; i < schema->kind_count; i++) {
        check_kind(schema, &schema->kinds[i]);
    }
    for (size_t i = 0; i < schema->ladder_count; i++) {
        check_ladder(&schema->ladders[i]);
    }
    for (size_t i = 0; i < schema->list_count; i++) {
        const struct schema_list *list = &schema->lists[i];

        assert(schema_list_by_name(schema, bytes_text(list->name)) == list);
        for (size_t j = 0; j < list->count; j++) {
            assert(schema_list_find(list, bytes_text(list->codes[j])) == j);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct schema *schema = NULL;
    uint32_t line = 0;

    if (schema_parse(bytes_of(data, size), &schema, &line) == ERR_OK) {
        check_schema(schema);
    } else {
        assert(schema == NULL);
        assert(line <= size + 1);
    }
    schema_free(schema);
    return 0;
}
