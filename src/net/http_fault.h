/* SPDX-License-Identifier: Apache-2.0 */
/* http_fault.h - why a message is refused, and the status a server answers then. */
#ifndef MK_NET_HTTP_FAULT_H
#define MK_NET_HTTP_FAULT_H

/* ROW(name, status, text). A server closes the connection behind each of these: what
 * cannot be understood has no known end. */
/* clang-format off */
#define HTTP_FAULT_LIST(ROW)                                                             \
    ROW(HTTP_FAULT_NONE,            0, "no fault")                                       \
    ROW(HTTP_FAULT_LINE,          400, "malformed first line")                           \
    ROW(HTTP_FAULT_METHOD_LONG,   501, "method too long")                                \
    ROW(HTTP_FAULT_TARGET,        400, "malformed request target")                       \
    ROW(HTTP_FAULT_TARGET_LONG,   414, "request target too long")                        \
    ROW(HTTP_FAULT_VERSION,       400, "malformed protocol version")                     \
    ROW(HTTP_FAULT_VERSION_OTHER, 505, "protocol version not supported")                 \
    ROW(HTTP_FAULT_STATUS,        400, "malformed status code")                          \
    ROW(HTTP_FAULT_LINE_END,      400, "a line that does not end in CR LF")              \
    ROW(HTTP_FAULT_NAME,          400, "malformed field name")                           \
    ROW(HTTP_FAULT_VALUE,         400, "a control character in a field value")           \
    ROW(HTTP_FAULT_FOLDED,        400, "a folded field")                                 \
    ROW(HTTP_FAULT_FIELDS_LONG,   431, "header fields too large")                        \
    ROW(HTTP_FAULT_FIELDS_MANY,   431, "too many header fields")                         \
    ROW(HTTP_FAULT_HOST_MISSING,  400, "no Host field")                                  \
    ROW(HTTP_FAULT_HOST_TWICE,    400, "more than one Host field")                       \
    ROW(HTTP_FAULT_HOST,          400, "malformed Host field")                           \
    ROW(HTTP_FAULT_HOST_OTHER,    400, "Host field and request target differ")           \
    ROW(HTTP_FAULT_LENGTH,        400, "malformed Content-Length")                       \
    ROW(HTTP_FAULT_LENGTH_TWICE,  400, "more than one Content-Length")                   \
    ROW(HTTP_FAULT_LENGTH_CODING, 400, "Content-Length beside Transfer-Encoding")        \
    ROW(HTTP_FAULT_CODING,        400, "malformed Transfer-Encoding")                    \
    ROW(HTTP_FAULT_CODING_OTHER,  501, "transfer coding not supported")                  \
    ROW(HTTP_FAULT_EXPECT,        417, "expectation not supported")                      \
    ROW(HTTP_FAULT_BODY_LONG,     413, "body too large")                                 \
    ROW(HTTP_FAULT_CHUNK_SIZE,    400, "malformed chunk size")                           \
    ROW(HTTP_FAULT_CHUNK_EXT,     400, "chunk extensions too large or malformed")        \
    ROW(HTTP_FAULT_CHUNK_END,     400, "chunk data without CR LF")                       \
    ROW(HTTP_FAULT_TRAILER,       400, "a trailer field that belongs in the header")
/* clang-format on */

#define HTTP_FAULT_ENUM_ROW(name, status, text) name,
typedef enum { HTTP_FAULT_LIST(HTTP_FAULT_ENUM_ROW) HTTP_FAULTS_LEN } http_fault_t;
#undef HTTP_FAULT_ENUM_ROW

/* The status of the answer, 0 for no fault; and a few words for the answer and the log.
 * Static storage. */
int http_fault_status(http_fault_t fault);
const char *http_fault_text(http_fault_t fault);

#endif
