/* A log handed out piece by piece (JET_paramEmitLogDataCallback) and taken in elsewhere (JetConsumeLogData): docs/backup.md, "Shipping the log". */
#define ESENT_PRIVATE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backup_client.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "plain_instance.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE = 4096, SEGMENT = 4096, LOG_BYTES = 64 * 1024, PIECES = 1000 };
static const uint64_t LAST_SEQUENCE = 0xFFFFFFFFFFFFFFF0;

/* --- what a callback has been given --- */

struct piece {
    JET_EMITDATACTX context;
    uint8_t *data;
};
static struct piece pieces[PIECES]; /* of one producer */
static unsigned piece_count;
static JET_INSTANCE produced_by;
static int expected_context;

static JET_ERR record(JET_INSTANCE instance, JET_EMITDATACTX *context, void *data, uint32_t size, void *client)
{
    assert_ptr_equal(client, &expected_context);
    assert_true(piece_count < PIECES);
    assert_int_equal(context->cbLogData, size);
    assert_true((data != NULL) == (size != 0));
    produced_by = instance;
    struct piece *piece = &pieces[piece_count++];
    piece->context = *context;
    if (size != 0) {
        piece->data = malloc(size);
        memcpy(piece->data, data, size);
    }
    return JET_errDiskIO; /* changes nothing */
}

/* What instances hand out their log to. */
static JET_PFNEMITLOGDATA emit;
static void *emit_context;

static void set_emit(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEmitLogDataCallback, (JET_API_PTR)emit, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEmitLogDataCallbackCtx, (JET_API_PTR)emit_context, NULL));
}

/* Instances started from now on hand out their log; NULL: no more. */
static void emit_to(JET_PFNEMITLOGDATA callback, void *context)
{
    emit = callback;
    emit_context = context;
    live_configure = callback != NULL ? set_emit : NULL;
}

static JET_ERR send(JET_INSTANCE consumer, const struct piece *piece)
{
    struct piece copy = *piece;
    return JetConsumeLogData(consumer, &copy.context, copy.data, copy.context.cbLogData, 0);
}

static void insert_rows(struct sample *s, int32_t first, int32_t count)
{
    for (int32_t id = first; id < first + count; id++) {
        assert_good(JetBeginTransaction(s->session));
        insert_sample(s, id, id, "a row to be shipped");
        assert_good(JetCommitTransaction(s->session, 0));
    }
}

/* The log in pieces[], recorded once for all tests that only look at it; *folder: where its files are. */
static void record_a_log(const char **folder)
{
    static const char *recorded;
    struct sample s;
    if (recorded == NULL) {
        emit_to(record, &expected_context);
        sample_start(&s, PAGE);
        insert_rows(&s, 1, 50);
        recorded = s.live.folder;
        sample_stop(&s);
        emit_to(NULL, NULL);
    }
    *folder = recorded;
}

static const char *log_path(const char *folder, uint32_t generation, const char *extension)
{
    const char *path = text_of("%s/edb%05X%s", folder, generation, extension);
    return strcmp(extension, ".log") == 0 && access(path, F_OK) != 0 ? text_of("%s/edb.log", folder) : path;
}

/* How many generations, from the first on, are there. */
static uint32_t generations_in(const char *folder, const char *extension)
{
    uint32_t count = 0;
    while (access(text_of("%s/edb%05X%s", folder, count + 1, extension), F_OK) == 0)
        count++;
    return count;
}

/* Every shipped generation is, up to the last segment that is not blank, what the producer's file has there. */
static void assert_shipped(const char *from, const char *to)
{
    uint32_t count = generations_in(to, ".jsl");
    assert_int_equal(count, generations_in(from, ".log") + 1); /* and the current one */
    for (uint32_t g = 1; g <= count; g++) {
        unsigned long long size, shipped_size;
        unsigned char *bytes = read_whole_file(log_path(from, g, ".log"), &size), *shipped = read_whole_file(log_path(to, g, ".jsl"), &shipped_size);
        assert_int_equal(size, shipped_size);
        assert_memory_equal(bytes, shipped, size);
        free(bytes);
        free(shipped);
    }
}

static JET_INSTANCE start_consumer(const char *folder)
{
    JET_INSTANCE consumer = JET_instanceNil;
    assert_good(JetCreateInstance(&consumer, text_of("consumer of %s", folder)));
    plain_configure(consumer, folder);
    assert_good(JetInit(&consumer));
    return consumer;
}

