/* System parameters: defaults, rules in their order, lifetimes, text forms (instance-and-session 14; abi 3).
 *
 * Pages: JetGetSystemParameter, JetSetSystemParameter */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

static JET_API_PTR number_of(JET_INSTANCE instance, uint32_t id)
{
    JET_API_PTR value = 0xDEAD;
    assert_good(JetGetSystemParameter(instance, 0, id, &value, NULL, 0));
    return value;
}

static const char *text_value(JET_INSTANCE instance, uint32_t id)
{
    char buffer[1024];
    assert_good(JetGetSystemParameter(instance, 0, id, NULL, buffer, sizeof buffer));
    return text_of("%s", buffer);
}

static void defaults_are_esents(void **state)
{
    (void)state;
    assert_int_equal(number_of(0, JET_paramMaxSessions), 16);
    assert_int_equal(number_of(0, JET_paramDatabasePageSize), 4096);
    assert_int_equal(number_of(0, JET_paramCacheSizeMax), 2000000000);
    assert_int_equal(number_of(0, JET_paramLogFileSize), 5120);
    assert_int_equal(number_of(0, JET_paramKeyMost), 1000);
    assert_int_equal(number_of(0, JET_paramLVChunkSizeMost), 4014);
    assert_string_equal(text_value(0, JET_paramBaseName), "edb");
    assert_string_equal(text_value(0, JET_paramRecovery), "on");
}

static void an_unknown_parameter_is_refused(void **state)
{
    JET_API_PTR value;
    (void)state;
    assert_err(JetSetSystemParameter(NULL, 0, 185, 1, NULL), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(NULL, 0, 5000, 1, NULL), JET_errInvalidParameter);
    assert_err(JetGetSystemParameter(0, 0, 0xFFFFFFFF, &value, NULL, 0), JET_errInvalidParameter);
}

static void a_global_default_reaches_later_instances_only(void **state)
{
    (void)state;
    JET_INSTANCE before = plain_create("before");
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramMaxCursors, 77, NULL));
    JET_INSTANCE after = plain_create("after");
    assert_int_equal(number_of(before, JET_paramMaxCursors), 1024);
    assert_int_equal(number_of(after, JET_paramMaxCursors), 77);
    assert_good(JetSetSystemParameter(&after, 0, JET_paramMaxCursors, 88, NULL));
    assert_int_equal(number_of(0, JET_paramMaxCursors), 77);
    assert_good(JetTerm(before));
    assert_good(JetTerm(after));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramMaxCursors, 1024, NULL));
}

static void the_present_value_is_accepted_in_every_state(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_start("equal");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxSessions, 16, NULL));
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramMaxSessions, 17, NULL), JET_errAlreadyInitialized);
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 4096, NULL));
    assert_err(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 8192, NULL), JET_errAlreadyInitialized);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramDbExtensionSize, 99, NULL));
    plain_stop(instance);
}

static void an_advanced_parameter_is_ignored_while_advanced_is_off(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_create("basic");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnableAdvanced, 0, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxSessions, 3, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxSessions, 999999, NULL));
    assert_int_equal(number_of(instance, JET_paramMaxSessions), 16);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnableAdvanced, 1, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxSessions, 3, NULL));
    assert_int_equal(number_of(instance, JET_paramMaxSessions), 3);
    assert_good(JetTerm(instance));
}

static void values_outside_the_range_are_refused(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_create("range");
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 63, NULL), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 32769, NULL), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramBaseName, 0, "ab"), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramBaseName, 0, "abcd"), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramBaseName, 0, "../"), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramBaseName, 0, NULL), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramCommitDefault, JET_bitForceNewLog, NULL), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramKeyMost, 500, NULL), JET_errInvalidParameter);
    assert_good(JetTerm(instance));
}

