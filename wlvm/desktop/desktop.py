"""The desktop: gives all views their places on the screens, and the keyboard to one of them.

What is where is decided in `wlvm.desktop.workspaces`, which knows no Wayland; here it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import count, takewhile

from msgspec.structs import replace

from wlvm.desktop.background import Background
from wlvm.desktop.command import CommandError, ViewCommand
from wlvm.desktop.grabs import CURSORS, SIDES, MoveGrab, ResizeGrab, edges_at
from wlvm.desktop.identity import GuestHead, Identity, Program
from wlvm.desktop.layers import Layers
from wlvm.desktop.messages import Message, Messages
from wlvm.desktop.output_map import OutputArea
from wlvm.desktop.place import Place, Stratum, Traits
from wlvm.desktop.seat import Seat
from wlvm.desktop.settings import Settings, Wishes
from wlvm.desktop.slot import Slot
from wlvm.desktop.style import Look, Style
from wlvm.desktop.tab_strip import TabStrips
from wlvm.desktop.tiling import Tab
from wlvm.desktop.toplevel import Toplevel
from wlvm.desktop.view import ARROW, Cursor, PlacedView, View
from wlvm.desktop.view_commands import ViewCommands
from wlvm.desktop.window import Window
from wlvm.desktop.workspaces import Workspaces
from wlvm.framebuffer import Rect
from wlvm.loop import EventLoop
from wlvm.wlr.scene import Scene

#: What the title of a view says that has all keys.
_GRABBED = "has all keys"
#: And of one that the pointer is locked to.
_LOCKED = "has all keys and the pointer"

#: How long the label of a guest without a border is shown, in seconds.
_LABEL_SECONDS = 2.5

#: Views that go or change their size are arranged together, after so many times as long as arranging took the last time: a program that has a
#: thousand windows leaves most of the time to the others, and holds them up once when it ends.
_TOGETHER = 4

#: Where there are more views, those that come are arranged together too, and are not told their places before.
_MANY = 64


class Desktop:
    """The views of one seat. Implements `wlvm.desktop.seat.FocusPolicy`. `close()` it."""

    def __init__(
        self, loop: EventLoop, settings: Settings, scene: Scene, layers: Layers, messages: Messages
    ) -> None:
        """`use()` gives it the seat, before the first view comes."""
        self.workspaces: Workspaces[PlacedView] = Workspaces(settings, self._traits)
        self._commands = ViewCommands(self.workspaces)
        self._scene = scene
        self._layers = layers
        self._messages = messages
        self._background = Background(layers.ground)
        self._tabs: TabStrips[PlacedView] = TabStrips(layers.tabs)
        self._shown_tabs: Sequence[Tab[PlacedView]] = ()
        self._seat: Seat | None = None
        #: Called when anything may have another place, name or state than before, or the focus has gone to another view.
        self.changed: Callable[[], None] = lambda: None
        self._slots: dict[PlacedView, Slot] = {}
        self._ids = count(1)
        #: The views in drawing order, as the scene has them.
        self._drawn: list[tuple[PlacedView, Stratum]] = []
        #: Guests that are seen without a border.
        self._unmarked: set[PlacedView] = set()
        self._focused: PlacedView | None = None
        self._soon = loop.timer(self.arrange)
        self._is_soon = False
        #: How long arranging took the last time, in seconds.
        self._took = 0.0

    def close(self) -> None:
        self._soon.remove()

    def use(self, seat: Seat) -> None:
        """The seat whose keyboard and pointer the views have."""
        self._seat = seat

    @property
    def seat(self) -> Seat:
        assert self._seat is not None
        return self._seat

    @property
    def views(self) -> Mapping[PlacedView, int]:
        """All views, with the number that each is known by to programs; none is given twice."""
        return {view: slot.id for view, slot in self._slots.items()}

    # What the person, and others, want.

    def run(self, command: ViewCommand) -> None:
        """Do a command. CommandError when it cannot be done; nothing has changed then."""
        self._commands.run(command)
        self.arrange()

    def focus(self, view: PlacedView) -> None:
        """Give a view the keyboard, and show the workspace that it is on."""
        self.workspaces.focus(view)
        self.arrange()
        self.seat.set_focus(view)

    def configure(self, settings: Settings) -> None:
        """Have other settings from now on; what did not change in them stays as the person has made it."""
        self.workspaces.configure(settings)
        self._messages.style = self.style
        self._outputs_changed()
        self.arrange()

    # Outputs.

    def put_output(self, output: OutputArea) -> None:
        """An output came; or it moved, or has another size or scale, or bars leave something else of it."""
        if output.name not in self.workspaces.outputs:
            self.workspaces.add_output(output)
        elif self.workspaces.outputs[output.name] == output:
            return
        else:
            self.workspaces.change_output(output)
        self._outputs_changed()
        self._messages.arrange(output)
        self.arrange()

    def remove_output(self, name: str) -> None:
        """An output went: its views go to others until it is back."""
        self.workspaces.remove_output(name)
        self._outputs_changed()
        self._messages.output_gone(name)
        self.arrange()

    def _outputs_changed(self) -> None:
        self._background.show(self.workspaces.outputs, self.style.background)

    @property
    def style(self) -> Style:
        """Measures and colours of what is drawn around views."""
        return self.workspaces.settings.style

    def tell(self, message: Message, seconds: float, *, instead: Hashable = None) -> None:
        """Show a message for so long, on the output that has the focus. `instead` as in `Messages.show`."""
        output = self.workspaces.focused_output
        if output is not None:
            self._messages.show(message, seconds, self.workspaces.outputs[output], instead=instead)

    # Views.

    def add(
        self,
        view: PlacedView,
        identity: Identity,
        wishes: Wishes | None = None,
        parent: PlacedView | None = None,
    ) -> None:
        """Take a view in. `wishes` None: those of the rules."""
        self._slots[view] = Slot(view, self._layers, next(self._ids))
        self.workspaces.add(view, identity, wishes, parent)
        if len(self._slots) > _MANY:
            self._arrange_soon()
        else:
            self.arrange()

    def remove(self, view: PlacedView) -> None:
        """A view goes: it has no place any more, and another one has the keyboard."""
        self.workspaces.remove(view)
        self._slots.pop(view).destroy()
        self._drawn = [drawn for drawn in self._drawn if drawn[0] is not view]
        self.seat.view_gone(view)
        self._arrange_soon()

    def view_changed(self, view: PlacedView) -> None:
        """A view shows something else: what is below the pointer, or how it looks there, may be another; so may the view's own size."""
        slot = self._slots.get(view)
        if slot is not None and slot.natural_size != view.natural_size:
            slot.natural_size = view.natural_size
            self._arrange_soon()
        elif slot is not None:
            self._decorate(slot)
        self.seat.view_changed(view)

    def place_again(self, guest: str) -> None:
        """The rules for a guest's consoles are others."""
        for view in [view for view in self._slots if self._is_of(view, guest)]:
            self.workspaces.place_again(view)
        self.arrange()

    def _is_of(self, view: PlacedView, guest: str) -> bool:
        identity = self.workspaces.workspace_of(view).identity(view)
        return isinstance(identity, GuestHead) and identity.guest == guest

    # Host programs' windows.

    def window_announced(self, window: Toplevel, parent: Window | None) -> None:
        """A client is about to make a window: tell it what place it will have, so that it need not draw twice."""
        if len(self._slots) > _MANY:
            return
        place = self.workspaces.place_of_new(window, _program(window), self._wishes_of(window), parent)
        if place is None:
            return
        if place.stratum is Stratum.FLOATING:
            window.let_choose(self.workspaces.outputs[place.output].usable)
        else:
            window.suggest(place)

    def window_mapped(self, window: Window, parent: Window | None) -> None:
        """A window appeared."""
        self.add(window, _program(window), self._wishes_of(window), parent)

    def window_renamed(self, window: Window) -> None:
        if window in self._slots:
            self.workspaces.rename(window, _program(window))
            self.decorate()
            self.changed()

    def parent_changed(self, window: Window, parent: Window | None) -> None:
        """A window has become a dialog of another one, or is none any more."""
        if window in self._slots and self.workspaces.workspace_of(window).parent(window) is not parent:
            self.workspaces.remove(window)
            self.workspaces.add(window, _program(window), self._wishes_of(window), parent)
            self.arrange()

    def fullscreen_requested(self, window: Window) -> None:
        """A window wishes to cover an output, or not to any more."""
        if window not in self._slots:
            return
        before = window.fullscreen
        output = (
            None if window.wanted_output is None else self.workspaces.outputs.meant_by(window.wanted_output)
        )
        if window.wants_fullscreen and output is not None:
            self.workspaces.send(window, self.workspaces.shown_on(output))
        self.workspaces.workspace_of(window).set_fullscreen(window, window.wants_fullscreen)
        self.arrange()
        if window.fullscreen == before:
            window.set_fullscreen(before)  # the client waits for an answer all the same

    def _wishes_of(self, window: Window) -> Wishes:
        """What the rules say of a window, and where they say nothing, what it wants itself."""
        wishes = self.workspaces.settings.wishes_for(_program(window))
        if wishes.floats is None and window.wants_to_float:
            wishes = replace(wishes, floating=True)
        if wishes.fullscreen is None and window.wants_fullscreen:
            wishes = replace(wishes, fullscreen=True)
            if wishes.workspace is None and wishes.output is None:
                wishes = replace(wishes, output=window.wanted_output)
        return wishes

    # Views that the pointer moves.

    def move_requested(self, view: PlacedView) -> None:
        """A client wants the pointer, with the button that is down on its window, to move it."""
        if self._may_be_pulled(view):
            self.seat.grab_pointer(MoveGrab(self, view, self.seat.cursor))

    def resize_requested(self, view: PlacedView, edges: int) -> None:
        """A client wants the pointer to pull its window's edges (xdg_toplevel.resize_edge)."""
        if self._may_be_pulled(view) and edges:
            self.seat.grab_pointer(ResizeGrab(self, view, self.seat.cursor, edges))

    def _may_be_pulled(self, view: PlacedView) -> bool:
        place = self.place_of(view)
        return self.seat.held is view and place is not None and place.stratum is Stratum.FLOATING

    def pull(self, view: PlacedView, button: int, resize: bool) -> None:
        """Have the pointer move a view, or its nearest corner, until the button, which went down just now, comes up."""
        x, y = self.seat.cursor
        place = self.place_of(view)
        if place is None or place.stratum is Stratum.FULLSCREEN:
            return
        self.focus(view)
        if resize:
            grab: MoveGrab | ResizeGrab = ResizeGrab.nearest(self, view, (x, y), place.outer)
        else:
            grab = MoveGrab(self, view, (x, y))
        self.seat.grab_pointer(grab)
        self.seat.button(button, True)

    def drag(self, view: PlacedView, box: Rect) -> None:
        """Have a view float in this box."""
        if view in self._slots:
            self.workspaces.drag(view, box)
            self.arrange()

    def resize_edge(self, view: PlacedView, edges: int, by: tuple[int, int]) -> None:
        """Move the edges of a tiled view by so many pixels; where nothing is beside it, it stays as it is."""
        if view not in self._slots:
            return
        for side, pixels in ResizeGrab.growth(edges, by):
            try:
                self.workspaces.resize_edge(view, side, pixels)
            except CommandError:
                continue
        self.arrange()

    # The seat's questions (wlvm.desktop.seat.FocusPolicy).

    def view_pressed(self, view: View | None) -> None:
        if view is None:
            x, y = self.seat.cursor
            if self._pressed_on_ours(x, y):
                return
            output = self.workspaces.outputs.at(int(x), int(y))
            if output is not None:
                self.workspaces.focus_workspace(self.workspaces.shown_on(output))
                self.arrange()
        elif (slot := self._slots.get(view)) is not None:  # type: ignore[call-overload]
            self.focus(slot.view)
        else:
            self.seat.set_focus(view)

    def _pressed_on_ours(self, x: float, y: float) -> bool:
        """A button went down at a point of the layout; False where nothing of wlvm's own is that does something then."""
        owner = self._owner_at(x, y)
        if owner is self._messages:
            self._messages.dismiss_at(x, y)
            return True
        if owner is self._tabs and (view := self._tabs.at(x, y)) is not None:
            self.focus(view)
            return True
        decorated = self._decorated_by(owner)
        if decorated is None:
            return False
        view, place = decorated
        self.focus(view)
        edges = self._edges_at(view, place, x, y)
        if edges:
            self.seat.grab_pointer(ResizeGrab(self, view, (x, y), edges))
        elif place.stratum is not Stratum.TILED:
            self.seat.grab_pointer(MoveGrab(self, view, (x, y)))
        return True

    def cursor_at(self, x: float, y: float) -> Cursor:
        decorated = self._decorated_by(self._owner_at(x, y))
        edges = 0 if decorated is None else self._edges_at(*decorated, x, y)
        return CURSORS.get(edges, ARROW)

    def _owner_at(self, x: float, y: float) -> object:
        """Whose part of the scene is at a point of the layout."""
        hit = self._scene.at(x, y)
        return None if hit is None else hit.owner

    def _decorated_by(self, owner: object) -> tuple[PlacedView, Place] | None:
        """The view that has this around it, and its place."""
        slot = next((slot for slot in self._slots.values() if slot.decoration is owner), None)
        return None if slot is None or slot.place is None else (slot.view, slot.place)

    def _edges_at(self, view: PlacedView, place: Place, x: float, y: float) -> int:
        """The edges that are pulled at a point of what is around a view."""
        edges = edges_at(place, x, y)
        return sum(
            edge for edge, side in SIDES.items() if edges & edge and self.workspaces.can_resize(view, side)
        )

    def default_focus(self) -> View | None:
        return self.workspaces.focused

    # Doing it.

    def place_of(self, view: PlacedView) -> Place | None:
        """Where a view is; None while it is nowhere."""
        return self.workspaces.scene().places.get(view)

    def _arrange_soon(self) -> None:
        if not self._is_soon:
            self._is_soon = True
            self._soon.arm(max(1, round(_TOGETHER * self._took * 1000)))

    def arrange(self) -> None:
        """Put every view where it belongs now, and give the keyboard to the one that has the focus, if that is another than before."""
        self._is_soon = False
        self._soon.disarm()
        begun = time.monotonic()
        scene = self.workspaces.scene()
        for view, slot in self._slots.items():
            place = scene.places.get(view)
            if place is None:
                slot.hide()
                continue
            output = self.workspaces.outputs[place.output]
            fullscreen = self.workspaces.workspace_of(view).fullscreen is view
            slot.show(place, fullscreen=fullscreen, grid=output.grid)
        self._draw_in_order([(view, place.stratum) for view, place in scene.places.items()])
        self._shown_tabs = scene.tabs
        self.decorate()
        self._name_unmarked()
        self.seat.views_changed(self._slots.keys())
        focused = self.workspaces.focused
        if focused is not self._focused:
            self._focused = focused
            self.seat.set_focus(focused)
        self._took = time.monotonic() - begun
        self.changed()

    def _draw_in_order(self, views: list[tuple[PlacedView, Stratum]]) -> None:
        """Raise the views, from the first one on that is drawn in another order than before."""
        as_before = takewhile(lambda pair: pair[0] == pair[1], zip(views, self._drawn, strict=False))
        for view, _ in views[len(list(as_before)) :]:
            self._slots[view].raise_to_top()
        self._drawn = views

    def decorate(self) -> None:
        """Draw what is around all views, as far as it would look otherwise: also when another one has the keyboard."""
        for slot in self._slots.values():
            self._decorate(slot)
        # A view, or its output, may be on its way out.
        outputs = {view: self._output_of(slot) for view, slot in self._slots.items()}
        there = {view: output for view, output in outputs.items() if output is not None}
        tabs = [tab for tab in self._shown_tabs if tab.view in there]
        self._tabs.show(tabs, self._look_of, there.__getitem__, self.style)

    def _decorate(self, slot: Slot) -> None:
        output = self._output_of(slot)
        if output is not None and slot.place is not None and slot.place.visible:
            slot.decoration.show(slot.place, self._look_of(slot.view), output, self.style)

    def _output_of(self, slot: Slot) -> OutputArea | None:
        """The output that a view is on, if both are there."""
        if slot.place is None or slot.place.output not in self.workspaces.outputs:
            return None
        return self.workspaces.outputs[slot.place.output]

    def _look_of(self, view: PlacedView) -> Look:
        focused = self.seat.focus is view
        grabbed = focused and self.seat.keyboard_grabbed
        note = _LOCKED if self.seat.locked is view else _GRABBED if grabbed else ""
        return replace(view.look, focused=focused, note=note)

    def _name_unmarked(self) -> None:
        """Say of each guest that is seen without a border from now on whose it is."""
        unmarked = {view: slot.place for view, slot in self._slots.items() if self._is_unmarked(slot)}
        for view, place in unmarked.items():
            if view not in self._unmarked and place is not None:
                message = Message(view.look.label, color=view.look.color)
                output = self.workspaces.outputs[place.output]
                self._messages.show(message, _LABEL_SECONDS, output, instead=view)
        for view in self._unmarked - unmarked.keys():
            self._messages.dismiss(view)
        self._unmarked = set(unmarked)

    def _is_unmarked(self, slot: Slot) -> bool:
        place, has_borders = slot.place, self.style.border or self.style.titles
        if place is None or not place.visible or not slot.view.look.label:
            return False
        return place.content == place.outer and (place.stratum is Stratum.FULLSCREEN or bool(has_borders))

    def _traits(self, view: PlacedView) -> Traits:
        slot = self._slots.get(view)
        natural = view.natural_size if slot is None else slot.natural_size
        return Traits(natural=natural, border=self.style.border, title=self.style.title)


def _program(window: Window) -> Program:
    return Program(window.app_id, window.title)
