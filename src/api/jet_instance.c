/* Instances: creation, start, end, stop, information (instance-and-session 6 to 10, 15). */
#define ESENT_PRIVATE
#include <string.h>

#include "api/api.h"
#include "api/instance_list.h"
#include "api/jet_database.h"
#include "api/text_arguments.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "engine/instance.h"
#include "engine/instance_info.h"

static JET_ERR create(enum text_form form, JET_INSTANCE *handle, const void *name, const void *display_name)
{
    JET_ERR err = JET_errSuccess;
    char *name_utf8 = NULL, *display_utf8 = NULL;
    TRY(text_argument(form, name, &name_utf8));
    TRY(text_argument(form, display_name, &display_utf8));
    err = engine_create_instance(handle, name_utf8, display_utf8);
done:
    mem_free(name_utf8);
    mem_free(display_utf8);
    return err;
}

JET_EXPORT JET_ERR JetCreateInstance2A(JET_INSTANCE *pinstance, const char *szInstanceName, const char *szDisplayName, JET_GRBIT grbit)
{
    (void)grbit; /* reserved and not looked at */
    return create(TEXT_UTF8, pinstance, szInstanceName, szDisplayName);
}

JET_EXPORT JET_ERR JetCreateInstance2W(JET_INSTANCE *pinstance, const char16_t *szInstanceName, const char16_t *szDisplayName, JET_GRBIT grbit)
{
    (void)grbit;
    return create(TEXT_UTF16, pinstance, szInstanceName, szDisplayName);
}

JET_EXPORT JET_ERR JetCreateInstanceA(JET_INSTANCE *pinstance, const char *szInstanceName) { return create(TEXT_UTF8, pinstance, szInstanceName, NULL); }
JET_EXPORT JET_ERR JetCreateInstanceW(JET_INSTANCE *pinstance, const char16_t *szInstanceName) { return create(TEXT_UTF16, pinstance, szInstanceName, NULL); }
JET_EXPORT_PLAIN(JetCreateInstance);
JET_EXPORT_PLAIN(JetCreateInstance2);

/* --- JetInit --- */

enum { RESTORE_MAP_MAX = 14, BIT_EXTERNAL_RECOVERY_CONTROL = 0x800 /* JET_bitExternalRecoveryControl, behind ESENT_PRIVATE */ };

/* What an init call gets besides the handle, whichever structure it came in. */
struct init_request {
    struct instance_start_options options;
    struct database_mapping *mappings;
    JET_PFNSTATUS status;
    JET_PFNINITCALLBACK callback;
    void *callback_context;
};

static JET_ERR report_progress(void *context, JET_SNP snp, JET_SNT snt, void *data)
{
    const struct init_request *request = context;
    if (request->status != NULL)
        return request->status(0, snp, snt, data);
    return request->callback != NULL ? request->callback(snp, snt, data, request->callback_context) : JET_errSuccess;
}

/* One entry of a restore map. */
static JET_ERR add_mapping(struct init_request *request, enum text_form form, const void *name, const void *new_name)
{
    JET_ERR err = JET_errSuccess;
    struct database_mapping *mapping = &request->mappings[request->options.mapping_count];
    char *text = NULL;
    if (new_name == NULL || text_length_is_zero(form, new_name))
        RAISE(JET_errDatabaseInvalidName);
    TRY(text_argument(form, name, &text));
    mapping->name = text;
    text = NULL;
    TRY(text_argument(form, new_name, &text));
    mapping->new_name = text;
    request->options.mapping_count++;
done:
    if (err < 0) {
        mem_free((char *)(uintptr_t)mapping->name);
        mapping->name = NULL;
    }
    return err;
}

static JET_ERR start_mappings(struct init_request *request, const void *map, int32_t count)
{
    JET_ERR err = JET_errSuccess;
    if (count < 0 || count > RESTORE_MAP_MAX || (map == NULL && count > 0))
        RAISE(JET_errInvalidParameter);
    request->mappings = mem_alloc_array((size_t)count, sizeof *request->mappings);
    if (request->mappings == NULL)
        RAISE(JET_errOutOfMemory);
done:
    return err;
}

/* The stop time is reserved (JET_RSTINFO): the original does not look at it. */
static uint64_t stop_position_of(const JET_LGPOS *stop)
{
    return (uint64_t)(uint32_t)stop->lGeneration << 32 | (uint64_t)stop->isec << 16 | stop->ib;
}

static JET_ERR run_init(JET_INSTANCE *handle, struct init_request *request, JET_GRBIT grbit)
{
    request->options.grbit = grbit;
    request->options.mappings = request->mappings;
    if (request->status != NULL || request->callback != NULL) {
        request->options.progress = report_progress;
        request->options.progress_context = request;
        request->options.hears_page_requests = request->callback != NULL;
        request->options.asks_client = request->callback != NULL && (grbit & BIT_EXTERNAL_RECOVERY_CONTROL) != 0;
    }
    JET_ERR err = engine_init(handle, &request->options);
    for (size_t i = 0; i < request->options.mapping_count; i++) {
        mem_free((char *)(uintptr_t)request->mappings[i].name);
        mem_free((char *)(uintptr_t)request->mappings[i].new_name);
    }
    mem_free(request->mappings);
    return err;
}

