"""Text that is typed into guests: what a person copied, or what the control socket gives. For guests that no agent hands a clipboard to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from wlvm.color import Rgb
from wlvm.desktop.command import CommandError
from wlvm.desktop.messages import Message
from wlvm.guest_config import GuestConfig
from wlvm.keystrokes import KeyEvent, UntypableError, key_events
from wlvm.lock_keys import GuestLocks
from wlvm.locks import Locks
from wlvm.loop import EventLoop
from wlvm.typist import KeyReceiver, Typist
from wlvm.wlr.characters import Characters
from wlvm.wlr.keymap import Keymap, KeymapError
from wlvm.wlr.selection import SelectionError, SelectionText, Which

#: The longest text that is typed, in characters, and in bytes of UTF-8.
MOST_CHARACTERS: Final = 20_000
_MOST_BYTES: Final = 4 * MOST_CHARACTERS
#: A text that takes longer, in seconds, is not typed before that was asked for twice within so many seconds.
_LONG: Final = 20
_ASK_AGAIN: Final = 10.0

#: How often it is told how far it is, in milliseconds; and how long what is told is on the screen, in seconds.
_PROGRESS_MS: Final = 1000
_TOLD_SECONDS: Final = 8.0

_ESC, _CAPSLOCK = 1, 58  # KEY_ESC, KEY_CAPSLOCK (linux/input-event-codes.h)
_TAP_CAPS_LOCK: Final = (KeyEvent(_CAPSLOCK, True, 0), KeyEvent(_CAPSLOCK, False, 0))

log = logging.getLogger(__name__)


class TypedGuest(Protocol):
    """A guest that is typed into (`wlvm.guest.Guest`)."""

    config: GuestConfig
    label: str
    locks: GuestLocks

    @property
    def keyboard(self) -> KeyReceiver | None:
        """What takes its keys; None while it takes none."""

    def release_keys(self) -> None:
        """All that a person holds down comes up for the guest."""


#: Takes a selection, the most bytes that are wanted of it, and who is told what comes of that.
ReadSelection = Callable[[Which, int, Callable[[str | SelectionError], None]], SelectionText]


class TextTyping:
    """Types one text at a time into one guest. `close()` it before the guests go.

    Nothing but a command of the person's, by a key or the control socket, has a text typed.
    """

    def __init__(
        self,
        loop: EventLoop,
        seat_keymap: Callable[[], Keymap],
        read_selection: ReadSelection,
        tell: Callable[[Message, float], None],
        dismiss: Callable[[], None],
    ) -> None:
        """`seat_keymap` is the layout of guests whose configuration names none. `tell` shows a message in place of the last one for so many
        seconds, and `dismiss` shows it no longer.
        """
        self._loop = loop
        self._seat_keymap = seat_keymap
        self._read_selection = read_selection
        self._tell_on_screen = tell
        self._dismiss = dismiss
        self._selection: SelectionText | None = None
        self._layouts: dict[tuple[str, str], Characters] = {}
        self._seat_layout: tuple[Keymap, Characters] | None = None
        self._run: _Run | None = None
        self._progress = loop.timer(self._tell_progress)
        #: The guest and the text that were pasted last and take long, and when that was (time.monotonic).
        self._asked: tuple[TypedGuest | None, str, float] = None, "", 0.0

    def close(self) -> None:
        self.stop("wlvm ends")
        self._forget_selection()
        self._progress.remove()

    def paste(self, guest: TypedGuest, which: Which) -> None:
        """Type the text of a selection, as soon as its program has sent it. What is wrong with it is told on the screen.

        CommandError when there is none, or the guest cannot be typed into.
        """
        _keyboard(guest)
        self._forget_selection()

        def read(text: str | SelectionError) -> None:
            try:
                if isinstance(text, SelectionError):
                    raise CommandError(str(text))
                self._ask(guest, text)
            except CommandError as error:
                log.warning("%s", error)
                self._tell(guest, f"Nothing was typed: {error}.", _TOLD_SECONDS)

        try:
            self._selection = self._read_selection(which, _MOST_BYTES, read)
        except SelectionError as error:
            raise CommandError(str(error)) from None

    def type(self, guest: TypedGuest, text: str, ended: Callable[[str], None] = lambda reason: None) -> int:
        """Type a text; returns how many characters that are. CommandError when it cannot be typed, and then nothing of it is.

        `ended` is called later, with "" when it was typed, or with the reason why it was stopped.
        """
        events, count = self._events(guest, text)
        if self._run is not None:
            raise CommandError(f"another text is being typed into {self._run.guest.label}")
        keyboard = _keyboard(guest)
        # What is held down, the modifiers of this command's own key above all, would make shortcuts of it.
        guest.release_keys()

        def done(reason: str) -> None:
            self._done(reason)
            ended(reason)

        caps_lock = guest.locks.tells and Locks.CAPS in guest.locks.lights
        if caps_lock:
            off, on = _TAP_CAPS_LOCK, (replace(each, characters=count) for each in _TAP_CAPS_LOCK)
            events = (*off, *events, *on)
        typist = Typist(self._loop, keyboard, events, _interval_ms(guest), done)
        self._run = _Run(guest, count, typist, caps_lock)
        self._progress.arm(_PROGRESS_MS)
        return count

    def stop(self, reason: str, guest: TypedGuest | None = None) -> None:
        """Type no more, into this guest or (None) any."""
        if self._run is not None and guest in (None, self._run.guest):
            self._run.typist.stop(reason)

    def takes(self, key: int) -> bool:
        """A key was pressed, which stops what is being typed; True where that is all that it does."""
        if self._run is None:
            return False
        self.stop("a key was pressed")
        return key == _ESC

    def _ask(self, guest: TypedGuest, text: str) -> None:
        """Type a text, or, where that takes long, say so first."""
        _, count = self._events(guest, text)
        seconds = count * _interval_ms(guest) // 1000
        before, asked, at = self._asked
        self._asked = guest, text, time.monotonic()
        again = before is guest and asked == text and time.monotonic() - at < _ASK_AGAIN
        if seconds > _LONG and not again:
            question = f"To type {count} characters takes {seconds} seconds. Paste once more to begin."
            log.info("%s: %s", guest.label, question)
            self._tell(guest, question, _ASK_AGAIN)
        else:
            self._asked = None, "", 0.0
            self.type(guest, text)

    def _events(self, guest: TypedGuest, text: str) -> tuple[Sequence[KeyEvent], int]:
        """What goes down and comes up for a text. CommandError when it cannot be typed."""
        if not text:
            raise CommandError("there is no text")
        if len(text) > MOST_CHARACTERS:
            raise CommandError(f"{len(text)} characters are too many to type: at most {MOST_CHARACTERS}")
        try:
            events, count = key_events(text, self._characters(guest).strokes)
        except UntypableError as error:
            raise CommandError(f"{guest.label}'s keyboard layout cannot type {error}") from None
        return events, count

    def _characters(self, guest: TypedGuest) -> Characters:
        """Those of the guest's layout. CommandError when there is no such layout."""
        names = layout, variant = guest.config.keyboard_layout, guest.config.keyboard_variant
        if not layout:
            keymap = self._seat_keymap()
            if self._seat_layout is None or self._seat_layout[0] is not keymap:
                self._seat_layout = keymap, Characters(keymap)
            return self._seat_layout[1]
        if names not in self._layouts:
            try:
                self._layouts[names] = Characters(Keymap(layout=layout, variant=variant))
            except KeymapError as error:
                raise CommandError(f"{guest.label}: {error}") from None
        return self._layouts[names]

    def _done(self, reason: str) -> None:
        run, self._run = self._run, None
        self._progress.disarm()
        self._dismiss()
        if run is not None and reason:
            if run.caps_lock and run.typist.sent >= len(_TAP_CAPS_LOCK) and run.guest.locks.tap is not None:
                run.guest.locks.tap(_CAPSLOCK)
            typed = f"{run.typist.characters} of {run.count} characters were typed: {reason}."
            self._tell(run.guest, typed, _TOLD_SECONDS)
            log.info("%s: %s", run.guest.label, typed)

    def _tell_progress(self) -> None:
        if self._run is not None:
            self._progress.arm(_PROGRESS_MS)
            typed = (
                f"{self._run.typist.characters} of {self._run.count} characters are typed. Escape stops it."
            )
            self._tell(self._run.guest, typed, _TOLD_SECONDS)

    def _tell(self, guest: TypedGuest, text: str, seconds: float) -> None:
        self._tell_on_screen(Message(guest.label, text, Rgb.parse(guest.config.color)), seconds)

    def _forget_selection(self) -> None:
        if self._selection is not None:
            self._selection.close()
            self._selection = None


class _Run(Struct, frozen=True):
    """A text that is being typed."""

    guest: TypedGuest
    count: int
    typist: Typist
    #: Whether Caps Lock was on, and has been switched off for the text.
    caps_lock: bool


def _keyboard(guest: TypedGuest) -> KeyReceiver:
    if guest.keyboard is None:
        raise CommandError(f"{guest.label} takes no keys now")
    return guest.keyboard


def _interval_ms(guest: TypedGuest) -> int:
    """The least time from one stroke to the next."""
    return max(1, 1000 // guest.config.input.typing_rate)
