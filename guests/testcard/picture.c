/*
 * The picture: a pure function of the scene, the same one as guests/testcard/model.py.
 * Follows: no specification but README.md of this folder's parent, "The picture"; the counter is a reflected binary
 * (Gray) code.
 */
#include "picture.h"

#include "font.h"
#include "memory.h"

enum {
    WHITE = 0xffffff,
    COUNTER_BITS = 16,
    COUNTER_X = 16,
    BLOCK_WIDTH = 16,
    BLOCK_HEIGHT = 8,
    POINTER_ARM = 12,
    GRID = 64,
};

static const uint32_t bars[8] = {0xffffff, 0xffff00, 0x00ffff, 0x00ff00, 0xff00ff, 0xff0000, 0x0000ff, 0x000000};
static const uint32_t patch_colours[2] = {0x103060, 0xffc000};

static int smaller(int a, int b) { return a < b ? a : b; }
static int larger(int a, int b) { return a > b ? a : b; }

static struct rect cut(struct rect a, struct rect b)
{
    int left = larger(a.x, b.x), top = larger(a.y, b.y);
    int right = smaller(a.x + a.width, b.x + b.width), bottom = smaller(a.y + a.height, b.y + b.height);
    return (struct rect){left, top, larger(right - left, 0), larger(bottom - top, 0)};
}

static int side_of(const struct scene *scene)
{
    return smaller(256, smaller((int)(scene->width / 4) & ~7, (int)(scene->height / 3) & ~7));
}

struct rect picture_counter(const struct scene *scene, int bottom)
{
    int y = bottom ? (int)scene->height - 1 - BLOCK_HEIGHT : 1;
    return (struct rect){COUNTER_X, y, COUNTER_BITS * BLOCK_WIDTH, BLOCK_HEIGHT};
}

struct rect picture_moving(const struct scene *scene)
{
    int side = side_of(scene);
    return (struct rect){(int)(scene->width - scene->width / 16) - side, ((int)scene->height - side) / 2, side, side};
}

struct rect picture_patch(const struct scene *scene)
{
    int half = side_of(scene) / 2;
    return (struct rect){(int)scene->width / 16, ((int)scene->height - half) / 2, half, half};
}

struct rect picture_pointer(const struct scene *scene)
{
    struct rect screen = {0, 0, (int)scene->width, (int)scene->height};
    struct rect mark = {scene->pointer_x - POINTER_ARM, scene->pointer_y - POINTER_ARM, 2 * POINTER_ARM + 1,
                        2 * POINTER_ARM + 1};
    return scene->pointer_shown ? cut(mark, screen) : (struct rect){0, 0, 0, 0};
}

static void fill(uint32_t *canvas, const struct scene *scene, struct rect area, uint32_t colour)
{
    area = cut(area, (struct rect){0, 0, (int)scene->width, (int)scene->height});
    for (int y = area.y; y < area.y + area.height; y++)
        for (int x = area.x; x < area.x + area.width; x++)
            canvas[(unsigned)y * scene->width + (unsigned)x] = colour;
}

/* Red grows to the right and green downwards; blue is the place within 8 by 8: up to 2048x2048 no two are alike. */
static void gradient(uint32_t *canvas, const struct scene *scene)
{
    static uint8_t red[SIDE_MAX];
    int width = (int)scene->width, height = (int)scene->height;
    int radius = height * 7 / 16;
    int outer = radius * radius, inner = (radius - 2) * (radius - 2);
    for (int x = 0; x < width; x++)
        red[x] = (uint8_t)(x * 256 / width);
    for (int y = 0; y < height; y++) {
        uint32_t green = (uint32_t)(y * 256 / height);
        int dy = y - height / 2;
        for (int x = 0; x < width; x++) {
            int dx = x - width / 2;
            int distance = dx * dx + dy * dy;
            uint32_t colour = (uint32_t)red[x] << 16 | green << 8 | (96 + (uint32_t)((x & 7) << 3 | (y & 7)));
            if (dx % GRID == 0 || dy % GRID == 0)
                colour = (colour >> 1 & 0x7f7f7f) + 0x404040;
            if (distance >= inner && distance < outer)
                colour = WHITE;
            *canvas++ = colour;
        }
    }
}

static void write_text(uint32_t *canvas, const struct scene *scene, const char *text, int y, int scale)
{
    int length = 0;
    while (text[length])
        length++;
    int x = (int)scene->width / 2 - length * 3 * scale;
    fill(canvas, scene, (struct rect){x - 2 * scale, y - 2 * scale, (length * 6 + 3) * scale, 11 * scale}, 0);
    for (; *text; text++, x += 6 * scale)
        for (unsigned i = 0; i < sizeof font / sizeof *font; i++)
            for (int dot = 0; font[i].letter == *text && dot < 35; dot++)
                if (font[i].rows[dot / 5] >> (4 - dot % 5) & 1)
                    fill(canvas, scene, (struct rect){x + dot % 5 * scale, y + dot / 5 * scale, scale, scale}, WHITE);
}

static char *put_number(char *to, unsigned number)
{
    if (number >= 10)
        to = put_number(to, number / 10);
    *to = (char)('0' + number % 10);
    return to + 1;
}

