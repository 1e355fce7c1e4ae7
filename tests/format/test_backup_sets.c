/* Backup sets of the original engine and ours, side by side: the same rules hold for both, and each field of header copy and trailer that is set in the one is set in the other
 * (backup-and-restore 8, 9, 11; data/engine/backup_4k).
 *
 * The original's sets: full, two incremental ones, then a folder backup, whose database copy carries the stamps of the sets before. Ours are made in the same order of a database of the
 * original's own, so that both have one format version.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backup_client.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "format/db_header.h"
#include "format/log_header.h"
#include "format/patch_header.h"
#include "live_instance.h"
#include "shared_data.h"

enum { PAGE = 4096, LOGS_MOST = 64, ROWS = 90 };

/* One set: what its client was told, and its files. */
struct given_set {
    const char *folder;
    const char *database; /* NULL: logs only */
    uint32_t gen_low, gen_high;
};

/* full, incremental, incremental, folder */
enum { FULL, FIRST, SECOND, FOLDER, SETS };

/* --- the original's --- */

/* The list that its client was given: every name, without gaps. */
static void read_list(const char *relative, struct given_set *set)
{
    char line[64];
    const char *path = text_of("%s/list.txt", set->folder);
    copy_shared_file(relative, path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        uint32_t generation;
        assert_int_equal(sscanf(line, "edb%5X.log", &generation), 1);
        if (set->gen_low == 0)
            set->gen_low = generation;
        else
            assert_int_equal(generation, set->gen_high + 1);
        set->gen_high = generation;
    }
    fclose(file);
    assert_true(set->gen_low != 0);
}

/* Where a log of the original's is kept: once, in the first set that has it. */
static void copy_log(uint32_t generation, const char *folder)
{
    const char *where = generation <= 5 ? "full" : generation <= 10 ? "incr1" : generation <= 12 ? "incr2" : "jetbackup/new";
    copy_shared_file(text_of("engine/backup_4k/%s/edb%05X.log", where, generation), text_of("%s/edb%05X.log", folder, generation));
}

static void take_originals(struct given_set sets[SETS])
{
    static const char *const LISTS[] = {"engine/backup_4k/full.logs.txt", "engine/backup_4k/incr1.logs.txt", "engine/backup_4k/incr2.logs.txt"};
    memset(sets, 0, SETS * sizeof *sets);
    for (int i = 0; i < SETS; i++) {
        sets[i].folder = make_scratch_folder("original");
        if (i < FOLDER)
            read_list(LISTS[i], &sets[i]);
    }
    sets[FOLDER].gen_low = 8; /* jetbackup/DEDUP.txt and what is there */
    sets[FOLDER].gen_high = 13;
    for (int i = 0; i < SETS; i++)
        for (uint32_t g = sets[i].gen_low; g <= sets[i].gen_high; g++)
            copy_log(g, sets[i].folder);
    sets[FULL].database = text_of("%s/data.edb", sets[FULL].folder);
    copy_shared_file("engine/backup_4k/full/data.edb", sets[FULL].database);
    sets[FOLDER].database = text_of("%s/data.edb", sets[FOLDER].folder);
    copy_shared_file("engine/backup_4k/jetbackup/new/data.edb", sets[FOLDER].database);
    copy_shared_file("engine/backup_4k/jetbackup/new/data.pat", text_of("%s/data.pat", sets[FOLDER].folder));
}

/* --- ours --- */

static void add_rows(const struct live_instance *live, const char *name)
{
    static const uint8_t bytes[1500] = {1};
    JET_COLUMNDEF value = {.cbStruct = sizeof value, .coltyp = JET_coltypLongBinary};
    JET_COLUMNID column;
    JET_TABLEID table;
    JET_DBID dbid;
    assert_good(JetOpenDatabase(live->session, live->database, NULL, &dbid, 0));
    assert_good(JetCreateTable(live->session, dbid, name, 16, 80, &table));
    assert_good(JetAddColumn(live->session, table, "value", &value, NULL, 0, &column));
    for (int i = 0; i < ROWS; i++) {
        assert_good(JetBeginTransaction(live->session));
        assert_good(JetPrepareUpdate(live->session, table, JET_prepInsert));
        assert_good(JetSetColumn(live->session, table, column, bytes, sizeof bytes, 0, NULL));
        assert_good(JetUpdate(live->session, table, NULL, 0, NULL));
        assert_good(JetCommitTransaction(live->session, 0));
    }
    assert_good(JetCloseTable(live->session, table));
    assert_good(JetCloseDatabase(live->session, dbid, 0));
}

static void find_range(struct given_set *set)
{
    for (uint32_t g = 1; g < LOGS_MOST; g++) {
        struct stat info;
        if (stat(text_of("%s/edb%05X.log", set->folder, g), &info) != 0)
            continue;
        set->gen_low = set->gen_low == 0 ? g : set->gen_low;
        set->gen_high = g;
    }
}

