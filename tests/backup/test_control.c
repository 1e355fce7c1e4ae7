/* The control socket from outside: whole backups by the tool's own client, and every way in which a client can be refused, hang, vanish or talk
 * nonsense while the instance goes on. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backup_client.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "cmocka_all.h"
#include "control/socket.h"
#include "control/wire.h"
#include "esent_ext.h"
#include "live_instance.h"
#include "os/thread.h"
#include "set/source.h"
#include "shared_data.h"

enum { PIECE_BYTES = 1 << 18, BLOB_BYTES = 20000, FUZZ_ROUNDS = 400, PATIENCE_MS = 10000 };

/* An instance that serves, with one database of one table. */
static struct live_instance live;
static JET_DBID dbid;
static char socket_folder[32], socket_path[64];
static uint8_t *piece;

/* --- the served instance --- */

static void insert_rows(unsigned count)
{
    static uint8_t blob[BLOB_BYTES];
    JET_TABLEID table;
    JET_COLUMNDEF definition;
    assert_good(JetOpenTable(live.session, dbid, "things", NULL, 0, 0, &table));
    assert_good(JetGetTableColumnInfo(live.session, table, "blob", &definition, sizeof definition, JET_ColInfo));
    for (unsigned i = 0; i < count; i++) {
        memset(blob, (int)i, sizeof blob);
        assert_good(JetBeginTransaction(live.session));
        assert_good(JetPrepareUpdate(live.session, table, JET_prepInsert));
        assert_good(JetSetColumn(live.session, table, definition.columnid, blob, sizeof blob, 0, NULL));
        assert_good(JetUpdate(live.session, table, NULL, 0, NULL));
        assert_good(JetCommitTransaction(live.session, 0));
    }
    assert_good(JetCloseTable(live.session, table));
}

static void start_instance(unsigned rows)
{
    JET_COLUMNCREATE blob = {.cbStruct = sizeof blob, .szColumnName = "blob", .coltyp = JET_coltypLongBinary};
    JET_TABLECREATE things = {.cbStruct = sizeof things, .szTableName = "things", .ulPages = 1, .ulDensity = 90, .rgcolumncreate = &blob, .cColumns = 1};
    live_start(&live, 4096);
    live.database = text_of("%s/live.edb", live.folder);
    assert_good(JetCreateDatabase(live.session, live.database, NULL, &dbid, 0));
    assert_good(JetCreateTableColumnIndex(live.session, dbid, &things));
    assert_good(JetCloseTable(live.session, things.tableid));
    insert_rows(rows);
    strcpy(socket_folder, "/tmp/ese-control-XXXXXX");
    assert_non_null(mkdtemp(socket_folder));
    snprintf(socket_path, sizeof socket_path, "%s/socket", socket_folder);
}

static void start_serving(unsigned rows, uint32_t stall_ms, uint32_t idle_ms)
{
    JETX_CONTROLOPTIONS options = {.cbSize = sizeof options, .cmsecStall = stall_ms, .cmsecIdle = idle_ms};
    start_instance(rows);
    assert_good(JetxServeControl2(live.instance, socket_path, &options));
}

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static void stop_serving(void)
{
    live_stop(&live);
    assert_false(exists(socket_path));
    assert_int_equal(rmdir(socket_folder), 0);
}

/* Nobody's backup runs any more, within reason: the server notices a lost client when it looks. */
static void assert_no_backup_soon(void)
{
    JET_ERR err = JET_errBackupInProgress;
    for (unsigned ms = 0; ms < PATIENCE_MS && err == JET_errBackupInProgress; ms++) {
        err = JetBeginExternalBackupInstance(live.instance, 0);
        if (err == JET_errBackupInProgress)
            thread_sleep_ms(1);
    }
    assert_int_equal(err, JET_errSuccess);
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
}

/* --- a client of raw frames --- */

static int connect_raw(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, socket_path);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_frame(int fd, unsigned type, const void *payload, uint32_t length)
{
    uint8_t frame[CONTROL_HEADER_SIZE + 8192];
    control_header_encode(&(struct control_header){.type = (uint16_t)type, .length = length}, frame);
    copy_few(frame + CONTROL_HEADER_SIZE, payload, length);
    assert_int_equal(send(fd, frame, CONTROL_HEADER_SIZE + length, MSG_NOSIGNAL), CONTROL_HEADER_SIZE + length);
}

static void send_number(int fd, unsigned type, uint32_t number) { send_frame(fd, type, &number, sizeof number); }

