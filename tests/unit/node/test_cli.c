/* SPDX-License-Identifier: Apache-2.0 */
/* Whole command lines, without a daemon: what they print, how they end. */
#include "node/cli/audit.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base/hex.h"
#include "crypto/note.h"
#include "node/home.h"
#include "storage/disk.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

enum { WORDS_MAX = 16, WORD_BYTES_MAX = 512, PAGE_BYTES_MAX = 64 * 1024 };

static struct scratch scratch;
static char home[SCRATCH_PATH_BYTES];
static char file[SCRATCH_PATH_BYTES];

/* What the last command said. */
static char *out_text;
static char *err_text_said;

static void
forget(void)
{
    free(out_text);
    free(err_text_said);
    out_text = NULL;
    err_text_said = NULL;
}

/* Run "corridor" with these words; the last is NULL. */
static enum cli_exit
run(const char *const *words)
{
    static char copies[WORDS_MAX][WORD_BYTES_MAX];
    char *argv[WORDS_MAX + 1] = {NULL};
    size_t sizes[2] = {0, 0};
    FILE *out = NULL;
    FILE *err = NULL;
    enum cli_exit exit = CLI_FAILED;
    int argc = 1;

    forget();
    out = open_memstream(&out_text, &sizes[0]);
    err = open_memstream(&err_text_said, &sizes[1]);
    ck_assert(out != NULL && err != NULL);
    memcpy(copies[0], "corridor", 9);
    argv[0] = copies[0];
    for (; words[argc - 1] != NULL; argc++) {
        ck_assert_int_lt(argc, WORDS_MAX);
        ck_assert_uint_lt(strlen(words[argc - 1]), WORD_BYTES_MAX);
        memcpy(copies[argc], words[argc - 1], strlen(words[argc - 1]) + 1);
        argv[argc] = copies[argc];
    }
    exit = cli_main(argc, argv, out, err);
    (void)fclose(out);
    (void)fclose(err);
    return exit;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void
write_file(const char *path, const char *text)
{
    (void)remove(path);
    ck_assert_int_eq(disk_write(path, bytes_text(text), true, NULL), ERR_OK);
}

static void
setup(void)
{
    struct home_options options = {.office_name = "Ministry",
        .node_name = "server",
        .country = "LA",
        .type = "",
        .passphrase = bytes_text("words"),
        .is_cheap = true};
    char pass[SCRATCH_PATH_BYTES];

    scratch_make(&scratch);
    scratch_path(home, &scratch, "home");
    scratch_path(file, &scratch, "file.csv");
    scratch_path(pass, &scratch, "pass");
    options.path = home;
    ck_assert_int_eq(home_make(&options, NULL), ERR_OK);
    write_file(pass, "words\n");
    ck_assert_int_eq(setenv("CORRIDOR_HOME", home, 1), 0);
    ck_assert_int_eq(setenv("CORRIDOR_PASSPHRASE_FILE", pass, 1), 0);
    ck_assert_int_eq(setenv("LANG", "C", 1), 0);
}

static void
setup_founded(void)
{
    setup();
    ck_assert_int_eq(RUN("found", "Mekong"), CLI_DONE);
}

static void
teardown(void)
{
    forget();
    scratch_remove(&scratch);
}

/* One line of `digits` hexadecimal digits, and nothing else. */
static void
expect_hex(size_t digits)
{
    uint8_t bytes[32];

    ck_assert_uint_eq(strlen(out_text), digits + 1);
    ck_assert_int_eq(out_text[digits], '\n');
    ck_assert(hex_decode(out_text, digits, bytes, digits / 2));
}

/* Make a case; its id without the newline. */
static void
make_case(char id[33])
{
    ck_assert_int_eq(
        RUN("new", "case", "country=TH", "issues+=debt", "status=new"),
        CLI_DONE);
    expect_hex(32);
    memcpy(id, out_text, 32);
    id[32] = '\0';
}

START_TEST(machines_read_one_line)
{
    char id[33];

    make_case(id);
    ck_assert_int_eq(RUN("set", id, "status=open"), CLI_DONE);
    expect_hex(16);
    ck_assert_int_eq(RUN("digest"), CLI_DONE);
    expect_hex(64);
    ck_assert_int_eq(RUN("invite", "--address", "192.0.2.1:1"), CLI_DONE);
    ck_assert_ptr_eq(strchr(out_text, '\n'), out_text + strlen(out_text) - 1);
}
END_TEST

START_TEST(exit_statuses_say_how_it_went)
{
    char id[33];

    make_case(id);
    ck_assert_int_eq(RUN("show", id), CLI_DONE);
    ck_assert_int_eq(RUN("show", "0123456789"), CLI_FAILED);
    ck_assert_str_eq(out_text, "");
    ck_assert_str_ne(err_text_said, "");
    ck_assert_int_eq(RUN("show"), CLI_USAGE);
    ck_assert_int_eq(RUN("show", id, "more"), CLI_USAGE);
    ck_assert_int_eq(RUN("show", id, "--nothing"), CLI_USAGE);
    ck_assert_int_eq(RUN("nothing"), CLI_USAGE);
    ck_assert_int_eq(RUN("set", id, "status"), CLI_USAGE);
    ck_assert_int_eq(RUN("set", id, "status=open", "status=new"), CLI_USAGE);
    ck_assert_int_eq(
        RUN("set", id, "status=open", "--if-version", "0011223344556677"),
        CLI_CONFLICT);
    write_file(file, "other words\n");
    ck_assert_int_eq(RUN("status", "--passphrase-file", file), CLI_DENIED);
    ck_assert_int_eq(RUN("status", "--home", "/nonexistent"), CLI_FAILED);
}
END_TEST

START_TEST(without_words_it_says_what_there_is)
{
    static const char *const none[] = {NULL};

    ck_assert_int_eq(run(none), CLI_USAGE);
    ck_assert_str_eq(out_text, "");
    ck_assert_int_eq(RUN("--help"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "settle"));
    ck_assert_int_eq(RUN("help", "case"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "country"));
    ck_assert_int_eq(RUN("help", "nothing"), CLI_USAGE);
    for (size_t i = 0; i < commands_count; i++) {
        ck_assert_int_eq(RUN("help", commands[i].name), CLI_DONE);
        ck_assert_ptr_nonnull(strstr(out_text, commands[i].summary));
        ck_assert_int_eq(RUN(commands[i].name, "--help"), CLI_DONE);
        ck_assert_ptr_nonnull(strstr(out_text, commands[i].summary));
    }
}
END_TEST

START_TEST(a_record_is_shown_in_words)
{
    char id[33];

    make_case(id);
    ck_assert_int_eq(RUN("show", id), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "Country [country]: Thailand"));
    ck_assert_int_eq(RUN("show", id, "--lang", "km"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "\u1790\u17c3"));
    ck_assert_int_eq(RUN("show", id, "--json"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "\"country\":\"TH\""));
    ck_assert_ptr_null(strstr(out_text, "labels"));
}
END_TEST

