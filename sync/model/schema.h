/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema packs: what kinds of record there are, their fields, and by which
 * rule concurrent changes of a field meet (docs/schema.md, "Packs").
 *
 * A pack is a UTF-8 text of lines. Its hash is SHA-256 of its bytes, which
 * the caller computes; a control entry names it. A pack is parsed whole and
 * strictly: a line that is not understood refuses the pack. What it says
 * about a field's type, rule and class never changes from version to version.
 *
 * Packs limit what may be written here, not what may be read: kinds, fields,
 * codes and states that a pack does not know are found by no function below
 * and are kept verbatim by those who call them.
 *
 * A schema is immutable once parsed, owns all it points to, and may be read
 * by several threads. All pointers live until schema_free().
 */
#ifndef CORRIDOR_SYNC_MODEL_SCHEMA_H
#define CORRIDOR_SYNC_MODEL_SCHEMA_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"
#include "sync/model/class.h"
#include "sync/model/value.h"

enum {
    SCHEMA_SIZE_MAX = 1024 * 1024, /* of the text */
    SCHEMA_LINE_MAX = 4096,        /* bytes without the LF */
    SCHEMA_WORDS_MAX = 512,        /* in a line */
    SCHEMA_WORD_MAX = 32,          /* bytes of a name or code */
    SCHEMA_LABEL_MAX = 256,        /* bytes of a label's text */
    SCHEMA_KINDS_MAX = 256,        /* reserved ones included */
    SCHEMA_FIELDS_MAX = 256,       /* per kind, retired ones included */
    SCHEMA_LANGUAGES_MAX = 64,
    SCHEMA_LISTS_MAX = 256,
    SCHEMA_CODES_MAX = 1024,        /* per list */
    SCHEMA_CODES_TOTAL_MAX = 16384, /* in all lists */
    SCHEMA_LADDERS_MAX = 64,
    SCHEMA_STATES_MAX = 32, /* per ladder: bits of a word */
    SCHEMA_MARKS_MAX = 64,
    SCHEMA_LABELS_MAX = 16384,
    SCHEMA_NUMBER_MAX = 65535
};

/* How concurrent operations on a field meet. */
enum schema_rule {
    RULE_ONCE,
    RULE_REVIEW, /* also the rule of all that no pack knows */
    RULE_LATEST,
    RULE_SET,
    RULE_BAN,
    RULE_JOURNAL,
    RULE_LEDGER,
    RULE_LADDER,
    RULE_HIGHEST,
    RULE_LOWEST,
    RULE_RESTRICT,
    RULE_AUTHORITY,
    RULE_OWNER,
    RULE_COUNT
};

/* An ordered list of codes; for `highest`, later ones are greater. */
struct schema_list {
    const char *name;
    const char *const *codes;
    size_t count;
};

/*
 * The states of a ladder in the order of usual progress. beats[a] has bit b
 * set if state a wins over a concurrent b; the relation is transitive and
 * antisymmetric. steps[a] has the bits of the states that a person is
 * offered after a; other steps are never void.
 */
struct schema_ladder {
    const char *name;
    const char *states[SCHEMA_STATES_MAX];
    uint32_t beats[SCHEMA_STATES_MAX];
    uint32_t steps[SCHEMA_STATES_MAX];
    size_t count;
};

struct schema_field {
    const char *name;
    uint16_t number;
    enum value_type type;
    enum schema_rule rule;
    enum schema_class class; /* its own, above the kind's, or the kind's */
    bool listed;             /* shown in lists; never where marked sealed */
    bool deadline;           /* a dt that belongs on the list of deadlines */
    uint16_t ref_kind;       /* of a ref: the kind meant, 0 for any */
    const struct schema_list *list;     /* of the code in it; or NULL */
    const struct schema_ladder *ladder; /* of a state; else NULL */
    /*
     * RULE_AUTHORITY: the number of the field of this kind, of type office
     * and rule once or owner, that names the authority; 0 stands for the
     * office of the node that created the record.
     */
    uint16_t authority;
    /* RULE_AUTHORITY: the journal field for what others allege, or 0. */
    uint16_t allegation;
};

struct schema_kind {
    const char *name;
    uint16_t number;
    enum schema_class class;
    uint16_t parent; /* the kind whose file it belongs to; 0: its own file */
    bool reserved;   /* a number and a name only: no fields yet */
    const struct schema_field *fields; /* by ascending number */
    size_t count;
};

/* Rules that read another field: they mark, and never make void. */
enum schema_mark_when {
    MARK_BY_OTHER, /* written by an office that `other` does not name */
    MARK_CONFLICT  /* current together with another value */
};

