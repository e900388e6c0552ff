#include "faults.h"

#include "board.h"
#include "image.h"
#include "kept.h"
#include "time.h"

/* What an exception pushes, as far as it is of interest here (ARMv7-M, B1.5.6). */
typedef struct {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
} frame_t;

void fpxi_handle_fault(const frame_t *frame);

/* The stack may be what failed: its frame counts only where it lies within. */
static uint32_t program_counter(const frame_t *frame)
{
    uint32_t address = FPXI_ADDRESS(frame);
    bool inside = address >= FPXI_STACK_BOTTOM && address <= FPXI_STACK_TOP - sizeof *frame;
    return inside ? frame->pc : 0u;
}

__attribute__((used)) void fpxi_handle_fault(const frame_t *frame)
{
    fpxi_fault_note_t note = {.fault = FPXI_FAULT_PROCESSOR, .line = program_counter(frame)};
    bool ready = fpxi_board_ready();
    note.uptime_ms = ready ? (uint32_t)(fpxi_time_now_us() / 1000u) : 0u;
    fpxi_kept_note_fault(&note);
    fpxi_kept_note_cause(FPXI_RESET_CAUSE_FAULT);
    if (ready) {
        fpxi_board_safe_state();
    }
    fpxi_system_reset();
}

/* Interrupts stay off. Where less than 1 KB of the stack is left, or it has overflowed, it begins anew
 * at its top: far from the exception's frame. */
__attribute__((naked)) void fpxi_processor_fault(void)
{
    __asm volatile("cpsid i\n\t"
                   "mrs r0, msp\n\t"
                   "ldr r1, =0x10000400\n\t" /* FPXI_STACK_BOTTOM + 1 KB */
                   "cmp r0, r1\n\t"
                   "bhs fpxi_handle_fault\n\t"
                   "ldr r1, =0x10002000\n\t" /* FPXI_STACK_TOP */
                   "msr msp, r1\n\t"
                   "b fpxi_handle_fault");
}
