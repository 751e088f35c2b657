"""What rules, layouts and commands know a view by."""

from __future__ import annotations

from msgspec import Struct

from wlvm.patterns import matches


class GuestHead(Struct, frozen=True):
    """A console of a guest: its name, and the number of the console."""

    guest: str
    head: int


class Program(Struct, frozen=True):
    """A host program's window: what its client calls itself and the window. Both are the client's own words."""

    app_id: str
    title: str


Identity = GuestHead | Program


class Match(Struct, frozen=True):
    """Which views somebody means. Whatever is None says nothing; `*` stands for any characters."""

    guest: str | None = None
    """A guest's name, for all of its consoles, or "NAME:HEAD" for one."""
    app_id: str | None = None
    title: str | None = None

    def __str__(self) -> str:
        said = (("guest", self.guest), ("app_id", self.app_id), ("title", self.title))
        return ", ".join(f"{name} {value}" for name, value in said if value is not None)

    def fits(self, identity: Identity) -> bool:
        if isinstance(identity, GuestHead):
            if self.guest is None or self.app_id is not None or self.title is not None:
                return False
            name, colon, head = self.guest.rpartition(":")
            if not colon:
                name, head = head, ""
            return matches(name, identity.guest) and head in ("", str(identity.head))
        if self.guest is not None or (self.app_id is None and self.title is None):
            return False
        pairs = ((self.app_id, identity.app_id), (self.title, identity.title))
        return all(pattern is None or matches(pattern, text) for pattern, text in pairs)