/* --- handing out --- */

static void pieces_come_in_order_and_make_up_the_log(void **state)
{
    const char *folder;
    uint8_t *log = calloc(1, LOG_BYTES);
    uint32_t generation = 1, end = 0;
    (void)state;
    record_a_log(&folder);
    assert_true(produced_by != 0);
    assert_int_equal(pieces[0].context.grbitOperationalFlags, JET_bitShadowLogEmitFirstCall);
    assert_int_equal(pieces[piece_count - 1].context.grbitOperationalFlags, JET_bitShadowLogEmitLastCall);
    for (unsigned i = 0; i < piece_count; i++) {
        const JET_EMITDATACTX *c = &pieces[i].context;
        assert_int_equal(c->cbStruct, sizeof *c);
        assert_int_equal(c->dwVersion, 1);
        assert_true(c->qwSequenceNum == (i + 1 < piece_count ? i : LAST_SEQUENCE));
        assert_true(c->logtimeEmit.bMonth >= 1 && c->logtimeEmit.bDay >= 1);
        if (i == 0 || i + 1 == piece_count) {
            assert_int_equal(c->lgposLogData.lGeneration, 0);
            continue;
        }
        assert_int_equal(c->lgposLogData.lGeneration, generation);
        assert_int_equal(c->lgposLogData.ib, 0);
        if (c->grbitOperationalFlags == JET_bitShadowLogEmitDataBuffers) {
            assert_int_equal(c->lgposLogData.isec * SEGMENT, end); /* one behind the other */
            memcpy(log + end, pieces[i].data, c->cbLogData);
            end += c->cbLogData;
            continue;
        }
        assert_int_equal(c->grbitOperationalFlags, JET_bitShadowLogEmitLogComplete);
        unsigned long long size;
        unsigned char *bytes = read_whole_file(log_path(folder, generation, ".log"), &size);
        assert_int_equal(size, LOG_BYTES);
        assert_memory_equal(bytes, log, LOG_BYTES);
        free(bytes);
        memset(log, 0, LOG_BYTES);
        generation++;
        end = 0;
    }
    assert_true(generation > 2);
    free(log);
}

static void without_a_callback_nothing_is_handed_out(void **state)
{
    struct sample s;
    unsigned before = piece_count;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 3);
    sample_stop(&s);
    assert_int_equal(piece_count, before);
}

/* --- taking in --- */

static void what_was_handed_out_can_be_taken_in(void **state)
{
    const char *from, *to = make_scratch_folder("replica");
    (void)state;
    record_a_log(&from);
    JET_INSTANCE consumer = start_consumer(to);
    for (unsigned i = 0; i < piece_count; i++)
        assert_good(send(consumer, &pieces[i]));
    assert_shipped(from, to);
    plain_stop(consumer);
}

/* A producer ships into its own folder, while it starts and ends too. */
static JET_ERR give_back(JET_INSTANCE instance, JET_EMITDATACTX *context, void *data, uint32_t size, void *client)
{
    JET_ERR err = JetConsumeLogData(instance, context, data, size, 0);
    if (err != JET_errSuccess)
        atomic_fetch_add((atomic_int *)client, 1);
    return err;
}

static void an_instance_may_take_in_its_own_log(void **state)
{
    struct sample s;
    atomic_int failed = 0;
    (void)state;
    emit_to(give_back, &failed);
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 20);
    sample_stop(&s);
    emit_to(NULL, NULL);
    assert_int_equal(atomic_load(&failed), 0);
    assert_shipped(s.live.folder, s.live.folder);
}

struct wrong {
    const char *what;
    JET_ERR expected;
    void (*change)(struct piece *piece, uint32_t *size, JET_GRBIT *grbit);
};
#define CHANGE(name, statement) \
    static void name(struct piece *piece, uint32_t *size, JET_GRBIT *grbit) \
    { \
        (void)piece, (void)size, (void)grbit; \
        statement; \
    }
