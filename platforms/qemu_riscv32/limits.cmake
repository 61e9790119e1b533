# SPDX-License-Identifier: Apache-2.0
#
# The bounds of the library on a machine with 320 KiB of RAM: the one place where they
# are set. What each one bounds, and its range, stand in the header named above it.
set(MK_CHIP_LIMITS
    # include/microkernel/limits.h
    MK_MAILBOX_BYTES=16384      # bytes; a flooded mailbox takes 5 % of the RAM, not all
    MK_SLAB_BYTES=2048          # bytes; with few actors the slabs must stay small
    MK_SLAB_BYTES_MAX=4096      # bytes; what a pool may hold too much
    MK_POOL_BLOCK_MAX=512       # bytes; a quarter of a slab
    MK_CROWD_MESSAGES=512       # messages; two mailboxes
    MK_POLL_BATCH=8             # events; the UART has two handles
    MK_POST_MAX=64              # messages; nobody but the program itself posts
    MK_WHEEL_BITS=4             # bits of a level; 3 KiB once there is a timer
    MK_CRASH_RECORDS=8          # records, of about 250 bytes
    MK_STATE_VALUE_MAX=4096     # bytes; held twice while it is saved
    MK_STATE_KEYS_MAX=32        # keys; a list of them is one message
    MK_STATE_QUEUE_MAX=16       # requests
    MK_STATE_QUEUE_BYTES=16384  # bytes; four of the largest values
    MK_STATE_ACTOR_QUEUE=8      # requests; half of all
    MK_HTTP_TARGET_MAX=512      # bytes; beside the fields in one store
    MK_HTTP_FIELDS_SIZE_MAX=2048 # bytes; a browser sends some 700
    MK_HTTP_FIELDS_MAX=32       # fields; twice what a browser sends
    MK_HTTP_CHUNK_EXT_MAX=512   # bytes
    MK_ACCEPT_BATCH=8           # connections; of a storm, in one look
    MK_LISTEN_BACKLOG=32        # connections
    MK_DNS_ADDRESSES_MAX=4      # of one family; what is tried in a second
    MK_DNS_CACHE_MAX=8          # names of one family, of some 200 bytes
    MK_DNS_PENDING_MAX=8        # names of one family
    MK_WIRE_PAYLOAD_MAX=8192    # bytes; half a mailbox
    MK_LINK_BATCH=2048          # bytes; a packet of a wire
    MK_LINK_OUTPUT_MAX=16384    # bytes; a node that does not read takes 5 % of the RAM
    MK_LINK_TURN_BYTES=4096     # bytes
    MK_PEER_CREDIT=8192         # bytes; half a mailbox
    MK_PEER_NAMES=256           # names, of some 100 bytes
    MK_PEER_BONDS=256           # monitors and links
    MK_MOUNT_PENDING=4          # hellos under way
    MK_RING_BYTES=2048          # bytes; one core, so only a test has any
    MK_RING_SIDE_BYTES=4096     # bytes
    # include/microkernel/log.h
    MK_LOG_QUEUE_BYTES=4096     # bytes; some 30 lines between two turns of the loop
    # include/microkernel/shell.h
    MK_SHELL_LOG_BYTES=4096     # bytes, taken twice; some 40 lines
    MK_SHELL_OUTPUT_BYTES=2048) # bytes; a screenful
