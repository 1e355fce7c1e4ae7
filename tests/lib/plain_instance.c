/* Instances without logging (plain_instance.h). */
#include "plain_instance.h"

#include "shared_data.h"

void plain_configure(JET_INSTANCE instance, const char *folder)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "off"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, 0, NULL));
}

JET_INSTANCE plain_create(const char *name)
{
    JET_INSTANCE instance = JET_instanceNil;
    assert_good(JetCreateInstance(&instance, name));
    plain_configure(instance, make_scratch_folder("plain"));
    return instance;
}

JET_INSTANCE plain_start(const char *name)
{
    JET_INSTANCE instance = plain_create(name);
    assert_good(JetInit(&instance));
    return instance;
}

void plain_stop(JET_INSTANCE instance) { assert_good(JetTerm2(instance, JET_bitTermComplete)); }

JET_SESID plain_session(JET_INSTANCE instance)
{
    JET_SESID session = JET_sesidNil;
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    return session;
}
