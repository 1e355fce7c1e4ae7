/* Snapshots: the session calls (engine/os_snapshot.h), and the older pair that never did anything (backup-and-restore 14). */
#include "api/api.h"
#include "api/instance_list.h"
#include "engine/os_snapshot.h"

JET_EXPORT JET_ERR JetOSSnapshotPrepare(JET_OSSNAPID *psnapId, JET_GRBIT grbit) { return os_snapshot_prepare(psnapId, grbit); }

JET_EXPORT JET_ERR JetOSSnapshotPrepareInstance(JET_OSSNAPID snapId, JET_INSTANCE handle, JET_GRBIT grbit)
{
    struct instance *instance = NULL;
    JET_ERR err = engine_enter_instance(handle, INSTANCE_ENTER_RUNNING, &instance);
    if (err >= 0)
        err = os_snapshot_prepare_instance(snapId, instance, grbit);
    engine_leave_instance(instance);
    return err;
}

typedef JET_ERR (*list_call)(JET_OSSNAPID id, JET_GRBIT grbit, struct instance_list *out);

/* What freeze and the question for its result have in common. */
static JET_ERR get_list(list_call call, enum text_form form, JET_OSSNAPID id, uint32_t *count, void **list, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct instance_list instances = {0};
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    if (count == NULL || list == NULL)
        RAISE(JET_errInvalidParameter);
    *count = 0;
    *list = NULL;
    TRY(call(id, grbit, &instances));
    err = instance_list_to_client(form, &instances, count, list);
    if (err < 0 && call == os_snapshot_freeze) { /* nobody will thaw what he does not know to be frozen */
        JET_ERR ignored = os_snapshot_end(id, JET_bitAbortSnapshot);
        (void)ignored;
    }
done:
    instance_list_release(&instances);
    return err;
}

JET_EXPORT JET_ERR JetOSSnapshotFreezeA(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit)
{
    return get_list(os_snapshot_freeze, TEXT_UTF8, snapId, pcInstanceInfo, (void **)paInstanceInfo, grbit);
}
JET_EXPORT_PLAIN(JetOSSnapshotFreeze);
JET_EXPORT JET_ERR JetOSSnapshotFreezeW(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_W **paInstanceInfo, JET_GRBIT grbit)
{
    return get_list(os_snapshot_freeze, TEXT_UTF16, snapId, pcInstanceInfo, (void **)paInstanceInfo, grbit);
}

JET_EXPORT JET_ERR JetOSSnapshotGetFreezeInfoA(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit)
{
    return get_list(os_snapshot_get_info, TEXT_UTF8, snapId, pcInstanceInfo, (void **)paInstanceInfo, grbit);
}
JET_EXPORT_PLAIN(JetOSSnapshotGetFreezeInfo);
JET_EXPORT JET_ERR JetOSSnapshotGetFreezeInfoW(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_W **paInstanceInfo, JET_GRBIT grbit)
{
    return get_list(os_snapshot_get_info, TEXT_UTF16, snapId, pcInstanceInfo, (void **)paInstanceInfo, grbit);
}

JET_EXPORT JET_ERR JetOSSnapshotThaw(JET_OSSNAPID snapId, JET_GRBIT grbit) { return os_snapshot_thaw(snapId, grbit); }
JET_EXPORT JET_ERR JetOSSnapshotTruncateLog(JET_OSSNAPID snapId, JET_GRBIT grbit) { return os_snapshot_truncate(snapId, NULL, grbit); }

JET_EXPORT JET_ERR JetOSSnapshotTruncateLogInstance(JET_OSSNAPID snapId, JET_INSTANCE handle, JET_GRBIT grbit)
{
    struct instance *instance = NULL;
    JET_ERR err = engine_enter_instance(handle, INSTANCE_ENTER_RUNNING, &instance);
    if (err >= 0)
        err = os_snapshot_truncate(snapId, instance, grbit);
    engine_leave_instance(instance);
    return err;
}

JET_EXPORT JET_ERR JetOSSnapshotEnd(JET_OSSNAPID snapId, JET_GRBIT grbit) { return os_snapshot_end(snapId, grbit); }

JET_EXPORT JET_ERR JetOSSnapshotAbort(JET_OSSNAPID snapId, JET_GRBIT grbit)
{
    return grbit != 0 ? JET_errInvalidGrbit : os_snapshot_end(snapId, JET_bitAbortSnapshot);
}
