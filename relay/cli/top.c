/* SPDX-License-Identifier: Apache-2.0 */
/* sluice top: the tables of status, why, messages and plan in a terminal, made anew again and again
 * from the journal's rows. It shows what those verbs print, so it cannot say anything else. */
#include <ctype.h>
#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/health.h"
#include "relay/cli/messages.h"
#include "relay/cli/plan.h"
#include "relay/cli/rows_view.h"
#include "relay/cli/status.h"
#include "relay/cli/why.h"
#include "relay/node/process/clock.h"

/* After everything else: it makes macros of many words. */
#include <term.h>

#define SECONDS_DEFAULT 1u
#define SECONDS_MAX     3600u
#define MESSAGES_SHOWN  200u
#define HEAD_ROWS       2
#define FOOT_ROWS       1
#define STEP_COLUMNS    8
#define KEY_REDRAW      12 /* Ctrl-L */
#define LINE_BYTES_MAX  1024u

/* Not stored. */
enum top_screen {
    TOP_STATUS = 0,
    TOP_WHY = 1,
    TOP_MESSAGES = 2,
    TOP_PLANS = 3,
};
#define TOP_SCREENS 4u

static const char *const screen_names[TOP_SCREENS] = {"Status", "Why", "Messages", "Plans"};

struct top {
    const char *config_path;
    const char *data;
    uint64_t seconds;
    struct rows_view *view;
    json_t *health; /* as asked last; NULL: no node runs there */
    enum top_screen screen;
    char *text; /* what is shown: lines, each with its newline; owned by malloc */
    size_t text_count;
    enum status status; /* of the last look at the rows */
    int first_line;
    int first_column;
};

/* ---- what is shown ---- */

static enum status write_status(const struct top *top, FILE *out)
{
    const struct view rows = rows_view_rows(top->view);
    json_t *root = NULL;
    const enum status status = view_status(&rows, &root);

    if (status == STATUS_OK) {
        (void)json_object_set(root, "health", top->health == NULL ? json_null() : top->health);
        status_print(root, out);
        json_decref(root);
    }
    return status;
}

static enum status write_why(const struct top *top, FILE *out)
{
    json_t *root = NULL;
    const enum status status = why_waiting(top->view, top->health, &root);

    if (status == STATUS_OK) {
        why_print(json_object_get(root, "waiting"), out);
        json_decref(root);
    }
    return status;
}

static enum status write_messages(const struct top *top, FILE *out)
{
    const struct view rows = rows_view_rows(top->view);
    json_t *root = NULL;
    const enum status status = view_messages(&rows, "open", MESSAGES_SHOWN, &root);

    if (status == STATUS_OK) {
        const json_t *list = json_object_get(root, "messages");
        if (json_array_size(list) == 0) {
            (void)fputs("Every message that was seen is finished.\n", out);
        } else {
            messages_print(list, out);
        }
        json_decref(root);
    }
    return status;
}

static enum status write_plans(const struct top *top, FILE *out)
{
    const struct view rows = rows_view_rows(top->view);
    json_t *root = NULL;
    const enum status status = view_plans(&rows, &root);

    if (status == STATUS_OK) {
        plan_print_newest(root, out);
        json_decref(root);
    }
    return status;
}

static enum status write_screen(const struct top *top, FILE *out)
{
    switch (top->screen) {
    case TOP_STATUS:
        return write_status(top, out);
    case TOP_WHY:
        return write_why(top, out);
    case TOP_MESSAGES:
        return write_messages(top, out);
    case TOP_PLANS:
        return write_plans(top, out);
    }
    return STATUS_OK;
}

/* Looks again. What cannot be read is said, and what was shown stays. */
static void renew(struct top *top)
{
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);

    CHECK(out != NULL);
    top->status = journal_reader_refresh(top->view->reader);
    if (top->status == STATUS_OK) {
        top->view->head = journal_reader_head(top->view->reader);
        top->status = write_screen(top, out);
    }
    CHECK(fclose(out) == 0);
    if (top->status != STATUS_OK) {
        free(text);
        return;
    }
    free(top->text);
    top->text = text;
    top->text_count = count;
}

