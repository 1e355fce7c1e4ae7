/* Modules: parts of the library that need another library, as files of their own which are loaded when they are wanted (icu/, crypto/). Called by whoever wants one. No locks. */
#ifndef OPENESE_OS_MODULE_H
#define OPENESE_OS_MODULE_H

/* Loads a module. file: its name, "libesent-icu.so". Looked for in this order: where the environment variable says (a path; empty: nowhere), the folder of the library or of the
 * program that contains it, where the loader looks. Programs that run with other rights than their caller's heed neither the variable nor their own folder. Once there it stays in
 * the process. NULL: there is none; else for module_close. */
void *module_open(const char *variable, const char *file);
/* The address of what the module shows under a name, or NULL. */
const void *module_symbol(void *module, const char *name);
/* Accepts NULL. */
void module_close(void *module);

#endif
