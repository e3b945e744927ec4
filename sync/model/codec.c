/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two things of zstd are outside its stable interface and worth it: its
 * memory comes from crypto/base/mem, so that tests can make it fail; and
 * frames without magic bytes save four bytes of each change. The shared
 * library exports both.
 */
#define ZSTD_STATIC_LINKING_ONLY

#include "sync/model/change.h"

#include <string.h>

#include <zstd.h>

#include "crypto/base/mem.h"

enum {
    LEVEL = 1,
    /* The frame header's first byte (RFC 8878, section 3.1.1.1.1). */
    DICTIONARY_FLAG = 0x03,
    FORBIDDEN_FLAGS = 0x1c, /* a checksum, a reserved bit, an unused bit */
    SINGLE_SEGMENT = 0x20,  /* in every frame; not before a plaintext */
    CONTENT_SHIFT = 6,
    /* A block's header of three bytes (section 3.1.1.2). */
    BLOCK_LAST = 0x01,
    BLOCK_TYPE_SHIFT = 1,
    BLOCK_TYPE_MASK = 0x03,
    BLOCK_SIZE_SHIFT = 3,
    BLOCK_RLE = 1,
    BLOCK_RESERVED = 3
};

static_assert(1 << CHANGE_WINDOW_LOG_MAX == CHANGE_PLAIN_BYTES_MAX,
    "the window of the greatest frame");

struct codec {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    void *pack_dictionary;         /* memory of a ZSTD_CDict, or NULL */
    ZSTD_DDict *unpack_dictionary; /* or NULL */
    uint32_t dictionary_id;
    bool is_starved; /* zstd was refused memory since this was cleared */
};

enum {
    /* A plaintext as it is: a byte that counts the zeros at the end, which
     * are fewer than 32 up to this padded size. */
    PLAIN_HEAD_BYTES = 1,
    PLAIN_PADDED_BYTES_MAX = 256
};

/* What was packed, as its head tells. */
struct frame {
    bool is_plain;  /* no frame: the plaintext as it is */
    size_t size;    /* without the padding */
    size_t content; /* of its plaintext */
    uint32_t dictionary_id;
};

static void *
codec_alloc(void *opaque, size_t size)
{
    struct codec *codec = opaque;
    void *memory = mem_alloc(size);

    codec->is_starved |= memory == NULL;
    return memory;
}

static void
codec_release(void *opaque, void *memory)
{
    (void)opaque;
    mem_free(memory);
}

static ZSTD_customMem
codec_memory(struct codec *codec)
{
    ZSTD_customMem memory = {codec_alloc, codec_release, codec};

    return memory;
}

/* Why zstd failed: for want of memory, or by what it was given. */
static enum err
codec_fault(const struct codec *codec)
{
    return codec->is_starved ? ERR_NOMEM : ERR_MALFORMED;
}

void
codec_free(struct codec *codec)
{
    if (codec == NULL) {
        return;
    }
    ZSTD_freeCCtx(codec->pack);
    ZSTD_freeDCtx(codec->unpack);
    mem_free(codec->pack_dictionary);
    ZSTD_freeDDict(codec->unpack_dictionary);
    mem_free(codec);
}

/* The parameters are in their range, so only memory can be wanting. */
static enum err
set_parameters(ZSTD_CCtx *pack)
{
    static const struct {
        ZSTD_cParameter parameter;
        int value;
    } all[] = {
        {ZSTD_c_compressionLevel, LEVEL},
        {ZSTD_c_format, ZSTD_f_zstd1_magicless},
        /* The whole plaintext, so that every frame is a single segment. */
        {ZSTD_c_windowLog, CHANGE_WINDOW_LOG_MAX},
        {ZSTD_c_contentSizeFlag, 1},
        {ZSTD_c_checksumFlag, 0},
        {ZSTD_c_dictIDFlag, 1},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        size_t rc =
            ZSTD_CCtx_setParameter(pack, all[i].parameter, all[i].value);

        if (ZSTD_isError(rc)) {
            return ERR_NOMEM;
        }
    }
    return ERR_OK;
}

static enum err
open_contexts(struct codec *codec)
{
    size_t rc = 0;

    codec->pack = ZSTD_createCCtx_advanced(codec_memory(codec));
    codec->unpack = ZSTD_createDCtx_advanced(codec_memory(codec));
    if (codec->pack == NULL || codec->unpack == NULL) {
        return ERR_NOMEM;
    }
    rc = ZSTD_DCtx_setParameter(
        codec->unpack, ZSTD_d_format, ZSTD_f_zstd1_magicless);
    return ZSTD_isError(rc) ? ERR_NOMEM : set_parameters(codec->pack);
}

/*
 * Digest the dictionary for packing, within memory of our own:
 * ZSTD_createCDict_advanced of zstd 1.5.4 follows a null pointer when it gets
 * none.
 */
