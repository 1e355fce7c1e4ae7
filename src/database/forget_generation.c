/* A database file that nobody has open forgets the last generation of its log (database.h, database_forget_generation). */
#include "base/memory.h"
#include "database/database.h"
#include "database/header_pair.h"

static void forget_backup(struct backup_info *backup, uint32_t *type, uint32_t generation)
{
    if (lgpos_generation(backup->mark) != generation)
        return;
    *backup = (struct backup_info){0};
    *type = BACKUP_TYPE_NORMAL;
}

JET_ERR database_forget_generation(struct os_fs *fs, const char *path, const struct signature *log_signature, uint32_t generation)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct header_pair pair = {.page = NULL};
    struct db_header *h = &pair.header;
    TRY(os_file_open(fs, path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, &file));
    TRY(header_pair_read(file, &pair));
    TRY(database_check_format(h));
    if (h->state != DB_STATE_DIRTY || !signature_equal(&h->log_signature, log_signature))
        RAISE(JET_errInvalidParameter);
    if (generation > h->gen_max_committed)
        goto done; /* it never knew of it */
    if (generation < h->gen_max_committed || generation <= h->gen_max_required)
        RAISE(JET_errInvalidParameter);
    forget_backup(&h->backup_full_previous, &h->backup_full_previous_type, generation);
    forget_backup(&h->backup_incremental_previous, &h->backup_incremental_previous_type, generation);
    forget_backup(&h->backup_copy_previous, &h->backup_copy_previous_type, generation);
    forget_backup(&h->backup_differential_previous, &h->backup_differential_previous_type, generation);
    h->gen_max_committed--;
    h->gen_recovering = 0;
    h->logtime_gen_max_created = (struct log_time){{0}};
    /* The header-flush signature stays: no page changes, so a flush map beside the file is as good as before. */
    db_header_encode(h, pair.page, pair.page_size);
    TRY(header_pair_write(file, pair.page, pair.page_size, pair.copy_is_bad));
done:
    os_file_close(file);
    mem_free(pair.page);
    return err;
}
