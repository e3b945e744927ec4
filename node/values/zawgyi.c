/* SPDX-License-Identifier: Apache-2.0 */
#include "node/values/zawgyi.h"

#include <utf8proc.h>

enum {
    LETTER_KA = 0x1000,
    LETTER_LAST = 0x102a, /* consonants and independent vowels */
    VOWEL_E = 0x1031,
    VIRAMA = 0x1039,    /* Unicode: stacks; Zawgyi: the visible asat */
    ASAT = 0x103a,      /* Unicode: the visible asat; Zawgyi: ya */
    MEDIAL_YA = 0x103b, /* Zawgyi: ra, written before its letter */
    MEDIAL_HA = 0x103e,
    LETTER_GREAT_SA = 0x103f
};

static bool
is_letter(utf8proc_int32_t c)
{
    return (c >= LETTER_KA && c <= LETTER_LAST) || c == LETTER_GREAT_SA ||
           (c >= 0x105a && c <= 0x105d) || c == 0x1061 || c == 0x1065 ||
           c == 0x1066 || (c >= 0x106e && c <= 0x1070) ||
           (c >= 0x1075 && c <= 0x1081) || c == 0x108e;
}

static bool
is_medial(utf8proc_int32_t c)
{
    return (c >= MEDIAL_YA && c <= MEDIAL_HA) || c == 0x105e || c == 0x105f ||
           c == 0x1060 || c == 0x1082;
}

/*
 * What the third of four code points in a row speaks for: > 0 for Zawgyi,
 * < 0 for Unicode.
 *
 * Unicode writes a syllable's letter first, then medials, then vowels; in
 * Zawgyi the vowel e and medial ra stand before the letter, as they are seen.
 * A virama stacks the letter after it; a Zawgyi asat ends a syllable.
 */
static int
evidence(const utf8proc_int32_t *window)
{
    utf8proc_int32_t before = window[1];
    utf8proc_int32_t c = window[2];
    utf8proc_int32_t after = window[3];
    bool after_letter = is_letter(before) || is_medial(before);

    switch (c) {
    case VOWEL_E:
        if (!after_letter) {
            return is_letter(after) || after == MEDIAL_YA ? 3 : 0;
        }
        /* Zawgyi's e is always followed by its letter or by ra. */
        return is_letter(after) || after == MEDIAL_YA ||
                       (after >= 0x107e && after <= 0x1084)
                   ? 0
                   : -3;
    case MEDIAL_YA:
        return after_letter ? 0 : 3;
    case VIRAMA:
        /* kinzi and stacks have a letter on both sides */
        return is_letter(after) ? 0 : 3;
    case ASAT:
        /*
         * A closed syllable: a letter, asat, and a tone or another letter.
         * After an e it is more likely Zawgyi's e, letter, ya.
         */
        return window[0] != VOWEL_E && is_letter(before) &&
                       (after == 0x1037 || after == 0x1038 ||
                           is_letter(after) || after == 0)
                   ? -1
                   : 0;
    default:
        return 0;
    }
}

unsigned
zawgyi_score(struct bytes text)
{
    utf8proc_int32_t window[4] = {0};
    unsigned zawgyi = 0;
    unsigned unicode = 0;
    size_t pos = 0;

    while (pos < text.size || window[3] != 0) {
        utf8proc_ssize_t size = 0;
        int points = 0;

        for (size_t i = 0; i < 3; i++) {
            window[i] = window[i + 1];
        }
        window[3] = 0;
        if (pos < text.size) {
            size = utf8proc_iterate(text.data + pos,
                (utf8proc_ssize_t)(text.size - pos), &window[3]);
            pos += size > 0 ? (size_t)size : 1;
            window[3] = size > 0 ? window[3] : ' ';
        }
        points = evidence(window);
        zawgyi += points > 0 ? (unsigned)points : 0;
        unicode += points < 0 ? (unsigned)-points : 0;
    }
    return zawgyi == 0 ? 0 : zawgyi * 100 / (zawgyi + unicode);
}
