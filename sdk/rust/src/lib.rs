// SPDX-License-Identifier: Apache-2.0
//! WASM actors in Rust, without std and without a heap.
//!
//! An actor is a function that gets one message after the other; `actor!` exports it:
//!
//! ```ignore
//! #![no_std]
//! use microkernel::{actor, send, Message};
//!
//! actor!(handle);
//!
//! fn handle(msg: Message) -> bool {
//!     if msg.kind == 200 {
//!         send(msg.source, 201, msg.payload);
//!     }
//!     msg.kind != 0 // false ends the actor
//! }
//! ```
//!
//! Functions that wait (`sleep`, `receive`, `call`) let all other actors run on. What a
//! message may hold is said with `message!` (wire.rs). `host` has the functions as the
//! host knows them.
#![no_std]

pub mod host;
mod wire;

pub use wire::{Field, Reader, Wire, Writer};

/// The number of an actor; 0 is nobody.
pub type ActorId = i64;

/// One message.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub kind: i32,
    pub source: ActorId,
    /// The first bytes, as many as fit where it was waited for; else all.
    pub payload: &'a [u8],
    /// Bytes of the whole payload.
    pub size: usize,
}

impl<'a> Message<'a> {
    /// What `T` says, when that is its kind and its size.
    pub fn read<T: Wire>(&self) -> Option<T> {
        if self.kind != T::KIND || self.payload.len() != self.size {
            return None;
        }
        let mut reader = Reader::new(self.payload);
        let value = T::read(&mut reader)?;
        if reader.is_at_end() {
            Some(value)
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Nothing came in time.
    Timeout,
    /// Not sent, not found, or this actor may not do that.
    Failed,
}

#[derive(Clone, Copy)]
pub enum Level {
    Debug = 0,
    Info = 1,
    Warn = 2,
    Error = 3,
}

/// Export `$handle`, a `fn(Message) -> bool`, as this module's behaviour.
#[macro_export]
macro_rules! actor {
    ($handle:path) => {
        #[no_mangle]
        pub unsafe extern "C" fn handle_message(
            kind: i32,
            source: i64,
            payload: *const u8,
            size: i32,
        ) -> i32 {
            let message = $crate::message_of(kind, source, payload, size);
            $handle(message) as i32
        }
    };
}

/// For `actor!`.
///
/// # Safety
/// The bytes are there, and stay as they are as long as the message lives.
#[doc(hidden)]
pub unsafe fn message_of<'a>(
    kind: i32,
    source: i64,
    payload: *const u8,
    size: i32,
) -> Message<'a> {
    let size = size as usize;
    let payload = if size == 0 {
        &[]
    } else {
        core::slice::from_raw_parts(payload, size)
    };
    Message { kind, source, payload, size }
}

fn done(result: i32) -> Result<(), Error> {
    match result {
        0 => Ok(()),
        -2 => Err(Error::Timeout),
        _ => Err(Error::Failed),
    }
}

/// A count or a size, or what is below 0.
fn counted(result: i32) -> Result<usize, Error> {
    if result < 0 {
        Err(Error::Failed)
    } else {
        Ok(result as usize)
    }
}

fn some_id(id: i64) -> Option<ActorId> {
    if id == 0 {
        None
    } else {
        Some(id)
    }
}

/// What was written of `size` bytes.
fn written(buf: &[u8], size: usize) -> &[u8] {
    &buf[..size.min(buf.len())]
}

// --- messages -------------------------------------------------------------------------

/// True when it was sent: the mailbox had room, and somebody is there.
pub fn send(to: ActorId, kind: i32, payload: &[u8]) -> bool {
    unsafe { host::mk_send(to, kind, payload.as_ptr(), payload.len() as i32) == 1 }
}

/// The payload is 4 bytes, little-endian.
pub fn send_u32(to: ActorId, kind: i32, value: u32) -> bool {
    unsafe { host::mk_send_u32(to, kind, value as i32) == 1 }
}

pub fn self_id() -> ActorId {
    unsafe { host::mk_self() }
}

/// What came, without its bytes.
struct Head {
    kind: i32,
    source: ActorId,
    size: usize,
}

fn receive_head(buf: &mut [u8], timeout_ms: Option<u32>) -> Result<Head, Error> {
    let (mut kind, mut size, mut source) = (0, 0, 0);
    let (at, cap) = (buf.as_mut_ptr(), buf.len() as i32);
    done(match timeout_ms {
        None => unsafe { host::mk_recv_full(&mut kind, at, cap, &mut size, &mut source) },
        Some(ms) => unsafe {
            let ms = ms.min(i32::MAX as u32) as i32;
            host::mk_recv_timeout(&mut kind, at, cap, &mut size, &mut source, ms)
        },
    })?;
    Ok(Head { kind, source, size: size as usize })
}

fn message_at(head: Head, buf: &[u8]) -> Message<'_> {
    Message {
        kind: head.kind,
        source: head.source,
        payload: written(buf, head.size),
        size: head.size,
    }
}

/// Wait for the next message.
pub fn receive(buf: &mut [u8]) -> Result<Message<'_>, Error> {
    let head = receive_head(buf, None)?;
    Ok(message_at(head, buf))
}

/// The same, at most so long.
pub fn receive_within(buf: &mut [u8], timeout_ms: u32) -> Result<Message<'_>, Error> {
    let head = receive_head(buf, Some(timeout_ms))?;
    Ok(message_at(head, buf))
}

