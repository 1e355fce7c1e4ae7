/* The events that instances report, kept for a test to look at. Any thread may report. */
#ifndef TESTS_LIB_RECORDED_EVENTS_H
#define TESTS_LIB_RECORDED_EVENTS_H

#include "esent_ext.h"

/* From now on the events of all instances without a callback of their own, and of restores, are kept. Forgets those before. The instances must have their
 * events on (live_configure = events_on). */
void events_start(void);
void events_stop(void);
void events_clear(void);
/* live_configure: JET_paramEventLoggingLevel at its highest. */
void events_on(JET_INSTANCE instance);
/* The kept events with one of the ids, in order, as "217 E(a|b) 213 I()"; ids end with 0, NULL: all. Folders that are prefixes of parameters can be cut
 * off: what stands before the last slash of a parameter becomes "". */
const char *events_text(const uint32_t *ids, int cuts_folders);
uint32_t events_count(uint32_t id);
/* Parameter n (from 0) of the last event with the id; NULL when there is none. */
const char *events_parameter(uint32_t id, uint32_t n);

#endif
