"""Layers: what is above what on the screens, in whichever order it came."""

from __future__ import annotations

from wlvm.desktop.place import Stratum
from wlvm.wlr.scene import Scene, Tree


class Layers:
    """The trees of a scene, the lowest first. They end with the scene."""

    def __init__(self, scene: Scene) -> None:
        #: Views that have no place are here, and not seen.
        self.nowhere = Tree.create(scene.root)
        self.nowhere.set_enabled(False)
        #: All of the layers below.
        self.session = Tree.create(scene.root)
        #: The colour below everything.
        self.ground = Tree.create(self.session)
        #: wlr-layer-shell's lower two: a wallpaper, desktop widgets.
        self.background = Tree.create(self.session)
        self.bottom = Tree.create(self.session)
        #: Guests and host programs where they are laid out, their tabs, and what floats above them.
        self.tiled = Tree.create(self.session)
        self.tabs = Tree.create(self.session)
        self.floating = Tree.create(self.session)
        #: wlr-layer-shell's bars, which a view in full screen covers.
        self.top = Tree.create(self.session)
        self.fullscreen = Tree.create(self.session)
        #: X11's own menus and tooltips, which say themselves where they are.
        self.unmanaged = Tree.create(self.session)
        #: wlr-layer-shell's notifications and on-screen keyboards.
        self.overlay = Tree.create(self.session)
        #: Menus and tooltips of all of them.
        self.popups = Tree.create(self.session)
        #: What is dragged.
        self.drag = Tree.create(scene.root)
        #: What wlvm says.
        self.messages = Tree.create(scene.root)
        #: The lock screen: while it is there, nothing else is seen, and nothing else gets input.
        self.lock = Tree.create(scene.root)

    def of(self, stratum: Stratum) -> Tree:
        """Where views of a stratum are."""
        return {
            Stratum.TILED: self.tiled,
            Stratum.FLOATING: self.floating,
            Stratum.FULLSCREEN: self.fullscreen,
        }[stratum]
