#include "storage.h"

#include <string.h>

#include "../../core/hardware.h"
#include "processor.h"
#include "time.h"

#define FIRST_SECTOR 2u
#define FIRST_ADDRESS 0x08008000u

/* An erasure takes 0.5 s at most (data sheet, table 40); the watchdog bites after 0.68 s or later. */
#define LONGEST_US 600000u

#define ERRORS \
    (FLASH_SR_OPERR | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_PGPERR | FLASH_SR_PGSERR)

static uint32_t address_of(uint8_t slot, uint32_t offset)
{
    return FIRST_ADDRESS + slot * FPXI_STORAGE_SLOT_SIZE + offset;
}

void fpxi_storage_read(uint8_t slot, uint32_t offset, void *bytes, size_t size)
{
    memcpy(bytes, FPXI_AT(const uint8_t, address_of(slot, offset)), size);
}

static bool ready(void)
{
    uint64_t end_us = fpxi_time_now_us() + LONGEST_US;
    while ((FLASH->SR & FLASH_SR_BSY) != 0u) {
        if (fpxi_time_now_us() >= end_us) {
            return false;
        }
    }
    return true;
}

/* RM0090, 3.6.1: two keys; the errors of the past are cleared, or they would fail what follows. */
static bool unlock(void)
{
    if (!ready()) {
        return false;
    }
    FLASH->KEYR = FLASH_KEY_1;
    FLASH->KEYR = FLASH_KEY_2;
    FLASH->SR = ERRORS | FLASH_SR_EOP;
    return true;
}

static int lock(void)
{
    bool done = ready() && (FLASH->SR & ERRORS) == 0u;
    FLASH->CR = FLASH_CR_LOCK;
    return done ? FPXI_OK : FPXI_FAILED;
}

/* RM0090, 3.4.2: the data cache may hold what was erased; it is reset while it is off. */
static void flush_data_cache(void)
{
    FLASH->ACR &= ~FLASH_ACR_DCEN;
    FLASH->ACR |= FLASH_ACR_DCRST;
    FLASH->ACR &= ~FLASH_ACR_DCRST;
    FLASH->ACR |= FLASH_ACR_DCEN;
}

int fpxi_storage_erase(uint8_t slot)
{
    uint32_t control = FLASH_CR_PSIZE_32 | FLASH_CR_SER | FLASH_CR_SNB(FIRST_SECTOR + slot);
    if (!unlock()) {
        return FPXI_FAILED;
    }
    FLASH->CR = control;
    FLASH->CR = control | FLASH_CR_STRT;
    int result = lock();
    flush_data_cache();
    return result;
}

int fpxi_storage_program(uint8_t slot, uint32_t offset, uint32_t word)
{
    if (!unlock()) {
        return FPXI_FAILED;
    }
    FLASH->CR = FLASH_CR_PSIZE_32 | FLASH_CR_PG;
    *FPXI_AT(reg_t, address_of(slot, offset)) = word;
    fpxi_barrier();
    return lock();
}
