"""The Wayland conformance test suite (wlcs), run against wlvm: `make wlcs`; docs/conformance.md has what came of it."""
