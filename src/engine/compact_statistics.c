/* The file of statistics (compact_statistics.h). A line for each table, fields separated by tabs, with a heading line. */
#include "engine/compact_statistics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/page.h"
#include "os/clock.h"
#include "os/file.h"

#define FILE_NAME "DFRGINFO.TXT"
enum { LINE_MOST = 1024, NS_PER_MS = 1000000 };

static JET_ERR write_line(struct compact_statistics *s, const char *line)
{
    JET_ERR err = JET_errSuccess;
    size_t size = strlen(line);
    TRY(os_file_write(s->file, s->size, line, size));
    s->size += size;
done:
    return err;
}

JET_ERR compact_statistics_begin(struct session *session, const char *source, struct compact_statistics *out)
{
    JET_ERR err = JET_errSuccess;
    char line[LINE_MOST];
    *out = (struct compact_statistics){.begun_ns = clock_monotonic_ns()};
    TRY(os_file_open(instance_fs(session->instance), FILE_NAME, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &out->file));
    snprintf(line, sizeof line, "Compaction of %.900s\n\n", source != NULL ? source : "");
    TRY(write_line(out, line));
    TRY(write_line(out, "Table\tSecondary indexes\tPages owned\tPages available\tRows\tRow bytes\tLong value bytes\tPages of rows\tPages of long values\n"));
done:
    return err;
}

JET_ERR compact_statistics_table(struct compact_statistics *s, const struct compact_table *table)
{
    char line[LINE_MOST];
    snprintf(line, sizeof line, "%.700s\t%u\t%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%u\t%u\n", table->name, table->indexes, table->pages_owned, table->pages_available, table->rows,
             table->row_bytes, table->long_value_bytes, table->pages, table->long_value_pages);
    return write_line(s, line);
}

JET_ERR compact_statistics_end(struct compact_statistics *s, const struct session *session, const struct compact_report *report)
{
    char line[LINE_MOST];
    uint32_t page_size = instance_page_size(session->instance);
    uint64_t ms = (clock_monotonic_ns() - s->begun_ns) / NS_PER_MS;
    snprintf(line, sizeof line,
             "\nSource: %" PRIu64 " bytes, %u pages, %u of them available\nCopy: %" PRIu64 " bytes, %u pages\nTemporary database: 0 bytes\nTime: %" PRIu64 ".%03u seconds\n",
             page_file_offset(report->source_pages, page_size) + page_size, report->source_pages, report->source_available, page_file_offset(report->pages, page_size) + page_size,
             report->pages, ms / 1000, (unsigned)(ms % 1000));
    return write_line(s, line);
}

void compact_statistics_close(struct compact_statistics *s)
{
    os_file_close(s->file);
    s->file = NULL;
}
