/* SPDX-License-Identifier: Apache-2.0 */
/* Values from small pools, so that people often say the same. */
#include "crypto/base/cbor.h"
#include "tests/sim/sim.h"
#include "tests/sim/work.h"

enum { POOL = 4, YEAR = 2026 };

static void
put_word(struct buf *out, struct prng *prng)
{
    static const char *const words[POOL] = {"sokha", "bopha", "dara", "kanya"};

    cbor_put_cstr(out, words[prng_below(prng, POOL)]);
}

static void
put_tx(struct buf *out, struct prng *prng)
{
    cbor_put_array(out, 2);
    put_word(out, prng);
    cbor_put_null(out);
}

static void
put_date(struct buf *out, struct prng *prng)
{
    cbor_put_array(out, 5);
    cbor_put_uint(out, CALENDAR_COMMON);
    cbor_put_null(out);
    cbor_put_uint(out, YEAR);
    cbor_put_uint(out, 1 + prng_below(prng, POOL));
    cbor_put_uint(out, 1 + prng_below(prng, POOL));
}

static bool
put_code(struct buf *out, struct prng *prng, const struct schema_field *field)
{
    if (field->list == NULL) {
        return false;
    }
    cbor_put_cstr(
        out, field->list->codes[prng_below(
                 prng, field->list->count < POOL ? field->list->count : POOL)]);
    return true;
}

static void
put_money(struct buf *out, struct prng *prng)
{
    cbor_put_array(out, 3);
    cbor_put_int(out, 100 * (int64_t)(1 + prng_below(prng, POOL)));
    cbor_put_cstr(out, "THB");
    cbor_put_uint(out, 2);
}

/* Without date and note, so that equal keys make equal values. */
static void
put_ledger(struct buf *out, struct prng *prng, const struct schema_field *field)
{
    cbor_put_array(out, 6);
    if (!put_code(out, prng, field)) {
        cbor_put_cstr(out, "paid");
    }
    cbor_put_cstr(out, "employer");
    if (prng_below(prng, 2) == 0) {
        put_word(out, prng);
    } else {
        cbor_put_cstr(out, "");
    }
    put_money(out, prng);
    cbor_put_null(out);
    cbor_put_null(out);
}

static void
put_event(struct buf *out, struct prng *prng, const struct schema_field *field)
{
    cbor_put_array(out, 3);
    put_date(out, prng);
    if (!put_code(out, prng, field)) {
        cbor_put_cstr(out, "other");
    }
    put_tx(out, prng);
}

static void
put_office(struct buf *out, struct sim *sim, struct prng *prng)
{
    const struct host *host = sim->hosts[prng_below(prng, sim->host_count)];

    cbor_put_bytes(out, bytes_of(host->node.home.office.bytes, 32));
}

static void
put_codes(struct buf *out, struct prng *prng, const struct schema_field *field)
{
    const char *chosen[2] = {0};
    size_t count = 0;

    if (field->list == NULL) {
        cbor_put_array(out, 0);
        return;
    }
    for (size_t i = 0; i < field->list->count && count < 2; i++) {
        if (prng_below(prng, 3) == 0) {
            chosen[count] = field->list->codes[i];
            count++;
        }
    }
    if (count == 2 &&
        bytes_compare(bytes_text(chosen[0]), bytes_text(chosen[1])) > 0) {
        const char *swap = chosen[0];
        chosen[0] = chosen[1];
        chosen[1] = swap;
    }
    cbor_put_array(out, count);
    for (size_t i = 0; i < count; i++) {
        cbor_put_cstr(out, chosen[i]);
    }
}

static bool
put_ref(struct buf *out, struct sim *sim, struct prng *prng,
    const struct schema_field *field)
{
    const struct oracle *oracle = &sim->oracle;

    for (unsigned i = 0; i < POOL && oracle->count > 0; i++) {
        const struct fact_record *record =
            &oracle->records[prng_below(prng, oracle->count)];

        if (field->ref_kind == 0 || record->kind == field->ref_kind) {
            cbor_put_bytes(out, bytes_of(record->id.bytes, 16));
            return true;
        }
    }
    return false;
}

static bool
put_state(struct buf *out, struct prng *prng, const struct schema_field *field)
{
    const struct schema_ladder *ladder = field->ladder;

    cbor_put_cstr(out, ladder->states[prng_below(prng, ladder->count)]);
    return true;
}

static void
put_phone(struct buf *out, struct prng *prng)
{
    static const char *const numbers[POOL] = {
        "+66812345678", "+85512345678", "0812345678", "1300"};

    cbor_put_array(out, 4);
    cbor_put_cstr(out, numbers[prng_below(prng, POOL)]);
    cbor_put_null(out);
    cbor_put_null(out);
    cbor_put_null(out);
}

static void
put_name(struct buf *out, struct prng *prng)
{
    cbor_put_array(out, 3);
    put_word(out, prng);
    cbor_put_null(out);
    cbor_put_null(out);
}

bool
work_value(struct sim *sim, struct prng *prng, const struct schema_field *field,
    struct buf *out)
{
    switch (field->type) {
    case VALUE_TX:
        put_tx(out, prng);
        return true;
    case VALUE_CODE:
        return put_code(out, prng, field);
    case VALUE_STATE:
        return put_state(out, prng, field);
    case VALUE_CODES:
        put_codes(out, prng, field);
        return true;
    case VALUE_DT:
        put_date(out, prng);
        return true;
    case VALUE_MON:
        put_money(out, prng);
        return true;
    case VALUE_LE:
        put_ledger(out, prng, field);
        return true;
    case VALUE_EV:
        put_event(out, prng, field);
        return true;
    case VALUE_N:
        cbor_put_uint(out, prng_below(prng, POOL));
        return true;
    case VALUE_B:
        cbor_put_bool(out, prng_below(prng, 2) == 0);
        return true;
    case VALUE_OFFICE:
        put_office(out, sim, prng);
        return true;
    case VALUE_REF:
        return put_ref(out, sim, prng, field);
    case VALUE_PH:
        put_phone(out, prng);
        return true;
    case VALUE_NM:
        put_name(out, prng);
        return true;
    default:
        return false; /* types that add no rule */
    }
}
