/* Valgrind's client requests, for bench.check.counter: instructions of its own, which do nothing on a bare processor. */

#include <valgrind/callgrind.h>

int is_counted(void) { return RUNNING_ON_VALGRIND; }

void instrument(void) { CALLGRIND_START_INSTRUMENTATION; }

void toggle(void) { CALLGRIND_TOGGLE_COLLECT; }

void dump(const char *name) { CALLGRIND_DUMP_STATS_AT(name); }
