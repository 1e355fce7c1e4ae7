/* Every index of the real databases rebuilt from the records: primary keys, and the entries of every secondary index, with nothing missing and
 * nothing extra. Windows' databases, and those of the original engine that exercise each rule of keys (features-*). Indexes over
 * UTF-16 text are rebuilt when a weight table is there (collation.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "edb_image.h"
#include "expectations.h"
#include "os/file.h"
#include "shared_data.h"

struct totals {
    unsigned primary, secondary, unicode, entries, unicode_entries, skipped, bad;
    unsigned outdated_indexes, outdated_entries, outdated_misses; /* made with weights that the table is not */
};

static struct collation_table *weights;

struct rebuilt {
    struct edb_image *image;
    struct edb_nodes nodes;
    struct span primary_key;
};

static JET_ERR collect(void *context, struct span key)
{
    struct rebuilt *r = (struct rebuilt *)context;
    uint8_t *copy = (uint8_t *)edb_image_alloc(r->image, key.size + 1u);
    memcpy(copy, key.data, key.size);
    edb_nodes_add(r->image, &r->nodes, span_of(copy, key.size), r->primary_key);
    return JET_errSuccess;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct edb_node *left = (const struct edb_node *)a, *right = (const struct edb_node *)b;
    int order = span_compare(left->key, right->key);
    return order != 0 ? order : span_compare(left->data, right->data);
}

static const char *hex(struct span s)
{
    char text[161] = "";
    hex_encode(span_of(s.data, s.size < 80 ? s.size : 80), text);
    return text_of("%s", text);
}

static bool report(struct totals *totals, const char *database, const struct edb_table *t, const struct index *index, const char *what,
                   struct span got, struct span want)
{
    if (totals->bad++ < 10)
        print_error("%s: %s.%s: %s\n got  %s\n want %s\n", database, t->schema.name, index->name, what, hex(got), hex(want));
    return false;
}

static bool is_unicode(const struct edb_table *t, const struct index *index)
{
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const struct column *c = schema_column(&t->schema, index->segments[i].column_id);
        if (c != NULL && column_type_is_text(c->type) && c->code_page == 1200)
            return true;
    }
    return false;
}

/* All entries that the records have in the index, sorted. False after a report. */
static bool rebuild(struct edb_image *image, const char *database, const struct edb_table *t, const struct index *index, const struct key_rules *rules,
                    struct totals *totals, struct edb_nodes *out)
{
    struct rebuilt rebuilt = {.image = image};
    for (uint32_t i = 0; i < t->rows.count; i++) {
        struct record_view record;
        struct record_key_source source;
        if (record_view_init(&record, t->rows.items[i].data, image->page_size) < 0)
            fail_msg("row %u is damaged", i);
        record_key_source_init(&source, &record, &t->lv);
        rebuilt.primary_key = t->rows.items[i].key;
        JET_ERR err = key_entries(rules, &source.source, collect, &rebuilt);
        record_key_source_close(&source);
        if (err < 0)
            return report(totals, database, t, index, text_of("error %d", (int)err), t->rows.items[i].key, span_of(NULL, 0));
    }
    if (rebuilt.nodes.count > 0)
        qsort(rebuilt.nodes.items, rebuilt.nodes.count, sizeof *rebuilt.nodes.items, compare_nodes);
    *out = rebuilt.nodes;
    return true;
}

/* Every entry of the one list that the other has not, named. Returns how many entries are in both. */
static unsigned compare_entries(const char *database, const struct edb_table *t, const struct index *index, const struct edb_nodes *rebuilt, const struct edb_nodes *stored)
{
    unsigned equal = 0;
    for (uint32_t i = 0, k = 0; i < rebuilt->count || k < stored->count;) {
        int order = i == rebuilt->count ? 1 : k == stored->count ? -1 : compare_nodes(&rebuilt->items[i], &stored->items[k]);
        equal += order == 0;
        if (order > 0)
            print_message("%s: %s.%s: stored, not rebuilt: %s\n", database, t->schema.name, index->name, hex(stored->items[k].key));
        if (order < 0)
            print_message("%s: %s.%s: rebuilt, not stored: %s\n", database, t->schema.name, index->name, hex(rebuilt->items[i].key));
        i += order <= 0;
        k += order >= 0;
    }
    return equal;
}

