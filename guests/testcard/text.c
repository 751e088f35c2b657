/* Words and numbers of the command line and of commands. Follows: no specification. */
#include "text.h"

#include <stddef.h>

int text_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

const char *text_after(const char *text, const char *prefix)
{
    while (*prefix)
        if (*text++ != *prefix++)
            return NULL;
    return text;
}

char *text_word(char **rest)
{
    char *word = *rest;
    while (*word == ' ')
        word++;
    if (!*word)
        return NULL;
    char *end = word;
    while (*end && *end != ' ')
        end++;
    *rest = *end ? end + 1 : end;
    *end = 0;
    return word;
}

const char *text_number(const char *text, unsigned *number)
{
    const char *at = text;
    *number = 0;
    while (*at >= '0' && *at <= '9' && at - text < 9)
        *number = *number * 10 + (unsigned)(*at++ - '0');
    return at == text ? NULL : at;
}

int text_size(const char *text, unsigned *width, unsigned *height)
{
    const char *at = text_number(text, width);
    if (!at || *at != 'x')
        return 0;
    at = text_number(at + 1, height);
    return at && !*at;
}
