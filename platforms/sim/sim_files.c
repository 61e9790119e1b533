/* SPDX-License-Identifier: Apache-2.0 */
/* sim_files.c - port/files.h in memory, with a disk that fills up and loses power.
 *
 * A changing call has three ends: done, failed, or cut in the middle. What a cut leaves
 * is exactly what port/files.h allows and no better, chosen by the seed, so that code
 * which relies on more than the contract is found. Files are few in tests: they stand
 * in a list and are found by walking it.
 *
 * Paths are kept in one spelling: no "." parts, no "..", no doubled or closing '/'. */
#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "base/crc32.h"
#include "microkernel/error.h"
#include "port/files.h"

#include <string.h>

enum { PATH_SIZE_MAX = 4096 }; /* bytes with the NUL, as on Linux */

typedef struct entry {
    struct entry *next;
    unsigned char *bytes; /* NULL while empty */
    size_t size;
    bool is_folder;
    bool is_shared; /* others may read it */
    char path[];    /* in its one spelling */
} entry_t;

static struct {
    entry_t *entries;
    uint64_t random;      /* stream of what cuts leave */
    size_t room_taken;    /* sum of the sizes */
    size_t room_bytes;    /* when room_was_set */
    size_t changes;       /* changing calls tried with the power on */
    size_t cut_countdown; /* changing calls until the cut; 0: none planned */
    bool room_was_set;    /* else there is endless room */
    bool is_off;          /* cut, and not on again */
} disk;

/* --- paths --- */

/* Drop the last part of the `size` bytes at `path`, with its '/'. */
static size_t without_last_part(const char *path, size_t size) {
    while (size > 0 && path[size - 1] != '/')
        size--;
    return size > 1 ? size - 1 : size;
}

static size_t append_part(char *to, size_t size, const char *part, size_t part_size) {
    if (part_size == 0 || (part_size == 1 && part[0] == '.')) return size;
    if (part_size == 2 && part[0] == '.' && part[1] == '.')
        return without_last_part(to, size);
    if (size > 0 && to[size - 1] != '/') to[size++] = '/';
    memcpy(to + size, part, part_size);
    return size + part_size;
}

/* Returns owned, or NULL when memory is short. "" is the working folder. */
static char *spell(const char *path) {
    char *spelled = mk_alloc(strlen(path) + 2);
    if (spelled == NULL) return NULL;
    size_t size = 0;
    if (path[0] == '/') spelled[size++] = '/';
    while (*path != '\0') {
        size_t part_size = strcspn(path, "/");
        size = append_part(spelled, size, path, part_size);
        path += part_size;
        if (*path == '/') path++;
    }
    spelled[size] = '\0';
    return spelled;
}

static entry_t *find(const char *path, size_t path_size) {
    for (entry_t *entry = disk.entries; entry != NULL; entry = entry->next)
        if (strlen(entry->path) == path_size &&
            memcmp(entry->path, path, path_size) == 0)
            return entry;
    return NULL;
}

static bool is_root(const char *path, size_t path_size) {
    return path_size == 0 || (path_size == 1 && path[0] == '/');
}

static bool is_folder(const char *path, size_t path_size) {
    if (is_root(path, path_size)) return true;
    const entry_t *entry = find(path, path_size);
    return entry != NULL && entry->is_folder;
}

static bool has_folder(const char *path) {
    return is_folder(path, without_last_part(path, strlen(path)));
}

/* --- entries --- */

static entry_t *add_entry(const char *path, size_t path_size, bool is_a_folder) {
    entry_t *entry = mk_calloc(1, sizeof *entry + path_size + 1);
    if (entry == NULL) return NULL;
    memcpy(entry->path, path, path_size);
    entry->is_folder = is_a_folder;
    entry->next = disk.entries;
    disk.entries = entry;
    return entry;
}

static void drop_entry(entry_t *entry) {
    entry_t **link = &disk.entries;
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    disk.room_taken -= entry->size;
    mk_free(entry->bytes);
    mk_free(entry);
}

