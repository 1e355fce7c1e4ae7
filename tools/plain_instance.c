/* See plain_instance.h. */
#include "plain_instance.h"

#include "base/memory.h"
#include "os/path.h"

JET_ERR plain_instance_start(const char *name, const char *target, uint32_t page_size, JET_INSTANCE *instance, JET_SESID *session)
{
    JET_ERR err = JET_errSuccess;
    char *folder = NULL;
    TRY(path_folder(target, &folder));
    TRY(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize, page_size, NULL));
    TRY(JetCreateInstanceA(instance, name));
    TRY(JetSetSystemParameterA(instance, 0, JET_paramRecovery, 0, "off"));
    TRY(JetSetSystemParameterA(instance, 0, JET_paramSystemPath, 0, folder));
    TRY(JetSetSystemParameterA(instance, 0, JET_paramTempPath, 0, folder));
    TRY(JetSetSystemParameterA(instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    TRY(JetInit(instance));
    TRY(JetBeginSessionA(*instance, session, NULL, NULL));
done:
    mem_free(folder);
    return err;
}
