/* SPDX-License-Identifier: Apache-2.0 */
/* sluice top in a terminal of ours: what it shows is what the journal holds, keys and sizes do what
 * they should, and the terminal is given back. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/synth/synth.h"
#include "store/journal.h"
#include "tests/support/folder.h"
#include "tests/support/unit.h"

#define RECORDS    3000u
#define OPEN       40u
#define WAIT_MS    120000
#define SEEN_BYTES ((size_t)4 << 20)

struct world {
    struct folder folder;
    char data[512];
    int terminal; /* its other end */
    pid_t child;
    char *seen; /* everything that was written to it */
    size_t seen_count;
    size_t mark; /* what came after it is new */
};

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct journal *journal = NULL;
    struct synth_report report;
    const struct synth_options options = {.records_count = RECORDS, .open_count = OPEN, .seed = 1};

    world->folder = folder_make();
    (void)snprintf(world->data, sizeof(world->data), "%s/data", world->folder.path);
    const struct journal_options made = {.path = world->data, .map_bytes = (size_t)64 << 20};
    assert_status(STATUS_OK, journal_open_lmdb(&made, &journal));
    assert_status(STATUS_OK, synth_run(journal, &options, &report));
    journal_close(journal);
    world->seen = calloc(1, SEEN_BYTES);
    *state = world;
    return 0;
}

static int finish(void **state)
{
    struct world *world = *state;

    if (world->child > 0) {
        (void)kill(world->child, SIGKILL);
        (void)waitpid(world->child, NULL, 0);
        (void)close(world->terminal);
    }
    folder_remove(&world->folder);
    free(world->seen);
    free(world);
    return 0;
}

static void start(struct world *world, const char *name_of_terminal)
{
    struct winsize size = {.ws_row = 30, .ws_col = 200};

    world->child = forkpty(&world->terminal, NULL, NULL, &size);
    assert_true(world->child >= 0);
    if (world->child == 0) {
        (void)setenv("TERM", name_of_terminal, 1);
        (void)setenv("LC_ALL", "C.UTF-8", 1);
        (void)execl(SLUICE_PROGRAM, SLUICE_PROGRAM, "top", "--data", world->data, (char *)NULL);
        _exit(127);
    }
}

/* False: the terminal is closed. */
static bool hear(struct world *world)
{
    struct pollfd wait = {.fd = world->terminal, .events = POLLIN};

    assert_int_equal(1, poll(&wait, 1, WAIT_MS));
    assert_true(world->seen_count + 1 < SEEN_BYTES);
    const ssize_t count =
        read(world->terminal, world->seen + world->seen_count, SEEN_BYTES - 1 - world->seen_count);
    world->seen_count += count > 0 ? (size_t)count : 0;
    return count > 0;
}

/* Waits until it was written after the mark. */
static void expect(struct world *world, const char *text)
{
    while (strstr(world->seen + world->mark, text) == NULL) {
        if (!hear(world)) {
            fail_msg("the terminal was closed and never showed \"%s\"", text);
        }
    }
}

static void press(struct world *world, const char *keys)
{
    world->mark = world->seen_count;
    assert_int_equal(strlen(keys), write(world->terminal, keys, strlen(keys)));
}

static int end_of(struct world *world)
{
    int state = 0;

    while (hear(world)) {
    }
    assert_int_equal(world->child, waitpid(world->child, &state, 0));
    world->child = 0;
    assert_int_equal(0, close(world->terminal));
    assert_true(WIFEXITED(state));
    return WEXITSTATUS(state);
}

static void the_screens_follow_the_keys(void **state)
{
    struct world *world = *state;

    start(world, "xterm");
    expect(world, "sluice top");
    expect(world, "no node runs here");
    expect(world, "reconciled");
    press(world, "3");
    expect(world, "MESSAGE");
    press(world, "\f"); /* only what changes is written, but for this key */
    expect(world, "lines 1-27 of 41");
    press(world, "\x1b[6~\f"); /* PgDn */
    expect(world, "lines 15-41 of 41");
    press(world, "2");
    expect(world, "WHAT");
    press(world, "\t\t");
    expect(world, "PLAN");
    press(world, "q");
    expect(world, "\x1b[?1049l"); /* the terminal is as it was */
    assert_int_equal(0, end_of(world));
}

static void it_takes_any_size(void **state)
{
    struct world *world = *state;
    static const struct winsize sizes[] = {{.ws_row = 10, .ws_col = 40},
                                           {.ws_row = 1, .ws_col = 1},
                                           {.ws_row = 3, .ws_col = 300},
                                           {.ws_row = 60, .ws_col = 120}};

    start(world, "xterm");
    expect(world, "sluice top");
    press(world, "3");
    expect(world, "MESSAGE");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        world->mark = world->seen_count;
        assert_int_equal(0, ioctl(world->terminal, TIOCSWINSZ, &sizes[i]));
        press(world, "j");
        (void)hear(world);
    }
    press(world, "\x1b[H\f"); /* Home */
    expect(world, "lines 1-41 of 41");
    press(world, "q");
    assert_int_equal(0, end_of(world));
}

static void a_terminal_nobody_knows_is_refused(void **state)
{
    struct world *world = *state;

    start(world, "no-such-terminal");
    expect(world, "nothing is known of this terminal: TERM=no-such-terminal");
    assert_int_equal(2, end_of(world));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_screens_follow_the_keys, begin, finish),
        cmocka_unit_test_setup_teardown(it_takes_any_size, begin, finish),
        cmocka_unit_test_setup_teardown(a_terminal_nobody_knows_is_refused, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
