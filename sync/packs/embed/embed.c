/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tool of the build: writes a C file with the bytes of other files.
 *     embed OUTPUT (raw|base64) NAME FILE ...
 * Each NAME becomes `const struct bytes NAME`. base64 is decoded (RFC 4648,
 * white space ignored). Any fault ends the build.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
fail(const char *what, const char *name)
{
    fprintf(stderr, "embed: %s: %s\n", what, name);
    exit(1);
}

static void
put_byte(FILE *out, unsigned byte, size_t place)
{
    fprintf(out, "%s0x%02x,", place % 12 == 0 ? "\n    " : " ", byte);
}

static size_t
put_raw(FILE *out, FILE *in)
{
    size_t count = 0;
    int c = 0;

    while ((c = getc(in)) != EOF) {
        put_byte(out, (unsigned)c, count++);
    }
    return count;
}

/* Four characters hold three bytes; `=` fills up the last four. */
static size_t
put_base64(FILE *out, FILE *in, const char *name)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    unsigned held = 0;
    size_t count = 0;
    int c = 0;

    while ((c = getc(in)) != EOF && c != '=') {
        const char *at = c == '\0' ? NULL : strchr(digits, c);

        if (isspace(c)) {
            continue;
        }
        if (at == NULL) {
            fail("not base64", name);
        }
        bits = bits << 6 | (unsigned)(at - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            put_byte(out, bits >> held & 0xff, count++);
        }
    }
    return count;
}

int
main(int argc, char **argv)
{
    FILE *out = NULL;

    if (argc < 5 || (argc - 2) % 3 != 0) {
        fail("usage", "embed OUTPUT (raw|base64) NAME FILE ...");
    }
    out = fopen(argv[1], "w");
    if (out == NULL) {
        fail("cannot write", argv[1]);
    }
    fputs("/* Written by the build: do not edit. */\n"
          "#include \"sync/packs/packs_data.h\"\n",
        out);
    for (int i = 2; i < argc; i += 3) {
        FILE *in = fopen(argv[i + 2], "rb");
        size_t count = 0;

        if (in == NULL) {
            fail("cannot read", argv[i + 2]);
        }
        fprintf(out, "\nstatic const uint8_t %s_data[] = {", argv[i + 1]);
        count = strcmp(argv[i], "base64") == 0
                    ? put_base64(out, in, argv[i + 2])
                    : put_raw(out, in);
        fprintf(out,
            "\n};\nconst struct bytes %s = {%s_data, sizeof(%s_data)};\n",
            argv[i + 1], argv[i + 1], argv[i + 1]);
        if (ferror(in) || fclose(in) != 0 || count == 0) {
            fail("cannot read", argv[i + 2]);
        }
    }
    if (ferror(out) || fclose(out) != 0) {
        fail("cannot write", argv[1]);
    }
    return 0;
}