/// Send, then wait for the first message from `to`. What others send meanwhile goes to
/// `meanwhile`, which may send but must not wait.
pub fn call<'a>(
    to: ActorId,
    kind: i32,
    payload: &[u8],
    buf: &'a mut [u8],
    timeout_ms: u32,
    mut meanwhile: impl FnMut(Message),
) -> Result<Message<'a>, Error> {
    let end_ms = time_ms() + timeout_ms as i64;
    if !send(to, kind, payload) {
        return Err(Error::Failed);
    }
    loop {
        // Never more than was asked for, should the clock be set back.
        let left_ms = (end_ms - time_ms()).clamp(0, timeout_ms as i64) as u32;
        let head = receive_head(buf, Some(left_ms))?;
        if head.source == to {
            return Ok(message_at(head, buf));
        }
        meanwhile(message_at(head, buf));
    }
}

// --- names ----------------------------------------------------------------------------

/// Take a name or a path.
pub fn register(name: &str) -> Result<(), Error> {
    done(unsafe { host::mk_register(name.as_ptr(), name.len() as i32) })
}

pub fn lookup(name: &str) -> Option<ActorId> {
    some_id(unsafe { host::mk_lookup(name.as_ptr(), name.len() as i32) })
}

/// A name of that actor; empty when it has none.
pub fn name_of(id: ActorId, buf: &mut [u8]) -> &[u8] {
    let size = unsafe { host::mk_reverse_lookup(id, buf.as_mut_ptr(), buf.len() as i32) };
    written(buf, size.max(0) as usize)
}

/// Lines `path=id` of what lies under the prefix, as many bytes as fit.
pub fn list_paths<'a>(prefix: &str, buf: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let mut size = 0;
    done(unsafe {
        let (at, cap) = (buf.as_mut_ptr(), buf.len() as i32);
        host::mk_ns_list(prefix.as_ptr(), prefix.len() as i32, at, cap, &mut size)
    })?;
    Ok(written(buf, size as usize))
}

pub fn list_actors(ids: &mut [ActorId]) -> Result<&[ActorId], Error> {
    let mut count = 0;
    done(unsafe { host::mk_list_actors(ids.as_mut_ptr(), ids.len() as i32, &mut count) })?;
    Ok(&ids[..(count as usize).min(ids.len())])
}

pub fn node_name(buf: &mut [u8]) -> &[u8] {
    let size = unsafe { host::mk_node_name(buf.as_mut_ptr(), buf.len() as i32) };
    written(buf, size.max(0) as usize)
}

// --- time, log ------------------------------------------------------------------------

/// Let the others run for so long.
pub fn sleep(ms: u32) -> Result<(), Error> {
    done(unsafe { host::mk_sleep_ms(ms.min(i32::MAX as u32) as i32) })
}

/// Milliseconds since 1970.
pub fn time_ms() -> i64 {
    unsafe { host::mk_time_ms() }
}

pub fn log(level: Level, text: &str) {
    unsafe { host::mk_log(level as i32, text.as_ptr(), text.len() as i32) }
}

/// To standard output.
pub fn print(text: &str) {
    unsafe { host::mk_print(text.as_ptr(), text.len() as i32) }
}

// --- state, actors, files, network ----------------------------------------------------

pub fn save(key: &str, data: &[u8]) -> Result<(), Error> {
    done(unsafe {
        let (at, size) = (data.as_ptr(), data.len() as i32);
        host::mk_save_state(key.as_ptr(), key.len() as i32, at, size)
    })
}

/// What was saved.
pub fn load<'a>(key: &str, buf: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let size = counted(unsafe {
        let (at, cap) = (buf.as_mut_ptr(), buf.len() as i32);
        host::mk_load_state(key.as_ptr(), key.len() as i32, at, cap)
    })?;
    Ok(written(buf, size))
}

/// Start an actor from the bytes of a module.
pub fn spawn(module: &[u8], mailbox: u32) -> Option<ActorId> {
    let size = module.len() as i32;
    some_id(unsafe { host::mk_spawn_wasm(module.as_ptr(), size, mailbox as i32) })
}

pub fn stop(id: ActorId) {
    unsafe { host::mk_stop(id) };
}

/// The file, and its whole size, of which as much is there as fits.
pub fn read_file<'a>(path: &str, buf: &'a mut [u8]) -> Result<(&'a [u8], usize), Error> {
    let mut size = 0;
    done(unsafe {
        let (at, cap) = (buf.as_mut_ptr(), buf.len() as i32);
        host::mk_read_file(path.as_ptr(), path.len() as i32, at, cap, &mut size)
    })?;
    Ok((written(buf, size as usize), size as usize))
}

/// The status and the body, as many bytes as fit.
pub fn http_get<'a>(url: &str, buf: &'a mut [u8]) -> Result<(i32, &'a [u8]), Error> {
    let (mut status, mut size) = (0, 0);
    done(unsafe {
        let (at, cap) = (buf.as_mut_ptr(), buf.len() as i32);
        host::mk_http_get(url.as_ptr(), url.len() as i32, at, cap, &mut status, &mut size)
    })?;
    Ok((status, written(buf, size as usize)))
}

// --- the end --------------------------------------------------------------------------

/// The place only: formatting the message would cost ten kilobytes.
#[cfg(all(target_arch = "wasm32", feature = "panic-handler"))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    log(Level::Error, "panic");
    if let Some(place) = info.location() {
        log(Level::Error, place.file());
    }
    core::arch::wasm32::unreachable()
}
