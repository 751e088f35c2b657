/*
 * A virtio device on PCI, version 1.
 * Follows: Virtual I/O Device (VIRTIO) 1.1, sections 2.6 (split virtqueues), 3.1 and 4.1 (PCI).
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include <stddef.h>
#include <stdint.h>

#include "pci.h"

enum { VIRTIO_VENDOR = 0x1af4, VIRTIO_QUEUE_MAX = 64 };

struct virtio {
    volatile uint8_t *common, *notify, *isr, *config;
    uint32_t notify_multiplier;
    uint32_t features; /* the low 32 of those that both sides have */
    unsigned line;
};

struct virtqueue {
    struct virtio *device;
    unsigned index, size;
    uint16_t used_seen;
    volatile struct virtq_descriptor *descriptors;
    volatile struct virtq_available *available;
    volatile struct virtq_used *used;
    volatile uint16_t *doorbell;
};

/* Resets the device and settles its features; `wanted` are of the low 32. Returns NULL, or what is wrong. */
const char *virtio_start(struct virtio *device, const struct pci_device *pci, uint32_t wanted);

/* Makes a queue, between virtio_start and virtio_ready. Returns NULL, or what is wrong. */
const char *virtio_queue(struct virtio *device, struct virtqueue *queue, unsigned index);

void virtio_ready(struct virtio *device);

/* Reads, and so clears, why the device interrupts: bit 0 a queue, bit 1 its configuration. */
unsigned virtio_interrupt(struct virtio *device);

/* Puts buffer `slot` in the queue, for the device to write; virtq_notify() tells the device. */
void virtq_offer(struct virtqueue *queue, unsigned slot, void *buffer, uint32_t bytes);

/* The same for the device to read. */
void virtq_put(struct virtqueue *queue, unsigned slot, const void *buffer, uint32_t bytes);
void virtq_notify(struct virtqueue *queue);

/* The slot of a buffer that the device is done with; -1 when there is none. */
int virtq_used(struct virtqueue *queue);

/* Sends a request and sleeps until the device has written the answer; only for queues used in this way alone. */
void virtq_exchange(struct virtqueue *queue, const void *request, uint32_t request_bytes, void *answer,
                    uint32_t answer_bytes);

#endif
