/* A simulated NVIDIA driver: the functions of libnvidia-ml.so.1 that the inventory calls.

   What it tells is read anew at every call from the text file named by SIMULATED_GPUS:

       driver fail                          nvmlInit and the count fail
       processes hidden                     no memory by process (container, WSL)
       gpu UUID TOTAL_MB RESERVED_MB NAME   one GPU
       mig PARENT UUID TOTAL_MB GI CI NAME  one instance of a GPU that is split
       mig mode UUID                        the GPU is split, even into no instance
       lost UUID [CODE]                     the GPU does not answer any more, or so
       vanished UUID                        an instance was removed after it was found
       compute UUID MODE                    its compute mode (2 prohibited, 3 one process)
       unified UUID                         its memory is the system's: the driver tells none
       ecc UUID ERRORS                      uncorrectable errors of its memory
       rows UUID PENDING FAILED             remapped rows: some wait for a reset, or cannot be
       recovery UUID ACTION                 what the driver wants done with it
       energy UUID MJ                       what it has used since the driver was loaded
       foreign UUID MB                      memory that no listed process has
       use UUID PID MB                      memory of a process, while that process lives
       busy UUID PERCENT                    share of the last moments with a kernel at work */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX 128
#define MB (1024ULL * 1024ULL)

enum { OK = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, SMALL = 7, NO_DRIVER = 9, LOST = 15, UNKNOWN = 999 };

typedef struct {
    char uuid[80], parent[80], name[96];
    unsigned long long total, reserved, used;
    unsigned gi, ci;
    int lost, unified, busy, split;
    unsigned mode, pending, failed, action;
    unsigned long long ecc, energy;
    unsigned pids[MAX * 8];
    unsigned long long pid_mb[MAX * 8];
    unsigned n_pids;
} device;

typedef struct {
    device d[MAX];
    int n, failing, hidden;
} host;

typedef struct { unsigned pid; unsigned long long used; unsigned gi, ci; } process;
typedef struct { unsigned long long total, free, used; } memory1;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory2;

static __thread host h;

static int lives(unsigned pid) {
    char path[64], line[512], *end;
    FILE *f;
    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    if (!(f = fopen(path, "r"))) return 0;
    line[0] = 0;
    if (!fgets(line, sizeof line, f)) line[0] = 0;
    fclose(f);
    end = strrchr(line, ')');
    return end && end[1] && end[2] != 'Z' && end[2] != 'X';
}

static device *by_uuid(const char *uuid) {
    for (int i = 0; i < h.n; i++)
        if (!strcmp(h.d[i].uuid, uuid)) return &h.d[i];
    return NULL;
}

static int read_state(void) {
    char line[512], a[80], b[80], name[96];
    unsigned long long x, y;
    unsigned p, q;
    device *d;
    const char *path = getenv("SIMULATED_GPUS");
    FILE *f = path ? fopen(path, "r") : NULL;
    memset(&h, 0, sizeof h);
    if (!f) return NO_DRIVER;
    while (fgets(line, sizeof line, f)) {
        if (!strncmp(line, "driver fail", 11)) h.failing = 1;
        else if (!strncmp(line, "processes hidden", 16)) h.hidden = 1;
        else if (sscanf(line, "mig mode %79s", a) == 1) {
            if ((d = by_uuid(a))) d->split = 1;
        } else if (sscanf(line, "gpu %79s %llu %llu %95[^\n]", a, &x, &y, name) == 4 && h.n < MAX) {
            d = &h.d[h.n++];
            strcpy(d->uuid, a); strcpy(d->name, name);
            d->total = x; d->reserved = y;
        } else if (sscanf(line, "mig %79s %79s %llu %u %u %95[^\n]", a, b, &x, &p, &q, name) == 6
                   && h.n < MAX) {
            d = &h.d[h.n++];
            strcpy(d->parent, a); strcpy(d->uuid, b); strcpy(d->name, name);
            d->total = x; d->gi = p; d->ci = q;
        } else if (sscanf(line, "lost %79s %u", a, &p) >= 1) {
            if ((d = by_uuid(a))) d->lost = sscanf(line, "lost %*s %u", &p) == 1 ? (int)p : LOST;
        } else if (sscanf(line, "vanished %79s", a) == 1) {
            if ((d = by_uuid(a))) d->lost = NOT_FOUND;
        } else if (sscanf(line, "compute %79s %u", a, &p) == 2) {
            if ((d = by_uuid(a))) d->mode = p;
        } else if (sscanf(line, "unified %79s", a) == 1) {
            if ((d = by_uuid(a))) d->unified = 1;
        } else if (sscanf(line, "ecc %79s %llu", a, &x) == 2) {
            if ((d = by_uuid(a))) d->ecc = x;
        } else if (sscanf(line, "rows %79s %u %u", a, &p, &q) == 3) {
            if ((d = by_uuid(a))) { d->pending = p; d->failed = q; }
        } else if (sscanf(line, "recovery %79s %u", a, &p) == 2) {
            if ((d = by_uuid(a))) d->action = p;
        } else if (sscanf(line, "energy %79s %llu", a, &x) == 2) {
            if ((d = by_uuid(a))) d->energy = x;
        } else if (sscanf(line, "busy %79s %llu", a, &x) == 2) {
            if ((d = by_uuid(a))) d->busy = (int)x;
        } else if (sscanf(line, "foreign %79s %llu", a, &x) == 2) {
            if ((d = by_uuid(a))) d->used += x;
        } else if (sscanf(line, "use %79s %u %llu", a, &p, &x) == 3) {
            if ((d = by_uuid(a)) && lives(p) && d->n_pids < MAX * 8) {
                d->used += x;
                d->pids[d->n_pids] = p;
                d->pid_mb[d->n_pids++] = x;
            }
        }
    }
    fclose(f);
    return h.failing ? UNKNOWN : OK;
}