static enum err
open_pack_dictionary(struct codec *codec, struct bytes dictionary)
{
    ZSTD_compressionParameters parameters =
        ZSTD_getCParams(LEVEL, 0, dictionary.size);
    size_t size = ZSTD_estimateCDictSize_advanced(
        dictionary.size, parameters, ZSTD_dlm_byCopy);
    const ZSTD_CDict *digested = NULL;
    size_t rc = 0;

    codec->pack_dictionary = mem_alloc(size);
    if (codec->pack_dictionary == NULL) {
        return ERR_NOMEM;
    }
    digested =
        ZSTD_initStaticCDict(codec->pack_dictionary, size, dictionary.data,
            dictionary.size, ZSTD_dlm_byCopy, ZSTD_dct_fullDict, parameters);
    if (digested == NULL) {
        return ERR_MALFORMED;
    }
    rc = ZSTD_CCtx_refCDict(codec->pack, digested);
    return ZSTD_isError(rc) ? codec_fault(codec) : ERR_OK;
}

static enum err
open_unpack_dictionary(struct codec *codec, struct bytes dictionary)
{
    size_t rc = 0;

    codec->unpack_dictionary =
        ZSTD_createDDict_advanced(dictionary.data, dictionary.size,
            ZSTD_dlm_byCopy, ZSTD_dct_fullDict, codec_memory(codec));
    if (codec->unpack_dictionary == NULL) {
        return codec_fault(codec);
    }
    rc = ZSTD_DCtx_refDDict(codec->unpack, codec->unpack_dictionary);
    return ZSTD_isError(rc) ? codec_fault(codec) : ERR_OK;
}

enum err
codec_new(struct codec **out, uint32_t dictionary_id, struct bytes dictionary)
{
    struct codec *codec = NULL;
    enum err rc = ERR_OK;

    if ((dictionary.size == 0) != (dictionary_id == 0) ||
        (dictionary.size != 0 && ZSTD_getDictID_fromDict(dictionary.data,
                                     dictionary.size) != dictionary_id)) {
        return ERR_MALFORMED;
    }
    codec = mem_zalloc(1, sizeof(*codec));
    if (codec == NULL) {
        return ERR_NOMEM;
    }
    codec->dictionary_id = dictionary_id;
    rc = open_contexts(codec);
    if (rc == ERR_OK && dictionary.size != 0) {
        rc = open_pack_dictionary(codec, dictionary);
    }
    if (rc == ERR_OK && dictionary.size != 0) {
        rc = open_unpack_dictionary(codec, dictionary);
    }
    if (rc != ERR_OK) {
        codec_free(codec);
        return rc;
    }
    *out = codec;
    return ERR_OK;
}

/* zstd's numbers are little-endian; at most four bytes here. */
static uint32_t
get_number(struct cursor *cursor, size_t size)
{
    uint32_t number = 0;

    for (size_t i = 0; i < size; i++) {
        number |= (uint32_t)cursor_u8(cursor) << 8 * i;
    }
    return number;
}

/* Of the sizes that a number can have, the least that holds it. */
static void
get_dictionary_id(struct cursor *cursor, uint8_t flags, struct frame *out)
{
    static const struct {
        size_t size;
        uint32_t least;
    } forms[] = {{0, 0}, {1, 1}, {2, 1 << 8}, {4, 1 << 16}};
    size_t form = flags & DICTIONARY_FLAG;

    out->dictionary_id = get_number(cursor, forms[form].size);
    if (out->dictionary_id < forms[form].least) {
        cursor_fail(cursor);
    }
}

/* One, two (which begin at 256), or four bytes; eight are never needed. */
static void
get_content_size(struct cursor *cursor, uint8_t flags, struct frame *out)
{
    static const struct {
        size_t size;
        uint32_t added;
        uint32_t least;
    } forms[] = {{1, 0, 0}, {2, 256, 256}, {4, 0, 65536 + 256}};
    size_t form = flags >> CONTENT_SHIFT;
    uint32_t content = 0;

    if (form >= sizeof(forms) / sizeof(forms[0])) {
        cursor_fail(cursor);
        return;
    }
    content = get_number(cursor, forms[form].size) + forms[form].added;
    if (content < forms[form].least) {
        cursor_fail(cursor);
    }
    out->content = content;
}

/* Step over the blocks of a frame, to where it ends. */
static void
skip_blocks(struct cursor *cursor)
{
    bool is_last = false;

    while (!is_last && !cursor->failed) {
        uint32_t head = get_number(cursor, 3);
        uint32_t type = head >> BLOCK_TYPE_SHIFT & BLOCK_TYPE_MASK;
        size_t size = head >> BLOCK_SIZE_SHIFT;

        is_last = (head & BLOCK_LAST) != 0;
        if (type == BLOCK_RESERVED) {
            cursor_fail(cursor);
        }
        /* One byte stands for all of a block that repeats it. */
        cursor_take(cursor, type == BLOCK_RLE ? 1 : size);
    }
}

