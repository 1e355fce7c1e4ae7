/* System parameters: the table of what exists, and one set of values.
 *
 * A value that was never set is the table's default, so a set starts zeroed. The process has one set (global values, and the defaults that new
 * instances copy); each instance has one. Which set a call means is decided in parameter_access.c; here are the rules of
 * instance-and-session 14 for one value. Locks: the owner of a set guards it.
 */
#ifndef OPENESE_ENGINE_PARAMS_H
#define OPENESE_ENGINE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum param_kind { PARAM_NUMBER, PARAM_BOOL, PARAM_BITS, PARAM_CALLBACK, PARAM_POINTER, PARAM_STRUCT, PARAM_TEXT, PARAM_FOLDER, PARAM_PATH };
enum param_scope { PARAM_GLOBAL, PARAM_INSTANCE };
enum param_settable { PARAM_ALWAYS, PARAM_BEFORE_INIT, PARAM_BEFORE_MODE, PARAM_NEVER };
enum param_handling { PARAM_STORED, PARAM_IGNORED, PARAM_CUSTOM };

enum { PARAM_COUNT = 220, PARAM_ID_MAX = 220 };

struct param_info {
    const char *name;
    uint32_t id;
    enum param_kind kind;
    uintptr_t default_number;
    const char *default_text;
    uintptr_t min, max; /* of texts: characters */
    enum param_scope scope;
    enum param_settable settable;
    enum param_handling handling;
    bool is_advanced;
    bool has_low_memory_default;
    uintptr_t low_memory_default;
    bool is_public;
};

/* NULL when there is no such parameter. Names count as the public header writes them. */
const struct param_info *param_find(uint32_t id);
const struct param_info *param_at(size_t index); /* NULL past the end */
static inline bool param_is_text(const struct param_info *info) { return info->kind >= PARAM_TEXT; }

struct param_value {
    uintptr_t number;
    char *text;
    bool is_set;
};
struct params {
    struct param_value values[PARAM_COUNT];
};

/* The number or text in force. id must exist and be of that kind; the text lives until the next change. */
uintptr_t params_number(const struct params *params, uint32_t id);
const char *params_text(const struct params *params, uint32_t id);
/* Has the client given it a value? */
bool params_is_set(const struct params *params, uint32_t id);

/* to must be zeroed. JET_errOutOfMemory leaves it zeroed. */
MUST_CHECK JET_ERR params_copy(const struct params *from, struct params *to);
/* Back to zeroed. */
void params_clear(struct params *params);
/* Puts a text in without any rule (paths made absolute at start). */
MUST_CHECK JET_ERR params_replace_text(struct params *params, uint32_t id, const char *text);
/* Puts a number in without any rule. */
void params_replace_number(struct params *params, uint32_t id, uintptr_t number);

/* What the rules need to know about the owner of the set. */
struct param_state {
    bool mode_is_set;    /* an instance exists in the process */
    bool is_initialised; /* the instance has started */
    bool has_databases;  /* the instance has databases attached */
};
/* Rules 2 to 10 of section 14 in their order; text is UTF-8. JET_paramUnicodeIndexDefault: text points to a JET_UNICODEINDEX whose size is
 * number. Errors: JET_errInvalidParameter, JET_errAlreadyInitialized, JET_errInvalidPath, JET_errEngineFormatVersion..., JET_errOutOfMemory. */
MUST_CHECK JET_ERR params_set(struct params *params, const struct param_info *info, struct param_state state, uintptr_t number, const void *text);

/* Values that follow from the page size. JET_cbKeyMost..., the size of a long value's chunks, the largest record. */
uint32_t params_key_most(uint32_t page_size);
uint32_t params_long_value_chunk(uint32_t page_size);
uint32_t params_record_most(uint32_t page_size);

#endif
