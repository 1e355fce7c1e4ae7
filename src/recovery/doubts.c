/* Pages that could not be judged in the required range (recovery.md 7.2): a set that must be empty at the range's end. */
#include "base/memory.h"
#include "recovery/internal.h"

/* Index of the first item at or behind page_no. */
static uint32_t lower_bound(const struct doubtful_pages *doubts, page_no_t page_no)
{
    uint32_t low = 0, high = doubts->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (doubts->items[middle].page_no < page_no)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

JET_ERR doubts_add(struct doubtful_pages *doubts, page_no_t page_no, JET_ERR fault)
{
    JET_ERR err = JET_errSuccess;
    uint32_t at = lower_bound(doubts, page_no);
    if (at < doubts->count && doubts->items[at].page_no == page_no)
        goto done;
    if (doubts->count == doubts->room) {
        uint32_t room = doubts->room == 0 ? 64 : doubts->room * 2;
        struct doubtful_page *grown = (struct doubtful_page *)mem_resize(doubts->items, room * sizeof *grown);
        if (grown == NULL)
            RAISE(JET_errOutOfMemory);
        doubts->items = grown;
        doubts->room = room;
    }
    memmove(doubts->items + at + 1, doubts->items + at, (doubts->count - at) * sizeof *doubts->items);
    doubts->items[at] = (struct doubtful_page){page_no, fault};
    doubts->count++;
done:
    return err;
}

void doubts_remove(struct doubtful_pages *doubts, page_no_t first, page_no_t last)
{
    uint32_t from = lower_bound(doubts, first), to = last == UINT32_MAX ? doubts->count : lower_bound(doubts, last + 1);
    if (to <= from)
        return;
    memmove(doubts->items + from, doubts->items + to, (doubts->count - to) * sizeof *doubts->items);
    doubts->count -= to - from;
}

void doubts_release(struct doubtful_pages *doubts)
{
    mem_free(doubts->items);
    memset(doubts, 0, sizeof *doubts);
}

JET_ERR doubts_first_fault(const struct doubtful_pages *doubts)
{
    for (uint32_t i = 0; i < doubts->count; i++)
        if (doubts->items[i].fault == JET_errFileIOBeyondEOF)
            return JET_errFileIOBeyondEOF; /* the file has been cut: that says most */
    return doubts->count > 0 ? doubts->items[0].fault : JET_errSuccess;
}