static int append_bytes(entry_t *entry, const void *bytes, size_t size) {
    if (size == 0) return MK_OK;
    if (size > SIZE_MAX - entry->size) return MK_EFULL;
    unsigned char *grown = mk_realloc(entry->bytes, entry->size + size);
    if (grown == NULL) return MK_ENOMEM;
    memcpy(grown + entry->size, bytes, size);
    entry->bytes = grown;
    entry->size += size;
    disk.room_taken += size;
    return MK_OK;
}

static size_t room_left(void) {
    if (!disk.room_was_set) return SIZE_MAX;
    return disk.room_bytes > disk.room_taken ? disk.room_bytes - disk.room_taken : 0;
}

/* --- the three ends of a change --- */

typedef enum { CHANGE_GOES, CHANGE_IS_CUT, CHANGE_IS_REFUSED } change_t;

static change_t begin_change(bool has_fault) {
    if (disk.is_off) return CHANGE_IS_REFUSED;
    disk.changes++;
    if (disk.cut_countdown > 0 && --disk.cut_countdown == 0) {
        disk.is_off = true;
        return CHANGE_IS_CUT;
    }
    return has_fault ? CHANGE_IS_REFUSED : CHANGE_GOES;
}

/* Any of 0..most. */
static size_t choose_up_to(size_t most) {
    uint64_t number = sim__random_next(&disk.random);
    return most == SIZE_MAX ? (size_t)number : (size_t)(number % (most + 1));
}

/* Why a file cannot be written under this path; MK_OK when it can. */
static int check_writable(const char *path) {
    if (is_folder(path, strlen(path))) return MK_EPERM;
    return has_folder(path) ? MK_OK : MK_ENOENT;
}

static int append_locked(const char *path, const void *bytes, size_t size,
                         change_t change) {
    int result = check_writable(path);
    if (result < 0) return result;
    size_t wanted = size;
    if (change != CHANGE_GOES) {
        size = choose_up_to(size);
        result = MK_EIO;
    }
    if (size > room_left()) {
        size = room_left();
        if (change == CHANGE_GOES) result = MK_EFULL;
    }
    entry_t *entry = find(path, strlen(path));
    bool is_new = entry == NULL;
    if (is_new && size == 0 && wanted > 0) return result;
    if (is_new) entry = add_entry(path, strlen(path), false);
    if (entry == NULL) return MK_ENOMEM;
    int appended = append_bytes(entry, bytes, size);
    if (appended < 0 && is_new) drop_entry(entry);
    return appended < 0 ? appended : result;
}

static int replace_locked(const char *path, const void *bytes, size_t size,
                          change_t change) {
    int result = check_writable(path);
    if (result < 0) return result;
    if (change == CHANGE_IS_REFUSED) return MK_EIO;
    if (change == CHANGE_IS_CUT && choose_up_to(1) == 0) return MK_EIO;
    if (size > room_left()) return change == CHANGE_GOES ? MK_EFULL : MK_EIO;
    entry_t *old = find(path, strlen(path));
    entry_t *entry = add_entry(path, strlen(path), false);
    if (entry == NULL) return MK_ENOMEM;
    result = append_bytes(entry, bytes, size);
    if (result < 0) {
        drop_entry(entry);
        return result;
    }
    if (old != NULL) drop_entry(old);
    return change == CHANGE_GOES ? MK_OK : MK_EIO;
}

static int remove_locked(const char *path, change_t change) {
    if (is_folder(path, strlen(path))) return MK_EPERM;
    if (change == CHANGE_IS_REFUSED) return MK_EIO;
    entry_t *entry = find(path, strlen(path));
    bool is_done = change == CHANGE_GOES || choose_up_to(1) == 1;
    if (entry != NULL && is_done) drop_entry(entry);
    return change == CHANGE_GOES ? MK_OK : MK_EIO;
}

/* Make the folders of which `path` is the last, at most `limit` of them that are not
 * there. */
static int make_folders(const char *path, size_t limit) {
    for (size_t size = 1; path[0] != '\0' && limit > 0; size++) {
        if (path[size] != '/' && path[size] != '\0') continue;
        const entry_t *entry = find(path, size);
        if (entry != NULL && !entry->is_folder) return MK_EEXIST;
        if (!is_folder(path, size)) {
            if (add_entry(path, size, true) == NULL) return MK_ENOMEM;
            limit--;
        }
        if (path[size] == '\0') break;
    }
    return MK_OK;
}

