/*
 * Virtio keyboards, mice, tablets and touchscreens, as many as there are.
 * Follows: Virtual I/O Device (VIRTIO) 1.2, section 5.8 (input device); linux/input-event-codes.h for types and codes.
 */
#include "input.h"
#include "interrupt.h"
#include "memory.h"
#include "serial.h"
#include "virtio.h"

enum { PCI_DEVICE = 0x1052, DEVICES = 8, KEYS = 768 };
enum { EV_SYN, EV_KEY, EV_REL, EV_ABS, EV_LED = 0x11 };
enum { EVENTS, STATUS }; /* the queues */
enum { CONFIG_SELECT, CONFIG_OF, CONFIG_SIZE, CONFIG_EVENT_BITS = 0x11 };
enum { LED_NUML, LED_CAPSL, LED_SCROLLL, LEDS };
enum { REL_X = 0, REL_Y = 1, REL_HWHEEL = 6, REL_WHEEL = 8, ABS_X = 0, ABS_Y = 1 };
enum { ABS_MT_SLOT = 0x2f, ABS_MT_POSITION_X = 0x35, ABS_MT_POSITION_Y = 0x36, ABS_MT_TRACKING_ID = 0x39 };
enum { FINGERS = 10, BUTTON_TOUCH = 0x14a };

struct finger {
    unsigned x, y;
    int down, was_down, changed;
};


struct event {
    uint16_t type, code;
    uint32_t value;
};

struct device {
    struct virtio virtio;
    struct virtqueue events, status;
    int has_lights; /* a tablet has none, and QEMU 11 ends when it is told of them */
    struct event *buffers;
    struct event leds[LEDS];
    uint32_t held[KEYS / 32];
    /* What came since the last EV_SYN. */
    int dx, dy, wheel, hwheel, has_position;
    unsigned x, y; /* of the last position: a tablet leaves out the axis that has not changed */
    struct finger fingers[FINGERS];
    unsigned slot; /* the finger that is told of */
};

static struct device devices[DEVICES];
static unsigned device_count;

/* Reading the status is what lowers the line; which device it was shows in the queues. */
static void on_interrupt(void)
{
    for (unsigned i = 0; i < device_count; i++)
        (void)virtio_interrupt(&devices[i].virtio);
}

static const char *start(struct device *device, const struct pci_device *pci)
{
    const char *problem = virtio_start(&device->virtio, pci, 0);
    if (!problem)
        problem = virtio_queue(&device->virtio, &device->events, EVENTS);
    if (!problem)
        problem = virtio_queue(&device->virtio, &device->status, STATUS);
    if (problem)
        return problem;
    device->virtio.config[CONFIG_SELECT] = CONFIG_EVENT_BITS;
    device->virtio.config[CONFIG_OF] = EV_LED;
    device->has_lights = device->virtio.config[CONFIG_SIZE] != 0;
    device->buffers = memory_for_ever(device->events.size * sizeof *device->buffers);
    if (!device->buffers)
        return "not enough memory for events";
    for (unsigned slot = 0; slot < device->events.size; slot++)
        virtq_offer(&device->events, slot, &device->buffers[slot], sizeof *device->buffers);
    return NULL;
}

void virtio_input_init(void)
{
    struct pci_device pci;
    uint32_t lines = 0;
    for (unsigned i = 0; device_count < DEVICES && pci_find(VIRTIO_VENDOR, PCI_DEVICE, i, &pci); i++) {
        struct device *device = &devices[device_count];
        const char *problem = start(device, &pci);
        if (problem) {
            say("error virtio-input: %s\n", problem);
            continue;
        }
        device_count++;
        if (!(lines >> device->virtio.line & 1))
            interrupt_listen(device->virtio.line, on_interrupt);
        lines |= 1u << device->virtio.line;
        virtio_ready(&device->virtio);
        virtq_notify(&device->events);
    }
}

