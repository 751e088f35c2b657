/*
 * Commands of the virtio GPU, one at a time.
 * Follows: Virtual I/O Device (VIRTIO) 1.2, section 5.7 (GPU device); linux/virtio_gpu.h for the numbers.
 */
#include "virtio_gpu.h"

#include "interrupt.h"
#include "serial.h"
#include "virtio.h"

enum {
    GET_DISPLAY_INFO = 0x100,
    RESOURCE_CREATE_2D,
    RESOURCE_UNREF,
    SET_SCANOUT,
    RESOURCE_FLUSH,
    TRANSFER_TO_HOST_2D,
    RESOURCE_ATTACH_BACKING,
    RESOURCE_CREATE_BLOB = 0x10c,
    SET_SCANOUT_BLOB = 0x10d,
    UPDATE_CURSOR = 0x300,
    MOVE_CURSOR,
    FIRST_ERROR = 0x1200,
};

enum { FENCE = 1 }; /* a flag of the header: answer when it is done, not when it is understood */
enum { PCI_DEVICE = 0x1050, CONFIG_EVENTS_READ = 0, CONFIG_EVENTS_CLEAR = 4, EVENT_DISPLAY = 1 };
enum { BLOB_MEMORY_GUEST = 1, BLOB_USE_MAPPABLE = 1, BLOB_USE_SHAREABLE = 2 };

struct header {
    uint32_t type, flags;
    uint32_t fence, fence_high;
    uint32_t context, ring;
};

struct area {
    uint32_t x, y, width, height;
};

struct create {
    struct header header;
    uint32_t resource, format, width, height;
};

struct create_blob {
    struct header header;
    uint32_t resource, memory, flags, entries;
    uint32_t id, id_high, size, size_high;
    uint32_t address, address_high, bytes, padding;
};

struct attach {
    struct header header;
    uint32_t resource, entries;
    uint32_t address, address_high, bytes, padding;
};

struct scanout {
    struct header header;
    struct area area;
    uint32_t scanout, resource;
};

struct scanout_blob {
    struct header header;
    struct area area;
    uint32_t scanout, resource, width, height, format, padding;
    uint32_t strides[4], offsets[4];
};

struct transfer {
    struct header header;
    struct area area;
    uint32_t offset, offset_high, resource, padding;
};

struct flush {
    struct header header;
    struct area area;
    uint32_t resource, padding;
};

struct unref {
    struct header header;
    uint32_t resource, padding;
};

struct cursor {
    struct header header;
    uint32_t scanout, x, y, padding;
    uint32_t resource, hot_x, hot_y, padding2;
};

struct display_info {
    struct header header;
    struct {
        struct area area;
        uint32_t enabled, flags;
    } modes[GPU_SCANOUTS];
};

static struct virtio gpu;
static struct virtqueue control, cursors;
static volatile int changed;

static void on_interrupt(void)
{
    if (virtio_interrupt(&gpu) & 2)
        changed = 1;
}

int gpu_start(void)
{
    struct pci_device pci;
    if (!pci_find(VIRTIO_VENDOR, PCI_DEVICE, 0, &pci))
        return 0;
    const char *problem = virtio_start(&gpu, &pci, GPU_FEATURE_BLOB);
    if (!problem)
        problem = virtio_queue(&gpu, &control, 0);
    if (!problem)
        problem = virtio_queue(&gpu, &cursors, 1);
    if (problem) {
        say("error virtio-gpu: %s\n", problem);
        return 0;
    }
    interrupt_listen(gpu.line, on_interrupt);
    virtio_ready(&gpu);
    return 1;
}

int gpu_has_blobs(void) { return (gpu.features & GPU_FEATURE_BLOB) != 0; }

int gpu_display_changed(void)
{
    if (!changed)
        return 0;
    changed = 0;
    volatile uint32_t *events = (volatile uint32_t *)(gpu.config + CONFIG_EVENTS_READ);
    volatile uint32_t *clear = (volatile uint32_t *)(gpu.config + CONFIG_EVENTS_CLEAR);
    if (!(*events & EVENT_DISPLAY))
        return 0;
    *clear = EVENT_DISPLAY;
    return 1;
}

/* Fills in the type, sends the request and looks at the answer. */
static int ask(struct header *request, uint32_t type, uint32_t bytes)
{
    static struct header answer;
    request->type = type;
    virtq_exchange(&control, request, bytes, &answer, sizeof answer);
    if (answer.type < FIRST_ERROR)
        return 1;
    say("error virtio-gpu: command 0x%x was answered 0x%x\n", type, answer.type);
    return 0;
}

