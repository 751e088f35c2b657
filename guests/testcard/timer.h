#ifndef TIMER_H
#define TIMER_H

enum { RATE_MAX = 1000 };

void timer_init(void);

/* Ticks `rate` times a second; 0 stops the clock, so that nothing wakes the processor. */
void timer_run(unsigned rate);

/* Whether a tick has come since the last call; ticks that were missed count once. */
int timer_ticked(void);

#endif
