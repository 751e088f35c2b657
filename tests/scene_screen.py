"""A scene in this process, on a screen that nobody sees: for what wlvm draws itself."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np

from tests.wlvm_process import DEADLINE
from wlvm.desktop.layers import Layers
from wlvm.desktop.output import Output, OutputEvents
from wlvm.desktop.output_map import OutputArea
from wlvm.frame import Frame
from wlvm.framebuffer import XRGB8888, Rect
from wlvm.wlr.compositor import Compositor
from wlvm.wlr.output import OutputError, WlrOutput


class SceneScreen(OutputEvents):
    """One headless output of so many pixels, at the layout's `x`, `y`."""

    def __init__(self, width: int, height: int, scale: float = 1.0, x: int = 0, y: int = 0) -> None:
        self.compositor = Compositor("headless", outputs=1)
        self.loop = self.compositor.loop
        self.layers = Layers(self.compositor.scene)
        self.outputs: list[Output] = []
        self._mode, self._scale = (width, height, 0), scale
        self._timeout = self.loop.timer(self.compositor.terminate)
        self.compositor.on_new_output(self._new_output)
        self.compositor.start()
        self.output.move_to(x, y)

    def _new_output(self, wlr: WlrOutput) -> None:
        wlr.enable(mode=self._mode, scale=self._scale, transform="normal")
        output = Output(self.loop, wlr, self.compositor.scene, self.compositor.layout, self)
        self.outputs.append(output)

    @property
    def output(self) -> Output:
        return self.outputs[0]

    @property
    def area(self) -> OutputArea:
        box: Rect = self.output.box
        return OutputArea(self.output.name, box, box, scale=self._scale)

    def pixels(self) -> np.ndarray:
        """What the screen shows, 0x00RRGGBB."""
        result: list[bytearray | OutputError] = []

        def captured(pixels: bytearray | OutputError) -> None:
            result.append(pixels)
            self.compositor.terminate()

        self.output.capture(captured)
        self.run(DEADLINE)
        assert result, "no frame came"
        assert not isinstance(result[0], OutputError), result[0]
        width, height, _ = self._mode
        return Frame(width, height, XRGB8888, result[0]).array

    def run(self, seconds: float) -> None:
        """Let the loop run for so long at most, until somebody terminates it."""
        self._timeout.arm(max(1, round(seconds * 1000)))
        self.compositor.run()
        self._timeout.disarm()

    def close(self) -> None:
        self._timeout.remove()
        self.compositor.destroy()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
