/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/cbor.h"

#include <assert.h>
#include <string.h>

/*
 * An item begins with a head (RFC 8949, section 3): the major type in the
 * upper three bits; in the lower five the argument itself (0 to 23), or how
 * many bytes of it follow (24: one, 25: two, 26: four, 27: eight).
 */
enum major {
    MAJOR_UINT = 0,
    MAJOR_NINT = 1, /* stands for -1 - argument */
    MAJOR_BYTES = 2,
    MAJOR_TEXT = 3,
    MAJOR_ARRAY = 4,
    MAJOR_MAP = 5,
    MAJOR_SIMPLE = 7,
};

enum {
    INFO_U8 = 24,
    INFO_U16 = 25,
    INFO_U32 = 26,
    INFO_U64 = 27,
    HEAD_FALSE = 0xf4,
    HEAD_TRUE = 0xf5,
    HEAD_NULL = 0xf6,
};

static uint8_t
first_byte(enum major major, uint8_t info)
{
    return (uint8_t)((unsigned)major << 5 | info);
}

static void
put_head(struct buf *buf, enum major major, uint64_t argument)
{
    if (argument < INFO_U8) {
        buf_put_u8(buf, first_byte(major, (uint8_t)argument));
    } else if (argument <= UINT8_MAX) {
        buf_put_u8(buf, first_byte(major, INFO_U8));
        buf_put_u8(buf, (uint8_t)argument);
    } else if (argument <= UINT16_MAX) {
        buf_put_u8(buf, first_byte(major, INFO_U16));
        buf_put_u16(buf, (uint16_t)argument);
    } else if (argument <= UINT32_MAX) {
        buf_put_u8(buf, first_byte(major, INFO_U32));
        buf_put_u32(buf, (uint32_t)argument);
    } else {
        buf_put_u8(buf, first_byte(major, INFO_U64));
        buf_put_u64(buf, argument);
    }
}

void
cbor_put_uint(struct buf *buf, uint64_t value)
{
    put_head(buf, MAJOR_UINT, value);
}

void
cbor_put_int(struct buf *buf, int64_t value)
{
    if (value >= 0) {
        put_head(buf, MAJOR_UINT, (uint64_t)value);
    } else {
        put_head(buf, MAJOR_NINT, (uint64_t)(-1 - value));
    }
}

void
cbor_put_bytes(struct buf *buf, struct bytes bytes)
{
    put_head(buf, MAJOR_BYTES, bytes.size);
    buf_put_bytes(buf, bytes);
}

void
cbor_put_text(struct buf *buf, struct bytes text)
{
    assert(bytes_are_utf8(text));
    put_head(buf, MAJOR_TEXT, text.size);
    buf_put_bytes(buf, text);
}

void
cbor_put_cstr(struct buf *buf, const char *text)
{
    cbor_put_text(buf, bytes_text(text));
}

void
cbor_put_array(struct buf *buf, size_t count)
{
    put_head(buf, MAJOR_ARRAY, count);
}

void
cbor_put_map(struct buf *buf, size_t count)
{
    put_head(buf, MAJOR_MAP, count);
}

void
cbor_put_bool(struct buf *buf, bool value)
{
    buf_put_u8(buf, value ? HEAD_TRUE : HEAD_FALSE);
}

void
cbor_put_null(struct buf *buf)
{
    buf_put_u8(buf, HEAD_NULL);
}

static enum cbor_type
type_of(uint8_t first)
{
    static const enum cbor_type types[] = {
        [MAJOR_UINT] = CBOR_UINT,
        [MAJOR_NINT] = CBOR_NINT,
        [MAJOR_BYTES] = CBOR_BYTES,
        [MAJOR_TEXT] = CBOR_TEXT,
        [MAJOR_ARRAY] = CBOR_ARRAY,
        [MAJOR_MAP] = CBOR_MAP,
    };

    switch (first) {
    case HEAD_FALSE:
        return CBOR_FALSE;
    case HEAD_TRUE:
        return CBOR_TRUE;
    case HEAD_NULL:
        return CBOR_NULL;
    default:
        break;
    }
    /* 28 to 30 are reserved, 31 is an indefinite length. */
    if (first >> 5 > MAJOR_MAP || (first & 0x1f) > INFO_U64) {
        return CBOR_INVALID;
    }
    return types[first >> 5];
}

enum cbor_type
cbor_peek(const struct cursor *cursor)
{
    return cursor_left(cursor) == 0 ? CBOR_INVALID : type_of(*cursor->pos);
}

