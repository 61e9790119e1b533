/* SPDX-License-Identifier: Apache-2.0 */
/* http_files.c - folders served as files.
 *
 * Each request gets an actor that reads the file on worker threads, piece by piece, and
 * hands over a piece when the connection has room for it: nothing here waits, and a
 * file of any size takes one piece of memory. The actor ends with the answer or the
 * connection. What an offloaded read uses outlives both: whoever is last frees it.
 *
 * A file that changes while it is sent cannot be sent to its end: the connection is
 * cut, so that the peer does not take the mixture for the file. */
#include "base/alloc.h"
#include "base/check.h"
#include "base/url.h"
#include "base/writer.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "net/http_conditions.h"
#include "net/http_date.h"
#include "net/http_server_impl.h"
#include "port/clock.h"
#include "port/files.h"

#include <string.h>

enum {
    PIECE_SIZE = 32768,   /* bytes of one read */
    PATH_SIZE_MAX = 1024, /* bytes of a file's path with its NUL */
    FILE_BEGIN = 1        /* message of the actor to itself */
};

/* Of a route. */
typedef struct {
    size_t size;
    char path[]; /* without a '/' at its end */
} folder_t;

typedef struct {
    unsigned refs; /* the actor, and a read under way */
    http_conn_id_t id;
    bool is_head;
    bool is_begun;  /* the head of the answer is sent */
    uint64_t at;    /* next byte to be sent */
    uint64_t end;   /* behind the last one */
    int result;     /* of the last read: bytes or an error */
    int piece_size; /* bytes of `piece` to be sent */
    uint64_t read_at;
    port_file_facts_t facts; /* when the answer began */
    port_file_facts_t now;   /* at the last read */
    char path[PATH_SIZE_MAX];
    uint8_t piece[PIECE_SIZE];
    size_t fields_size;
    char fields[]; /* of the request */
} job_t;

static void release(void *arg) {
    job_t *job = arg;
    if (job != NULL && --job->refs == 0) mk_free(job);
}

/* --- names and types --- */

static const char *type_of(text_t path) {
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/markdown; charset=utf-8"},
        {".xml", "application/xml"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".wasm", "application/wasm"},
        {".woff2", "font/woff2"},
        {".pdf", "application/pdf"},
        {".gz", "application/gzip"},
        {".zip", "application/zip"},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (text_ends_with(path, text_of(types[i].ending))) return types[i].type;
    return "application/octet-stream";
}

/* A name that may be looked for: no empty segment but the last, none that begins with a
 * '.', no control character. */
static bool is_good_name(text_t name) {
    bool is_segment_begin = true;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.bytes[i];
        if ((unsigned char)c < 0x20 || c == 0x7F || c == '\\') return false;
        if (is_segment_begin && (c == '.' || c == '/')) return false;
        is_segment_begin = c == '/';
    }
    return true;
}

/* The path of the file that is asked for. False: there cannot be one. */
static bool write_path(const folder_t *folder, const char *rest, char *path) {
    text_t name = text_of(rest);
    if (!is_good_name(name)) return false;
    mk_writer_t w;
    writer_init(&w, path, PATH_SIZE_MAX);
    writer_bytes(&w, folder->path, folder->size);
    writer_char(&w, '/');
    writer_slice(&w, name);
    if (name.size == 0 || name.bytes[name.size - 1] == '/')
        writer_str(&w, "index.html");
    return !writer_has_overflowed(&w);
}

/* --- the answer --- */

static void write_etag(const port_file_facts_t *facts, char *text, size_t cap) {
    mk_writer_t w;
    writer_init(&w, text, cap);
    writer_char(&w, '"');
    writer_hex(&w, facts->size, 1);
    writer_char(&w, '-');
    writer_hex(&w, facts->version, 1);
    writer_char(&w, '"');
}

/* The lines of the answer's header. */
typedef struct {
    char etag[64];
    char modified[64];
    char range[96];
    char type[80];
    const char *lines[5];
    size_t len;
} fields_t;

static void add_field(fields_t *fields, const char *line) {
    fields->lines[fields->len++] = line;
}

