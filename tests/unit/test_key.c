/* SPDX-License-Identifier: Apache-2.0 */
/* sluice key: files made by it open, and a secret comes from standard input alone. */
#include "relay/cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/signer/file.h"
#include "relay/signer/keystore.h"
#include "tests/support/unit.h"

const struct cli_verb cli_verbs[] = {
    {.name = "key", .summary = "keystores", .usage = "new, import, list\n", .run = cli_key},
    {.name = NULL},
};

static const char key_hex[] = "0x1111111111111111111111111111111111111111111111111111111111111111";
static const char key_address[] = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a";

static char folder[64];
static char told[65536]; /* standard output and error of the last run */

static const char *in_folder(const char *name)
{
    static char paths[4][160];
    static size_t turn;
    char *path = paths[turn++ % 4];
    assert_true(snprintf(path, sizeof(paths[0]), "%s/%s", folder, name) > 0);
    return path;
}

static void write_file(const char *name, const char *text)
{
    assert_int_equal(file_write_new(in_folder(name), bytes_from_string(text)), FILE_OK);
}

/* Runs the verb in a child, with `typed` on its standard input. */
static int run(const char *typed, const char *const *words)
{
    int input[2];
    int output[2];
    char *argv[16] = {(char *)(uintptr_t) "key"};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    }
    assert_int_equal(pipe(input), 0);
    assert_int_equal(pipe(output), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(input[0], STDIN_FILENO);
        (void)dup2(output[1], STDOUT_FILENO);
        (void)dup2(output[1], STDERR_FILENO);
        close(input[1]);
        close(output[0]);
        const int code = cli_key(argc, argv);
        (void)fflush(stdout);
        _exit(code);
    }
    close(input[0]);
    close(output[1]);
    assert_int_equal(write(input[1], typed, strlen(typed)), (ssize_t)strlen(typed));
    close(input[1]);
    size_t count = 0;
    for (ssize_t got = 1; got > 0 && count + 1 < sizeof(told);) {
        got = read(output[0], told + count, sizeof(told) - 1 - count);
        count += got > 0 ? (size_t)got : 0;
    }
    told[count] = '\0';
    close(output[0]);
    int ended = -1;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_true(WIFEXITED(ended));
    return WEXITSTATUS(ended);
}

#define RUN(typed, ...) run(typed, (const char *const[]){__VA_ARGS__, NULL})

static void expect_told(const char *words)
{
    if (strstr(told, words) == NULL) {
        print_error("wanted: %s\ntold: %s\n", words, told);
    }
    assert_non_null(strstr(told, words));
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/sluice-key-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"a.json", "b.json", "pass", "other"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)unlink(in_folder(names[i]));
    }
    return rmdir(folder);
}

static void an_imported_key_is_the_one_typed(void **state)
{
    (void)state;
    struct stat about;
    char typed[128];
    write_file("pass", "open sesame\n");
    (void)snprintf(typed, sizeof(typed), "%s\n", key_hex);
    const char *pass = in_folder("pass");
    const char *path = in_folder("a.json");
    assert_int_equal(RUN(typed, "import", path, "--passphrase-file", pass), EXIT_DONE);
    expect_told(key_address);
    assert_null(strstr(told, key_hex + 2));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    /* Listed with and without its passphrase, as a file and in its folder. */
    assert_int_equal(RUN("", "list", folder), EXIT_DONE);
    expect_told(key_address);
    assert_int_equal(RUN("", "list", path, "--json", "--passphrase-file", pass), EXIT_DONE);
    expect_told("\"state\": \"opens\"");
    /* It is never overwritten. */
    assert_int_equal(RUN(typed, "import", path, "--passphrase-file", pass), EXIT_USAGE);
    expect_told("never overwritten");
    write_file("other", "open sesamf\n");
    assert_int_equal(RUN("", "list", path, "--passphrase-file", in_folder("other")), EXIT_NEGATIVE);
    expect_told("does not open it");
}

static void two_new_keys_differ(void **state)
{
    (void)state;
    char first[64];
    write_file("pass", "open sesame\n");
    const char *pass = in_folder("pass");
    assert_int_equal(RUN("", "new", in_folder("a.json"), "--passphrase-file", pass), EXIT_DONE);
    (void)snprintf(first, sizeof(first), "%.42s", told);
    assert_int_equal(strlen(first), 42);
    assert_int_equal(RUN("", "new", in_folder("b.json"), "--passphrase-file", pass), EXIT_DONE);
    assert_null(strstr(told, first));
    assert_int_equal(RUN("", "list", folder), EXIT_DONE);
    expect_told(first);
}

static void mistakes_are_said(void **state)
{
    (void)state;
    write_file("pass", "open sesame\n");
    const char *pass = in_folder("pass");
    const char *path = in_folder("a.json");
    assert_int_equal(RUN("", "forge"), EXIT_USAGE);
    assert_int_equal(RUN("", "new"), EXIT_USAGE);
    assert_int_equal(RUN("", "list"), EXIT_USAGE);
    assert_int_equal(RUN("", "new", path), EXIT_USAGE);
    expect_told("--passphrase-file");
    assert_int_equal(RUN("", "new", path, "--passphrase-file", in_folder("none")), EXIT_USAGE);
    expect_told("no such file");
    assert_int_equal(chmod(pass, 0644), 0);
    assert_int_equal(RUN("", "new", path, "--passphrase-file", pass), EXIT_USAGE);
    expect_told("chmod 600");
    assert_int_equal(chmod(pass, 0600), 0);
    static const char *const typed[] = {
        "", "\n", "0x11\n", "zz11111111111111111111111111111111111111111111111111111111111111\n",
        "111111111111111111111111111111111111111111111111111111111111111111\n"};
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        assert_int_equal(RUN(typed[i], "import", path, "--passphrase-file", pass), EXIT_USAGE);
        expect_told("64 hexadecimal digits");
    }
    assert_int_equal(RUN("0000000000000000000000000000000000000000000000000000000000000000\n",
                         "import", path, "--passphrase-file", pass),
                     EXIT_USAGE);
    expect_told("no secp256k1 key");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(RUN("", "list", path), EXIT_NEGATIVE);
    expect_told("no such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_imported_key_is_the_one_typed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_new_keys_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes_are_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