/* False at the end of the stream. The payload is read into `piece`. */
static bool receive_frame(int fd, struct control_header *header)
{
    uint8_t bytes[CONTROL_HEADER_SIZE];
    ssize_t size = recv(fd, bytes, sizeof bytes, MSG_WAITALL);
    if (size == 0 || (size < 0 && errno == ECONNRESET))
        return false;
    assert_int_equal(size, sizeof bytes);
    assert_true(control_header_decode(bytes, header));
    assert_true(header->length <= PIECE_BYTES);
    if (header->length > 0)
        assert_int_equal(recv(fd, piece, header->length, MSG_WAITALL), header->length);
    return true;
}

static void expect_frame(int fd, unsigned type, JET_ERR result)
{
    struct control_header header;
    assert_true(receive_frame(fd, &header));
    assert_int_equal(header.type, type);
    assert_int_equal(header.result, result);
}

static void expect_end(int fd)
{
    struct control_header header;
    assert_false(receive_frame(fd, &header));
    close(fd);
}

/* Waits until the place of the one client is free, and takes it. */
static int connect_greeted(void)
{
    struct control_header header = {.type = 0};
    for (unsigned ms = 0; ms < PATIENCE_MS; ms++) {
        int fd = connect_raw();
        if (receive_frame(fd, &header) && header.type == CONTROL_HELLO)
            return fd;
        assert_int_equal(header.result, JET_errTooManyActiveUsers);
        close(fd);
        thread_sleep_ms(1);
    }
    fail_msg("never accepted");
    return -1;
}

static int connect_in_backup(void)
{
    int fd = connect_greeted();
    send_number(fd, CONTROL_BEGIN, 0);
    expect_frame(fd, CONTROL_BEGIN, JET_errSuccess);
    return fd;
}

/* --- whole backups --- */

static struct backup_source connect_source(void)
{
    struct backup_source source;
    JET_ERR err = JET_errTooManyActiveUsers;
    for (unsigned ms = 0; ms < PATIENCE_MS && err == JET_errTooManyActiveUsers; ms++) {
        err = backup_source_from_socket(socket_path, &source);
        thread_sleep_ms(err < 0);
    }
    assert_int_equal(err, JET_errSuccess);
    return source;
}

static void copy_files(struct backup_source *source, const char *list, const char *folder)
{
    for (const char *path = list; *path != 0; path += strlen(path) + 1) {
        uint64_t size, total = 0;
        uint32_t got;
        assert_good(source->open(source->context, path, &size));
        FILE *out = fopen(text_of("%s/%s", folder, strrchr(path, '/') + 1), "wb");
        assert_non_null(out);
        do {
            assert_good(source->read(source->context, piece, PIECE_BYTES, &got));
            assert_int_equal(fwrite(piece, 1, got, out), got);
            total += got;
        } while (got > 0);
        assert_int_equal(fclose(out), 0);
        assert_int_equal(total, size);
        assert_good(source->close(source->context));
    }
}

static void back_up(const char *folder, bool is_incremental, struct backup_set *set)
{
    struct backup_source source = connect_source();
    JET_LOGINFO_A range;
    char *list = NULL;
    assert_good(source.begin(source.context, is_incremental));
    if (!is_incremental) {
        assert_good(source.list_databases(source.context, &list));
        copy_files(&source, list, folder);
        mem_free(list);
    }
    assert_good(source.list_logs(source.context, &list, &range));
    copy_files(&source, list, folder);
    mem_free(list);
    assert_string_equal(range.szBaseName, "edb");
    assert_good(source.truncate(source.context));
    assert_good(source.end(source.context, JET_bitBackupEndNormal));
    source.release(source.context);
    if (!is_incremental)
        set->gen_low = range.ulGenLow;
    set->gen_high = range.ulGenHigh;
    set->folder = folder;
}

static void check_rows(const char *database, unsigned expected)
{
    JET_DBID id;
    JET_TABLEID table;
    uint32_t count;
    struct live_instance other;
    live_start(&other, 4096);
    assert_good(JetAttachDatabase(other.session, database, 0));
    assert_good(JetOpenDatabase(other.session, database, NULL, &id, 0));
    assert_good(JetOpenTable(other.session, id, "things", NULL, 0, 0, &table));
    assert_good(JetIndexRecordCount(other.session, table, &count, 0));
    assert_int_equal(count, expected);
    live_stop(&other);
}