/* The whole of a frame behind its first byte. */
static void
get_frame(struct cursor *cursor, uint8_t flags, struct frame *out)
{
    if ((flags & FORBIDDEN_FLAGS) != 0) {
        cursor_fail(cursor);
    }
    get_dictionary_id(cursor, flags, out);
    get_content_size(cursor, flags, out);
    skip_blocks(cursor);
}

/* A plaintext behind the count of the zeros that follow it. */
static void
get_plain(struct cursor *cursor, uint8_t zeros, struct frame *out)
{
    size_t left = cursor_left(cursor);

    if (zeros > left || left > PLAIN_PADDED_BYTES_MAX - PLAIN_HEAD_BYTES) {
        cursor_fail(cursor);
        return;
    }
    out->is_plain = true;
    out->content = left - zeros;
    cursor_take(cursor, out->content);
}

/* What was packed, then zeros "to seal_padded_size", and no more. */
static enum err
frame_read(struct frame *out, struct bytes padded)
{
    struct cursor cursor = cursor_init(padded);
    uint8_t first = cursor_u8(&cursor);
    struct frame frame = {0};

    if ((first & SINGLE_SEGMENT) != 0) {
        get_frame(&cursor, first, &frame);
    } else {
        get_plain(&cursor, first, &frame);
    }
    if (cursor.failed) {
        return ERR_MALFORMED;
    }
    frame.size = (size_t)(cursor.pos - cursor.start);
    if (padded.size != seal_padded_size(frame.size) ||
        !bytes_are_zero(cursor_take(&cursor, cursor_left(&cursor)))) {
        return ERR_MALFORMED;
    }
    if (frame.content > CHANGE_PLAIN_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    *out = frame;
    return ERR_OK;
}

enum err
codec_dictionary_id(uint32_t *out, struct bytes padded)
{
    struct frame frame = {0};
    enum err rc = frame_read(&frame, padded);

    if (rc == ERR_OK) {
        *out = frame.dictionary_id;
    }
    return rc;
}

/* Zeros behind the frame that begins at `start`. */
static enum err
put_padding(struct buf *out, size_t start)
{
    size_t size = out->size - start;
    size_t padding = seal_padded_size(size) - size;
    uint8_t *room = buf_extend(out, padding);

    if (room != NULL) {
        memset(room, 0, padding);
    }
    return buf_err(out);
}

static enum err
put_plain(struct buf *out, struct bytes plain)
{
    size_t start = out->size;
    size_t size = PLAIN_HEAD_BYTES + plain.size;

    buf_put_u8(out, (uint8_t)(seal_padded_size(size) - size));
    buf_put_bytes(out, plain);
    return put_padding(out, start);
}

static enum err
put_frame(struct codec *codec, struct buf *out, struct bytes plain)
{
    size_t start = out->size;
    size_t room_size = ZSTD_compressBound(plain.size);
    uint8_t *room = buf_extend(out, room_size);
    size_t size = 0;

    if (room == NULL) {
        return buf_err(out);
    }
    codec->is_starved = false;
    size = ZSTD_compress2(codec->pack, room, room_size, plain.data, plain.size);
    if (ZSTD_isError(size)) {
        /* There is room enough, so only memory can be wanting. */
        assert(codec->is_starved);
        return ERR_NOMEM;
    }
    buf_truncate(out, start + size);
    return put_padding(out, start);
}

enum err
codec_pack(struct codec *codec, struct buf *out, struct bytes plain)
{
    size_t start = out->size;
    size_t as_it_is = seal_padded_size(PLAIN_HEAD_BYTES + plain.size);
    enum err rc = ERR_OK;

    if (plain.size > CHANGE_PLAIN_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    /* No frame is shorter than the least that there is. */
    if (as_it_is > seal_padded_size(0)) {
        rc = put_frame(codec, out, plain);
    }
    if (rc == ERR_OK && as_it_is <= PLAIN_PADDED_BYTES_MAX &&
        (out->size == start || as_it_is <= out->size - start)) {
        buf_truncate(out, start);
        rc = put_plain(out, plain);
    }
    if (rc != ERR_OK) {
        buf_truncate(out, start);
    }
    return rc;
}

enum err
codec_unpack(struct codec *codec, struct buf *out, struct bytes padded)
{
    size_t start = out->size;
    struct frame frame = {0};
    uint8_t *room = NULL;
    size_t size = 0;
    enum err rc = frame_read(&frame, padded);

    if (rc != ERR_OK) {
        return rc;
    }
    if (frame.is_plain) {
        buf_put(out, padded.data + PLAIN_HEAD_BYTES, frame.content);
        return buf_err(out);
    }
    if (frame.dictionary_id != codec->dictionary_id) {
        return ERR_VERSION;
    }
    room = buf_extend(out, frame.content);
    if (room == NULL) {
        return buf_err(out);
    }
    codec->is_starved = false;
    size = ZSTD_decompressDCtx(
        codec->unpack, room, frame.content, padded.data, frame.size);
    if (ZSTD_isError(size) || size != frame.content) {
        buf_truncate(out, start);
        return codec_fault(codec);
    }
    return ERR_OK;
}
