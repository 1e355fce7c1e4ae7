/* Seeks with every relation and key option, against the list of keys that a walk along the index gives. */
#include "cmocka_all.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live_instance.h"
#include "shared_data.h"

enum { ENTRIES_MAX = 2000, KEY_MAX = 300 };

struct key {
    unsigned char bytes[KEY_MAX];
    uint32_t size;
};

struct fixture {
    struct live_instance live;
    JET_DBID dbid;
    JET_TABLEID table;
    struct key *keys;
    uint32_t count;
};

static struct fixture *start(const char *table, const char *index)
{
    static struct fixture f;
    require_shared_data();
    memset(&f, 0, sizeof f);
    live_start_with(&f.live, "engine/clean_4k/data.edb");
    assert_good(JetOpenDatabase(f.live.session, f.live.database, NULL, &f.dbid, 0));
    assert_good(JetOpenTable(f.live.session, f.dbid, table, NULL, 0, 0, &f.table));
    assert_good(JetSetCurrentIndex(f.live.session, f.table, index));
    f.keys = calloc(ENTRIES_MAX, sizeof *f.keys);
    assert_non_null(f.keys);
    for (JET_ERR err = JetMove(f.live.session, f.table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(f.live.session, f.table, 1, 0)) {
        assert_true(f.count < ENTRIES_MAX);
        assert_good(JetRetrieveKey(f.live.session, f.table, f.keys[f.count].bytes, KEY_MAX, &f.keys[f.count].size, 0));
        f.count++;
    }
    assert_true(f.count > 10);
    return &f;
}

static void stop(struct fixture *f)
{
    free(f->keys);
    live_stop(&f->live);
}

static int order_of(const struct key *a, const struct key *b)
{
    uint32_t common = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->bytes, b->bytes, common);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static const char *const INDEXES[] = {"", "ix_bit", "ix_cur_desc", "ix_date", "ix_vbin_u", "ix_multi"};

/* Where a seek must end: an entry, or -1; and its answer. */
static int64_t expected_place(const struct fixture *f, const struct key *wanted, unsigned relation, JET_ERR *answer)
{
    int64_t first_ge = f->count, first_gt = f->count;
    for (uint32_t i = f->count; i-- > 0;) {
        int order = order_of(&f->keys[i], wanted);
        if (order >= 0)
            first_ge = i;
        if (order > 0)
            first_gt = i;
    }
    bool has_equal = first_ge < first_gt;
    int64_t at = relation == JET_bitSeekEQ ? (has_equal ? first_ge : -1)
               : relation == JET_bitSeekGE ? first_ge
               : relation == JET_bitSeekGT ? first_gt
               : relation == JET_bitSeekLT ? first_ge - 1
                                           : (has_equal ? first_ge : first_ge - 1);
    if (at >= f->count)
        at = -1;
    *answer = at < 0 ? JET_errRecordNotFound : (relation == JET_bitSeekGE || relation == JET_bitSeekLE) && !has_equal ? JET_wrnSeekNotEqual : JET_errSuccess;
    return at;
}

static void every_relation_finds_the_entry_that_a_walk_names(void **state)
{
    static const unsigned relations[] = {JET_bitSeekEQ, JET_bitSeekLT, JET_bitSeekLE, JET_bitSeekGE, JET_bitSeekGT};
    (void)state;
    srand(7);
    for (size_t i = 0; i < sizeof INDEXES / sizeof *INDEXES; i++) {
        struct fixture *f = start("AllTypes", INDEXES[i]);
        for (int n = 0; n < 400; n++) {
            struct key wanted = f->keys[rand() % (int)f->count];
            switch (rand() % 4) {
            case 0:
                wanted.bytes[wanted.size - 1] = (unsigned char)(wanted.bytes[wanted.size - 1] + 1);
                break;
            case 1:
                wanted.size = 1 + (uint32_t)rand() % wanted.size;
                break;
            case 2:
                wanted.bytes[rand() % (int)wanted.size] ^= (unsigned char)rand();
                break;
            default:
                break;
            }
            for (size_t r = 0; r < sizeof relations / sizeof *relations; r++) {
                JET_ERR answer;
                int64_t at = expected_place(f, &wanted, relations[r], &answer);
                struct key found;
                assert_good(JetMakeKey(f->live.session, f->table, wanted.bytes, wanted.size, JET_bitNormalizedKey));
                assert_err(JetSeek(f->live.session, f->table, relations[r]), answer);
                assert_err(JetSeek(f->live.session, f->table, relations[r]), JET_errKeyNotMade); /* the key is used up */
                if (at < 0)
                    continue;
                assert_good(JetRetrieveKey(f->live.session, f->table, found.bytes, KEY_MAX, &found.size, 0));
                assert_int_equal(order_of(&found, &f->keys[at]), 0);
            }
        }
        stop(f);
    }
}

static void after_a_miss_the_cursor_stands_between_its_neighbours(void **state)
{
    (void)state;
    struct fixture *f = start("AllTypes", "");
    for (uint32_t at = 1; at + 1 < f->count; at++) {
        struct key wanted = f->keys[at], found;
        wanted.bytes[wanted.size++] = 0; /* just behind entry `at` */
        for (int forward = 0; forward < 2; forward++) {
            assert_good(JetMakeKey(f->live.session, f->table, wanted.bytes, wanted.size, JET_bitNormalizedKey));
            assert_err(JetSeek(f->live.session, f->table, JET_bitSeekEQ), JET_errRecordNotFound);
            assert_err(JetMove(f->live.session, f->table, 0, 0), JET_errNoCurrentRecord);
            assert_good(JetMove(f->live.session, f->table, forward ? 1 : -1, 0));
            assert_good(JetRetrieveKey(f->live.session, f->table, found.bytes, KEY_MAX, &found.size, 0));
            assert_int_equal(order_of(&found, &f->keys[forward ? at + 1 : at]), 0);
        }
    }
    stop(f);
}

static void keys_made_from_values_find_their_rows(void **state)
{
    (void)state;
    struct fixture *f = start("AllTypes", "");
    JET_COLUMNDEF def;
    int32_t id, found;
    uint32_t size;
    assert_good(JetGetTableColumnInfo(f->live.session, f->table, "Id", &def, sizeof def, JET_ColInfo));
    for (JET_ERR err = JetMove(f->live.session, f->table, JET_MoveFirst, 0); err == JET_errSuccess;) {
        assert_good(JetRetrieveColumn(f->live.session, f->table, def.columnid, &id, sizeof id, &size, 0, NULL));
        assert_good(JetMakeKey(f->live.session, f->table, &id, sizeof id, JET_bitNewKey));
        assert_err(JetSeek(f->live.session, f->table, JET_bitSeekEQ | JET_bitCheckUniqueness), JET_wrnUniqueKey);
        assert_good(JetRetrieveColumn(f->live.session, f->table, def.columnid, &found, sizeof found, &size, 0, NULL));
        assert_int_equal(found, id);
        err = JetMove(f->live.session, f->table, 1, 0);
    }
    assert_err(JetMakeKey(f->live.session, f->table, &id, sizeof id, 0), JET_errKeyNotMade);
    assert_good(JetMakeKey(f->live.session, f->table, &id, sizeof id, JET_bitNewKey));
    assert_err(JetMakeKey(f->live.session, f->table, &id, sizeof id, 0), JET_errKeyIsMade);
    assert_err(JetSeek(f->live.session, f->table, 0), JET_errInvalidParameter);
    stop(f);
}


static void seeking_equal_can_set_a_range_over_the_equal_keys(void **state)
{
    (void)state;
    for (size_t i = 1; i < sizeof INDEXES / sizeof *INDEXES; i++) {
        struct fixture *f = start("AllTypes", INDEXES[i]);
        for (uint32_t at = 0; at < f->count; at += 3) {
            uint32_t equal = 0, count;
            for (uint32_t k = 0; k < f->count; k++)
                equal += order_of(&f->keys[k], &f->keys[at]) == 0;
            assert_good(JetMakeKey(f->live.session, f->table, f->keys[at].bytes, f->keys[at].size, JET_bitNormalizedKey));
            assert_good(JetSeek(f->live.session, f->table, JET_bitSeekEQ | JET_bitSetIndexRange));
            assert_good(JetIndexRecordCount(f->live.session, f->table, &count, 0));
            assert_int_equal(count, equal);
            for (uint32_t k = 1; k < equal; k++)
                assert_good(JetMove(f->live.session, f->table, 1, 0));
            assert_err(JetMove(f->live.session, f->table, 1, 0), JET_errNoCurrentRecord);
        }
        stop(f);
    }
}

static void a_prefix_of_the_key_columns_with_a_limit_bounds_its_entries(void **state)
{
    (void)state;
    struct fixture *f = start("AllTypes", "ix_bit");
    for (unsigned char bit = 0; bit < 2; bit++) {
        unsigned char value = bit ? 0xFF : 0;
        uint32_t wanted = 0, count;
        for (uint32_t k = 0; k < f->count; k++)
            wanted += f->keys[k].size > 1 && f->keys[k].bytes[0] == 0x7F && f->keys[k].bytes[1] == value;
        assert_true(wanted > 0);
        assert_good(JetMakeKey(f->live.session, f->table, &value, 1, JET_bitNewKey | JET_bitFullColumnStartLimit));
        assert_true(JetSeek(f->live.session, f->table, JET_bitSeekGE) >= 0);
        assert_good(JetMakeKey(f->live.session, f->table, &value, 1, JET_bitNewKey | JET_bitFullColumnEndLimit));
        assert_good(JetSetIndexRange(f->live.session, f->table, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
        assert_good(JetIndexRecordCount(f->live.session, f->table, &count, 0));
        assert_int_equal(count, wanted);
    }
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_relation_finds_the_entry_that_a_walk_names),
        cmocka_unit_test(after_a_miss_the_cursor_stands_between_its_neighbours),
        cmocka_unit_test(keys_made_from_values_find_their_rows),
        cmocka_unit_test(seeking_equal_can_set_a_range_over_the_equal_keys),
        cmocka_unit_test(a_prefix_of_the_key_columns_with_a_limit_bounds_its_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
