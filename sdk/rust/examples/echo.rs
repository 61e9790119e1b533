// SPDX-License-Identifier: Apache-2.0
//! Answers a message of type n with one of type n + 1 and the same payload; 0 ends it, and
//! what the system sends (a negative type) is not answered.
#![no_std]

use microkernel::{actor, send, Message};

actor!(handle);

fn handle(msg: Message) -> bool {
    if msg.kind > 0 && msg.kind < i32::MAX {
        send(msg.source, msg.kind + 1, msg.payload);
    }
    msg.kind != 0
}
