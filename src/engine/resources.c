/* See resources.h. */
#define ESENT_PRIVATE
#include "engine/resources.h"

#include <string.h>

#include "engine/instance.h"
#include "engine/process.h"
#include "mvcc/version_store.h"

enum {
    NO_LIMIT = INT32_MAX, SECTION_SIZE = 65536, CHUNK_MOST = 0x40000000, SECTION_HEAD = 16, BUCKET_HEAD = 32, TAG_SIZE = 4,
    SYSTEM_SESSIONS = 69, SYSTEM_BUCKETS = 2 /* ESENT's own, beside those a parameter allows */
};
_Static_assert((int)RESOURCE_COUNT == (int)JET_residMax, "resources");

/* Sizes are those of ESENT's objects. */
static const struct resource {
    const char *tag;
    uint32_t size, align, chunk_size, lookaside;
} resources[RESOURCE_COUNT] = {
    [JET_residFCB] = {"FCB", 384, 32, 65536, 32},      [JET_residFUCB] = {"FUCB", 512, 32, 65536, 32},     [JET_residTDB] = {"TDB", 272, 32, 65536, 32},
    [JET_residIDB] = {"IDB", 320, 32, 65536, 32},      [JET_residPIB] = {"PIB", 552, 32, 65536, 32},       [JET_residSCB] = {"SCB", 1168, 32, 65536, 32},
    [JET_residVERBUCKET] = {"VERB", 0, 32, 1048576, 8}, [JET_residPAGE] = {"PAGE", 0, 4096, 262144, 32},   [JET_residSPLIT] = {"SPT", 352, 32, 65536, 32},
    [JET_residSPLITPATH] = {"SPTP", 120, 32, 65536, 32}, [JET_residMERGE] = {"MRG", 376, 32, 65536, 32},   [JET_residMERGEPATH] = {"MRGP", 128, 32, 65536, 32},
    [JET_residINST] = {"INST", 952, 32, 65536, 0},     [JET_residLOG] = {"LOG", 2376, 32, 65536, 0},       [JET_residKEY] = {"KEY", 2001, 32, 65536, 32},
    [JET_residBOOKMARK] = {"BM", 4000, 32, 65536, 32}, [JET_residLRUKHIST] = {"HIST", 40, 8, 65536, 32},   [JET_residRBSBuf] = {"RBS", 48, 32, 65536, 32},
    [JET_residTest] = {"TEST", 64, 32, 65536, 32},
};

/* --- settings of the process --- */

/* Where a setting is kept, or -1: it is not set by itself. */
static int place_of(uint32_t operation)
{
    static const uint32_t kept[] = {JET_resoperAlign, JET_resoperMinUse, JET_resoperMaxUse, JET_resoperChunkSize, JET_resoperLookasideEntries, JET_resoperRFOLOffset, JET_resoperGuard,
                                    JET_resoperAllocTopDown, JET_resoperPreserveFreed};
    for (int i = 0; i < (int)(sizeof kept / sizeof *kept); i++)
        if (kept[i] == operation)
            return i;
    return -1;
}
_Static_assert(sizeof((struct resource_settings *)0)->values / sizeof(uintptr_t) == 9, "a place for each");

static uintptr_t default_of(uint32_t operation, uint32_t id)
{
    switch (operation) {
    case JET_resoperAlign: return resources[id].align;
    case JET_resoperMinUse: return id == JET_residVERBUCKET ? params_number(&process.params, JET_paramGlobalMinVerPages) : 0;
    case JET_resoperMaxUse: return NO_LIMIT;
    case JET_resoperChunkSize: return resources[id].chunk_size;
    case JET_resoperLookasideEntries: return resources[id].lookaside;
    case JET_resoperRFOLOffset: return sizeof(void *);
    default: return 0;
    }
}

/* Under process.lock. */
static uintptr_t setting_of(uint32_t operation, uint32_t id)
{
    int place = place_of(operation);
    const struct resource_settings *s = &process.resources[id];
    return place >= 0 && (s->is_set >> place & 1) != 0 ? s->values[place] : default_of(operation, id);
}

static uintptr_t size_of(uint32_t id)
{
    return id == JET_residVERBUCKET ? params_number(&process.params, JET_paramVerPageSize) - BUCKET_HEAD
         : id == JET_residPAGE      ? params_number(&process.params, JET_paramDatabasePageSize)
                                    : resources[id].size;
}

static uintptr_t round_up(uintptr_t value, uintptr_t to) { return (value + to - 1) / to * to; }

/* In ESENT a chunk is made of sections, each with a head. */
static uintptr_t objects_per_chunk(uint32_t id)
{
    uintptr_t align = setting_of(JET_resoperAlign, id), object = round_up(size_of(id), align), head = round_up(SECTION_HEAD, align);
    return head < SECTION_SIZE ? (SECTION_SIZE - head) / object * (setting_of(JET_resoperChunkSize, id) / SECTION_SIZE) : 0;
}