CHANGE(lose_one, piece->context.qwSequenceNum++)
CHANGE(repeat_one, piece->context.qwSequenceNum--)
CHANGE(other_generation, piece->context.lgposLogData.lGeneration++)
CHANGE(negative_generation, piece->context.lgposLogData.lGeneration = -1)
CHANGE(skip_a_sector, piece->context.lgposLogData.isec++)
CHANGE(far_away, piece->context.lgposLogData.isec = 0xFFFF)
CHANGE(inside_a_sector, piece->context.lgposLogData.ib = 40)
CHANGE(half_a_sector, *size /= 2)
CHANGE(nothing, *size = 0)
CHANGE(no_data, piece->data = NULL)
CHANGE(other_version, piece->context.dwVersion = 2)
CHANGE(other_size, piece->context.cbStruct--)
CHANGE(two_bits, piece->context.grbitOperationalFlags |= JET_bitShadowLogEmitLogComplete)
CHANGE(no_bit, piece->context.grbitOperationalFlags = 0)
CHANGE(cancelled, piece->context.grbitOperationalFlags = JET_bitShadowLogEmitCancel)
CHANGE(an_option, *grbit = 1)
CHANGE(one_bit_wrong, piece->data[SEGMENT - 1] ^= 1)
CHANGE(all_wrong, memset(piece->data, 0xA5, SEGMENT))
CHANGE(blank, memset(piece->data, 0, SEGMENT))

static const struct wrong WRONG[] = {
    {"a piece is missing", JET_errInvalidLogDataSequence, lose_one},
    {"it came before", JET_errInvalidLogDataSequence, repeat_one},
    {"another generation", JET_errInvalidLogDataSequence, other_generation},
    {"no generation", JET_errInvalidLogDataSequence, negative_generation},
    {"a hole", JET_errInvalidLogDataSequence, skip_a_sector},
    {"beyond the file", JET_errInvalidLogDataSequence, far_away},
    {"not at a sector", JET_errInvalidParameter, inside_a_sector},
    {"not whole sectors", JET_errInvalidParameter, half_a_sector},
    {"no bytes", JET_errInvalidParameter, nothing},
    {"no data", JET_errInvalidParameter, no_data},
    {"another version", JET_errInvalidParameter, other_version},
    {"another structure", JET_errInvalidParameter, other_size},
    {"two bits", JET_errInvalidGrbit, two_bits},
    {"no bit", JET_errInvalidGrbit, no_bit},
    {"cancel", JET_errInvalidGrbit, cancelled},
    {"an option", JET_errInvalidGrbit, an_option},
    {"a flipped bit", JET_errLogFileCorrupt, one_bit_wrong},
    {"rubbish", JET_errLogFileCorrupt, all_wrong},
    {"blank", JET_errLogFileCorrupt, blank},
};

static JET_ERR send_changed(JET_INSTANCE consumer, const struct piece *piece, const struct wrong *wrong)
{
    struct piece changed = *piece;
    uint32_t size = piece->context.cbLogData;
    JET_GRBIT grbit = 0;
    changed.data = malloc(size);
    uint8_t *owned = changed.data;
    memcpy(changed.data, piece->data, size);
    wrong->change(&changed, &size, &grbit);
    JET_ERR err = JetConsumeLogData(consumer, &changed.context, changed.data, size, grbit);
    free(owned);
    return err;
}

static void a_wrong_piece_changes_nothing_and_the_right_one_may_follow(void **state)
{
    const char *from, *to = make_scratch_folder("replica");
    (void)state;
    record_a_log(&from);
    JET_INSTANCE consumer = start_consumer(to);
    unsigned tried = 0;
    for (unsigned i = 0; i < piece_count; i++) {
        const JET_EMITDATACTX *c = &pieces[i].context;
        bool is_data = c->grbitOperationalFlags == JET_bitShadowLogEmitDataBuffers && c->lgposLogData.isec > 0;
        if (is_data && tried < sizeof WRONG / sizeof WRONG[0]) {
            const struct wrong *wrong = &WRONG[tried++];
            JET_ERR err = send_changed(consumer, &pieces[i], wrong);
            if (err != wrong->expected)
                fail_msg("%s: %d, expected %d", wrong->what, err, wrong->expected);
        }
        assert_good(send(consumer, &pieces[i]));
    }
    assert_int_equal(tried, sizeof WRONG / sizeof WRONG[0]);
    assert_shipped(from, to);
    assert_err(JetConsumeLogData(consumer, NULL, NULL, 0, 0), JET_errInvalidParameter);
    plain_stop(consumer);
}

