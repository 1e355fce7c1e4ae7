/* Contents of a table: rows against the primary key, the long values and every secondary index.
 *
 * The idea: an index is right when the multiset of (key, primary key) entries that the rows call for equals the multiset in the tree. Both
 * are kept as digests (number and two sums of hashes), so that one pass over the rows serves all indexes with no memory to speak of. Only when
 * a digest differs are the rows read once more, and each entry looked up, to say what is missing. References to long values are compared
 * in the same way with the reference counts in the long-value tree.
 *
 * What cannot be computed is not compared: Unicode keys without sort weights, defaults an application computes, encrypted values. The entries of
 * such an index must still name existing rows.
 */
#include "check/internal.h"

#include "base/text.h"
#include "record/key.h"

enum { NOT_KNOWN_DELETED = -1 /* 0xFFFFFFFF: partly deleted long value */, DETAILS_MAX = 20, HEX_BYTES_MAX = 24 };

/* --- digests --- */

static uint64_t hash_bytes(uint64_t hash, struct span bytes)
{
    const uint64_t multiplier = 0x9E3779B97F4A7C15u;
    uint32_t i = 0;
    hash = (hash ^ bytes.size) * multiplier;
    for (; i + 8 <= bytes.size; i += 8) {
        hash = (hash ^ load_le64(bytes.data + i)) * multiplier;
        hash ^= hash >> 29;
    }
    uint64_t rest = 0;
    for (unsigned shift = 0; i < bytes.size; i++, shift += 8)
        rest |= (uint64_t)bytes.data[i] << shift;
    hash = (hash ^ rest) * multiplier;
    return hash ^ hash >> 32;
}

static void check_digest_add_hash(struct check_digest *digest, uint64_t hash, uint64_t times)
{
    uint64_t other = (hash ^ 0xD6E8FEB86659FD93u) * 0xC2B2AE3D27D4EB4Fu;
    digest->count += times;
    digest->sum += hash * times;
    digest->mix += (other ^ other >> 31) * times;
}

void check_digest_add(struct check_digest *digest, struct span first, struct span second) { check_digest_add_hash(digest, hash_bytes(hash_bytes(1, first), second), 1); }

static uint64_t hash_lid(uint64_t lid) { return hash_bytes(2, span_of(&lid, sizeof lid)); }

/* --- what is known of the table --- */

JET_ERR table_contents_begin(struct check *c, struct table_contents *contents, uint32_t objid)
{
    JET_ERR err = JET_errSuccess;
    *contents = (struct table_contents){.are_long_values_sound = true};
    TRY(catalog_open(c->db, &contents->catalog));
    err = catalog_find_table_by_objid(contents->catalog, objid, &contents->schema);
    if (err < 0) {
        contents->schema = NULL;
        if (check_is_finding(err) || err == JET_errObjectNotFound) {
            check_report_finding(c, CHECK_ERROR, err, 0, "the catalog's rows for the table cannot be understood");
            err = JET_errSuccess;
        }
        goto done;
    }
    contents->entries = mem_alloc_array(contents->schema->index_count, sizeof *contents->entries);
    if (contents->entries == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < contents->schema->index_count; i++)
        contents->entries[i].count = UINT64_MAX;
done:
    return err;
}

void table_contents_end(struct table_contents *contents)
{
    if (contents->schema != NULL)
        catalog_release_table(contents->catalog, contents->schema);
    mem_free(contents->entries);
    *contents = (struct table_contents){.catalog = NULL};
}

uint32_t table_contents_index(const struct table_contents *contents, uint32_t objid)
{
    for (uint32_t i = 0; contents->schema != NULL && i < contents->schema->index_count; i++)
        if (contents->schema->indexes[i].objid == objid && !index_is_primary(&contents->schema->indexes[i]))
            return i;
    return UINT32_MAX;
}

/* --- long values --- */

struct long_value_scan {
    struct check *check;
    struct table_contents *contents;
};

