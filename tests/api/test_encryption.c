/* Encrypted columns: keys made and given to cursors, values that only the right key reads, in the record and outside it (src/format/encryption.h).
 *
 * Calls: JetCreateEncryptionKey, JetSetTableInfo */
#define ESENT_PRIVATE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "cursor/row_dump.h"
#include "format/encryption.h"
#include "opened_file.h"
#include "plain_instance.h"
#include "shared_data.h"

enum { SHORT_SIZE = 100, PLAIN_SIZE = 30000 };

static JET_INSTANCE instance;
static JET_SESID session;
static JET_DBID dbid;
static JET_TABLEID table;
static JET_COLUMNID secret, packed;
static uint8_t key[ENCRYPTION_KEY_SIZE], other_key[ENCRYPTION_KEY_SIZE];
static uint8_t plain[PLAIN_SIZE], found[PLAIN_SIZE];

static JET_ERR add_column(const char *name, JET_COLTYP type, JET_GRBIT grbit, JET_COLUMNID *id)
{
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = type, .grbit = grbit};
    return JetAddColumn(session, table, name, &definition, NULL, 0, id);
}

static int start(void **state)
{
    (void)state;
    if (CRYPTO_MODULE[0] == 0)
        return 0;
    setenv("OPENESE_CRYPTO", CRYPTO_MODULE, 1);
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 7 + i / 251);
    instance = plain_start("encryption");
    session = plain_session(instance);
    assert_good(JetCreateDatabase(session, "secrets.edb", NULL, &dbid, JET_bitDbOverwriteExisting));
    assert_good(JetCreateTable(session, dbid, "letters", 8, 80, &table));
    assert_good(add_column("secret", JET_coltypLongBinary, JET_bitColumnEncrypted, &secret));
    assert_good(add_column("packed", JET_coltypLongBinary, JET_bitColumnEncrypted | JET_bitColumnCompressed, &packed));
    assert_good(JetCreateEncryptionKey(JET_EncryptionAlgorithmAes256, key, sizeof key, NULL));
    assert_good(JetCreateEncryptionKey(JET_EncryptionAlgorithmAes256, other_key, sizeof other_key, NULL));
    assert_good(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (CRYPTO_MODULE[0] != 0)
        plain_stop(instance);
    return 0;
}

static void need_module(void)
{
    if (CRYPTO_MODULE[0] == 0) {
        print_message("skipped: built without libcrypto\n");
        skip();
    }
}

static JET_ERR set(JET_COLUMNID column, const void *data, uint32_t size, JET_GRBIT grbit, uint32_t sequence, uint32_t offset)
{
    JET_SETINFO info = {.cbStruct = sizeof info, .itagSequence = sequence, .ibLongValue = offset};
    return JetSetColumn(session, table, column, data, size, grbit, &info);
}

/* A row with one value, on which the cursor stands then. */
static void insert(JET_COLUMNID column, const void *data, uint32_t size, JET_GRBIT grbit)
{
    uint8_t bookmark[64];
    uint32_t actual;
    assert_good(JetBeginTransaction(session));
    assert_good(JetPrepareUpdate(session, table, JET_prepInsert));
    assert_good(set(column, data, size, grbit, 1, 0));
    assert_good(JetUpdate(session, table, bookmark, sizeof bookmark, &actual));
    assert_good(JetCommitTransaction(session, 0));
    assert_good(JetGotoBookmark(session, table, bookmark, actual));
}

static JET_ERR change(JET_COLUMNID column, const void *data, uint32_t size, JET_GRBIT grbit, uint32_t offset)
{
    assert_good(JetBeginTransaction(session));
    assert_good(JetPrepareUpdate(session, table, JET_prepReplace));
    JET_ERR err = set(column, data, size, grbit, 1, offset);
    assert_good(err >= 0 ? JetUpdate(session, table, NULL, 0, NULL) : JetPrepareUpdate(session, table, JET_prepCancel));
    assert_good(JetCommitTransaction(session, 0));
    return err;
}