static void a_wrong_header_begins_no_generation(void **state)
{
    const char *from, *to = make_scratch_folder("replica");
    struct piece header;
    (void)state;
    record_a_log(&from);
    JET_INSTANCE consumer = start_consumer(to);
    header = pieces[1];
    header.data = malloc(SEGMENT);
    memcpy(header.data, pieces[1].data, SEGMENT);
    assert_int_equal(pieces[1].context.cbLogData, SEGMENT);
    header.context.qwSequenceNum = 0;
    assert_err(send(consumer, &header), JET_errInvalidParameter);
    header.context.qwSequenceNum = 1;
    header.context.lgposLogData.lGeneration = 5;
    assert_err(send(consumer, &header), JET_errLogFileCorrupt); /* it says 1 */
    header.context.lgposLogData.lGeneration = 1;
    header.data[200] ^= 1;
    assert_err(send(consumer, &header), JET_errLogFileCorrupt);
    store_le16(header.data + 8, 512);
    assert_err(send(consumer, &header), JET_errLogSectorSizeMismatch);
    free(header.data);
    assert_int_equal(generations_in(to, ".jsl"), 0);
    assert_err(send(consumer, &pieces[2]), JET_errInvalidLogDataSequence); /* data without a header */
    for (unsigned i = 3; i < piece_count; i++) {
        if (pieces[i].context.grbitOperationalFlags == JET_bitShadowLogEmitLogComplete) {
            assert_err(send(consumer, &pieces[i]), JET_errInvalidLogDataSequence);
            break;
        }
    }
    plain_stop(consumer);
}

static void a_generation_that_is_not_completed_is_removed_by_the_next(void **state)
{
    const char *from, *to = make_scratch_folder("replica");
    unsigned lost = 0;
    (void)state;
    record_a_log(&from);
    JET_INSTANCE consumer = start_consumer(to);
    for (unsigned i = 0; i < piece_count; i++) {
        const JET_EMITDATACTX *c = &pieces[i].context;
        if (c->lgposLogData.lGeneration == 2 && c->lgposLogData.isec == 3) {
            lost = i;
            break;
        }
        assert_good(send(consumer, &pieces[i]));
    }
    assert_true(lost > 0);
    assert_int_equal(access(log_path(to, 2, ".jsl"), F_OK), 0);
    for (unsigned i = lost + 1; i < piece_count; i++) {
        int32_t generation = pieces[i].context.lgposLogData.lGeneration;
        bool is_next = generation == 3 && pieces[i].context.lgposLogData.isec == 0 && pieces[i].data != NULL;
        assert_err(send(consumer, &pieces[i]), generation == 2 ? JET_errInvalidLogDataSequence : is_next ? JET_wrnPreviousLogFileIncomplete : JET_errSuccess);
    }
    assert_int_equal(access(log_path(to, 1, ".jsl"), F_OK), 0);
    assert_int_equal(access(log_path(to, 2, ".jsl"), F_OK), -1);
    assert_int_equal(access(log_path(to, 3, ".jsl"), F_OK), 0);
    plain_stop(consumer);
}

/* As the original's writer goes on: in the middle of a generation, and again with sectors that were not full. */
static void a_sender_that_begins_again_may_go_on_where_it_was(void **state)
{
    const char *from, *to = make_scratch_folder("replica");
    JET_EMITDATACTX begin = {.cbStruct = sizeof begin, .dwVersion = 1, .grbitOperationalFlags = JET_bitShadowLogEmitFirstCall};
    uint64_t renumbered = 0;
    bool has_begun_again = false;
    (void)state;
    record_a_log(&from);
    JET_INSTANCE consumer = start_consumer(to);
    for (unsigned i = 0; i < piece_count; i++) {
        struct piece piece = pieces[i];
        bool is_middle = piece.context.lgposLogData.lGeneration == 2 && piece.context.lgposLogData.isec >= 3;
        if (is_middle && !has_begun_again) {
            assert_good(JetConsumeLogData(consumer, &begin, NULL, 0, 0));
            assert_err(send(consumer, &pieces[i + 1]), JET_errInvalidLogDataSequence); /* a hole */
            assert_err(send(consumer, &pieces[i]), JET_errInvalidLogDataSequence);     /* only the first piece may begin there */
            assert_good(JetConsumeLogData(consumer, &begin, NULL, 0, 0));
            has_begun_again = true;
            renumbered = 0;
        }
        if (has_begun_again && piece.context.qwSequenceNum != LAST_SEQUENCE)
            piece.context.qwSequenceNum = ++renumbered;
        assert_good(send(consumer, &piece));
        if (is_middle && piece.data != NULL) { /* the last sector again */
            piece.context.qwSequenceNum = ++renumbered;
            piece.context.lgposLogData.isec = (uint16_t)(piece.context.lgposLogData.isec + piece.context.cbLogData / SEGMENT - 1);
            piece.data += piece.context.cbLogData - SEGMENT;
            piece.context.cbLogData = SEGMENT;
            assert_good(send(consumer, &piece));
        }
    }
    assert_shipped(from, to);
    plain_stop(consumer);
}

