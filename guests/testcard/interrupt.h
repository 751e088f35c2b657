#ifndef INTERRUPT_H
#define INTERRUPT_H

/* Loads the IDT and remaps the PIC; every line is masked until somebody asks for it. */
void interrupt_init(void);

/* Calls `handler` for the interrupts of a line; several handlers may share one. Interrupts are off in it. */
void interrupt_listen(unsigned line, void (*handler)(void));

/* How many interrupts have come so far. */
extern volatile unsigned interrupt_count;

#endif
