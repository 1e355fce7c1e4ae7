/* Shipping the log: an instance's log handed to the client (JET_paramEmitLogDataCallback), and another instance's log received (JetConsumeLogData).
 *
 * Both ends meet in the JET_EMITDATACTX of the public header; log/emit.c and log/consume.c know nothing of it. */
#ifndef OPENESE_ENGINE_SHIP_LOG_H
#define OPENESE_ENGINE_SHIP_LOG_H

#include "engine/instance.h"
#include "log/log.h"

struct tag_JET_EMITDATACTX; /* JET_EMITDATACTX, behind ESENT_PRIVATE */

/* log_callbacks.emit: context is the instance, whose callback is set. What the client's function answers changes nothing, as nothing could be taken back. */
void ship_log_emit(void *context, const struct log_piece *piece);

/* JetConsumeLogData after the checks of its pointers. May be called with any lock held, as a callback of another instance does: takes none below RANK_LOG_WRITE. JET_errInvalidParameter
 * (version), JET_errInvalidGrbit (not one of the bits), the errors of the gate and of log/consume.h. */
MUST_CHECK JET_ERR ship_log_consume(JET_INSTANCE handle, const struct tag_JET_EMITDATACTX *context, const uint8_t *data, uint32_t size);

#endif
