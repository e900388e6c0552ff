/* Version of the firmware, as told in IDENTITY. The package has the same. */

#ifndef FPXI_VERSION_H
#define FPXI_VERSION_H

#define FPXI_FIRMWARE_MAJOR 0u
#define FPXI_FIRMWARE_MINOR 1u
#define FPXI_FIRMWARE_PATCH 0u

#endif
