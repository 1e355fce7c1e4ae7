/* Databases of the original engine, read through the API alone and told line by line as its own API told them
 * (data/engine/<set>/<name>.expected.json): schema, every value of every row, every index entry. */
#include "cmocka_all.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live_instance.h"
#include "shared_data.h"

enum { VALUE_ROOM = 4 << 20, COLUMNS_MAX = 2048, INDEXES_MAX = 128 };

struct text {
    char *bytes;
    size_t size, capacity;
};

static void put_bytes(struct text *t, const char *bytes, size_t size)
{
    if (t->size + size + 1 > t->capacity) {
        t->capacity = 2 * (t->size + size + 1);
        t->bytes = realloc(t->bytes, t->capacity);
        assert_non_null(t->bytes);
    }
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    t->bytes[t->size] = 0;
}

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *t, const char *format, ...)
{
    char room[1024];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(room, sizeof room, format, arguments);
    va_end(arguments);
    put_bytes(t, room, (size_t)n);
}

static void put_hex(struct text *t, const unsigned char *bytes, uint32_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < size; i++)
        put_bytes(t, (char[]){digits[bytes[i] >> 4], digits[bytes[i] & 15]}, 2);
}

struct column_seen {
    char name[65];
    JET_COLUMNID id;
    uint32_t type, size, grbit;
    uint16_t code_page;
    unsigned char fallback[256];
    uint32_t fallback_size;
    int is_multi;
};

struct table_seen {
    struct column_seen columns[COLUMNS_MAX];
    uint32_t column_count;
    char indexes[INDEXES_MAX][65];
    uint32_t index_grbits[INDEXES_MAX];
    uint32_t index_count;
};

static unsigned char value[VALUE_ROOM];

/* One column of a list row; 0 bytes when null. */
static uint32_t get(JET_SESID session, JET_TABLEID table, JET_COLUMNID id, void *room, uint32_t size)
{
    uint32_t actual = 0;
    JET_ERR err = JetRetrieveColumn(session, table, id, room, size, &actual, 0, NULL);
    assert_true(err == JET_errSuccess || err == JET_wrnColumnNull);
    return actual;
}

static void get_name(JET_SESID session, JET_TABLEID table, JET_COLUMNID id, char *name)
{
    uint32_t size = get(session, table, id, name, 64);
    name[size] = 0;
}

static void put_columns(struct text *t, JET_SESID session, JET_TABLEID table, struct table_seen *seen)
{
    JET_COLUMNLIST list;
    assert_good(JetGetTableColumnInfo(session, table, NULL, &list, sizeof list, JET_ColInfoList));
    seen->column_count = 0;
    for (JET_ERR err = JetMove(session, list.tableid, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, list.tableid, JET_MoveNext, 0)) {
        assert_true(seen->column_count < COLUMNS_MAX);
        struct column_seen *c = &seen->columns[seen->column_count++];
        get_name(session, list.tableid, list.columnidcolumnname, c->name);
        get(session, list.tableid, list.columnidcolumnid, &c->id, 4);
        get(session, list.tableid, list.columnidcoltyp, &c->type, 4);
        get(session, list.tableid, list.columnidcbMax, &c->size, 4);
        get(session, list.tableid, list.columnidgrbit, &c->grbit, 4);
        get(session, list.tableid, list.columnidCp, &c->code_page, 2);
        c->fallback_size = get(session, list.tableid, list.columnidDefault, c->fallback, sizeof c->fallback);
        put(t, "%s{\"name\":\"%s\",\"id\":%u,\"coltyp\":%u,\"cbMax\":%u,\"grbit\":%u,\"cp\":%u", seen->column_count > 1 ? "," : "", c->name, c->id, c->type,
            c->size, c->grbit, c->code_page);
        if (c->fallback_size > 0 && (c->grbit & JET_bitColumnUserDefinedDefault) == 0) {
            put(t, ",\"default\":\"");
            put_hex(t, c->fallback, c->fallback_size);
            put(t, "\"");
        }
        put(t, "}");
        /* The definition asked for alone says the same. */
        JET_COLUMNDEF def;
        assert_good(JetGetTableColumnInfo(session, table, c->name, &def, sizeof def, JET_ColInfo));
        assert_int_equal(def.columnid, c->id);
        assert_int_equal(def.grbit, c->grbit);
    }
    assert_int_equal(list.cRecord, seen->column_count);
    assert_good(JetCloseTable(session, list.tableid));
}

