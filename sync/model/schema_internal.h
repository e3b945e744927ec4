/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A schema under construction, for schema.c, schema_parse.c and
 * schema_check.c only. Lines are read into growing arrays; names of things
 * that may be declared later are kept as notes, and once all lines are read
 * schema_check.c resolves them and checks what spans lines.
 */
#ifndef CORRIDOR_SYNC_MODEL_SCHEMA_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_SCHEMA_INTERNAL_H

#include "sync/model/schema.h"

/* A schema and the memory that its pointers lead to. */
struct schema_store {
    struct schema schema; /* first, so that schema_free() finds the store */
    char *text;           /* the pack, cut into words: all names are in it */
    const char **languages;
    const char **codes; /* of all lists, one after the other */
    struct schema_list *lists;
    struct schema_ladder *ladders;
    struct schema_kind *kinds;
    struct schema_field *fields; /* of all kinds, one after the other */
    struct schema_mark *marks;
    struct schema_label *labels;
};

struct list_note {
    size_t first; /* place in store->codes */
};

struct ladder_note {
    uint32_t apart[SCHEMA_STATES_MAX];   /* pairs said to have no winner */
    uint32_t grouped[SCHEMA_STATES_MAX]; /* pairs between two > of an order */
    uint32_t line;
};

struct kind_note {
    size_t first;       /* place in store->fields */
    const char *parent; /* or NULL */
    uint32_t line;
};

struct field_note {
    const char *param;       /* what stands in <>, or NULL */
    const char *authority;   /* "creator", a field, or NULL */
    const char *allegation;  /* a field or NULL */
    enum schema_class class; /* CLASS_PUBLIC: none was given */
    uint32_t line;
};

struct mark_note {
    const char *kind;
    const char *field;
    const char *other; /* or NULL */
    uint32_t line;
};

struct label_note {
    struct schema_label label;
    uint32_t line;
};

struct schema_build {
    struct schema_store *store;
    size_t language_capacity;
    size_t code_count;
    size_t code_capacity;
    size_t list_capacity;
    size_t ladder_capacity;
    size_t kind_capacity;
    size_t field_count;
    size_t field_capacity;
    size_t mark_capacity;
    struct list_note *list_notes;
    size_t list_note_capacity;
    struct ladder_note *ladder_notes;
    size_t ladder_note_capacity;
    struct kind_note *kind_notes;
    size_t kind_note_capacity;
    struct field_note *field_notes;
    size_t field_note_capacity;
    struct mark_note *mark_notes;
    size_t mark_note_capacity;
    struct label_note *label_notes;
    size_t label_note_count;
    size_t label_note_capacity;

    uint32_t line; /* being read, or to blame */
    const char *words[SCHEMA_WORDS_MAX];
    bool quoted[SCHEMA_WORDS_MAX]; /* the word stood in quotes */
    size_t word_count;
    uint64_t number_last; /* of the kind's fields and retired numbers */
    enum {
        SECTION_NONE,
        SECTION_LIST, /* `more` continues the last list */
        SECTION_LADDER,
        SECTION_KIND
    } section;
};

/* Room for one more item in a growing array. */
#define SCHEMA_GROW(array, capacity, count) \
    mem_grow((void **)&(array), &(capacity), (count) + 1, sizeof(*(array)))

/*
 * One function for each sort of line, named by its first word: they read
 * build->words. ERR_MALFORMED, ERR_TOO_BIG or ERR_NOMEM.
 */
enum err schema_line_pack(struct schema_build *build) MUST_USE;
enum err schema_line_language(struct schema_build *build) MUST_USE;
enum err schema_line_list(struct schema_build *build) MUST_USE;
enum err schema_line_more(struct schema_build *build) MUST_USE;
enum err schema_line_ladder(struct schema_build *build) MUST_USE;
enum err schema_line_order(struct schema_build *build) MUST_USE;
enum err schema_line_beats(struct schema_build *build) MUST_USE;
enum err schema_line_apart(struct schema_build *build) MUST_USE;
enum err schema_line_steps(struct schema_build *build) MUST_USE;
enum err schema_line_kind(struct schema_build *build) MUST_USE;
enum err schema_line_reserved(struct schema_build *build) MUST_USE;
enum err schema_line_field(struct schema_build *build) MUST_USE;
enum err schema_line_retired(struct schema_build *build) MUST_USE;
enum err schema_line_mark(struct schema_build *build) MUST_USE;
enum err schema_line_label(struct schema_build *build) MUST_USE;

/* a-z, then a-z 0-9 _, at most SCHEMA_WORD_MAX bytes. */
bool schema_is_name(const char *word);
/* A decimal number from min to max; *out is untouched if it is not. */
bool schema_number_parse(
    const char *word, uint64_t min, uint64_t max, uint64_t *out);

/*
 * Resolve the notes and check the whole. On failure build->line is the line
 * to blame.
 */
enum err schema_check(struct schema_build *build) MUST_USE;

/* The order of labels: target, scope, name, language. */
int schema_label_compare(
    const struct schema_label *a, const struct schema_label *b);

/*
 * The type of this name, or the rule, or the class: false when there is none.
 */
bool schema_type_find(const char *name, enum value_type *out);
bool schema_rule_find(const char *name, enum schema_rule *out);
bool schema_class_find(const char *name, enum schema_class *out);

/*
 * The place in an array value of the code that the field's list governs;
 * SIZE_MAX for types that carry none there.
 */
size_t schema_code_place(enum value_type type);

/* A state's bit; 0 for an unknown one. */
uint32_t schema_state_bit(
    const struct schema_ladder *ladder, const char *state);

#endif
