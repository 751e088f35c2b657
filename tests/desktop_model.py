"""What a desktop must show: its own arithmetic (`wlvm.desktop.workspaces`), run beside a wlvm that gets the same commands by keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from wlvm.config import Config
from wlvm.desktop.command import CommandError, ViewCommand
from wlvm.desktop.identity import Identity
from wlvm.desktop.output_map import OutputArea
from wlvm.desktop.place import Place, Traits
from wlvm.desktop.view_commands import ViewCommands
from wlvm.desktop.workspaces import Workspaces
from wlvm.desktop_settings import desktop_settings
from wlvm.framebuffer import Rect

#: What is not looked at: what wlvm itself draws around views.
ANY = 0xFF000000


class DesktopModel:
    """Views by name. A view is as large as its content is now, as a client is that follows its place."""

    def __init__(
        self, config: Config, outputs: Sequence[Rect], natural: Mapping[str, tuple[int, int]]
    ) -> None:
        """`outputs` are those of the headless backend; `natural` has the sizes of views that have one of their own, guests."""
        self._own_sizes = natural
        self._style = config.look.style
        self._sizes: dict[str, tuple[int, int]] = {}
        self.workspaces: Workspaces[str] = Workspaces(desktop_settings(config), self._traits)
        self._commands = ViewCommands(self.workspaces)
        self._size = (max(r.x + r.width for r in outputs), max(r.y + r.height for r in outputs))
        for number, box in enumerate(outputs, 1):
            name = f"HEADLESS-{number}"
            self.workspaces.add_output(OutputArea(name, box, box, f"Headless output {number}", 1.0))

    def _traits(self, view: str) -> Traits:
        natural = self._own_sizes.get(view) or self._sizes.get(view, (100, 100))
        return Traits(natural=natural, border=self._style.border, title=self._style.title)

    def add(self, view: str, identity: Identity, parent: str | None = None) -> None:
        self.workspaces.add(view, identity, parent=parent)
        self._follow()

    def run(self, command: ViewCommand) -> bool:
        """Do a command, or nothing where it cannot be done: whether it was done."""
        try:
            self._commands.run(command)
        except CommandError:
            return False
        finally:
            self._follow()
        return True

    def _follow(self) -> None:
        self._sizes = {view: place.content[2:] for view, place in self.places.items()}

    @property
    def places(self) -> dict[str, Place]:
        """Where all views are, in drawing order."""
        return self.workspaces.scene().places

    def picture(self, colors: Mapping[str, int], background: int) -> np.ndarray:
        """The whole layout, 0x00RRGGBB, and ANY where a view without a colour is, or what is around one, or a tab."""
        width, height = self._size
        picture = np.full((height, width), background, np.uint32)
        scene = self.workspaces.scene()
        for tab in scene.tabs:
            picture[_part(tab.box)] = ANY
        for view, place in scene.places.items():
            if place.visible:
                picture[_part(place.outer)] = ANY
                picture[_part(place.content)] = colors.get(view, ANY)
        for tab in self.workspaces.scene().tabs:
            picture[_part(tab.box)] = ANY
        return picture


def _part(box: Rect) -> tuple[slice, slice]:
    return slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
