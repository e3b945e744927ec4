/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main() of a fuzz target where there is no libFuzzer:
 *     fuzz_x CORPUS-FOLDER [MUTANTS-PER-SEED]
 * runs every seed of the folder, and seeded mutants of each.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/buf.h"
#include "crypto/base/hex.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/prng.h"

enum { MUTANTS_USUAL = 500, CHANGES_MAX = 4, ROOM_FOR_GROWTH = 64 };

static bool
ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name);

    return size > strlen(ending) &&
           strcmp(name + size - strlen(ending), ending) == 0;
}

static bool
read_file(const char *folder, const char *name, struct buf *out)
{
    char path[1024];
    int c = 0;
    FILE *file = NULL;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    while ((c = getc(file)) != EOF) {
        buf_put_u8(out, (uint8_t)c);
    }
    fclose(file);
    return buf_err(out) == ERR_OK;
}

/* Turn hexadecimal text with white space and # comments into its bytes. */
static bool
decode_hex(struct buf *buf)
{
    struct buf digits = {0};
    bool in_comment = false;
    bool done = false;

    for (size_t i = 0; i < buf->size; i++) {
        char c = (char)buf->data[i];

        in_comment = c == '#' || (in_comment && c != '\n');
        if (!in_comment && strchr(" \t\r\n", c) == NULL) {
            buf_put_u8(&digits, (uint8_t)c);
        }
    }
    /* An empty buffer may have no memory to decode from. */
    buf_truncate(buf, digits.size / 2);
    done =
        digits.size == 0 || (buf_err(&digits) == ERR_OK &&
                                hex_decode((const char *)digits.data,
                                    digits.size, buf->data, digits.size / 2));
    buf_release(&digits);
    return done;
}

/* In memory of exactly its size, so that a sanitiser sees a read beyond. */
static void
try_input(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);

    if (copy == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* One change to data[0..size), which has room to grow; the new size. */
static size_t
change(uint8_t *data, size_t size, size_t room, struct prng *prng)
{
    static const uint8_t telling[] = {0, 1, 0x17, 0x18, 0x7f, 0x80, 0xff};
    size_t at = size == 0 ? 0 : prng_below(prng, size);

    switch (size == 0 ? 3 : prng_below(prng, 6)) {
    case 0:
        data[at] ^= (uint8_t)(1U << prng_below(prng, 8));
        return size;
    case 1:
        data[at] = (uint8_t)prng_next(prng);
        return size;
    case 2:
        data[at] = telling[prng_below(prng, sizeof(telling))];
        return size;
    case 3:
        if (size == room) {
            return size;
        }
        memmove(data + at + 1, data + at, size - at);
        data[at] = (uint8_t)prng_next(prng);
        return size + 1;
    case 4:
        memmove(data + at, data + at + 1, size - at - 1);
        return size - 1;
    default:
        return at;
    }
}

static void
try_mutants(const struct buf *seed, size_t mutants, struct prng *prng)
{
    size_t room = seed->size + ROOM_FOR_GROWTH;
    uint8_t *data = malloc(room);

    if (data == NULL) {
        abort();
    }
    for (size_t i = 0; i < mutants; i++) {
        size_t changes = 1 + prng_below(prng, CHANGES_MAX);
        size_t size = seed->size;

        if (size > 0) {
            memcpy(data, seed->data, size);
        }
        while (changes-- > 0) {
            size = change(data, size, room, prng);
        }
        try_input(data, size);
    }
    free(data);
}

/* Run a seed and its mutants; false if the file cannot be read. */
static bool
try_seed(
    const char *folder, const char *name, size_t mutants, struct prng *prng)
{
    struct buf seed = {0};
    bool done = read_file(folder, name, &seed) &&
                (!ends_with(name, ".hex") || decode_hex(&seed));

    if (done) {
        try_input(seed.data, seed.size);
        try_mutants(&seed, mutants, prng);
    } else {
        fprintf(stderr, "%s/%s: cannot be read\n", folder, name);
    }
    buf_release(&seed);
    return done;
}

static int
is_seed(const struct dirent *entry)
{
    return ends_with(entry->d_name, ".hex") || ends_with(entry->d_name, ".txt");
}

int
main(int argc, char **argv)
{
    uint64_t number = prng_seed(1);
    struct prng prng = prng_init(number);
    size_t mutants = MUTANTS_USUAL;
    struct dirent **names = NULL;
    int count = 0;
    int tried = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER [MUTANTS]\n", argv[0]);
        return 2;
    }
    if (argc > 2) {
        mutants = strtoul(argv[2], NULL, 10);
    }
    count = scandir(argv[1], &names, is_seed, alphasort);
    /* Said first, since a fault ends the program where it is. */
    printf("repeat with CORRIDOR_SEED=0x%llx\n", (unsigned long long)number);
    fflush(stdout);
    for (int i = 0; i < count; i++) {
        tried += try_seed(argv[1], names[i]->d_name, mutants, &prng);
        free(names[i]);
    }
    free(names);
    printf("%d of %d seeds, %zu mutants each\n", tried, count, mutants);
    return count > 0 && tried == count ? 0 : 1;
}
