// SPDX-License-Identifier: Apache-2.0

// An actor that waits in the middle of its work, while others run on.
//
//	300         asks the sender (301), waits a second for its answer, greets with 302;
//	            303 when none came
//	310         sleeps 50 ms, then answers 311 with the payload
//	320         waits for the next message, whatever it is, and answers 321 with that
//	330 (a, b)  two i32: answers 331 with their sum, an i64
package main

import (
	"encoding/binary"
	mk "microkernel"
)

const (
	secondMs = 1000
	napMs    = 50
)

func greet(source mk.ActorID) {
	const greeting = "hello, "
	text := make([]byte, len(greeting)+32)
	copy(text, greeting)
	reply, err := mk.Call(source, 301, []byte("your name?"), text[len(greeting):], secondMs, nil)
	if err != nil {
		mk.Send(source, 303, nil)
		return
	}
	mk.Send(source, 302, text[:len(greeting)+len(reply.Payload)])
}

func passOnNext(source mk.ActorID) {
	next := make([]byte, 64)
	if msg, err := mk.Receive(next, -1); err == nil {
		mk.Send(source, 321, msg.Payload)
	}
}

func add(msg mk.Message) {
	if msg.Size != 8 {
		return
	}
	a := int64(int32(binary.LittleEndian.Uint32(msg.Payload)))
	b := int64(int32(binary.LittleEndian.Uint32(msg.Payload[4:])))
	mk.Send(msg.Source, 331, binary.LittleEndian.AppendUint64(nil, uint64(a+b)))
}

//export handle_message
func handleMessage(kind int32, source int64, payload *byte, size int32) int32 {
	msg := mk.MessageOf(kind, source, payload, size)
	switch kind {
	case 0:
		return 0
	case 300:
		greet(source)
	case 310:
		if mk.Sleep(napMs) == nil {
			mk.Send(source, 311, msg.Payload)
		}
	case 320:
		passOnNext(source)
	case 330:
		add(msg)
	}
	return 1
}

func main() {}