/* The A and W structures differ only in the type of the texts. */
_Static_assert(sizeof(JET_RSTINFO_A) == sizeof(JET_RSTINFO_W) && sizeof(JET_RSTMAP_A) == sizeof(JET_RSTMAP_W), "one type serves both forms");
_Static_assert(sizeof(JET_RSTINFO2_A) == sizeof(JET_RSTINFO2_W) && sizeof(JET_RSTMAP2_A) == sizeof(JET_RSTMAP2_W), "one type serves both forms");

static JET_ERR init3(enum text_form form, JET_INSTANCE *handle, const JET_RSTINFO_A *info, JET_GRBIT grbit)
{
    struct init_request request = {0};
    JET_ERR err = JET_errSuccess;
    if (info != NULL && info->cbStruct != sizeof *info) {
        request.options.info_error = JET_errInvalidParameter;
    } else if (info != NULL) {
        request.status = info->pfnStatus;
        TRY(start_mappings(&request, info->rgrstmap, info->crstmap));
        for (int32_t i = 0; i < info->crstmap; i++)
            TRY(add_mapping(&request, form, info->rgrstmap[i].szDatabaseName, info->rgrstmap[i].szNewDatabaseName));
        request.options.stop_position = stop_position_of(&info->lgposStop);
    }
done:
    request.options.map_error = err;
    return run_init(handle, &request, grbit);
}

enum { RESTORE_MAP_BITS = 7 }; /* JET_bitRestoreMap... */

static JET_ERR init4(enum text_form form, JET_INSTANCE *handle, const JET_RSTINFO2_A *info, JET_GRBIT grbit)
{
    struct init_request request = {0};
    JET_ERR err = JET_errSuccess;
    if (info != NULL && info->cbStruct != sizeof *info) {
        request.options.info_error = JET_errInvalidParameter;
    } else if (info != NULL) {
        request.callback = info->pfnCallback;
        request.callback_context = info->pvCallbackContext;
        TRY(start_mappings(&request, info->rgrstmap, info->crstmap));
        for (int32_t i = 0; i < info->crstmap; i++) {
            const JET_RSTMAP2_A *entry = &info->rgrstmap[i];
            if (entry->cbStruct != sizeof *entry || (entry->rgsetdbparam == NULL && entry->csetdbparam != 0))
                RAISE(JET_errInvalidParameter);
            if ((entry->grbit & ~(JET_GRBIT)RESTORE_MAP_BITS) != 0)
                RAISE(JET_errInvalidGrbit);
            TRY(add_mapping(&request, form, entry->szDatabaseName, entry->szNewDatabaseName));
            request.mappings[i].grbit = entry->grbit;
            request.mappings[i].parameter_error = check_restore_parameters(entry->rgsetdbparam, entry->csetdbparam);
        }
        request.options.stop_position = stop_position_of(&info->lgposStop);
    }
done:
    request.options.map_error = err;
    return run_init(handle, &request, grbit);
}

JET_EXPORT JET_ERR JetInit4A(JET_INSTANCE *pinstance, JET_RSTINFO2_A *prstInfo, JET_GRBIT grbit) { return init4(TEXT_UTF8, pinstance, prstInfo, grbit); }
JET_EXPORT JET_ERR JetInit4W(JET_INSTANCE *pinstance, JET_RSTINFO2_W *prstInfo, JET_GRBIT grbit) { return init4(TEXT_UTF16, pinstance, (JET_RSTINFO2_A *)prstInfo, grbit); }
JET_EXPORT_PLAIN(JetInit4);
JET_EXPORT JET_ERR JetInit3A(JET_INSTANCE *pinstance, JET_RSTINFO_A *prstInfo, JET_GRBIT grbit) { return init3(TEXT_UTF8, pinstance, prstInfo, grbit); }
JET_EXPORT JET_ERR JetInit3W(JET_INSTANCE *pinstance, JET_RSTINFO_W *prstInfo, JET_GRBIT grbit) { return init3(TEXT_UTF16, pinstance, (JET_RSTINFO_A *)prstInfo, grbit); }
JET_EXPORT_PLAIN(JetInit3);
JET_EXPORT JET_ERR JetInit2(JET_INSTANCE *pinstance, JET_GRBIT grbit) { return init3(TEXT_UTF8, pinstance, NULL, grbit | JET_bitReplayMissingMapEntryDB); }
JET_EXPORT JET_ERR JetInit(JET_INSTANCE *pinstance) { return JetInit2(pinstance, 0); }

/* --- end and stop --- */

JET_EXPORT JET_ERR JetTerm2(JET_INSTANCE instance, JET_GRBIT grbit) { return engine_term(instance, grbit); }
JET_EXPORT JET_ERR JetTerm(JET_INSTANCE instance) { return engine_term(instance, JET_bitTermAbrupt); }

