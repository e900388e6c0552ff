/* What each command does. */

#ifndef FPXI_HANDLERS_H
#define FPXI_HANDLERS_H

#include "core.h"

/* What a command led to: the type of its answer (0: none, or queued already), and the content. */
typedef struct {
    uint8_t report;
    uint8_t code;       /* of a NACK */
    uint16_t parameter; /* of a VALUE */
    uint32_t number;    /* detail of a NACK, value of an ACK or VALUE */
    fpxi_test_result_t test;
} fpxi_outcome_t;

fpxi_outcome_t fpxi_ack(uint32_t value);
fpxi_outcome_t fpxi_nack(fpxi_nack_code_t code, uint32_t detail);
fpxi_outcome_t fpxi_no_answer(void); /* or one that is queued already */

/* The payload of a packet handed to these is at least as long as the command's whole layout. */
fpxi_outcome_t fpxi_handle_identify(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_reset(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_bootloader(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_last_fault(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_self_test(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_get(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_set(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_save(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_start(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_stop(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_software_trigger(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_resend(fpxi_core_t *core, const fpxi_packet_t *packet);
fpxi_outcome_t fpxi_handle_release(fpxi_core_t *core, const fpxi_packet_t *packet);

#endif
