/*
 * The test card: a guest that shows a known picture and tells what input it gets.
 * Follows: Multiboot Specification 0.6.96, section 3.3 (memory sizes and command line).
 */
#include "card.h"
#include "commands.h"
#include "input.h"
#include "interrupt.h"
#include "machine.h"
#include "memory.h"
#include "serial.h"
#include "text.h"
#include "timer.h"

enum { MULTIBOOT_LOADER = 0x2badb002, HAS_MEMORY = 1, HAS_COMMAND_LINE = 4, DEFAULT_WIDTH = 1280, DEFAULT_HEIGHT = 800 };

struct multiboot {
    uint32_t flags, memory_lower, memory_upper, boot_device;
    char *command_line;
};

struct options {
    unsigned width, height; /* 0: as the host prefers */
    unsigned rate;
    int follow;
    struct display_options display;
};

void main(uint32_t magic, struct multiboot *multiboot);

static void read_option(const char *word, struct options *options)
{
    const char *value;
    if ((value = text_after(word, "mode="))) {
        if (!text_size(value, &options->width, &options->height))
            say("error option: %s is no size\n", word);
    } else if ((value = text_after(word, "rate="))) {
        if (!text_number(value, &options->rate) || options->rate > RATE_MAX) {
            say("error option: %s is not a rate of at most %u\n", word, RATE_MAX);
            options->rate = 0;
        }
    } else if ((value = text_after(word, "stride="))) {
        text_number(value, &options->display.stride);
    } else if ((value = text_after(word, "heads="))) {
        text_number(value, &options->display.heads);
    } else if (text_equal(word, "damage=full")) {
        card.full = 1;
    } else if (text_equal(word, "damage=patch")) {
        card.full = 0;
    } else if (text_equal(word, "flip")) {
        options->display.flip = 1;
    } else if (text_equal(word, "fixed")) {
        options->display.fixed = 1;
    } else if (text_equal(word, "follow")) {
        options->follow = 1;
    } else if (text_equal(word, "blob")) {
        options->display.blob = 1;
    } else if (text_equal(word, "cursor")) {
        card.cursor = 1;
    } else if (text_equal(word, "lights")) {
        input_has_lights = 1;
    } else if (text_equal(word, "report")) {
        card.report = 1;
    } else {
        say("error option: %s is not known\n", word);
    }
}

static void follow_host(void)
{
    unsigned width, height;
    if (!card.display->wants_mode(&width, &height))
        return;
    const char *problem = card_set_mode(width, height);
    if (problem)
        say("error mode: %s\n", problem);
    else
        say("mode %ux%u\n", card.scene.width, card.scene.height);
}

static void start(struct options *options)
{
    card.display = virtio_gpu_find(&options->display);
    if (!card.display)
        card.display = vga_find(&options->display);
    if (!card.display) {
        say("error display: neither virtio-gpu nor std-vga is there\n");
        return;
    }
    unsigned width, height;
    if (!card.display->wants_mode(&width, &height))
        width = DEFAULT_WIDTH, height = DEFAULT_HEIGHT;
    if (options->width)
        width = options->width, height = options->height;
    const char *problem = card_set_mode(width, height);
    if (problem) {
        say("error mode: %s\n", problem);
        if (card_set_mode(640, 480)) {
            card.display = NULL;
            return;
        }
    }
    ps2_init();
    virtio_input_init();
    say("ready device=%s mode=%ux%u frame=%u\n", card.display->name, card.scene.width, card.scene.height,
        card.scene.frame);
    timer_run(options->rate);
}

void main(uint32_t magic, struct multiboot *multiboot)
{
    struct options options = {.display.heads = 1};
    char *word;

    interrupt_init();
    serial_init();
    memory_init(multiboot->flags & HAS_MEMORY ? multiboot->memory_upper : 0);
    timer_init();
    card.full = 1;
    if (magic == MULTIBOOT_LOADER && multiboot->flags & HAS_COMMAND_LINE) {
        char *rest = multiboot->command_line;
        (void)text_word(&rest); /* the name of the image */
        while ((word = text_word(&rest)))
            read_option(word, &options);
        if (options.width && !options.follow)
            options.display.fixed = 1;
    }
    start(&options);
    while (card.display) {
        unsigned seen = interrupt_count;
        char *line;
        interrupts_on();
        ps2_poll();
        virtio_input_poll();
        while ((line = serial_line()))
            command_do(line);
        follow_host();
        if (timer_ticked())
            card_show_frame(card.scene.frame + 1);
        /* An interrupt since the top of the loop may have brought what was not there yet when it was asked for. */
        interrupts_off();
        if (interrupt_count == seen)
            wait_for_interrupt();
    }
}
