/* Words and numbers of the command line and of commands. */
#ifndef TEXT_H
#define TEXT_H

int text_equal(const char *a, const char *b);

/* What follows `prefix` in `text`; NULL when it does not begin with it. */
const char *text_after(const char *text, const char *prefix);

/* Cuts the next word off *rest; NULL at the end. */
char *text_word(char **rest);

/* A decimal number at the start of `text`; where it ends, or NULL when there is none. */
const char *text_number(const char *text, unsigned *number);

/* A size as in 1280x800, and nothing else. */
int text_size(const char *text, unsigned *width, unsigned *height);

#endif