static void renew_all(struct top *top)
{
    json_decref(top->health);
    top->health = health_json(top->config_path, top->data);
    renew(top);
}

/* ---- drawing ---- */

static int lines_count(const struct top *top)
{
    int count = 0;

    for (size_t i = 0; i < top->text_count; i++) {
        count += top->text[i] == '\n' ? 1 : 0;
    }
    return count;
}

/* Titles of tables are in capitals; a trouble is what a person looks for. */
static int look_of(const char *line, size_t count)
{
    static const char *const bad[] = {"TROUBLE",  "NOT BALANCED", "PAUSED",
                                      " stopped", " frozen",      "no process is writing it"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (memmem(line, count, bad[i], strlen(bad[i])) != NULL) {
            return (int)(A_BOLD | (has_colors() ? COLOR_PAIR(1) : 0));
        }
    }
    const bool is_title =
        count > 1 && isupper((unsigned char)line[0]) && isupper((unsigned char)line[1]);
    return is_title ? (int)(A_BOLD | A_UNDERLINE) : (int)A_NORMAL;
}

static void draw_line(const struct top *top, int row, const char *line, size_t count)
{
    const size_t skipped = (size_t)top->first_column;

    if (count > skipped) {
        (void)attrset(look_of(line, count));
        (void)mvaddnstr(row, 0, line + skipped,
                        (int)(count - skipped < LINE_BYTES_MAX ? count - skipped : LINE_BYTES_MAX));
        (void)attrset(A_NORMAL);
    }
}

static void draw_lines(const struct top *top)
{
    const char *at = top->text;
    int line = 0;
    const int rows = LINES - HEAD_ROWS - FOOT_ROWS;

    for (const char *end = NULL; at != NULL && line < top->first_line + rows; at = end + 1) {
        end = memchr(at, '\n', top->text_count - (size_t)(at - top->text));
        if (end == NULL) {
            return;
        }
        if (line >= top->first_line) {
            draw_line(top, HEAD_ROWS + line - top->first_line, at, (size_t)(end - at));
        }
        line++;
    }
}

static void draw_head(const struct top *top)
{
    (void)attrset(A_REVERSE);
    (void)mvhline(0, 0, ' ', COLS);
    (void)mvprintw(0, 1, "sluice top   %s   %s", top->view->config->node_name,
                   cli_time_text(clock_now()));
    if (top->status != STATUS_OK) {
        (void)printw("   the journal cannot be read: %s; what is shown is older",
                     status_name(top->status));
    } else {
        (void)printw("   %s", top->health == NULL || json_is_null(top->health) ? "no node runs here"
                              : json_array_size(json_object_get(top->health, "troubles")) > 0
                                  ? "the node has troubles"
                                  : "the node runs");
    }
    (void)attrset(A_NORMAL);
    (void)move(1, 1);
    for (uint32_t i = 0; i < TOP_SCREENS; i++) {
        (void)attrset(i == (uint32_t)top->screen ? A_BOLD | A_UNDERLINE : A_NORMAL);
        (void)printw("%u %s", i + 1, screen_names[i]);
        (void)attrset(A_NORMAL);
        (void)addstr("   ");
    }
}

static void draw(struct top *top)
{
    const int rows = LINES - HEAD_ROWS - FOOT_ROWS;
    const int count = lines_count(top);

    top->first_line = top->first_line > count - rows ? count - rows : top->first_line;
    top->first_line = top->first_line < 0 ? 0 : top->first_line;
    (void)erase();
    draw_head(top);
    draw_lines(top);
    (void)attrset(A_DIM);
    (void)mvprintw(LINES - 1, 1,
                   "q quit   1-4 or Tab   arrows, PgUp, PgDn, Home   lines %d-%d of %d",
                   count == 0 ? 0 : top->first_line + 1,
                   top->first_line + rows < count ? top->first_line + rows : count, count);
    (void)attrset(A_NORMAL);
    (void)refresh();
}

/* ---- keys ---- */

static void show(struct top *top, enum top_screen screen)
{
    top->screen = screen;
    top->first_line = 0;
    top->first_column = 0;
    renew(top);
}