START_TEST(what_others_wrote_does_not_command_the_terminal)
{
    char id[33];

    make_case(id);
    ck_assert_int_eq(RUN("set", id, "assignee=a\u202eb\u2066c"), CLI_DONE);
    ck_assert_int_eq(RUN("show", id), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "a?b?c"));
    ck_assert_int_eq(RUN("show", id, "--history"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "a?b?c"));
    ck_assert_int_eq(RUN("list", "case"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "a?b?c"));
    ck_assert_int_eq(RUN("show", "\u202e"), CLI_FAILED);
    ck_assert_ptr_null(strstr(err_text_said, "\u202e"));
}
END_TEST

START_TEST(it_is_said_what_stays_shown_over_a_new_value)
{
    char id[33];

    make_case(id);
    ck_assert_int_eq(RUN("set", id, "risk=high"), CLI_DONE);
    ck_assert_str_eq(err_text_said, "");
    ck_assert_int_eq(RUN("set", id, "risk=medium"), CLI_DONE);
    expect_hex(16);
    ck_assert_ptr_nonnull(strstr(err_text_said, "\"High\" stays shown"));
    ck_assert_int_eq(RUN("set", id, "risk=low", "--json"), CLI_DONE);
    ck_assert_ptr_nonnull(
        strstr(out_text, "\"kept\":[{\"field\":\"risk\",\"value\":\"high\"}]"));
    ck_assert_int_eq(
        RUN("set", id, "risk=medium", "--reason", "moved"), CLI_DONE);
    ck_assert_str_eq(err_text_said, "");
    ck_assert_int_eq(RUN("show", id), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "[risk]: Medium"));
}
END_TEST

