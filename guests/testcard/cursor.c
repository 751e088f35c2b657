/*
 * The image of the hardware cursor: a ramp of alpha, each pixel its own; the same as cursor_image() of model.py.
 * Follows: no specification but README.md of this folder's parent, "The picture".
 */
#include "cursor.h"

void cursor_draw(uint32_t *image)
{
    for (uint32_t y = 0; y < CURSOR_SIDE; y++)
        for (uint32_t x = 0; x < CURSOR_SIDE; x++) {
            /* A triangle below its upper left corner, clear elsewhere; it fades to the right. */
            uint32_t alpha = x <= y ? 255 - x * 3 : 0;
            uint32_t red = x * 4 * alpha / 255, green = y * 4 * alpha / 255, blue = 255 * alpha / 255;
            *image++ = alpha << 24 | red << 16 | green << 8 | blue;
        }
}
