/* Names that a terminal would obey, in what the tools print: the helper that spells them out, and a database whose tables and columns are called so. */
#include "cmocka_all.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live_instance.h"
#include "shared_data.h"
#include "visible.h"

static void what_a_terminal_obeys_is_spelled_out(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"plain, \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \\x1b", "plain, \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \\x1b"}, {"a\x1B[31mb", "a\\x1b[31mb"}, {"line\nnext\r\t", "line\\x0anext\\x0d\\x09"},
        {"\x7F", "\\x7f"}, {"\xC2\x9B" "2J", "\\xc2\\x9b2J"}, {"\xC2\xA0", "\xC2\xA0"}, {"\x9B", "\\x9b"}, {"\xC3", "\\xc3"}, {"\xE2\x82", "\\xe2\\x82"}, {"\xC0\x9B", "\\xc0\\x9b"},
        {"\xED\xA0\x80", "\\xed\\xa0\\x80"}, {"\xE2\x80\xAE" "fdp", "\\xe2\\x80\\xaefdp"}, {"\xE2\x80\xA8", "\\xe2\\x80\\xa8"}, {"", ""}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(VISIBLE(texts[i][0]), texts[i][1]);
    assert_string_equal(VISIBLE(NULL), "");
    char room[6];
    assert_string_equal(visible_text(room, sizeof room, "ab\x1B"), "ab"); /* nothing is shown in part */
    assert_string_equal(visible_text(room, sizeof room, "a\x1B" "c"), "a\\x1b");
    assert_string_equal(visible_text(room, 1, "a"), "");
}

static void make_database(struct live_instance *live, const char *path, const char *name)
{
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID column;
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    live_start(live, 4096);
    assert_good(JetCreateDatabase(live->session, path, NULL, &dbid, 0));
    assert_good(JetCreateTable(live->session, dbid, name, 0, 0, &table));
    assert_good(JetAddColumn(live->session, table, name, &definition, NULL, 0, &column));
    assert_good(JetCloseTable(live->session, table));
    assert_good(JetCloseDatabase(live->session, dbid, 0));
    live_stop(live);
}

static void nothing_printed_moves_a_terminal(void **state)
{
    (void)state;
    static const char *const commands[] = {"'%s/esentutl' /mm '%s'", "'%s/esentutl' /ms '%s'", "'%s/esentutl' /mh '%s'", "'%s/esentutl' /g '%s'", "'%s/esentutl' /k '%s'", "'%s/ese' info '%s'",
                                           "'%s/ese' verify '%s'", "'%s/ese' verify '%s.absent'", "'%s/ese' info --json '%s'", "'%s/ese' verify --json '%s'"};
    const char *tool = getenv("ESE_TOOL"), *end = tool != NULL ? strrchr(tool, '/') : NULL;
    struct live_instance live;
    if (end == NULL) {
        print_message("skipped: ESE_TOOL names no program\n");
        skip();
    }
    const char *folder = make_scratch_folder("visible"), *path = text_of("%s/a\x1B[31m\xC2\x9B" "b\xFF.edb", folder), *tools = text_of("%.*s", (int)(end - tool), tool);
    bool has_name = false;
    make_database(&live, path, "t\x7F\xC2\x81" "u");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        static char line[65536];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(line, sizeof line, commands[i], tools, path);
#pragma GCC diagnostic pop
        FILE *output = popen(text_of("%s 2>&1", line), "r");
        assert_non_null(output);
        size_t size = fread(line, 1, sizeof line - 1, output);
        line[size] = 0;
        (void)pclose(output);
        assert_true(size > 0 && strlen(line) == size);
        for (size_t k = 0; k < size; k++)
            if ((unsigned char)line[k] < 0x20 ? line[k] != '\n' : line[k] == 0x7F || ((unsigned char)line[k] >= 0x80 && (k == 0 || (unsigned char)line[k] < 0xA0)))
                fail_msg("%s prints the byte %02x", commands[i], (unsigned char)line[k]);
        has_name = has_name || strstr(line, "t\\x7f\\xc2\\x81u") != NULL;
    }
    assert_true(has_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_a_terminal_obeys_is_spelled_out), cmocka_unit_test(nothing_printed_moves_a_terminal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
