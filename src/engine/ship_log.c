/* Shipping the log (ship_log.h; shapes of the public structure as the original sends them). */
#define ESENT_PRIVATE
#include "engine/ship_log.h"

enum { SHIP_VERSION = 1 };

void ship_log_emit(void *context, const struct log_piece *piece)
{
    static const JET_GRBIT bits[] = {[LOG_EMISSION_BEGIN] = JET_bitShadowLogEmitFirstCall,
                                     [LOG_EMISSION_DATA] = JET_bitShadowLogEmitDataBuffers,
                                     [LOG_EMISSION_COMPLETE] = JET_bitShadowLogEmitLogComplete,
                                     [LOG_EMISSION_END] = JET_bitShadowLogEmitLastCall};
    struct instance *instance = context;
    JET_EMITDATACTX emitted = {.cbStruct = sizeof emitted, .dwVersion = SHIP_VERSION, .qwSequenceNum = piece->sequence, .grbitOperationalFlags = bits[piece->what], .cbLogData = piece->size};
    memcpy(&emitted.logtimeEmit, piece->time.bytes, sizeof emitted.logtimeEmit);
    emitted.lgposLogData.lGeneration = (int32_t)lgpos_generation(piece->position);
    emitted.lgposLogData.isec = (uint16_t)lgpos_segment(piece->position);
    atomic_store(&instance->emit_thread, thread_id());
    JET_ERR ignored = ((JET_PFNEMITLOGDATA)instance->emit_log)(instance->handle, &emitted, (void *)(uintptr_t)piece->data, piece->size, (void *)instance->emit_log_context);
    (void)ignored;
    atomic_store(&instance->emit_thread, 0);
}

static JET_ERR consume(struct log_consumer *consumer, const JET_EMITDATACTX *context, const uint8_t *data, uint32_t size)
{
    lgpos_t position = lgpos_make((uint32_t)context->lgposLogData.lGeneration, context->lgposLogData.isec, context->lgposLogData.ib);
    switch (context->grbitOperationalFlags) {
    case JET_bitShadowLogEmitFirstCall: return log_consumer_begin(consumer);
    case JET_bitShadowLogEmitLastCall: return log_consumer_end(consumer);
    case JET_bitShadowLogEmitDataBuffers: return log_consumer_add(consumer, context->qwSequenceNum, position, data, size);
    case JET_bitShadowLogEmitLogComplete: return log_consumer_complete(consumer, context->qwSequenceNum, position);
    default: return error_raise(JET_errInvalidGrbit, __FILE__, __LINE__);
    }
}

JET_ERR ship_log_consume(JET_INSTANCE handle, const JET_EMITDATACTX *context, const uint8_t *data, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    TRY(engine_enter_instance_from_callback(handle, &instance));
    if (context->dwVersion != SHIP_VERSION)
        RAISE(JET_errInvalidParameter);
    err = consume(&instance->consumer, context, data, size);
done:
    engine_leave_instance(instance);
    return err;
}
