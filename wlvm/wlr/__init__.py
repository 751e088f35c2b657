"""The only place that touches C: the system's libraries, wlroots, and what its bindings lack."""
