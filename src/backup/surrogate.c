/* Surrogate backup: a replica of this stream was backed up elsewhere; here it is only noted in the headers (backup-and-restore 14).
 *
 * It is a session without files. While it is active, local calls see no backup, and what a backup forbids is forbidden too. */
#define ESENT_PRIVATE
#include "backup/internal.h"

JET_ERR backup_begin_surrogate(struct backup_session *s, uint32_t gen_first, uint32_t gen_last, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    bool is_incremental = (grbit & JET_bitBackupIncremental) != 0, is_ours = false;
    mutex_lock(&s->lock);
    TRY(backup_check_begin(s, grbit, JET_bitBackupIncremental | JET_bitBackupSurrogate, BACKUP_CHECK_CIRCULAR | BACKUP_CHECK_ROOM));
    if (gen_first == 0 || gen_first > gen_last || gen_last > log_tip_generation(s->host.log))
        RAISE(JET_errInvalidParameter);
    backup_start(s, &(struct backup_kind){.is_incremental = is_incremental, .is_surrogate = true});
    is_ours = true;
    if (is_incremental)
        TRY(backup_check_full_backups(s));
    TRY(backup_add_all_participants(s)); /* waits for a running attach or detach, too */
    s->phase = BACKUP_PHASE_LOGS;
    s->copy_first = gen_first;
    s->copy_end = gen_last + 1;
    s->is_log_prepared = true;
    s->mark.mark = log_tip(s->host.log);
    s->mark.time = backup_now();
    backup_report_begin(s);
    backup_log_record(s, BACKUP_RECORD_BEGIN, s->is_full ? BACKUP_SCOPE_FULL : BACKUP_SCOPE_INCREMENTAL, 0, &s->mark);
done:
    if (err < 0 && is_ours)
        backup_reset(s);
    mutex_unlock(&s->lock);
    return err;
}

JET_ERR backup_end_surrogate(struct backup_session *s, JET_GRBIT grbit) { return backup_end_kind(s, grbit, true, 0); }
