/* What is watched while the device runs: that a host is there, and the battery. */

#ifndef FPXI_SUPERVISION_H
#define FPXI_SUPERVISION_H

#include <stdbool.h>
#include <stdint.h>

struct fpxi_core;

/* A lithium-ion cell below this voltage is nearly empty. It is told again only after the cell has
 * been above the other one. */
#define FPXI_BATTERY_LOW_MV 3300u
#define FPXI_BATTERY_GOOD_MV 3500u
#define FPXI_BATTERY_INTERVAL_US 1000000u

typedef struct {
    uint64_t last_command_us;
    uint64_t battery_us; /* the battery is not looked at before */
    bool battery_low;    /* and that has been told */
} fpxi_supervision_t;

void fpxi_supervision_poll(struct fpxi_core *core, uint64_t now_us);

/* When the host counts as gone. The battery has no deadline of its own: it is looked at when the
 * core is polled. */
uint64_t fpxi_supervision_deadline(const struct fpxi_core *core);

#endif
