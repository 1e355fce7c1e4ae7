/* Long values through the public calls against a model at random: written in ranges, sized, shared by copies of rows, rolled back, read by another session; then the file verified. */
#include "cmocka_all.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "live_instance.h"
#include "shared_data.h"

enum { ROWS = 8, SIZE_MOST = 60000, STEPS = 260 };

struct value {
    uint32_t size;
    bool exists;
    unsigned char bytes[SIZE_MOST];
};
static struct value now[ROWS], before[ROWS];
static unsigned char got[SIZE_MOST + 1], data[SIZE_MOST];
static uint64_t random_state;

static uint32_t below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(random_state >> 33) % limit;
}

static uint32_t make_data(uint32_t most)
{
    uint32_t size = below(3) == 0 ? below(most + 1) : below((most < 3000 ? most : 3000) + 1), kind = below(3);
    for (uint32_t i = 0; i < size; i++)
        data[i] = kind == 0 ? (unsigned char)below(256) : kind == 1 ? (unsigned char)"some text "[i % 10] : (i & 1) != 0 ? 0 : (unsigned char)(97 + i / 50 % 26);
    return size;
}

struct fixture {
    struct live_instance live;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID id, value;
};

static void begin(struct fixture *f, uint32_t page_size)
{
    JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = JET_coltypLong};
    memset(f, 0, sizeof *f);
    live_start(&f->live, page_size);
    f->live.database = text_of("%s/lv.edb", f->live.folder);
    assert_good(JetCreateDatabase(f->live.session, f->live.database, NULL, &f->dbid, 0));
    assert_good(JetCreateTable(f->live.session, f->dbid, "T", 0, 0, &f->table));
    assert_good(JetAddColumn(f->live.session, f->table, "id", &def, NULL, 0, &f->id));
    def = (JET_COLUMNDEF){.cbStruct = sizeof def, .coltyp = JET_coltypLongBinary, .grbit = below(2) != 0 ? JET_bitColumnCompressed : 0};
    assert_good(JetAddColumn(f->live.session, f->table, "value", &def, NULL, 0, &f->value));
    assert_good(JetCreateIndex(f->live.session, f->table, "id", JET_bitIndexPrimary, "+id\0", 5, 0));
    memset(now, 0, sizeof now);
}

static void seek_row(struct fixture *f, JET_SESID session, JET_TABLEID table, int32_t row)
{
    assert_good(JetMakeKey(session, table, &row, sizeof row, JET_bitNewKey));
    assert_good(JetSeek(session, table, JET_bitSeekEQ));
    (void)f;
}

static void compare(struct fixture *f, JET_SESID session, JET_TABLEID table, const struct value *model)
{
    for (int32_t row = 0; row < ROWS; row++) {
        uint32_t size = 0;
        assert_good(JetMakeKey(session, table, &row, sizeof row, JET_bitNewKey));
        assert_err(JetSeek(session, table, JET_bitSeekEQ), model[row].exists ? JET_errSuccess : JET_errRecordNotFound);
        if (!model[row].exists)
            continue;
        JET_ERR err = JetRetrieveColumn(session, table, f->value, got, sizeof got, &size, 0, NULL);
        assert_true(err == JET_errSuccess || (err == JET_wrnColumnNull && model[row].size == 0));
        assert_int_equal(size, model[row].size);
        assert_memory_equal(got, model[row].bytes, size);
    }
}

static void set_value(struct fixture *f, struct value *v)
{
    JET_SESID session = f->live.session;
    JET_SETINFO info = {.cbStruct = sizeof info, .itagSequence = 1};
    uint32_t size, kind = v->size == 0 ? 0 : below(4);
    JET_GRBIT extra = below(3) == 0 ? JET_bitSetSeparateLV : 0;
    switch (kind) {
    case 0: /* the whole */
        size = make_data(SIZE_MOST);
        assert_good(JetSetColumn(session, f->table, f->value, data, size, size == 0 ? JET_bitSetZeroLength : extra, NULL));
        memcpy(v->bytes, data, size);
        v->size = size;
        break;
    case 1:
        size = make_data(SIZE_MOST - v->size);
        if (size == 0)
            return;
        assert_good(JetSetColumn(session, f->table, f->value, data, size, JET_bitSetAppendLV, NULL));
        memcpy(v->bytes + v->size, data, size);
        v->size += size;
        break;
    case 2:
        info.ibLongValue = below(v->size + 1);
        size = make_data(SIZE_MOST - info.ibLongValue);
        if (size == 0)
            return;
        assert_good(JetSetColumn(session, f->table, f->value, data, size, JET_bitSetOverwriteLV, &info));
        memcpy(v->bytes + info.ibLongValue, data, size);
        if (info.ibLongValue + size > v->size)
            v->size = info.ibLongValue + size;
        break;
    default:
        size = 1 + below(SIZE_MOST);
        assert_good(JetSetColumn(session, f->table, f->value, NULL, size, JET_bitSetSizeLV, NULL));
        if (size > v->size)
            memset(v->bytes + v->size, 0, size - v->size);
        v->size = size;
        break;
    }
}

