/* SPDX-License-Identifier: Apache-2.0 */
/* http_port_tls.c - see the header.
 *
 * Files are read again by an actor of its own on a worker thread; what it brings is
 * compared with what is in use and changed on the loop, between two handshakes. Files
 * that are missing, half written or do not fit together leave the old certificate in
 * place, with a line in the log, and are looked at again the next time. */
#include "net/http_port_tls.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/log.h"
#include "port/files.h"

#include <string.h>

enum { READ_BEGIN = 1 /* message of the reader to itself */ };

/* --- files --- */

typedef struct {
    text_t text;
    void *owned; /* the text, when it was read; NULL: borrowed */
} pem_t;

static void free_pem(pem_t *pem) {
    mk_free(pem->owned);
    *pem = (pem_t){.owned = NULL};
}

/* The text, or what the file has. */
static int get_pem(pem_t *pem, const char *bytes, size_t size, const char *file) {
    *pem = (pem_t){.text = text_make(bytes, bytes != NULL ? size : 0)};
    if (bytes != NULL || file == NULL) return MK_OK;
    size_t read_size;
    int result = port_file_read(file, MK_TLS_PEM_MAX, &pem->owned, &read_size);
    if (result != MK_OK) return result;
    pem->text = text_make(pem->owned, read_size);
    return MK_OK;
}

static int complain(mk_writer_t *why, const char *file, int result) {
    writer_str(why, "cannot read ");
    writer_escaped(why, text_of(file));
    writer_str(why, ": ");
    writer_str(why, mk_error_text(result));
    return result;
}

static void take_print(text_t certificate, text_t key, uint8_t print[SHA1_SIZE]) {
    sha1_t sha1;
    sha1_init(&sha1);
    sha1_add(&sha1, certificate.bytes, certificate.size);
    sha1_add(&sha1, key.bytes, key.size);
    sha1_finish(&sha1, print);
}

/* --- beginning and end --- */

static void release(http_port_tls_t *tls) {
    if (--tls->holders > 0) return;
    port_tls_config_release(tls->config);
    mk_free(tls);
}

static void on_reread(deadline_t *deadline, runtime_t *rt) {
    http_port_tls_t *tls = MK_CONTAINER_OF(deadline, http_port_tls_t, reread);
    int result = http_port_tls_reread(tls);
    deadline_set(rt, &tls->reread, tls->reread_ms);
    if (result == MK_OK) return;
    log_field_t fields[] = {log_text("why", mk_error_text(result)),
                            log_unsigned("port", tls->number)};
    (void)log_event(rt, LOG_WARN, "cannot read the certificate again", fields, 2);
}

/* The block, with copies of the names of the files. */
static http_port_tls_t *make(runtime_t *rt, const http_listen_tls_t *options) {
    const char *names[2] = {options->certificate_file, options->key_file};
    bool has_files = names[0] != NULL || names[1] != NULL;
    if (names[0] == NULL) names[0] = names[1]; /* both in one file */
    if (names[1] == NULL) names[1] = names[0];
    size_t sizes[2] = {has_files ? strlen(names[0]) + 1 : 0,
                       has_files ? strlen(names[1]) + 1 : 0};
    http_port_tls_t *tls = mk_calloc(1, sizeof *tls + sizes[0] + sizes[1]);
    if (tls == NULL) return NULL;
    char *at = (char *)(tls + 1);
    if (has_files) {
        memcpy(at, names[0], sizes[0]);
        memcpy(at + sizes[0], names[1], sizes[1]);
        tls->certificate_file = at;
        tls->key_file = at + sizes[0];
    }
    tls->rt = rt;
    tls->holders = 1;
    deadline_init(&tls->reread, on_reread);
    tls->reread_ms = has_files ? options->reread_ms : 0;
    tls->handshake_ms =
        options->handshake_ms > 0 ? options->handshake_ms : MK_TLS_HANDSHAKE_MS;
    tls->handshakes_max =
        options->handshakes_max > 0 ? options->handshakes_max : MK_TLS_HANDSHAKES_MAX;
    return tls;
}

static int make_config(http_port_tls_t *tls, const http_listen_tls_t *options,
                       const pem_t pems[3], mk_writer_t *why) {
    static const char *const protocols[] = {"http/1.1"};
    static const port_tls_ask_t asks[] = {
        [HTTP_TLS_ASK_NOT] = PORT_TLS_ASK_NOT,
        [HTTP_TLS_ASK_OPTIONAL] = PORT_TLS_ASK_OPTIONAL,
        [HTTP_TLS_ASK_REQUIRED] = PORT_TLS_ASK_REQUIRED};
    if ((size_t)options->ask >= sizeof asks / sizeof asks[0]) return MK_EINVAL;
    port_tls_options_t made = {.is_server = true,
                               .certificate = pems[0].text,
                               .key = pems[1].text,
                               .roots = pems[2].text,
                               .ask = asks[options->ask],
                               .alpn = protocols,
                               .alpn_len = 1};
    take_print(pems[0].text, pems[1].text, tls->print);
    return port_tls_config_create(&tls->config, &made, why);
}

