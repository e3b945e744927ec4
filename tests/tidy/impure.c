/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pure core must not call, and no library hold: the tidy test
 * compiles it and sees that each is found, and that memcpy and the constant
 * tables are not.
 */
#include <string.h>
#include <time.h>

int uv_run(void *loop, int mode);
int open(const char *path, int flags, ...);
extern const char *const impure_table[];
long impure(char *to, const char *from, size_t size);

const char *const impure_table[] = {"a constant", "table"};
static long calls;
static _Thread_local long calls_here = 1;

long
impure(char *to, const char *from, size_t size)
{
    memcpy(to, from, size);
    return calls++ + calls_here++ + time(NULL) + uv_run(to, 0) +
        open(from, 0);
}