static void expect_column(JET_TABLEID cursor, JET_COLUMNID column, const uint8_t *data, uint32_t size)
{
    uint32_t actual = 0;
    memset(found, 0xAA, sizeof found);
    assert_good(JetRetrieveColumn(session, cursor, column, found, sizeof found, &actual, 0, NULL));
    assert_int_equal(actual, size);
    assert_memory_equal(found, data, size);
}

static bool is_in_file(const uint8_t *data, size_t size)
{
    static uint8_t file[4 << 20];
    char path[4096] = "";
    assert_good(JetGetDatabaseInfo(session, dbid, path, sizeof path, JET_DbInfoFilename));
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t read = fread(file, 1, sizeof file, f);
    fclose(f);
    return memmem(file, read, data, size) != NULL;
}

static void keys_are_forty_nine_bytes_with_a_checksum(void **state)
{
    uint8_t made[100];
    uint32_t size = 0;
    (void)state;
    need_module();
    assert_err(JetCreateEncryptionKey(0, made, sizeof made, &size), JET_errInvalidParameter);
    assert_err(JetCreateEncryptionKey(JET_EncryptionAlgorithmAes256, NULL, 0, &size), JET_errBufferTooSmall);
    assert_int_equal(size, ENCRYPTION_KEY_SIZE);
    assert_err(JetCreateEncryptionKey(JET_EncryptionAlgorithmAes256, made, ENCRYPTION_KEY_SIZE - 1, &size), JET_errBufferTooSmall);
    assert_int_equal(size, ENCRYPTION_KEY_SIZE);
    assert_good(JetCreateEncryptionKey(JET_EncryptionAlgorithmAes256, made, sizeof made, &size));
    assert_int_equal(size, ENCRYPTION_KEY_SIZE);
    static const uint8_t head[] = {8, 2, 0, 0, 0x10, 0x66, 0, 0, 32, 0, 0, 0};
    assert_int_equal(made[0], JET_EncryptionAlgorithmAes256);
    assert_memory_equal(made + 5, head, sizeof head);
    assert_memory_not_equal(made, key, ENCRYPTION_KEY_SIZE);
    for (uint32_t i = 0; i < ENCRYPTION_KEY_SIZE; i++) {
        made[i] ^= 0x10;
        assert_err(JetSetTableInfo(session, table, made, size, JET_TblInfoEncryptionKey), JET_errInvalidParameter);
        made[i] ^= 0x10;
    }
    assert_err(JetSetTableInfo(session, table, made, size - 1, JET_TblInfoEncryptionKey), JET_errInvalidParameter);
    assert_err(JetSetTableInfo(session, table, made, size, JET_TblInfoName), JET_errFeatureNotAvailable);
    assert_good(JetSetTableInfoW(session, table, made, size, JET_TblInfoEncryptionKey));
    memset(found, 0, sizeof found);
    assert_good(JetGetTableInfo(session, table, found, sizeof found, JET_TblInfoEncryptionKey));
    assert_memory_equal(found, made, size);
    assert_err(JetGetTableInfo(session, table, found, size - 1, JET_TblInfoEncryptionKey), JET_errBufferTooSmall);
    assert_good(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey));
}

static void the_checksum_is_castagnolis(void **state)
{
    (void)state;
    assert_int_equal(encryption_crc(span_of("123456789", 9)), 0xE3069283); /* the check value of CRC-32C */
    assert_int_equal(encryption_crc(span_of("", 0)), 0);
}