/* As the original's, so that truncation has something to take. */
static void configure_shallow(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramCheckpointDepthMax, 128 << 10, NULL)); }

static void take_ours(struct given_set sets[SETS])
{
    struct live_instance live;
    struct backup_set set;
    memset(sets, 0, SETS * sizeof *sets);
    live_configure = configure_shallow;
    live_start_with(&live, "engine/backup_4k/restored_incr2/data.edb");
    for (int i = FULL; i <= SECOND; i++) {
        const char *folder = make_scratch_folder("ours");
        add_rows(&live, text_of("before %d", i));
        client_backup(live.instance, i == FULL ? 0 : JET_bitBackupIncremental, 1, folder, &set);
        sets[i] = (struct given_set){.folder = folder, .gen_low = set.gen_low, .gen_high = set.gen_high};
    }
    sets[FULL].database = text_of("%s/data.edb", sets[FULL].folder);
    const char *target = make_scratch_folder("folder");
    assert_good(JetBackupInstance(live.instance, target, JET_bitBackupAtomic, NULL));
    sets[FOLDER].folder = text_of("%s/new", target);
    sets[FOLDER].database = text_of("%s/new/data.edb", target);
    find_range(&sets[FOLDER]);
    live_stop(&live);
}

/* --- the rules, for either --- */

struct copy {
    uint8_t *bytes;
    unsigned long long size;
    struct db_header header;
    struct patch_header trailer;
};

