/*
 * Interrupts: the IDT and the two 8259A controllers.
 * Follows: Intel SDM volume 3, chapter 6; Intel 8259A data sheet (ICW1-4, OCW1-2).
 */
#include "interrupt.h"

#include "machine.h"
#include "serial.h"

enum { PIC1 = 0x20, PIC2 = 0xa0, FIRST_IRQ = 32, HANDLERS = 16, STUB_BYTES = 16 };

struct gate {
    uint16_t offset_low, selector, kind, offset_high;
};

static struct gate idt[48];
static struct {
    unsigned line;
    void (*handler)(void);
} handlers[HANDLERS];
static unsigned handler_count;
volatile unsigned interrupt_count;

extern const char interrupt_stubs[];

void interrupt_handle(unsigned vector);

void interrupt_init(void)
{
    for (unsigned i = 0; i < 48; i++) {
        uint32_t stub = (uint32_t)interrupt_stubs + i * STUB_BYTES;
        idt[i] = (struct gate){(uint16_t)stub, 0x08, 0x8e00, (uint16_t)(stub >> 16)};
    }
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = {sizeof idt - 1, (uint32_t)idt};
    __asm__ volatile("lidt %0" ::"m"(pointer));

    outb(PIC1, 0x11);
    outb(PIC2, 0x11);
    outb(PIC1 + 1, FIRST_IRQ);
    outb(PIC2 + 1, FIRST_IRQ + 8);
    outb(PIC1 + 1, 4);
    outb(PIC2 + 1, 2);
    outb(PIC1 + 1, 1);
    outb(PIC2 + 1, 1);
    outb(PIC1 + 1, 0xfb);
    outb(PIC2 + 1, 0xff);
}

void interrupt_listen(unsigned line, void (*handler)(void))
{
    if (line >= 16 || handler_count == HANDLERS) {
        say("error interrupt: no place for line %u\n", line);
        return;
    }
    handlers[handler_count].line = line;
    handlers[handler_count].handler = handler;
    handler_count++;
    uint16_t mask_port = line < 8 ? PIC1 + 1 : PIC2 + 1;
    outb(mask_port, (uint8_t)(inb(mask_port) & ~(1u << (line & 7))));
}

void interrupt_handle(unsigned vector)
{
    if (vector < FIRST_IRQ) {
        say("error exception: vector %u\n", vector);
        for (;;)
            __asm__ volatile("cli; hlt");
    }
    interrupt_count++;
    unsigned line = vector - FIRST_IRQ;
    for (unsigned i = 0; i < handler_count; i++)
        if (handlers[i].line == line)
            handlers[i].handler();
    if (line >= 8)
        outb(PIC2, 0x20);
    outb(PIC1, 0x20);
}
