/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/mount_target.h"

#include "base/url.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "net/address.h"

/* The slash is the path's: "unix:4200" is a host of that name. */
static const char unix_prefix[] = "unix:/";

enum { PATH_AT = sizeof unix_prefix - 2 };

static int set_host(mount_target_t *out, text_t host) {
    mk_writer_t writer;
    writer_init(&writer, out->host, sizeof out->host);
    writer_slice(&writer, host);
    /* A NUL inside would make another name of it. */
    bool is_whole = !writer_has_overflowed(&writer) && host.size > 0 &&
                    text_find(host, '\0') == host.size;
    return is_whole ? MK_OK : MK_EINVAL;
}

/* An address without a port, in its one spelling. */
static int set_address(mount_target_t *out, text_t text, bool is_v6_only) {
    port_address_t address;
    if (address_parse(text, 0, &address) != MK_OK) return MK_EINVAL;
    if (is_v6_only && address.family != PORT_FAMILY_INET6) return MK_EINVAL;
    (void)address_format_host(&address, out->host, sizeof out->host);
    return MK_OK;
}

/* "[v6]" or "[v6]:port". */
static int set_bracketed(mount_target_t *out, text_t text) {
    size_t end = text_find(text, ']');
    text_t rest = text_part(text, end + 1, text.size);
    uint64_t port = out->port;
    int result = end < text.size ? MK_OK : MK_EINVAL;
    if (result == MK_OK && rest.size > 0)
        result = rest.bytes[0] == ':'
                     ? text_parse_unsigned(text_part(rest, 1, rest.size), 10, 1,
                                           UINT16_MAX, &port)
                     : MK_EINVAL;
    if (result != MK_OK) return MK_EINVAL;
    out->port = (uint16_t)port;
    return set_address(out, text_part(text, 1, end - 1), true);
}

/* "name", "name:port", "v4:port". */
static int set_authority(mount_target_t *out, text_t text) {
    url_authority_t authority;
    int result = url_parse_authority(text, out->port, &authority, NULL);
    if (result != MK_OK) return result;
    out->port = authority.port;
    return set_host(out, authority.host);
}

static int spell(mount_target_t *out) {
    mk_writer_t writer;
    text_t host = text_of(out->host);
    bool is_v6 = !out->is_unix && text_find(host, ':') != host.size;
    writer_init(&writer, out->text, sizeof out->text);
    if (out->is_unix)
        writer_format(&writer, "unix:%s", out->host);
    else
        writer_format(&writer, is_v6 ? "[%s]:%u" : "%s:%u", out->host,
                      (unsigned)out->port);
    return writer_has_overflowed(&writer) ? MK_EINVAL : MK_OK;
}

int mount_target_parse(text_t text, uint16_t default_port, mount_target_t *out) {
    int result;
    *out = (mount_target_t){.port = default_port};
    if (text_starts_with(text, text_of(unix_prefix))) {
        out->is_unix = true;
        out->port = 0;
        result = set_host(out, text_part(text, PATH_AT, text.size));
    } else if (text.size > 0 && text.bytes[0] == '[') {
        result = set_bracketed(out, text);
    } else {
        result = set_address(out, text, false);
        if (result != MK_OK) result = set_authority(out, text);
    }
    if (result == MK_OK && !out->is_unix && out->port == 0) result = MK_EINVAL;
    return result == MK_OK ? spell(out) : result;
}
