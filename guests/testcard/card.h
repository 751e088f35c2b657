#ifndef CARD_H
#define CARD_H

#include "picture.h"

/* The test card on its display: what is shown, and what of it has changed since. */
struct card {
    struct display *display;
    struct scene scene;
    uint32_t *background;
    int pointed; /* something has pointed: scene.pointer_x and _y are where */
    int full;    /* every frame is drawn and shown whole */
    int report;  /* say `frame N` for each frame */
    int cursor;  /* the pointer is the device's cursor; the picture has none */
};

extern struct card card;

/* Changes the mode and shows the picture in it; NULL, or why the mode stays as it was. Says `mode WxH`. */
const char *card_set_mode(unsigned width, unsigned height);

void card_show_frame(uint32_t frame);
void card_flip_patch(void);
void card_point(int x, int y);
void card_show_everything(void);

#endif
