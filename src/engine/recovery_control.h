/* JET_RECOVERYCONTROL: recovery's questions in the form in which a client's callback gets them. */
#ifndef OPENESE_ENGINE_RECOVERY_CONTROL_H
#define OPENESE_ENGINE_RECOVERY_CONTROL_H

#include "esent.h"
#include "recovery/recovery.h"

/* Calls the client with JET_snpRecoveryControl; the result is its answer. JET_errOutOfMemory. */
MUST_CHECK JET_ERR recovery_control_call(JET_INSTANCE instance, const struct recovery_question *question,
                                         JET_ERR (*client)(void *context, JET_SNP snp, JET_SNT snt, void *data), void *context);

/* Gives the client a page that the log asks for (JET_snpExternalAutoHealing, JET_sntPagePatchRequest). What it answers is of no interest. */
void recovery_control_give_page(JET_INSTANCE instance, const struct recovery_page_request *request, JET_ERR (*client)(void *context, JET_SNP snp, JET_SNT snt, void *data), void *context);

#endif
