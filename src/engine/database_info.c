/* Facts about databases for information calls (database_info.h). */
#define ESENT_PRIVATE
#include "engine/database_info.h"

#include <string.h>

#include "base/memory.h"
#include "btree/btree.h"
#include "engine/attach.h"
#include "engine/process.h"
#include "os/path.h"

enum { SYSTEM_ROOT = 1, LOCALE_DEFAULT = 1033, CODE_PAGE_DEFAULT = 1252, COUNTRY_DEFAULT = 1 };

static JET_ERR file_pages(const struct database *db, bool on_disk, uint32_t *out)
{
    struct os_file_info info;
    JET_ERR err = os_file_info(db->file, &info);
    if (err >= 0)
        *out = (uint32_t)((on_disk ? info.size_on_disk : info.size) / db->page_size);
    return err;
}

JET_ERR database_info_number(struct session *session, const struct open_database *db, uint32_t level, uint32_t *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t owned = 0, available = 0;
    switch (level) {
    case JET_DbInfoCountry: *out = COUNTRY_DEFAULT; break;
    case JET_DbInfoLCID: *out = (uint32_t)((uintptr_t)instance_parameter(session->instance, JET_paramUnicodeIndexDefault) & UINT32_MAX); break;
    case JET_DbInfoCp: *out = CODE_PAGE_DEFAULT; break;
    case JET_DbInfoCollate: *out = 0; break;
    case JET_DbInfoOptions: *out = db->is_exclusive ? JET_bitDbExclusive : 0; break;
    case JET_DbInfoTransactions: *out = SESSION_LEVEL_MAX; break;
    case JET_DbInfoVersion: *out = DB_VERSION_MAJOR; break;
    case JET_DbInfoPageSize: *out = db->database->page_size; break;
    case JET_DbInfoFilesize: TRY(file_pages(db->database, false, out)); break;
    case JET_DbInfoFilesizeOnDisk: TRY(file_pages(db->database, true, out)); break;
    case JET_DbInfoSpaceOwned:
    case JET_DbInfoSpaceAvailable:
        TRY(space_count(db->database->pages, SYSTEM_ROOT, &owned, &available));
        *out = level == JET_DbInfoSpaceOwned ? owned : available;
        break;
    default: RAISE(JET_errInvalidParameter);
    }
done:
    return err;
}

void database_info_header(const struct open_database *db, struct db_header *out)
{
    mutex_lock(&db->database->header_lock);
    *out = db->database->header;
    mutex_unlock(&db->database->header_lock);
}

static bool is_locked(const char *path)
{
    struct os_file *file = NULL;
    JET_ERR err = os_file_open(process_fs(), path, OS_OPEN_READ | OS_OPEN_LOCK_SHARED, &file);
    os_file_close(file);
    return err == JET_errFileAccessDenied;
}

JET_ERR database_file_facts(const char *path, struct database_file_facts *out)
{
    JET_ERR err = JET_errSuccess;
    char *absolute = NULL;
    struct os_file_info info;
    bool used_shadow = false;
    *out = (struct database_file_facts){0};
    if (path == NULL || path[0] == 0)
        RAISE(JET_errDatabaseInvalidPath);
    TRY(path_absolute(path, &absolute));
    TRY(os_stat(process_fs(), absolute, &info));
    if (info.is_directory)
        RAISE(JET_errFileAccessDenied);
    out->size = info.size;
    out->size_on_disk = info.size_on_disk;
    out->is_in_use = engine_is_attached(info.device, info.inode) || is_locked(absolute);
    out->is_database = database_read_header(process_fs(), absolute, &out->header, &out->page_size, &used_shadow, NULL) >= 0;
    out->is_upgraded = out->is_database && out->header.version_major == DB_VERSION_MAJOR;
done:
    mem_free(absolute);
    return err;
}

/* --- JET_DBINFOMISC --- */

bool database_info_is_misc_size(size_t size)
{
    return size == sizeof(JET_DBINFOMISC) || size == sizeof(JET_DBINFOMISC2) || size == sizeof(JET_DBINFOMISC3) || size == sizeof(JET_DBINFOMISC4)
        || size == sizeof(JET_DBINFOMISC5) || size == sizeof(JET_DBINFOMISC6) || size == sizeof(JET_DBINFOMISC7);
}

static JET_LGPOS public_lgpos(lgpos_t position)
{
    JET_LGPOS out;
    uint8_t bytes[LGPOS_SIZE];
    store_le64(bytes, position); /* in memory as on disk: byte, segment, generation */
    memcpy(&out, bytes, sizeof out);
    return out;
}

