/* One device: bytes in, bytes out, and hardware that does as it is told. A board gives it hardware
 * and memory, hands it what its links receive, polls it, and sends what it offers. All state is in
 * one fpxi_core_t: many devices can run beside each other. Functions of one device are to be called
 * from one thread. */

#ifndef FPXI_CORE_H
#define FPXI_CORE_H

#include "bias.h"
#include "commands.h"
#include "events.h"
#include "frame_store.h"
#include "hardware.h"
#include "parameter_store.h"
#include "parameters.h"
#include "readout.h"
#include "receiver.h"
#include "restart.h"
#include "sequencer.h"
#include "streamer.h"
#include "supervision.h"
#include "transmitter.h"
#include "trigger.h"

#define FPXI_LINKS 2u

typedef struct {
    uint8_t *memory; /* queue of frame data */
    size_t size;     /* bytes, at least FPXI_MIN_FRAME_QUEUE_SIZE */
} fpxi_transmit_memory_t;

typedef struct {
    fpxi_hardware_t hardware;
    const fpxi_panel_description_t *panel;
    uint16_t *frame_memory;   /* frame_slots times rows times columns samples */
    uint8_t frame_slots;      /* 1 to FPXI_MAX_SLOTS */
    uint16_t *reference;      /* rows times columns samples */
    fpxi_readout_config_t readout;
    fpxi_transmit_memory_t transmit[FPXI_LINKS]; /* of each link */
    uint8_t links;                               /* 1 to FPXI_LINKS */
    uint8_t serial_number[16];
    fpxi_reset_cause_t reset_cause;
    fpxi_fault_note_t last_fault; /* noted before this start; fault none: nothing was */
} fpxi_core_config_t;

/* A way to a host. Commands are answered where they came from. */
typedef struct {
    fpxi_receiver_t receiver;
    fpxi_transmitter_t transmitter;
    fpxi_streamer_t streamer;
    fpxi_commands_t commands;
    bool left; /* frames and events go elsewhere since a START: to be told */
} fpxi_link_t;

typedef struct fpxi_core {
    fpxi_core_config_t config;
    fpxi_link_t links[FPXI_LINKS];
    fpxi_parameters_t parameters;
    fpxi_frame_store_t store;
    fpxi_bias_t bias;
    fpxi_trigger_t trigger;
    fpxi_readout_t readout;
    fpxi_sequencer_t sequencer;
    fpxi_events_t events;
    fpxi_counted_t receive_errors;
    fpxi_counted_t frames_skipped;
    fpxi_counted_t triggers_missed;
    uint32_t missed_triggers; /* since START */
    fpxi_restart_t restart;
    fpxi_supervision_t supervision;
    uint64_t boot_us;       /* on the hardware's clock; all other times count from here */
    uint8_t fault;          /* fpxi_fault_t, latched */
    uint8_t streaming_link; /* frames and events go there */
    bool started;           /* a START has chosen the streaming link; before, any command does */
    bool hung;              /* does nothing any more: the watchdog is to restart the device */
    bool behind;            /* the last poll ended with more to send, and room for it */
    uint8_t packet[FPXI_PACKET_MEMORY_SIZE]; /* of all transmitters */
} fpxi_core_t;

/* Starts the firmware. FPXI_OK, or FPXI_FAILED where the configuration cannot work. */
int fpxi_core_init(fpxi_core_t *core, const fpxi_core_config_t *config);

/* Takes bytes from a link (a number below config.links), in pieces of any size. */
void fpxi_core_receive(fpxi_core_t *core, uint8_t link, const uint8_t *bytes, size_t count);

/* Takes a change of the external trigger input, and when it came, on the hardware's clock. */
void fpxi_core_trigger_input(fpxi_core_t *core, bool high, uint64_t at_us);

/* Does what is due. Returns when to be polled next, on the hardware's clock and later than now;
 * UINT64_MAX when only input, or output that was taken, gives it something to do. */
uint64_t fpxi_core_poll(fpxi_core_t *core);

/* Bytes to send by a link: count and place. They stay in place until consumed, so that DMA can read
 * them. */
size_t fpxi_core_transmit_peek(fpxi_core_t *core, uint8_t link, const uint8_t **bytes);
void fpxi_core_transmit_consume(fpxi_core_t *core, uint8_t link, size_t count);

/* Sends frames and events by a link from now on, as a START that came by it wants. Packets already
 * queued on the other link still leave there, whole. */
void fpxi_core_stream_to(fpxi_core_t *core, uint8_t link);

/* Damaged packets received on all links. */
uint32_t fpxi_core_receive_errors(const fpxi_core_t *core);

/* Goes to the safe state, latches the fault and notes it for the next start. The first one stays. */
void fpxi_core_fault(fpxi_core_t *core, fpxi_fault_t reason);

/* Queues an event of this moment for the streaming link. */
void fpxi_core_add_event(fpxi_core_t *core, fpxi_severity_t severity, fpxi_event_code_t code,
                         uint32_t detail);

/* Time since start-up in microseconds. */
uint64_t fpxi_core_now_us(const fpxi_core_t *core);

#endif