static JET_ERR visit_long_value(void *context, const struct long_value_report *report)
{
    struct long_value_scan *scan = context;
    scan->check->report->long_values++;
    bool is_live = report->info.references != 0 && report->info.references != (uint32_t)NOT_KNOWN_DELETED;
    if (report->error < 0 && !(report->error == JET_errFeatureNotAvailable && report->info.is_encrypted)) {
        /* A dead value may have lost its chunks already, or kept some: cleanup was interrupted. What we have no decoder for is no damage. */
        bool is_damage = is_live && report->error != JET_errFeatureNotAvailable;
        check_report_finding(scan->check, is_damage ? CHECK_ERROR : CHECK_WARNING, report->error, 0, "long value %llx: %s (%u references, %u bytes, %u chunks)",
                             (unsigned long long)report->info.lid, report->why != NULL ? report->why : "damaged", report->info.references,
                             report->info.size, report->chunks);
    }
    if (is_live)
        check_digest_add_hash(&scan->contents->long_values, hash_lid(report->info.lid), report->info.references);
    return check_progress(scan->check);
}

JET_ERR check_long_values(struct check *c, struct table_contents *contents)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_tree *tree = mem_alloc(sizeof *tree);
    struct long_value_scan scan = {c, contents};
    if (tree == NULL)
        return JET_errOutOfMemory;
    err = long_value_tree_open(c->file, contents->schema, tree);
    if (err >= 0)
        err = long_value_visit(&tree->nodes, visit_long_value, &scan);
    if (err < 0 && check_is_finding(err)) {
        check_report_finding(c, CHECK_ERROR, err, 0, "long values cannot be read to their end");
        contents->are_long_values_sound = false;
        err = JET_errSuccess;
    }
    long_value_tree_close(tree);
    mem_free(tree);
    return err;
}

/* --- rows --- */

struct index_check {
    const struct index *index;
    struct key_rules rules;
    struct check_digest expected;    /* entries the rows call for */
    bool is_comparable;
    /* second pass */
    struct btree tree;
    struct btree_cursor cursor;
    bool is_examined;
    uint64_t missing;
};

struct row_scan {
    struct check *check;
    struct table_contents *contents;
    struct btree tree;
    struct long_value_tree long_values;
    struct index_check *indexes; /* one per index of the schema; the primary too */
    struct index_check *current;
    struct check_digest references;
    bool is_second_pass, are_references_examined;
    uint64_t bad_references;
    uint8_t *record, *plain;     /* copies: page size; PLAIN_SIZE bytes */
    uint8_t key[BTREE_KEY_MAX], primary[KEY_ROOM];
    struct span row_key;
};
enum { PLAIN_SIZE = 1 << 16 };

/* The start of a key in hexadecimal, for findings. */
static const char *hex_text(struct span bytes, char *room)
{
    uint32_t size = bytes.size < HEX_BYTES_MAX ? bytes.size : HEX_BYTES_MAX;
    hex_encode(span_of(bytes.data, size), room);
    room[2 * size] = 0;
    if (size < bytes.size)
        memcpy(room + 2 * size, "...", sizeof "...");
    return room;
}
enum { HEX_TEXT_SIZE = 2 * HEX_BYTES_MAX + 4 };

static void row_finding(struct row_scan *scan, JET_ERR error, const char *text)
{
    char room[HEX_TEXT_SIZE];
    check_report_finding(scan->check, CHECK_ERROR, error, 0, "row %s: %s", hex_text(scan->row_key, room), text);
}

/* Errors of key building: the index cannot be judged at all. */
static bool is_beyond_us(JET_ERR error) { return error == JET_errFeatureNotAvailable || error == JET_errCallbackNotResolved || error == JET_errIndexInvalidDef; }

static JET_ERR count_reference(struct row_scan *scan, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_info info;
    if (!scan->is_second_pass) {
        check_digest_add_hash(&scan->references, hash_lid(lid), 1);
        goto done;
    }
    if (!scan->are_references_examined)
        goto done;
    err = long_value_info(&scan->long_values.nodes, lid, &info);
    if (err >= 0 && info.references == 0)
        err = JET_errLVCorrupted;
    if (err < 0 && check_is_finding(err)) {
        if (scan->bad_references++ < DETAILS_MAX)
            row_finding(scan, err, "names a long value that is not there");
        err = JET_errSuccess;
    }
done:
    return err;
}

static JET_ERR check_value(struct row_scan *scan, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    uint32_t written, total;
    if ((value->flags & COLUMN_VALUE_SEPARATED) != 0) {
        TRY(count_reference(scan, value->lid));
    } else if ((value->flags & COLUMN_VALUE_COMPRESSED) != 0 && !scan->is_second_pass) {
        err = column_value_read(value, 0, scan->plain, PLAIN_SIZE, &written, &total);
        if (err == JET_errFeatureNotAvailable)
            err = JET_errSuccess;
        TRY(err);
    }
done:
    return err;
}

