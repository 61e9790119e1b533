// SPDX-License-Identifier: Apache-2.0
//! An actor that waits in the middle of its work, while others run on.
//!
//!   300         asks the sender (301), waits a second for its answer, greets with 302;
//!               303 when none came
//!   310         sleeps 50 ms, then answers 311 with the payload
//!   320         waits for the next message, whatever it is, and answers 321 with that
//!   330 (a, b)  two i32: answers 331 with their sum, an i64
#![no_std]

use microkernel::{actor, call, message, receive, send, sleep, ActorId, Message};

const SECOND_MS: u32 = 1000;
const NAP_MS: u32 = 50;

message! { struct Add = 330 { a: i32, b: i32 } }
message! { struct Sum = 331 { sum: i64 } }

actor!(handle);

fn greet(source: ActorId) {
    let mut name = [0; 32];
    match call(source, 301, b"your name?", &mut name, SECOND_MS, |_| {}) {
        Ok(reply) => {
            let mut text = *b"hello, ................................";
            let size = 7 + reply.payload.len();
            text[7..size].copy_from_slice(reply.payload);
            send(source, 302, &text[..size])
        }
        Err(_) => send(source, 303, &[]),
    };
}

fn pass_on_next(source: ActorId) {
    let mut next = [0; 64];
    if let Ok(msg) = receive(&mut next) {
        send(source, 321, msg.payload);
    }
}

fn handle(msg: Message) -> bool {
    match msg.kind {
        0 => return false,
        300 => greet(msg.source),
        310 => {
            if sleep(NAP_MS).is_ok() {
                send(msg.source, 311, msg.payload);
            }
        }
        320 => pass_on_next(msg.source),
        _ => {}
    }
    if let Some(add) = msg.read::<Add>() {
        Sum { sum: add.a as i64 + add.b as i64 }.send(msg.source);
    }
    true
}
