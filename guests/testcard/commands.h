#ifndef COMMANDS_H
#define COMMANDS_H

/* Does what a line of the host asks for, and answers it with `done ...` or `error ...`. Writes into `line`. */
void command_do(char *line);

#endif
