"""GuestSurface: one console of a guest as a native surface of the scene.

It turns what QEMU's display says (`ConsoleChanges`) into scene nodes, and what the seat says (`View`) into input for that console. When there
is no picture it shows a card with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

from wlvm import trace
from wlvm.color import Rgb
from wlvm.desktop.place import Place
from wlvm.desktop.style import Look
from wlvm.desktop.view import ARROW, Cursor, HiddenCursor
from wlvm.dmabuf_fence import FenceGate
from wlvm.frame import Frame
from wlvm.framebuffer import Filter, Rect
from wlvm.guest_cursor import GuestCursor
from wlvm.guest_size import Ask, GuestSize, Screen
from wlvm.loop import EventLoop
from wlvm.picture import Picture, PictureMaker, UnshowableError
from wlvm.pixel_grid import PixelGrid
from wlvm.placeholder import Card, draw_card
from wlvm.presentation import Acknowledge, Presentation
from wlvm.qemu.handover import ConsoleChanges, Scanout
from wlvm.qemu.input import InputForwarder
from wlvm.scaling import Fitted, Scaling, fitted, natural_size
from wlvm.shared_memory import TruncatedError
from wlvm.trace import TRACER
from wlvm.wlr.buffer import Buffer
from wlvm.wlr.input import Scroll
from wlvm.wlr.scene import BufferNode, Tree
from wlvm.wlr.touch import TouchCancel, TouchDown, TouchEvent, TouchFrame, TouchMotion, TouchUp

#: QEMU disables a scanout at every flip of a blob resource; only when nothing follows for this long is the screen really off.
_DISABLED_AFTER_MS = 200

#: Return, on either place of a keyboard (linux/input-event-codes.h).
_RETURN = (28, 96)

#: How large a console is taken to be before it has shown anything, in logical pixels.
_UNKNOWN_SIZE = (640, 480)


class Identity(Struct, frozen=True):
    """Whose surface it is: the guest's name, its console, and what a person sees of it (a label, a colour "#rrggbb")."""

    guest: str
    console: int
    label: str
    color: str