static void page_size_is_a_power_of_two_and_set_before_the_first_instance(void **state)
{
    (void)state;
    assert_err(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 5000, NULL), JET_errInvalidParameter);
    assert_err(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 65536, NULL), JET_errInvalidParameter);
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 8192, NULL));
    assert_int_equal(number_of(0, JET_paramKeyMost), 2000);
    assert_int_equal(number_of(0, JET_paramLVChunkSizeMost), 8110);
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 4096, NULL));
}

static void folders_become_absolute_and_keep_their_separator(void **state)
{
    char folder[512];
    (void)state;
    assert_non_null(getcwd(folder, sizeof folder));
    JET_INSTANCE instance = plain_create("paths");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, "some/./where/../else/"));
    assert_string_equal(text_value(instance, JET_paramSystemPath), text_of("%s/some/else/", folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, "/a//b"));
    assert_string_equal(text_value(instance, JET_paramLogFilePath), "/a/b");
    assert_good(JetTerm(instance));
}

static void text_buffers_that_are_too_small_are_refused(void **state)
{
    char narrow[4];
    char16_t wide[4];
    (void)state;
    assert_err(JetGetSystemParameterA(0, 0, JET_paramBaseName, NULL, narrow, 3), JET_errBufferTooSmall);
    assert_good(JetGetSystemParameterA(0, 0, JET_paramBaseName, NULL, narrow, 4));
    assert_err(JetGetSystemParameterW(0, 0, JET_paramBaseName, NULL, wide, 7), JET_errBufferTooSmall);
    assert_good(JetGetSystemParameterW(0, 0, JET_paramBaseName, NULL, wide, 8));
    assert_memory_equal(wide, u"edb", 8);
    assert_err(JetGetSystemParameterA(0, 0, JET_paramBaseName, NULL, NULL, 0), JET_errInvalidParameter);
    assert_err(JetGetSystemParameterA(0, 0, JET_paramMaxSessions, NULL, narrow, 4), JET_errInvalidParameter);
}

static void wide_and_narrow_text_agree(void **state)
{
    char16_t wide[64];
    (void)state;
    JET_INSTANCE instance = plain_create("wide");
    assert_good(JetSetSystemParameterW(&instance, 0, JET_paramEventSource, 0, u"\u00e9\u20ac\U0001F600"));
    assert_string_equal(text_value(instance, JET_paramEventSource), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_good(JetGetSystemParameterW(instance, 0, JET_paramEventSource, NULL, wide, sizeof wide));
    assert_memory_equal(wide, u"\u00e9\u20ac\U0001F600", 10);
    assert_good(JetTerm(instance));
}

static void error_numbers_become_text(void **state)
{
    char text[256];
    JET_API_PTR number = (JET_API_PTR)(intptr_t)JET_errOutOfMemory;
    (void)state;
    assert_good(JetGetSystemParameter(0, 0, JET_paramErrorToString, &number, text, sizeof text));
    assert_memory_equal(text, "JET_errOutOfMemory, ", 20);
    number = (uint32_t)JET_errDiskFull; /* a 32-bit client leaves the upper half zero */
    assert_good(JetGetSystemParameter(0, 0, JET_paramErrorToString, &number, text, sizeof text));
    assert_memory_equal(text, "JET_errDiskFull, ", 17);
    assert_err(JetGetSystemParameter(0, 0, JET_paramErrorToString, &number, text, 5), JET_errBufferTooSmall);
}

static void the_unicode_index_default_is_a_structure(void **state)
{
    JET_UNICODEINDEX index = {0, 0}, wanted = {1031, 0x400};
    (void)state;
    assert_good(JetGetSystemParameter(0, 0, JET_paramUnicodeIndexDefault, NULL, (char *)&index, sizeof index));
    assert_int_equal(index.lcid, 1033);
    JET_INSTANCE instance = plain_create("unicode");
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramUnicodeIndexDefault, 4, (const char *)&wanted), JET_errInvalidParameter);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramUnicodeIndexDefault, sizeof wanted, (const char *)&wanted));
    assert_good(JetGetSystemParameter(instance, 0, JET_paramUnicodeIndexDefault, NULL, (char *)&index, sizeof index));
    assert_memory_equal(&index, &wanted, sizeof index);
    assert_good(JetTerm(instance));
}

