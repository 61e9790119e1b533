# SPDX-License-Identifier: Apache-2.0
#
# The bounds of include/microkernel/limits.h on a machine with 320 KiB of RAM. The one
# place where they are set; docs/PORTING.md says how each was chosen.
set(MK_CHIP_LIMITS
    MK_MAILBOX_BYTES=16384  # a flooded mailbox takes 5 % of the heap, not all of it
    MK_SLAB_BYTES=2048      # few actors: a slab per size class must stay small
    MK_SLAB_BYTES_MAX=8192  # larger pieces are not to be found in a used heap
    MK_POOL_BLOCK_MAX=512   # a quarter of a slab
    MK_POLL_BATCH=8         # the UART has two handles
    MK_POST_MAX=64          # only interrupt handlers post
    MK_CRASH_RECORDS=8
    MK_STATE_VALUE_MAX=4096 # held twice while it is saved
    MK_STATE_KEYS_MAX=32
    MK_STATE_QUEUE_MAX=16
    MK_STATE_QUEUE_BYTES=16384
    MK_STATE_ACTOR_QUEUE=8)
