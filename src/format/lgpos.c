/* Log times and signatures: conversion and text (lgpos.h). */
#include "format/lgpos.h"

#include <time.h>

struct log_time log_time_from_unix(int64_t seconds, unsigned milliseconds)
{
    struct log_time t;
    struct tm parts;
    time_t when = (time_t)seconds;
    memset(&t, 0, sizeof t);
    if (gmtime_r(&when, &parts) == NULL)
        return t;
    t.bytes[0] = (uint8_t)parts.tm_sec;
    t.bytes[1] = (uint8_t)parts.tm_min;
    t.bytes[2] = (uint8_t)parts.tm_hour;
    t.bytes[3] = (uint8_t)parts.tm_mday;
    t.bytes[4] = (uint8_t)(parts.tm_mon + 1);
    t.bytes[5] = (uint8_t)parts.tm_year;
    t.bytes[6] = (uint8_t)(1u | (milliseconds & 0x7Fu) << 1);
    t.bytes[7] = (uint8_t)((milliseconds >> 7 & 7u) << 1);
    return t;
}

int64_t log_time_to_unix(struct log_time t)
{
    struct tm parts = {.tm_sec = t.bytes[0], .tm_min = t.bytes[1], .tm_hour = t.bytes[2], .tm_mday = t.bytes[3], .tm_mon = t.bytes[4] - 1, .tm_year = t.bytes[5]};
    if (!log_time_is_set(t) || parts.tm_sec > 60 || parts.tm_min > 59 || parts.tm_hour > 23 || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_mon < 0 || parts.tm_mon > 11)
        return 0;
    return (int64_t)timegm(&parts);
}

const char *log_time_format(struct log_time t, char *text, size_t size)
{
    if (!log_time_is_set(t))
        snprintf(text, size, "%s", "");
    else
        snprintf(text, size, "%04u-%02u-%02u %02u:%02u:%02u.%03u%s", 1900u + t.bytes[5], t.bytes[4], t.bytes[3], t.bytes[2], t.bytes[1],
                 t.bytes[0], log_time_milliseconds(t), log_time_is_utc(t) ? " UTC" : "");
    return text;
}

struct signature signature_make(uint32_t random, struct log_time created)
{
    struct signature s;
    memset(&s, 0, sizeof s);
    store_le32(s.bytes, random);
    memcpy(s.bytes + 4, created.bytes, LOG_TIME_SIZE);
    return s;
}
