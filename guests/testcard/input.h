/* What the input devices tell the card. Codes and directions are those of linux/input-event-codes.h. */
#ifndef INPUT_H
#define INPUT_H

#include <stdint.h>

enum { BUTTON_LEFT = 0x110, BUTTON_RIGHT, BUTTON_MIDDLE, BUTTON_SIDE, BUTTON_EXTRA };

/* The lights of a keyboard, as the PS/2 keyboard has them. */
enum { LIGHT_SCROLL = 1, LIGHT_NUM = 2, LIGHT_CAPS = 4, LIGHTS = 7 };

void input_key(unsigned code, int down, const char *via);
void input_button(unsigned code, int down, const char *via);
void input_motion(int dx, int dy, const char *via);
void input_wheel(int steps, int sideways, const char *via); /* positive: up, or to the right */
void input_position(unsigned x, unsigned y, const char *via); /* 0 to 32767 over the screen */

/* Whether the lock keys switch the lights; and switches them, on all keyboards. */
extern int input_has_lights;
void input_set_lights(unsigned lights);
void ps2_set_lights(unsigned lights);
void virtio_input_set_lights(unsigned lights);
/* A finger: 0 to 32767 over the screen, where it is, or was when it was lifted. */
void input_touch(unsigned slot, int down, int was_down, unsigned x, unsigned y);

/* Starts the devices; each *_poll() hands on what has come in since. */
void ps2_init(void);
void ps2_poll(void);
void virtio_input_init(void);
void virtio_input_poll(void);

#endif
