/* SPDX-License-Identifier: Apache-2.0 */
/* namespace.h - paths, capabilities, node identity and mounts in one include, for
 * programs. The library itself includes the narrow headers. */
#ifndef MICROKERNEL_NAMESPACE_H
#define MICROKERNEL_NAMESPACE_H

#include "microkernel/caps.h"
#include "microkernel/mount.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"

#endif
