/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/config.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/num.h"
#include "storage/disk.h"

void
config_init(struct config *out)
{
    memset(out, 0, sizeof(*out));
    out->dials = true;
    out->dial_first_ms = CONFIG_DIAL_FIRST_MS;
    out->dial_max_ms = CONFIG_DIAL_MAX_MS;
    out->cosign_every_ms = CONFIG_COSIGN_MS;
    out->ask_every_ms = CONFIG_ASK_EVERY_MS;
    out->level = DIAG_INFO;
}

bool
config_split_address(
    const char *address, char host[CONFIG_ADDRESS_BYTES_MAX + 1], char port[6])
{
    const char *colon = strrchr(address, ':');
    const char *start = address;
    size_t host_size = 0;
    size_t port_size = 0;
    uint64_t number = 0;

    if (colon == NULL) {
        return false;
    }
    host_size = (size_t)(colon - address);
    if (host_size >= 2 && start[0] == '[' && start[host_size - 1] == ']') {
        start++;
        host_size -= 2;
    } else if (memchr(address, ':', host_size) != NULL) {
        return false; /* an IPv6 address needs its brackets */
    }
    port_size = strlen(colon + 1);
    if (host_size == 0 || host_size > CONFIG_ADDRESS_BYTES_MAX ||
        port_size > 5 || !num_parse_u64(colon + 1, port_size, &number) ||
        number > UINT16_MAX) {
        return false;
    }
    memcpy(host, start, host_size);
    host[host_size] = '\0';
    memcpy(port, colon + 1, port_size + 1);
    return true;
}

/* What is read, and the first fault. */
struct reader {
    struct config config;
    bool failed;
    char fault[160];
};

typedef bool setting_fn(struct config *config, const char *value);

static bool
set_address(char out[CONFIG_ADDRESS_BYTES_MAX + 1], const char *value)
{
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];

    if (value[0] != '\0' && !config_split_address(value, host, port)) {
        return false;
    }
    if (strlen(value) > CONFIG_ADDRESS_BYTES_MAX) {
        return false;
    }
    snprintf(out, CONFIG_ADDRESS_BYTES_MAX + 1, "%s", value);
    return true;
}

static bool
set_listen(struct config *config, const char *value)
{
    return set_address(config->listen, value);
}

/* The API has no more than a token before it: this machine only. */
static bool
set_api_listen(struct config *config, const char *value)
{
    bool is_local = strncmp(value, "127.", 4) == 0 ||
                    strncmp(value, "[::1]:", 6) == 0 ||
                    strncmp(value, "localhost:", 10) == 0;

    return (is_local || value[0] == '\0') &&
           set_address(config->api_listen, value);
}

static bool
set_dials(struct config *config, const char *value)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
        return false;
    }
    config->dials = value[0] == 'y';
    return true;
}

/* "500ms", "30s", "5m", "1h". */
static bool
set_interval(uint64_t *out, const char *value)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    size_t digits = strspn(value, "0123456789");
    uint64_t number = 0;

    if (!num_parse_u64(value, digits, &number) || number > CONFIG_DIAL_MS_MAX) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(value + digits, units[i].unit) == 0) {
            uint64_t ms = number * units[i].ms;
            if (ms < CONFIG_DIAL_MS_MIN || ms > CONFIG_DIAL_MS_MAX) {
                return false;
            }
            *out = ms;
            return true;
        }
    }
    return false;
}

static bool
set_dial_first(struct config *config, const char *value)
{
    return set_interval(&config->dial_first_ms, value);
}

static bool
set_dial_max(struct config *config, const char *value)
{
    return set_interval(&config->dial_max_ms, value);
}

static bool
set_cosign_every(struct config *config, const char *value)
{
    if (strcmp(value, "no") == 0) {
        config->cosign_every_ms = UINT64_MAX;
        return true;
    }
    return set_interval(&config->cosign_every_ms, value);
}

static bool
set_witness_listen(struct config *config, const char *value)
{
    return set_address(config->witness_listen, value);
}

static bool
set_ask_every(struct config *config, const char *value)
{
    return set_interval(&config->ask_every_ms, value);
}

static bool
set_level(struct config *config, const char *value)
{
    return diag_level_find(value, &config->level);
}

static const struct {
    const char *section;
    const char *name;
    setting_fn *set;
    const char *hint;
} settings[] = {
    {"sync", "listen", set_listen, "host:port, as 0.0.0.0:7443"},
    {"sync", "dial", set_dials, "yes or no"},
    {"sync", "dial_first", set_dial_first, "a time of 100ms to 24h, as 1s"},
    {"sync", "dial_max", set_dial_max, "a time of 100ms to 24h, as 5m"},
    {"witness", "every", set_cosign_every,
        "a time of 100ms to 24h, as 1m, or no"},
    {"api", "listen", set_api_listen, "127.0.0.1:port or [::1]:port"},
    {"witness", "listen", set_witness_listen, "host:port, as 0.0.0.0:7445"},
    {"witness", "ask_every", set_ask_every, "a time of 100ms to 24h, as 10m"},
    {"diag", "level", set_level, "error, warning, info or debug"},
};

static int
on_setting(void *user, const char *section, const char *name, const char *value)
{
    struct reader *reader = user;

    if (reader->failed) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(settings[i].section, section) != 0 ||
            strcmp(settings[i].name, name) != 0) {
            continue;
        }
        if (settings[i].set(&reader->config, value)) {
            return 1;
        }
        reader->failed = true;
        snprintf(reader->fault, sizeof(reader->fault), "[%s] %s wants %s",
            section, name, settings[i].hint);
        return 0;
    }
    reader->failed = true;
    snprintf(reader->fault, sizeof(reader->fault),
        "there is no setting [%.40s] %.40s", section, name);
    return 0;
}

enum err
config_parse(struct config *out, struct bytes text, struct err_msg *msg)
{
    struct reader reader = {.config = *out};
    struct buf copy = {0};
    enum err rc = ERR_OK;
    int line = 0;

    if (text.size > CONFIG_BYTES_MAX ||
        (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)) {
        return err_set(msg, ERR_CONFIG, "the settings are not a text");
    }
    buf_put_bytes(&copy, text);
    buf_put_u8(&copy, '\0');
    if (buf_err(&copy) != ERR_OK) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    line = ini_parse_string((const char *)copy.data, on_setting, &reader);
    if (line != 0) {
        rc = err_set(msg, ERR_CONFIG, "line %d: %s", line,
            reader.failed ? reader.fault : "this is no setting");
    } else if (reader.config.dial_first_ms > reader.config.dial_max_ms) {
        rc = err_set(msg, ERR_CONFIG, "dial_first is more than dial_max");
    } else {
        *out = reader.config;
    }
    buf_release(&copy);
    return rc;
}

enum err
config_load(struct config *out, const char *path, struct err_msg *msg)
{
    struct buf text = {0};
    enum err rc = disk_read(&text, path, CONFIG_BYTES_MAX, msg);

    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = config_parse(out, buf_bytes(&text), msg);
        if (rc != ERR_OK) {
            rc = err_prefix(msg, rc, "%s", path);
        }
    }
    buf_release(&text);
    return rc;
}