static void only_long_columns_with_one_value_can_be_encrypted(void **state)
{
    JET_COLUMNID id;
    (void)state;
    need_module();
    assert_err(add_column("a", JET_coltypBinary, JET_bitColumnEncrypted, &id), JET_errColumnCannotBeEncrypted);
    assert_err(add_column("b", JET_coltypLong, JET_bitColumnEncrypted, &id), JET_errColumnCannotBeEncrypted);
    assert_err(add_column("c", JET_coltypLongBinary, JET_bitColumnEncrypted | JET_bitColumnTagged | JET_bitColumnMultiValued, &id), JET_errColumnCannotBeEncrypted);
    const JET_COLUMNDEF with_default = {.cbStruct = sizeof with_default, .coltyp = JET_coltypLongBinary, .grbit = JET_bitColumnEncrypted};
    assert_err(JetAddColumn(session, table, "d", &with_default, "x", 1, &id), JET_errColumnCannotBeEncrypted);
    assert_err(JetCreateIndex(session, table, "by secret", 0, "+secret\0", 9, 80), JET_errCannotIndexOnEncryptedColumn);
    JET_COLUMNDEF told = {.cbStruct = sizeof told};
    assert_good(JetGetTableColumnInfo(session, table, "secret", &told, sizeof told, JET_ColInfo));
    assert_int_not_equal(told.grbit & JET_bitColumnEncrypted, 0);
}

static void values_come_back(void **state)
{
    static const struct {
        uint32_t size;
        JET_GRBIT grbit;
    } kinds[] = {{1, 0}, {SHORT_SIZE, 0}, {SHORT_SIZE, JET_bitSetSeparateLV}, {900, JET_bitSetIntrinsicLV}, {1500, 0}};
    (void)state;
    need_module();
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        insert(secret, plain, kinds[k].size, kinds[k].grbit);
        expect_column(table, secret, plain, kinds[k].size);
        insert(packed, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64, kinds[k].grbit);
        expect_column(table, packed, (const uint8_t *)"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64);
    }
}

static void empty_and_null_values_need_a_key_too(void **state)
{
    uint32_t actual = 7;
    (void)state;
    need_module();
    insert(secret, NULL, 0, JET_bitSetZeroLength);
    assert_good(JetRetrieveColumn(session, table, secret, found, sizeof found, &actual, 0, NULL));
    assert_int_equal(actual, 0);
    assert_int_equal(JetRetrieveColumn(session, table, packed, found, sizeof found, &actual, 0, NULL), JET_wrnColumnNull);
    assert_good(JetSetTableInfo(session, table, NULL, 0, JET_TblInfoEncryptionKey));
    assert_err(JetRetrieveColumn(session, table, secret, found, sizeof found, &actual, 0, NULL), JET_errColumnNoEncryptionKey);
    assert_err(JetRetrieveColumn(session, table, packed, found, sizeof found, &actual, 0, NULL), JET_errColumnNoEncryptionKey);
    assert_err(change(secret, NULL, 0, 0, 0), JET_errColumnNoEncryptionKey);
    assert_good(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey));
}

static void another_key_does_not_read_them(void **state)
{
    uint32_t actual;
    JET_TABLEID second;
    (void)state;
    need_module();
    const uint32_t sizes[] = {SHORT_SIZE, 3000};
    for (size_t i = 0; i < 2; i++) {
        insert(secret, plain, sizes[i], 0);
        assert_good(JetDupCursor(session, table, &second, 0));
        assert_good(JetMove(session, second, JET_MoveLast, 0));
        assert_err(JetRetrieveColumn(session, second, secret, found, sizeof found, &actual, 0, NULL), JET_errColumnNoEncryptionKey);
        assert_good(JetSetTableInfo(session, second, other_key, sizeof other_key, JET_TblInfoEncryptionKey));
        assert_err(JetRetrieveColumn(session, second, secret, found, sizeof found, &actual, 0, NULL), JET_errDecryptionFailed);
        assert_good(JetSetTableInfo(session, second, key, sizeof key, JET_TblInfoEncryptionKey));
        expect_column(second, secret, plain, sizes[i]);
        assert_good(JetCloseTable(session, second));
    }
}