static bool check_secondary(struct edb_image *image, const char *database, const struct edb_table *t, const struct index *index,
                            const struct key_rules *rules, struct totals *totals)
{
    struct edb_nodes rebuilt, stored;
    if (!rebuild(image, database, t, index, rules, totals, &rebuilt))
        return false;
    edb_image_tree(image, index->root, &stored);
    if (compare_entries(database, t, index, &rebuilt, &stored) != stored.count || rebuilt.count != stored.count)
        return report(totals, database, t, index, text_of("%u entries, stored %u", rebuilt.count, stored.count), span_of(NULL, 0), span_of(NULL, 0));
    if (is_unicode(t, index) && stored.count > 0)
        print_message("%s: %s.%s: %u of %u entries equal\n", database, t->schema.name, index->name, stored.count, stored.count);
    totals->entries += stored.count;
    if (is_unicode(t, index)) {
        totals->unicode++;
        totals->unicode_entries += stored.count;
    }
    totals->secondary++;
    return true;
}

static bool check_primary(const struct edb_image *image, const char *database, const struct edb_table *t, const struct index *index,
                          const struct key_rules *rules, struct totals *totals)
{
    for (uint32_t i = 0; i < t->rows.count; i++) {
        struct record_view record;
        struct record_key_source source;
        uint8_t key[KEY_ROOM];
        uint32_t size;
        if (record_view_init(&record, t->rows.items[i].data, image->page_size) < 0)
            fail_msg("row %u is damaged", i);
        record_key_source_init(&source, &record, &t->lv);
        JET_ERR err = key_primary(rules, &source.source, key, &size);
        record_key_source_close(&source);
        if (err < 0)
            return report(totals, database, t, index, text_of("error %d", (int)err), t->rows.items[i].key, span_of(NULL, 0));
        if (!span_equal(span_of(key, size), t->rows.items[i].key))
            return report(totals, database, t, index, "primary key differs", span_of(key, size), t->rows.items[i].key);
    }
    totals->primary++;
    return true;
}

/* Keys that nobody promises: the version column is not followed by its index, and a callback's default is not in the file. */
static bool is_exempt(const struct edb_table *t, const struct index *index)
{
    for (uint32_t i = 0; i < index->segment_count + index->condition_count; i++) {
        uint32_t id = i < index->segment_count ? index->segments[i].column_id : index->conditions[i - index->segment_count].column_id;
        const struct column *c = schema_column(&t->schema, id);
        if (c != NULL && (c->flags & (COLUMN_FLAG_VERSION | COLUMN_FLAG_USER_DEFAULT)) != 0)
            return true;
    }
    return (index->flags & INDEX_FLAG_DEFERRED) != 0;
}

/* Of digits in a key, what they were in version 5.0: next to each other, from 0x19 on. Version 6 put Tibet's half digits between them, beginning one later. The sample has
 * the digits 1 and 2 only. The order of the keys stays as it is. */
static void take_older_digits(struct edb_nodes *nodes)
{
    enum { SCRIPT_DIGIT = 13, ONE = 0x1A, NINE = 0x2A, OLDER_ONE = 0x19 };
    for (uint32_t i = 0; i < nodes->count; i++) {
        uint8_t *key = (uint8_t *)(uintptr_t)nodes->items[i].key.data;
        for (uint32_t k = 0; k + 1 < nodes->items[i].key.size; k++)
            if (key[k] == SCRIPT_DIGIT && key[k + 1] >= ONE && key[k + 1] <= NINE && key[k + 1] % 2 == 0)
                key[k + 1] = (uint8_t)(OLDER_ONE + (key[k + 1] - ONE) / 2);
    }
}

/* An index of a Windows whose weights are others (Server 2008: version 5.0): no key of it is promised, and the engine makes none, since one database shows only what its
 * characters weighed. Of these nothing but the digits has moved. */
static bool is_outdated(struct edb_image *image, const struct edb_table *t, const struct index *index, struct key_rules *rules, const char *database, struct totals *totals)
{
    struct edb_nodes rebuilt, stored;
    if (weights == NULL || rules->has_collation || index_is_primary(index))
        return false;
    assert_int_equal(collation_open(weights, index->locale, index->lcid, index->sort_id, 0, index->lcmap_flags, &rules->collation), JET_errSuccess);
    rules->has_collation = true;
    if (!rebuild(image, database, t, index, rules, totals, &rebuilt))
        return true;
    edb_image_tree(image, index->root, &stored);
    take_older_digits(&rebuilt);
    unsigned equal = compare_entries(database, t, index, &rebuilt, &stored);
    print_message("%s: %s.%s: sort version %08X: %u of %u entries equal\n", database, t->schema.name, index->name, (unsigned)(index->sort_version >> 32), equal, stored.count);
    totals->outdated_indexes++;
    totals->outdated_entries += stored.count;
    totals->outdated_misses += stored.count - equal;
    return true;
}