/* Holds the home as a daemon does that is starting; gone after a moment. */
static void
hold_home(int ready)
{
    const struct timespec moment = {.tv_nsec = 300 * 1000000L};
    struct home held;

    if (home_load(&held, home, NULL) != ERR_OK ||
        home_lock(&held, NULL) != ERR_OK || write(ready, "", 1) != 1) {
        _exit(1);
    }
    (void)nanosleep(&moment, NULL);
    _exit(0);
}

START_TEST(a_home_in_use_is_waited_for)
{
    int pipes[2];
    int status = 1;
    char ready = 0;
    pid_t child = 0;

    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        hold_home(pipes[1]);
    }
    (void)close(pipes[1]);
    ck_assert_int_eq(read(pipes[0], &ready, 1), 1);
    ck_assert_int_eq(RUN("status"), CLI_DONE);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    (void)close(pipes[0]);
}
END_TEST

/* Other users of the machine see words, not what is read. */
START_TEST(fields_are_read_from_standard_input)
{
    write_file(file, "country=TH\r\n\nissues+=debt\nissues+=wages\n"
                     "summary=a long one = with signs");
    ck_assert_ptr_nonnull(freopen(file, "r", stdin));
    ck_assert_int_eq(RUN("new", "case", "status=new", "-"), CLI_DONE);
    expect_hex(32);
    ck_assert_int_eq(RUN("list", "case", "--json"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "\"country\":\"TH\""));
    ck_assert_ptr_nonnull(strstr(out_text, "wages"));
    write_file(file, "no field");
    ck_assert_ptr_nonnull(freopen(file, "r", stdin));
    ck_assert_int_eq(RUN("new", "case", "-"), CLI_USAGE);
}
END_TEST

