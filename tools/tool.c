/* Error lines, options and the progress bar (tool.h). */
#include "tool.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/file.h"
#include "visible.h"

void tool_name(FILE *out, const struct command *self) { fprintf(out, self->run != NULL ? "ese %s: " : "%s: ", self->name); }

/* Names in it may be anything. */
static void print_arguments(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
static void print_arguments(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        return;
    print_visible(stderr, text);
    free(text);
}

int tool_error(const struct command *self, JET_ERR err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tool_name(stderr, self);
    print_arguments(format, arguments);
    va_end(arguments);
    if (err != JET_errSuccess)
        fprintf(stderr, ": %s (%d)", error_name(err), (int)err);
    fputc('\n', stderr);
    return EXIT_ERROR;
}

const char *tool_path_hint(JET_ERR err, const char *path, bool wants_folder)
{
    enum { HEADER_LEAST = 2048 };
    struct os_file_info info;
    if (os_stat(os_fs_posix(), path, &info) < 0)
        return wants_folder && !os_exists(os_fs_posix(), path) ? " (it does not exist)" : ""; /* of a file the error says it */
    if (info.is_directory != wants_folder)
        return wants_folder ? " (it is no folder)" : " (it is a folder)";
    if (access(path, R_OK) != 0)
        return " (no permission to read it)";
    if (!wants_folder && info.size < HEADER_LEAST)
        return info.size == 0 ? " (it is empty)" : " (it is too small for a header)";
    if (!wants_folder && err == JET_errFileAccessDenied && access(path, W_OK) == 0)
        return " (a program has it open)";
    return "";
}

int tool_usage(const struct command *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "ese %s: ", self->name);
    print_arguments(format, arguments);
    va_end(arguments);
    fprintf(stderr, " (see ese %s --help)\n", self->name);
    return EXIT_USAGE;
}

static bool option_matches(const struct option_spec *o, const char *argument, const char **inline_value)
{
    *inline_value = NULL;
    if (argument[1] != '-')
        return o->short_name != 0 && argument[1] == o->short_name && argument[2] == 0;
    size_t length = strlen(o->long_name);
    if (strncmp(argument + 2, o->long_name, length) != 0)
        return false;
    if (argument[2 + length] == '=' && o->takes_value)
        *inline_value = argument + 2 + length + 1;
    return argument[2 + length] == 0 || *inline_value != NULL;
}

/* The first entry without value, so that an option which stands several times in the table collects several values; the last one otherwise. */
static struct option_spec *find_option(struct option_spec *options, size_t count, const char *argument, const char **inline_value)
{
    struct option_spec *found = NULL;
    for (size_t i = 0; i < count && (found == NULL || found->value != NULL); i++) {
        const char *value;
        if (option_matches(&options[i], argument, &value)) {
            found = &options[i];
            *inline_value = value;
        }
    }
    return found;
}

bool tool_options(const struct command *self, int argc, char **argv, struct option_spec *options, size_t option_count, int *count, int *status)
{
    bool only_positional = false;
    *count = 0;
    for (int i = 0; i < argc; i++) {
        char *argument = argv[i];
        if (only_positional || argument[0] != '-' || argument[1] == 0) {
            argv[(*count)++] = argument;
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            only_positional = true;
            continue;
        }
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            fputs(self->help, stdout);
            *status = EXIT_GOOD;
            return false;
        }
        const char *value;
        struct option_spec *o = find_option(options, option_count, argument, &value);
        if (o == NULL) {
            *status = tool_usage(self, "unknown option %s", argument);
            return false;
        }
        if (!o->takes_value)
            value = "";
        else if (value == NULL && i + 1 < argc)
            value = argv[++i];
        if (value == NULL) {
            *status = tool_usage(self, "option %s needs a value", argument);
            return false;
        }
        o->value = value;
    }
    return true;
}

void progress_start(struct progress *p, const char *label, uint64_t total)
{
    const char *forced = getenv("OPENESE_PROGRESS");
    *p = (struct progress){.label = label, .total = total != 0 ? total : 1, .shown_percent = UINT64_MAX, .started_ns = clock_monotonic_ns()};
    p->is_shown = forced != NULL ? forced[0] == '1' : isatty(STDERR_FILENO) != 0;
}

void progress_update(struct progress *p, uint64_t done)
{
    enum { WIDTH = 40 };
    uint64_t percent = done >= p->total ? 100 : done * 100 / p->total;
    if (!p->is_shown || percent == p->shown_percent)
        return;
    p->shown_percent = percent;
    double seconds = (double)(clock_monotonic_ns() - p->started_ns) / 1e9;
    fprintf(stderr, "\r%-24.24s [", VISIBLE(p->label));
    for (unsigned i = 0; i < WIDTH; i++)
        fputc(i * 100 < percent * WIDTH ? '#' : '.', stderr);
    fprintf(stderr, "] %3u%% %5.1fs", (unsigned)percent, seconds);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->is_shown && p->shown_percent != UINT64_MAX)
        fprintf(stderr, "\r%*s\r", 85, "");
    p->is_shown = false;
}

void file_progress_update(void *context, const char *file, uint64_t done, uint64_t total)
{
    struct file_progress *p = (struct file_progress *)context;
    if (strcmp(p->file, file) != 0 || p->bar.label == NULL) {
        snprintf(p->file, sizeof p->file, "%s", file);
        progress_start(&p->bar, p->file, total);
    }
    progress_update(&p->bar, done);
    if (done >= total) {
        progress_end(&p->bar);
        p->bar.label = NULL;
    }
}

double megabytes_per_second(uint64_t bytes, uint64_t started_ns, double *seconds)
{
    *seconds = (double)(clock_monotonic_ns() - started_ns) / 1e9;
    return *seconds > 0 ? (double)bytes / 1e6 / *seconds : 0;
}

const char *format_bytes(uint64_t bytes, char *text)
{
    static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    unsigned unit = 0;
    while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
    }
    snprintf(text, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
    return text;
}

void print_json_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (size_t length; *text != 0; text += length) {
        uint32_t c = utf8_decode(text, &length);
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", (int)c);
        else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || (length == 1 && c >= 0x80)) /* a control character, or no UTF-8: names of files may be anything */
            fprintf(out, "\\u%04x", c);
        else
            fwrite(text, 1, length, out);
    }
    fputc('"', out);
}

void print_hex(FILE *out, struct span bytes)
{
    char digits[512];
    for (uint32_t at = 0; at < bytes.size;) {
        uint32_t part = bytes.size - at < sizeof digits / 2 ? bytes.size - at : (uint32_t)(sizeof digits / 2);
        hex_encode(span_of(bytes.data + at, part), digits);
        fwrite(digits, 1, 2 * (size_t)part, out);
        at += part;
    }
}
