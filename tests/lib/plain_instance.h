/* Instances without logging, for black-box tests of states, modes and sessions. */
#ifndef TESTS_LIB_PLAIN_INSTANCE_H
#define TESTS_LIB_PLAIN_INSTANCE_H

#include "esent.h"
#include "live_instance.h"

/* A created instance in a new scratch folder, with JET_paramRecovery "off" and events off; not started. */
JET_INSTANCE plain_create(const char *name);
/* Sets what plain_create sets, on an instance made by other means. */
void plain_configure(JET_INSTANCE instance, const char *folder);
/* The same, started. */
JET_INSTANCE plain_start(const char *name);
/* JetTerm2 that must succeed. */
void plain_stop(JET_INSTANCE instance);
JET_SESID plain_session(JET_INSTANCE instance);

#endif
