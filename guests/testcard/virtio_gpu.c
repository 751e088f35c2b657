#include "display.h"
struct display *virtio_gpu_find(const struct display_options *options) { (void)options; return 0; }