/* The tagged values of a row: well formed, decompressible, their long values counted. */
static JET_ERR check_tagged(struct row_scan *scan, const struct record_view *record)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < record->tagged_count; i++) {
        struct tagged_entry entry;
        struct column_value value;
        uint32_t count;
        TRY(record_tagged_at(record, i, &entry));
        TRY(record_tagged_count(&entry, &count));
        for (uint32_t sequence = 1; sequence <= count; sequence++) {
            TRY(record_tagged_value(&entry, sequence, &value));
            TRY(check_value(scan, &value));
        }
    }
done:
    return err;
}

static JET_ERR check_primary_key(struct row_scan *scan, const struct key_source *source)
{
    JET_ERR err = JET_errSuccess;
    struct index_check *primary = &scan->indexes[0];
    uint32_t size;
    if (scan->is_second_pass || schema_primary(scan->contents->schema) == NULL || !primary->is_comparable)
        goto done;
    err = key_primary(&primary->rules, source, scan->primary, &size);
    if (is_beyond_us(err)) {
        primary->is_comparable = false;
        err = JET_errSuccess;
    } else if (err == JET_errNullKeyDisallowed || err == JET_errKeyTruncated || (err >= 0 && !span_equal(span_of(scan->primary, size), scan->row_key))) {
        bool is_collated = (primary->index->flags & INDEX_FLAG_UNICODE_TEXT) != 0; /* other weights give other keys */
        char room[HEX_TEXT_SIZE];
        check_report_finding(scan->check, is_collated ? CHECK_WARNING : CHECK_ERROR, JET_errPrimaryIndexCorrupted, 0,
                             "row %s: its values give another primary key", hex_text(scan->row_key, room));
        err = JET_errSuccess;
    }
done:
    return err;
}

/* An entry the row at hand calls for. First pass: into the digest. Second: is it there? */
static JET_ERR visit_entry(void *context, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct row_scan *scan = context;
    struct index_check *at = scan->current;
    struct node n;
    if (!scan->is_second_pass) {
        check_digest_add(&at->expected, key, scan->row_key);
        goto done;
    }
    err = btree_seek_bookmark(&at->cursor, key, scan->row_key);
    bool is_there = err >= 0;
    if (is_there && at->tree.is_unique) {
        TRY(btree_cursor_get(&at->cursor, &n));
        is_there = span_equal(n.data, scan->row_key);
        btree_cursor_release(&at->cursor);
    }
    if (err < 0 && err != JET_errRecordDeleted && !check_is_finding(err))
        goto done;
    err = JET_errSuccess;
    if (!is_there && at->missing++ < DETAILS_MAX) {
        char room[HEX_TEXT_SIZE], row_room[HEX_TEXT_SIZE];
        check_report_finding(scan->check, (at->index->flags & INDEX_FLAG_UNICODE_TEXT) != 0 ? CHECK_WARNING : CHECK_ERROR, JET_errSecondaryIndexCorrupted, 0,
                             "entry %s of row %s is missing", hex_text(key, room), hex_text(scan->row_key, row_room));
    }
done:
    return err;
}

static JET_ERR check_entries(struct row_scan *scan, const struct key_source *source)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < scan->contents->schema->index_count; i++) {
        struct index_check *at = &scan->indexes[i];
        if (index_is_primary(at->index) || !at->is_comparable || (scan->is_second_pass && !at->is_examined))
            continue;
        scan->current = at;
        err = key_entries(&at->rules, source, visit_entry, scan);
        if (err >= 0)
            continue;
        if (is_beyond_us(err)) {
            at->is_comparable = false;
        } else if (err == JET_errNullKeyDisallowed || err == JET_errKeyTruncated) {
            row_finding(scan, JET_errSecondaryIndexCorrupted, "values that an index forbids");
        } else {
            goto done;
        }
    }
    err = JET_errSuccess;
done:
    return err;
}

static JET_ERR check_row_values(struct row_scan *scan, struct span record)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    struct record_key_source source = {.record = NULL};
    bool is_source_open = false;
    TRY(record_view_init(&view, record, scan->check->page_size));
    TRY(check_tagged(scan, &view));
    if (!scan->check->options.skip_indexes) {
        record_key_source_init(&source, &view, &scan->long_values.nodes);
        is_source_open = true;
        TRY(check_primary_key(scan, &source.source));
        TRY(check_entries(scan, &source.source));
    }
