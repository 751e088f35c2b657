/*
 * The card's display on a virtio GPU: resources in guest memory, one or two of them a mode, and a cursor.
 * Follows: Virtual I/O Device (VIRTIO) 1.2, section 5.7.6 (device operation).
 */
#include "cursor.h"
#include "memory.h"
#include "picture.h"
#include "serial.h"
#include "virtio_gpu.h"

enum { CURSOR_RESOURCE = 1, FIRST_RESOURCE = 2 };

/* What one mode has: the buffers of the first head, and the still picture of the second. */
struct buffers {
    uint32_t resources[2];
    uint32_t *pixels[2];
    unsigned count, width, height, stride;
    int blob;
};

static struct display gpu;
static struct display_options options;
static struct buffers now, before, second_head;
static unsigned shown;         /* which of the buffers is on screen */
static int scanned_out;        /* whether it is the one of the scanout */
static int is_on = 1, wants_asked, second_head_wanted = 1;
static uint32_t next_resource = FIRST_RESOURCE;
static uint32_t *cursor_pixels;
static int cursor_visible;

static void forget(struct buffers *buffers)
{
    for (unsigned i = 0; i < buffers->count; i++)
        gpu_unref(buffers->resources[i]);
    buffers->count = 0;
}

/* One more buffer for a mode; NULL, or why there is none. */
static const char *add_buffer(struct buffers *buffers)
{
    uint32_t bytes = buffers->stride * buffers->height;
    uint32_t *pixels = memory_for_mode(bytes), resource = next_resource;
    if (!pixels)
        return "not enough memory";
    next_resource++;
    if (buffers->blob) {
        if (!gpu_create_blob(resource, pixels, bytes))
            return "the device refused the blob";
    } else if (!gpu_create(resource, GPU_FORMAT_BGRX, buffers->width, buffers->height)) {
        return "the device refused the resource";
    } else if (!gpu_attach(resource, pixels, bytes)) {
        gpu_unref(resource);
        return "the device refused the memory";
    }
    buffers->pixels[buffers->count] = pixels;
    buffers->resources[buffers->count++] = resource;
    return NULL;
}

static const char *make_buffers(struct buffers *made, unsigned width, unsigned height, unsigned count)
{
    *made = (struct buffers){.width = width, .height = height, .stride = width * 4, .blob = options.blob};
    if (made->blob && options.stride >= made->stride)
        made->stride = options.stride & ~3u;
    const char *problem = NULL;
    while (!problem && made->count < count)
        problem = add_buffer(made);
    if (problem)
        forget(made);
    return problem;
}

static int scan_out(unsigned head, const struct buffers *buffers, unsigned which)
{
    uint32_t resource = buffers->resources[which];
    if (buffers->blob)
        return gpu_scanout_blob(head, resource, buffers->width, buffers->height, buffers->stride);
    return gpu_scanout(head, resource, buffers->width, buffers->height);
}

static void leave_second_head(void)
{
    if (!second_head.count)
        return;
    gpu_scanout(1, 0, 0, 0);
    forget(&second_head);
    second_head = (struct buffers){.count = 0};
    say("head 1 off\n");
}

/* The second head has the still picture of frame 0 in the size that the host gives it, while the host has it plugged in. */
static void show_second_head(void)
{
    unsigned width, height;
    if (options.heads < 2)
        return;
    if (!second_head_wanted || !gpu_display_info(1, &width, &height)) {
        leave_second_head();
        return;
    }
    if (width > SIDE_MAX || height > SIDE_MAX || width < WIDTH_MIN || height < HEIGHT_MIN)
        return;
    struct buffers old = second_head;
    struct scene scene = {.width = width, .height = height};
    struct rect all = {0, 0, (int)width, (int)height};
    uint32_t *background = memory_for_mode(width * height * 4);
    const char *problem = background ? make_buffers(&second_head, width, height, 1) : "not enough memory";
    if (problem) {
        second_head = old;
        say("error head: %s\n", problem);
        return;
    }
    picture_background(background, &scene);
    picture_draw(second_head.pixels[0], second_head.stride / 4, background, &scene, all);
    if (!second_head.blob)
        gpu_transfer(second_head.resources[0], all, 0);
    scan_out(1, &second_head, 0);
    gpu_flush(second_head.resources[0], all);
    say("head 1 %ux%u\n", width, height);
    forget(&old);
}

