/*
 * The card: draws what has changed of the picture and puts it on the display.
 * Follows: README.md of this folder's parent, "The lines it speaks".
 */
#include "card.h"

#include "cursor.h"
#include "memory.h"
#include "serial.h"

/* Three rectangles a change at most, and as many again that the other buffer missed. */
enum { MOST = 6 };

struct changes {
    struct rect rects[MOST];
    unsigned count;
    int whole;
};

struct card card;

/* What the buffer that is off screen has missed, when two are flipped. */
static struct changes missed;

static void add(struct changes *changes, struct rect rect)
{
    if (rect.width > 0 && rect.height > 0)
        changes->rects[changes->count++] = rect;
}

static void everything(struct changes *changes)
{
    changes->count = 0;
    changes->whole = 1;
    add(changes, (struct rect){0, 0, (int)card.scene.width, (int)card.scene.height});
}

/* Adds what the other has, or everything when either is everything. */
static void merge(struct changes *changes, const struct changes *other)
{
    if (changes->whole || other->whole) {
        everything(changes);
        return;
    }
    for (unsigned i = 0; i < other->count; i++)
        add(changes, other->rects[i]);
}

static void show(struct changes changes)
{
    if (card.display->buffers == 2) {
        struct changes now = changes;
        merge(&changes, &missed);
        missed = now;
    }
    unsigned stride;
    uint32_t *canvas = card.display->canvas(&stride);
    for (unsigned i = 0; i < changes.count; i++)
        picture_draw(canvas, stride, card.background, &card.scene, changes.rects[i]);
    card.display->show(changes.rects, changes.count, changes.whole);
}

const char *card_set_mode(unsigned width, unsigned height)
{
    if (width < WIDTH_MIN || height < HEIGHT_MIN || width > SIDE_MAX || height > SIDE_MAX)
        return "outside of 320x200 to 4096x4096";
    memory_other_arena();
    uint32_t *background = memory_for_mode(width * height * 4);
    const char *problem = background ? card.display->set_mode(&width, &height) : "not enough memory";
    if (problem) {
        memory_back();
        return problem;
    }
    card.background = background;
    card.scene.width = width;
    card.scene.height = height;
    if (card.scene.pointer_x >= (int)width)
        card.scene.pointer_x = (int)width - 1;
    if (card.scene.pointer_y >= (int)height)
        card.scene.pointer_y = (int)height - 1;
    picture_background(background, &card.scene);
    card_show_everything();
    return NULL;
}

void card_show_everything(void)
{
    struct changes changes = {.count = 0};
    everything(&changes);
    missed.whole = 1;
    show(changes);
}

void card_show_frame(uint32_t frame)
{
    struct changes changes = {.count = 0};
    card.scene.frame = frame;
    if (card.full) {
        everything(&changes);
    } else {
        add(&changes, picture_counter(&card.scene, 0));
        add(&changes, picture_moving(&card.scene));
        add(&changes, picture_counter(&card.scene, 1));
    }
    show(changes);
    if (card.report)
        say("frame %u\n", frame);
}

void card_flip_patch(void)
{
    struct changes changes = {.count = 0};
    card.scene.patch++;
    add(&changes, picture_patch(&card.scene));
    show(changes);
    say("patch %u\n", card.scene.patch);
}

void card_point(int x, int y)
{
    struct changes changes = {.count = 0};
    int width = (int)card.scene.width, height = (int)card.scene.height;
    add(&changes, picture_pointer(&card.scene));
    card.pointed = 1;
    card.scene.pointer_x = x < 0 ? 0 : x >= width ? width - 1 : x;
    card.scene.pointer_y = y < 0 ? 0 : y >= height ? height - 1 : y;
    if (card.cursor) {
        const char *problem =
            card.display->cursor(card.scene.pointer_x - CURSOR_HOT_X, card.scene.pointer_y - CURSOR_HOT_Y, 1);
        if (!problem)
            return;
        say("error cursor: %s\n", problem);
        card.cursor = 0;
    }
    card.scene.pointer_shown = 1;
    add(&changes, picture_pointer(&card.scene));
    show(changes);
}
