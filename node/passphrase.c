/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "crypto/keystore.h"
#include "node/node.h"
#include "storage/disk.h"

enum { PASSPHRASE_NEW_BYTES_MIN = 8, CHAR_INTERRUPT = 3 };

/* Cut one trailing newline; check the size. */
static enum err
finish(struct buf *out, size_t before, struct err_msg *msg)
{
    if (out->size > before && out->data[out->size - 1] == '\n') {
        buf_truncate(out, out->size - 1);
    }
    if (out->size == before) {
        return err_set(msg, ERR_CONFIG, "the passphrase is empty");
    }
    if (out->size - before > PASSPHRASE_BYTES_MAX) {
        return err_set(msg, ERR_CONFIG,
            "the passphrase is longer than %d bytes", PASSPHRASE_BYTES_MAX);
    }
    return buf_err(out);
}

static enum err
from_file(struct buf *out, const char *path, struct err_msg *msg)
{
    size_t before = out->size;
    enum err rc = disk_read(out, path, PASSPHRASE_FILE_BYTES_MAX, msg);

    return rc == ERR_OK ? finish(out, before, msg) : rc;
}

/* Write to the terminal; if that fails there is nobody to tell. */
static void
say(int tty, const char *text)
{
    ssize_t n = write(tty, text, strlen(text));

    (void)n;
}

/* A file's may be as weak as a typed one. */
static enum err
check_new(size_t size, struct err_msg *msg)
{
    return size >= PASSPHRASE_NEW_BYTES_MIN
               ? ERR_OK
               : err_set(msg, ERR_CONFIG,
                     "a new passphrase has at least %d characters",
                     PASSPHRASE_NEW_BYTES_MIN);
}

/* One line without echo. Ctrl-C comes as a character, so that the terminal
 * is never left mute. */
static enum err
read_line(struct buf *out, int tty, const char *prompt, struct err_msg *msg)
{
    struct termios usual;
    struct termios mute;
    size_t before = out->size;
    enum err rc = ERR_OK;
    char c = 0;

    if (tcgetattr(tty, &usual) != 0) {
        return err_set(msg, ERR_IO, "the terminal: %s", strerror(errno));
    }
    mute = usual;
    mute.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    if (tcsetattr(tty, TCSAFLUSH, &mute) != 0) {
        return err_set(msg, ERR_IO, "the terminal: %s", strerror(errno));
    }
    say(tty, prompt);
    while (out->size - before <= PASSPHRASE_BYTES_MAX) {
        ssize_t n = read(tty, &c, 1);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || c == '\n') {
            break;
        }
        if (c == CHAR_INTERRUPT) {
            rc = err_set(msg, ERR_CONFIG, "interrupted");
            break;
        }
        buf_put_u8(out, (uint8_t)c);
    }
    say(tty, "\n");
    if (tcsetattr(tty, TCSAFLUSH, &usual) != 0 && rc == ERR_OK) {
        rc = err_set(msg, ERR_IO, "the terminal: %s", strerror(errno));
    }
    return rc == ERR_OK ? finish(out, before, msg) : rc;
}

static enum err
prompt_new(struct buf *out, int tty, struct err_msg *msg)
{
    struct buf again = {0};
    size_t before = out->size;
    enum err rc = read_line(out, tty, "New passphrase: ", msg);

    if (rc == ERR_OK) {
        rc = check_new(out->size - before, msg);
    }
    if (rc == ERR_OK) {
        rc = read_line(&again, tty, "The same again: ", msg);
    }
    if (rc == ERR_OK && !bytes_equal(buf_bytes(&again),
                            bytes_of(out->data + before, out->size - before))) {
        rc = err_set(msg, ERR_CONFIG, "the two passphrases differ");
    }
    buf_wipe(&again);
    return rc;
}

static enum err
from_terminal(struct buf *out, bool is_new, struct err_msg *msg)
{
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    enum err rc = ERR_OK;

    if (tty < 0) {
        return err_set(msg, ERR_CONFIG,
            "no passphrase: give --passphrase-file, set "
            "CORRIDOR_PASSPHRASE_FILE, or use a terminal");
    }
    rc = is_new ? prompt_new(out, tty, msg)
                : read_line(out, tty, "Passphrase: ", msg);
    close(tty);
    return rc;
}

enum err
passphrase_get(
    struct buf *out, const char *file, bool is_new, struct err_msg *msg)
{
    const char *variable = getenv("CORRIDOR_PASSPHRASE_FILE");
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    char path[HOME_PATH_BYTES_MAX + 32];
    struct buf got = {0};
    enum err rc = ERR_OK;
    int n = 0;

    if (credentials != NULL) {
        n = snprintf(path, sizeof(path), "%s/passphrase", credentials);
    }
    if (file != NULL && file[0] != '\0') {
        rc = from_file(&got, file, msg);
    } else if (variable != NULL && variable[0] != '\0') {
        rc = from_file(&got, variable, msg);
    } else if (n > 0 && (size_t)n < sizeof(path) && access(path, R_OK) == 0) {
        rc = from_file(&got, path, msg);
    } else {
        rc = from_terminal(&got, is_new, msg);
    }
    if (rc == ERR_OK && is_new) {
        rc = check_new(got.size, msg);
    }
    if (rc == ERR_OK) {
        buf_put_bytes(out, buf_bytes(&got));
        rc = buf_err(out);
    }
    buf_wipe(&got);
    return rc;
}