static const char *set_mode(unsigned *width, unsigned *height)
{
    struct buffers made;
    const char *problem = make_buffers(&made, *width, *height, gpu.buffers);
    if (problem && options.blob) {
        say("error blob: %s\n", problem);
        options.blob = 0;
        problem = make_buffers(&made, *width, *height, gpu.buffers);
    }
    if (problem)
        return problem;
    /* What is on screen stays there until the new picture is shown. */
    before = now;
    now = made;
    shown = 0;
    scanned_out = 0;
    show_second_head();
    return NULL;
}

static uint32_t *canvas(unsigned *stride)
{
    *stride = now.stride / 4;
    return now.pixels[now.count == 2 ? shown ^ 1 : 0];
}

static void show(const struct rect *rects, unsigned count, int whole)
{
    struct rect all = {0, 0, (int)now.width, (int)now.height};
    if (now.count == 2) {
        shown ^= 1;
        scanned_out = 0;
    }
    uint32_t resource = now.resources[shown];
    for (unsigned i = 0; !now.blob && i < count; i++)
        gpu_transfer(resource, rects[i], (uint32_t)rects[i].y * now.stride + (uint32_t)rects[i].x * 4);
    if (!is_on)
        return;
    if (!scanned_out) {
        scanned_out = scan_out(0, &now, shown);
        if (!scanned_out && now.blob)
            say("error blob: the device refused the scanout\n");
        whole = 1;
    }
    for (unsigned i = 0; !whole && i < count; i++)
        gpu_flush(resource, rects[i]);
    if (whole)
        gpu_flush(resource, all);
    forget(&before);
}

static void power(int on)
{
    is_on = on;
    scanned_out = 0;
    if (!on)
        gpu_scanout(0, 0, 0, 0);
}

static const char *cursor(int x, int y, int show_it)
{
    if (!show_it) {
        gpu_cursor_update(0, x, y, 0, 0, 0);
    } else if (cursor_visible) {
        gpu_cursor_move(0, x, y, CURSOR_RESOURCE);
    } else {
        if (!cursor_pixels) {
            cursor_pixels = memory_for_ever(CURSOR_SIDE * CURSOR_SIDE * 4);
            if (!cursor_pixels)
                return "not enough memory";
            cursor_draw(cursor_pixels);
            if (!gpu_create(CURSOR_RESOURCE, GPU_FORMAT_BGRA, CURSOR_SIDE, CURSOR_SIDE) ||
                !gpu_attach(CURSOR_RESOURCE, cursor_pixels, CURSOR_SIDE * CURSOR_SIDE * 4) ||
                !gpu_transfer(CURSOR_RESOURCE, (struct rect){0, 0, CURSOR_SIDE, CURSOR_SIDE}, 0))
                return "the device refused the image";
        }
        gpu_cursor_update(0, x, y, CURSOR_RESOURCE, CURSOR_HOT_X, CURSOR_HOT_Y);
    }
    cursor_visible = show_it;
    return NULL;
}

static const char *use_second_head(int use)
{
    if (options.heads < 2)
        return "there is no second head";
    second_head_wanted = use;
    if (!use)
        leave_second_head();
    return NULL;
}

/* Asked for the first time, it tells the preferred mode; from then on only what has changed. */
static int wants_mode(unsigned *width, unsigned *height)
{
    unsigned second_width = 0, second_height = 0;
    if (wants_asked && !gpu_display_changed())
        return 0;
    wants_asked = 1;
    if (!gpu_display_info(0, width, height))
        return 0;
    if (options.fixed && now.count)
        *width = now.width, *height = now.height;
    if (options.heads >= 2 && second_head_wanted)
        gpu_display_info(1, &second_width, &second_height);
    return *width != now.width || *height != now.height || second_width != second_head.width ||
           second_height != second_head.height;
}

static struct display gpu = {"virtio-gpu", set_mode, canvas, show, power, cursor, wants_mode, use_second_head, 1};

struct display *virtio_gpu_find(const struct display_options *wanted)
{
    if (!gpu_start())
        return NULL;
    options = *wanted;
    gpu.buffers = options.flip ? 2 : 1;
    if (options.blob && !gpu_has_blobs()) {
        say("error blob: the device does not offer VIRTIO_GPU_F_RESOURCE_BLOB\n");
        options.blob = 0;
    }
    return &gpu;
}