static bool is_allowed(uint32_t operation, uintptr_t value)
{
    switch (operation) {
    case JET_resoperAlign: return value >= sizeof(void *) && value <= SECTION_SIZE / 2 && (value & (value - 1)) == 0;
    case JET_resoperMinUse:
    case JET_resoperMaxUse:
    case JET_resoperLookasideEntries: return value <= INT32_MAX;
    case JET_resoperChunkSize: return value > 0 && value <= CHUNK_MOST;
    case JET_resoperRFOLOffset: return value < SECTION_SIZE - 64;
    default: return true;
    }
}

/* Under process.lock. */
static JET_ERR set_setting(uint32_t operation, uint32_t id, uintptr_t value)
{
    JET_ERR err = JET_errSuccess;
    int place = place_of(operation);
    if (operation == JET_resoperTag || operation == JET_resoperSize)
        RAISE(JET_errInvalidParameter);
    if (process.instance_count > 0)
        RAISE(JET_errAlreadyInitialized);
    /* Objects come from the heap already. */
    if (operation == JET_resoperAllocFromHeap)
        goto done;
    if (place < 0 || !is_allowed(operation, value))
        RAISE(JET_errInvalidParameter);
    bool is_switch = operation == JET_resoperGuard || operation == JET_resoperAllocTopDown || operation == JET_resoperPreserveFreed;
    process.resources[id].values[place] = is_switch ? value != 0 : operation == JET_resoperChunkSize ? round_up(value, SECTION_SIZE) : value;
    process.resources[id].is_set = (uint16_t)(process.resources[id].is_set | 1u << place);
done:
    return err;
}

/* --- what there is now --- */

/* Objects of an instance in use. Under process.lock: it cannot be freed. */
static uintptr_t use_of(struct instance *instance, uint32_t id)
{
    bool is_running = (atomic_load(&instance->state) & (INSTANCE_RUNNING | INSTANCE_TERMINATING | INSTANCE_INITIALISING)) == INSTANCE_RUNNING;
    uintptr_t use = 0;
    switch (id) {
    case JET_residPIB:
        mutex_lock(&instance->lock);
        use = instance->session_count;
        mutex_unlock(&instance->lock);
        return use;
    case JET_residFUCB: return atomic_load(&instance->cursor_count);
    case JET_residSCB: return atomic_load(&instance->temporary_count);
    case JET_residINST: return 1;
    case JET_residLOG: return is_running && instance->is_logging;
    case JET_residVERBUCKET:
        if (is_running && instance->versions != NULL) {
            struct version_store_statistics statistics;
            uintptr_t bucket = params_number(&process.params, JET_paramVerPageSize);
            version_store_get_statistics(instance->versions, &statistics);
            use = (statistics.bytes + bucket - 1) / bucket;
        }
        return use;
    case JET_residFCB: return atomic_load(&instance->schema_use.trees);
    case JET_residTDB: return atomic_load(&instance->schema_use.tables);
    case JET_residIDB: return atomic_load(&instance->schema_use.indexes);
    default: return 0;
    }
}

/* The limit of a started instance. */
static uintptr_t limit_of(struct instance *instance, uint32_t id)
{
    static const struct {
        uint32_t id, parameter, beside;
    } limits[] = {{JET_residFUCB, JET_paramMaxCursors, 0}, {JET_residPIB, JET_paramMaxSessions, SYSTEM_SESSIONS}, {JET_residSCB, JET_paramMaxTemporaryTables, 0},
                  {JET_residVERBUCKET, JET_paramMaxVerPages, SYSTEM_BUCKETS}};
    if ((atomic_load(&instance->state) & INSTANCE_RUNNING) == 0)
        return NO_LIMIT;
    if (id == JET_residFCB || id == JET_residTDB || id == JET_residIDB)
        return instance->schema_use.most;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (limits[i].id != id)
            continue;
        mutex_lock(&instance->lock);
        uintptr_t limit = params_number(&instance->params, limits[i].parameter) + limits[i].beside;
        mutex_unlock(&instance->lock);
        return limit;
    }
    return NO_LIMIT;
}

static bool is_of_instance(uint32_t id) { return id >= JET_residFCB && id <= JET_residVERBUCKET; }

/* Under process.lock. instance NULL: of all together. */
static JET_ERR read_use(struct instance *instance, uint32_t id, uintptr_t *value)
{
    JET_ERR err = JET_errSuccess;
    *value = 0;
    if (process.instance_count == 0 || (instance != NULL && (atomic_load(&instance->state) & INSTANCE_RUNNING) == 0))
        RAISE(JET_errNotInitialized);
    if (instance != NULL) {
        *value = use_of(instance, id);
        goto done;
    }
    for (struct instance *i = process.instances; i != NULL; i = i->next)
        *value += use_of(i, id);
done:
    return err;
}

/* --- the calls --- */

/* Under no lock: the instance, counted in use, or NULL where none is named. */
static JET_ERR enter(JET_INSTANCE handle, struct instance **out)
{
    *out = NULL;
    process_lock();
    bool is_named = process.mode == RUN_MODE_ONE_INSTANCE || (handle != 0 && handle != ~(JET_INSTANCE)0);
    process_unlock();
    return is_named ? engine_enter_instance(handle, INSTANCE_ENTER_HANDLE_ONLY, out) : JET_errSuccess;
}