static void put_indexes(struct text *t, JET_SESID session, JET_TABLEID table, struct table_seen *seen)
{
    JET_INDEXLIST list;
    uint32_t rows = 0;
    assert_good(JetGetTableIndexInfo(session, table, NULL, &list, sizeof list, JET_IdxInfoList));
    seen->index_count = 0;
    for (JET_ERR err = JetMove(session, list.tableid, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, list.tableid, JET_MoveNext, 0)) {
        uint32_t number = 0, grbit = 0, direction = 0;
        char name[65], column[65];
        rows++;
        get_name(session, list.tableid, list.columnidindexname, name);
        get_name(session, list.tableid, list.columnidcolumnname, column);
        get(session, list.tableid, list.columnidgrbitIndex, &grbit, 4);
        get(session, list.tableid, list.columnidiColumn, &number, 4);
        get(session, list.tableid, list.columnidgrbitColumn, &direction, 4);
        if (number == 0) {
            assert_true(seen->index_count < INDEXES_MAX);
            strcpy(seen->indexes[seen->index_count], name);
            seen->index_grbits[seen->index_count] = grbit;
            put(t, "%s{\"name\":\"%s\",\"grbit\":%u,\"segs\":[", seen->index_count > 0 ? "]}," : "", name, grbit);
            seen->index_count++;
        }
        put(t, "%s\"%c%s\"", number > 0 ? "," : "", direction == JET_bitKeyDescending ? '-' : '+', column);
    }
    if (seen->index_count > 0)
        put(t, "]}");
    assert_int_equal(list.cRecord, rows);
    assert_good(JetCloseTable(session, list.tableid));
}

static const char *current_database;
static unsigned lines_compared, entries_compared;

struct expected {
    char *text, *at;
};

static char *next_line(struct expected *e)
{
    char *line = e->at, *end = strchr(line, '\n');
    if (*line == 0)
        return NULL;
    e->at = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        *end = 0;
    return line;
}

/* For a default that the application computes, the list holds addresses inside the process that wrote the expectation: nothing to compare. */
static void drop_computed_defaults(char *line)
{
    static const char mark[] = "\"grbit\":32770,";
    for (char *at = strstr(line, mark); at != NULL; at = strstr(at + 1, mark)) {
        char *start = strchr(at, '}'), *text = strstr(at, ",\"default\":\"");
        if (start == NULL || text == NULL || text > start)
            continue;
        memmove(text, start, strlen(start) + 1);
    }
}

/* System tables name sort versions and times of the system that wrote them, but reading them must give what that system wrote. */
static void compare(struct expected *e, const struct text *have)
{
    char *wanted = next_line(e);
    if (wanted != NULL && strncmp(wanted, "{\"table\"", 8) == 0)
        drop_computed_defaults(wanted);
    if (wanted == NULL || strcmp(wanted, have->bytes) != 0) {
        size_t at = 0;
        while (wanted != NULL && wanted[at] != 0 && wanted[at] == have->bytes[at])
            at++;
        fail_msg("%s: from byte %zu on:\nhave %.300s ... %.200s\nwant %.300s ... %.200s", current_database, at, have->bytes, have->bytes + at,
                 wanted != NULL ? wanted : "(end)", wanted != NULL ? wanted + at : "");
    }
    lines_compared++;
}

static void put_row(struct text *t, JET_SESID session, JET_TABLEID table, const char *name, const struct table_seen *seen)
{
    unsigned char bookmark[2100];
    uint32_t size;
    const char *comma = "";
    assert_good(JetGetBookmark(session, table, bookmark, sizeof bookmark, &size));
    put(t, "{\"t\":\"%s\",\"bm\":\"", name);
    put_hex(t, bookmark, size);
    put(t, "\",\"c\":{");
    for (uint32_t i = 0; i < seen->column_count; i++) {
        for (uint32_t itag = 1;; itag++) {
            JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = itag};
            JET_ERR err = JetRetrieveColumn(session, table, seen->columns[i].id, value, VALUE_ROOM, &size, 0, &info);
            if (err == JET_wrnColumnNull || err == JET_errCallbackFailed) {
                if (itag > 1)
                    put(t, "]");
                break;
            }
            if (err != JET_errSuccess)
                fail_msg("%s: %s.%s[%u]: %d", current_database, name, seen->columns[i].name, itag, err);
            put(t, itag == 1 ? "%s\"%s\":[\"" : ",\"", comma, seen->columns[i].name);
            put_hex(t, value, size);
            put(t, "\"");
            comma = ",";
            if (seen->columns[i].id < 256 || (seen->columns[i].id & 0xFFFF) < 256) {
                put(t, "]");
                break;
            }
        }
    }
    put(t, "}}");
}