static void make_fields(const job_t *job, const char *etag, fields_t *fields) {
    mk_writer_t w;
    fields->len = 0;
    writer_init(&w, fields->etag, sizeof fields->etag);
    writer_str(&w, "ETag: ");
    writer_str(&w, etag);
    add_field(fields, fields->etag);
    if (job->facts.changed_s != 0) {
        writer_init(&w, fields->modified, sizeof fields->modified);
        writer_str(&w, "Last-Modified: ");
        http_date_write(job->facts.changed_s, &w);
        add_field(fields, fields->modified);
    }
    writer_init(&w, fields->type, sizeof fields->type);
    writer_str(&w, "Content-Type: ");
    writer_str(&w, type_of(text_of(job->path)));
    add_field(fields, fields->type);
    add_field(fields, "Accept-Ranges: bytes");
}

static void add_range(const job_t *job, bool is_part, fields_t *fields) {
    mk_writer_t w;
    writer_init(&w, fields->range, sizeof fields->range);
    writer_str(&w, "Content-Range: bytes ");
    if (is_part) {
        writer_unsigned(&w, job->at);
        writer_char(&w, '-');
        writer_unsigned(&w, job->end - 1);
    } else {
        writer_char(&w, '*');
    }
    writer_char(&w, '/');
    writer_unsigned(&w, job->facts.size);
    add_field(fields, fields->range);
}

static void refuse(runtime_t *rt, const job_t *job, int error) {
    static const char *const headers[] = {"Content-Type: text/plain; charset=utf-8"};
    bool is_missing = error == MK_ENOENT || error == MK_EPERM || error == MK_EINVAL;
    const char *text = is_missing ? "404 Not Found: no such file\n"
                                  : "500 Internal Server Error: cannot be read\n";
    (void)http_respond(rt, job->id, is_missing ? 404 : 500, headers, 1, text,
                       strlen(text));
}

/* The first read tells what the file is: begin the answer. False: it is complete. */
static bool begin_answer(runtime_t *rt, job_t *job) {
    char etag[48];
    fields_t fields;
    if (job->result < 0) {
        refuse(rt, job, job->result);
        return false;
    }
    job->facts = job->now;
    write_etag(&job->facts, etag, sizeof etag);
    make_fields(job, etag, &fields);
    http_version_t version = {etag, job->facts.changed_s, port_clock_wall_ms() / 1000u};
    text_t conditions = text_make(job->fields, job->fields_size);
    int judged = http_conditions_judge(conditions, &version);
    if (judged != 200) {
        (void)http_respond(rt, job->id, judged, fields.lines, fields.len - 2, NULL, 0);
        return false;
    }
    uint64_t first = 0, last = 0;
    http_range_t range = HTTP_RANGE_ALL;
    text_t wanted = http_conditions_range(conditions, &version);
    if (wanted.size > 0 && !job->is_head)
        range = http_range_read(wanted, job->facts.size, &first, &last);
    job->at = range == HTTP_RANGE_PART ? first : 0;
    job->end = range == HTTP_RANGE_PART ? last + 1 : job->facts.size;
    if (range != HTTP_RANGE_ALL) add_range(job, range == HTTP_RANGE_PART, &fields);
    if (range == HTTP_RANGE_NONE) {
        (void)http_respond(rt, job->id, 416, fields.lines, fields.len, NULL, 0);
        return false;
    }
    int status = range == HTTP_RANGE_PART ? 206 : 200;
    int result = http_respond_begin_sized(rt, job->id, status, fields.lines, fields.len,
                                          job->end - job->at);
    if (result < 0) return false;
    job->is_begun = true;
    if (job->is_head || job->at == job->end) {
        (void)http_respond_end(rt, job->id);
        return false;
    }
    return true;
}

/* --- reading and sending --- */

/* On a worker thread, which has the job for itself. */
static void *read_piece(void *arg) {
    job_t *job = arg;
    uint64_t left = job->is_begun ? job->end - job->at : PIECE_SIZE;
    size_t size = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
    job->read_at = job->at;
    job->result = port_file_read_part(job->path, job->at, job->piece, size, &job->now);
    return job;
}

