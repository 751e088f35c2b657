#ifndef CURSOR_H
#define CURSOR_H

#include <stdint.h>

enum { CURSOR_SIDE = 64, CURSOR_HOT_X = 8, CURSOR_HOT_Y = 4 };

/* Draws the cursor's image, 64 by 64 pixels ARGB with the colours multiplied by alpha. */
void cursor_draw(uint32_t *image);

#endif
