#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* `upper_kib` is the memory above the first mebibyte, as Multiboot tells it. */
void memory_init(uint32_t upper_kib);

/* Zeroed pages for good: queues and the like. NULL when none are left. */
void *memory_for_ever(size_t bytes);

/*
 * Pages for the picture of one mode. There are two arenas: a mode is built in one while the one before it
 * is still on screen from the other. memory_other_arena() empties the other and allocates from it;
 * memory_back() returns to the one before, whose contents are untouched.
 */
void memory_other_arena(void);
void memory_back(void);
void *memory_for_mode(size_t bytes);

void copy_pixels(uint32_t *to, const uint32_t *from, unsigned count);

void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

#endif
