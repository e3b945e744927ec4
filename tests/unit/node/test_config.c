/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/config.h"

#include <check.h>
#include <string.h>

#include "tests/lib/run.h"

static enum err
parse(struct config *out, const char *text, struct err_msg *msg)
{
    config_init(out);
    return config_parse(out, bytes_text(text), msg);
}

START_TEST(an_empty_text_leaves_the_defaults)
{
    struct config usual;
    struct config config;

    config_init(&usual);
    ck_assert_int_eq(parse(&config, "; nothing\n", NULL), ERR_OK);
    ck_assert_mem_eq(&config, &usual, sizeof(config));
    ck_assert_str_eq(config.listen, "");
    ck_assert_str_eq(config.api_listen, "");
    ck_assert(config.dials);
    ck_assert_int_eq(config.level, DIAG_INFO);
}
END_TEST

START_TEST(a_node_may_vouch_for_nothing)
{
    struct config config;

    ck_assert_int_eq(parse(&config, "[witness]\nevery = no\n", NULL), ERR_OK);
    ck_assert_uint_eq(config.cosign_every_ms, UINT64_MAX);
}
END_TEST

START_TEST(each_setting_is_read)
{
    struct config config;
    const char *text = "[sync]\nlisten = [::]:7443\ndial = no\n"
                       "dial_first = 500ms\ndial_max = 2h\n"
                       "[witness]\nevery = 90s\n"
                       "[api]\nlisten = 127.0.0.1:0\n"
                       "[diag]\nlevel = debug\n";

    ck_assert_int_eq(parse(&config, text, NULL), ERR_OK);
    ck_assert_str_eq(config.listen, "[::]:7443");
    ck_assert(!config.dials);
    ck_assert_uint_eq(config.dial_first_ms, 500);
    ck_assert_uint_eq(config.dial_max_ms, 7200000);
    ck_assert_uint_eq(config.cosign_every_ms, 90000);
    ck_assert_str_eq(config.api_listen, "127.0.0.1:0");
    ck_assert_int_eq(config.level, DIAG_DEBUG);
}
END_TEST

static const struct {
    const char *text;
    const char *says;
} wrong[] = {
    {"[sync]\nlisten = 7443\n", "line 2: [sync] listen wants"},
    {"[sync]\nlisten = host:65536\n", "line 2"},
    {"[sync]\nlisten = ::1:7443\n", "line 2"},
    {"[sync]\ndial = maybe\n", "yes or no"},
    {"[sync]\ndial_first = 99ms\n", "100ms"},
    {"[sync]\ndial_max = 25h\n", "24h"},
    {"[sync]\ndial_max = 1\n", "24h"},
    {"[sync]\ndial_first = 10s\ndial_max = 1s\n", "more than dial_max"},
    {"[witness]\nevery = yes\n", "24h, as 1m, or no"},
    {"[sync]\nlisten\n", "line 2"},
    {"listen = a:1\n", "there is no setting [] listen"},
    {"[sync]\nlissen = a:1\n", "there is no setting [sync] lissen"},
    {"[api]\nlisten = 0.0.0.0:80\n", "127.0.0.1:port"},
    {"[diag]\nlevel = loud\n", "error, warning"},
};
enum { WRONG_COUNT = sizeof(wrong) / sizeof(wrong[0]) };

START_TEST(a_slip_is_refused_and_named)
{
    struct config usual;
    struct config config;
    struct err_msg msg = {{0}};

    config_init(&usual);
    ck_assert_int_eq(parse(&config, wrong[_i].text, &msg), ERR_CONFIG);
    ck_assert_msg(strstr(msg.text, wrong[_i].says) != NULL, "\"%s\" in \"%s\"",
        wrong[_i].says, msg.text);
    ck_assert_mem_eq(&config, &usual, sizeof(config));
}
END_TEST

static const struct {
    const char *address;
    const char *host; /* NULL: refused */
    const char *port;
} addresses[] = {
    {"127.0.0.1:7443", "127.0.0.1", "7443"},
    {"node.example.org:0", "node.example.org", "0"},
    {"[2001:db8::1]:65535", "2001:db8::1", "65535"},
    {"host:65536", NULL, NULL},
    {"host:", NULL, NULL},
    {":7443", NULL, NULL},
    {"host", NULL, NULL},
    {"", NULL, NULL},
    {"[]:1", NULL, NULL},
    {"host:+1", NULL, NULL},
    {"host:07443", NULL, NULL},
};
enum { ADDRESS_COUNT = sizeof(addresses) / sizeof(addresses[0]) };

START_TEST(an_address_is_a_host_and_a_port)
{
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];
    bool is_one = config_split_address(addresses[_i].address, host, port);

    ck_assert_int_eq(is_one, addresses[_i].host != NULL);
    if (is_one) {
        ck_assert_str_eq(host, addresses[_i].host);
        ck_assert_str_eq(port, addresses[_i].port);
    }
}
END_TEST

START_TEST(a_host_may_be_as_long_as_the_limit)
{
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char address[CONFIG_ADDRESS_BYTES_MAX + 8];
    char port[6];

    for (size_t size = CONFIG_ADDRESS_BYTES_MAX - 1;
         size <= CONFIG_ADDRESS_BYTES_MAX + 1; size++) {
        memset(address, 'h', size);
        memcpy(address + size, ":1", 3);
        ck_assert_int_eq(config_split_address(address, host, port),
            size <= CONFIG_ADDRESS_BYTES_MAX);
    }
}
END_TEST

START_TEST(a_file_that_is_not_there_leaves_the_defaults)
{
    struct config usual;
    struct config config;

    config_init(&usual);
    config_init(&config);
    ck_assert_int_eq(
        config_load(&config, "/nonexistent/corridor.conf", NULL), ERR_OK);
    ck_assert_mem_eq(&config, &usual, sizeof(config));
}
END_TEST

START_TEST(the_sample_file_says_the_defaults)
{
    struct config usual;
    struct config config;
    struct err_msg msg = {{0}};

    config_init(&usual);
    config_init(&config);
    ck_assert_msg(config_load(&config, CORRIDOR_SOURCE "/docs/corridor.conf",
                      &msg) == ERR_OK,
        "%s", msg.text);
    ck_assert_mem_eq(&config, &usual, sizeof(config));
}
END_TEST

static Suite *
config_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");

    tcase_add_test(tcase, an_empty_text_leaves_the_defaults);
    tcase_add_test(tcase, a_node_may_vouch_for_nothing);
    tcase_add_test(tcase, each_setting_is_read);
    tcase_add_loop_test(tcase, a_slip_is_refused_and_named, 0, WRONG_COUNT);
    tcase_add_loop_test(
        tcase, an_address_is_a_host_and_a_port, 0, ADDRESS_COUNT);
    tcase_add_test(tcase, a_host_may_be_as_long_as_the_limit);
    tcase_add_test(tcase, a_file_that_is_not_there_leaves_the_defaults);
    tcase_add_test(tcase, the_sample_file_says_the_defaults);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(config_suite());
}