static bool start_read(runtime_t *rt, job_t *job) {
    job->refs++;
    if (runtime_offload(rt, read_piece, job, release) != 0) return true;
    job->refs--;
    if (!job->is_begun) refuse(rt, job, MK_ENOMEM);
    return false; /* the end of the actor cuts what was begun */
}

/* False: it is complete, or cannot be completed. */
static bool send_piece(runtime_t *rt, job_t *job) {
    int result = http_respond_piece(rt, job->id, job->piece, (size_t)job->piece_size);
    if (result == MK_EFULL) return true; /* MSG_HTTP_ROOM comes */
    if (result < 0) return false;
    job->at += (uint64_t)job->piece_size;
    job->piece_size = 0;
    if (job->at < job->end) return start_read(rt, job);
    (void)http_respond_end(rt, job->id);
    return false;
}

static bool take_piece(runtime_t *rt, job_t *job) {
    if (!job->is_begun) {
        if (!begin_answer(rt, job)) return false;
        if (job->at != job->read_at) return start_read(rt, job);
    }
    bool is_same = job->result > 0 && job->now.size == job->facts.size &&
                   job->now.version == job->facts.version;
    if (!is_same) return false;
    uint64_t left = job->end - job->at;
    job->piece_size = (uint64_t)job->result < left ? job->result : (int)left;
    return send_piece(rt, job);
}

static bool serve(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    job_t *job = state;
    (void)self;
    switch (msg->type) {
    case FILE_BEGIN: return start_read(rt, job);
    case MSG_OFFLOAD_DONE: job->refs--; return take_piece(rt, job);
    case MSG_HTTP_ROOM: return job->piece_size == 0 || send_piece(rt, job);
    case MSG_HTTP_CONN_CLOSED:
    case MSG_SHUTDOWN: return false;
    default: return true;
    }
}

/* --- requests --- */

static void answer_text(const http_request_t *request, int status, const char *text) {
    static const char *const headers[] = {"Content-Type: text/plain; charset=utf-8"};
    (void)http_answer(request, status, headers, 1, text, strlen(text));
}

static void serve_file(runtime_t *rt, const http_request_t *request, void *ctx) {
    const folder_t *folder = ctx;
    const char *rest = http_param(request, "*");
    job_t *job = mk_alloc(sizeof *job + request->headers_size);
    if (job == NULL || rest == NULL) {
        mk_free(job);
        answer_text(request, 503, "503 Service Unavailable: out of memory\n");
        return;
    }
    if (!write_path(folder, rest, job->path)) {
        mk_free(job);
        answer_text(request, 404, "404 Not Found: no such file\n");
        return;
    }
    job->refs = 1;
    job->is_head = request->call->conn->is_head;
    job->is_begun = false;
    job->at = 0;
    job->end = 0;
    job->piece_size = 0;
    job->fields_size = request->headers_size;
    memcpy(job->fields, request->headers, request->headers_size);
    actor_id_t actor = actor_spawn(rt, serve, job, release, 4);
    if (actor == 0) {
        mk_free(job);
        answer_text(request, 503, "503 Service Unavailable: too many requests\n");
        return;
    }
    job->id = http_defer_to(request, actor);
    if (job->id != 0 && actor_send(rt, actor, FILE_BEGIN, NULL, 0)) return;
    actor_stop(rt, actor); /* the request is answered with its end, or with 500 */
}

int http_route_files(runtime_t *rt, const char *pattern, const char *folder) {
    text_t at = text_of(pattern);
    text_t path = text_of(folder);
    if (path.size == 0 || !text_ends_with(at, text_of("/*"))) return MK_EINVAL;
    if (path.size > 1 && path.bytes[path.size - 1] == '/') path.size--;
    if (path.size > PATH_SIZE_MAX / 2) return MK_EINVAL;
    folder_t *copy = mk_alloc(sizeof *copy + path.size + 1);
    if (copy == NULL) return MK_ENOMEM;
    copy->size = path.size;
    memcpy(copy->path, path.bytes, path.size);
    copy->path[path.size] = '\0';
    http_taker_t taker = {.fn = serve_file, .ctx = copy, .free_ctx = mk_free};
    int result = http_service_route(rt, "GET", pattern, &taker);
    if (result < 0) mk_free(copy);
    return result;
}
