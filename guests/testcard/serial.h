#ifndef SERIAL_H
#define SERIAL_H

void serial_init(void);

/*
 * Writes to COM1; %s, %d, %u, %x and %% are known. Waits only when 64 KiB are not read at the other end. Not for
 * interrupt handlers.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The next whole line that came in, without its end; NULL when there is none. Valid until the next call. */
char *serial_line(void);

/* Waits until everything written has left the port. */
void serial_drain(void);

#endif
