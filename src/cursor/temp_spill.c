/* Spill files of temporary tables (temp_spill.h). */
#include "cursor/temp_spill.h"

#include <stdio.h>

#include "base/memory.h"

enum { NUMBER_DIGITS = 24, NAMES_MAX = 100000 };

bool temp_row_is_sound(const struct temp_row *row, size_t room)
{
    if (room < sizeof *row || row->size > room || row->size % 8 != 0)
        return false;
    uint64_t end = (uint64_t)temp_row_key_offset(row) + row->key_size;
    if (end > row->size)
        return false;
    for (uint32_t i = 0; i < row->value_count; i++) {
        if (row->values[i].end < end || row->values[i].end > row->size)
            return false;
        end = row->values[i].end;
    }
    return true;
}

JET_ERR temp_spill_open(struct temp_spill *spill)
{
    JET_ERR err = JET_errSuccess;
    char *name = NULL;
    if (spill->file != NULL)
        goto done;
    size_t room = strlen(spill->path) + NUMBER_DIGITS;
    name = mem_alloc(room);
    if (name == NULL)
        RAISE(JET_errOutOfMemory);
    /* Another table's file has its name for a moment only: the next number is free, or the one after it. */
    err = JET_errFileAlreadyExists;
    for (uint32_t n = 0; err == JET_errFileAlreadyExists && n < NAMES_MAX; n++) {
        snprintf(name, room, "%s.spill%u", spill->path, n);
        err = os_file_open(spill->fs, name, OS_OPEN_READ | OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE | OS_OPEN_NO_FOLLOW, &spill->file);
    }
    TRY(err);
    spill->end = 0;
    TRY(os_remove(spill->fs, name));
done:
    mem_free(name);
    return err;
}

JET_ERR temp_spill_append(struct temp_spill *spill, const void *bytes, size_t size, uint64_t *offset)
{
    JET_ERR err = JET_errSuccess;
    TRY(temp_spill_open(spill));
    TRY(os_file_write(spill->file, spill->end, bytes, size));
    *offset = spill->end;
    spill->end += size;
done:
    return err;
}

void temp_spill_close(struct temp_spill *spill)
{
    os_file_close(spill->file);
    spill->file = NULL;
    spill->end = 0;
}
