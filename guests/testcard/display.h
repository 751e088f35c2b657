/* What a display device offers to the card. */
#ifndef DISPLAY_H
#define DISPLAY_H

#include <stdint.h>

struct rect {
    int x, y, width, height;
};

struct display_options {
    int flip;            /* draw each frame into the buffer that is not on screen */
    int fixed;           /* do not follow the modes that the host asks for the first head */
    int blob;            /* scan out guest memory itself */
    unsigned stride;     /* bytes a row of such a blob; 0 for width * 4 */
    unsigned heads;      /* how many scanouts to use */
};

struct display {
    const char *name;

    /*
     * Makes buffers for a mode; *width and *height become what the device can do. Returns NULL, or why it
     * cannot, and then what was on screen stays.
     */
    const char *(*set_mode)(unsigned *width, unsigned *height);

    /* The buffer to draw the next picture into; *stride is in pixels. */
    uint32_t *(*canvas)(unsigned *stride);

    /* Puts what was drawn in these rectangles on screen; `whole` when that is everything. */
    void (*show)(const struct rect *rects, unsigned count, int whole);

    void (*power)(int on);

    /* Places or hides the hardware cursor; returns NULL, or why it cannot. */
    const char *(*cursor)(int x, int y, int shown);

    /* Whether the host asks for another mode since the last call. */
    int (*wants_mode)(unsigned *width, unsigned *height);

    /* Whether the second head, while the host has it plugged in, is used from the next mode on; NULL, or why there is none. */
    const char *(*use_second_head)(int use);

    /* Two when the buffers are flipped. */
    unsigned buffers;
};

/* NULL when the machine has no such device. */
struct display *vga_find(const struct display_options *options);
struct display *virtio_gpu_find(const struct display_options *options);

#endif