JET_ERR engine_get_resource(JET_INSTANCE handle, uint32_t operation, uint32_t id, uintptr_t *value)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    bool is_locked = false;
    TRY(enter(handle, &instance));
    if (value == NULL || id == JET_residNull || id >= RESOURCE_COUNT)
        RAISE(JET_errInvalidParameter);
    process_lock();
    is_locked = true;
    switch (operation) {
    case JET_resoperTag: {
        char tag[TAG_SIZE] = {0};
        memcpy(tag, resources[id].tag, strnlen(resources[id].tag, TAG_SIZE));
        memcpy(value, tag, TAG_SIZE);
        break;
    }
    case JET_resoperSize: *value = size_of(id); break;
    case JET_resoperObjectsPerChunk: *value = objects_per_chunk(id); break;
    case JET_resoperCurrentUse: TRY(read_use(is_of_instance(id) ? instance : NULL, id, value)); break;
    case JET_resoperMaxUse: *value = instance != NULL && is_of_instance(id) ? limit_of(instance, id) : setting_of(operation, id); break;
    case JET_resoperAllocFromHeap: *value = 1; break;
    case JET_resoperRCIList:
    case JET_resoperSectionHeader: *value = 0; break; /* there are no such lists */
    default:
        *value = 0;
        if (place_of(operation) < 0)
            RAISE(JET_errInvalidParameter);
        *value = setting_of(operation, id);
    }
done:
    if (is_locked)
        process_unlock();
    engine_leave_instance(instance);
    return err;
}

/* The most that an instance may use of a resource. */
static JET_ERR set_limit(struct instance *instance, uint32_t id, uintptr_t value)
{
    JET_INSTANCE handle = instance->handle;
    switch (id) {
    case JET_residSCB: return engine_set_parameter(&handle, 0, JET_paramMaxTemporaryTables, value, NULL);
    case JET_residFUCB: return engine_set_parameter(&handle, 0, JET_paramMaxCursors, value, NULL);
    case JET_residPIB: return engine_set_parameter(&handle, 0, JET_paramMaxSessions, value - SYSTEM_SESSIONS, NULL);
    case JET_residVERBUCKET: return engine_set_parameter(&handle, 0, JET_paramMaxVerPages, value - SYSTEM_BUCKETS, NULL);
    case JET_residFCB:
    case JET_residTDB:
    case JET_residIDB: /* the start sets them, from several parameters */
        return (atomic_load(&instance->state) & (INSTANCE_RUNNING | INSTANCE_INITIALISING)) != 0 ? JET_errAlreadyInitialized : JET_errSuccess;
    default: return JET_errAlreadyInitialized; /* of the process, which has begun */
    }
}

static JET_ERR set_global(uint32_t operation, uint32_t id, uintptr_t value)
{
    if (id == JET_residPAGE && operation == JET_resoperSize)
        return engine_set_parameter(NULL, 0, JET_paramDatabasePageSize, value, NULL);
    if (id == JET_residVERBUCKET && operation == JET_resoperSize)
        return engine_set_parameter(NULL, 0, JET_paramVerPageSize, value, NULL);
    if (id == JET_residVERBUCKET && operation == JET_resoperMinUse)
        return engine_set_parameter(NULL, 0, JET_paramGlobalMinVerPages, value, NULL);
    process_lock();
    JET_ERR err = set_setting(operation, id, value);
    process_unlock();
    return err;
}

static JET_ERR set_one(struct instance *instance, uint32_t operation, uint32_t id, uintptr_t value)
{
    return instance != NULL && operation == JET_resoperMaxUse ? set_limit(instance, id, value) : set_global(operation, id, value);
}

/* All of them or none. */
static JET_ERR set_all(JET_INSTANCE handle, struct instance *instance, uint32_t operation, uintptr_t value)
{
    JET_ERR err = JET_errSuccess;
    uintptr_t before[RESOURCE_COUNT] = {0};
    uint32_t id = JET_residNull + 1;
    for (; id < RESOURCE_COUNT; id++) {
        if (id == JET_residPAGE) /* no resource any more */
            continue;
        TRY(engine_get_resource(handle, operation, id, &before[id]));
        TRY(set_one(instance, operation, id, value));
    }
done:
    while (err < 0 && --id > JET_residNull) {
        JET_ERR back = id != JET_residPAGE ? set_one(instance, operation, id, before[id]) : JET_errSuccess;
        (void)back; /* what was accepted once is accepted again */
    }
    return err;
}

JET_ERR engine_set_resource(JET_INSTANCE handle, uint32_t operation, uint32_t id, uintptr_t value)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    TRY(enter(handle, &instance));
    if (instance != NULL ? instance_parameter(instance, JET_paramEnableAdvanced) == 0 : process_parameter(JET_paramEnableAdvanced) == 0)
        goto done;
    if (id != JET_residAll && (id == JET_residNull || id >= RESOURCE_COUNT))
        RAISE(JET_errInvalidParameter);
    err = id == JET_residAll ? set_all(handle, instance, operation, value) : set_one(instance, operation, id, value);
done:
    engine_leave_instance(instance);
    return err;
}