static void check_index(struct expected *e, JET_SESID session, JET_TABLEID table, const char *name, const char *index)
{
    struct text line = {0};
    unsigned char key[2100], bookmark[2100];
    uint32_t key_size, size, count = 0;
    JET_ERR err = JetSetCurrentIndex(session, table, index);
    if (err < 0) {
        put(&line, "{\"t\":\"%s\",\"index\":\"%s\",\"err\":%d}", name, index, err);
        compare(e, &line);
        free(line.bytes);
        return;
    }
    for (err = JetMove(session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, table, JET_MoveNext, 0)) {
        line.size = 0;
        assert_good(JetRetrieveKey(session, table, key, sizeof key, &key_size, 0));
        assert_good(JetGetBookmark(session, table, bookmark, sizeof bookmark, &size));
        put(&line, "{\"t\":\"%s\",\"i\":\"%s\",\"k\":\"", name, index);
        put_hex(&line, key, key_size);
        put(&line, "\",\"bm\":\"");
        put_hex(&line, bookmark, size);
        put(&line, "\"}");
        compare(e, &line);
        count++;
    }
    line.size = 0;
    put(&line, "{\"t\":\"%s\",\"index\":\"%s\",\"entries\":%u,\"enderr\":%d}", name, index, count, err);
    compare(e, &line);
    entries_compared += count;
    free(line.bytes);
}

static void check_table(struct expected *e, JET_SESID session, JET_DBID dbid, const char *name)
{
    static struct table_seen seen;
    struct text line = {0};
    JET_TABLEID table;
    uint32_t rows = 0;
    assert_good(JetOpenTable(session, dbid, name, NULL, 0, JET_bitTableReadOnly, &table));
    put(&line, "{\"table\":\"%s\",\"columns\":[", name);
    put_columns(&line, session, table, &seen);
    put(&line, "],\"indexes\":[");
    put_indexes(&line, session, table, &seen);
    put(&line, "]}");
    compare(e, &line);
    JET_ERR err;
    for (err = JetMove(session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, table, JET_MoveNext, 0)) {
        line.size = 0;
        put_row(&line, session, table, name, &seen);
        compare(e, &line);
        rows++;
    }
    line.size = 0;
    put(&line, "{\"t\":\"%s\",\"rows\":%u,\"enderr\":%d}", name, rows, err);
    compare(e, &line);
    for (uint32_t i = 0; i < seen.index_count; i++) {
        char start[200];
        snprintf(start, sizeof start, "{\"t\":\"%s\",\"i", name);
        if ((seen.index_grbits[i] & JET_bitIndexPrimary) == 0 && strncmp(e->at, start, strlen(start)) == 0)
            check_index(e, session, table, name, seen.indexes[i]);
    }
    free(line.bytes);
    assert_good(JetCloseTable(session, table));
}

static void check_database(const char *database, const char *expectation)
{
    struct live_instance live;
    struct expected e;
    JET_DBID dbid;
    unsigned long long size;
    const char *target = text_of("%s/expected.json", make_scratch_folder("retrieve"));
    current_database = database;
    unlink(target);
    copy_shared_file(expectation, target);
    e.text = (char *)read_whole_file(target, &size);
    e.text = realloc(e.text, size + 1);
    assert_non_null(e.text);
    e.text[size] = 0;
    e.at = e.text;
    live_start_with(&live, database);
    assert_good(JetOpenDatabase(live.session, live.database, NULL, &dbid, 0));
    while (*e.at != 0) {
        char name[80];
        assert_int_equal(sscanf(e.at, "{\"table\":\"%79[^\"]\"", name), 1);
        check_table(&e, live.session, dbid, name);
    }
    live_stop(&live);
    free(e.text);
}

static int exists(const char *relative) { return access(text_of("%s/%s", shared_data_dir(), relative), R_OK) == 0; }

static int is_there(const char *relative)
{
    return exists(relative) || exists(text_of("%s.zst", relative)) || exists(text_of("%s.gz", relative));
}

static void rows_and_schema_are_what_the_original_engine_returned(void **state)
{
    (void)state;
    const char *root = text_of("%s/engine", require_shared_data()), *only = getenv("ONLY_SET");
    struct dirent **sets, **files;
    unsigned databases = 0;
    int set_count = scandir(root, &sets, NULL, alphasort);
    assert_true(set_count > 0);
    for (int s = 0; s < set_count; s++) {
        const char *set = sets[s]->d_name;
        if (set[0] == '.' || (only != NULL && strcmp(only, set) != 0))
            continue;
        int count = scandir(text_of("%s/%s", root, set), &files, NULL, alphasort);
        for (int f = 0; f < count; f++) {
            const char *name = files[f]->d_name, *end = strstr(name, "expected.json");
            if (end == NULL)
                continue;
            const char *database = end == name ? text_of("engine/%s/data.edb", set) : text_of("engine/%s/%.*sedb", set, (int)(end - name), name);
            if (!is_there(database))
                continue;
            check_database(database, text_of("engine/%s/%.*sexpected.json", set, (int)(end - name), name));
            databases++;
        }
        for (int f = 0; f < count; f++)
            free(files[f]);
        if (count >= 0)
            free(files);
    }
    for (int s = 0; s < set_count; s++)
        free(sets[s]);
    free(sets);
    print_message("%u databases, %u lines, %u index entries\n", databases, lines_compared, entries_compared);
    assert_true(databases > 0);
    assert_true(only != NULL || lines_compared > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_and_schema_are_what_the_original_engine_returned)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