static void border(uint32_t *canvas, const struct scene *scene)
{
    int width = (int)scene->width, height = (int)scene->height;
    fill(canvas, scene, (struct rect){0, 0, width, 1}, 0xff0000);
    fill(canvas, scene, (struct rect){0, height - 1, width, 1}, 0x00ff00);
    fill(canvas, scene, (struct rect){0, 0, 1, height}, 0x0000ff);
    fill(canvas, scene, (struct rect){width - 1, 0, 1, height}, 0xffff00);
    fill(canvas, scene, (struct rect){0, 0, 1, 1}, 0xffffff);
    fill(canvas, scene, (struct rect){width - 1, 0, 1, 1}, 0xff00ff);
    fill(canvas, scene, (struct rect){0, height - 1, 1, 1}, 0x00ffff);
    fill(canvas, scene, (struct rect){width - 1, height - 1, 1, 1}, 0xff8000);
}

/* Eight bars, sixteen greys, and the finest lines: upright, two wide, level, and a chessboard. */
static void bars_and_lines(uint32_t *canvas, const struct scene *scene)
{
    struct rect moving = picture_moving(scene), patch = picture_patch(scene);
    int gap = (int)scene->width / 32, unit = moving.width / 8;
    int x0 = patch.x + patch.width + gap, width = (moving.x - gap - x0) & ~15;
    for (int i = 0; i < 8; i++)
        fill(canvas, scene, (struct rect){x0 + i * width / 8, moving.y, width / 8, 5 * unit}, bars[i]);
    for (int i = 0; i < 16; i++)
        fill(canvas, scene, (struct rect){x0 + i * width / 16, moving.y + 5 * unit, width / 16, unit},
             (uint32_t)i * 0x111111);
    for (int y = 0; y < 2 * unit; y++)
        for (int x = 0; x < width; x++) {
            int left = x < width / 2;
            int white = y < unit ? (left ? x : x / 2) : (left ? y : x + y);
            canvas[(moving.y + 6 * unit + y) * (int)scene->width + x0 + x] = white & 1 ? WHITE : 0;
        }
}

void picture_background(uint32_t *background, const struct scene *scene)
{
    struct rect moving = picture_moving(scene);
    int scale = larger(1, moving.width / 64);
    char mode[16], *end = put_number(mode, scene->width);
    *end++ = 'X';
    *put_number(end, scene->height) = 0;

    gradient(background, scene);
    bars_and_lines(background, scene);
    write_text(background, scene, "WLVM TEST CARD", moving.y - 16 * scale, scale);
    write_text(background, scene, mode, moving.y + moving.height + 9 * scale, scale);
    border(background, scene);
}

/* There and back again between 0 and 255. */
static uint32_t wave(uint32_t angle)
{
    angle &= 511;
    return angle < 256 ? angle : 511 - angle;
}

static uint32_t pointer_colour(int dx, int dy)
{
    if (dx == 0 && dy == 0)
        return 0xff0000;
    return dx == 0 || dy == 0 ? WHITE : 0;
}

/* One row of the picture into `line`, which is as wide as the screen; only `area` of it is written. */
static void draw_row(uint32_t *line, const uint32_t *background, const struct scene *scene, int y, struct rect area)
{
    struct rect row = {area.x, y, area.width, 1};
    copy_pixels(line + area.x, background + y * (int)scene->width + area.x, (unsigned)area.width);

    struct rect part = cut(row, picture_patch(scene));
    for (int x = part.x; part.height && x < part.x + part.width; x++)
        line[x] = patch_colours[scene->patch & 1];

    struct rect moving = picture_moving(scene);
    part = cut(row, moving);
    uint32_t v = (uint32_t)(y - moving.y), frame = scene->frame;
    uint32_t green = wave(2 * v + 4 * frame) << 8;
    for (int x = part.x; part.height && x < part.x + part.width; x++) {
        uint32_t u = (uint32_t)(x - moving.x);
        line[x] = wave(2 * u + 6 * frame) << 16 | green | wave(u + v - 8 * frame);
    }

    int dy = y - scene->pointer_y;
    part = cut(row, picture_pointer(scene));
    for (int x = part.x; part.height && x < part.x + part.width; x++) {
        int dx = x - scene->pointer_x;
        if ((dx >= -1 && dx <= 1) || (dy >= -1 && dy <= 1))
            line[x] = pointer_colour(dx, dy);
    }

    uint32_t code = (frame & 0xffff) ^ (frame & 0xffff) >> 1;
    for (int bottom = 0; bottom < 2; bottom++) {
        part = cut(row, picture_counter(scene, bottom));
        for (int x = part.x; part.height && x < part.x + part.width; x++)
            line[x] = code >> (COUNTER_BITS - 1 - (x - COUNTER_X) / BLOCK_WIDTH) & 1 ? WHITE : 0;
    }
}

static int crosses(struct rect rect, int y) { return y >= rect.y && y < rect.y + rect.height; }

/* Whether a row is all background. */
static int is_plain(const struct scene *scene, int y)
{
    return !crosses(picture_moving(scene), y) && !crosses(picture_patch(scene), y) &&
           !crosses(picture_pointer(scene), y) && !crosses(picture_counter(scene, 0), y) &&
           !crosses(picture_counter(scene, 1), y);
}

void picture_draw(uint32_t *canvas, unsigned stride, const uint32_t *background, const struct scene *scene,
                  struct rect area)
{
    static uint32_t line[SIDE_MAX];
    area = cut(area, (struct rect){0, 0, (int)scene->width, (int)scene->height});
    for (int y = area.y; y < area.y + area.height; y++) {
        const uint32_t *row = background + y * (int)scene->width;
        if (!is_plain(scene, y)) {
            draw_row(line, background, scene, y, area);
            row = line;
        }
        copy_pixels(canvas + (unsigned)y * stride + area.x, row + area.x, (unsigned)area.width);
    }
}
