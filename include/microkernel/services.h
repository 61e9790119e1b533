/* SPDX-License-Identifier: Apache-2.0 */
/* services.h - timers, descriptors, names and log in one include, for programs. The
 * library itself includes the narrow headers. */
#ifndef MICROKERNEL_SERVICES_H
#define MICROKERNEL_SERVICES_H

#include "microkernel/log.h"
#include "microkernel/message_ids.h"
#include "microkernel/names.h"
#include "microkernel/timer.h"
#include "microkernel/watch.h"

#endif