/* QEMU has read what was told before by the time that it has been notified. */
void virtio_input_set_lights(unsigned lights)
{
    static const unsigned light_of[LEDS] = {LIGHT_NUM, LIGHT_CAPS, LIGHT_SCROLL};
    for (struct device *device = devices; device < devices + device_count; device++) {
        if (!device->has_lights)
            continue;
        while (virtq_used(&device->status) >= 0)
            ;
        for (uint16_t led = 0; led < LEDS; led++) {
            device->leds[led] = (struct event){EV_LED, led, (lights & light_of[led]) != 0};
            virtq_put(&device->status, led, &device->leds[led], sizeof *device->leds);
        }
        virtq_notify(&device->status);
    }
}

/* Which of several tablets a position came from, when it is another than before. */
static void tell_tablet(const struct device *device)
{
    static const struct device *last;
    if (last && last != device)
        say("tablet %u\n", (unsigned)(device - devices));
    last = device;
}

static void tell_motion(struct device *device)
{
    if (device->dx || device->dy)
        input_motion(device->dx, device->dy, "virtio");
    if (device->has_position) {
        tell_tablet(device);
        input_position(device->x, device->y, "virtio");
    }
    if (device->wheel)
        input_wheel(device->wheel, 0, "virtio");
    if (device->hwheel)
        input_wheel(device->hwheel, 1, "virtio");
    device->dx = device->dy = device->wheel = device->hwheel = device->has_position = 0;
}

/* As Linux does, passes over a key that goes where it is already: QEMU releases a wheel that it never pressed. */
static void key(struct device *device, unsigned code, uint32_t value)
{
    if (code >= KEYS || value > 1 || (device->held[code / 32] >> code % 32 & 1) == value)
        return;
    device->held[code / 32] ^= 1u << code % 32;
    tell_motion(device);
    if (code == BUTTON_TOUCH)
        say("touching %u\n", (unsigned)value);
    else if (code >= BUTTON_LEFT && code <= BUTTON_EXTRA)
        input_button(code, (int)value, "virtio");
    else
        input_key(code, (int)value, "virtio");
}

static void tell_fingers(struct device *device)
{
    for (unsigned slot = 0; slot < FINGERS; slot++) {
        struct finger *finger = &device->fingers[slot];
        if (finger->changed)
            input_touch(slot, finger->down, finger->was_down, finger->x, finger->y);
        finger->was_down = finger->down;
        finger->changed = 0;
    }
}

static void touch(struct device *device, struct event event)
{
    if (event.code == ABS_MT_SLOT)
        device->slot = event.value;
    if (device->slot >= FINGERS)
        return;
    struct finger *finger = &device->fingers[device->slot];
    if (event.code == ABS_MT_TRACKING_ID) {
        finger->changed |= finger->down != ((int)event.value >= 0);
        finger->down = (int)event.value >= 0;
    } else if (event.code == ABS_MT_POSITION_X || event.code == ABS_MT_POSITION_Y) {
        *(event.code == ABS_MT_POSITION_X ? &finger->x : &finger->y) = event.value;
        finger->changed = 1;
    }
}

static void event(struct device *device, struct event event)
{
    int value = (int)event.value;
    if (event.type == EV_SYN) {
        tell_motion(device);
        tell_fingers(device);
    } else if (event.type == EV_KEY) {
        key(device, event.code, event.value);
    } else if (event.type == EV_REL) {
        if (event.code == REL_X)
            device->dx += value;
        else if (event.code == REL_Y)
            device->dy += value;
        else if (event.code == REL_WHEEL)
            device->wheel += value;
        else if (event.code == REL_HWHEEL)
            device->hwheel += value;
    } else if (event.type == EV_ABS && event.code <= ABS_Y) {
        *(event.code == ABS_X ? &device->x : &device->y) = event.value;
        device->has_position = 1;
    } else if (event.type == EV_ABS) {
        touch(device, event);
    }
}

void virtio_input_poll(void)
{
    for (struct device *device = devices; device < devices + device_count; device++) {
        int slot;
        while ((slot = virtq_used(&device->events)) >= 0) {
            /* The buffer goes back before the event is told: QEMU drops events that find none. */
            struct event it = *(volatile struct event *)&device->buffers[slot];
            virtq_offer(&device->events, (unsigned)slot, &device->buffers[slot], sizeof it);
            virtq_notify(&device->events);
            event(device, it);
        }
    }
}