/* A handle is the device's place in the file, plus one. */
static int open_device(void *handle, device **d) {
    int status = read_state();
    size_t place = (size_t)handle;
    if (status) return status;
    if (place < 1 || place > (size_t)h.n) return NOT_FOUND;
    *d = &h.d[place - 1];
    return (*d)->lost;
}

int nvmlInit_v2(void) { return read_state(); }
int nvmlInitWithFlags(unsigned flags) { (void)flags; return read_state(); }
int nvmlShutdown(void) { return OK; }

const char *nvmlErrorString(int code) {
    switch (code) {
    case NO_DRIVER: return "Driver Not Loaded";
    case LOST: return "GPU is lost";
    case NOT_SUPPORTED: return "Not Supported";
    case UNKNOWN: return "Unknown Error";
    default: return "Simulated Error";
    }
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    int status = read_state();
    *count = 0;
    for (int i = 0; i < h.n; i++) *count += !h.d[i].parent[0];
    return status;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    int status = read_state();
    if (status) return status;
    for (int i = 0; i < h.n; i++)
        if (!h.d[i].parent[0] && index-- == 0) {
            *handle = (void *)(size_t)(i + 1);
            return h.d[i].lost;
        }
    return NOT_FOUND;
}

static int copy(const char *text, char *to, unsigned size) {
    if (strlen(text) >= size) return SMALL;
    strcpy(to, text);
    return OK;
}

int nvmlDeviceGetUUID(void *handle, char *to, unsigned size) {
    device *d;
    int status = open_device(handle, &d);
    return status ? status : copy(d->uuid, to, size);
}

int nvmlDeviceGetName(void *handle, char *to, unsigned size) {
    device *d;
    int status = open_device(handle, &d);
    return status ? status : copy(d->name, to, size);
}

int nvmlDeviceGetMemoryInfo(void *handle, memory1 *m) {
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    if (d->unified) return NOT_SUPPORTED;
    m->total = d->total * MB;
    m->used = (d->used + d->reserved) * MB;
    m->free = m->total > m->used ? m->total - m->used : 0;
    return OK;
}

int nvmlDeviceGetMemoryInfo_v2(void *handle, memory2 *m) {
    memory1 old;
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    if (d->unified) return NOT_SUPPORTED;
    m->reserved = d->reserved * MB;
    m->total = d->total * MB;
    m->used = d->used * MB;
    nvmlDeviceGetMemoryInfo(handle, &old);
    m->free = old.free;
    return OK;
}

typedef struct { unsigned gpu, memory; } utilization;