/* False: it is time to end. */
static bool take_key(struct top *top, int key)
{
    const int rows = LINES - HEAD_ROWS - FOOT_ROWS;

    if (key == 'q' || key == 'Q' || key == 27) {
        return false;
    }
    if (key >= '1' && key < '1' + (int)TOP_SCREENS) {
        show(top, (enum top_screen)(key - '1'));
    } else if (key == KEY_REDRAW) {
        (void)clearok(curscr, TRUE); /* somebody else wrote on the terminal */
    } else if (key == '\t') {
        show(top, (enum top_screen)(((uint32_t)top->screen + 1) % TOP_SCREENS));
    } else if (key == KEY_DOWN || key == 'j') {
        top->first_line++;
    } else if (key == KEY_UP || key == 'k') {
        top->first_line--;
    } else if (key == KEY_NPAGE || key == ' ') {
        top->first_line += rows;
    } else if (key == KEY_PPAGE) {
        top->first_line -= rows;
    } else if (key == KEY_HOME) {
        top->first_line = 0;
        top->first_column = 0;
    } else if (key == KEY_RIGHT) {
        top->first_column += STEP_COLUMNS;
    } else if (key == KEY_LEFT && top->first_column > 0) {
        top->first_column -= STEP_COLUMNS;
    }
    return true;
}

static void follow(struct top *top)
{
    uint64_t due_ms = 0;
    bool goes_on = true;

    while (goes_on) {
        if (clock_monotonic_ms() >= due_ms) {
            renew_all(top);
            due_ms = clock_monotonic_ms() + top->seconds * 1000;
        }
        draw(top);
        const uint64_t now = clock_monotonic_ms();
        timeout(due_ms > now ? (int)(due_ms - now) : 0);
        const int key = getch();
        /* A terminal that went away tells errors without end. */
        goes_on = key == ERR ? isatty(STDIN_FILENO) == 1 : take_key(top, key);
    }
}

static int open_terminal(SCREEN **ret_screen)
{
    int problem = 0;

    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
        cli_say("top", "this is no terminal; 'sluice status' prints the same once");
        return EXIT_USAGE;
    }
    (void)setlocale(LC_ALL, "");
    /* Asked first, because newterm leaves memory behind when it fails. */
    const bool is_known = setupterm(NULL, STDOUT_FILENO, &problem) == OK;
    if (is_known) {
        (void)del_curterm(cur_term);
    }
    *ret_screen = is_known ? newterm(NULL, stdout, stdin) : NULL;
    if (*ret_screen == NULL) {
        cli_say("top", "nothing is known of this terminal: TERM=%s",
                getenv("TERM") == NULL ? "" : getenv("TERM"));
        return EXIT_USAGE;
    }
    (void)cbreak();
    (void)noecho();
    (void)keypad(stdscr, TRUE);
    (void)curs_set(0);
    set_escdelay(50);
    if (has_colors()) {
        (void)start_color();
        (void)use_default_colors();
        (void)init_pair(1, COLOR_RED, -1);
    }
    return EXIT_DONE;
}

int cli_top(int argc, char **argv)
{
    struct top top = {.seconds = SECONDS_DEFAULT, .status = STATUS_OK};
    const char *seconds = NULL;
    const struct cli_option options[] = {{.name = "--config", .value = &top.config_path},
                                         {.name = "--data", .value = &top.data},
                                         {.name = "--seconds", .value = &seconds},
                                         {.name = NULL}};
    struct cli_arguments arguments;
    struct rows_view view;
    SCREEN *screen = NULL;
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, options, 0, &arguments, &code)) {
        return code;
    }
    if (seconds != NULL &&
        (!cli_count(seconds, &top.seconds) || top.seconds == 0 || top.seconds > SECONDS_MAX)) {
        cli_say(argv[0], "--seconds must be a whole number from 1 to %u", SECONDS_MAX);
        return EXIT_USAGE;
    }
    code = rows_view_open(argv[0], top.config_path, top.data, &view);
    if (code != EXIT_DONE) {
        return code;
    }
    top.view = &view;
    code = open_terminal(&screen);
    if (code == EXIT_DONE) {
        follow(&top);
        (void)endwin();
        delscreen(screen);
    }
    json_decref(top.health);
    free(top.text);
    rows_view_close(&view);
    return code;
}