START_TEST(lists_are_tables_or_lines_of_json)
{
    char id[33];

    make_case(id);
    make_case(id);
    ck_assert_int_eq(RUN("list", "case", "country=TH"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "Thailand"));
    ck_assert_int_eq(RUN("list", "case", "--json"), CLI_DONE);
    ck_assert_ptr_ne(strchr(out_text, '\n'), out_text + strlen(out_text) - 1);
    ck_assert_int_eq(RUN("list", "case", "--limit", "1"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(err_text_said, "--after"));
    ck_assert_int_eq(RUN("list", "case", "country=MY"), CLI_DONE);
    ck_assert_ptr_null(strstr(out_text, "Thailand"));
}
END_TEST

START_TEST(what_was_exported_comes_in_elsewhere)
{
    write_file(file, "licence_no;country;countries\r\n"
                     "KH-1;KH;\"TH, MY\"\r\n"
                     "KH-2;XX;TH\r\n"
                     "KH-3;KH;\r\n");
    ck_assert_int_eq(RUN("import", "agency", file), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(err_text_said, "line 3: country"));
    ck_assert_ptr_nonnull(strstr(err_text_said, "2 made"));
    ck_assert_int_eq(RUN("import", "agency", file), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(err_text_said, "2 unchanged"));
    ck_assert_int_eq(RUN("export", "agency", "--format", "csv"), CLI_DONE);
    ck_assert_int_eq(strncmp(out_text, "\xef\xbb\xbfid,parent,", 13), 0);
    ck_assert_ptr_nonnull(strstr(out_text, "\"TH;MY\""));
    write_file(file, out_text);
    ck_assert_int_eq(RUN("import", "agency", file), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(err_text_said, "0 made, 0 updated"));
}
END_TEST

START_TEST(a_spreadsheet_takes_no_exported_text_for_a_formula)
{
    static const char *const rows[][2] = {{"=1+1", ",'=1+1"},
        {"@SUM(1)", ",'@SUM(1)"}, {"-1+1|x", ",'-1+1|x"}, {"+1*2", ",'+1*2"},
        {"+66 2 123", ",+66 2 123"}, {"-7", ",-7"},
        {"\xef\xbc\x9d"
         "1",
            ",'\xef\xbc\x9d"
            "1"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[96];

        (void)snprintf(
            line, sizeof(line), "licence_no;country\r\n%s;KH\r\n", rows[i][0]);
        write_file(file, line);
        ck_assert_int_eq(RUN("import", "agency", file), CLI_DONE);
        ck_assert_int_eq(RUN("export", "agency", "--format", "csv"), CLI_DONE);
        ck_assert_msg(strstr(out_text, rows[i][1]) != NULL, "%s: %s",
            rows[i][0], out_text);
    }
}
END_TEST

START_TEST(made_up_files_come_in)
{
    char lines[SCRATCH_PATH_BYTES];

    scratch_path(lines, &scratch, "lines.jsonl");
    ck_assert_int_eq(RUN("sample", "--cases", "5", "--seed", "9"), CLI_DONE);
    write_file(lines, out_text);
    ck_assert_int_eq(RUN("import", lines), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(err_text_said, ", 0 faults"));
    ck_assert_int_eq(RUN("import", lines), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(err_text_said, "0 made, 0 updated"));
    ck_assert_int_eq(RUN("verify"), CLI_DONE);
    ck_assert_int_eq(RUN("rebuild"), CLI_DONE);
    ck_assert_int_eq(RUN("verify"), CLI_DONE);
}
END_TEST

START_TEST(a_backup_is_a_home_of_the_same_records)
{
    char copy[SCRATCH_PATH_BYTES];
    char digest[65];
    char id[33];

    make_case(id);
    ck_assert_int_eq(RUN("digest"), CLI_DONE);
    memcpy(digest, out_text, 64);
    digest[64] = '\0';
    scratch_path(copy, &scratch, "copy");
    ck_assert_int_eq(RUN("backup", copy), CLI_DONE);
    ck_assert_int_eq(RUN("backup", copy), CLI_FAILED);
    ck_assert_int_eq(RUN("digest", "--home", copy), CLI_DONE);
    ck_assert_int_eq(strncmp(out_text, digest, 64), 0);
}
END_TEST

START_TEST(without_a_corridor_it_says_what_to_do)
{
    ck_assert_int_eq(RUN("status"), CLI_DONE);
    ck_assert_int_eq(RUN("list", "case"), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(err_text_said, "corridor found"));
    ck_assert_int_eq(RUN("lock"), CLI_FAILED);
}
END_TEST

START_TEST(a_verb_is_explained_and_a_wrong_one_lists_them)
{
    for (size_t i = 0; i < audit_verbs_count; i++) {
        const char *verb = audit_verbs[i].name + strlen("audit ");

        ck_assert_int_eq(strncmp(audit_verbs[i].name, "audit ", 6), 0);
        ck_assert_int_eq(RUN("audit", verb, "--help"), CLI_DONE);
        ck_assert_ptr_nonnull(strstr(out_text, audit_verbs[i].usage));
        ck_assert_int_eq(RUN("help", "audit", verb), CLI_DONE);
        ck_assert_ptr_nonnull(strstr(out_text, audit_verbs[i].summary));
        ck_assert_int_eq(RUN("help", "audit"), CLI_DONE);
        ck_assert_ptr_nonnull(strstr(out_text, audit_verbs[i].name));
        ck_assert_int_eq(RUN("audit", "sing"), CLI_USAGE);
        ck_assert_ptr_nonnull(strstr(err_text_said, audit_verbs[i].name));
    }
    ck_assert_int_eq(RUN("audit"), CLI_USAGE);
    ck_assert_int_eq(RUN("help", "audit", "sing"), CLI_USAGE);
    ck_assert_int_eq(RUN("help", "leaf-wrong"), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "not the one that was signed"));
    ck_assert_int_eq(RUN("help", "list", "export"), CLI_USAGE);
}
END_TEST

/* "\n<name>+" of the keys that a list of keys has. */
static void
expect_keys(size_t count)
{
    size_t found = 0;

    for (const char *line = out_text; line != NULL && *line != '\0';) {
        struct note_key key;
        size_t size = strcspn(line, "\n");

        if (line[0] != '#') {
            ck_assert_int_eq(
                note_key_parse(&key, bytes_of(line, size)), ERR_OK);
            found++;
        }
        line += size + 1;
    }
    ck_assert_uint_eq(found, count);
}

START_TEST(keys_are_printed_with_what_they_are_for)
{
    ck_assert_int_eq(RUN("audit", "key"), CLI_DONE);
    ck_assert_ptr_nonnull(
        strstr(out_text, "# Ministry, node server, control log"));
    expect_keys(3);
    ck_assert_int_eq(RUN("--home", home, "audit", "key", "server"), CLI_DONE);
    expect_keys(3);
    ck_assert_int_eq(RUN("audit", "key", "nobody"), CLI_FAILED);
    ck_assert_int_eq(RUN("audit", "--json", "key"), CLI_DONE);
    ck_assert_int_eq(strncmp(out_text, "{\"corridor\":\"Mekong\"", 20), 0);
}
END_TEST

START_TEST(logs_are_exported_and_then_what_is_new)
{
    char dir[SCRATCH_PATH_BYTES];
    json_t *json = NULL;

    scratch_path(dir, &scratch, "export");
    ck_assert_int_eq(RUN("audit", "export", dir), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(out_text, "Ministry  server  control"));
    ck_assert_int_eq(RUN("new", "case", "country=TH", "status=new"), CLI_DONE);
    ck_assert_int_eq(
        RUN("audit", "export", dir, "--headers", "--log", "server", "--json"),
        CLI_DONE);
    json = json_loads(out_text, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "logs")), 2);
    json_decref(json);
    ck_assert_int_eq(RUN("audit", "export", dir, "--log", "x"), CLI_FAILED);
    ck_assert_str_eq(out_text, "");
    ck_assert_int_eq(RUN("audit", "export", file, "--json"), CLI_DONE);
    ck_assert_int_eq(RUN("audit", "export"), CLI_USAGE);
}
END_TEST