int nvmlDeviceGetUtilizationRates(void *handle, utilization *u) {
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    if (d->parent[0]) return NOT_SUPPORTED;
    u->gpu = (unsigned)d->busy;
    u->memory = 0;
    return OK;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, process *to) {
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    if (*count < d->n_pids || (d->n_pids && !to)) {
        *count = d->n_pids;
        return SMALL;
    }
    *count = d->n_pids;
    for (unsigned i = 0; i < d->n_pids; i++) {
        to[i].pid = d->pids[i];
        to[i].used = h.hidden ? ~0ULL : d->pid_mb[i] * MB;
        to[i].gi = to[i].ci = 0;
    }
    return OK;
}

static int instances(const char *uuid) {
    int n = 0;
    for (int i = 0; i < h.n; i++) n += !strcmp(h.d[i].parent, uuid);
    return n;
}

int nvmlDeviceGetMigMode(void *handle, unsigned *current, unsigned *pending) {
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    if (d->parent[0]) return NOT_SUPPORTED;
    *current = *pending = d->split || instances(d->uuid) > 0;
    return OK;
}

int nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned *count) {
    device *d;
    *count = 7;
    return open_device(handle, &d);
}

int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **instance) {
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    for (int i = 0; i < h.n; i++)
        if (!strcmp(h.d[i].parent, d->uuid) && index-- == 0) {
            *instance = (void *)(size_t)(i + 1);
            return OK;
        }
    return NOT_FOUND;
}

int nvmlDeviceGetGpuInstanceId(void *handle, unsigned *id) {
    device *d;
    int status = open_device(handle, &d);
    if (!status) *id = d->gi;
    return status;
}

int nvmlDeviceGetComputeInstanceId(void *handle, unsigned *id) {
    device *d;
    int status = open_device(handle, &d);
    if (!status) *id = d->ci;
    return status;
}

int nvmlDeviceGetComputeMode(void *handle, unsigned *mode) {
    device *d;
    int status = open_device(handle, &d);
    if (!status) *mode = d->mode;
    return status;
}

int nvmlDeviceGetTotalEccErrors(void *handle, unsigned kind, unsigned counter,
                                unsigned long long *count) {
    device *d;
    int status = open_device(handle, &d);
    (void)kind; (void)counter;
    if (!status) *count = d->ecc;
    return status;
}

int nvmlDeviceGetRemappedRows(void *handle, unsigned *corrected, unsigned *uncorrected,
                              unsigned *pending, unsigned *failed) {
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    *corrected = *uncorrected = 0;
    *pending = d->pending; *failed = d->failed;
    return OK;
}

typedef struct {
    unsigned field, scope;
    long long timestamp, latency;
    unsigned type;
    int status;
    unsigned long long value;
} field_value;

int nvmlDeviceGetFieldValues(void *handle, int count, field_value *values) {
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    for (int i = 0; i < count; i++) {
        values[i].status = OK;
        values[i].value = d->action;
    }
    return OK;
}

int nvmlDeviceGetTotalEnergyConsumption(void *handle, unsigned long long *mj) {
    device *d;
    int status = open_device(handle, &d);
    if (status) return status;
    *mj = d->energy;
    return d->energy ? OK : NOT_SUPPORTED;
}

/* The CUDA driver, as far as the order of GPUs goes: "order UUID UUID ..." in the same file. */
#include <ctype.h>

static int cuda_order(char uuids[MAX][80]) {
    char line[4096], *word;
    int n = 0;
    const char *path = getenv("SIMULATED_GPUS");
    FILE *f = path ? fopen(path, "r") : NULL;
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, "order ", 6))
            for (word = strtok(line + 6, " \n"); word && n < MAX; word = strtok(NULL, " \n"))
                strcpy(uuids[n++], word);
    fclose(f);
    return n;
}

int cuInit(unsigned flags) {
    char uuids[MAX][80];
    (void)flags;
    return cuda_order(uuids) ? 0 : 100;
}

int cuDeviceGetCount(int *count) {
    char uuids[MAX][80];
    *count = cuda_order(uuids);
    return 0;
}

int cuDeviceGet(int *d, int number) { *d = number; return 0; }

int cuDeviceGetUuid(unsigned char *raw, int number) {
    char uuids[MAX][80], *c;
    int digits = 0, n = cuda_order(uuids);
    unsigned byte;
    if (number >= n) return 101;
    for (c = uuids[number] + 4; *c && digits < 16; c++)
        if (isxdigit((unsigned char)c[0]) && isxdigit((unsigned char)c[1])) {
            sscanf(c, "%2x", &byte);
            raw[digits++] = (unsigned char)byte;
            c++;
        }
    return 0;
}
