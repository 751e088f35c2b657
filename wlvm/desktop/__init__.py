"""What any compositor has: outputs, a seat, views. Knows nothing of QEMU."""