static void another_key_does_not_write_into_them(void **state)
{
    static uint8_t letters[PLAIN_SIZE], more[PLAIN_SIZE];
    uint64_t chunk = 0;
    (void)state;
    need_module();
    assert_good(JetGetSystemParameter(instance, session, JET_paramLVChunkSizeMost, &chunk, NULL, 0));
    uint32_t size = 3 * (uint32_t)chunk;
    assert_true(size <= sizeof letters);
    memset(letters, 'a', sizeof letters);
    memset(more, 'b', sizeof more);
    insert(packed, letters, size, 0);
    assert_good(JetSetTableInfo(session, table, other_key, sizeof other_key, JET_TblInfoEncryptionKey));
    assert_err(change(packed, more, (uint32_t)chunk, JET_bitSetOverwriteLV, (uint32_t)chunk), JET_errDecryptionFailed);
    assert_err(change(packed, more, (uint32_t)chunk, JET_bitSetAppendLV, 0), JET_errDecryptionFailed);
    assert_err(change(packed, NULL, 4 * (uint32_t)chunk, JET_bitSetSizeLV, 0), JET_errDecryptionFailed);
    assert_good(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey));
    expect_column(table, packed, letters, size);
}

static void values_are_changed_in_part(void **state)
{
    static uint8_t expected[PLAIN_SIZE];
    (void)state;
    need_module();
    const uint32_t sizes[] = {SHORT_SIZE, 3000};
    for (size_t i = 0; i < 2; i++) {
        uint32_t size = sizes[i];
        memcpy(expected, plain, sizeof expected);
        insert(secret, plain, size, 0);
        assert_good(change(secret, "appended", 8, JET_bitSetAppendLV, 0));
        memcpy(expected + size, "appended", 8);
        expect_column(table, secret, expected, size + 8);
        assert_good(change(secret, "middle", 6, JET_bitSetOverwriteLV, size / 2));
        memcpy(expected + size / 2, "middle", 6);
        expect_column(table, secret, expected, size + 8);
        assert_good(change(secret, NULL, size - 10, JET_bitSetSizeLV, 0));
        expect_column(table, secret, expected, size - 10);
        uint32_t actual;
        JET_RETINFO from = {.cbStruct = sizeof from, .ibLongValue = size / 2, .itagSequence = 1};
        assert_int_equal(JetRetrieveColumn(session, table, secret, found, 6, &actual, 0, &from), JET_wrnBufferTruncated);
        assert_memory_equal(found, "middle", 6);
        assert_good(change(secret, NULL, 0, 0, 0));
        assert_int_equal(JetRetrieveColumn(session, table, secret, found, sizeof found, &actual, 0, NULL), JET_wrnColumnNull);
    }
}

static void a_copied_row_shares_its_value_until_it_is_changed(void **state)
{
    uint8_t bookmark[64];
    uint32_t actual;
    (void)state;
    need_module();
    insert(secret, plain, 3000, 0);
    assert_good(JetBeginTransaction(session));
    assert_good(JetPrepareUpdate(session, table, JET_prepInsertCopy));
    assert_good(set(secret, "end", 3, JET_bitSetAppendLV, 1, 0));
    assert_good(JetUpdate(session, table, bookmark, sizeof bookmark, &actual));
    assert_good(JetCommitTransaction(session, 0));
    expect_column(table, secret, plain, 3000);
    assert_good(JetGotoBookmark(session, table, bookmark, actual));
    assert_good(JetRetrieveColumn(session, table, secret, found, sizeof found, &actual, 0, NULL));
    assert_int_equal(actual, 3003);
    assert_memory_equal(found + 3000, "end", 3);
}