/*
 * The argument of a head whose first byte ended in `info`. "The argument is
 * to be encoded as short as possible" (RFC 8949, section 4.2.1).
 */
static uint64_t
get_argument(struct cursor *cursor, uint8_t info)
{
    uint64_t argument = info;
    uint64_t least = 0;

    if (info == INFO_U8) {
        argument = cursor_u8(cursor);
        least = INFO_U8;
    } else if (info == INFO_U16) {
        argument = cursor_u16(cursor);
        least = (uint64_t)UINT8_MAX + 1;
    } else if (info == INFO_U32) {
        argument = cursor_u32(cursor);
        least = (uint64_t)UINT16_MAX + 1;
    } else if (info == INFO_U64) {
        argument = cursor_u64(cursor);
        least = (uint64_t)UINT32_MAX + 1;
    }
    if (argument < least) {
        cursor_fail(cursor);
    }
    return cursor->failed ? 0 : argument;
}

/* A head of any type in the profile; CBOR_INVALID and failed otherwise. */
static enum cbor_type
get_head(struct cursor *cursor, uint64_t *argument)
{
    enum cbor_type type = cbor_peek(cursor);
    uint8_t info = 0;

    *argument = 0;
    if (type == CBOR_INVALID) {
        cursor_fail(cursor);
        return CBOR_INVALID;
    }
    if (type == CBOR_FALSE || type == CBOR_TRUE || type == CBOR_NULL) {
        cursor_take(cursor, 1);
        return type;
    }
    info = *cursor->pos & 0x1f;
    cursor->pos++;
    if (info < INFO_U8) {
        *argument = info;
        return type;
    }
    *argument = get_argument(cursor, info);
    return cursor->failed ? CBOR_INVALID : type;
}

/* A head of one type; 0 and failed for any other, which is not consumed. */
static uint64_t
get_head_of(struct cursor *cursor, enum cbor_type type)
{
    uint64_t argument = 0;

    if (cbor_peek(cursor) != type) {
        cursor_fail(cursor);
        return 0;
    }
    get_head(cursor, &argument);
    return argument;
}

/* The bytes of a string whose head claims `size`. */
static struct bytes
get_content(struct cursor *cursor, uint64_t size)
{
    if (size > cursor_left(cursor)) {
        cursor_fail(cursor);
        return bytes_of(NULL, 0);
    }
    return cursor_take(cursor, (size_t)size);
}

static struct bytes
get_text_content(struct cursor *cursor, uint64_t size)
{
    struct bytes text = get_content(cursor, size);

    if (!bytes_are_utf8(text)) {
        cursor_fail(cursor);
        return bytes_of(NULL, 0);
    }
    return text;
}

/* Each item takes a byte at least, so a greater count cannot be true. */
static size_t
bounded_count(struct cursor *cursor, uint64_t count, size_t items_each)
{
    if (count > cursor_left(cursor) / items_each) {
        cursor_fail(cursor);
        return 0;
    }
    return (size_t)count;
}

uint64_t
cbor_get_uint(struct cursor *cursor)
{
    return get_head_of(cursor, CBOR_UINT);
}

int64_t
cbor_get_int(struct cursor *cursor)
{
    uint64_t argument = 0;
    enum cbor_type type = get_head(cursor, &argument);

    if ((type != CBOR_UINT && type != CBOR_NINT) || argument > INT64_MAX) {
        cursor_fail(cursor);
        return 0;
    }
    return type == CBOR_UINT ? (int64_t)argument : -1 - (int64_t)argument;
}

bool
cbor_get_bool(struct cursor *cursor)
{
    uint64_t argument = 0;
    enum cbor_type type = get_head(cursor, &argument);

    if (type != CBOR_FALSE && type != CBOR_TRUE) {
        cursor_fail(cursor);
    }
    return type == CBOR_TRUE;
}

void
cbor_get_null(struct cursor *cursor)
{
    get_head_of(cursor, CBOR_NULL);
}

struct bytes
cbor_get_bytes(struct cursor *cursor)
{
    return get_content(cursor, get_head_of(cursor, CBOR_BYTES));
}

struct bytes
cbor_get_text(struct cursor *cursor)
{
    return get_text_content(cursor, get_head_of(cursor, CBOR_TEXT));
}

void
cbor_get_fixed(struct cursor *cursor, void *out, size_t size)
{
    struct bytes taken = cbor_get_bytes(cursor);

    if (cursor->failed || taken.size != size) {
        cursor_fail(cursor);
        memset(out, 0, size);
        return;
    }
    memcpy(out, taken.data, size);
}

