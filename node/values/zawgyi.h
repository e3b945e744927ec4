/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a Burmese text in Zawgyi, an encoding that uses Unicode's code points
 * for other things? A few rules count what one of the two encodings allows
 * and the other does not. It is a hint for a person, not a judgement: short
 * texts often read the same in both, Shan, Mon and Karen letters share code
 * points with Zawgyi's stacked ones, and a trained model does better. Texts
 * are never converted here.
 */
#ifndef CORRIDOR_NODE_VALUES_ZAWGYI_H
#define CORRIDOR_NODE_VALUES_ZAWGYI_H

#include "crypto/base/bytes.h"

enum {
    ZAWGYI_ASK = 5,     /* at and above: ask whoever typed it */
    ZAWGYI_CERTAIN = 95 /* at and above: hardly anything else */
};

/*
 * From 0 (nothing speaks for Zawgyi) to 100 (all that tells the two apart
 * does). `text` is UTF-8.
 */
unsigned zawgyi_score(struct bytes text);

#endif
