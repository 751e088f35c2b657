/*
 * Virtio devices on PCI: capabilities, feature negotiation, split virtqueues.
 * Follows: Virtual I/O Device (VIRTIO) 1.1, sections 2.6, 3.1 and 4.1.
 */
#include "virtio.h"

#include "interrupt.h"
#include "machine.h"
#include "memory.h"

enum { CAPABILITIES = 0x34, VENDOR_SPECIFIC = 9 };
enum { COMMON = 1, NOTIFY, ISR, DEVICE };
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2 };

/* struct virtio_pci_common_cfg */
enum {
    DEVICE_FEATURE_SELECT = 0,
    DEVICE_FEATURE = 4,
    DRIVER_FEATURE_SELECT = 8,
    DRIVER_FEATURE = 12,
    MSIX_CONFIG = 16,
    DEVICE_STATUS = 20,
    QUEUE_SELECT = 22,
    QUEUE_SIZE = 24,
    QUEUE_MSIX = 26,
    QUEUE_ENABLE = 28,
    QUEUE_NOTIFY_OFF = 30,
    QUEUE_DESC = 32,
    QUEUE_DRIVER = 40,
    QUEUE_DEVICE = 48,
};

struct virtq_descriptor {
    uint32_t address, address_high, bytes;
    uint16_t flags, next;
};

struct virtq_available {
    uint16_t flags, index, ring[VIRTIO_QUEUE_MAX];
};

struct virtq_used {
    uint16_t flags, index;
    struct {
        uint32_t slot, bytes;
    } ring[VIRTIO_QUEUE_MAX];
};

static volatile uint16_t *common16(struct virtio *device, unsigned at) { return (volatile uint16_t *)(device->common + at); }
static volatile uint32_t *common32(struct virtio *device, unsigned at) { return (volatile uint32_t *)(device->common + at); }

/* Walks the list of capabilities for the places of the device's registers. */
static void find_registers(struct virtio *device, const struct pci_device *pci)
{
    for (unsigned at = pci_read8(pci, CAPABILITIES) & 0xfc; at; at = pci_read8(pci, at + 1) & 0xfc) {
        if (pci_read8(pci, at) != VENDOR_SPECIFIC)
            continue;
        unsigned kind = pci_read8(pci, at + 3), bar = pci_read8(pci, at + 4);
        uint32_t base = bar < 6 ? pci_bar(pci, bar) : 0;
        volatile uint8_t *place = (volatile uint8_t *)(base + pci_read32(pci, at + 8));
        if (!base)
            continue;
        if (kind == COMMON && !device->common)
            device->common = place;
        else if (kind == ISR && !device->isr)
            device->isr = place;
        else if (kind == DEVICE && !device->config)
            device->config = place;
        else if (kind == NOTIFY && !device->notify) {
            device->notify = place;
            device->notify_multiplier = pci_read32(pci, at + 16);
        }
    }
}

const char *virtio_start(struct virtio *device, const struct pci_device *pci, uint32_t wanted)
{
    *device = (struct virtio){.line = pci_interrupt_line(pci)};
    find_registers(device, pci);
    if (!device->common || !device->notify || !device->isr || !device->config)
        return "not a virtio 1 device below 4 GiB";
    pci_enable(pci);

    volatile uint8_t *status = device->common + DEVICE_STATUS;
    *status = 0;
    while (*status)
        ;
    *status = ACKNOWLEDGE;
    *status = ACKNOWLEDGE | DRIVER;
    *common32(device, DEVICE_FEATURE_SELECT) = 0;
    device->features = *common32(device, DEVICE_FEATURE) & wanted;
    *common32(device, DRIVER_FEATURE_SELECT) = 0;
    *common32(device, DRIVER_FEATURE) = device->features;
    *common32(device, DRIVER_FEATURE_SELECT) = 1;
    *common32(device, DRIVER_FEATURE) = 1; /* VIRTIO_F_VERSION_1 */
    *status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
    return *status & FEATURES_OK ? NULL : "the features were refused";
}

