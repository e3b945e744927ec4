/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Office codes and base32: what is read has one canonical form, which reads
 * as itself; and all bytes come back from base32.
 */
#include <assert.h>
#include <string.h>

#include "crypto/code.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 256, TEXT_MAX = (BYTES_MAX * 8 + 4) / 5 };

static void
try_office_code(struct bytes typed)
{
    char code[OFFICE_CODE_CHARS + 1];
    char again[OFFICE_CODE_CHARS + 1];

    if (office_code_parse(code, typed) == ERR_OK) {
        enum err rc = office_code_parse(again, bytes_text(code));

        assert(rc == ERR_OK);
        assert(strcmp(code, again) == 0);
        assert(strlen(code) == OFFICE_CODE_CHARS);
    }
}

static void
try_encoding(struct bytes bytes)
{
    char text[TEXT_MAX + 1];
    uint8_t back[BYTES_MAX];
    enum err rc = ERR_OK;

    code_base32(text, bytes);
    rc = code_base32_parse(back, bytes.size, bytes_text(text));
    assert(rc == ERR_OK);
    assert(bytes_equal(bytes_of(back, bytes.size), bytes));
}

/* The same text in capitals, and digits for what looks like them. */
static void
make_canonical(char *out, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];

        if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        c = c == 'I' || c == 'L' ? '1' : c;
        out[i] = c == 'O' ? '0' : c;
    }
    out[text.size] = '\0';
}

static void
try_decoding(struct bytes text)
{
    const size_t size = text.size * 5 / 8;
    uint8_t out[BYTES_MAX];
    char canonical[BYTES_MAX + 1];
    char again[TEXT_MAX + 1];

    if (code_base32_parse(out, size, text) == ERR_OK) {
        make_canonical(canonical, text);
        code_base32(again, bytes_of(out, size));
        assert(strcmp(canonical, again) == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = bytes_of(data, size < BYTES_MAX ? size : BYTES_MAX);
    char check[CODE_CHECK_CHARS + 1];

    try_office_code(bytes);
    try_encoding(bytes);
    try_decoding(bytes);
    code_check(check, bytes);
    assert(strlen(check) == CODE_CHECK_CHARS);
    return 0;
}
