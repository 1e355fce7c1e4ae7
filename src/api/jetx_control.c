/* JetxServeControl and JetxStopControl: the control socket of control/, with the backup calls of one instance behind it.
 *
 * The calls given to the server enter the instance as the public ones do, for each call anew: between two requests of a client the instance may
 * be stopped, disabled or ended by anybody. A client owns the backup it began and no other: the session's turn tells them apart. */
#include <string.h>

#include "api/api.h"
#include "backup/backup.h"
#include "base/memory.h"
#include "control/control.h"
#include "control/wire.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "engine/service.h"
#include "engine/versions.h"
#include "esent_ext.h"

/* The context of the calls; used by the server's thread alone. */
struct served {
    JET_INSTANCE handle;
    bool has_backup;   /* the client began one and has not ended it */
    uint32_t turn;     /* of the session: which backup that is */
};

/* --- the calls --- */

/* For the calls of a running backup: JET_errNoBackup unless it is the client's own. */
static JET_ERR enter_backup(struct served *c, unsigned flags, struct instance **instance, struct backup_session **session)
{
    JET_ERR err = JET_errSuccess;
    TRY(engine_enter_instance(c->handle, flags, instance));
    *session = instance_backup(*instance);
    if (!c->has_backup || !backup_is_active(*session) || backup_turn(*session) != c->turn) {
        c->has_backup = false;
        RAISE(JET_errNoBackup);
    }
done:
    return err;
}

static JET_ERR describe(void *context, struct control_hello *hello)
{
    struct served *c = (struct served *)context;
    struct instance *instance = NULL;
    JET_ERR err = engine_enter_instance(c->handle, INSTANCE_ENTER_HANDLE_ONLY, &instance);
    if (err < 0)
        return err;
    hello->page_size = instance_page_size(instance);
    hello->state = backup_is_active(instance_backup(instance)) ? CONTROL_STATE_BACKUP : CONTROL_STATE_IDLE;
    hello->major = ENGINE_VERSION_MAJOR;
    hello->minor = ENGINE_VERSION_MINOR;
    hello->build = ENGINE_VERSION_BUILD;
    if (instance->name != NULL)
        memcpy(hello->name, instance->name, strnlen(instance->name, CONTROL_NAME_MAX));
    engine_leave_instance(instance);
    return err;
}

static JET_ERR begin(void *context, JET_GRBIT grbit)
{
    struct served *c = (struct served *)context;
    struct instance *instance = NULL;
    JET_ERR err = JET_errSuccess;
    TRY(engine_enter_instance(c->handle, INSTANCE_ENTER_RUNNING, &instance));
    if ((grbit & ~(JET_GRBIT)JET_bitBackupIncremental) != 0)
        RAISE(JET_errInvalidGrbit); /* the other kinds are for the process itself */
    TRY(backup_begin(instance_backup(instance), grbit));
    c->has_backup = true;
    c->turn = backup_turn(instance_backup(instance));
done:
    engine_leave_instance(instance);
    return err;
}

static JET_ERR list_databases(void *context, char **list, uint32_t *size)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter_backup((struct served *)context, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_get_attach_info(session, list, size);
    engine_leave_instance(instance);
    return err;
}

static JET_ERR list_logs(void *context, char **list, uint32_t *size, struct control_log_range *range)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    struct backup_log_range found = {0};
    JET_ERR err = enter_backup((struct served *)context, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_get_log_info(session, list, size, &found);
    if (err >= 0) {
        range->gen_low = found.gen_low;
        range->gen_high = found.gen_high;
        memcpy(range->base_name, found.base_name, sizeof range->base_name);
    }
    engine_leave_instance(instance);
    return err;
}

/* A backup session has one open file, and its handle is 0. */
static JET_ERR open_file(void *context, const char *path, uint64_t *size)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_HANDLE handle = 0;
    JET_ERR err = enter_backup((struct served *)context, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_open_file(session, path, &handle, size);
    engine_leave_instance(instance);
    return err;
}

