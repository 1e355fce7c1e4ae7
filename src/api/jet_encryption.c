/* Keys of encrypted columns: JetCreateEncryptionKey makes one, JetSetTableInfo gives it to a cursor (format/encryption.h; published engine source: JetSetTableInfoEx). */
#define ESENT_PRIVATE
#include <string.h>

#include "api/jet_table.h"

JET_EXPORT JET_ERR JetCreateEncryptionKey(uint32_t encryptionAlgorithm, void *pvKey, uint32_t cbKey, uint32_t *pcbActual)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key[ENCRYPTION_KEY_SIZE];
    if (encryptionAlgorithm != JET_EncryptionAlgorithmAes256)
        RAISE(JET_errInvalidParameter);
    TRY(encryption_key_generate(key));
    if (pcbActual != NULL)
        *pcbActual = sizeof key;
    if (pvKey == NULL || cbKey < sizeof key)
        RAISE(JET_errBufferTooSmall);
    memcpy(pvKey, key, sizeof key);
done:
    explicit_bzero(key, sizeof key);
    return err;
}

JET_EXPORT JET_ERR JetSetTableInfoA(JET_SESID sesid, JET_TABLEID tableid, const void *pvParam, uint32_t cbParam, uint32_t InfoLevel)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor = NULL;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    if (InfoLevel != JET_TblInfoEncryptionKey)
        RAISE(JET_errFeatureNotAvailable);
    TRY(cursor_set_encryption_key(cursor, span_of(pvParam, cbParam)));
done:
    engine_leave_session(session);
    return err;
}

/* No level has text. */
JET_EXPORT JET_ERR JetSetTableInfoW(JET_SESID sesid, JET_TABLEID tableid, const void *pvParam, uint32_t cbParam, uint32_t InfoLevel)
{
    return JetSetTableInfoA(sesid, tableid, pvParam, cbParam, InfoLevel);
}

JET_EXPORT_PLAIN(JetSetTableInfo);
