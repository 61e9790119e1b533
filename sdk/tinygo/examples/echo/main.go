// SPDX-License-Identifier: Apache-2.0

// Answers a message of type n with one of type n + 1 and the same payload; 0 ends it, and
// what the system sends (a negative type) is not answered.
package main

import mk "microkernel"

//export handle_message
func handleMessage(kind int32, source int64, payload *byte, size int32) int32 {
	msg := mk.MessageOf(kind, source, payload, size)
	if kind == 0 {
		return 0
	}
	if kind > 0 && kind < 0x7FFFFFFF {
		mk.Send(msg.Source, kind+1, msg.Payload)
	}
	return 1
}

func main() {}