int http_port_tls_open(runtime_t *rt, const http_listen_tls_t *options,
                       http_port_tls_t **out, mk_writer_t *why) {
    if (!port_tls_is_available()) {
        writer_str(why, "TLS is not part of this build");
        return MK_ENOTSUP;
    }
    http_port_tls_t *tls = make(rt, options);
    if (tls == NULL) return MK_ENOMEM;
    const struct {
        const char *bytes;
        size_t size;
        const char *file;
    } wanted[] = {
        {options->certificate, options->certificate_size, tls->certificate_file},
        {options->key, options->key_size, tls->key_file},
        {options->client_roots, options->client_roots_size, options->client_roots_file},
    };
    pem_t pems[3] = {{.owned = NULL}};
    int result = MK_OK;
    for (size_t i = 0; i < 3 && result == MK_OK; i++) {
        result = get_pem(&pems[i], wanted[i].bytes, wanted[i].size, wanted[i].file);
        if (result != MK_OK) (void)complain(why, wanted[i].file, result);
    }
    if (result == MK_OK) result = make_config(tls, options, pems, why);
    for (size_t i = 0; i < 3; i++)
        free_pem(&pems[i]);
    if (result == MK_OK)
        *out = tls;
    else
        release(tls);
    return result;
}

void http_port_tls_start(http_port_tls_t *tls, uint16_t number) {
    tls->number = number;
    if (tls->reread_ms > 0) deadline_set(tls->rt, &tls->reread, tls->reread_ms);
}

void http_port_tls_close(http_port_tls_t *tls) {
    if (tls == NULL) return;
    deadline_clear(tls->rt, &tls->reread);
    tls->is_closed = true;
    release(tls);
}

/* --- another certificate --- */

int http_make_certificate(const char *host, unsigned days, char *pem, size_t cap) {
    return host != NULL && pem != NULL ? port_tls_make_certificate(host, days, pem, cap)
                                       : MK_EINVAL;
}

int http_port_tls_change(http_port_tls_t *tls, text_t certificate, text_t key,
                         mk_writer_t *why) {
    int result = port_tls_config_reload(tls->config, certificate, key, why);
    if (result == MK_OK) take_print(certificate, key, tls->print);
    return result;
}

/* Files being read: the actor's, and the worker's while it reads. */
typedef struct {
    http_port_tls_t *tls; /* held */
    unsigned holders;
    int result;
    const char *failed; /* the file that gave this result */
    pem_t certificate;
    pem_t key;
} reading_t;

static void release_reading(void *arg) {
    reading_t *reading = arg;
    if (--reading->holders > 0) return;
    reading->tls->is_reading = false;
    release(reading->tls);
    free_pem(&reading->certificate);
    free_pem(&reading->key);
    mk_free(reading);
}

/* On a worker thread, which has the reading for itself. */
static void *read_files(void *arg) {
    reading_t *reading = arg;
    const http_port_tls_t *tls = reading->tls; /* the names never change */
    reading->failed = tls->certificate_file;
    reading->result = get_pem(&reading->certificate, NULL, 0, tls->certificate_file);
    if (reading->result != MK_OK) return reading;
    reading->failed = tls->key_file;
    reading->result = get_pem(&reading->key, NULL, 0, tls->key_file);
    return reading;
}

static void use_files(runtime_t *rt, reading_t *reading) {
    http_port_tls_t *tls = reading->tls;
    uint8_t print[SHA1_SIZE];
    char text[256];
    mk_writer_t why;
    writer_init(&why, text, sizeof text);
    if (tls->is_closed) return;
    int result = reading->result;
    if (result == MK_OK) {
        take_print(reading->certificate.text, reading->key.text, print);
        if (memcmp(print, tls->print, sizeof print) == 0) return;
        result = http_port_tls_change(tls, reading->certificate.text, reading->key.text,
                                      &why);
    } else {
        (void)complain(&why, reading->failed, result);
    }
    log_field_t fields[] = {log_unsigned("port", tls->number), log_text("why", text)};
    if (result == MK_OK)
        (void)log_event(rt, LOG_INFO, "another certificate is used", fields, 1);
    else
        (void)log_event(rt, LOG_WARN, "the old certificate stays", fields, 2);
}

static bool reader(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    reading_t *reading = state;
    (void)self;
    if (msg->type == READ_BEGIN) {
        reading->holders++;
        if (runtime_offload(rt, read_files, reading, release_reading) != 0) return true;
        reading->holders--;
        reading->result = MK_ENOMEM;
        reading->failed = reading->tls->certificate_file;
    } else if (msg->type == MSG_OFFLOAD_DONE) {
        reading->holders--;
    } else {
        return msg->type != MSG_SHUTDOWN;
    }
    use_files(rt, reading);
    return false;
}

int http_port_tls_reread(http_port_tls_t *tls) {
    if (tls->certificate_file == NULL) return MK_ENOENT;
    if (tls->is_reading) return MK_OK;
    reading_t *reading = mk_calloc(1, sizeof *reading);
    if (reading == NULL) return MK_ENOMEM;
    reading->tls = tls;
    reading->holders = 1;
    tls->holders++;
    tls->is_reading = true;
    actor_id_t actor = actor_spawn(tls->rt, reader, reading, release_reading, 2);
    if (actor == ACTOR_ID_INVALID) {
        release_reading(reading);
        return MK_EFULL;
    }
    if (actor_send(tls->rt, actor, READ_BEGIN, NULL, 0)) return MK_OK;
    actor_stop(tls->rt, actor);
    return MK_ENOMEM;
}
