"""Real guests, and what wlvm makes of each: `make test-guests`; docs/guests.md has what came of it."""
