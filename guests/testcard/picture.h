#ifndef PICTURE_H
#define PICTURE_H

#include "display.h"

enum { WIDTH_MIN = 320, HEIGHT_MIN = 200, SIDE_MAX = 4096 };

/* All that the picture depends on. */
struct scene {
    unsigned width, height;
    uint32_t frame, patch;
    int pointer_shown, pointer_x, pointer_y;
};

/* The parts that change; each depends on the size alone. */
struct rect picture_counter(const struct scene *scene, int bottom);
struct rect picture_moving(const struct scene *scene);
struct rect picture_patch(const struct scene *scene);
struct rect picture_pointer(const struct scene *scene);

/* Draws what never changes into width * height pixels. */
void picture_background(uint32_t *background, const struct scene *scene);

/* Draws the part of the picture that lies in `area`, each pixel written once; strides in pixels. */
void picture_draw(uint32_t *canvas, unsigned stride, const uint32_t *background, const struct scene *scene,
                  struct rect area);

#endif