const char *virtio_queue(struct virtio *device, struct virtqueue *queue, unsigned index)
{
    *common16(device, QUEUE_SELECT) = (uint16_t)index;
    unsigned size = *common16(device, QUEUE_SIZE);
    if (size == 0)
        return "a queue is missing";
    if (size > VIRTIO_QUEUE_MAX)
        size = VIRTIO_QUEUE_MAX;
    uint8_t *pages = memory_for_ever(3 * 4096);
    if (!pages)
        return "not enough memory for queues";
    *queue = (struct virtqueue){
        .device = device,
        .index = index,
        .size = size,
        .descriptors = (volatile struct virtq_descriptor *)pages,
        .available = (volatile struct virtq_available *)(pages + 4096),
        .used = (volatile struct virtq_used *)(pages + 8192),
        .doorbell = (volatile uint16_t *)(device->notify +
                                          *common16(device, QUEUE_NOTIFY_OFF) * device->notify_multiplier),
    };
    *common16(device, QUEUE_SIZE) = (uint16_t)size;
    *common32(device, QUEUE_DESC) = (uint32_t)queue->descriptors;
    *common32(device, QUEUE_DESC + 4) = 0;
    *common32(device, QUEUE_DRIVER) = (uint32_t)queue->available;
    *common32(device, QUEUE_DRIVER + 4) = 0;
    *common32(device, QUEUE_DEVICE) = (uint32_t)queue->used;
    *common32(device, QUEUE_DEVICE + 4) = 0;
    *common16(device, QUEUE_ENABLE) = 1;
    return NULL;
}

void virtio_ready(struct virtio *device)
{
    device->common[DEVICE_STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
}

unsigned virtio_interrupt(struct virtio *device) { return *device->isr; }

static void make_available(struct virtqueue *queue, unsigned slot)
{
    uint16_t index = queue->available->index;
    queue->available->ring[index % queue->size] = (uint16_t)slot;
    full_barrier();
    queue->available->index = (uint16_t)(index + 1);
}

static void give(struct virtqueue *queue, unsigned slot, const void *buffer, uint32_t bytes, uint16_t flags)
{
    volatile struct virtq_descriptor *descriptor = &queue->descriptors[slot];
    descriptor->address = (uint32_t)buffer;
    descriptor->address_high = 0;
    descriptor->bytes = bytes;
    descriptor->flags = flags;
    make_available(queue, slot);
}

void virtq_offer(struct virtqueue *queue, unsigned slot, void *buffer, uint32_t bytes)
{
    give(queue, slot, buffer, bytes, DESCRIPTOR_WRITE);
}

void virtq_put(struct virtqueue *queue, unsigned slot, const void *buffer, uint32_t bytes)
{
    give(queue, slot, buffer, bytes, 0);
}

void virtq_notify(struct virtqueue *queue)
{
    full_barrier();
    *queue->doorbell = (uint16_t)queue->index;
}

int virtq_used(struct virtqueue *queue)
{
    if (queue->used->index == queue->used_seen)
        return -1;
    full_barrier();
    int slot = (int)queue->used->ring[queue->used_seen % queue->size].slot;
    queue->used_seen++;
    return slot;
}

void virtq_exchange(struct virtqueue *queue, const void *request, uint32_t request_bytes, void *answer,
                    uint32_t answer_bytes)
{
    volatile struct virtq_descriptor *out = &queue->descriptors[0], *in = &queue->descriptors[1];
    out->address = (uint32_t)request;
    out->address_high = 0;
    out->bytes = request_bytes;
    out->flags = DESCRIPTOR_NEXT;
    out->next = 1;
    in->address = (uint32_t)answer;
    in->address_high = 0;
    in->bytes = answer_bytes;
    in->flags = DESCRIPTOR_WRITE;
    make_available(queue, 0);
    virtq_notify(queue);
    interrupts_off();
    while (virtq_used(queue) < 0)
        wait_for_interrupt();
    interrupts_on();
}
