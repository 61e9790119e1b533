/* SPDX-License-Identifier: Apache-2.0 */
/* mutant.c - base including what stands above it: check_layers has to refuse every
 * one of these. Never compiled. */
#include "kernel/mailbox.h"
#include "microkernel/runtime.h"
#include "microkernel/services.h"
