#ifndef PCI_H
#define PCI_H

#include <stdint.h>

struct pci_device {
    uint8_t bus, slot, function;
    uint16_t vendor, device;
};

/* The `index`-th function (from 0) with these identifiers, in bus order. Returns 0 when there is none. */
int pci_find(uint16_t vendor, uint16_t device, unsigned index, struct pci_device *found);

uint8_t pci_read8(const struct pci_device *device, unsigned offset);
uint16_t pci_read16(const struct pci_device *device, unsigned offset);
uint32_t pci_read32(const struct pci_device *device, unsigned offset);

/* Lets the device answer to memory accesses and master the bus. */
void pci_enable(const struct pci_device *device);

/* The address of a memory BAR, as the firmware set it; 0 for an I/O BAR or one beyond 4 GiB. */
uint32_t pci_bar(const struct pci_device *device, unsigned bar);

/* The line of the interrupt controller that the firmware routed INTx to. */
unsigned pci_interrupt_line(const struct pci_device *device);

#endif
