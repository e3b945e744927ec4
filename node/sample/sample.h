/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up files for tests, benchmarks, demonstrations and the compression
 * dictionary: persons and what happens to them, in the languages of the
 * Mekong, as lines of JSON that the import reads (docs/schema.md, "Lines of
 * JSON"). Nobody in them exists. The same options and number give the same
 * bytes on every machine.
 *
 * Lines name the records that they make "#p12", "#c12" ..., after the number
 * of their file; later lines of the same text refer to them by these names.
 */
#ifndef CORRIDOR_NODE_SAMPLE_SAMPLE_H
#define CORRIDOR_NODE_SAMPLE_SAMPLE_H

#include "crypto/base/buf.h"
#include "crypto/base/err.h"

struct sample_options {
    uint64_t seed;
    /*
     * Offices, 64 hex digits each, that licences, notices and referrals
     * name; with none, made-up keys stand there.
     */
    const char *const *offices;
    size_t office_count;
};

/*
 * Append one file: a person, a case, often a claim, at times a consent and a
 * referral, a complaint, an agency or a notice, then two to six updates.
 * ERR_NOMEM or ERR_TOO_BIG leave out as it was.
 */
enum err sample_file(const struct sample_options *options, uint64_t number,
    struct buf *out) MUST_USE;

/*
 * Append one line: the case of a file, but without its person; or the nth
 * update of that case. So a benchmark makes as many of each as it needs.
 */
enum err sample_case(const struct sample_options *options, uint64_t number,
    struct buf *out) MUST_USE;
enum err sample_update(const struct sample_options *options, uint64_t number,
    unsigned nth, struct buf *out) MUST_USE;

#endif
