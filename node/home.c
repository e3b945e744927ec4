/* SPDX-License-Identifier: Apache-2.0 */
#include "node/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/keystore.h"
#include "node/home_ini.h"
#include "storage/disk.h"

bool
home_path(char *out, size_t size, const struct home *home, const char *name)
{
    int n = snprintf(out, size, "%s/%s", home->path, name);

    return n > 0 && (size_t)n < size;
}

/* home_path for files of the home, whose names are short. */
static enum err
path_of(char out[HOME_PATH_BYTES_MAX + 32], const struct home *home,
    const char *name, struct err_msg *msg)
{
    if (!home_path(out, HOME_PATH_BYTES_MAX + 32, home, name)) {
        return err_set(msg, ERR_CONFIG, "the home's path is too long");
    }
    return ERR_OK;
}

static enum err
set_path(struct home *home, const char *path, struct err_msg *msg)
{
    size_t size = path == NULL ? 0 : strlen(path);

    if (size == 0 || size > HOME_PATH_BYTES_MAX) {
        return err_set(msg, ERR_CONFIG, "a home's path has 1 to %d bytes",
            HOME_PATH_BYTES_MAX);
    }
    memcpy(home->path, path, size + 1);
    return ERR_OK;
}

static enum err
write_file(const struct home *home, const char *name, struct bytes bytes,
    struct err_msg *msg)
{
    char path[HOME_PATH_BYTES_MAX + 32];
    enum err rc = path_of(path, home, name, msg);

    return rc == ERR_OK ? disk_write(path, bytes, true, msg) : rc;
}

static enum err
read_file(struct buf *out, const struct home *home, const char *name,
    struct err_msg *msg)
{
    char path[HOME_PATH_BYTES_MAX + 32];
    enum err rc = path_of(path, home, name, msg);

    return rc == ERR_OK ? disk_read(out, path, KEYSTORE_BYTES_MAX, msg) : rc;
}

/* What a keystore says when it does not open, for a person. */
static enum err
explain_key(enum err rc, const char *name, struct err_msg *msg)
{
    switch (rc) {
    case ERR_OK:
        return ERR_OK;
    case ERR_DENIED:
        return err_set(msg, rc, "%s: wrong passphrase", name);
    case ERR_NOMEM:
        return err_set(msg, rc, "%s: no memory for its key", name);
    case ERR_VERSION:
        return err_set(
            msg, rc, "%s: not a keystore of this kind and version", name);
    default:
        return err_set(msg, rc, "%s: %s", name, err_text(rc));
    }
}

enum err
home_open_node(struct node_secrets *out, const struct home *home,
    struct bytes passphrase, struct err_msg *msg)
{
    struct buf sealed = {0};
    enum err rc = read_file(&sealed, home, "node.key", msg);

    if (rc == ERR_OK) {
        rc =
            explain_key(keystore_open_node(out, buf_bytes(&sealed), passphrase),
                "node.key", msg);
    }
    buf_release(&sealed);
    return rc;
}

static enum err
open_office_file(struct secret_key *out, const char *path,
    struct bytes passphrase, struct err_msg *msg)
{
    struct buf sealed = {0};
    enum err rc = disk_read(&sealed, path, KEYSTORE_BYTES_MAX, msg);

    if (rc == ERR_OK) {
        rc = explain_key(
            keystore_open_office(out, buf_bytes(&sealed), passphrase),
            "the office key", msg);
    }
    buf_release(&sealed);
    return rc;
}

enum err
home_open_office(struct secret_key *out, const struct home *home,
    struct bytes passphrase, struct err_msg *msg)
{
    char path[HOME_PATH_BYTES_MAX + 32];
    struct secret_key key = {{0}};
    struct public_key public;
    enum err rc = path_of(path, home, "office.key", msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = open_office_file(&key, path, passphrase, msg);
    if (rc == ERR_NOT_FOUND) {
        rc = err_set(msg, rc,
            "the office key is not here: bring its stick and copy it to %s",
            path);
    }
    if (rc == ERR_OK) {
        keys_sign_public(&public, &key);
        if (memcmp(public.bytes, home->office.bytes, 32) != 0) {
            rc = err_set(msg, ERR_CONFIG, "%s is another office's key", path);
        }
    }
    if (rc == ERR_OK) {
        *out = key;
    }
    mem_wipe(&key, sizeof(key));
    return rc;
}

/* Is any part of a home there already? */
static enum err
refuse_existing(const struct home *home, struct err_msg *msg)
{
    static const char *const names[] = {
        "home.ini", "node.key", "office.key", "data"};
    char path[HOME_PATH_BYTES_MAX + 32];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        enum err rc = path_of(path, home, names[i], msg);
        if (rc != ERR_OK) {
            return rc;
        }
        if (access(path, F_OK) == 0) {
            return err_set(msg, ERR_EXISTS,
                "%s exists already: choose another directory", path);
        }
    }
    return ERR_OK;
}

