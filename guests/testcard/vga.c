/*
 * The standard VGA of QEMU: Bochs VBE extensions and a linear frame buffer.
 * Follows: QEMU docs/specs/standard-vga.rst; the Bochs VBE display API (registers 0-10);
 * for `off`, the VGA attribute controller's palette address source bit.
 */
#include "display.h"
#include "machine.h"
#include "pci.h"

enum { INDEX = 0x1ce, DATA = 0x1cf, ATTRIBUTE = 0x3c0, STATUS = 0x3da };
enum { XRES = 1, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY_64K };

static struct display vga;
static uint32_t *frame_buffer;
static unsigned mode_width, mode_height, page;

static void set(unsigned reg, unsigned value)
{
    outw(INDEX, (uint16_t)reg);
    outw(DATA, (uint16_t)value);
}

static unsigned get(unsigned reg)
{
    outw(INDEX, (uint16_t)reg);
    return inw(DATA);
}

static const char *set_mode(unsigned *width, unsigned *height)
{
    unsigned wide = *width & ~7u; /* the device knows widths in characters of eight pixels */
    if (wide * 4 * *height * vga.buffers > get(MEMORY_64K) << 16)
        return "not enough video memory";
    set(ENABLE, 0);
    set(XRES, wide);
    set(YRES, *height);
    set(BPP, 32);
    set(ENABLE, 0x41); /* on, with the linear frame buffer */
    set(VIRT_WIDTH, wide);
    set(X_OFFSET, 0);
    set(Y_OFFSET, 0);
    mode_width = *width = get(XRES);
    mode_height = *height = get(YRES);
    page = 0;
    return NULL;
}

static uint32_t *canvas(unsigned *stride)
{
    *stride = mode_width;
    return frame_buffer + (vga.buffers == 2 ? (page ^ 1) * mode_width * mode_height : 0);
}

static void show(const struct rect *rects, unsigned count, int whole)
{
    (void)rects, (void)count, (void)whole;
    if (vga.buffers == 2) {
        page ^= 1;
        set(Y_OFFSET, page * mode_height);
    }
}

static void power(int on)
{
    (void)inb(STATUS);
    outb(ATTRIBUTE, on ? 0x20 : 0x00);
}

static const char *cursor(int x, int y, int shown)
{
    (void)x, (void)y, (void)shown;
    return "std-vga has no hardware cursor";
}

static int wants_mode(unsigned *width, unsigned *height)
{
    (void)width, (void)height;
    return 0;
}

static struct display vga = {"std-vga", set_mode, canvas, show, power, cursor, wants_mode, 1};

struct display *vga_find(const struct display_options *options)
{
    struct pci_device device;
    if (!pci_find(0x1234, 0x1111, 0, &device))
        return NULL;
    frame_buffer = (uint32_t *)pci_bar(&device, 0);
    pci_enable(&device);
    vga.buffers = options->flip ? 2 : 1;
    power(1);
    return &vga;
}
