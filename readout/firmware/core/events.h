/* What happened, queued until the link takes it; what does not fit is counted and told. */

#ifndef FPXI_EVENTS_H
#define FPXI_EVENTS_H

#include "protocol_generated.h"

#define FPXI_EVENT_QUEUE_LENGTH 16u

typedef struct {
    fpxi_event_t queue[FPXI_EVENT_QUEUE_LENGTH];
    uint8_t first;
    uint8_t count;
    uint32_t lost; /* since the last EVENTS_LOST */
} fpxi_events_t;

void fpxi_events_init(fpxi_events_t *events);

void fpxi_events_add(fpxi_events_t *events, uint64_t now_us, fpxi_severity_t severity,
                     fpxi_event_code_t code, uint32_t detail);

/* Removes the oldest event; false where there is none. Lost ones are told when the queue is empty. */
bool fpxi_events_take(fpxi_events_t *events, uint64_t now_us, fpxi_event_t *event);

/* A count that is told as a warning when it grew, at most once in FPXI_COUNT_INTERVAL_US; one that
 * still waits to be told is told as it is then. */
#define FPXI_COUNT_INTERVAL_US 1000000u

typedef struct {
    uint32_t told;
    uint64_t next_us; /* not told before */
} fpxi_counted_t;

void fpxi_events_tell_count(fpxi_events_t *events, fpxi_counted_t *counted, uint64_t now_us,
                            fpxi_event_code_t code, uint32_t count);

/* When the count will be told; UINT64_MAX where there is nothing to tell. */
uint64_t fpxi_events_count_due(const fpxi_counted_t *counted, uint32_t count);

#endif
