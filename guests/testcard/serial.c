/*
 * COM1: lines out at once, or by IRQ 4 when nobody reads at the other end; lines in by IRQ 4.
 * Follows: National Semiconductor PC16550D data sheet.
 */
#include "serial.h"

#include <stdarg.h>

#include "interrupt.h"
#include "machine.h"

enum { COM1 = 0x3f8, LINE = 4, RING = 4096, OUT_RING = 65536, LONGEST = 256 };
enum { RECEIVED = 1, SENDER_EMPTY = 2 }; /* the interrupts asked for */

static volatile char ring[RING];
static volatile unsigned written;
static unsigned read;
static volatile char out_ring[OUT_RING];
static volatile unsigned out_written, out_read;
static char line[LONGEST];
static unsigned line_length;

/* Hands on what the port takes now; the rest waits for an interrupt. Interrupts are off. */
static void transmit(void)
{
    while (out_read != out_written && inb(COM1 + 5) & 0x20) {
        outb(COM1, (uint8_t)out_ring[out_read % OUT_RING]);
        out_read++;
    }
    outb(COM1 + 1, out_read == out_written ? RECEIVED : RECEIVED | SENDER_EMPTY);
}

static void on_interrupt(void)
{
    (void)inb(COM1 + 2);
    while (inb(COM1 + 5) & 1) {
        char byte = (char)inb(COM1);
        if (written - read < RING) {
            ring[written % RING] = byte;
            written++;
        }
    }
    transmit();
}

void serial_init(void)
{
    outb(COM1 + 1, 0);
    outb(COM1 + 3, 0x80);
    outb(COM1, 1); /* 115200 baud */
    outb(COM1 + 1, 0);
    outb(COM1 + 3, 3);    /* eight bits, no parity, one stop bit */
    outb(COM1 + 2, 0x07); /* FIFOs on and empty, an interrupt for each byte */
    outb(COM1 + 4, 0x0b); /* DTR, RTS, and OUT2, which lets the interrupt through */
    interrupt_listen(LINE, on_interrupt);
    outb(COM1 + 1, RECEIVED);
}

static void put(char byte)
{
    while (out_written - out_read == OUT_RING) {
        unsigned flags = interrupts_save();
        transmit();
        interrupts_restore(flags);
    }
    out_ring[out_written % OUT_RING] = byte;
    out_written++;
}

static void put_number(unsigned value, unsigned base)
{
    char digits[11];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count)
        put(digits[--count]);
}

void say(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        switch (*++format) {
        case 's':
            for (const char *text = va_arg(values, const char *); *text; text++)
                put(*text);
            break;
        case 'd': {
            int value = va_arg(values, int);
            if (value < 0)
                put('-');
            put_number(value < 0 ? 0u - (unsigned)value : (unsigned)value, 10);
            break;
        }
        case 'u':
            put_number(va_arg(values, unsigned), 10);
            break;
        case 'x':
            put_number(va_arg(values, unsigned), 16);
            break;
        default:
            put(*format);
        }
    }
    va_end(values);
    unsigned flags = interrupts_save();
    transmit();
    interrupts_restore(flags);
}

char *serial_line(void)
{
    while (read != written) {
        char byte = ring[read % RING];
        read++;
        if (byte == '\n' || byte == '\r') {
            line[line_length] = 0;
            if (line_length) {
                line_length = 0;
                return line;
            }
        } else if (line_length < LONGEST - 1) {
            line[line_length++] = byte;
        }
    }
    return NULL;
}

void serial_drain(void)
{
    while (out_read != out_written || !(inb(COM1 + 5) & 0x40))
        ;
}