static void a_full_and_an_incremental_backup_through_the_socket_restore_every_row(void **state)
{
    struct backup_set full, all;
    const char *folder = make_scratch_folder("set"), *target = make_scratch_folder("target"), *second = make_scratch_folder("second");
    (void)state;
    start_serving(100, 0, 0);
    back_up(folder, false, &full);
    all = full;
    insert_rows(50);
    assert_good(client_restore(&full, "live.edb", target));
    check_rows(text_of("%s/live.edb", target), 100);
    back_up(folder, true, &all);
    stop_serving();
    assert_good(client_restore(&all, "live.edb", second));
    check_rows(text_of("%s/live.edb", second), 150);
}

static void an_early_close_leaves_the_file_uncopied_and_the_next_one_readable(void **state)
{
    char *list = NULL;
    uint64_t size;
    uint32_t got;
    (void)state;
    start_serving(100, 0, 0);
    struct backup_source source = connect_source();
    assert_good(source.begin(source.context, false));
    assert_good(source.list_databases(source.context, &list));
    assert_string_equal(list, live.database);
    for (unsigned i = 0; i < 3; i++) { /* a further piece is on its way each time */
        assert_good(source.open(source.context, list, &size));
        assert_true(size > 4u * 65536u);
        assert_good(source.read(source.context, piece, 65536, &got));
        assert_int_equal(got, 65536);
        assert_good(source.close(source.context));
    }
    mem_free(list);
    assert_good(source.end(source.context, JET_bitBackupEndAbort));
    source.release(source.context);
    stop_serving();
}

static void the_hello_tells_the_instance_and_whether_a_backup_runs(void **state)
{
    struct control_hello hello;
    struct control_header header;
    (void)state;
    start_serving(1, 0, 0);
    int fd = connect_raw();
    assert_true(receive_frame(fd, &header));
    assert_true(control_hello_decode(piece, header.length, &hello));
    assert_int_equal(hello.protocol_version, CONTROL_PROTOCOL_VERSION);
    assert_int_equal(hello.page_size, 4096);
    assert_int_equal(hello.state, CONTROL_STATE_IDLE);
    assert_int_equal(hello.major, 10);
    assert_int_equal(strncmp(hello.name, "test ", 5), 0);
    send_number(fd, CONTROL_BEGIN, 0);
    expect_frame(fd, CONTROL_BEGIN, JET_errSuccess);
    send_frame(fd, CONTROL_HELLO, NULL, 0);
    assert_true(receive_frame(fd, &header));
    assert_true(control_hello_decode(piece, header.length, &hello));
    assert_int_equal(hello.state, CONTROL_STATE_BACKUP);
    close(fd);
    assert_no_backup_soon();
    stop_serving();
}

/* --- the socket file --- */

