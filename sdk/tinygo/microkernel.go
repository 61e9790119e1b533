// SPDX-License-Identifier: Apache-2.0

// Package microkernel is for WASM actors built with TinyGo. host.go has the functions of
// the host, this file what makes them handy. Functions that wait (Sleep, Receive, Call) let
// all other actors run on.
package microkernel

import (
	"errors"
	"unsafe"
)

// ActorID is the number of an actor; 0 is nobody.
type ActorID = int64

var (
	// ErrTimeout: nothing came in time.
	ErrTimeout = errors.New("timeout")
	// ErrFailed: not sent, not found, or this actor may not do that.
	ErrFailed = errors.New("failed")
)

// Message is one message. Payload has as many bytes as fit where it was waited for, Size
// is that of the whole.
type Message struct {
	Kind    int32
	Source  ActorID
	Payload []byte
	Size    int
}

// MessageOf makes a message of the arguments of handle_message; its payload is valid until
// that returns.
func MessageOf(kind int32, source int64, payload *byte, size int32) Message {
	return Message{kind, source, unsafe.Slice(payload, int(size)), int(size)}
}

func done(result int32) error {
	switch result {
	case 0:
		return nil
	case -2:
		return ErrTimeout
	default:
		return ErrFailed
	}
}

// Send is true when the message was sent: the mailbox had room, and somebody is there.
func Send(to ActorID, kind int32, payload []byte) bool {
	return mk_send(to, kind, unsafe.SliceData(payload), int32(len(payload))) == 1
}

// Self is this actor.
func Self() ActorID {
	return mk_self()
}

// Receive waits for the next message, at most timeoutMs (negative: for ever).
func Receive(buf []byte, timeoutMs int32) (Message, error) {
	var msg Message
	var size int32
	var result int32
	at, room := unsafe.SliceData(buf), int32(len(buf))
	if timeoutMs < 0 {
		result = mk_recv_full(&msg.Kind, at, room, &size, &msg.Source)
	} else {
		result = mk_recv_timeout(&msg.Kind, at, room, &size, &msg.Source, timeoutMs)
	}
	if err := done(result); err != nil {
		return msg, err
	}
	msg.Size = int(size)
	msg.Payload = buf[:min(msg.Size, len(buf))]
	return msg, nil
}

// Call sends, then waits for the first message from the same actor. What others send
// meanwhile goes to meanwhile, which may be nil, may send, and must not wait.
func Call(to ActorID, kind int32, payload, buf []byte, timeoutMs int32, meanwhile func(Message)) (Message, error) {
	end := Now() + int64(timeoutMs)
	if !Send(to, kind, payload) {
		return Message{}, ErrFailed
	}
	for {
		left := end - Now()
		if left < 0 {
			left = 0
		}
		if left > int64(timeoutMs) { // the clock was set back
			left = int64(timeoutMs)
		}
		msg, err := Receive(buf, int32(left))
		if err != nil || msg.Source == to {
			return msg, err
		}
		if meanwhile != nil {
			meanwhile(msg)
		}
	}
}

// Sleep lets the others run for so long.
func Sleep(ms int32) error {
	return done(mk_sleep_ms(ms))
}

// Now is in milliseconds since 1970.
func Now() int64 {
	return mk_time_ms()
}

// Log writes a line to the node's log; the levels are 0 debug, 1 info, 2 warn, 3 error.
func Log(level int32, text string) {
	mk_log(level, unsafe.StringData(text), int32(len(text)))
}

// Print writes to standard output.
func Print(text string) {
	mk_print(unsafe.StringData(text), int32(len(text)))
}

// Register takes a name or a path.
func Register(name string) error {
	return done(mk_register(unsafe.StringData(name), int32(len(name))))
}

// Lookup is 0 when nobody has that name.
func Lookup(name string) ActorID {
	return mk_lookup(unsafe.StringData(name), int32(len(name)))
}

// Save keeps data under a key, across restarts.
func Save(key string, data []byte) error {
	return done(mk_save_state(unsafe.StringData(key), int32(len(key)), unsafe.SliceData(data), int32(len(data))))
}

// Load gets what was saved, as many bytes as fit.
func Load(key string, buf []byte) ([]byte, error) {
	size := mk_load_state(unsafe.StringData(key), int32(len(key)), unsafe.SliceData(buf), int32(len(buf)))
	if size < 0 {
		return nil, ErrFailed
	}
	return buf[:min(int(size), len(buf))], nil
}
