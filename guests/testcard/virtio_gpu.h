/*
 * Commands of the virtio GPU, 2D and blobs.
 * Follows: Virtual I/O Device (VIRTIO) 1.2, section 5.7 (GPU device); linux/virtio_gpu.h for the numbers.
 */
#ifndef VIRTIO_GPU_H
#define VIRTIO_GPU_H

#include <stdint.h>

#include "display.h"

enum { GPU_SCANOUTS = 16, GPU_FEATURE_BLOB = 1u << 3, GPU_CURSOR_SIDE = 64 };

/* Starts the device; returns 0 when there is none, or when it does not work, which is said. */
int gpu_start(void);

int gpu_has_blobs(void);

/* Whether the device said since the last call that the modes of its scanouts have changed. */
int gpu_display_changed(void);

/* The size the host wants for a scanout; 0 when it is off. */
int gpu_display_info(unsigned scanout, unsigned *width, unsigned *height);

/* Each returns 0 and says `error virtio-gpu` when the device refuses. Rows of a resource are width * 4 bytes. */
int gpu_create(uint32_t resource, uint32_t format, unsigned width, unsigned height);
int gpu_create_blob(uint32_t resource, void *memory, uint32_t bytes);
int gpu_attach(uint32_t resource, void *memory, uint32_t bytes);
int gpu_scanout(unsigned scanout, uint32_t resource, unsigned width, unsigned height);
int gpu_scanout_blob(unsigned scanout, uint32_t resource, unsigned width, unsigned height, uint32_t stride);
int gpu_transfer(uint32_t resource, struct rect rect, uint32_t offset);
int gpu_flush(uint32_t resource, struct rect rect);
int gpu_unref(uint32_t resource);

/* The cursor's queue: another image (or none, 0) at a place, or the same at another place. */
void gpu_cursor_update(unsigned scanout, int x, int y, uint32_t resource, unsigned hot_x, unsigned hot_y);
void gpu_cursor_move(unsigned scanout, int x, int y, uint32_t resource);

enum { GPU_FORMAT_BGRA = 1, GPU_FORMAT_BGRX = 2 }; /* bytes in memory, so ARGB and XRGB as numbers */

#endif
