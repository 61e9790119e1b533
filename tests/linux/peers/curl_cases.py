# SPDX-License-Identifier: Apache-2.0
"""Prints the answers of servers in the test data of Debian's curl, in the form that
http_parser_cases.c describes; -1 stands for a number that the data do not tell.

    curl_cases.py FOLDER    the folder tests/data of its source

What an answer means is read in the simplest way that can be, and only where nothing is
in doubt. Heads whose lines end in a bare LF, as half of them do, come twice: as they are,
which is to be refused, and in CR LF. Left out are parts that curl's server would fill in, and
failures of curl other than those because of the answer.
"""
import os
import re
import sys

WEIRD_REPLY = b"8"  # curl's exit code
NUMBER = re.compile(rb"[0-9]+")


def tell(*texts):
    for text in texts:
        if isinstance(text, int):
            text = b"%d" % text
        sys.stdout.buffer.write(b"%d:%s," % (len(text), text))


def dechunk(text):
    """The data of a chunked body, what follows it, its trailers; None when it is not that
    simple."""
    data = b""
    while True:
        match = re.match(rb"([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n", text)
        if not match:
            return None
        size, text = int(match.group(1), 16), text[match.end():]
        if size == 0:
            end = text.find(b"\r\n") if text.startswith(b"\r\n") else text.find(b"\r\n\r\n") + 2
            lines = [line.split(b":", 1) for line in text[:end].split(b"\r\n") if line]
            is_good = end != 1 and all(len(line) == 2 for line in lines)
            return (data, text[end + 2:], lines) if is_good else None
        if text[size:size + 2] != b"\r\n":
            return None
        data, text = data + text[:size], text[size + 2:]


def body_of(status, fields, text):
    """The body behind a head, what follows it, its trailers; or None."""
    known = [(name.lower(), value) for name, value in fields]
    lengths = [value for name, value in known if name == b"content-length"]
    codings = [value for name, value in known if name == b"transfer-encoding"]
    if status < 200 or status in (204, 304):
        return b"", text, []
    if codings:
        return dechunk(text) if codings == [b"chunked"] else None
    if not lengths:
        return text, b"", []
    if len(lengths) > 1 or not NUMBER.fullmatch(lengths[0]) or int(lengths[0]) > len(text):
        return None
    return text[:int(lengths[0])], text[int(lengths[0]):], []


def tell_answer(name, head, text):
    raw = head + b"\r\n\r\n" + text
    first, *lines = head.split(b"\r\n")
    match = re.fullmatch(rb"HTTP/([0-9])\.([0-9]) ([0-9]{3})(?: (.*))?", first)
    fields = [line.split(b":", 1) for line in lines]
    if not match or any(len(field) < 2 for field in fields):
        tell(b"response", name, raw, 1, 0)
        return
    fields = [(field, value.strip(b" \t")) for field, value in fields]
    status = int(match.group(3))
    body = body_of(status, fields, text)
    tell(b"response", name, raw, 1, 1, b"", b"", b"", b"", b"", 0)
    tell(int(match.group(1)) * 10 + int(match.group(2)), status, match.group(4) or b"", -1)
    data, rest, trailers = body or (b"", b"", [])
    tell(-1 if body is None else len(data), data, rest, len(fields) + len(trailers))
    for field, value in fields + trailers:
        tell(field, value.strip(b" \t"))


def tell_file(name, text):
    reply = re.search(rb"<reply>(.*?)</reply>", text, re.S)
    codes = re.findall(rb"[0-9]+", b"".join(re.findall(rb"<errorcode>(.*?)</errorcode>", text, re.S)))
    is_weird = WEIRD_REPLY in codes
    if set(codes) - {b"0"} and not is_weird:
        return  # of something else that curl was told to do
    parts = re.findall(rb"<(data[0-9]*)([^>]*)>\n(.*?)</data[0-9]*>", reply.group(1), re.S) if reply else []
    for part, how, raw in parts:
        if b"crlf" in how:
            raw = re.sub(rb"\r?\n", b"\r\n", raw)
        ends = re.search(rb"\r?\n\r?\n", raw)
        if not raw.startswith(b"HTTP/") or not ends or b"%" in raw or b"base64" in how:
            continue
        head, body = raw[:ends.start()], raw[ends.end():]
        lines = re.sub(rb"\r?\n", b"\r\n", head)
        name_of_part = b"%s %s" % (name, part)
        if raw[:ends.end()] != lines + b"\r\n\r\n":
            tell(b"response", b"bare LF " + name_of_part, raw, 0, 0)
        if is_weird:
            tell(b"response", name_of_part, lines + b"\r\n\r\n" + body, 0, 0)
        else:
            tell_answer(name_of_part, lines, body)


def main(folder):
    for name in sorted(os.listdir(folder)):
        if re.fullmatch(r"test[0-9]+", name):
            with open(os.path.join(folder, name), "rb") as file:
                tell_file(name.encode(), file.read())


if __name__ == "__main__":
    main(sys.argv[1])
