/* JetSetSystemParameter, JetGetSystemParameter, JetEnableMultiInstance (instance-and-session 6, 14; abi 3). */
#include <string.h>

#include "api/api.h"
#include "api/text_arguments.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "engine/instance.h"

/* JET_paramUnicodeIndexDefault passes a structure where others pass text. */
static bool is_structure(uint32_t id) { return id == JET_paramUnicodeIndexDefault; }

static JET_ERR set_parameter(enum text_form form, const JET_INSTANCE *instance, JET_SESID sesid, uint32_t id, JET_API_PTR number, const void *text)
{
    JET_ERR err = JET_errSuccess;
    char *utf8 = NULL;
    const struct param_info *info = param_find(id);
    if (info != NULL && param_is_text(info)) {
        TRY(text_argument(form, text, &utf8));
        text = utf8;
    } else if (!is_structure(id)) {
        text = NULL; /* whatever stands there is not looked at */
    }
    err = engine_set_parameter(instance, sesid, id, number, text);
done:
    mem_free(utf8);
    return err;
}

JET_EXPORT JET_ERR JetSetSystemParameterA(JET_INSTANCE *pinstance, JET_SESID sesid, uint32_t paramid, JET_API_PTR lParam, const char *szParam)
{
    return set_parameter(TEXT_UTF8, pinstance, sesid, paramid, lParam, szParam);
}

JET_EXPORT JET_ERR JetSetSystemParameterW(JET_INSTANCE *pinstance, JET_SESID sesid, uint32_t paramid, JET_API_PTR lParam, const char16_t *szParam)
{
    return set_parameter(TEXT_UTF16, pinstance, sesid, paramid, lParam, szParam);
}

JET_EXPORT_PLAIN(JetSetSystemParameter);

static JET_ERR get_parameter(enum text_form form, JET_INSTANCE instance, JET_SESID sesid, uint32_t id, JET_API_PTR *number, void *text, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    char *utf8 = NULL;
    const struct param_info *info = param_find(id);
    uintptr_t value = number != NULL ? *number : 0;
    if (info != NULL) {
        bool needs_text = param_is_text(info) || id == JET_paramErrorToString || is_structure(id);
        bool needs_number = !needs_text || id == JET_paramErrorToString;
        if ((needs_text && text == NULL) || (needs_number && number == NULL))
            RAISE(JET_errInvalidParameter);
    }
    TRY(engine_get_parameter(instance, sesid, id, &value, &utf8));
    if (is_structure(id)) {
        if (size < sizeof(uint64_t))
            RAISE(JET_errBufferTooSmall);
        store_le64(text, value);
    } else if (utf8 != NULL) {
        TRY(text_result(form, utf8, text, size));
    } else {
        *number = value;
    }
done:
    mem_free(utf8);
    return err;
}

JET_EXPORT JET_ERR JetGetSystemParameterA(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid, JET_API_PTR *plParam, char *szParam, uint32_t cbMax)
{
    return get_parameter(TEXT_UTF8, instance, sesid, paramid, plParam, szParam, cbMax);
}

JET_EXPORT JET_ERR JetGetSystemParameterW(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid, JET_API_PTR *plParam, char16_t *szParam, uint32_t cbMax)
{
    return get_parameter(TEXT_UTF16, instance, sesid, paramid, plParam, szParam, cbMax);
}

JET_EXPORT_PLAIN(JetGetSystemParameter);

/* --- JetEnableMultiInstance --- */

enum { SETTINGS_MAX = 4096 }; /* more than there are parameters many times over */

/* The two structures differ only in the type of sz. */
_Static_assert(sizeof(JET_SETSYSPARAM_A) == sizeof(JET_SETSYSPARAM_W), "one array type serves both forms");

static JET_ERR enable(enum text_form form, JET_SETSYSPARAM_A *array, uint32_t count, uint32_t *succeeded)
{
    JET_ERR err = JET_errSuccess;
    struct engine_setting *settings = NULL;
    uint32_t filled = 0;
    if (count > SETTINGS_MAX)
        RAISE(JET_errInvalidParameter);
    if (array != NULL) {
        settings = mem_alloc_array(count, sizeof *settings);
        if (settings == NULL)
            RAISE(JET_errOutOfMemory);
        for (; filled < count; filled++) {
            char *text = NULL;
            const struct param_info *info = param_find(array[filled].paramid);
            if (info != NULL && param_is_text(info))
                TRY(text_argument(form, array[filled].sz, &text));
            settings[filled] = (struct engine_setting){array[filled].paramid, array[filled].lParam, text, &array[filled].err};
        }
    }
    err = engine_enable_multi_instance(settings, count, succeeded);
done:
    for (uint32_t i = 0; i < filled; i++)
        mem_free((char *)(uintptr_t)settings[i].text);
    mem_free(settings);
    return err;
}

JET_EXPORT JET_ERR JetEnableMultiInstanceA(JET_SETSYSPARAM_A *psetsysparam, uint32_t csetsysparam, uint32_t *pcsetsucceed)
{
    return enable(TEXT_UTF8, psetsysparam, csetsysparam, pcsetsucceed);
}

JET_EXPORT JET_ERR JetEnableMultiInstanceW(JET_SETSYSPARAM_W *psetsysparam, uint32_t csetsysparam, uint32_t *pcsetsucceed)
{
    return enable(TEXT_UTF16, (JET_SETSYSPARAM_A *)psetsysparam, csetsysparam, pcsetsucceed);
}

JET_EXPORT_PLAIN(JetEnableMultiInstance);