static void a_second_value_is_refused(void **state)
{
    (void)state;
    need_module();
    insert(secret, plain, SHORT_SIZE, 0);
    assert_good(JetBeginTransaction(session));
    assert_good(JetPrepareUpdate(session, table, JET_prepReplace));
    assert_err(set(secret, plain, 5, 0, 2, 0), JET_errEncryptionBadItag);
    assert_err(set(secret, plain, 5, 0, 0, 0), JET_errEncryptionBadItag);
    assert_good(JetPrepareUpdate(session, table, JET_prepCancel));
    assert_good(JetRollback(session, 0));
}

static void *take(void *context, void *memory, uint32_t size)
{
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

/* The one column asked for, all of it or its first value. */
static JET_ENUMCOLUMN *enumerate_secret(JET_GRBIT grbit, uint32_t sequence_count)
{
    uint32_t first = 1;
    JET_ENUMCOLUMNID wanted = {.columnid = secret, .ctagSequence = sequence_count, .rgtagSequence = &first};
    JET_ENUMCOLUMN *columns = NULL;
    uint32_t count = 0;
    assert_good(JetEnumerateColumns(session, table, 1, &wanted, &count, &columns, take, NULL, UINT32_MAX, grbit));
    assert_int_equal(count, 1);
    return columns;
}

static void enumeration_opens_values_or_says_that_it_cannot(void **state)
{
    (void)state;
    need_module();
    const uint32_t sizes[] = {SHORT_SIZE, 3000};
    for (size_t i = 0; i < 4; i++) {
        insert(secret, plain, sizes[i % 2], 0);
        JET_ENUMCOLUMN *columns = enumerate_secret(JET_bitEnumerateCompressOutput, (uint32_t)i / 2);
        assert_int_equal(columns->err, JET_errSuccess);
        assert_int_equal(columns->cEnumColumnValue, 1);
        assert_int_equal(columns->rgEnumColumnValue[0].cbData, sizes[i % 2]);
        assert_memory_equal(columns->rgEnumColumnValue[0].pvData, plain, sizes[i % 2]);
        free(columns->rgEnumColumnValue[0].pvData);
        free(columns->rgEnumColumnValue);
        free(columns);
        assert_good(JetSetTableInfo(session, table, NULL, 0, JET_TblInfoEncryptionKey));
        columns = enumerate_secret(0, (uint32_t)i / 2);
        assert_int_equal(columns->err, JET_errColumnNoEncryptionKey);
        free(columns);
        assert_good(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey));
    }
}

static void values_move_out_of_a_row_that_gets_too_long(void **state)
{
    JET_COLUMNID fill[4];
    (void)state;
    need_module();
    for (int i = 0; i < 4; i++)
        assert_good(add_column((const char *[]){"f1", "f2", "f3", "f4"}[i], JET_coltypLongBinary, 0, &fill[i]));
    insert(secret, plain, 900, 0);
    for (int i = 0; i < 4; i++)
        assert_good(change(fill[i], plain, 1000, JET_bitSetIntrinsicLV, 0));
    expect_column(table, secret, plain, 900);
    for (int i = 0; i < 4; i++)
        expect_column(table, fill[i], plain, 1000);
}

static void the_file_holds_no_plain_bytes(void **state)
{
    (void)state;
    need_module();
    insert(secret, "a word that is nowhere else: quixotic", 37, 0);
    insert(packed, "a second word, outside the record: zephyr", 41, JET_bitSetSeparateLV);
    JET_COLUMNID open;
    assert_good(add_column("open", JET_coltypLongBinary, 0, &open));
    insert(open, "and one for all to read: sphinx", 31, 0);
    assert_good(JetCloseTable(session, table));
    assert_good(JetCloseDatabase(session, dbid, 0));
    char path[] = "secrets.edb";
    assert_good(JetDetachDatabase(session, path));
    assert_good(JetAttachDatabase(session, path, 0));
    assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
    assert_false(is_in_file((const uint8_t *)"quixotic", 8));
    assert_false(is_in_file((const uint8_t *)"zephyr", 6));
    assert_true(is_in_file((const uint8_t *)"sphinx", 6));
    assert_good(JetOpenTable(session, dbid, "letters", NULL, 0, 0, &table));
    assert_good(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey));
}

