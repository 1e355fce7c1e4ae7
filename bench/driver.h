/* What the benchmark's drivers share: the list of engines, rows, folders, clocks. */
#ifndef OPENESE_BENCH_DRIVER_H
#define OPENESE_BENCH_DRIVER_H

#include "engine.h"

/* The engines that were built in, NULL at the end. */
extern const struct bench_engine *const bench_engines[];

/* Seconds: wall, and of the process's processors. */
double bench_now(void);
double bench_cpu(void);
uint64_t bench_mix(uint64_t z);
/* Row number i as it is after `version` changes. */
void bench_make_row(uint64_t i, uint64_t version, struct bench_row *row);
/* An empty folder, whatever was there. */
void bench_empty_folder(const char *path);
/* Bytes in data files below a folder: not logs of any engine. With logs: everything. */
uint64_t bench_data_bytes(const char *path);
uint64_t bench_all_bytes(const char *path);
/* Is name in a list like a,b,c? NULL is the empty list. */
bool bench_wants(const char *list, const char *name);

#endif
