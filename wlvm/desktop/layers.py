"""Layers: what is above what on the screens, in whichever order it came."""

from __future__ import annotations

from wlvm.wlr.scene import Scene, Tree


class Layers:
    """The trees of a scene, the lowest first. They end with the scene."""

    def __init__(self, scene: Scene) -> None:
        #: wlr-layer-shell's lower two: a wallpaper, desktop widgets.
        self.background = Tree.create(scene.root)
        self.bottom = Tree.create(scene.root)
        #: Guests and host programs where they are laid out, and what floats above them.
        self.views = Tree.create(scene.root)
        self.floating = Tree.create(scene.root)
        #: wlr-layer-shell's bars, which a view in full screen covers.
        self.top = Tree.create(scene.root)
        self.fullscreen = Tree.create(scene.root)
        #: X11's own menus and tooltips, which say themselves where they are.
        self.unmanaged = Tree.create(scene.root)
        #: wlr-layer-shell's notifications and on-screen keyboards.
        self.overlay = Tree.create(scene.root)
        #: Menus and tooltips of all of them.
        self.popups = Tree.create(scene.root)
        #: What is dragged.
        self.drag = Tree.create(scene.root)
        #: The lock screen: while it is there, nothing else is seen, and nothing else gets input.
        self.lock = Tree.create(scene.root)
