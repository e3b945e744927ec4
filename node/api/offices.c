/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/offices.h"

#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/code.h"
#include "node/api/call.h"

/* A code's characters without hyphens, as a person may have typed them. */
static bool
fold_code(char out[OFFICE_CODE_CHARS + 1], struct bytes typed)
{
    size_t count = 0;

    for (size_t i = 0; i < typed.size; i++) {
        char c = (char)typed.data[i];

        if (c == '-' || c == ' ') {
            continue;
        }
        if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        c = c == 'I' || c == 'L' ? '1' : c == 'O' ? '0' : c;
        if (count == OFFICE_CODE_CHARS ||
            strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", c) == NULL) {
            return false;
        }
        out[count++] = c;
    }
    out[count] = '\0';
    return count >= OFFICE_PREFIX_CHARS_MIN;
}

static bool
has_code(const struct office *office, const char *prefix)
{
    char code[OFFICE_CODE_CHARS + 1];
    char folded[OFFICE_CODE_CHARS + 1];

    office_code(code, &office->id);
    return fold_code(folded, bytes_text(code)) &&
           strncmp(folded, prefix, strlen(prefix)) == 0;
}

static const struct office *
find_exact(const struct membership *membership, struct bytes text)
{
    struct office_id id;

    if (hex_decode(
            (const char *)text.data, text.size, id.bytes, sizeof(id.bytes))) {
        return membership_office(membership, &id);
    }
    for (size_t i = 0; i < membership->office_count; i++) {
        if (bytes_equal(bytes_text(membership->offices[i].name), text)) {
            return &membership->offices[i];
        }
    }
    return NULL;
}

enum err
office_find(const struct membership *membership, struct bytes text,
    const struct office **out, struct err_msg *msg)
{
    const struct office *found = find_exact(membership, text);
    char code[OFFICE_CODE_CHARS + 1];

    for (size_t i = 0;
         found == NULL && fold_code(code, text) && i < membership->office_count;
         i++) {
        if (!has_code(&membership->offices[i], code)) {
            continue;
        }
        for (size_t j = i + 1; j < membership->office_count; j++) {
            if (has_code(&membership->offices[j], code)) {
                return err_set(msg, ERR_EXISTS,
                    "several offices' codes begin so: write more of it");
            }
        }
        found = &membership->offices[i];
    }
    if (found == NULL) {
        return err_set(msg, ERR_NOT_FOUND,
            "no office of that name or code is a member; \"corridor "
            "members\" lists them");
    }
    *out = found;
    return ERR_OK;
}

enum err
office_find_code(const struct membership *membership, struct bytes text,
    const struct office **out, struct err_msg *msg)
{
    char typed[OFFICE_CODE_CHARS + 1];
    char code[OFFICE_CODE_CHARS + 1];

    if (office_code_parse(typed, text) != ERR_OK) {
        return err_set(msg, ERR_MALFORMED,
            "that is no office code, or it is mistyped: compare it again, "
            "group by group");
    }
    for (size_t i = 0; i < membership->office_count; i++) {
        office_code(code, &membership->offices[i].id);
        if (strcmp(code, typed) == 0) {
            *out = &membership->offices[i];
            return ERR_OK;
        }
    }
    return err_set(msg, ERR_NOT_FOUND, "no member has that code");
}

json_t *
office_json(const struct office *office)
{
    char code[OFFICE_CODE_CHARS + 1];
    json_t *json = json_object();

    office_code(code, &office->id);
    put_hex(&json, "id", bytes_of(office->id.bytes, sizeof(office->id.bytes)));
    put_text(&json, "name", office->name);
    put_text(&json, "code", code);
    return json;
}

json_t *
office_id_json(const struct membership *membership, const struct office_id *id)
{
    const struct office *office = membership_office(membership, id);
    char code[OFFICE_CODE_CHARS + 1];
    json_t *json = NULL;

    if (office != NULL) {
        return office_json(office);
    }
    json = json_object();
    office_code(code, id);
    put_hex(&json, "id", bytes_of(id->bytes, sizeof(id->bytes)));
    put(&json, "name", json_null());
    put_text(&json, "code", code);
    return json;
}
