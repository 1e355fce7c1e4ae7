/* JET_RECOVERYCONTROL (recovery_control.h; instance-and-session 8). What it points to lives as long as the call. */
#define ESENT_PRIVATE
#include "engine/recovery_control.h"

#include "base/memory.h"
#include "base/text.h"
#include "engine/database_info.h"
#include "engine/page_patch.h"

_Static_assert((int)RECOVERY_OPEN_LOG == JET_sntOpenLog && (int)RECOVERY_COMMIT_CONTEXT == JET_sntCommitCtx, "the same numbers");
_Static_assert((int)RECOVERY_OPEN_FOR_RUN == JET_OpenLogForDo && (int)RECOVERY_MISSING_NEW_STREAM == JET_MissingLogCreateNewLogStream, "the same numbers");

_Static_assert((int)RECOVERY_CONTEXT_ENDED == fCommitCtxLegacyCommitCallback && (int)RECOVERY_CONTEXT_AFTER_COMMIT == fCommitCtxPostCommitCallback, "the same numbers");

/* The parts that the kinds have in common. */
struct parts {
    char16_t *path;
    JET_DBINFOMISC7 *headers;
};

static JET_ERR make_parts(const struct recovery_question *q, struct parts *out)
{
    JET_ERR err = JET_errSuccess;
    size_t count;
    if (q->path != NULL)
        TRY(utf8_to_utf16(q->path, &out->path, &count));
    out->headers = (JET_DBINFOMISC7 *)mem_alloc_array(q->header_count, sizeof *out->headers);
    if (out->headers == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < q->header_count; i++)
        database_info_misc(q->headers[i], &out->headers[i], sizeof out->headers[i]);
done:
    return err;
}

static void fill(JET_RECOVERYCONTROL *c, const struct recovery_question *q, const struct parts *parts)
{
    switch (q->kind) {
    case RECOVERY_OPEN_LOG:
        c->OpenLog.cbStruct = sizeof c->OpenLog;
        c->OpenLog.lGenNext = q->generation;
        c->OpenLog.fCurrentLog = q->is_current;
        c->OpenLog.eReason = q->detail;
        c->OpenLog.wszLogFile = parts->path;
        c->OpenLog.cdbinfomisc = q->header_count;
        c->OpenLog.rgdbinfomisc = parts->headers;
        break;
    case RECOVERY_OPEN_CHECKPOINT: c->OpenCheckpoint.cbStruct = sizeof c->OpenCheckpoint; break;
    case RECOVERY_MISSING_LOG:
        c->MissingLog.cbStruct = sizeof c->MissingLog;
        c->MissingLog.lGenMissing = q->generation;
        c->MissingLog.fCurrentLog = q->is_current;
        c->MissingLog.eNextAction = q->detail;
        c->MissingLog.wszLogFile = parts->path;
        c->MissingLog.cdbinfomisc = q->header_count;
        c->MissingLog.rgdbinfomisc = parts->headers;
        break;
    case RECOVERY_BEGIN_UNDO:
        c->BeginUndo.cbStruct = sizeof c->BeginUndo;
        c->BeginUndo.cdbinfomisc = q->header_count;
        c->BeginUndo.rgdbinfomisc = parts->headers;
        break;
    case RECOVERY_EVENT:
        c->NotificationEvent.cbStruct = sizeof c->NotificationEvent;
        c->NotificationEvent.EventID = q->event;
        break;
    case RECOVERY_CONDITION: c->SignalErrorCondition.cbStruct = sizeof c->SignalErrorCondition; break;
    case RECOVERY_ATTACHED:
        c->AttachedDb.cbStruct = sizeof c->AttachedDb;
        c->AttachedDb.wszDbPath = parts->path;
        break;
    case RECOVERY_DETACHING:
        c->DetachingDb.cbStruct = sizeof c->DetachingDb;
        c->DetachingDb.wszDbPath = parts->path;
        break;
    case RECOVERY_COMMIT_CONTEXT:
        c->CommitCtx.cbStruct = sizeof c->CommitCtx;
        c->CommitCtx.pbCommitCtx = q->context.data;
        c->CommitCtx.cbCommitCtx = q->context.size;
        c->CommitCtx.fCallbackType = q->detail;
        break;
    }
}

JET_ERR recovery_control_call(JET_INSTANCE instance, const struct recovery_question *question,
                              JET_ERR (*client)(void *context, JET_SNP snp, JET_SNT snt, void *data), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct parts parts = {NULL, NULL};
    JET_RECOVERYCONTROL control = {.cbStruct = sizeof control, .errDefault = question->answer, .instance = instance, .sntUnion = (JET_SNT)question->kind};
    TRY(make_parts(question, &parts));
    fill(&control, question, &parts);
    err = client(context, JET_snpRecoveryControl, control.sntUnion, &control);
done:
    mem_free(parts.path);
    mem_free(parts.headers);
    return err;
}

void recovery_control_give_page(JET_INSTANCE instance, const struct recovery_page_request *request, JET_ERR (*client)(void *context, JET_SNP snp, JET_SNT snt, void *data), void *context)
{
    char16_t *log_path = NULL;
    size_t count;
    uint8_t token[PAGE_PATCH_TOKEN_SIZE];
    if (utf8_to_utf16(request->log_path, &log_path, &count) < 0) /* no memory: the page will be asked for again */
        return;
    page_patch_make_token(token, request->dbtime, request->log_signature);
    JET_SNPATCHREQUEST data = {.cbStruct = sizeof data, .pageNumber = request->page_no, .szLogFile = log_path, .instance = instance, .pvToken = token, .cbToken = sizeof token,
                               .pvData = request->image, .cbData = request->page_size, .dbid = request->dbid};
    database_info_misc(request->header, &data.dbinfomisc, sizeof data.dbinfomisc);
    JET_ERR ignored = client(context, JET_snpExternalAutoHealing, JET_sntPagePatchRequest, &data);
    (void)ignored;
    mem_free(log_path);
}
