#include "events.h"

#include <stddef.h>

void fpxi_events_init(fpxi_events_t *events)
{
    events->first = 0;
    events->count = 0;
    events->lost = 0;
}

static fpxi_event_t make(uint64_t now_us, fpxi_severity_t severity, fpxi_event_code_t code,
                         uint32_t detail)
{
    return (fpxi_event_t){
        .timestamp_us = now_us,
        .severity = (uint8_t)severity,
        .code = (uint8_t)code,
        .detail = detail,
    };
}

void fpxi_events_add(fpxi_events_t *events, uint64_t now_us, fpxi_severity_t severity,
                     fpxi_event_code_t code, uint32_t detail)
{
    if (events->count == FPXI_EVENT_QUEUE_LENGTH) {
        events->lost++;
        return;
    }
    unsigned last = (events->first + events->count) % FPXI_EVENT_QUEUE_LENGTH;
    events->queue[last] = make(now_us, severity, code, detail);
    events->count++;
}

bool fpxi_events_take(fpxi_events_t *events, uint64_t now_us, fpxi_event_t *event)
{
    if (events->count == 0u && events->lost > 0u) {
        fpxi_events_add(events, now_us, FPXI_SEVERITY_WARNING, FPXI_EVENT_CODE_EVENTS_LOST,
                        events->lost);
        events->lost = 0;
    }
    if (events->count == 0u) {
        return false;
    }
    *event = events->queue[events->first];
    events->first = (uint8_t)((events->first + 1u) % FPXI_EVENT_QUEUE_LENGTH);
    events->count--;
    return true;
}

static fpxi_event_t *waiting(fpxi_events_t *events, fpxi_event_code_t code)
{
    for (unsigned i = 0; i < events->count; i++) {
        fpxi_event_t *event = &events->queue[(events->first + i) % FPXI_EVENT_QUEUE_LENGTH];
        if (event->code == code) {
            return event;
        }
    }
    return NULL;
}

/* While a link stands still for minutes, counts go on growing: they must not fill the queue. */
void fpxi_events_tell_count(fpxi_events_t *events, fpxi_counted_t *counted, uint64_t now_us,
                            fpxi_event_code_t code, uint32_t count)
{
    if (fpxi_events_count_due(counted, count) > now_us) {
        return;
    }
    fpxi_event_t *event = waiting(events, code);
    if (event != NULL) {
        *event = make(now_us, FPXI_SEVERITY_WARNING, code, count);
    } else {
        fpxi_events_add(events, now_us, FPXI_SEVERITY_WARNING, code, count);
    }
    counted->told = count;
    counted->next_us = now_us + FPXI_COUNT_INTERVAL_US;
}

uint64_t fpxi_events_count_due(const fpxi_counted_t *counted, uint32_t count)
{
    return count == counted->told ? UINT64_MAX : counted->next_us;
}