done:
    if (is_source_open)
        record_key_source_close(&source);
    if (err < 0 && check_is_finding(err)) {
        if (!scan->is_second_pass)
            row_finding(scan, err, "damaged record or value");
        err = JET_errSuccess;
    }
    return err;
}

static JET_ERR scan_rows(struct row_scan *scan)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {.tree = NULL};
    struct node n;
    TRY(btree_cursor_open(&scan->tree, &cursor));
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        TRY(btree_cursor_get(&cursor, &n));
        uint32_t key_size = node_key_size(&n);
        if (key_size > sizeof scan->key)
            RAISE(JET_errDatabaseCorrupted);
        scan->row_key = span_of(scan->key, node_copy_key(&n, scan->key));
        struct span record = span_of(scan->record, n.data.size);
        memcpy(scan->record, n.data.data, n.data.size);
        btree_cursor_release(&cursor);
        TRY(check_row_values(scan, record));
        TRY(check_progress(scan->check));
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    if (err < 0 && check_is_finding(err)) {
        check_report_finding(scan->check, CHECK_ERROR, err, 0, "rows cannot be read to their end");
        err = JET_errSuccess;
    }
    return err;
}

/* --- indexes as a whole --- */

/* Every entry of an index must name an existing row. Used where keys cannot be compared, and to find what a wrong index has too many. */
static JET_ERR check_entry_rows(struct row_scan *scan, struct index_check *at)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor rows = {.tree = NULL}, entries = {.tree = NULL};
    struct node n;
    uint64_t dangling = 0;
    TRY(btree_open(scan->check->file, at->index->root, at->index->objid, &at->tree));
    TRY(btree_cursor_open(&at->tree, &entries));
    TRY(btree_cursor_open(&scan->tree, &rows));
    for (err = btree_first(&entries); err >= 0; err = btree_next(&entries)) {
        TRY(btree_cursor_get(&entries, &n));
        uint32_t size = n.data.size < sizeof scan->key ? n.data.size : (uint32_t)sizeof scan->key;
        memcpy(scan->key, n.data.data, size);
        btree_cursor_release(&entries);
        err = btree_seek(&rows, span_of(scan->key, size), BTREE_SEEK_EQ);
        if (err == JET_errRecordNotFound && dangling++ < DETAILS_MAX) {
            char room[HEX_TEXT_SIZE];
            check_report_finding(scan->check, CHECK_ERROR, JET_errSecondaryIndexCorrupted, 0, "an entry names row %s, which does not exist",
                                 hex_text(span_of(scan->key, size), room));
        }
        if (err < 0 && err != JET_errRecordNotFound)
            goto done;
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&rows);
    btree_cursor_close(&entries);
    return err;
}

/* An index over a version column is not kept up by the original engine when rows are replaced (records-and-catalog 2.2). */
static bool is_over_version_column(const struct table_schema *schema, const struct index *index)
{
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const struct column *column = schema_column(schema, index->segments[i].column_id);
        if (column != NULL && (column->flags & COLUMN_FLAG_VERSION) != 0)
            return true;
    }
    return false;
}

static void name_object(struct check *c, const struct index *index)
{
    c->object[0] = 0;
    c->objid = index->objid;
    for (size_t i = 0; index->name[i] != 0 && i + 1 < CHECK_NAME_SIZE; i++) {
        c->object[i] = index->name[i];
        c->object[i + 1] = 0;
    }
}

