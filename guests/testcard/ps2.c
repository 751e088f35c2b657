/*
 * Keyboard and wheel mouse at the 8042 controller.
 * Follows: IBM PS/2 Hardware Interface Technical Reference (keyboard and auxiliary device controller); scan code
 * set 1 as the controller translates it, and the IntelliMouse extension, both as in Microsoft's "Keyboard Scan
 * Code Specification" 1.3a and mouse documentation; the codes reported are those of linux/input-event-codes.h.
 */
#include "input.h"
#include "interrupt.h"
#include "machine.h"
#include "serial.h"

enum { SET_LIGHTS = 0xed, ACKNOWLEDGE = 0xfa };
enum { DATA = 0x60, STATUS = 0x64, OUTPUT_FULL = 1, INPUT_FULL = 2, FROM_MOUSE = 0x20, RING = 1024, PATIENCE = 200000 };

struct bytes {
    volatile uint8_t ring[RING];
    volatile unsigned written;
    unsigned read;
};

static struct bytes keyboard, mouse;
static int has_wheel;

/* The lights that are wanted, those that the keyboard was sent, and how many acknowledgements of that are still to come. */
static unsigned lights, lights_sent, awaited;

/* Codes after E0, and those above 0x58 without: {scan code, key code}. The others are the same in both. */
static const uint8_t extended[][2] = {
    {0x10, 165}, {0x19, 163}, {0x1c, 96},  {0x1d, 97},  {0x20, 113}, {0x21, 140}, {0x22, 164}, {0x24, 166},
    {0x2e, 114}, {0x30, 115}, {0x32, 172}, {0x35, 98},  {0x37, 99},  {0x38, 100}, {0x46, 119}, {0x47, 102},
    {0x48, 103}, {0x49, 104}, {0x4b, 105}, {0x4d, 106}, {0x4f, 107}, {0x50, 108}, {0x51, 109}, {0x52, 110},
    {0x53, 111}, {0x5b, 125}, {0x5c, 126}, {0x5d, 127}, {0x5e, 116}, {0x5f, 142}, {0x63, 143}, {0x65, 217},
    {0x66, 156}, {0x67, 173}, {0x68, 128}, {0x69, 159}, {0x6a, 158}, {0x6b, 157}, {0x6c, 155}, {0x6d, 226},
};
static const uint8_t plain[][2] = {
    {0x54, 99},  {0x59, 117}, {0x5c, 95},  {0x64, 183}, {0x65, 184}, {0x66, 185}, {0x67, 186}, {0x68, 187},
    {0x69, 188}, {0x6a, 189}, {0x6b, 190}, {0x6c, 191}, {0x6d, 192}, {0x6e, 193}, {0x70, 93},  {0x73, 89},
    {0x76, 194}, {0x79, 92},  {0x7b, 94},  {0x7d, 124}, {0x7e, 121},
};

static void keep(struct bytes *bytes, uint8_t byte)
{
    if (bytes->written - bytes->read < RING) {
        bytes->ring[bytes->written % RING] = byte;
        bytes->written++;
    }
}

static int next(struct bytes *bytes, uint8_t *byte)
{
    if (bytes->read == bytes->written)
        return 0;
    *byte = bytes->ring[bytes->read % RING];
    bytes->read++;
    return 1;
}

static void on_interrupt(void)
{
    uint8_t status;
    while ((status = inb(STATUS)) & OUTPUT_FULL)
        keep(status & FROM_MOUSE ? &mouse : &keyboard, inb(DATA));
}

static void send(uint16_t port, uint8_t byte)
{
    for (unsigned i = 0; i < PATIENCE && inb(STATUS) & INPUT_FULL; i++)
        ;
    outb(port, byte);
}

static int receive(void)
{
    for (unsigned i = 0; i < PATIENCE; i++)
        if (inb(STATUS) & OUTPUT_FULL)
            return inb(DATA);
    return -1;
}

static int to_mouse(uint8_t byte)
{
    send(STATUS, 0xd4);
    send(DATA, byte);
    return receive();
}

