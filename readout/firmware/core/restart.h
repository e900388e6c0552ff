/* Restarts that a command asked for: they wait until its answer has left. */

#ifndef FPXI_RESTART_H
#define FPXI_RESTART_H

#include <stdbool.h>
#include <stdint.h>

struct fpxi_core;

/* Longest wait for the answer to leave. */
#define FPXI_RESTART_TIMEOUT_US 1000000u

typedef enum {
    FPXI_RESTART_NONE,
    FPXI_RESTART_FIRMWARE,
    FPXI_RESTART_BOOTLOADER,
    FPXI_RESTART_BY_ASSERTION, /* fails one, on purpose */
    FPXI_RESTART_BY_WATCHDOG   /* hangs, on purpose */
} fpxi_restart_kind_t;

typedef struct {
    uint64_t latest_us;
    uint8_t kind; /* fpxi_restart_kind_t */
    uint8_t link; /* that the command came by */
} fpxi_restart_t;

/* Stops acquiring and restarts once all answers have left by the link. */
void fpxi_restart_ask(struct fpxi_core *core, fpxi_restart_kind_t kind, uint8_t link);

bool fpxi_restart_asked(const struct fpxi_core *core);

void fpxi_restart_poll(struct fpxi_core *core, uint64_t now_us);

/* When the restart comes at the latest; UINT64_MAX without one. */
uint64_t fpxi_restart_deadline(const struct fpxi_core *core);

#endif