static void handles_are_checked(void **state)
{
    JET_EMITDATACTX begin = {.cbStruct = sizeof begin, .dwVersion = 1, .grbitOperationalFlags = JET_bitShadowLogEmitFirstCall};
    (void)state;
    JET_INSTANCE waiting = plain_create("waiting");
    assert_err(JetConsumeLogData(0x1234567, &begin, NULL, 0, 0), JET_errInvalidInstance);
    assert_err(JetConsumeLogData(0, &begin, NULL, 0, 0), JET_errInvalidParameter);
    assert_err(JetConsumeLogData(waiting, &begin, NULL, 0, 0), JET_errNotInitialized);
    assert_good(JetTerm(waiting));
}

/* In one-instance mode handles are not looked at. */
static void the_only_instance_needs_no_handle(void **state)
{
    JET_EMITDATACTX begin = {.cbStruct = sizeof begin, .dwVersion = 1, .grbitOperationalFlags = JET_bitShadowLogEmitFirstCall};
    const char *folder = make_scratch_folder("only");
    JET_INSTANCE only = 0;
    (void)state;
    plain_configure(0, folder);
    assert_good(JetInit(&only));
    assert_good(JetConsumeLogData(only, &begin, NULL, 0, 0));
    assert_good(JetConsumeLogData(JET_instanceNil, &begin, NULL, 0, 0));
    assert_good(JetTerm(only));
}

/* --- many committers, and a replica in another instance --- */

struct replica {
    JET_INSTANCE consumer;
    atomic_int failed;
    atomic_bool is_cut; /* pieces are lost from now on */
};

static JET_ERR replicate(JET_INSTANCE instance, JET_EMITDATACTX *context, void *data, uint32_t size, void *client)
{
    struct replica *replica = client;
    (void)instance;
    if (!atomic_load(&replica->is_cut) && JetConsumeLogData(replica->consumer, context, data, size, 0) != JET_errSuccess)
        atomic_fetch_add(&replica->failed, 1);
    return JET_errSuccess;
}

enum { COMMITTERS = 4, ROWS_EACH = 15 };
struct committer {
    pthread_t thread;
    const struct sample *shared;
    int32_t first;
    JET_ERR err;
};

static void *commit_rows(void *argument)
{
    struct committer *c = argument;
    struct sample s = *c->shared;
    c->err = JetBeginSession(s.live.instance, &s.session, NULL, NULL);
    if (c->err >= 0)
        c->err = JetOpenDatabase(s.session, text_of("%s/sample.edb", s.live.folder), NULL, &s.dbid, 0);
    if (c->err >= 0)
        c->err = JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table);
    if (c->err >= 0) {
        insert_rows(&s, c->first, ROWS_EACH);
        c->err = JetEndSession(s.session, 0);
    }
    return NULL;
}

static void commits_of_many_threads_are_shipped_in_one_order(void **state)
{
    struct committer committers[COMMITTERS];
    struct replica replica = {0};
    struct sample s;
    const char *to = make_scratch_folder("replica");
    (void)state;
    replica.consumer = start_consumer(to);
    emit_to(replicate, &replica);
    sample_start(&s, PAGE);
    for (int i = 0; i < COMMITTERS; i++) {
        committers[i] = (struct committer){.shared = &s, .first = 1 + i * ROWS_EACH};
        assert_int_equal(pthread_create(&committers[i].thread, NULL, commit_rows, &committers[i]), 0);
    }
    for (int i = 0; i < COMMITTERS; i++) {
        pthread_join(committers[i].thread, NULL);
        assert_good(committers[i].err);
    }
    sample_stop(&s);
    emit_to(NULL, NULL);
    assert_int_equal(atomic_load(&replica.failed), 0);
    plain_stop(replica.consumer);
    assert_shipped(s.live.folder, to);
}