static JET_ERR note_row(void *context, const char *line, size_t size)
{
    uint32_t *closed = context;
    *closed += memmem(line, size, "=encrypted", 10) != NULL;
    return JET_errSuccess;
}

static void without_a_key_rows_are_dumped_and_copied(void **state)
{
    char path[] = "secrets.edb", copy[] = "secrets-copy.edb";
    struct opened file;
    const struct table_schema *schema = NULL;
    uint32_t closed = 0;
    JET_DBID of_copy;
    JET_TABLEID there;
    (void)state;
    need_module();
    insert(secret, plain, 3000, 0);
    assert_good(JetCloseTable(session, table));
    assert_good(JetCloseDatabase(session, dbid, 0));
    assert_good(JetDetachDatabase(session, path));
    assert_true(open_file(path, &file) >= 0);
    assert_good(catalog_find_table(file.catalog, "letters", &schema));
    assert_good(dump_rows(file.catalog, schema, &(struct dump_sink){note_row, &closed}));
    catalog_release_table(file.catalog, schema);
    close_file(&file);
    assert_true(closed > 1);
    (void)remove(copy);
    assert_good(JetAttachDatabase(session, path, JET_bitDbReadOnly));
    assert_good(JetCompact(session, path, copy, NULL, NULL, 0));
    assert_good(JetDetachDatabase(session, path));
    assert_good(JetAttachDatabase(session, copy, 0));
    assert_good(JetOpenDatabase(session, copy, NULL, &of_copy, 0));
    assert_good(JetOpenTable(session, of_copy, "letters", NULL, 0, 0, &there));
    assert_good(JetSetTableInfo(session, there, key, sizeof key, JET_TblInfoEncryptionKey));
    assert_good(JetMove(session, there, JET_MoveLast, 0));
    expect_column(there, secret, plain, 3000);
    assert_good(JetCloseTable(session, there));
    assert_good(JetCloseDatabase(session, of_copy, 0));
    assert_good(JetDetachDatabase(session, copy));
    assert_good(JetAttachDatabase(session, path, 0));
    assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
    assert_good(JetOpenTable(session, dbid, "letters", NULL, 0, 0, &table));
    assert_good(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey));
}

static void without_the_module_there_are_no_keys(void **state)
{
    uint8_t made[ENCRYPTION_KEY_SIZE];
    (void)state;
    need_module();
    setenv("OPENESE_CRYPTO", "", 1);
    assert_err(JetCreateEncryptionKey(JET_EncryptionAlgorithmAes256, made, sizeof made, NULL), JET_errFeatureNotAvailable);
    assert_err(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey), JET_errFeatureNotAvailable);
    setenv("OPENESE_CRYPTO", CRYPTO_MODULE, 1);
    assert_good(JetSetTableInfo(session, table, key, sizeof key, JET_TblInfoEncryptionKey));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_forty_nine_bytes_with_a_checksum),
        cmocka_unit_test(the_checksum_is_castagnolis),
        cmocka_unit_test(only_long_columns_with_one_value_can_be_encrypted),
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(empty_and_null_values_need_a_key_too),
        cmocka_unit_test(another_key_does_not_read_them),
        cmocka_unit_test(another_key_does_not_write_into_them),
        cmocka_unit_test(values_are_changed_in_part),
        cmocka_unit_test(a_copied_row_shares_its_value_until_it_is_changed),
        cmocka_unit_test(a_second_value_is_refused),
        cmocka_unit_test(enumeration_opens_values_or_says_that_it_cannot),
        cmocka_unit_test(values_move_out_of_a_row_that_gets_too_long),
        cmocka_unit_test(the_file_holds_no_plain_bytes),
        cmocka_unit_test(without_a_key_rows_are_dumped_and_copied),
        cmocka_unit_test(without_the_module_there_are_no_keys),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