static struct area area_of(struct rect rect)
{
    return (struct area){(uint32_t)rect.x, (uint32_t)rect.y, (uint32_t)rect.width, (uint32_t)rect.height};
}

int gpu_display_info(unsigned scanout, unsigned *width, unsigned *height)
{
    static struct display_info info;
    struct header request = {.type = GET_DISPLAY_INFO};
    virtq_exchange(&control, &request, sizeof request, &info, sizeof info);
    *width = info.modes[scanout].area.width;
    *height = info.modes[scanout].area.height;
    return info.header.type < FIRST_ERROR && info.modes[scanout].enabled && *width && *height;
}

int gpu_create(uint32_t resource, uint32_t format, unsigned width, unsigned height)
{
    struct create request = {.resource = resource, .format = format, .width = width, .height = height};
    return ask(&request.header, RESOURCE_CREATE_2D, sizeof request);
}

int gpu_create_blob(uint32_t resource, void *memory, uint32_t bytes)
{
    bytes = (bytes + 4095) & ~4095u;
    struct create_blob request = {
        .resource = resource,
        .memory = BLOB_MEMORY_GUEST,
        .flags = BLOB_USE_SHAREABLE,
        .entries = 1,
        .size = bytes,
        .address = (uint32_t)memory,
        .bytes = bytes,
    };
    return ask(&request.header, RESOURCE_CREATE_BLOB, sizeof request);
}

int gpu_attach(uint32_t resource, void *memory, uint32_t bytes)
{
    struct attach request = {.resource = resource, .entries = 1, .address = (uint32_t)memory, .bytes = bytes};
    return ask(&request.header, RESOURCE_ATTACH_BACKING, sizeof request);
}

int gpu_scanout(unsigned scanout, uint32_t resource, unsigned width, unsigned height)
{
    struct scanout request = {.area = {0, 0, width, height}, .scanout = scanout, .resource = resource};
    return ask(&request.header, SET_SCANOUT, sizeof request);
}

int gpu_scanout_blob(unsigned scanout, uint32_t resource, unsigned width, unsigned height, uint32_t stride)
{
    struct scanout_blob request = {
        .area = {0, 0, width, height},
        .scanout = scanout,
        .resource = resource,
        .width = width,
        .height = height,
        .format = GPU_FORMAT_BGRX,
        .strides = {stride},
    };
    return ask(&request.header, SET_SCANOUT_BLOB, sizeof request);
}

int gpu_transfer(uint32_t resource, struct rect rect, uint32_t offset)
{
    struct transfer request = {.area = area_of(rect), .offset = offset, .resource = resource};
    return ask(&request.header, TRANSFER_TO_HOST_2D, sizeof request);
}

int gpu_flush(uint32_t resource, struct rect rect)
{
    /*
     * A flush is done when the host has shown it. QEMU holds back the answer of a fenced one until its display says so; one
     * without a fence it does again and again for as long as the display is slower than QEMU itself.
     */
    static uint32_t fence;
    struct flush request = {.header = {.flags = FENCE, .fence = ++fence}, .area = area_of(rect), .resource = resource};
    return ask(&request.header, RESOURCE_FLUSH, sizeof request);
}

int gpu_unref(uint32_t resource)
{
    struct unref request = {.resource = resource};
    return ask(&request.header, RESOURCE_UNREF, sizeof request);
}

static void send_cursor(uint32_t type, struct cursor *request)
{
    static struct header answer;
    request->header.type = type;
    virtq_exchange(&cursors, request, sizeof *request, &answer, sizeof answer);
}

void gpu_cursor_update(unsigned scanout, int x, int y, uint32_t resource, unsigned hot_x, unsigned hot_y)
{
    struct cursor request = {.scanout = scanout, .x = (uint32_t)x, .y = (uint32_t)y, .resource = resource,
                             .hot_x = hot_x, .hot_y = hot_y};
    send_cursor(UPDATE_CURSOR, &request);
}

void gpu_cursor_move(unsigned scanout, int x, int y, uint32_t resource)
{
    struct cursor request = {.scanout = scanout, .x = (uint32_t)x, .y = (uint32_t)y, .resource = resource};
    send_cursor(MOVE_CURSOR, &request);
}