static int create_dir_locked(const char *path, change_t change) {
    if (change == CHANGE_IS_REFUSED) return MK_EIO;
    if (change == CHANGE_GOES) return make_folders(path, SIZE_MAX);
    size_t parts = 0;
    for (size_t i = 0; path[i] != '\0'; i++)
        if (path[i] != '/' && (i == 0 || path[i - 1] == '/')) parts++;
    (void)make_folders(path, choose_up_to(parts));
    return MK_EIO;
}

/* --- port/files.h --- */

static int read_locked(const char *path, size_t max_size, void **bytes_out,
                       size_t *size_out) {
    if (is_folder(path, strlen(path))) return MK_EPERM;
    const entry_t *entry = find(path, strlen(path));
    if (entry == NULL) return MK_ENOENT;
    if (entry->size > max_size) return MK_ETOOBIG;
    void *copy = mk_alloc(entry->size);
    if (copy == NULL) return MK_ENOMEM;
    if (entry->size > 0) memcpy(copy, entry->bytes, entry->size);
    *bytes_out = copy;
    *size_out = entry->size;
    return MK_OK;
}

static int spell_path(const char *path, char **out) {
    if (path[0] == '\0' || strlen(path) >= PATH_SIZE_MAX) return MK_EINVAL;
    *out = spell(path);
    return *out != NULL ? MK_OK : MK_ENOMEM;
}

int port_file_read(const char *path, size_t max_size, void **bytes_out,
                   size_t *size_out) {
    char *spelled;
    bool has_fault = sim__port_fails();
    int result = spell_path(path, &spelled);
    if (result < 0) return result;
    sim__lock();
    result = has_fault || disk.is_off
                 ? MK_EIO
                 : read_locked(spelled, max_size, bytes_out, size_out);
    sim__unlock();
    mk_free(spelled);
    return result;
}

static int read_part_locked(const char *path, uint64_t offset, void *bytes, size_t size,
                            port_file_facts_t *facts) {
    if (is_folder(path, strlen(path))) return MK_EPERM;
    const entry_t *entry = find(path, strlen(path));
    if (entry == NULL) return MK_ENOENT;
    facts->size = entry->size;
    facts->changed_s = 0;
    facts->is_private = !entry->is_shared;
    facts->version = crc32_add(0, entry->bytes, entry->size);
    if (offset >= entry->size) return 0;
    size_t left = entry->size - (size_t)offset;
    if (size > left) size = left;
    memcpy(bytes, entry->bytes + offset, size);
    return (int)size;
}

int port_file_read_part(const char *path, uint64_t offset, void *bytes, size_t size,
                        port_file_facts_t *facts) {
    char *spelled;
    bool has_fault = sim__port_fails();
    int result = spell_path(path, &spelled);
    if (result < 0) return result;
    sim__lock();
    result = has_fault || disk.is_off
                 ? MK_EIO
                 : read_part_locked(spelled, offset, bytes, size, facts);
    sim__unlock();
    mk_free(spelled);
    return result;
}

typedef enum { APPEND, REPLACE, REMOVE, CREATE_DIR } change_kind_t;

static int change_file(change_kind_t kind, const char *path, const void *bytes,
                       size_t size) {
    char *spelled;
    bool has_fault = sim__port_fails();
    int result = spell_path(path, &spelled);
    if (result < 0) return result;
    sim__lock();
    if (disk.is_off) {
        result = MK_EIO;
    } else {
        change_t change = begin_change(has_fault);
        switch (kind) {
        case APPEND: result = append_locked(spelled, bytes, size, change); break;
        case REPLACE: result = replace_locked(spelled, bytes, size, change); break;
        case REMOVE: result = remove_locked(spelled, change); break;
        case CREATE_DIR: result = create_dir_locked(spelled, change); break;
        }
    }
    sim__unlock();
    mk_free(spelled);
    return result;
}

int port_file_append(const char *path, const void *bytes, size_t size) {
    return change_file(APPEND, path, bytes, size);
}

int port_file_replace(const char *path, const void *bytes, size_t size) {
    return change_file(REPLACE, path, bytes, size);
}

int port_file_remove(const char *path) {
    return change_file(REMOVE, path, NULL, 0);
}

int port_dir_create(const char *path) {
    return change_file(CREATE_DIR, path, NULL, 0);
}

