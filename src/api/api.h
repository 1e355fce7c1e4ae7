/* What every file of api/ shares: how an entry point becomes a symbol of the library.
 *
 * A function with text arguments has three symbols: JetXA (UTF-8), JetXW (UTF-16LE), and JetX, which is JetXA. Write JetXA and JetXW with JET_EXPORT, and
 * JET_EXPORT_PLAIN(JetX); after JetXA. Its line in api_table.def must say that it is there (WORKS or PARTIAL): stubs.c makes the others.
 * Functions that the public header declares only under ESENT_PRIVATE need that macro before the first #include.
 */
#ifndef OPENESE_API_API_H
#define OPENESE_API_API_H

#include "base/error.h"

#define JET_EXPORT __attribute__((visibility("default")))
/* In the file that defines name##A. */
#define JET_EXPORT_PLAIN(name) extern __typeof__(name##A) name __attribute__((alias(#name "A"), visibility("default")))

#endif
