/* The exported functions that are not there yet, or never will be: each answers as api_table.def says, whatever its arguments.
 *
 * The public header is not included on purpose: the functions are defined without parameters, which the calling convention allows for any
 * arguments, and their names are not replaced by its macros. The list of addresses at the end makes the linker ask for every function of the table, so
 * that one that is neither here nor in jet_*.c does not link; one that is in both places is defined twice.
 */
#include <stdint.h>

enum { ANSWER_NOT_AVAILABLE = -1001 /* JET_errFeatureNotAvailable */, ANSWER_NYI = -1 /* JET_wrnNyi */ };

#define DECLARE(name) extern __attribute__((visibility("default"))) int32_t name(void);
#define DECLARE_PLAIN(name) DECLARE(name)
#define DECLARE_A_W(name) DECLARE(name##A) DECLARE(name##W)
#define DECLARE_PLAIN_A_W(name) DECLARE(name) DECLARE(name##A) DECLARE(name##W)
#define API_ENTRY(name, forms, area, status, note) DECLARE_##forms(name)
#include "api/api_table.def"
#undef API_ENTRY

#define ANSWER(name, answer) \
    int32_t name(void) { return (answer); }
#define ANSWER_PLAIN(name, answer) ANSWER(name, answer)
#define ANSWER_A_W(name, answer) ANSWER(name##A, answer) ANSWER(name##W, answer)
#define ANSWER_PLAIN_A_W(name, answer) ANSWER(name, answer) ANSWER(name##A, answer) ANSWER(name##W, answer)
#define DEFINE_WORKS(name, forms)
#define DEFINE_PARTIAL(name, forms)
#define DEFINE_NOT_AVAILABLE(name, forms) ANSWER_##forms(name, ANSWER_NOT_AVAILABLE)
#define DEFINE_REFUSED(name, forms) ANSWER_##forms(name, ANSWER_NOT_AVAILABLE)
#define DEFINE_NYI(name, forms) ANSWER_##forms(name, ANSWER_NYI)
#define API_ENTRY(name, forms, area, status, note) DEFINE_##status(name, forms)
#include "api/api_table.def"
#undef API_ENTRY

#define ADDRESS_PLAIN(name) name,
#define ADDRESS_A_W(name) name##A, name##W,
#define ADDRESS_PLAIN_A_W(name) name, name##A, name##W,
#define API_ENTRY(name, forms, area, status, note) ADDRESS_##forms(name)
static int32_t (*const api_every_function[])(void) __attribute__((used)) = {
#include "api/api_table.def"
};