/* The proof's file, which names that entry. */
static void
expect_proof(const char *path, const char *first_line, const char *index)
{
    struct buf text = {0};

    ck_assert_int_eq(disk_read(&text, path, PAGE_BYTES_MAX, NULL), ERR_OK);
    buf_put_u8(&text, 0);
    ck_assert_int_eq(
        strncmp((const char *)text.data, first_line, strlen(first_line)), 0);
    ck_assert_ptr_nonnull(strstr((const char *)text.data, index));
    buf_release(&text);
}

START_TEST(a_record_is_proved_by_its_newest_change)
{
    char id[64];

    ck_assert_int_eq(RUN("new", "case", "country=TH", "status=new"), CLI_DONE);
    (void)snprintf(id, sizeof(id), "%.32s", out_text);
    ck_assert_int_eq(RUN("set", id, "status=open"), CLI_DONE);
    ck_assert_int_eq(RUN("audit", "prove", id, "-o", file), CLI_DONE);
    expect_proof(file, "c2sp.org/tlog-proof@v1\n", "\nindex 1\n");
    ck_assert_ptr_nonnull(strstr(err_text_said, "/changes/0 "));
    ck_assert_int_eq(RUN("audit", "prove", id, "-o", file), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(err_text_said, "exists already"));
    ck_assert_int_eq(remove(file), 0);
    ck_assert_int_eq(
        RUN("audit", "prove", "server/changes/0", "-o", file, "--disclose"),
        CLI_DONE);
    expect_proof(file, "corridor-disclosure@v1\n", "\nindex 0\n");
    ck_assert_int_eq(
        RUN("audit", "prove", "server/control/0", "-o", "-"), CLI_DONE);
    ck_assert_int_eq(strncmp(out_text, "c2sp.org/tlog-proof@v1\n", 23), 0);
}
END_TEST

START_TEST(each_change_of_a_record_has_a_file)
{
    char id[64];
    char name[128];
    char node[9];

    ck_assert_int_eq(RUN("new", "case", "country=TH", "status=new"), CLI_DONE);
    (void)snprintf(id, sizeof(id), "%.32s", out_text);
    ck_assert_int_eq(RUN("set", id, "status=open"), CLI_DONE);
    ck_assert_int_eq(RUN("audit", "prove", id, "--all", "-o", file), CLI_DONE);
    ck_assert_int_eq(RUN("status", "--json"), CLI_DONE);
    (void)snprintf(node, sizeof(node), "%.8s",
        strstr(out_text, "\"node\":{\"id\":\"") + 14);
    for (int i = 0; i < 2; i++) {
        char path[2 * SCRATCH_PATH_BYTES];
        char index[32];

        (void)snprintf(name, sizeof(name), "%s-changes-%d.tlog-proof", node, i);
        (void)snprintf(path, sizeof(path), "%s/%s", file, name);
        (void)snprintf(index, sizeof(index), "\nindex %d\n", i);
        expect_proof(path, "c2sp.org/tlog-proof@v1\n", index);
    }
}
END_TEST

