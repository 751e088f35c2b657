/*
 * What the input devices tell is said on the serial line, and done to the picture.
 * Follows: linux/input-event-codes.h for codes and directions.
 */
#include "input.h"

#include "card.h"
#include "serial.h"

enum { KEY_SPACE = 57, KEY_CAPSLOCK = 58, KEY_NUMLOCK = 69, KEY_SCROLLLOCK = 70, AXIS_VALUES = 32768 };

int input_has_lights;
static unsigned lights;

static const char *way(int down) { return down ? "down" : "up"; }

void input_set_lights(unsigned wanted)
{
    lights = wanted;
    ps2_set_lights(lights);
    virtio_input_set_lights(lights);
}

static void lock(unsigned light)
{
    input_set_lights(lights ^ light);
    say("lights %u\n", lights);
}

void input_key(unsigned code, int down, const char *via)
{
    say("key %u %s via=%s\n", code, way(down), via);
    if (code == KEY_SPACE && down)
        card_flip_patch();
    if (!input_has_lights || !down)
        return;
    if (code == KEY_CAPSLOCK)
        lock(LIGHT_CAPS);
    else if (code == KEY_NUMLOCK)
        lock(LIGHT_NUM);
    else if (code == KEY_SCROLLLOCK)
        lock(LIGHT_SCROLL);
}

void input_button(unsigned code, int down, const char *via)
{
    static const char *const names[] = {"left", "right", "middle", "side", "extra"};
    if (code <= BUTTON_EXTRA)
        say("button %s %s via=%s\n", names[code - BUTTON_LEFT], way(down), via);
    else
        say("button %u %s via=%s\n", code, way(down), via);
}

void input_motion(int dx, int dy, const char *via)
{
    int x = card.pointed ? card.scene.pointer_x : (int)card.scene.width / 2;
    int y = card.pointed ? card.scene.pointer_y : (int)card.scene.height / 2;
    card_point(x + dx, y + dy);
    say("rel %d %d via=%s\n", dx, dy, via);
}

void input_wheel(int steps, int sideways, const char *via)
{
    say("%s %d via=%s\n", sideways ? "hwheel" : "wheel", steps, via);
}

/* As libinput has it: the axis has AXIS_VALUES places, and each pixel an equal share of them. */
static int pixel(unsigned value, unsigned size) { return (int)(value * size / AXIS_VALUES); }

void input_position(unsigned x, unsigned y, const char *via)
{
    card_point(pixel(x, card.scene.width), pixel(y, card.scene.height));
    say("abs %u %u via=%s px=%d,%d\n", x, y, via, card.scene.pointer_x, card.scene.pointer_y);
}

void input_touch(unsigned slot, int down, int was_down, unsigned x, unsigned y)
{
    const char *phase = !down ? "up" : was_down ? "moved" : "down";
    say("touch %u %s px=%d,%d\n", slot, phase, pixel(x, card.scene.width), pixel(y, card.scene.height));
}
