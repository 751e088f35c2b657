"""LayerView: a bar, a wallpaper, a launcher or a notification, as a view."""

from __future__ import annotations

from collections.abc import Callable

from wlvm.desktop.client_input import ClientInput
from wlvm.desktop.layer_layout import Anchor, LayerState
from wlvm.desktop.layers import Layers
from wlvm.desktop.surface_view import SurfaceView
from wlvm.framebuffer import Rect
from wlvm.wlr.layer_shell import LayerSurface

_NO_KEYBOARD, _EXCLUSIVE_KEYBOARD = 0, 1  # zwlr_layer_surface_v1.keyboard_interactivity
_TOP = 2  # zwlr_layer_shell_v1.layer


class LayerView(SurfaceView):
    """A layer surface on an output."""

    def __init__(
        self,
        layer: LayerSurface,
        output: str,
        input: ClientInput,
        layers: Layers,
        area: Callable[[Rect], Rect],
    ) -> None:
        super().__init__(layer.surface, input, layers, layers.top, lambda: area(self.box))
        self.layer = layer
        self.output = output
        self.mapped = False
        self._asked: tuple[int, int] | None = None
        self.state = self._read()
        layer.show(self.tree)
        self._follow_layer()

    def committed(self) -> bool:
        """The client committed; whether that changes what it asks for."""
        before, self.state = self.state, self._read()
        if self.state.layer != before.layer:
            self._follow_layer()
        return self.state != before or not self.layer.configured

    def place(self, box: Rect) -> None:
        """Give it a place; its client is asked for the size once."""
        self.box = box
        self.move_to(box.x, box.y)
        if self._asked != box[2:] or not self.layer.configured:
            self._asked = box[2:]
            self.layer.configure(box.width, box.height)

    @property
    def takes_keyboard(self) -> bool:  # type: ignore[override]
        return self.state.keyboard != _NO_KEYBOARD

    @property
    def holds_keyboard(self) -> bool:
        """Whether nobody else may have the keyboard while it is there: a launcher that is typed into."""
        return self.mapped and self.state.keyboard == _EXCLUSIVE_KEYBOARD and self.state.layer >= _TOP

    def _read(self) -> LayerState:
        layer = self.layer
        return LayerState(
            layer.layer, Anchor(layer.anchor), layer.desired_size,
            layer.exclusive_zone, layer.margin, layer.keyboard_interactivity,
        )  # fmt: skip

    def _follow_layer(self) -> None:
        trees = (self.layers.background, self.layers.bottom, self.layers.top, self.layers.overlay)
        self.tree.move_to(trees[self.state.layer])
