/* Moments as text (time_text.h). */
#include "time_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "set/manifest.h"

static bool apply_zone(const char *zone, struct tm *parts, int64_t *seconds)
{
    int hours, minutes, used = 0;
    char sign[2];
    if (zone[0] == 0)
        *seconds = (int64_t)mktime(parts);
    else if (zone[0] == 'Z' && zone[1] == 0)
        *seconds = (int64_t)timegm(parts);
    else if (sscanf(zone, "%1[+-]%2d:%2d%n", sign, &hours, &minutes, &used) == 3 && zone[used] == 0)
        *seconds = (int64_t)timegm(parts) - (sign[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    else
        return false;
    return *seconds > 0;
}

bool time_text_parse(const char *text, int64_t *seconds)
{
    static const char *const FORMS[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"};
    char *end;
    if (text[0] == '@') {
        *seconds = strtoll(text + 1, &end, 10);
        return end != text + 1 && *end == 0 && *seconds > 0;
    }
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        struct tm parts = {.tm_isdst = -1};
        const char *rest = strptime(text, FORMS[i], &parts);
        if (rest != NULL && apply_zone(rest, &parts, seconds))
            return true;
    }
    return false;
}

const char *time_text_format(int64_t seconds, char *text)
{
    text[0] = 0;
    return seconds == 0 ? text : set_time_format(seconds, text);
}