static void the_socket_is_for_its_owner_alone_whatever_the_umask(void **state)
{
    struct stat info;
    (void)state;
    start_instance(1);
    mode_t before = umask(0);
    assert_good(JetxServeControl(live.instance, socket_path));
    umask(before);
    assert_int_equal(lstat(socket_path, &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_err(JetxServeControl(live.instance, socket_path), JET_errAlreadyInitialized);
    assert_good(JetxStopControl(live.instance));
    assert_false(exists(socket_path));
    assert_err(JetxStopControl(live.instance), JET_errNotInitialized);
    assert_good(JetxServeControl(live.instance, socket_path));
    stop_serving();
}

static void a_stale_socket_is_replaced_and_everything_else_at_the_path_stays(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat info;
    (void)state;
    start_instance(1);
    strcpy(address.sun_path, socket_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_err(JetxServeControl(live.instance, socket_path), JET_errFileAccessDenied); /* somebody listens */
    close(fd);
    assert_true(exists(socket_path));
    assert_good(JetxServeControl(live.instance, socket_path));
    close(connect_greeted());
    assert_good(JetxStopControl(live.instance));

    assert_int_equal(close(open(socket_path, O_CREAT | O_WRONLY, 0600)), 0);
    assert_err(JetxServeControl(live.instance, socket_path), JET_errFileAccessDenied);
    assert_int_equal(lstat(socket_path, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(unlink(socket_path), 0);

    assert_int_equal(symlink("elsewhere", socket_path), 0);
    assert_err(JetxServeControl(live.instance, socket_path), JET_errFileAccessDenied);
    assert_int_equal(lstat(socket_path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(unlink(socket_path), 0);
    stop_serving();
}

enum { RIVALS = 4, RIVAL_ROUNDS = 150 };
struct rival {
    pthread_barrier_t *start;
    const char *path;
    struct control_socket socket;
    JET_ERR result;
};

static void *open_as_rival(void *argument)
{
    struct rival *r = (struct rival *)argument;
    pthread_barrier_wait(r->start);
    r->result = control_socket_open(r->path, &r->socket);
    return NULL;
}

static void of_servers_that_replace_one_stale_socket_at_once_one_gets_it(void **state)
{
    (void)state;
    char path[64];
    pthread_barrier_t start;
    snprintf(path, sizeof path, "/tmp/openese-rivals-%d", (int)getpid());
    assert_int_equal(pthread_barrier_init(&start, NULL, RIVALS), 0);
    for (unsigned round = 0; round < RIVAL_ROUNDS; round++) {
        struct rival rivals[RIVALS];
        pthread_t threads[RIVALS];
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        unsigned winners = 0;
        memcpy(address.sun_path, path, strlen(path));
        int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        unlink(path);
        assert_int_equal(bind(stale, (const struct sockaddr *)&address, sizeof address), 0);
        close(stale);
        for (unsigned i = 0; i < RIVALS; i++) {
            rivals[i] = (struct rival){.start = &start, .path = path};
            assert_int_equal(pthread_create(&threads[i], NULL, open_as_rival, &rivals[i]), 0);
        }
        for (unsigned i = 0; i < RIVALS; i++) {
            pthread_join(threads[i], NULL);
            winners += rivals[i].result >= 0;
            if (rivals[i].result < 0)
                assert_int_equal(rivals[i].result, JET_errFileAccessDenied);
        }
        assert_int_equal(winners, 1);
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
        close(client);
        for (unsigned i = 0; i < RIVALS; i++)
            if (rivals[i].result >= 0)
                control_socket_close(&rivals[i].socket);
    }
    pthread_barrier_destroy(&start);
    unlink(path);
}

static void a_file_that_took_the_sockets_place_is_not_removed(void **state)
{
    (void)state;
    start_serving(1, 0, 0);
    assert_int_equal(unlink(socket_path), 0);
    assert_int_equal(close(open(socket_path, O_CREAT | O_WRONLY, 0600)), 0);
    assert_good(JetxStopControl(live.instance));
    assert_true(exists(socket_path));
    assert_int_equal(unlink(socket_path), 0);
    stop_serving();
}

static void bad_paths_and_options_are_refused(void **state)
{
    char longest[128];
    JETX_CONTROLOPTIONS options = {.cbSize = sizeof options - 1};
    (void)state;
    start_instance(1);
    memset(longest, 'x', sizeof longest);
    memcpy(longest, socket_path, strlen(socket_path));
    longest[108] = 0;
    assert_err(JetxServeControl(live.instance, longest), JET_errInvalidParameter);
    assert_err(JetxServeControl(live.instance, NULL), JET_errInvalidParameter);
    assert_err(JetxServeControl(live.instance, ""), JET_errInvalidParameter);
    assert_err(JetxServeControl(live.instance, text_of("%s/", socket_folder)), JET_errInvalidPath);
    assert_err(JetxServeControl(live.instance, text_of("%s/missing/socket", socket_folder)), JET_errInvalidPath);
    assert_err(JetxServeControl2(live.instance, socket_path, &options), JET_errInvalidParameter);
    options = (JETX_CONTROLOPTIONS){.cbSize = sizeof options, .grbit = 1};
    assert_err(JetxServeControl2(live.instance, socket_path, &options), JET_errInvalidParameter);
    assert_err(JetxServeControl((JET_INSTANCE)12345, socket_path), JET_errInvalidInstance);
    longest[107] = 0; /* fits to the last byte */
    assert_good(JetxServeControl(live.instance, longest));
    assert_true(exists(longest));
    assert_good(JetxStopControl(live.instance));
    assert_false(exists(longest));

    JET_INSTANCE idle = JET_instanceNil;
    assert_good(JetCreateInstance(&idle, "never started"));
    assert_err(JetxServeControl(idle, socket_path), JET_errNotInitialized);
    assert_good(JetTerm(idle));
    stop_serving();
}

/* --- who is served --- */

static void a_second_client_is_told_at_once_and_the_place_is_free_after_the_first(void **state)
{
    struct backup_source source;
    (void)state;
    start_serving(1, 0, 0);
    int first = connect_in_backup();
    int second = connect_raw();
    expect_frame(second, CONTROL_REFUSED, JET_errTooManyActiveUsers);
    expect_end(second);
    assert_err(backup_source_from_socket(socket_path, &source), JET_errTooManyActiveUsers);
    close(first);
    close(connect_greeted());
    assert_no_backup_soon();
    stop_serving();
}

static void a_process_of_another_user_is_refused_even_when_it_can_connect(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: needs root\n");
        skip();
    }
    start_serving(1, 0, 0);
    assert_int_equal(chmod(socket_path, 0666), 0);
    assert_int_equal(chmod(socket_folder, 0755), 0);
    pid_t child = fork();
    if (child == 0) { /* only calls that are safe after fork in a process with threads */
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        uint8_t bytes[CONTROL_HEADER_SIZE];
        struct control_header header = {.type = 0};
        strcpy(address.sun_path, socket_path);
        int fd = setuid(65534) == 0 ? socket(AF_UNIX, SOCK_STREAM, 0) : -1;
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 || recv(fd, bytes, sizeof bytes, MSG_WAITALL) != sizeof bytes)
            _exit(1);
        _exit(control_header_decode(bytes, &header) && header.type == CONTROL_REFUSED && header.result == JET_errAccessDenied ? 0 : 2);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(connect_greeted());
    stop_serving();
}

/* --- what is served --- */

static JET_ERR open_result(int fd, const char *path)
{
    struct control_header header;
    send_frame(fd, CONTROL_OPEN, path, (uint32_t)strlen(path));
    assert_true(receive_frame(fd, &header));
    assert_int_equal(header.type, CONTROL_OPEN);
    return header.result;
}

static void every_call_passes_the_checks_of_the_public_ones(void **state)
{
    static const unsigned BARE[] = {CONTROL_LIST_DATABASES, CONTROL_LIST_LOGS, CONTROL_CLOSE, CONTROL_TRUNCATE};
    (void)state;
    start_serving(1, 0, 0);
    int fd = connect_greeted();
    for (size_t i = 0; i < sizeof BARE / sizeof BARE[0]; i++) {
        send_frame(fd, BARE[i], NULL, 0);
        expect_frame(fd, BARE[i], JET_errNoBackup);
    }
    send_number(fd, CONTROL_READ, 65536);
    expect_frame(fd, CONTROL_READ, JET_errNoBackup);
    send_number(fd, CONTROL_END, JET_bitBackupEndNormal);
    expect_frame(fd, CONTROL_END, JET_errNoBackup);
    assert_int_equal(open_result(fd, live.database), JET_errNoBackup);
    send_number(fd, CONTROL_BEGIN, JET_bitBackupIncremental);
    expect_frame(fd, CONTROL_BEGIN, JET_errMissingFullBackup);
    const uint32_t strange[] = {2, 4, 0x10, 0x20, 0x40, 0x80000000};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        send_number(fd, CONTROL_BEGIN, strange[i]);
        expect_frame(fd, CONTROL_BEGIN, JET_errInvalidGrbit);
    }

    send_number(fd, CONTROL_BEGIN, 0);
    expect_frame(fd, CONTROL_BEGIN, JET_errSuccess);
    send_number(fd, CONTROL_BEGIN, 0);
    expect_frame(fd, CONTROL_BEGIN, JET_errBackupInProgress);
    assert_int_equal(open_result(fd, "/etc/passwd"), JET_errDatabaseNotFound);
    assert_int_equal(open_result(fd, live.database), JET_errSuccess);
    assert_int_equal(open_result(fd, live.database), JET_errOutOfMemory);
    send_number(fd, CONTROL_READ, 4096);
    expect_frame(fd, CONTROL_READ, JET_errInvalidParameter);
    send_number(fd, CONTROL_READ, 0);
    expect_frame(fd, CONTROL_READ, JET_errInvalidParameter);
    send_number(fd, CONTROL_READ, 12287);
    expect_frame(fd, CONTROL_READ, JET_errInvalidParameter);
    send_frame(fd, CONTROL_CLOSE, NULL, 0);
    expect_frame(fd, CONTROL_CLOSE, JET_errSuccess);
    send_number(fd, CONTROL_END, 0);
    expect_frame(fd, CONTROL_END, JET_errInvalidParameter);
    send_number(fd, CONTROL_END, JET_bitBackupEndNormal);
    expect_frame(fd, CONTROL_END, errBackupAbortByCaller);
    close(fd);
    stop_serving();
}

static void a_client_cannot_touch_a_backup_that_it_did_not_begin(void **state)
{
    (void)state;
    start_serving(1, 0, 0);
    int fd = connect_in_backup();
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    send_frame(fd, CONTROL_LIST_DATABASES, NULL, 0);
    expect_frame(fd, CONTROL_LIST_DATABASES, JET_errNoBackup);
    send_number(fd, CONTROL_END, JET_bitBackupEndAbort);
    expect_frame(fd, CONTROL_END, JET_errNoBackup);
    close(fd);
    close(connect_greeted()); /* the first one is gone with all its consequences */
    assert_err(JetBeginExternalBackupInstance(live.instance, 0), JET_errBackupInProgress);
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    stop_serving();
}

/* --- clients that vanish, hang, or talk nonsense --- */

static void a_client_that_vanishes_ends_its_backup(void **state)
{
    (void)state;
    start_serving(200, 0, 0);
    for (unsigned round = 0; round < 20; round++) {
        int fd = connect_in_backup();
        assert_int_equal(open_result(fd, live.database), JET_errSuccess);
        send_number(fd, CONTROL_READ, CONTROL_READ_MAX); /* more than the socket holds: it vanishes in the middle of a reply */
        if (round % 2 == 0)
            assert_true(recv(fd, piece, 1000, 0) > 0);
        close(fd);
        assert_no_backup_soon();
    }
    stop_serving();
}

static void a_half_request_is_waited_for_no_longer_than_the_stall_time(void **state)
{
    const uint32_t magic = CONTROL_MAGIC;
    (void)state;
    start_serving(1, 200, 60000);
    int fd = connect_in_backup();
    for (size_t i = 0; i < sizeof magic; i++) { /* a byte now and then does not help */
        assert_int_equal(send(fd, (const uint8_t *)&magic + i, 1, MSG_NOSIGNAL), 1);
        thread_sleep_ms(20);
    }
    expect_frame(fd, CONTROL_REFUSED, JET_errBackupAbortByServer);
    expect_end(fd);
    assert_no_backup_soon();
    stop_serving();
}

static void a_client_that_does_not_take_its_reply_is_cut_off(void **state)
{
    (void)state;
    start_serving(200, 200, 60000);
    int fd = connect_in_backup();
    assert_int_equal(open_result(fd, live.database), JET_errSuccess);
    send_number(fd, CONTROL_READ, CONTROL_READ_MAX);
    assert_no_backup_soon();
    close(fd);
    stop_serving();
}

static void a_client_that_asks_for_nothing_is_cut_off_in_and_outside_of_a_backup(void **state)
{
    (void)state;
    start_serving(1, 300, 200);
    int fd = connect_in_backup();
    expect_frame(fd, CONTROL_REFUSED, JET_errBackupAbortByServer);
    expect_end(fd);
    assert_no_backup_soon();
    fd = connect_greeted();
    expect_frame(fd, CONTROL_REFUSED, JET_errBackupAbortByServer);
    expect_end(fd);
    stop_serving();
}

static void a_frame_that_is_no_request_ends_the_connection_and_nothing_else(void **state)
{
    static const struct {
        uint32_t magic;
        uint16_t type, zero;
        uint32_t length, result;
    } FRAMES[] = {{0, CONTROL_HELLO, 0, 0, 0},
                  {CONTROL_MAGIC + 1, CONTROL_HELLO, 0, 0, 0},
                  {CONTROL_MAGIC, 0, 0, 0, 0},
                  {CONTROL_MAGIC, CONTROL_TYPES_END, 0, 0, 0},
                  {CONTROL_MAGIC, CONTROL_REFUSED, 0, 0, 0},
                  {CONTROL_MAGIC, CONTROL_HELLO, 1, 0, 0},
                  {CONTROL_MAGIC, CONTROL_HELLO, 0, 1, 0},
                  {CONTROL_MAGIC, CONTROL_HELLO, 0, 0, 1},
                  {CONTROL_MAGIC, CONTROL_BEGIN, 0, 0, 0},
                  {CONTROL_MAGIC, CONTROL_READ, 0, 5, 0},
                  {CONTROL_MAGIC, CONTROL_OPEN, 0, 0, 0},
                  {CONTROL_MAGIC, CONTROL_OPEN, 0, CONTROL_REQUEST_PAYLOAD_MAX + 1, 0},
                  {CONTROL_MAGIC, CONTROL_OPEN, 0, UINT32_MAX, 0},
                  {CONTROL_MAGIC, CONTROL_READ, 0, UINT32_MAX - 15, 0}};
    (void)state;
    start_serving(1, 0, 0);
    for (size_t i = 0; i < sizeof FRAMES / sizeof FRAMES[0]; i++) {
        uint8_t bytes[CONTROL_HEADER_SIZE];
        store_le32(bytes, FRAMES[i].magic);
        store_le16(bytes + 4, FRAMES[i].type);
        store_le16(bytes + 6, FRAMES[i].zero);
        store_le32(bytes + 8, FRAMES[i].length);
        store_le32(bytes + 12, FRAMES[i].result);
        int fd = connect_in_backup();
        assert_int_equal(send(fd, bytes, sizeof bytes, MSG_NOSIGNAL), sizeof bytes);
        expect_frame(fd, CONTROL_REFUSED, JET_errInvalidParameter);
        expect_end(fd);
        assert_no_backup_soon();
    }
    int fd = connect_greeted();
    send_frame(fd, CONTROL_OPEN, "a\0b", 3);
    expect_frame(fd, CONTROL_REFUSED, JET_errInvalidParameter);
    expect_end(fd);
    stop_serving();
}

/* One connection of the fuzz loop: some frames, mostly of the right form with arguments from anywhere, some of them broken, in odd pieces. */
static void talk_nonsense(unsigned *seed)
{
    static uint8_t bytes[8192];
    size_t used = 0;
    int fd = connect_greeted();
    unsigned frames = 1 + (unsigned)rand_r(seed) % 12;
    for (unsigned i = 0; i < frames; i++) {
        unsigned type = (unsigned)rand_r(seed) % CONTROL_TYPES_END;
        uint32_t length = type == CONTROL_OPEN ? 1 + (uint32_t)rand_r(seed) % 300 : type == CONTROL_BEGIN || type == CONTROL_READ || type == CONTROL_END ? 4 : 0;
        control_header_encode(&(struct control_header){.type = (uint16_t)type, .length = length}, bytes + used);
        for (uint32_t j = 0; j < length; j++)
            bytes[used + CONTROL_HEADER_SIZE + j] = (uint8_t)(rand_r(seed) % 3 == 0 ? 0 : rand_r(seed));
        used += CONTROL_HEADER_SIZE + length;
    }
    for (unsigned i = 0; i < (unsigned)rand_r(seed) % 4; i++)
        bytes[(unsigned)rand_r(seed) % used] = (uint8_t)rand_r(seed);
    for (size_t sent = 0; sent < used;) {
        size_t size = 1 + (size_t)rand_r(seed) % (used - sent);
        ssize_t count = send(fd, bytes + sent, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count <= 0)
            break;
        sent += (size_t)count;
    }
    if (rand_r(seed) % 2 == 0) {
        shutdown(fd, SHUT_WR);
        while (recv(fd, piece, PIECE_BYTES, 0) > 0)
            ;
    }
    close(fd);
}

static void random_bytes_harm_neither_server_nor_instance(void **state)
{
    const char *given = getenv("OPENESE_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : (unsigned)time(NULL) ^ (unsigned)getpid();
    (void)state;
    print_message("seed %u (OPENESE_SEED)\n", seed);
    start_serving(5, 0, 0);
    for (unsigned round = 0; round < FUZZ_ROUNDS; round++)
        talk_nonsense(&seed);
    assert_no_backup_soon();
    insert_rows(1);
    stop_serving();
}

/* --- the instance's own end --- */

static void term_waits_for_the_client_or_ends_it_as_asked(void **state)
{
    (void)state;
    start_serving(1, 0, 0);
    int fd = connect_in_backup();
    assert_err(JetTerm2(live.instance, JET_bitTermComplete), JET_errBackupInProgress);
    send_frame(fd, CONTROL_LIST_DATABASES, NULL, 0);
    expect_frame(fd, CONTROL_LIST_DATABASES, JET_errSuccess); /* served as before */
    assert_good(JetTerm2(live.instance, JET_bitTermComplete | JET_bitTermStopBackup));
    live.instance = JET_instanceNil;
    expect_frame(fd, CONTROL_REFUSED, JET_errTermInProgress);
    expect_end(fd);
    stop_serving();
}

static void *end_instance(void *argument)
{
    (void)argument;
    return (void *)(intptr_t)JetTerm2(live.instance, JET_bitTermAbrupt);
}

static void term_amid_a_streaming_client_joins_the_server(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 10; round++) {
        pthread_t thread;
        void *result;
        uint32_t got = 1;
        uint64_t size;
        JET_ERR err = JET_errSuccess;
        start_serving(50, 0, 0);
        struct backup_source source = connect_source();
        assert_good(source.begin(source.context, false));
        assert_int_equal(pthread_create(&thread, NULL, end_instance, NULL), 0);
        while (err >= 0) {
            err = source.open(source.context, live.database, &size);
            while (err >= 0 && got > 0)
                err = source.read(source.context, piece, 65536, &got);
            got = 1;
            if (err >= 0)
                err = source.close(source.context);
        }
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_int_equal((intptr_t)result, JET_errSuccess);
        source.release(source.context);
        live.instance = JET_instanceNil;
        stop_serving();
    }
}

static void stop_backup_and_stop_control_reach_the_client(void **state)
{
    (void)state;
    start_serving(1, 0, 0);
    int fd = connect_in_backup();
    assert_int_equal(open_result(fd, live.database), JET_errSuccess);
    assert_good(JetStopBackupInstance(live.instance));
    send_number(fd, CONTROL_READ, 65536);
    expect_frame(fd, CONTROL_READ, JET_errBackupAbortByServer);
    send_number(fd, CONTROL_END, JET_bitBackupEndNormal);
    expect_frame(fd, CONTROL_END, JET_errBackupAbortByServer);
    send_number(fd, CONTROL_BEGIN, 0);
    expect_frame(fd, CONTROL_BEGIN, JET_errSuccess);
    assert_good(JetxStopControl(live.instance));
    expect_frame(fd, CONTROL_REFUSED, JET_errBackupAbortByServer);
    expect_end(fd);
    assert_no_backup_soon();
    stop_serving();
}

static void a_stopped_service_refuses_the_client_and_its_backup_still_ends(void **state)
{
    (void)state;
    start_serving(1, 0, 0);
    int fd = connect_in_backup();
    assert_good(JetStopServiceInstance(live.instance));
    send_frame(fd, CONTROL_LIST_DATABASES, NULL, 0);
    expect_frame(fd, CONTROL_LIST_DATABASES, JET_errClientRequestToStopJetService);
    close(fd);
    close(connect_greeted());
    stop_serving(); /* would say that a backup is in progress */
}

static int allocate_piece(void **state)
{
    (void)state;
    piece = (uint8_t *)aligned_alloc(4096, PIECE_BYTES);
    return piece == NULL;
}

static int free_piece(void **state)
{
    (void)state;
    free(piece);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_and_an_incremental_backup_through_the_socket_restore_every_row),
        cmocka_unit_test(an_early_close_leaves_the_file_uncopied_and_the_next_one_readable),
        cmocka_unit_test(the_hello_tells_the_instance_and_whether_a_backup_runs),
        cmocka_unit_test(the_socket_is_for_its_owner_alone_whatever_the_umask),
        cmocka_unit_test(a_stale_socket_is_replaced_and_everything_else_at_the_path_stays),
        cmocka_unit_test(of_servers_that_replace_one_stale_socket_at_once_one_gets_it),
        cmocka_unit_test(a_file_that_took_the_sockets_place_is_not_removed),
        cmocka_unit_test(bad_paths_and_options_are_refused),
        cmocka_unit_test(a_second_client_is_told_at_once_and_the_place_is_free_after_the_first),
        cmocka_unit_test(a_process_of_another_user_is_refused_even_when_it_can_connect),
        cmocka_unit_test(every_call_passes_the_checks_of_the_public_ones),
        cmocka_unit_test(a_client_cannot_touch_a_backup_that_it_did_not_begin),
        cmocka_unit_test(a_client_that_vanishes_ends_its_backup),
        cmocka_unit_test(a_half_request_is_waited_for_no_longer_than_the_stall_time),
        cmocka_unit_test(a_client_that_does_not_take_its_reply_is_cut_off),
        cmocka_unit_test(a_client_that_asks_for_nothing_is_cut_off_in_and_outside_of_a_backup),
        cmocka_unit_test(a_frame_that_is_no_request_ends_the_connection_and_nothing_else),
        cmocka_unit_test(random_bytes_harm_neither_server_nor_instance),
        cmocka_unit_test(term_waits_for_the_client_or_ends_it_as_asked),
        cmocka_unit_test(term_amid_a_streaming_client_joins_the_server),
        cmocka_unit_test(stop_backup_and_stop_control_reach_the_client),
        cmocka_unit_test(a_stopped_service_refuses_the_client_and_its_backup_still_ends),
    };
    return cmocka_run_group_tests(tests, allocate_piece, free_piece);
}
