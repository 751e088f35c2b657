/*
 * The clock of the frames: channel 0 of the PIT, on IRQ 0.
 * Follows: Intel 8254 data sheet (modes 0 and 2).
 */
#include "timer.h"

#include "interrupt.h"
#include "machine.h"

enum { CHANNEL0 = 0x40, CONTROL = 0x43, INPUT_HZ = 1193182, SLOWEST = 20 };

static volatile unsigned left, pending;
static unsigned every = 1;
static int running;

static void on_interrupt(void)
{
    if (running && --left == 0) {
        left = every;
        pending = 1;
    }
}

void timer_init(void)
{
    timer_run(0);
    interrupt_listen(0, on_interrupt);
}

void timer_run(unsigned rate)
{
    outb(CONTROL, 0x30); /* mode 0, and no count follows: the channel stands still */
    running = rate > 0;
    pending = 0;
    if (!running)
        return;
    /* The counter has 16 bits: slow rates are every so many ticks of a faster one. */
    every = rate >= SLOWEST ? 1 : (SLOWEST + rate - 1) / rate;
    left = every;
    unsigned hertz = rate * every;
    unsigned divisor = (INPUT_HZ + hertz / 2) / hertz;
    outb(CONTROL, 0x34); /* mode 2, low byte then high byte */
    outb(CHANNEL0, (uint8_t)divisor);
    outb(CHANNEL0, (uint8_t)(divisor >> 8));
}

int timer_ticked(void)
{
    int ticked = (int)pending;
    pending = 0;
    return ticked;
}
