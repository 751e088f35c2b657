/*
 * Memory: pages for good from the first mebibytes after the image, and two arenas for pictures.
 * Follows: Multiboot Specification 0.6.96, section 3.3 (mem_upper).
 */
#include "memory.h"

enum { MEBIBYTE = 1 << 20, PAGE = 4096 };

struct arena {
    uint32_t next, start, end;
};

static struct arena for_ever;
static struct arena arenas[2];
static unsigned current;

void memory_init(uint32_t upper_kib)
{
    uint32_t end = upper_kib >= 3 * 1024 * 1024 ? 3072u * MEBIBYTE : (upper_kib + 1024) * 1024;
    uint32_t first = 8u * MEBIBYTE;
    uint32_t half = (end - first) / 2 & ~(uint32_t)(PAGE - 1);
    for_ever = (struct arena){4u * MEBIBYTE, 4u * MEBIBYTE, first};
    arenas[0] = (struct arena){first, first, first + half};
    arenas[1] = (struct arena){first + half, first + half, first + 2 * half};
}

static void *take(struct arena *arena, size_t bytes)
{
    bytes = (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
    if (bytes > arena->end - arena->next)
        return NULL;
    void *pages = (void *)arena->next;
    arena->next += bytes;
    return pages;
}

void *memory_for_ever(size_t bytes)
{
    void *pages = take(&for_ever, bytes);
    return pages ? memset(pages, 0, bytes) : NULL;
}

void memory_other_arena(void)
{
    current ^= 1;
    arenas[current].next = arenas[current].start;
}

void memory_back(void) { current ^= 1; }

void *memory_for_mode(size_t bytes) { return take(&arenas[current], bytes); }

/* Unrolled: under an emulator a string instruction costs more than the moves it stands for. */
void copy_pixels(uint32_t *to, const uint32_t *from, unsigned count)
{
    for (; count >= 8; count -= 8, to += 8, from += 8) {
        to[0] = from[0], to[1] = from[1], to[2] = from[2], to[3] = from[3];
        to[4] = from[4], to[5] = from[5], to[6] = from[6], to[7] = from[7];
    }
    while (count--)
        *to++ = *from++;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    char *target = to;
    const char *source = from;
    while (bytes--)
        *target++ = *source++;
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    char *target = to;
    while (bytes--)
        *target++ = (char)value;
    return to;
}