struct schema_mark {
    const char *name;
    uint16_t kind;
    uint16_t field;
    const char *code; /* the value meant; NULL for any */
    enum schema_mark_when when;
    uint16_t other; /* MARK_BY_OTHER: an office field, rule once or owner */
};

/* What a label names; the order of the labels is by this first. */
enum schema_target {
    TARGET_KIND,  /* scope: the kind; name: "" */
    TARGET_FIELD, /* the kind, the field */
    TARGET_CODE,  /* the list or ladder, the code or state */
    TARGET_MARK   /* "mark", the mark */
};

struct schema_label {
    enum schema_target target;
    const char *scope;
    const char *name;
    const char *lang;
    const char *text;
};

struct schema {
    const char *name;
    uint32_t version;
    const char *const *languages; /* that the pack has labels in */
    size_t language_count;
    const struct schema_list *lists; /* by name */
    size_t list_count;
    const struct schema_ladder *ladders; /* by name */
    size_t ladder_count;
    const struct schema_kind *kinds; /* by ascending number */
    size_t kind_count;
    const struct schema_mark *marks; /* in the pack's order */
    size_t mark_count;
    const struct schema_label *labels; /* sorted by all but the text */
    size_t label_count;
};

/*
 * Parse a pack. ERR_MALFORMED for a line that breaks a rule, ERR_TOO_BIG
 * beyond a limit above, ERR_NOMEM.
 * On failure *out_line (may be NULL) is the line, from 1, or 0 for the text
 * as a whole, and *out is untouched. The text need not outlive the call.
 */
enum err schema_parse(
    struct bytes text, struct schema **out, uint32_t *out_line) MUST_USE;
/* NULL is fine. */
void schema_free(struct schema *schema);

/* By number or by name; NULL for what the pack lacks, and for reserved. */
const struct schema_kind *schema_kind(
    const struct schema *schema, uint64_t number);
const struct schema_kind *schema_kind_by_name(
    const struct schema *schema, struct bytes name);
/* A NULL kind has no fields. */
const struct schema_field *schema_field(
    const struct schema_kind *kind, uint64_t number);
const struct schema_field *schema_field_by_name(
    const struct schema_kind *kind, struct bytes name);
const struct schema_list *schema_list_by_name(
    const struct schema *schema, struct bytes name);
const struct schema_ladder *schema_ladder_by_name(
    const struct schema *schema, struct bytes name);

/* The code's or state's place, or SIZE_MAX for one that is not in it. */
size_t schema_list_find(const struct schema_list *list, struct bytes code);
size_t schema_ladder_find(
    const struct schema_ladder *ladder, struct bytes state);
/*
 * Does state a win over a concurrent b? False for equal states, for pairs
 * that go to review, and for states the ladder does not know.
 */
bool schema_ladder_beats(
    const struct schema_ladder *ladder, struct bytes a, struct bytes b);

/*
 * May `value` stand in this field of a merged record? Its form is checked
 * by type; null ("no value") is right for review, latest and authority only.
 * Codes need not be known. Errors as of value_check().
 */
enum err schema_value_check(
    const struct schema_field *field, struct bytes value) MUST_USE;
/*
 * The stricter check for what is written here: also ERR_NOT_FOUND for a
 * code or state that the pack does not have. (That a ref is of the right
 * kind is for those who hold the records.)
 */
enum err schema_value_known(
    const struct schema_field *field, struct bytes value) MUST_USE;
/*
 * The number by which `highest` and `lowest` compare values: of n, ts and dt
 * their own order, of a code its place in the list (an unknown one above all
 * others). Equal ranks are for the caller to break, by bytes. ERR_MALFORMED
 * when the value is not of the field's type or the type has no order.
 */
enum err schema_value_rank(const struct schema_field *field, struct bytes value,
    int64_t *out) MUST_USE;

/*
 * The label of a target in a language: "case", "case.status", "country:TH",
 * "ladder:state", "mark:name". Falls back to English, then to NULL.
 */
const char *schema_label(
    const struct schema *schema, const char *target, const char *lang);
/* The same for parts; these fall back to the bare name or code. */
const char *schema_kind_label(const struct schema *schema,
    const struct schema_kind *kind, const char *lang);
const char *schema_field_label(const struct schema *schema,
    const struct schema_kind *kind, const struct schema_field *field,
    const char *lang);
/* `code` is of the field's list or ladder; NULL if no label is known. */
const char *schema_code_label(const struct schema *schema,
    const struct schema_field *field, struct bytes code, const char *lang);

/* The words used in packs and in the interfaces: "review", "sealed". */
const char *schema_rule_name(enum schema_rule rule);
const char *schema_class_name(enum schema_class class);

#endif