void ps2_init(void)
{
    send(STATUS, 0xad);
    send(STATUS, 0xa7);
    while (inb(STATUS) & OUTPUT_FULL)
        (void)inb(DATA);
    send(STATUS, 0xa8);

    /* The sample rates 200, 100, 80 turn a wheel mouse into one that reports its wheel. */
    static const uint8_t knock[] = {0xf6, 0xf3, 200, 0xf3, 100, 0xf3, 80};
    for (unsigned i = 0; i < sizeof knock; i++)
        (void)to_mouse(knock[i]);
    (void)to_mouse(0xf2);
    has_wheel = receive() == 3;
    (void)to_mouse(0xf4);

    send(STATUS, 0xae);
    send(DATA, 0xf4);
    (void)receive();

    send(STATUS, 0x60);
    send(DATA, 0x43); /* translate to set 1, interrupts of both, both enabled */
    interrupt_listen(1, on_interrupt);
    interrupt_listen(12, on_interrupt);
}

/* The command, and once it is acknowledged the lights. */
void ps2_set_lights(unsigned wanted)
{
    lights = wanted;
    if (!awaited) {
        awaited = 2;
        send(DATA, SET_LIGHTS);
    }
}

static void acknowledged(void)
{
    if (--awaited) {
        lights_sent = lights;
        send(DATA, (uint8_t)lights);
    } else if (lights_sent != lights) {
        ps2_set_lights(lights);
    }
}

static unsigned code_in(const uint8_t (*table)[2], unsigned count, uint8_t scan)
{
    for (unsigned i = 0; i < count; i++)
        if (table[i][0] == scan)
            return table[i][1];
    return 0;
}

static void scan_code(uint8_t byte)
{
    enum { PAUSE = 119 };
    static int prefix, pause_bytes;
    if (byte == ACKNOWLEDGE && awaited) {
        acknowledged();
    } else if (pause_bytes) {
        if (--pause_bytes == 0)
            input_key(PAUSE, !(byte & 0x80), "ps2");
    } else if (byte == 0xe1) {
        pause_bytes = 2;
    } else if (byte == 0xe0) {
        prefix = 1;
    } else {
        uint8_t scan = byte & 0x7f;
        int shift_made_up = prefix && (scan == 0x2a || scan == 0x36);
        unsigned code;
        if (prefix)
            code = code_in(extended, sizeof extended / sizeof *extended, scan);
        else if (scan <= 0x53 || (scan >= 0x56 && scan <= 0x58))
            code = scan;
        else
            code = code_in(plain, sizeof plain / sizeof *plain, scan);
        if (code)
            input_key(code, !(byte & 0x80), "ps2");
        else if (!shift_made_up)
            say("error key: scan code %s%x is not known\n", prefix ? "e0 " : "", scan);
        prefix = 0;
    }
}

static void packet(const uint8_t *bytes)
{
    static const unsigned buttons[3] = {BUTTON_LEFT, BUTTON_RIGHT, BUTTON_MIDDLE};
    static uint8_t held;
    int dx = bytes[1] - (bytes[0] & 0x10 ? 256 : 0);
    int dy = bytes[2] - (bytes[0] & 0x20 ? 256 : 0);
    if (dx || dy)
        input_motion(dx, -dy, "ps2");
    for (unsigned i = 0; i < 3; i++)
        if ((bytes[0] ^ held) >> i & 1)
            input_button(buttons[i], bytes[0] >> i & 1, "ps2");
    held = bytes[0] & 7;
    if (has_wheel && bytes[3])
        input_wheel(-(int8_t)bytes[3], 0, "ps2");
}

void ps2_poll(void)
{
    static uint8_t bytes[4];
    static unsigned count;
    uint8_t byte;
    while (next(&keyboard, &byte))
        scan_code(byte);
    while (next(&mouse, &byte)) {
        if (count == 0 && !(byte & 8))
            continue; /* the first byte of a packet has this bit set: find it again */
        bytes[count++] = byte;
        if (count == (has_wheel ? 4u : 3u)) {
            count = 0;
            packet(bytes);
        }
    }
}
