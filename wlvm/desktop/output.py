"""An output: draws a frame when something on it changed, and only then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from wlvm.framebuffer import Rect
from wlvm.loop import EventLoop
from wlvm.trace import TRACER
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.output import OutputError, OutputLayout, WlrOutput, mode_text
from wlvm.wlr.scene import Scene

log = logging.getLogger(__name__)

#: Slower screens (in millihertz) show no buffer as it is. A guest that draws into two buffers in turn has the older one back after 20 ms at
#: the latest (`wlvm.presentation`): by then the newer one must be on the screen.
MIN_SCANOUT_REFRESH = 50_000

#: After a frame that was refused the next one is tried so much later, in milliseconds.
_RETRY_MS = 1000

#: What a capture calls: the pixels (XRGB8888, rows of width * 4 bytes) or why there are none.
Captured = Callable[[bytearray | OutputError], None]


class Output:
    """One output that shows the scene."""

    def __init__(
        self, loop: EventLoop, output: WlrOutput, scene: Scene, layout: OutputLayout, events: OutputEvents
    ) -> None:
        """Show the scene on an output that is switched on. It is at the layout's origin until it is moved."""
        self.wlr = output
        self.name = output.name
        self.frames = 0
        self.scans_out = scene.direct_scanout
        self._layout = layout
        self._events = events
        self._captures: list[Captured] = []
        self._on = True
        self._suspended = False
        self._failing = False
        self._complained = False
        self._retry = loop.timer(self._try_again)
        self._presented_early: float | None = None
        self._committing = False
        #: The buffer of the scene that the screen shows as it is; None when it shows a frame that was drawn.
        self.scanned_out: Buffer | None = None
        #: How many of `frames` were such buffers.
        self.scanouts = 0
        self._composes_always = False
        log.info("%s shows %s", self.name, mode_text(output.mode))
        output.show(scene, layout)
        output.on_frame(self._frame)
        output.on_commit(self._committed)
        output.on_present(self._presented)
        output.on_mode(self._mode_changed)
        output.on_destroy(self._destroyed)
        self._choose_composition()

    @property
    def box(self) -> Rect:
        """The output's place and logical size in the layout."""
        return self._layout.box(self.wlr)

    def move_to(self, x: int, y: int) -> None:
        """Put its top left corner there in the layout."""
        if (self.box.x, self.box.y) != (x, y):
            self._layout.add(self.wlr, x, y)

    @property
    def frame_interval(self) -> float:
        """Seconds from one frame to the next."""
        return 1000 / (self.wlr.refresh or 60_000)

    @property
    def active(self) -> bool:
        """Whether what is drawn here can be seen: the output is on, takes frames, and our session is the one in front."""
        return self._on and not self._suspended and not self._failing

    @property
    def expects_frame(self) -> bool:
        """Whether something changed that a frame to come will show."""
        return self.active and self.wlr.damaged

    def switch(self, on: bool) -> None:
        """Let the screen go dark, or show everything again (display power management). OutputError when it refuses."""
        if on != self._on:
            self.wlr.switch(on)
            self._on = on
            self._activity_changed()

    def leave(self) -> None:
        """Show the scene here no longer. For clients and views it is as if the output, which was switched off, had been unplugged."""
        if self._composes_always:
            self.wlr.compose_always(False)
        self.wlr.unlisten()
        self._retry.remove()
        self.wlr.hide(self._layout)
        self._refuse_captures("was switched off")
        self._events.gone(self)

    def suspend(self) -> None:
        """Draw nothing from now on: the screen is another session's."""
        self._suspended = True
        self._activity_changed()

    def resume(self) -> None:
        """The screen is ours again, and shows what another session left there: draw everything."""
        self._suspended = False
        self._activity_changed()

    def _activity_changed(self) -> None:
        if self._failing:
            return  # what follows a failure has been done, and ends by itself
        if self.active:
            self.wlr.damage_whole()
        else:
            self._refuse_captures("is switched off")
            self._events.dark(self)
        self._events.switched(self)

    def capture(self, captured: Captured) -> None:
        """Draw a whole frame and give its pixels to `captured`, once, from the commit of that frame."""
        if not self.active:
            captured(OutputError(f"{self.name} {'shows no frames' if self._failing else 'is switched off'}"))
            return
        self._captures.append(captured)
        if len(self._captures) == 1:
            self.wlr.compose_always(True)
        self.wlr.damage_whole()

    def _frame(self) -> None:
        """Raised when the output can take a frame: after a commit, or because something was damaged.

        wlroots raises no further frame event until the next damage if nothing is committed here.
        """
        # No frame is asked for while one is on its way: what was committed is on the screen, also where the backend does not tell (a window).
        self._events.presented(self, self.wlr.commits, time.monotonic())
        if not self.expects_frame:
            return
        self._presented_early = None
        recording = TRACER.recording
        began = 0 if recording is None else time.monotonic_ns()
        self._committing = True
        committed = self.wlr.commit()
        self._committing = False
        if not committed:
            self._failed()
            return
        if recording is not None:
            recording.drew(self.name, self.wlr.commits, began, self.scanned_out is not None)
        self._complained = False
        self.frames += 1
        if self.scanned_out is not None:
            self.scanouts += 1
            self.wlr.forget_damage()
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self.wlr.send_frame_done(divmod(now, 1_000_000_000))
        self._events.committed(self, self.wlr.commits)
        if self._presented_early is not None:
            self._events.presented(self, self.wlr.commits, self._presented_early)

    def _failed(self) -> None:
        """The backend refused a frame, and would be asked again at each change: nothing is shown for a while."""
        if not self._complained:
            self._complained = True
            log.error("%s: a frame could not be shown; it is tried again each second", self.name)
        self._failing = True
        self._retry.arm(_RETRY_MS)
        self._refuse_captures("shows no frames")
        self._events.dark(self)

    def _try_again(self) -> None:
        self._failing = False
        self._activity_changed()

    def _presented(self, commit: int, when: float) -> None:
        # A backend may have made commits before it announced the output: its numbers are ours, or a little ahead of them.
        if self._committing:
            self._presented_early = when  # nobody has heard of this commit yet
        else:
            self._events.presented(self, commit, when)

    def _committed(self, buffer: Any) -> None:
        """Raised inside `commit()`, the only moment at which the frame's buffer is ours to read."""
        if buffer is None:
            return
        self.scanned_out = Buffer.at(buffer)
        if not self._captures:
            return
        captures = self._take_captures()
        result: bytearray | OutputError
        try:
            result = self.wlr.read_pixels(buffer)
        except OutputError as error:
            result = error
        for captured in captures:
            captured(result)

    @property
    def too_slow_to_scan_out(self) -> bool:
        """Whether the screen's refresh is too slow to show a guest's buffer as it is."""
        return 0 < self.wlr.refresh < MIN_SCANOUT_REFRESH

    def _mode_changed(self) -> None:
        self._choose_composition()
        self._events.resized(self)

    def _choose_composition(self) -> None:
        if self.too_slow_to_scan_out != self._composes_always:
            self._composes_always = self.too_slow_to_scan_out
            self.wlr.compose_always(self._composes_always)

    def _destroyed(self) -> None:
        """Raised when the output goes: unplugged, or the window of a nested one was closed."""
        self.wlr.unlisten()
        self._retry.remove()
        self._layout.remove(self.wlr)
        self._refuse_captures("went away")
        self._events.gone(self)

    def _refuse_captures(self, reason: str) -> None:
        for captured in self._take_captures():
            captured(OutputError(f"{self.name} {reason}"))

    def _take_captures(self) -> list[Captured]:
        captures, self._captures = self._captures, []
        if captures:
            self.wlr.compose_always(False)
        return captures


class OutputEvents:
    """Who hears of an output."""

    def committed(self, output: Output, commit: int) -> None:
        """A frame was committed: what changed before is on its way to the screen."""

    def presented(self, output: Output, commit: int, when: float) -> None:
        """That commit, and those before, reached the screen, at `when` (time.monotonic), or never will."""

    def switched(self, output: Output) -> None:
        """The output has become `active`, or is no more."""

    def dark(self, output: Output) -> None:
        """The output is off, or another session's: nothing is presented until it is `active` again."""

    def resized(self, output: Output) -> None:
        """The output has another size or refresh rate."""

    def gone(self, output: Output) -> None:
        """The output is no more, or shows the scene no more."""
