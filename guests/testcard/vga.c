/*
 * The standard VGA of QEMU, and its like without VGA (secondary-vga, bochs-display): Bochs VBE extensions and a linear
 * frame buffer.
 * Follows: QEMU docs/specs/standard-vga.rst (registers in BAR 2); the Bochs VBE display API (registers 0-10);
 * for `off`, the VGA attribute controller's palette address source bit, which bochs-display has not got.
 */
#include "display.h"
#include "pci.h"

#include <stddef.h>

enum { ATTRIBUTE = 0x400, STATUS = 0x41a, BOCHS = 0x500 }; /* in BAR 2 */
enum { XRES = 1, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY_64K };

static struct display vga;
static volatile uint8_t *registers;
static uint32_t *frame_buffer;
static unsigned mode_width, mode_height, page;

static volatile uint16_t *bochs(unsigned reg) { return (volatile uint16_t *)(registers + BOCHS) + reg; }

static const char *set_mode(unsigned *width, unsigned *height)
{
    if (*width * 4 * *height * vga.buffers > (unsigned)*bochs(MEMORY_64K) << 16)
        return "not enough video memory";
    *bochs(ENABLE) = 0;
    *bochs(XRES) = (uint16_t)(*width);
    *bochs(YRES) = (uint16_t)(*height);
    *bochs(BPP) = 32;
    *bochs(ENABLE) = 0x41; /* on, with the linear frame buffer */
    mode_width = *width = *bochs(XRES); /* a VGA knows widths in characters of eight pixels: it has rounded down */
    mode_height = *height = *bochs(YRES);
    *bochs(VIRT_WIDTH) = (uint16_t)mode_width;
    *bochs(X_OFFSET) = 0;
    *bochs(Y_OFFSET) = 0;
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
        *bochs(Y_OFFSET) = (uint16_t)(page * mode_height);
    }
}

static void power(int on)
{
    (void)registers[STATUS];
    registers[ATTRIBUTE] = on ? 0x20 : 0x00;
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

static struct display vga = {"std-vga", set_mode, canvas, show, power, cursor, wants_mode, NULL, 1};

struct display *vga_find(const struct display_options *options)
{
    struct pci_device device;
    if (!pci_find(0x1234, 0x1111, 0, &device))
        return NULL;
    frame_buffer = (uint32_t *)pci_bar(&device, 0);
    registers = (volatile uint8_t *)pci_bar(&device, 2);
    if (!frame_buffer || !registers)
        return NULL;
    pci_enable(&device);
    vga.buffers = options->flip ? 2 : 1;
    power(1);
    return &vga;
}
