#include "kept.h"

#include "../../core/crc32.h"
#include "image.h"

typedef struct {
    uint32_t boot_request; /* FPXI_BOOT_REQUEST: stage 0 reads it */
    uint32_t cause;
    uint32_t cause_check;
    uint32_t note_check;
    fpxi_fault_note_t note;
} kept_t;

FPXI_KEPT_MEMORY static kept_t kept;

/* After power-on the memory holds anything; zeros, too, must not pass. */
static uint32_t check(const void *bytes, size_t size)
{
    return ~fpxi_crc32(0, bytes, size);
}

void fpxi_kept_note_fault(const fpxi_fault_note_t *note)
{
    kept.note = *note;
    kept.note_check = check(&kept.note, sizeof kept.note);
    fpxi_barrier();
}

fpxi_fault_note_t fpxi_kept_take_fault(void)
{
    fpxi_fault_note_t none = {.fault = FPXI_FAULT_NONE};
    bool sound = kept.note_check == check(&kept.note, sizeof kept.note);
    fpxi_fault_note_t note = sound ? kept.note : none;
    kept.note_check = 0;
    kept.note = none;
    return note;
}

void fpxi_kept_note_cause(fpxi_reset_cause_t cause)
{
    kept.cause = (uint32_t)cause;
    kept.cause_check = ~kept.cause;
    fpxi_barrier();
}

/* A reset by software that left no word is the boot loader's, or a debugger's: as commanded. */
static fpxi_reset_cause_t software_cause(void)
{
    bool sound = kept.cause_check == ~kept.cause && kept.cause <= FPXI_RESET_CAUSE_BROWNOUT;
    return sound ? (fpxi_reset_cause_t)kept.cause : FPXI_RESET_CAUSE_COMMAND;
}

/* Flags stay set until cleared, and every reset pulls the reset line: the rarest comes first. */
fpxi_reset_cause_t fpxi_kept_take_cause(void)
{
    uint32_t flags = RCC->CSR;
    fpxi_reset_cause_t cause = FPXI_RESET_CAUSE_EXTERNAL;
    if ((flags & RCC_CSR_IWDGRSTF) != 0u) {
        cause = FPXI_RESET_CAUSE_WATCHDOG;
    } else if ((flags & RCC_CSR_SFTRSTF) != 0u) {
        cause = software_cause();
    } else if ((flags & RCC_CSR_PORRSTF) != 0u) {
        cause = FPXI_RESET_CAUSE_POWER_ON;
    } else if ((flags & RCC_CSR_BORRSTF) != 0u) {
        cause = FPXI_RESET_CAUSE_BROWNOUT;
    }
    RCC->CSR |= RCC_CSR_RMVF;
    kept.cause_check = kept.cause;
    return cause;
}

void fpxi_kept_request_boot_loader(void)
{
    kept.boot_request = FPXI_BOOT_REQUESTED;
    fpxi_barrier();
}
