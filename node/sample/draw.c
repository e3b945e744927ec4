/* SPDX-License-Identifier: Apache-2.0 */
#include "node/sample/draw.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 1024 };

static uint64_t
mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t
draw_next(struct draw *draw)
{
    draw->state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(draw->state);
}

struct draw
draw_init(uint64_t seed, uint64_t number, uint64_t stream)
{
    struct draw draw = {mix(mix(mix(seed) ^ number) ^ stream)};

    return draw;
}

unsigned
draw_below(struct draw *draw, unsigned limit)
{
    return (unsigned)(draw_next(draw) % limit);
}

bool
draw_chance(struct draw *draw, unsigned percent)
{
    return draw_below(draw, 100) < percent;
}

const char *
draw_word(struct draw *draw, const char *const *words, size_t count)
{
    return words[draw_below(draw, (unsigned)count)];
}

const struct words *
draw_origin(uint64_t seed, uint64_t number)
{
    struct draw draw = draw_init(seed, number, DRAW_SHAPE);

    return words_origins[draw_below(&draw, WORDS_ORIGINS)];
}

void
line_init(struct line *line, const char *kind, char letter, uint64_t number)
{
    line->json = json_object();
    line->failed = line->json == NULL;
    if (kind != NULL) {
        line_put_text(line, "kind", kind);
    }
    line_put_ref(line, "id", letter, number);
}

void
line_put(struct line *line, const char *name, json_t *value)
{
    if (line->failed) {
        json_decref(value);
        return;
    }
    line->failed = json_object_set_new(line->json, name, value) != 0;
}

void
line_put_text(struct line *line, const char *name, const char *text)
{
    line_put(line, name, json_string(text));
}

void
line_put_ref(struct line *line, const char *name, char letter, uint64_t number)
{
    line_put(line, name,
        json_sprintf("#%c%llu", letter, (unsigned long long)number));
}

enum err
line_end(struct line *line, struct buf *out)
{
    size_t start = out->size;
    size_t size = 0;
    uint8_t *text = NULL;
    enum err rc = ERR_NOMEM;

    if (!line->failed) {
        size = json_dumpb(line->json, NULL, 0, JSON_COMPACT);
    }
    if (size > 0) {
        text = buf_extend(out, size);
        rc = buf_err(out);
    }
    if (text != NULL) {
        (void)json_dumpb(line->json, (char *)text, size, JSON_COMPACT);
        buf_put_u8(out, '\n');
        rc = buf_err(out);
    }
    if (rc != ERR_OK) {
        buf_truncate(out, start);
    }
    json_decref(line->json);
    line->json = NULL;
    return rc;
}

json_t *
draw_date(struct draw *draw, unsigned year, unsigned years, bool buddhist)
{
    unsigned y = year + draw_below(draw, years);
    unsigned month = 1 + draw_below(draw, 12);
    unsigned day = 1 + draw_below(draw, 28);

    if (!buddhist) {
        return json_sprintf("%04u-%02u-%02u", y, month, day);
    }
    switch (draw_below(draw, 3)) {
    case 0:
        return json_sprintf("%u BE", y + 543);
    case 1:
        return json_sprintf("%u/%u/%u", day, month, y + 543);
    default:
        return json_sprintf("%u-%02u-%02u", y + 543, month, day);
    }
}

/* Sums that people speak of: mostly round ones. */
json_t *
draw_money(struct draw *draw, const char *currency)
{
    static const struct {
        const char *currency;
        unsigned unit;
    } units[] = {
        {"THB", 50},
        {"KHR", 10000},
        {"LAK", 50000},
        {"MMK", 10000},
        {"VND", 100000},
        {"JPY", 1000},
        {"KRW", 10000},
        {"MYR", 10},
        {"USD", 5},
    };
    unsigned unit = 1;

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].currency, currency) == 0) {
            unit = units[i].unit;
        }
    }
    return json_sprintf("%u %s", unit * (1 + draw_below(draw, 800)), currency);
}

json_t *
draw_phone(struct draw *draw, const struct words *words)
{
    static const char *const apps[] = {
        "line", "zalo", "messenger", "viber", "telegram"};
    unsigned net = 0;
    unsigned upper = 0;
    unsigned lower = 0;

    if (draw_chance(draw, 25)) {
        const char *app = DRAW_WORD(draw, apps);
        const char *handle = DRAW_WORD(draw, words->latin_second);

        return json_sprintf("%s:%s%u", app, handle, draw_below(draw, 100));
    }
    net = 10 + draw_below(draw, 89);
    upper = draw_below(draw, 1000);
    lower = draw_below(draw, 1000);
    return json_sprintf("%s %u %03u %03u", words->phone, net, upper, lower);
}

json_t *
draw_names(struct draw *draw, const struct words *words)
{
    unsigned a = draw_below(draw, WORDS_NAMES);
    unsigned b = draw_below(draw, WORDS_NAMES);

    return json_pack("[{s:o, s:s, s:s}, {s:o, s:s, s:s}]", "text",
        json_sprintf("%s %s", words->first[a], words->second[b]), "script",
        words->script, "role", "full", "text",
        json_sprintf("%s %s", words->latin_first[a], words->latin_second[b]),
        "script", "Latn", "role", "document");
}

/* Append the phrase with its number; returns what then stands in text. */
static size_t
fill(char *text, size_t size, const char *phrase, unsigned number)
{
    const char *at = strstr(phrase, "%u");
    int put = at == NULL ? snprintf(text + size, TEXT_SIZE - size, "%s", phrase)
                         : snprintf(text + size, TEXT_SIZE - size, "%.*s%u%s",
                               (int)(at - phrase), phrase, number, at + 2);

    /* Phrases are short; what would not fit is cut. */
    size += put > 0 ? (size_t)put : 0;
    return size < TEXT_SIZE ? size : TEXT_SIZE - 1;
}

json_t *
draw_fill(const char *phrase, unsigned number)
{
    char text[TEXT_SIZE];

    (void)fill(text, 0, phrase, number);
    return json_string(text);
}

json_t *
draw_text(
    struct draw *draw, const struct words *words, const char *const *phrases)
{
    char text[TEXT_SIZE];
    unsigned place = draw_below(draw, WORDS_PHRASES);
    size_t size = fill(text, 0, phrases[place], 2 + draw_below(draw, 29));

    if (draw_chance(draw, 40)) {
        /* Another phrase than the first. */
        place += 1 + draw_below(draw, WORDS_PHRASES - 1);
        size = fill(text, size, "; ", 0);
        size = fill(text, size, phrases[place % WORDS_PHRASES],
            2 + draw_below(draw, 29));
    }
    return json_pack("{s:s%, s:s}", "text", text, size, "lang", words->lang);
}

json_t *
draw_office(struct draw *draw, const struct sample_options *options)
{
    char hex[65];

    if (options->office_count > 0) {
        return json_string(
            options
                ->offices[draw_below(draw, (unsigned)options->office_count)]);
    }
    for (size_t i = 0; i < 4; i++) {
        snprintf(
            hex + 16 * i, 17, "%016llx", (unsigned long long)draw_next(draw));
    }
    return json_string(hex);
}

json_t *
draw_set(
    struct draw *draw, const char *const *words, size_t count, unsigned limit)
{
    json_t *array = json_array();
    unsigned wanted = 1 + draw_below(draw, limit);
    /* A run of neighbours: different words without a search. */
    unsigned start = draw_below(draw, (unsigned)count);

    for (unsigned i = 0; i < wanted && i < count; i++) {
        if (json_array_append_new(
                array, json_string(words[(start + i) % count])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}
