/*
 * The commands of the host.
 * Follows: README.md of this folder's parent, "The lines it speaks"; for `quit`, the ACPI specification 4.8.3.2
 * (SLP_TYP and SLP_EN of PM1_CNT) and QEMU's isa-debug-exit.
 */
#include "commands.h"

#include "card.h"
#include "input.h"
#include "machine.h"
#include "serial.h"
#include "text.h"
#include "timer.h"

enum { DEBUG_EXIT = 0xf4, PM1A_CONTROL = 0x604, SLEEP_ENABLE = 0x2000 };

/* A command returns NULL, or why it could not be done; it answers `done` itself when that has more to tell. */
struct command {
    const char *name;
    const char *(*run)(char *rest);
};

static const char *hold(char *rest)
{
    (void)rest;
    timer_run(0);
    say("done hold frame=%u\n", card.scene.frame);
    return NULL;
}

static const char *run(char *rest)
{
    unsigned rate;
    const char *end = text_number(rest, &rate);
    if (!end || *end || rate > RATE_MAX)
        return "wants a rate of at most 1000";
    timer_run(rate);
    say("done run %u\n", rate);
    return NULL;
}

static const char *step(char *rest)
{
    (void)rest;
    card_show_frame(card.scene.frame + 1);
    say("done step frame=%u\n", card.scene.frame);
    return NULL;
}

static const char *frame(char *rest)
{
    unsigned number;
    const char *end = text_number(rest, &number);
    if (!end || *end)
        return "wants a number";
    card_show_frame(number);
    say("done frame %u\n", number);
    return NULL;
}

static const char *mode(char *rest)
{
    unsigned width, height;
    if (!text_size(rest, &width, &height))
        return "wants a size as in 1280x800";
    const char *problem = card_set_mode(width, height);
    if (problem)
        return problem;
    say("mode %ux%u\n", card.scene.width, card.scene.height);
    say("done mode %ux%u\n", card.scene.width, card.scene.height);
    return NULL;
}

static const char *cursor(char *rest)
{
    unsigned x = 0, y = 0;
    int shown = !text_equal(rest, "off");
    if (shown) {
        const char *at = text_number(rest, &x);
        at = at && *at == ' ' ? text_number(at + 1, &y) : NULL;
        if (!at || *at)
            return "wants X Y or off";
    }
    const char *problem = card.display->cursor((int)x, (int)y, shown);
    if (problem)
        return problem;
    say(shown ? "done cursor %u %u\n" : "done cursor off\n", x, y);
    return NULL;
}

static const char *off(char *rest)
{
    (void)rest;
    card.display->power(0);
    say("done off\n");
    return NULL;
}

static const char *on(char *rest)
{
    (void)rest;
    card.display->power(1);
    card_show_everything();
    say("done on\n");
    return NULL;
}

static const char *report(char *rest)
{
    card.report = text_equal(rest, "on");
    if (!card.report && !text_equal(rest, "off"))
        return "wants on or off";
    say("done report %s\n", rest);
    return NULL;
}

static const char *lights(char *rest)
{
    unsigned number;
    const char *end = text_number(rest, &number);
    if (!end || *end || number > LIGHTS)
        return "wants a number of at most 7";
    input_set_lights(number);
    say("done lights %u\n", number);
    return NULL;
}

static const char *head(char *rest)
{
    int use = text_equal(rest, "on");
    if (!use && !text_equal(rest, "off"))
        return "wants on or off";
    const char *problem = card.display->use_second_head ? card.display->use_second_head(use) : "there is no second head";
    if (!problem && use)
        problem = card_set_mode(card.scene.width, card.scene.height);
    if (problem)
        return problem;
    say("done head %s\n", rest);
    return NULL;
}

static const char *quit(char *rest)
{
    (void)rest;
    say("done quit\n");
    serial_drain();
    outb(DEBUG_EXIT, 0);
    outw(PM1A_CONTROL, SLEEP_ENABLE);
    return "the machine goes on";
}

static const struct command commands[] = {
    {"hold", hold}, {"run", run}, {"step", step}, {"frame", frame},   {"mode", mode},
    {"off", off},   {"on", on},   {"quit", quit}, {"cursor", cursor}, {"report", report},
    {"head", head},
    {"lights", lights},
};

void command_do(char *line)
{
    const char *name = text_word(&line);
    if (!name)
        return;
    for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
        if (text_equal(name, commands[i].name)) {
            const char *problem = commands[i].run(line);
            if (problem)
                say("error %s: %s\n", name, problem);
            return;
        }
    say("error %s: no such command\n", name);
}