static void read_copy(const struct given_set *set, struct copy *copy)
{
    copy->bytes = read_whole_file(set->database, &copy->size);
    assert_true(copy->size > 4 * PAGE && copy->size % PAGE == 0);
    assert_good(db_header_decode(copy->bytes, PAGE, &copy->header));
    assert_good(patch_header_decode(copy->bytes + copy->size - PAGE, PAGE, &copy->trailer));
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void check_copy(const struct given_set *set, const struct copy *c)
{
    const struct db_header *h = &c->header;
    const struct backup_info *now = &h->backup_full_current, *end = &c->trailer.backup;
    const uint8_t *trailer = c->bytes + c->size - PAGE;
    assert_memory_equal(c->bytes, c->bytes + PAGE, PAGE);
    assert_int_equal(h->state, DB_STATE_DIRTY);
    /* 8: the current slot of the copy, and the trailer that completes it */
    assert_int_equal(now->gen_low, set->gen_low);
    assert_int_equal(now->gen_high, 0);
    assert_in_range(lgpos_generation(now->mark), set->gen_low, set->gen_high);
    assert_true(lgpos_normalize(end->mark) == lgpos_normalize(now->mark) && log_time_equal(end->time, now->time) && end->gen_low == now->gen_low);
    assert_in_range(end->gen_high, set->gen_low, set->gen_high);
    assert_true(is_zero(trailer + 4, 36) && is_zero(trailer + 148, PAGE - 148));
    assert_good(patch_header_check(&c->trailer, h));
    /* what the copy needs is in the set; the trailer tells a later moment than the header */
    assert_in_range(h->gen_min_required, set->gen_low, h->gen_max_required);
    assert_in_range(h->gen_max_required, h->gen_min_required, h->gen_max_committed);
    assert_in_range(c->trailer.gen_min_required, h->gen_min_required, c->trailer.gen_max_required);
    assert_in_range(c->trailer.gen_max_required, h->gen_max_required, c->trailer.gen_max_committed);
    assert_in_range(c->trailer.gen_max_committed, h->gen_max_committed, end->gen_high);
}

/* 9: a row of closed files of one stream. */
static void check_logs(const struct given_set *set)
{
    struct log_header before = {.generation = 0};
    unsigned long long first_size = 0;
    for (uint32_t g = set->gen_low; g <= set->gen_high; g++) {
        unsigned long long size;
        struct log_header header;
        uint8_t *bytes = read_whole_file(text_of("%s/edb%05X.log", set->folder, g), &size);
        assert_good(log_header_check(bytes, size));
        log_header_decode(bytes, &header);
        assert_int_equal(header.generation, g);
        assert_int_equal(header.page_size, PAGE);
        if (g != set->gen_low) {
            assert_true(log_time_equal(header.previous_created, before.created));
            assert_true(signature_equal(&header.log_signature, &before.log_signature));
            assert_int_equal(size, first_size);
        }
        first_size = size;
        before = header;
        free(bytes);
    }
}

/* 11: what the sets before have left in the header that the folder backup copied. */
static void check_stamps(const struct given_set sets[SETS], const struct copy *full, const struct copy *folder)
{
    const struct db_header *h = &folder->header;
    const struct backup_info *f = &h->backup_full_previous, *i = &h->backup_incremental_previous;
    assert_int_equal(f->gen_low, sets[FULL].gen_low);
    assert_int_equal(f->gen_high, sets[FULL].gen_high);
    assert_true(lgpos_normalize(f->mark) == lgpos_normalize(full->trailer.backup.mark) && log_time_equal(f->time, full->trailer.backup.time));
    assert_int_equal(i->gen_low, sets[SECOND].gen_low); /* the later one has taken the first one's place */
    assert_int_equal(i->gen_high, sets[SECOND].gen_high);
    assert_true(i->mark == lgpos_make(sets[SECOND].gen_high + 1, 1, 0));
    assert_false(log_time_equal(i->time, f->time));
}

static void check_ranges(const struct given_set sets[SETS])
{
    for (int i = FIRST; i <= SECOND; i++) {
        assert_true(sets[i].gen_low >= sets[i - 1].gen_low);
        assert_true(sets[i].gen_low <= sets[i - 1].gen_high + 1 && sets[i].gen_high > sets[i - 1].gen_high);
    }
    assert_true(sets[SECOND].gen_low > sets[FULL].gen_low); /* truncation has moved the beginning */
    assert_true(sets[FOLDER].gen_low <= sets[SECOND].gen_high + 1 && sets[FOLDER].gen_high > sets[SECOND].gen_high);
}

static void check_sets(const struct given_set sets[SETS], struct copy *full, struct copy *folder)
{
    struct stat info;
    read_copy(&sets[FULL], full);
    read_copy(&sets[FOLDER], folder);
    check_copy(&sets[FULL], full);
    check_copy(&sets[FOLDER], folder);
    for (int i = 0; i < SETS; i++)
        check_logs(&sets[i]);
    check_ranges(sets);
    check_stamps(sets, full, folder);
    assert_int_equal(stat(text_of("%s/data.pat", sets[FOLDER].folder), &info), 0);
    assert_int_equal(info.st_size, 0);
}

/* --- field by field --- */

struct field {
    const char *name;
    uint16_t offset, size;
};

/* Of section 1, and what recovery needs. */
static const struct field HEADER_FIELDS[] = {
    {"full previous: mark", 136, 8}, {"full previous: time", 144, 8}, {"full previous: low", 152, 4}, {"full previous: high", 156, 4},
    {"incremental previous: mark", 160, 8}, {"incremental previous: time", 168, 8}, {"incremental previous: low", 176, 4}, {"incremental previous: high", 180, 4},
    {"full current: mark", 184, 8}, {"full current: time", 192, 8}, {"full current: low", 200, 4}, {"full current: high", 204, 4},
    {"minimum required", 296, 4}, {"maximum required", 300, 4}, {"snapshot current", 316, 24}, {"created of the maximum", 348, 8}, {"full type", 356, 4}, {"incremental type", 360, 4},
    {"maximum committed", 416, 4}, {"copy previous", 420, 24}, {"differential previous", 444, 24}, {"copy type", 468, 4}, {"differential type", 472, 4},
};
static const struct field TRAILER_FIELDS[] = {
    {"sum", 0, 4}, {"mark", 40, 8}, {"time", 48, 8}, {"low", 56, 4}, {"high", 60, 4}, {"database signature", 64, 28}, {"log signature", 92, 28},
    {"minimum required", 120, 4}, {"maximum required", 124, 4}, {"maximum committed", 128, 4}, {"time of the required", 132, 8}, {"time of the committed", 140, 8},
};

static unsigned compare_fields(const char *what, const struct field *fields, size_t count, const uint8_t *theirs, const uint8_t *ours)
{
    unsigned different = 0;
    for (size_t i = 0; i < count; i++) {
        bool a = is_zero(theirs + fields[i].offset, fields[i].size), b = is_zero(ours + fields[i].offset, fields[i].size);
        if (a != b)
            print_error("%s, %s: the original has %s, we have %s\n", what, fields[i].name, a ? "zero" : "a value", b ? "zero" : "a value");
        different += a != b;
    }
    return different;
}

static unsigned compare_copies(const char *what, const struct copy *theirs, const struct copy *ours)
{
    return compare_fields(what, HEADER_FIELDS, sizeof HEADER_FIELDS / sizeof HEADER_FIELDS[0], theirs->bytes, ours->bytes) +
           compare_fields(text_of("%s, trailer", what), TRAILER_FIELDS, sizeof TRAILER_FIELDS / sizeof TRAILER_FIELDS[0], theirs->bytes + theirs->size - PAGE,
                          ours->bytes + ours->size - PAGE);
}

static void our_sets_are_built_as_the_originals_are(void **state)
{
    struct given_set originals[SETS], ours[SETS];
    struct copy their_full, their_folder, our_full, our_folder;
    (void)state;
    require_shared_data();
    take_originals(originals);
    take_ours(ours);
    check_sets(originals, &their_full, &their_folder);
    check_sets(ours, &our_full, &our_folder);
    assert_int_equal(compare_copies("full", &their_full, &our_full) + compare_copies("folder", &their_folder, &our_folder), 0);
    free(their_full.bytes);
    free(their_folder.bytes);
    free(our_full.bytes);
    free(our_folder.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(our_sets_are_built_as_the_originals_are)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