static JET_LOGTIME public_time(struct log_time time)
{
    JET_LOGTIME out;
    memcpy(&out, time.bytes, sizeof out);
    return out;
}

static JET_SIGNATURE public_signature(struct signature signature)
{
    JET_SIGNATURE out;
    memcpy(&out, signature.bytes, sizeof out);
    return out;
}

static JET_BKINFO public_backup(const struct backup_info *info)
{
    JET_BKINFO out;
    memset(&out, 0, sizeof out);
    out.lgposMark = public_lgpos(info->mark);
    memcpy(&out.bklogtimeMark, info->time.bytes, sizeof out.bklogtimeMark);
    out.genLow = info->gen_low;
    out.genHigh = info->gen_high;
    return out;
}

_Static_assert(sizeof(JET_LGPOS) == LGPOS_SIZE && sizeof(JET_LOGTIME) == LOG_TIME_SIZE && sizeof(JET_SIGNATURE) == SIGNATURE_SIZE, "as in files");

void database_info_misc(const struct db_header *h, void *out, size_t size)
{
    JET_DBINFOMISC7 misc;
    memset(&misc, 0, sizeof misc);
    misc.ulVersion = h->version_major;
    misc.ulUpdate = h->update_major;
    misc.signDb = public_signature(h->db_signature);
    misc.dbstate = h->state;
    misc.lgposConsistent = public_lgpos(h->lgpos_consistent);
    misc.logtimeConsistent = public_time(h->logtime_consistent);
    misc.logtimeAttach = public_time(h->logtime_attach);
    misc.lgposAttach = public_lgpos(h->lgpos_attach);
    misc.logtimeDetach = public_time(h->logtime_detach);
    misc.lgposDetach = public_lgpos(h->lgpos_detach);
    misc.signLog = public_signature(h->log_signature);
    misc.bkinfoFullPrev = public_backup(&h->backup_full_previous);
    misc.bkinfoIncPrev = public_backup(&h->backup_incremental_previous);
    misc.bkinfoFullCur = public_backup(&h->backup_full_current);
    misc.fShadowingDisabled = (h->flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) != 0;
    misc.fUpgradeDb = (h->flags & DB_HEADER_FLAG_UPGRADE_IN_PROGRESS) != 0;
    misc.dwMajorVersion = h->os_major;
    misc.dwMinorVersion = h->os_minor;
    misc.dwBuildNumber = h->os_build;
    misc.lSPNumber = (int32_t)h->os_service_pack;
    misc.cbPageSize = h->page_size;
    misc.genMinRequired = h->gen_min_required;
    misc.genMaxRequired = h->gen_max_required;
    misc.logtimeGenMaxCreate = public_time(h->logtime_gen_max_created);
    misc.ulRepairCount = h->repair_count;
    misc.logtimeRepair = public_time(h->logtime_repair);
    misc.ulRepairCountOld = h->repair_count_old;
    misc.ulECCFixSuccess = h->ecc_fixed.count;
    misc.logtimeECCFixSuccess = public_time(h->ecc_fixed.last);
    misc.ulECCFixSuccessOld = h->ecc_fixed.count_old;
    misc.ulECCFixFail = h->ecc_failed.count;
    misc.logtimeECCFixFail = public_time(h->ecc_failed.last);
    misc.ulECCFixFailOld = h->ecc_failed.count_old;
    misc.ulBadChecksum = h->bad_checksums.count;
    misc.logtimeBadChecksum = public_time(h->bad_checksums.last);
    misc.ulBadChecksumOld = h->bad_checksums.count_old;
    misc.genCommitted = h->gen_max_committed;
    misc.bkinfoCopyPrev = public_backup(&h->backup_copy_previous);
    misc.bkinfoDiffPrev = public_backup(&h->backup_differential_previous);
    misc.ulIncrementalReseedCount = h->reseeds.count;
    misc.logtimeIncrementalReseed = public_time(h->reseeds.last);
    misc.ulIncrementalReseedCountOld = h->reseeds.count_old;
    misc.ulPagePatchCount = h->patches.count;
    misc.logtimePagePatch = public_time(h->patches.last);
    misc.ulPagePatchCountOld = h->patches.count_old;
    misc.logtimeChecksumPrev = public_time(h->logtime_scan_finished);
    misc.logtimeChecksumStart = public_time(h->logtime_scan_started);
    misc.cpgDatabaseChecked = h->scan_contiguous_page;
    misc.logtimeLastReAttach = public_time(h->logtime_reattach);
    misc.lgposLastReAttach = public_lgpos(h->lgpos_reattach);
    memcpy(out, &misc, size < sizeof misc ? size : sizeof misc);
}