/* --- a writer that is killed --- */

/* Folders of writer, replica and backup; what the writer said before it was killed. */
struct story {
    const char *from, *to, *set_folder;
    struct backup_set set;
    int32_t acknowledged;
};
struct word {
    int32_t row;
    uint32_t gen_low, gen_high;
};

static void say(int end, struct word word)
{
    if (write(end, &word, sizeof word) != sizeof word)
        _exit(3);
}

/* In a process of its own: ships everything, and says of each row that it is durable, until it is killed. backup_at: after that many rows one is made. cut_at: the next rows are the first of a
 * generation, and all but the first are not shipped. */
static void write_until_killed(const struct story *story, int end, int32_t backup_at, int32_t cut_at)
{
    struct replica replica = {0};
    struct sample s;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
    memset(&s, 0, sizeof s);
    replica.consumer = start_consumer(story->to);
    emit_to(replicate, &replica);
    live_start_in(&s.live, story->from, PAGE);
    sample_create(&s);
    for (int32_t row = 1; atomic_load(&replica.failed) == 0; row++) {
        if (row == cut_at)
            assert_good(JetCommitTransaction(s.session, JET_bitForceNewLog));
        insert_rows(&s, row, 1);
        say(end, (struct word){.row = row});
        if (row == cut_at)
            atomic_store(&replica.is_cut, true);
        if (cut_at != 0 && row == cut_at + 2)
            pause();
        if (row == backup_at) {
            struct backup_set set;
            client_backup(s.live.instance, 0, 0, story->set_folder, &set);
            say(end, (struct word){.gen_low = set.gen_low, .gen_high = set.gen_high});
        }
    }
    _exit(4);
}

static void kill_a_writer(struct story *story, int32_t rows, int32_t backup_at, int32_t cut_at)
{
    int ends[2], status;
    struct word word;
    bool is_killed = false;
    *story = (struct story){.from = make_scratch_folder("writer"), .to = make_scratch_folder("replica"), .set_folder = make_scratch_folder("set")};
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        write_until_killed(story, ends[1], backup_at, cut_at);
    }
    close(ends[1]);
    while (read(ends[0], &word, sizeof word) == sizeof word) { /* what it said before it died is true, too */
        if (word.row != 0)
            story->acknowledged = word.row;
        else
            story->set = (struct backup_set){.folder = story->set_folder, .gen_low = word.gen_low, .gen_high = word.gen_high};
        if (story->acknowledged >= rows && !is_killed) {
            assert_int_equal(kill(child, SIGKILL), 0);
            is_killed = true;
        }
    }
    close(ends[0]);
    assert_true(is_killed);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

/* Shipped generations from `first` on as archives of a folder. The last one's number. */
static uint32_t copy_shipped(const char *from, uint32_t first, const char *to)
{
    uint32_t last = generations_in(from, ".jsl");
    for (uint32_t g = first; g <= last; g++) {
        unsigned long long size;
        unsigned char *bytes = read_whole_file(log_path(from, g, ".jsl"), &size);
        write_whole_file(text_of("%s/edb%05X.log", to, g), bytes, (size_t)size);
        free(bytes);
    }
    return last;
}

static void the_shipped_logs_alone_bring_every_acknowledged_row_back(void **state)
{
    struct story story;
    const char *folder = make_scratch_folder("recovered");
    JET_INSTANCE instance = JET_instanceNil;
    (void)state;
    kill_a_writer(&story, 40, 0, 0);
    uint32_t last = copy_shipped(story.to, 1, folder);
    assert_true(last > 1);
    assert_int_equal(rename(text_of("%s/edb%05X.log", folder, last), text_of("%s/edb.log", folder)), 0);
    assert_good(JetCreateInstance(&instance, "recovered"));
    plain_configure(instance, folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, folder));
    assert_good(JetInit(&instance));
    plain_stop(instance);
    int32_t rows = client_sample_rows(text_of("%s/sample.edb", folder));
    assert_in_range(rows, story.acknowledged, story.acknowledged + 1);
}

