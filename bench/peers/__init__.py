"""wlvm and what people use today, side by side: the same guest, the same host, the same observer, in turns."""
