/* Questions to the client on the way (struct recovery_question); without one, the answers that the options give. */
#include "base/memory.h"
#include "recovery/internal.h"

JET_ERR recovery_ask(struct recovery *r, struct recovery_question question)
{
    const struct db_header *headers[RECOVERED_DATABASES_MAX];
    const struct recovery_config *c = r->config;
    if (r->hard != NULL || c->ask == NULL)
        return question.answer;
    for (uint32_t i = 0; i < r->database_count; i++)
        if (r->databases[i].is_attached)
            headers[question.header_count++] = &r->databases[i].header;
    question.headers = headers;
    return c->ask(c->ask_context, &question);
}

/* The name of an archive, or of the current log. */
static JET_ERR ask_of_log(struct recovery *r, struct recovery_question question)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    if (r->hard != NULL || r->config->ask == NULL)
        return question.answer;
    if (question.is_current)
        TRY(log_named_path(r->folder, r->base, "", r->extension, &path));
    else if (question.generation != 0)
        TRY(log_file_path(r->folder, r->base, question.generation, r->extension, r->fs, &path));
    question.path = path;
    err = recovery_ask(r, question);
done:
    mem_free(path);
    return err;
}

JET_ERR recovery_ask_to_open(struct recovery *r, enum recovery_open_reason reason, uint32_t generation, bool is_current, JET_ERR answer)
{
    return ask_of_log(r, (struct recovery_question){.kind = RECOVERY_OPEN_LOG, .answer = answer, .generation = generation, .is_current = is_current, .detail = (uint8_t)reason});
}

JET_ERR recovery_ask_about_missing(struct recovery *r, enum recovery_missing_log next, uint32_t generation, bool is_current, JET_ERR answer)
{
    JET_ERR err = ask_of_log(r, (struct recovery_question){.kind = RECOVERY_MISSING_LOG, .answer = answer, .generation = generation, .is_current = is_current, .detail = (uint8_t)next});
    return err == JET_errFileNotFound ? JET_errMissingLogFile : err;
}

JET_ERR recovery_ask_for_undo(struct recovery *r, bool *has_undo)
{
    JET_ERR err = JET_errSuccess;
    const bool without_undo = r->config->options.without_undo;
    *has_undo = true;
    err = recovery_ask(r, (struct recovery_question){.kind = RECOVERY_BEGIN_UNDO, .answer = without_undo ? JET_errRecoveredWithoutUndo : JET_errSuccess});
    if (err == JET_errRecoveredWithoutUndo) {
        *has_undo = false;
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(recovery_ask_to_open(r, RECOVERY_OPEN_FOR_UNDO, 0, true, JET_errSuccess));
done:
    return err;
}