static void check_database(const char *relative, struct totals *totals)
{
    const char *file = text_of("%s/db", make_scratch_folder("keys"));
    struct edb_image image;
    copy_shared_file(relative, file);
    edb_image_load(&image, file);
    for (uint32_t i = 0; i < image.table_count; i++) {
        const struct edb_table *t = &image.tables[i];
        for (uint32_t k = 0; k < t->schema.index_count; k++) {
            const struct index *index = &t->schema.indexes[k];
            struct key_rules rules;
            assert_int_equal(key_rules_init(&rules, &t->schema, index, weights), JET_errSuccess);
            if (is_unicode(t, index) && is_outdated(&image, t, index, &rules, relative, totals))
                continue;
            if (is_exempt(t, index) || (key_rules_lack_collation(&rules) && t->rows.count > 0)) {
                totals->skipped++;
                continue;
            }
            if (index_is_primary(index))
                check_primary(&image, relative, t, index, &rules, totals);
            else
                check_secondary(&image, relative, t, index, &rules, totals);
        }
    }
    edb_image_close(&image);
    if (remove(file) != 0)
        fail_msg("cannot remove the copy");
}

static void print_totals(const struct totals *t)
{
    print_message("%u primary and %u secondary indexes (%u entries), %u of them with UTF-16 text (%u entries); %u skipped\n", t->primary, t->secondary,
                  t->entries, t->unicode, t->unicode_entries, t->skipped);
    if (t->outdated_indexes > 0)
        print_message("%u indexes of another sort version: %u of %u entries differ\n", t->outdated_indexes, t->outdated_misses, t->outdated_entries);
    assert_int_equal(t->bad, 0);
    assert_int_equal(t->outdated_misses, 0);
}

static void every_index_windows_wrote_is_rebuilt_from_its_records(void **state)
{
    (void)state;
    static const char *const databases[] = {
        "adlds-server2008/adamntds.dit", "catroot-w10/catdb", "lv-compression-a/test1.edb", "lv-compression-a/test2.edb",
        "lv-compression-a/test4.edb", "lv-compression-a/decompress_test.edb", "secedit-w10-22h2/secedit.sdb", "secedit-w11-23h2-cis/policy/secedit.sdb",
        "secedit-w11-23h2-cis/account/secedit.sdb", "ual-server2012r2/Current.mdb", "ual-server2019-hyperv/Current.mdb", "ual-server2019-nondomain/Current.mdb", "secedit-w11-24h2-a/secedit.sdb", "srum-server2022-day0/SRUDB.dat",
        "srum-w10-1809-belkasoft/repaired/SRUDB.dat", "srum-w10-1809-dissect/SRUDB.dat", "srum-w10-21h1-rathbun/collected/SRUDB.dat",
        "types-32k-large/large.edb", "types-4k/basic.edb", "types-4k/default.edb", "types-4k/multi.edb", "types-4k/text.edb",
        "webcache-w10-1809-dirty/WebCacheV01.dat", "ual-server2012r2/SystemIdentity.mdb", "ual-server2019-hyperv/SystemIdentity.mdb", "ual-server2019-nondomain/SystemIdentity.mdb",
        "ual-server2019-hyperv/{03A01CC5-91BB-4936-B685-63697785D39E}.mdb", "ual-server2019-nondomain/{03A01CC5-91BB-4936-B685-63697785D39E}.mdb",
        "xbim-a/BIM_Logo-ExclaimationBody.xBIM", "xbim-a/BIM_Logo-LetterB.xBIM", "xbim-a/Monolith_v10.xBIM", "xbim-a/Monolith-NoGeomTables.xBIM",
        "xbim-a/OneWall.xBIM"};
    struct totals totals = {0};
    require_shared_data();
    for (size_t i = 0; i < sizeof databases / sizeof databases[0]; i++)
        check_database(text_of("windows/%s", databases[i]), &totals);
    print_totals(&totals);
    assert_true(totals.secondary > 100);
}

static void check_engine_database(void *context, const struct shared_file *file)
{
    if (strncmp(file->set, "features-", 9) == 0 || strncmp(file->set, "clean_", 6) == 0)
        check_database(file->path, (struct totals *)context);
}

static void every_key_rule_of_the_original_engine_is_reproduced(void **state)
{
    (void)state;
    struct totals totals = {0};
    visit_shared_files("engine", "", ".edb", check_engine_database, &totals);
    print_totals(&totals);
    assert_true(totals.secondary > 700);
}

static int open_weights(void **state)
{
    (void)state;
    if (collation_table_open(os_fs_posix(), NULL, &weights) < 0)
        print_message("no weight table: indexes over UTF-16 text are skipped\n");
    return 0;
}

static int close_weights(void **state)
{
    (void)state;
    collation_table_close(weights);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_index_windows_wrote_is_rebuilt_from_its_records),
                                       cmocka_unit_test(every_key_rule_of_the_original_engine_is_reproduced)};
    return cmocka_run_group_tests(tests, open_weights, close_weights);
}