static enum err
check_options(const struct home_options *options, struct err_msg *msg)
{
    const char *country = options->country;

    if (!cert_name_is_valid(bytes_text(options->office_name)) ||
        !cert_name_is_valid(bytes_text(options->node_name))) {
        return err_set(msg, ERR_CONFIG,
            "the names of the office and the node have 1 to %d bytes and no "
            "control characters",
            CERT_NAME_BYTES_MAX);
    }
    if (country[0] != '\0' &&
        (country[0] < 'A' || country[0] > 'Z' || country[1] < 'A' ||
            country[1] > 'Z' || country[2] != '\0')) {
        return err_set(
            msg, ERR_CONFIG, "a country is two capitals of ISO 3166-1, as TH");
    }
    if (strlen(options->type) > CERT_TYPE_BYTES_MAX ||
        strspn(options->type, "abcdefghijklmnopqrstuvwxyz_") !=
            strlen(options->type)) {
        return err_set(msg, ERR_CONFIG,
            "an office's type is a word of a-z and _, as labour_ministry");
    }
    if (options->passphrase.size == 0 ||
        options->passphrase.size > PASSPHRASE_BYTES_MAX) {
        return err_set(msg, ERR_CONFIG, "a passphrase has 1 to %d bytes",
            PASSPHRASE_BYTES_MAX);
    }
    return ERR_OK;
}

/* The seeds of a new home; in secret memory while it is made. */
struct made {
    struct node_secrets node;
    struct secret_key office;
};

static enum err
make_secrets(
    struct made *made, const struct home_options *options, struct err_msg *msg)
{
    node_secrets_random(&made->node);
    if (options->office_key != NULL) {
        return open_office_file(
            &made->office, options->office_key, options->passphrase, msg);
    }
    keys_random(&made->office, sizeof(made->office));
    return ERR_OK;
}

static enum err
write_keys(const struct home *home, const struct made *made,
    const struct home_options *options, struct err_msg *msg)
{
    struct keystore_options cost;
    struct buf sealed = {0};
    enum err rc = ERR_OK;

    keystore_options_random(&cost);
    if (options->is_cheap) {
        cost.passes = KEYSTORE_PASSES_MIN;
        cost.kib = KEYSTORE_KIB_MIN;
    }
    rc = keystore_seal_node(&sealed, &made->node, options->passphrase, &cost);
    if (rc == ERR_OK) {
        rc = write_file(home, "node.key", buf_bytes(&sealed), msg);
    }
    /* Another salt and nonce: no two files share a key stream. */
    buf_clear(&sealed);
    keys_random(cost.salt, sizeof(cost.salt));
    keys_random(cost.nonce, sizeof(cost.nonce));
    if (rc == ERR_OK) {
        rc = keystore_seal_office(
            &sealed, &made->office, options->passphrase, &cost);
    }
    if (rc == ERR_OK) {
        rc = write_file(home, "office.key", buf_bytes(&sealed), msg);
    }
    buf_release(&sealed);
    return rc;
}

static void
fill_home(struct home *home, const struct made *made,
    const struct home_options *options)
{
    struct node_public public;
    struct public_key office;

    snprintf(home->office_name, sizeof(home->office_name), "%s",
        options->office_name);
    snprintf(
        home->node_name, sizeof(home->node_name), "%s", options->node_name);
    snprintf(home->country, sizeof(home->country), "%s", options->country);
    snprintf(home->type, sizeof(home->type), "%s", options->type);
    node_secrets_public(&public, &made->node);
    home->node = public.sign;
    keys_sign_public(&office, &made->office);
    memcpy(home->office.bytes, office.bytes, sizeof(office.bytes));
}

