/* A file system between the library and another one, that fails, records, and replays what a power cut would leave.
 *
 * Three uses:
 *  1. fail: fault_fs_fail makes the Nth operation of a kind return an error (once, or from then on: the disk is gone);
 *  2. count: fault_fs_count, fault_fs_open_files (a leak check), and a hook before each operation (to hold a read back);
 *  3. record: after fault_fs_record every change is kept as an event; fault_fs_build_image writes to a folder what a disk may hold
 *     when power went after the first N events. What a sync covers is there; of the rest, by mode, everything, nothing, or a random
 *     subset with writes torn at sectors of 512 bytes. A new, renamed or removed name is durable after dir_sync of its folder; of later
 *     ones a random prefix per folder is kept.
 *
 * Memory comes from malloc, not from the library's counter, and lack of it aborts: these are tests. Any number of threads may use it.
 */
#ifndef TESTS_LIB_FAULT_FS_H
#define TESTS_LIB_FAULT_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/file.h"

struct fault_fs;

enum fault_operation {
    FAULT_OPEN,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_SYNC,
    FAULT_SET_SIZE,
    FAULT_REMOVE,
    FAULT_RENAME,
    FAULT_DIR_SYNC,
    FAULT_ANY, /* any of the above */
    FAULT_ANY_CHANGE, /* any of the above but open and read */
    FAULT_OPERATION_COUNT
};

/* under stays the caller's and must outlive it. */
struct fault_fs *fault_fs_create(struct os_fs *under);
void fault_fs_destroy(struct fault_fs *f);
/* What is handed to the code under test. */
struct os_fs *fault_fs_os(struct fault_fs *f);

/* The nth (1 = next) operation of the kind fails with error; with sticky, all later ones too. nth 0 switches off. A failed write
 * writes the first torn_bytes of its buffer. Only one fault is armed at a time. */
void fault_fs_fail(struct fault_fs *f, enum fault_operation operation, uint64_t nth, JET_ERR error, bool sticky);
void fault_fs_fail_torn(struct fault_fs *f, uint64_t nth_write, JET_ERR error, size_t torn_bytes);
/* Only files whose path contains text are failed (NULL: all). text must stay valid. */
void fault_fs_fail_only(struct fault_fs *f, const char *text);
/* Has the armed fault struck? */
bool fault_fs_has_failed(const struct fault_fs *f);
/* Operations since creation or the last reset, failed ones included. */
uint64_t fault_fs_count(const struct fault_fs *f, enum fault_operation operation);
void fault_fs_reset_counts(struct fault_fs *f);
/* Files open through it now. */
uint64_t fault_fs_open_files(const struct fault_fs *f);
/* Called before each operation, without locks. NULL switches off; set it while no other thread uses the file system. */
typedef void (*fault_fs_hook)(void *context, enum fault_operation operation, const char *path, uint64_t offset, size_t size);
void fault_fs_set_hook(struct fault_fs *f, fault_fs_hook hook, void *context);

/* Starts recording with the files below folder (its own files only, no sub-folders) as the durable state. Files outside are passed
 * through and not recorded. May be called once, before any file of the folder is open. */
void fault_fs_record(struct fault_fs *f, const char *folder);
enum fault_event { FAULT_EVENT_WRITE, FAULT_EVENT_SET_SIZE, FAULT_EVENT_SYNC, FAULT_EVENT_CREATE, FAULT_EVENT_RENAME, FAULT_EVENT_REMOVE, FAULT_EVENT_DIR_SYNC };
size_t fault_fs_event_count(const struct fault_fs *f);
enum fault_event fault_fs_event_kind(const struct fault_fs *f, size_t i);
enum fault_image {
    FAULT_IMAGE_KEEP_ALL, /* a killed process: everything written is there */
    FAULT_IMAGE_DROP_ALL, /* the disk kept only what it had to */
    FAULT_IMAGE_RANDOM    /* each unsynced change kept, dropped or torn, by seed */
};
/* Torn writes are torn at multiples of this many bytes (default 512). A disk that never tears a page has the page size. */
void fault_fs_set_tear_unit(struct fault_fs *f, uint64_t bytes);
/* Another unit for one file that is there when recording begins (its name without folder; the text must stay valid). */
void fault_fs_set_tear_unit_of(struct fault_fs *f, const char *name, uint64_t bytes);
/* Writes the image after the first `events` events into target (an existing empty folder). The same seed gives the same image. */
void fault_fs_build_image(const struct fault_fs *f, size_t events, enum fault_image mode, uint64_t seed, const char *target);

#endif