size_t
cbor_get_array(struct cursor *cursor)
{
    return bounded_count(cursor, get_head_of(cursor, CBOR_ARRAY), 1);
}

size_t
cbor_get_map(struct cursor *cursor)
{
    return bounded_count(cursor, get_head_of(cursor, CBOR_MAP), 2);
}

bool
cbor_take_null(struct cursor *cursor)
{
    if (cbor_peek(cursor) != CBOR_NULL) {
        return false;
    }
    cbor_get_null(cursor);
    return true;
}

/*
 * Walking without recursion: an array or map that is open stands on a stack
 * with the number of items it still lacks. An item that is complete counts
 * for the one above it, which may complete that one in turn:
 *
 *     [1, {2: [3]}]    open: [ lacks 2      1 -> lacks 1
 *                            { lacks 2      2 -> lacks 1 (was a key)
 *                            [ lacks 1      3 -> complete, so { is, so [ is
 */
struct level {
    size_t lacks;
    bool is_map;
    const uint8_t *item; /* where the item being read begins */
    struct bytes key;    /* the map's last complete key; empty: none yet */
};

struct walk {
    struct level levels[CBOR_DEPTH_MAX];
    size_t depth;
};

/* Open a level, unless it lacks nothing: is the item complete already? */
static bool
walk_open(struct walk *walk, struct cursor *cursor, size_t lacks, bool is_map)
{
    if (walk->depth == CBOR_DEPTH_MAX) {
        cursor_fail(cursor);
    }
    if (cursor->failed || lacks == 0) {
        return true;
    }
    walk->levels[walk->depth] = (struct level){
        .lacks = lacks,
        .is_map = is_map,
        .item = cursor->pos,
    };
    walk->depth++;
    return false;
}

/*
 * An item ends at the cursor. If it is a map's key: "The keys in every map
 * MUST be sorted in the bytewise lexicographic order of their deterministic
 * encodings" (RFC 8949, section 4.2.1), and none stand twice.
 */
static void
level_count(struct level *level, struct cursor *cursor)
{
    bool is_key = level->is_map && level->lacks % 2 == 0;
    struct bytes item =
        bytes_of(level->item, (size_t)(cursor->pos - level->item));

    assert(level->lacks > 0);
    if (is_key) {
        if (level->key.size != 0 && bytes_compare(level->key, item) >= 0) {
            cursor_fail(cursor);
        }
        level->key = item;
    }
    level->lacks--;
    level->item = cursor->pos;
}

/* An item is complete: count it, and close what it completes. */
static void
walk_count(struct walk *walk, struct cursor *cursor)
{
    while (walk->depth > 0) {
        struct level *level = &walk->levels[walk->depth - 1];

        level_count(level, cursor);
        if (level->lacks > 0) {
            return;
        }
        walk->depth--;
    }
}

/*
 * Read a head, with the content of a string; open a level for the rest of an
 * array or map. Is the item complete?
 */
static bool
walk_step(struct walk *walk, struct cursor *cursor)
{
    uint64_t argument = 0;
    size_t count = 0;

    switch (get_head(cursor, &argument)) {
    case CBOR_BYTES:
        get_content(cursor, argument);
        break;
    case CBOR_TEXT:
        get_text_content(cursor, argument);
        break;
    case CBOR_ARRAY:
        count = bounded_count(cursor, argument, 1);
        return walk_open(walk, cursor, count, false);
    case CBOR_MAP:
        count = bounded_count(cursor, argument, 2);
        return walk_open(walk, cursor, 2 * count, true);
    case CBOR_UINT:
    case CBOR_NINT:
    case CBOR_FALSE:
    case CBOR_TRUE:
    case CBOR_NULL:
    case CBOR_INVALID:
        break;
    }
    return true;
}

struct bytes
cbor_skip(struct cursor *cursor)
{
    struct walk walk;
    const uint8_t *start = cursor->pos;

    walk.depth = 0; /* its levels are not read before they are written */
    do {
        if (walk_step(&walk, cursor)) {
            walk_count(&walk, cursor);
        }
    } while (walk.depth > 0 && !cursor->failed);
    if (cursor->failed) {
        return bytes_of(NULL, 0);
    }
    return bytes_of(start, (size_t)(cursor->pos - start));
}

bool
cbor_valid(struct bytes bytes)
{
    struct cursor cursor = cursor_init(bytes);

    cbor_skip(&cursor);
    return cursor_end(&cursor) == ERR_OK;
}
