/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/mount_target.h"

#include "base/url.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "net/address.h"

static const char unix_prefix[] = "unix:";

static int set_host(mount_target_t *out, text_t host) {
    mk_writer_t writer;
    writer_init(&writer, out->host, sizeof out->host);
    writer_slice(&writer, host);
    /* A NUL inside would make another name of it. */
    bool is_whole = !writer_has_overflowed(&writer) && host.size > 0 &&
                    text_find(host, '\0') == host.size;
    return is_whole ? MK_OK : MK_EINVAL;
}

static int spell(mount_target_t *out) {
    mk_writer_t writer;
    writer_init(&writer, out->text, sizeof out->text);
    bool is_v6 =
        !out->is_unix && text_find(text_of(out->host), ':') != text_of(out->host).size;
    if (out->is_unix)
        writer_format(&writer, "%s%s", unix_prefix, out->host);
    else
        writer_format(&writer, is_v6 ? "[%s]:%u" : "%s:%u", out->host,
                      (unsigned)out->port);
    return writer_has_overflowed(&writer) ? MK_EINVAL : MK_OK;
}

int mount_target_parse(text_t text, uint16_t default_port, mount_target_t *out) {
    port_address_t address;
    url_authority_t authority;
    text_t host = text;
    int result = MK_OK;
    *out = (mount_target_t){.port = default_port};
    out->is_unix = text_starts_with(text, text_of(unix_prefix));
    if (out->is_unix) {
        out->port = 0;
        host = text_part(text, sizeof unix_prefix - 1, text.size);
    } else if (address_parse(text, default_port, &address) != MK_OK) {
        result = url_parse_authority(text, default_port, &authority, NULL);
        if (result == MK_OK) {
            host = authority.host;
            out->port = authority.port;
        }
    }
    /* "[::1]" is an address as a whole; its brackets are no part of it. */
    if (host.size > 1 && host.bytes[0] == '[' && host.bytes[host.size - 1] == ']')
        host = text_part(host, 1, host.size - 2);
    if (result == MK_OK) result = set_host(out, host);
    if (result == MK_OK && !out->is_unix && out->port == 0) result = MK_EINVAL;
    return result == MK_OK ? spell(out) : result;
}