class GuestSurface:
    """One console on the screen. Implements `wlvm.desktop.view.PlacedView`.

    `changed` is called when the surface moved, appeared, or wants another cursor; `why_unseen` answers why no frame is to come that
    shows what was just changed, "" where one is; `screen` knows the outputs by name; `pictures` makes what the renderer can draw. `destroy()` before the scene goes.
    """

    def __init__(
        self,
        loop: EventLoop,
        parent: Tree,
        identity: Identity,
        changed: Callable[[GuestSurface], None],
        why_unseen: Callable[[GuestSurface], str],
        screen: Callable[[str], Screen | None],
        pictures: PictureMaker,
    ) -> None:
        """It is nowhere until it is placed."""
        self.identity = identity
        self.input: InputForwarder | None = None
        #: Called when Return is pressed on the card of a console that takes no input.
        self.card_answered: Callable[[], None] = lambda: None
        #: Why the picture could not be brought up to date; "" when it could.
        self.trouble = ""
        #: Whether the guest has said that it shows nothing, and has not shown anything since.
        self.is_dark = False
        self.fullscreen = False
        self.absolute = True
        self.updates = 0
        self.presentation = Presentation()
        self.size = GuestSize(loop, screen, self._size_changed, is_first=identity.console == 0)
        self._changed = changed
        self._why_unseen = why_unseen
        self._pictures = pictures
        self._gate = FenceGate(loop, self._apply)
        self._place: Place | None = None
        self._grid = PixelGrid()
        self._scaling = Scaling()
        self._fitted: Fitted | None = None
        self._tree = Tree.create(parent, owner=self)
        self._node = BufferNode(self._tree)
        self._cursor = GuestCursor(self._tree)
        self._picture: Picture | None = None
        self._copied_before = 0
        self._card: Buffer | None = None
        self._card_says = Card("starting")
        self._disabled = loop.timer(self._switched_off)
        self._locked = False
        self._runs = True
        self.box = Rect(0, 0, *_UNKNOWN_SIZE)
        self.show_card(self._card_says)

    def destroy(self) -> None:
        """Take the surface off the screen; release every key and button it holds down."""
        self._disabled.remove()
        self.disconnect()
        self.size.close()
        self._tree.destroy()
        self._drop_card()
        self._cursor.destroy()

    # The console's picture.

    @property
    def picture(self) -> Picture | None:
        """What the guest shows; None while a card is shown instead."""
        return self._picture

    @property
    def copied(self) -> int:
        """How many bytes of the guest's pixels wlvm itself has copied."""
        return self._copied_before + (0 if self._picture is None else self._picture.copied)

    @property
    def delay(self) -> str:
        """What keeps the newest picture from the screen; "" when nothing does."""
        return self._gate.delay

    @property
    def output(self) -> str:
        """The name of the output it is placed on; "" before it is placed."""
        return "" if self._place is None else self._place.output

    def set_identity(self, identity: Identity) -> None:
        """It is called otherwise from now on."""
        if identity != self.identity:
            self.identity = identity
            if self._card is not None:
                self._draw_card()
            self._changed(self)

    def connect(self, forwarder: InputForwarder, acknowledge: Acknowledge, ask_size: Ask) -> None:
        """The console can be typed into, its frames are acknowledged, and it can be asked for a size."""
        self.input = forwarder
        self.presentation.connect(acknowledge)
        self.size.connect(ask_size)

    def disconnect(self) -> None:
        """The console is gone, and with it its picture: follow this with a card that says why."""
        self.trouble = ""
        self.is_dark = False
        self._disabled.disarm()
        self.presentation.disconnect()
        self.size.disconnect()
        if self.input is not None:
            self.input.close()
            self.input = None
        self._gate.close()
        self._give_up(self._picture)
        self._picture = None
        self._cursor.forget()

    def apply(self, changes: ConsoleChanges) -> None:
        """Show what changed, as soon as no GPU draws into it any more. Takes `changes.scanout` over."""
        self.updates += changes.update_count
        if changes.traces:
            TRACER.taken(changes.traces, self.identity.guest, self.identity.console)
        if self._cursor.apply(changes):
            self._changed(self)
        if changes.cursor is not None or changes.cursor_position is not None:
            self._draw_cursor()
        self._gate.pass_on(changes, None if self._picture is None else self._picture.dmabuf())

    def _apply(self, changes: ConsoleChanges) -> None:
        if changes.traces:
            began, copied = time.monotonic_ns(), self.copied
        try:
            self._apply_picture(changes)
        except (TruncatedError, UnshowableError) as error:
            self.trouble = f"{error}; the last picture stays"
        else:
            if changes.scanout is not None:
                self.trouble = ""
        if changes.disabled:
            self._disabled.arm(_DISABLED_AFTER_MS)
        elif changes.scanout is not None or changes.updates or changes.damage:
            self._disabled.disarm()
        if changes.traces:
            trace.updated(changes.traces, began, self.copied - copied, self.output)
        self.presentation.applied(changes, self._why_unseen(self))

    def frame(self) -> Frame | None:
        """The guest's pixels as they are; None when there are none, or none that the CPU can read."""
        return None if self._picture is None else self._picture.frame()

    def show_card(self, card: Card) -> None:
        """Cover the picture, if there is one, by a card."""
        self._card_says = card
        self._draw_card()
        self._cursor.hide()
        self._changed(self)

    def uncover(self) -> None:
        """Show the picture again, if there is one."""
        if self._picture is not None and self._card is not None:
            self._drop_card()
            self._node.set_buffer(self._picture.buffer)
            self._node.set_upside_down(self._picture.upside_down)
            self._fit()
            self._changed(self)

    @property
    def look(self) -> Look:
        return Look(label=self.identity.label, color=Rgb.parse(self.identity.color))

    @property
    def natural_size(self) -> tuple[int, int]:
        """The picture pixel for pixel, in logical pixels of the output that it is on."""
        if self._picture is None:
            return _UNKNOWN_SIZE
        return natural_size(self._picture.visible[2:], self._grid.scale)

    def set_fullscreen(self, fullscreen: bool) -> None:
        self.fullscreen = fullscreen

    def move_into(self, tree: Tree) -> None:
        self._tree.move_to(tree)

    def set_scaling(self, scaling: Scaling) -> None:
        """How the picture lies in its place from now on."""
        if scaling != self._scaling:
            self._scaling = scaling
            if self._card is None:
                self._fit()
                self._changed(self)

    def place(self, place: Place, grid: PixelGrid) -> None:
        """Have another place."""
        if (place, grid) == (self._place, self._grid):
            return
        before = self._place
        moved = before is None or before.content != place.content or grid != self._grid
        self._place, self._grid = place, grid
        self.size.placed(place, grid)
        if before is not None and (not place.visible or before.output != place.output):
            self.presentation.give_up("its place was hidden, or is on another output now")
        if moved and self._card is None:
            self._fit()
        elif moved:
            self._draw_card()

    def leave_place(self) -> None:
        """Be nowhere, until it is placed again."""
        self._place = None
        self.presentation.give_up("it has no place any more")
        self.size.placed(None, self._grid)

    def _apply_picture(self, changes: ConsoleChanges) -> None:
        drawn = changes.scanout is not None or bool(changes.updates or changes.damage)
        if changes.scanout is not None:
            self._show(changes.scanout)
            # It was read as a whole just now, after all that is told here: a guest that flips pages is copied once a flip, not twice.
            changes.damage.clear()
        picture = self._picture
        if picture is None:
            return
        before, visible = picture.buffer, picture.visible
        damage = picture.update(changes)
        if self._card is not None:
            if drawn:
                self.uncover()
        elif picture.buffer is not before or picture.visible != visible:
            self._node.set_buffer(picture.buffer)
            self._fit()
            self._changed(self)
        elif damage:
            self._node.set_buffer_with_damage(picture.buffer, damage)

    def _show(self, scanout: Scanout) -> None:
        old = self._picture
        self.is_dark = False
        if old is not None:
            visible = old.visible
            if old.show(scanout):
                if self._card is None:
                    self._node.set_buffer(old.buffer)
                    self._node.set_upside_down(old.upside_down)
                    if old.visible != visible:
                        self._fit()
                        self._changed(self)
                return
        self._picture = self._pictures.make(scanout)
        if self._card is None:
            self._node.set_buffer(self._picture.buffer)
            self._node.set_upside_down(self._picture.upside_down)
            self._fit()
            self._changed(self)
        self._give_up(old)

    def _switched_off(self) -> None:
        """The guest shows nothing, and may do with its pages what it likes: they are not kept from it."""
        self.is_dark = True
        self.show_card(Card("dark", ["The guest shows nothing on this display."]))
        self._give_up(self._picture)
        self._picture = None
        self.size.shown(None)
        self._changed(self)

    def _size_changed(self) -> None:
        if self._picture is not None and self._card is None:
            self._fit()

    def _give_up(self, picture: Picture | None) -> None:
        if picture is not None:
            self._copied_before += picture.copied
            picture.close()

    def _fit(self) -> None:
        """Lay the picture into its cell."""
        assert self._picture is not None
        x, y, width, height = self._picture.visible
        self.size.shown((width, height))
        size, crops = (width, height), self.size.crops
        fit = self._fitted = fitted(size, self._area, self._grid, self._scaling, crops=crops)
        self._node.set_source((x, y, *fit.source))
        self._node.set_filter(fit.filter)
        self._set_box(fit.box)
        self._draw_cursor()

    @property
    def _area(self) -> Rect:
        """What it has room in, in layout coordinates."""
        return Rect(0, 0, *_UNKNOWN_SIZE) if self._place is None else self._place.content

    def _set_box(self, box: Rect) -> None:
        self.box = box
        self._tree.set_position(box.x, box.y)
        self._node.set_size(box.width, box.height)

    def _draw_card(self) -> None:
        size, label, color = self._grid.size(self._area), self.identity.label, Rgb.parse(self.identity.color)
        picture = draw_card(size, self._grid.scale, label, color, self._card_says)
        old, self._card = self._card, Buffer(picture)
        self._node.set_source(None)
        self._node.set_upside_down(False)
        self._node.set_buffer(self._card)
        self._node.set_filter(Filter.NEAREST)
        self._set_box(self._area)
        if old is not None:
            old.drop()

    def _drop_card(self) -> None:
        if self._card is not None:
            self._card.drop()
            self._card = None

    def pointer_mode(self, absolute: bool) -> None:
        """Whether the guest has a pointer that takes positions (a tablet), or only one that takes motion (a mouse)."""
        if absolute != self.absolute:
            self.absolute = absolute
            self._draw_cursor()
            self._changed(self)

    def set_running(self, running: bool) -> None:
        """Whether QEMU runs the guest, and takes input for it."""
        self._runs = running
        if self.input is not None:
            (self.input.resumed if running else self.input.stopped)()
        self._changed(self)

    def machine_reset(self) -> None:
        """The guest's machine begins anew."""
        self._cursor.forget()
        self._changed(self)

    def _draw_cursor(self) -> None:
        """Where the guest knows the pointer's place the host's cursor is the guest's; elsewhere it is in the picture."""
        if self.absolute or self._card is not None or self._fitted is None:
            self._cursor.hide()
        else:
            self._cursor.draw(self._fitted, self._grid.scale)

    # View: what the seat asks and tells.

    @property
    def visible(self) -> bool:
        return self._place is not None and self._place.visible

    @property
    def takes_keyboard(self) -> bool:
        return True

    @property
    def grabs_keyboard(self) -> bool:
        return self.input is not None

    @property
    def wants_motion(self) -> bool:
        return self.input is not None and not self.absolute and self._runs and self._card is None

    @property
    def cursor(self) -> Cursor:
        if self._card is not None or self._fitted is None:
            return ARROW
        if self._locked:
            return HiddenCursor()
        return self._cursor.worn(self._fitted, self._grid.scale) if self.absolute else ARROW

    def keyboard_enter(self) -> None:
        pass

    def keyboard_leave(self) -> None:
        if self.input is not None:
            self.input.release_all()

    def key(self, key: int, pressed: bool) -> None:
        if self.input is not None:
            self.input.key(key, pressed)
        elif pressed and key in _RETURN:
            self.card_answered()

    def pointer_enter(self, x: float, y: float) -> None:
        """Nothing to do: a guest hears of the pointer when it moves."""

    def pointer_leave(self) -> None:
        self._locked = False
        if self.input is not None:
            self.input.release_buttons()

    def pointer_lock(self) -> None:
        self._locked = True

    def pointer_motion(self, x: float, y: float) -> None:
        if self.input is None or self._picture is None or self._fitted is None or not self.absolute:
            return
        column, row = self._fitted.pixel(self.box.x + x, self.box.y + y)
        self.input.motion_absolute(column, row, *self._fitted.picture)

    def pointer_motion_relative(self, dx: float, dy: float) -> None:
        if self.input is not None:
            self.input.motion_relative(dx, dy)

    def pointer_button(self, button: int, pressed: bool) -> None:
        if self.input is not None:
            self.input.button(button, pressed)

    def pointer_axis(self, scroll: Scroll) -> None:
        if self.input is not None:
            v120 = scroll.notches120
            self.input.wheel(
                vertical=v120 if scroll.vertical else 0, horizontal=0 if scroll.vertical else v120
            )

    def pointer_frame(self) -> None:
        """Nothing to do: motion is coalesced by time."""

    @property
    def takes_touch(self) -> bool:
        return self.input is not None and self.input.touch.available and self._card is None

    def touch(self, event: TouchEvent) -> None:
        if self.input is None or self._fitted is None:
            return
        touch, fit = self.input.touch, self._fitted
        match event:
            case TouchDown(slot, x, y):
                touch.down(slot, *fit.pixel(self.box.x + x, self.box.y + y), *fit.picture)
            case TouchMotion(slot, x, y):
                touch.motion(slot, *fit.pixel(self.box.x + x, self.box.y + y), *fit.picture)
            case TouchUp(slot) | TouchCancel(slot):
                touch.up(slot)
            case TouchFrame():
                touch.frame()