static JET_ERR read_file(void *context, void *buffer, uint32_t size, uint32_t *got)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter_backup((struct served *)context, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_read_file(session, 0, buffer, size, got);
    engine_leave_instance(instance);
    return err;
}

static JET_ERR close_file(void *context)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter_backup((struct served *)context, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_close_file(session, 0);
    engine_leave_instance(instance);
    return err;
}

static JET_ERR truncate_logs(void *context)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter_backup((struct served *)context, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_truncate_log(session);
    engine_leave_instance(instance);
    return err;
}

static JET_ERR end_backup(struct served *c, unsigned flags, JET_GRBIT grbit)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter_backup(c, flags, &instance, &session);
    if (err >= 0) {
        err = backup_end_turn(session, c->turn, grbit); /* the turn once more: another thread may have ended this one and begun its own by now */
        c->has_backup = backup_is_active(session) && backup_turn(session) == c->turn; /* bits that are refused end nothing */
    }
    engine_leave_instance(instance);
    return err;
}

static JET_ERR end(void *context, JET_GRBIT grbit) { return end_backup((struct served *)context, INSTANCE_ENTER_RUNNING, grbit); }

/* The client is gone: its backup must not stay behind, also in an instance whose service was stopped. */
static void abort_backup(void *context)
{
    JET_ERR ignored = end_backup((struct served *)context, INSTANCE_ENTER_HANDLE_ONLY, JET_bitBackupEndAbort);
    (void)ignored;
    ((struct served *)context)->has_backup = false;
}

static bool is_in_backup(void *context) { return ((struct served *)context)->has_backup; }

/* --- the public calls --- */

static JET_ERR serve(struct instance *instance, const char *path, const struct control_time_outs *time_outs, struct control_server **out)
{
    JET_ERR err = JET_errSuccess;
    struct control_calls calls = {.describe = describe, .begin = begin, .list_databases = list_databases, .list_logs = list_logs, .open = open_file,
                                  .read = read_file, .close = close_file, .truncate = truncate_logs, .end = end, .abort = abort_backup,
                                  .is_in_backup = is_in_backup, .release = mem_free};
    struct served *context = (struct served *)mem_alloc(sizeof *context);
    if (context == NULL)
        RAISE(JET_errOutOfMemory);
    context->handle = instance->handle;
    calls.context = context;
    TRY(control_start(path, &calls, time_outs, out));
    context = NULL;
done:
    mem_free(context);
    return err;
}

static void end_service(void *object, JET_ERR reason) { control_stop((struct control_server *)object, reason); }

JET_EXPORT JET_ERR JetxServeControl2(JET_INSTANCE handle, const char *path, const JETX_CONTROLOPTIONS *options)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    struct control_server *server = NULL;
    struct control_time_outs time_outs = {0};
    bool is_reserved = false;
    TRY(engine_enter_instance(handle, INSTANCE_ENTER_RUNNING, &instance));
    if (options != NULL && (options->cbSize != sizeof *options || options->grbit != 0))
        RAISE(JET_errInvalidParameter);
    if (options != NULL)
        time_outs = (struct control_time_outs){.stall_ms = options->cmsecStall, .idle_ms = options->cmsecIdle};
    TRY(instance_service_reserve(instance));
    is_reserved = true;
    TRY(serve(instance, path, &time_outs, &server));
    instance_service_set(instance, server, end_service);
done:
    if (err < 0 && is_reserved)
        instance_service_cancel(instance);
    engine_leave_instance(instance);
    return err;
}

JET_EXPORT JET_ERR JetxServeControl(JET_INSTANCE handle, const char *path) { return JetxServeControl2(handle, path, NULL); }

JET_EXPORT JET_ERR JetxStopControl(JET_INSTANCE handle)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    TRY(engine_enter_instance(handle, INSTANCE_ENTER_HANDLE_ONLY, &instance));
    if (!instance_service_end(instance, JET_errBackupAbortByServer))
        RAISE(JET_errNotInitialized);
done:
    engine_leave_instance(instance);
    return err;
}
