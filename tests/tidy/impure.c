/* SPDX-License-Identifier: Apache-2.0 */
/* What the pure core must not call: the tidy test compiles it and sees that
 * each of the three is found, and that memcpy is not. */
#include <string.h>
#include <time.h>

int uv_run(void *loop, int mode);
int open(const char *path, int flags, ...);
long impure(char *to, const char *from, size_t size);

long
impure(char *to, const char *from, size_t size)
{
    memcpy(to, from, size);
    return (long)time(NULL) + uv_run(to, 0) + open(from, 0);
}