JET_EXPORT JET_ERR JetStopService(void) { return engine_stop_service(0, false, JET_bitStopServiceAll); }
JET_EXPORT JET_ERR JetStopServiceInstance(JET_INSTANCE instance) { return engine_stop_service(instance, true, JET_bitStopServiceAll); }
JET_EXPORT JET_ERR JetStopServiceInstance2(JET_INSTANCE instance, JET_GRBIT grbit) { return engine_stop_service(instance, true, grbit); }

/* --- information --- */

/* One block for the client: the array, the arrays of addresses, then the texts (abi 3). */
JET_ERR instance_list_to_client(enum text_form form, const struct instance_list *instances, uint32_t *count, void **list)
{
    JET_ERR err = JET_errSuccess;
    JET_INSTANCE_INFO_A *infos = NULL;
    size_t addresses = 0, size = instances->count * sizeof *infos;
    if (instances->count == 0)
        goto done;
    for (size_t i = 0; i < instances->count; i++) {
        const struct instance_list_entry *entry = &instances->entries[i];
        addresses += entry->path_count;
        size += entry->name != NULL ? text_result_size(form, entry->name) : 0;
        for (uint32_t p = 0; p < entry->path_count; p++)
            size += text_result_size(form, entry->paths[p]) + sizeof(char *);
    }
    infos = engine_buffer_alloc(size);
    if (infos == NULL)
        RAISE(JET_errOutOfMemory);
    char **address = (char **)(infos + instances->count);
    char *text = (char *)(address + addresses);
    for (size_t i = 0; i < instances->count; i++) {
        const struct instance_list_entry *entry = &instances->entries[i];
        infos[i].hInstanceId = entry->handle;
        infos[i].cDatabases = entry->path_count;
        if (entry->name != NULL) {
            infos[i].szInstanceName = text;
            text = text_put(form, entry->name, text);
        }
        infos[i].szDatabaseFileName = entry->path_count > 0 ? address : NULL;
        for (uint32_t p = 0; p < entry->path_count; p++) {
            *address++ = text;
            text = text_put(form, entry->paths[p], text);
        }
    }
    *count = (uint32_t)instances->count;
    *list = infos;
done:
    return err;
}

static JET_ERR instance_info(enum text_form form, uint32_t *count, void **list)
{
    JET_ERR err = JET_errSuccess;
    struct instance_list snapshot = {0};
    if (count == NULL || list == NULL)
        RAISE(JET_errInvalidParameter);
    *count = 0;
    *list = NULL;
    TRY(instance_list_read(&snapshot));
    TRY(instance_list_to_client(form, &snapshot, count, list));
done:
    instance_list_release(&snapshot);
    return err;
}

_Static_assert(sizeof(JET_INSTANCE_INFO_A) == sizeof(JET_INSTANCE_INFO_W), "one type serves both forms");

JET_EXPORT JET_ERR JetGetInstanceInfoA(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_A **paInstanceInfo)
{
    return instance_info(TEXT_UTF8, pcInstanceInfo, (void **)paInstanceInfo);
}

JET_EXPORT JET_ERR JetGetInstanceInfoW(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_W **paInstanceInfo)
{
    return instance_info(TEXT_UTF16, pcInstanceInfo, (void **)paInstanceInfo);
}

JET_EXPORT_PLAIN(JetGetInstanceInfo);

JET_EXPORT JET_ERR JetGetInstanceMiscInfo(JET_INSTANCE handle, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    TRY(engine_enter_instance(handle, INSTANCE_ENTER_RUNNING, &instance));
    if (pvResult == NULL)
        RAISE(JET_errInvalidParameter);
    if (InfoLevel == JET_InstanceMiscInfoLogSignature) {
        struct signature signature = {{0}};
        if (cbMax < sizeof(JET_SIGNATURE))
            RAISE(JET_errBufferTooSmall);
        instance_log_signature(instance, &signature);
        memcpy(pvResult, signature.bytes, SIGNATURE_SIZE);
    } else if (InfoLevel == JET_InstanceMiscInfoCheckpoint) {
        JET_CHECKPOINTINFO info = {0};
        struct log_time created;
        if (cbMax < sizeof info)
            RAISE(JET_errBufferTooSmall);
        instance_checkpoint_generations(instance, &info.genMin, &info.genMax, &created);
        memcpy(&info.logtimeGenMaxCreate, created.bytes, LOG_TIME_SIZE);
        memcpy(pvResult, &info, sizeof info);
    } else if (InfoLevel == JET_InstanceMiscInfoRBS) {
        if (cbMax < sizeof(JET_RBSINFOMISC))
            RAISE(JET_errBufferTooSmall);
        /* No snapshot is being taken: ESENT leaves the buffer as it is then. */
    } else {
        RAISE(JET_errInvalidParameter);
    }
done:
    engine_leave_instance(instance);
    return err;
}