static void change_row(struct fixture *f, int32_t row)
{
    JET_SESID session = f->live.session;
    struct value *v = &now[row];
    int32_t other = (int32_t)below(ROWS);
    if (!v->exists) {
        bool is_copy = now[other].exists;
        if (is_copy)
            seek_row(f, session, f->table, other);
        assert_good(JetPrepareUpdate(session, f->table, is_copy ? JET_prepInsertCopy : JET_prepInsert));
        assert_good(JetSetColumn(session, f->table, f->id, &row, sizeof row, 0, NULL));
        *v = is_copy ? now[other] : (struct value){.exists = true};
        if (!is_copy || below(2) == 0)
            set_value(f, v);
        assert_good(JetUpdate(session, f->table, NULL, 0, NULL));
    } else if (below(5) == 0) {
        seek_row(f, session, f->table, row);
        assert_good(JetDelete(session, f->table));
        v->exists = false;
        v->size = 0;
    } else {
        bool is_cancelled = below(6) == 0;
        static struct value kept;
        kept = *v;
        seek_row(f, session, f->table, row);
        assert_good(JetPrepareUpdate(session, f->table, JET_prepReplace));
        for (uint32_t i = 1 + below(3); i > 0; i--)
            set_value(f, v);
        if (is_cancelled) {
            assert_good(JetPrepareUpdate(session, f->table, JET_prepCancel));
            *v = kept;
        } else {
            assert_good(JetUpdate(session, f->table, NULL, 0, NULL));
        }
    }
}

static void ranges_copies_and_rollbacks_give_what_a_model_says(void **state)
{
    (void)state;
    uint64_t seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    random_state = seed;
    for (uint32_t page_size = 4096; page_size <= 32768; page_size *= 2) {
        struct fixture f;
        JET_SESID reader;
        JET_DBID dbid;
        JET_TABLEID table;
        begin(&f, page_size);
        assert_good(JetBeginSession(f.live.instance, &reader, NULL, NULL));
        assert_good(JetOpenDatabase(reader, f.live.database, NULL, &dbid, 0));
        assert_good(JetCloseTable(f.live.session, f.table)); /* the cursor that made the table keeps all others out */
        assert_good(JetOpenTable(f.live.session, f.dbid, "T", NULL, 0, 0, &f.table));
        assert_good(JetOpenTable(reader, dbid, "T", NULL, 0, 0, &table));
        for (unsigned step = 0; step < STEPS; step += 4) {
            memcpy(before, now, sizeof now);
            assert_good(JetBeginTransaction(reader));
            assert_good(JetBeginTransaction(f.live.session));
            for (unsigned i = 0; i < 4; i++)
                change_row(&f, (int32_t)below(ROWS));
            compare(&f, f.live.session, f.table, now);
            compare(&f, reader, table, before); /* still in its own snapshot */
            if (below(4) == 0) {
                assert_good(JetRollback(f.live.session, 0));
                memcpy(now, before, sizeof now);
            } else {
                assert_good(JetCommitTransaction(f.live.session, JET_bitCommitLazyFlush));
                compare(&f, reader, table, before);
            }
            assert_good(JetCommitTransaction(reader, 0));
            compare(&f, f.live.session, f.table, now);
        }
        const char *path = f.live.database, *tool = getenv("ESE_TOOL"), *folder = f.live.folder;
        live_stop(&f.live);
        if (tool != NULL)
            assert_int_equal(system(text_of("'%s' verify '%s' > '%s/verify.txt' 2>&1 || { cat '%s/verify.txt' >&2; false; }", tool, path, folder, folder)), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges_copies_and_rollbacks_give_what_a_model_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
