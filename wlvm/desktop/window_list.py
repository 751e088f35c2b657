"""The list of windows, guests included, that taskbars and switchers show."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.desktop.view import View
from wlvm.wlr.foreign_toplevel import ForeignToplevel, ForeignToplevels

#: The most of a title that is told: one message of the protocol holds 4096 bytes.
_LONGEST = 1000


class WindowList:
    """Which windows there are, what they are called, and which of them has the keyboard."""

    def __init__(self, toplevels: ForeignToplevels) -> None:
        self._toplevels = toplevels
        self._entries: dict[View, ForeignToplevel] = {}
        self._active: View | None = None

    def add(
        self, view: View, title: str, app_id: str, activate: Callable[[], None], close: Callable[[], None]
    ) -> None:
        """List a view. `activate` and `close` are called when somebody asks for that in a list."""
        entry = self._entries[view] = self._toplevels.add()
        entry.set_app_id(app_id[:_LONGEST])
        entry.set_title(title[:_LONGEST])
        entry.on_activate(activate)
        entry.on_close(close)

    def rename(self, view: View, title: str, app_id: str) -> None:
        """The view has other names; harmless for one that is not listed."""
        if view in self._entries:
            self._entries[view].set_app_id(app_id[:_LONGEST])
            self._entries[view].set_title(title[:_LONGEST])

    def remove(self, view: View) -> None:
        self._entries.pop(view).remove()

    def activate(self, view: View | None) -> None:
        """This view has the keyboard now."""
        before, self._active = self._active, view
        for each, activated in ((before, False), (view, True)):
            if each is not None and each in self._entries and before is not view:
                self._entries[each].set_activated(activated)

    def clear(self) -> None:
        for view in list(self._entries):
            self.remove(view)
