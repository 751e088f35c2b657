/*
 * PCI configuration space, as the firmware has set it up.
 * Follows: PCI Local Bus Specification 3.0, section 3.2.2.3.2 (mechanism 1) and chapter 6;
 * PCI-to-PCI Bridge Architecture Specification 1.2 (secondary bus number).
 */
#include "pci.h"

#include "machine.h"

enum { ADDRESS = 0xcf8, DATA = 0xcfc };

uint32_t pci_read32(const struct pci_device *device, unsigned offset)
{
    outl(ADDRESS, 0x80000000u | (uint32_t)device->bus << 16 | (uint32_t)device->slot << 11 |
                      (uint32_t)device->function << 8 | (offset & 0xfc));
    return inl(DATA);
}

uint16_t pci_read16(const struct pci_device *device, unsigned offset)
{
    return (uint16_t)(pci_read32(device, offset) >> (offset & 2) * 8);
}

uint8_t pci_read8(const struct pci_device *device, unsigned offset)
{
    return (uint8_t)(pci_read32(device, offset) >> (offset & 3) * 8);
}

struct search {
    uint16_t vendor, device;
    unsigned left;
};

static int find_on_bus(uint8_t bus, struct search *search, struct pci_device *found)
{
    for (unsigned number = 0; number < 256; number++) {
        struct pci_device it = {bus, (uint8_t)(number >> 3), number & 7, 0, 0};
        uint32_t identifiers = pci_read32(&it, 0);
        if ((identifiers & 0xffff) == 0xffff) {
            if (it.function == 0)
                number |= 7;
            continue;
        }
        it.vendor = (uint16_t)identifiers;
        it.device = (uint16_t)(identifiers >> 16);
        if (it.vendor == search->vendor && it.device == search->device && search->left-- == 0) {
            *found = it;
            return 1;
        }
        uint8_t header = pci_read8(&it, 0x0e);
        if ((header & 0x7f) == 1) {
            uint8_t secondary = pci_read8(&it, 0x19);
            if (secondary > bus && find_on_bus(secondary, search, found))
                return 1;
        }
        if (it.function == 0 && !(header & 0x80))
            number |= 7;
    }
    return 0;
}

int pci_find(uint16_t vendor, uint16_t device, unsigned index, struct pci_device *found)
{
    struct search search = {vendor, device, index};
    return find_on_bus(0, &search, found);
}

void pci_enable(const struct pci_device *device)
{
    uint32_t command = pci_read32(device, 4) & 0xffff;
    outl(DATA, (command | 0x6) & ~0x400u); /* memory, bus master, INTx not disabled */
}

uint32_t pci_bar(const struct pci_device *device, unsigned bar)
{
    uint32_t low = pci_read32(device, 0x10 + bar * 4);
    if (low & 1)
        return 0;
    if ((low & 6) == 4 && pci_read32(device, 0x14 + bar * 4))
        return 0;
    return low & ~0xfu;
}

unsigned pci_interrupt_line(const struct pci_device *device)
{
    return pci_read8(device, 0x3c);
}