static JET_ERR judge_indexes(struct row_scan *scan, bool *needs_second_pass)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *schema = scan->contents->schema;
    struct check *c = scan->check;
    for (uint32_t i = 0; i < schema->index_count; i++) {
        struct index_check *at = &scan->indexes[i];
        const struct check_digest *actual = &scan->contents->entries[i];
        if (index_is_primary(at->index) || actual->count == UINT64_MAX || (at->index->flags & INDEX_FLAG_DEFERRED) != 0)
            continue;
        name_object(c, at->index);
        if (!at->is_comparable) {
            c->report->indexes_counted++;
            err = check_entry_rows(scan, at);
        } else if (check_digest_equal(actual, &at->expected)) {
            c->report->indexes_compared++;
        } else {
            c->report->indexes_compared++;
            /* With other sort weights than the writer's, other keys are no damage. */
            bool is_tolerated = is_over_version_column(schema, at->index) || ((at->index->flags & INDEX_FLAG_UNICODE_TEXT) != 0 && actual->count == at->expected.count);
            check_report_finding(c, is_tolerated ? CHECK_WARNING : CHECK_ERROR, JET_errSecondaryIndexCorrupted, at->index->root,
                                 "the rows give other entries: %llu in the index, %llu expected", (unsigned long long)actual->count,
                                 (unsigned long long)at->expected.count);
            err = check_entry_rows(scan, at);
            at->is_examined = err >= 0 && !is_tolerated;
            if (at->is_examined)
                err = btree_cursor_open(&at->tree, &at->cursor);
            *needs_second_pass |= at->is_examined;
        }
        if (err < 0 && !check_is_finding(err))
            goto done;
        if (err < 0)
            check_report_finding(c, CHECK_ERROR, err, at->index->root, "index cannot be read to its end");
        err = JET_errSuccess;
    }
done:
    c->object[0] = 0;
    c->objid = schema->objid;
    return err;
}

static void judge_references(struct row_scan *scan, bool *needs_second_pass)
{
    const struct check_digest *counted = &scan->contents->long_values, *used = &scan->references;
    if (!scan->contents->are_long_values_sound || check_digest_equal(counted, used))
        return;
    bool is_loss = used->count >= counted->count;
    check_report_finding(scan->check, is_loss ? CHECK_ERROR : CHECK_WARNING, JET_errLVCorrupted, scan->contents->schema->lv_root,
                         "rows name long values %llu times, their reference counts say %llu", (unsigned long long)used->count,
                         (unsigned long long)counted->count);
    scan->are_references_examined = true;
    *needs_second_pass = true;
}

static JET_ERR open_scan(struct row_scan *scan)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *schema = scan->contents->schema;
    struct check *c = scan->check;
    scan->record = mem_alloc(c->page_size);
    scan->plain = mem_alloc(PLAIN_SIZE);
    scan->indexes = mem_alloc_array(schema->index_count, sizeof *scan->indexes);
    if (scan->record == NULL || scan->plain == NULL || scan->indexes == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(btree_open(c->file, schema->root, schema->objid, &scan->tree));
    TRY(long_value_tree_open(c->file, schema, &scan->long_values));
    for (uint32_t i = 0; i < schema->index_count; i++) {
        struct index_check *at = &scan->indexes[i];
        at->index = &schema->indexes[i];
        err = key_rules_init(&at->rules, schema, at->index, c->options.weights);
        at->is_comparable = err >= 0 && !key_rules_lack_collation(&at->rules);
        if (err < 0 && !is_beyond_us(err))
            goto done;
        if (err == JET_errIndexInvalidDef) {
            name_object(c, at->index);
            check_report_finding(c, CHECK_ERROR, JET_errCatalogCorrupted, 0, "index names a column that does not exist");
            c->object[0] = 0;
            c->objid = schema->objid;
        }
        err = JET_errSuccess;
    }
done:
    return err;
}

static void close_scan(struct row_scan *scan)
{
    for (uint32_t i = 0; scan->indexes != NULL && i < scan->contents->schema->index_count; i++)
        btree_cursor_close(&scan->indexes[i].cursor);
    long_value_tree_close(&scan->long_values);
    mem_free(scan->indexes);
    mem_free(scan->plain);
    mem_free(scan->record);
    mem_free(scan);
}

JET_ERR check_records(struct check *c, struct table_contents *contents)
{
    JET_ERR err = JET_errSuccess;
    bool needs_second_pass = false;
    struct row_scan *scan = mem_alloc(sizeof *scan);
    if (scan == NULL)
        return JET_errOutOfMemory;
    scan->check = c;
    scan->contents = contents;
    err = open_scan(scan);
    if (err < 0 && check_is_finding(err)) {
        check_report_finding(c, CHECK_ERROR, err, 0, "table cannot be opened to read its rows");
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(scan_rows(scan));
    judge_references(scan, &needs_second_pass);
    if (!c->options.skip_indexes)
        TRY(judge_indexes(scan, &needs_second_pass));
    if (needs_second_pass) {
        scan->is_second_pass = true;
        TRY(scan_rows(scan));
    }
done:
    close_scan(scan);
    return err;
}