START_TEST(what_cannot_be_proved_is_said)
{
    static const char *const words[] = {"server/changes", "server/changes/x",
        "server/changes/1/2/3", "/changes/1", "server//1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        ck_assert_int_eq(
            RUN("audit", "prove", words[i], "-o", file), CLI_USAGE);
    }
    ck_assert_int_eq(RUN("audit", "prove", "server/control/0"), CLI_USAGE);
    ck_assert_int_eq(
        RUN("audit", "prove", "server/control/99", "-o", file), CLI_FAILED);
    ck_assert_int_eq(
        RUN("audit", "prove", "0123456789", "-o", file), CLI_FAILED);
    ck_assert_int_eq(
        RUN("audit", "prove", "server/control/0", "-o", file, "--disclose"),
        CLI_FAILED);
    ck_assert_int_ne(access(file, F_OK), 0);
}
END_TEST

/* All commands, then the verbs of those that have some. */
static const struct command *
nth_command(size_t i)
{
    return i < commands_count ? &commands[i] : &audit_verbs[i - commands_count];
}

START_TEST(every_command_is_in_the_manual)
{
    struct buf page = {0};
    const char *names = NULL;

    ck_assert_int_eq(disk_read(&page, CORRIDOR_SOURCE "/docs/man/corridor.1",
                         PAGE_BYTES_MAX, NULL),
        ERR_OK);
    buf_put_u8(&page, 0);
    names = (const char *)page.data;
    for (size_t i = 0; i < commands_count + audit_verbs_count; i++) {
        const struct command *command = nth_command(i);
        char item[64];

        (void)snprintf(item, sizeof(item), "Cm %s", command->name);
        ck_assert_msg(strstr(names, item) != NULL, "%s", item);
        for (const struct arg_option *o = command->options;
             o != NULL && o->name != NULL; o++) {
            (void)snprintf(item, sizeof(item), "Fl -%s", o->name);
            ck_assert_msg(strstr(names, item) != NULL, "%s", item);
        }
    }
    buf_release(&page);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cli");
    TCase *bare = tcase_create("bare");
    TCase *tcase = tcase_create("founded");

    tcase_add_checked_fixture(bare, setup, teardown);
    tcase_add_checked_fixture(tcase, setup_founded, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, machines_read_one_line);
    tcase_add_test(tcase, exit_statuses_say_how_it_went);
    tcase_add_test(tcase, a_record_is_shown_in_words);
    tcase_add_test(tcase, what_others_wrote_does_not_command_the_terminal);
    tcase_add_test(tcase, it_is_said_what_stays_shown_over_a_new_value);
    tcase_add_test(tcase, a_home_in_use_is_waited_for);
    tcase_add_test(tcase, fields_are_read_from_standard_input);
    tcase_add_test(tcase, lists_are_tables_or_lines_of_json);
    tcase_add_test(tcase, what_was_exported_comes_in_elsewhere);
    tcase_add_test(tcase, a_spreadsheet_takes_no_exported_text_for_a_formula);
    tcase_add_test(tcase, made_up_files_come_in);
    tcase_add_test(tcase, a_backup_is_a_home_of_the_same_records);
    tcase_add_test(bare, without_words_it_says_what_there_is);
    tcase_add_test(bare, without_a_corridor_it_says_what_to_do);
    tcase_add_test(tcase, keys_are_printed_with_what_they_are_for);
    tcase_add_test(tcase, logs_are_exported_and_then_what_is_new);
    tcase_add_test(tcase, a_record_is_proved_by_its_newest_change);
    tcase_add_test(tcase, each_change_of_a_record_has_a_file);
    tcase_add_test(tcase, what_cannot_be_proved_is_said);
    tcase_add_test(bare, a_verb_is_explained_and_a_wrong_one_lists_them);
    tcase_add_test(bare, every_command_is_in_the_manual);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, bare);
    return run_suite(suite);
}