static void low_memory_changes_what_was_not_set(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_create("low");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxVerPages, 70, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramConfiguration, JET_configDefault | JET_configLowMemory, NULL));
    assert_int_equal(number_of(instance, JET_paramLogFileSize), 64);
    assert_int_equal(number_of(instance, JET_paramMaxVerPages), 70);
    assert_good(JetTerm(instance));
}

static void the_format_version_parameter_knows_its_limits(void **state)
{
    enum { FORMAT_VERSION = 194 };
    (void)state;
    JET_INSTANCE instance = plain_create("format");
    assert_good(JetSetSystemParameter(&instance, 0, FORMAT_VERSION, 0x40000002, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, FORMAT_VERSION, 8020, NULL));
    assert_err(JetSetSystemParameter(&instance, 0, FORMAT_VERSION, 500, NULL), JET_errEngineFormatVersionNoLongerSupportedTooLow);
    assert_err(JetSetSystemParameter(&instance, 0, FORMAT_VERSION, 99999, NULL), JET_errEngineFormatVersionNotYetImplementedTooHigh);
    assert_good(JetTerm(instance));
}

static void a_session_stands_for_its_instance(void **state)
{
    JET_API_PTR value = 0;
    (void)state;
    JET_INSTANCE one = plain_start("one"), other = plain_start("other");
    JET_SESID session = plain_session(other);
    assert_good(JetSetSystemParameter(&one, session, JET_paramDbExtensionSize, 33, NULL));
    assert_int_equal(number_of(one, JET_paramDbExtensionSize), 256);
    assert_int_equal(number_of(other, JET_paramDbExtensionSize), 33);
    assert_good(JetSetSystemParameter(NULL, session, JET_paramCommitDefault, JET_bitCommitLazyFlush, NULL));
    assert_good(JetGetSystemParameter(0, session, JET_paramCommitDefault, &value, NULL, 0));
    assert_int_equal(value, JET_bitCommitLazyFlush);
    assert_int_equal(number_of(other, JET_paramCommitDefault), 0);
    assert_err(JetSetSystemParameter(NULL, session + 1, JET_paramDbExtensionSize, 34, NULL), JET_errInvalidSesid);
    JET_INSTANCE wrong = one + 12345;
    assert_err(JetSetSystemParameter(&wrong, 0, JET_paramDbExtensionSize, 34, NULL), JET_errInvalidInstance);
    assert_good(JetGetSystemParameter(0, session, 38, &value, NULL, 0)); /* transaction level */
    assert_int_equal(value, 0);
    plain_stop(one);
    plain_stop(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_esents),
        cmocka_unit_test(an_unknown_parameter_is_refused),
        cmocka_unit_test(a_global_default_reaches_later_instances_only),
        cmocka_unit_test(the_present_value_is_accepted_in_every_state),
        cmocka_unit_test(an_advanced_parameter_is_ignored_while_advanced_is_off),
        cmocka_unit_test(values_outside_the_range_are_refused),
        cmocka_unit_test(page_size_is_a_power_of_two_and_set_before_the_first_instance),
        cmocka_unit_test(folders_become_absolute_and_keep_their_separator),
        cmocka_unit_test(text_buffers_that_are_too_small_are_refused),
        cmocka_unit_test(wide_and_narrow_text_agree),
        cmocka_unit_test(error_numbers_become_text),
        cmocka_unit_test(the_unicode_index_default_is_a_structure),
        cmocka_unit_test(low_memory_changes_what_was_not_set),
        cmocka_unit_test(the_format_version_parameter_knows_its_limits),
        cmocka_unit_test(a_session_stands_for_its_instance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