static int list_locked(const char *path, bool (*visit)(const char *name, void *ctx),
                       void *ctx) {
    size_t path_size = strlen(path);
    if (!is_folder(path, path_size))
        return find(path, path_size) != NULL ? MK_EPERM : MK_ENOENT;
    for (const entry_t *entry = disk.entries; entry != NULL; entry = entry->next) {
        size_t size = strlen(entry->path);
        size_t folder_size = without_last_part(entry->path, size);
        if (entry->is_folder || folder_size != path_size ||
            memcmp(entry->path, path, path_size) != 0)
            continue;
        const char *name = entry->path + folder_size;
        if (!visit(*name == '/' ? name + 1 : name, ctx)) break;
    }
    return MK_OK;
}

int port_dir_list(const char *path, bool (*visit)(const char *name, void *ctx),
                  void *ctx) {
    char *spelled;
    bool has_fault = sim__port_fails();
    int result = spell_path(path, &spelled);
    if (result < 0) return result;
    sim__lock();
    result = has_fault || disk.is_off ? MK_EIO : list_locked(spelled, visit, ctx);
    sim__unlock();
    mk_free(spelled);
    return result;
}

/* --- controls --- */

void sim_power_cut_at(size_t nth) {
    sim__lock();
    disk.cut_countdown = nth;
    sim__unlock();
}

bool sim_power_is_off(void) {
    sim__lock();
    bool is_off = disk.is_off;
    sim__unlock();
    return is_off;
}

void sim_power_on(void) {
    sim__lock();
    disk.is_off = false;
    sim__unlock();
}

size_t sim_file_changes(void) {
    sim__lock();
    size_t changes = disk.changes;
    sim__unlock();
    return changes;
}

void sim_disk_set_room(size_t room_bytes) {
    sim__lock();
    disk.room_bytes = room_bytes;
    disk.room_was_set = true;
    sim__unlock();
}

static int put_locked(char *path, const void *bytes, size_t size) {
    size_t path_size = strlen(path);
    size_t folder_size = without_last_part(path, path_size);
    if (!is_root(path, folder_size)) {
        path[folder_size] = '\0';
        int made = make_folders(path, SIZE_MAX);
        path[folder_size] = '/';
        if (made < 0) return made;
    }
    entry_t *old = find(path, path_size);
    entry_t *entry = add_entry(path, path_size, false);
    if (entry == NULL) return MK_ENOMEM;
    int result = append_bytes(entry, bytes, size);
    if (result < 0) {
        drop_entry(entry);
    } else if (old != NULL) {
        drop_entry(old);
    }
    return result;
}

int sim_file_put(const char *path, const void *bytes, size_t size) {
    char *spelled = spell(path);
    if (spelled == NULL) return MK_ENOMEM;
    sim__lock();
    int result = put_locked(spelled, bytes, size);
    sim__unlock();
    mk_free(spelled);
    return result;
}

void sim_file_share(const char *path, bool is_shared) {
    char *spelled = spell(path);
    if (spelled == NULL) return;
    sim__lock();
    entry_t *entry = find(spelled, strlen(spelled));
    if (entry != NULL) entry->is_shared = is_shared;
    sim__unlock();
    mk_free(spelled);
}

const void *sim_file_peek(const char *path, size_t *size_out) {
    static const unsigned char nothing[1];
    char *spelled = spell(path);
    if (spelled == NULL) return NULL;
    sim__lock();
    const entry_t *entry = find(spelled, strlen(spelled));
    sim__unlock();
    mk_free(spelled);
    if (entry == NULL || entry->is_folder) return NULL;
    *size_out = entry->size;
    return entry->size > 0 ? entry->bytes : nothing;
}

size_t sim_file_count(void) {
    size_t count = 0;
    sim__lock();
    for (const entry_t *entry = disk.entries; entry != NULL; entry = entry->next)
        if (!entry->is_folder) count++;
    sim__unlock();
    return count;
}

void sim__files_reset(uint64_t seed) {
    sim__lock();
    while (disk.entries != NULL)
        drop_entry(disk.entries);
    memset(&disk, 0, sizeof disk);
    disk.random = sim__mix(seed, 3, 0);
    sim__unlock();
}