static void a_backup_and_the_shipped_logs_bring_every_acknowledged_row_back(void **state)
{
    struct story story;
    const char *target = make_scratch_folder("restored");
    (void)state;
    kill_a_writer(&story, 40, 20, 0);
    assert_true(story.set.gen_high >= 1);
    story.set.gen_high = copy_shipped(story.to, story.set.gen_low, story.set_folder);
    assert_good(client_restore(&story.set, "sample.edb", target));
    int32_t rows = client_sample_rows(text_of("%s/sample.edb", target));
    assert_in_range(rows, story.acknowledged, story.acknowledged + 1);
}

/* What was durable when the process was killed, but did not get away, is sent when it starts again. */
static void what_a_crash_kept_from_being_shipped_comes_with_the_next_start(void **state)
{
    struct story story;
    struct replica replica = {0};
    struct live_instance live;
    (void)state;
    kill_a_writer(&story, 7, 0, 5);
    replica.consumer = start_consumer(story.to);
    emit_to(replicate, &replica);
    live_start_in(&live, story.from, PAGE);
    live_stop(&live);
    emit_to(NULL, NULL);
    assert_int_equal(atomic_load(&replica.failed), 0);
    plain_stop(replica.consumer);
    assert_shipped(story.from, story.to);
}

/* What has reached the disk for certain when something is built on the log. */
struct durability {
    bool log, names, is_late;
};

static void watch_durability(void *context, enum fault_operation operation, const char *path, uint64_t offset, size_t size)
{
    struct durability *d = context;
    size_t length = strlen(path);
    (void)offset;
    (void)size;
    if (operation == FAULT_SYNC && length > 8 && strcmp(path + length - 8, "/edb.log") == 0)
        d->log = true;
    else if (operation == FAULT_DIR_SYNC)
        d->names = true;
    else if (operation == FAULT_WRITE && !(d->log && d->names))
        d->is_late = true;
}

static JET_ERR expect_durability(JET_INSTANCE instance, JET_EMITDATACTX *context, void *data, uint32_t size, void *client)
{
    struct durability *d = client;
    (void)instance;
    (void)context;
    (void)data;
    (void)size;
    if (!(d->log && d->names))
        d->is_late = true;
    return JET_errSuccess;
}

/* It may have been killed between a write and its sync; with the power gone a moment later pages and the receiver would have what the log has not. */
static void a_start_puts_the_log_it_finds_on_the_disk_before_it_replays_or_ships_it(void **state)
{
    struct durability seen = {.log = false};
    struct fault_fs *disk = fault_fs_create(os_fs_posix());
    struct sample s;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 5);
    assert_err(JetTerm2(s.live.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    fault_fs_set_hook(disk, watch_durability, &seen);
    process_set_fs(fault_fs_os(disk));
    emit_to(expect_durability, &seen);
    live_start_in(&s.live, s.live.folder, PAGE);
    live_stop(&s.live);
    emit_to(NULL, NULL);
    process_set_fs(NULL);
    assert_true(seen.log && seen.names);
    assert_false(seen.is_late);
    fault_fs_destroy(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_in_order_and_make_up_the_log),
        cmocka_unit_test(without_a_callback_nothing_is_handed_out),
        cmocka_unit_test(what_was_handed_out_can_be_taken_in),
        cmocka_unit_test(an_instance_may_take_in_its_own_log),
        cmocka_unit_test(a_wrong_piece_changes_nothing_and_the_right_one_may_follow),
        cmocka_unit_test(a_wrong_header_begins_no_generation),
        cmocka_unit_test(a_generation_that_is_not_completed_is_removed_by_the_next),
        cmocka_unit_test(a_sender_that_begins_again_may_go_on_where_it_was),
        cmocka_unit_test(handles_are_checked),
        cmocka_unit_test(commits_of_many_threads_are_shipped_in_one_order),
        cmocka_unit_test(the_shipped_logs_alone_bring_every_acknowledged_row_back),
        cmocka_unit_test(a_backup_and_the_shipped_logs_bring_every_acknowledged_row_back),
        cmocka_unit_test(what_a_crash_kept_from_being_shipped_comes_with_the_next_start),
        cmocka_unit_test(a_start_puts_the_log_it_finds_on_the_disk_before_it_replays_or_ships_it),
        cmocka_unit_test(the_only_instance_needs_no_handle), /* last: it sets defaults of the process */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