enum err
home_make(const struct home_options *options, struct err_msg *msg)
{
    struct home home = {.lock_fd = -1};
    struct made *made = NULL;
    struct buf text = {0};
    enum err rc = check_options(options, msg);

    if (rc == ERR_OK) {
        rc = set_path(&home, options->path, msg);
    }
    if (rc == ERR_OK) {
        rc = refuse_existing(&home, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    made = mem_secret_alloc(sizeof(*made));
    if (made == NULL) {
        return err_set(msg, ERR_NOMEM, "no memory for secrets");
    }
    rc = make_secrets(made, options, msg);
    if (rc == ERR_OK) {
        rc = disk_make_dir(home.path, msg);
    }
    if (rc == ERR_OK) {
        rc = write_keys(&home, made, options, msg);
    }
    /* Last, so that what is not whole is no home. */
    if (rc == ERR_OK) {
        fill_home(&home, made, options);
        rc = home_ini_encode(&text, &home);
    }
    if (rc == ERR_OK) {
        rc = write_file(&home, "home.ini", buf_bytes(&text), msg);
    }
    mem_secret_free(made);
    buf_release(&text);
    return rc;
}

enum err
home_load(struct home *out, const char *path, struct err_msg *msg)
{
    struct home home = {.lock_fd = -1};
    char ini[HOME_PATH_BYTES_MAX + 32];
    struct buf text = {0};
    enum err rc = set_path(&home, path, msg);

    if (rc == ERR_OK) {
        rc = path_of(ini, &home, "home.ini", msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    rc = disk_read(&text, ini, HOME_INI_BYTES_MAX, msg);
    if (rc == ERR_NOT_FOUND) {
        rc = err_set(msg, rc,
            "there is no home at %s: make one with \"corridor init\"", path);
    }
    if (rc == ERR_OK) {
        rc = home_ini_decode(&home, buf_bytes(&text));
        if (rc == ERR_VERSION) {
            rc = err_set(
                msg, rc, "%s was made by another version of corridor", ini);
        } else if (rc != ERR_OK) {
            rc = err_set(msg, rc, "%s: %s", ini, err_text(rc));
        }
    }
    if (rc == ERR_OK) {
        *out = home;
    }
    buf_release(&text);
    return rc;
}

enum err
home_save(const struct home *home, struct err_msg *msg)
{
    char path[HOME_PATH_BYTES_MAX + 32];
    struct buf text = {0};
    enum err rc = path_of(path, home, "home.ini", msg);

    if (rc == ERR_OK) {
        rc = home_ini_encode(&text, home);
    }
    if (rc == ERR_OK) {
        rc = disk_write(path, buf_bytes(&text), false, msg);
    }
    buf_release(&text);
    return rc;
}

/* Who may write in the directory could put other keys or settings there. */
static enum err
check_dir(const struct home *home, struct err_msg *msg)
{
    struct stat info;

    if (stat(home->path, &info) != 0) {
        return err_set(
            msg, ERR_IO, "look at %s: %s", home->path, strerror(errno));
    }
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return err_set(msg, ERR_CONFIG,
            "others may write in %s: chmod 700 it, and see that its files are "
            "yours",
            home->path);
    }
    return ERR_OK;
}

enum err
home_lock(struct home *home, struct err_msg *msg)
{
    char path[HOME_PATH_BYTES_MAX + 32];
    enum err rc = path_of(path, home, "lock", msg);
    int fd = -1;

    if (rc == ERR_OK) {
        rc = check_dir(home, msg);
    }

    if (rc != ERR_OK) {
        return rc;
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_set(msg, ERR_IO, "open %s: %s", path, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc =
            errno == EWOULDBLOCK
                ? err_set(msg, ERR_BUSY,
                      "%s is in use by another process: is the daemon running?",
                      home->path)
                : err_set(msg, ERR_IO, "lock %s: %s", path, strerror(errno));
        close(fd);
        return rc;
    }
    home->lock_fd = fd;
    return ERR_OK;
}

void
home_unlock(struct home *home)
{
    if (home->lock_fd >= 0) {
        close(home->lock_fd); /* and with it the lock */
        home->lock_fd = -1;
    }
}
