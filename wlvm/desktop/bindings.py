"""Bindings: which keys are wlvm's, what they do, and which go to the view that has the keyboard.

The reserved key is always wlvm's, and so is all that is pressed with it, also while a guest has grabbed the keyboard; only a locked session knows
no bindings. A key whose press went to a view has its release go there, and one that was kept has its release kept: no key is ever stuck.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from wlvm.desktop.command import DEFAULT_MODE, Command, CommandError, EnterMode
from wlvm.key_symbols import KeySymbols


class Modifier(enum.Flag):
    """What is held while a key is pressed."""

    RESERVED = enum.auto()
    SUPER = enum.auto()
    CTRL = enum.auto()
    ALT = enum.auto()
    ALTGR = enum.auto()
    SHIFT = enum.auto()


_NONE = Modifier(0)

#: What a symbol of an unshifted key may have been changed by.
_LEVELS = Modifier.SHIFT | Modifier.ALTGR

#: How a person may write them; the first name of each is the usual one.
_NAMES = {
    "Reserved": Modifier.RESERVED,
    "Super": Modifier.SUPER, "Logo": Modifier.SUPER, "Mod4": Modifier.SUPER,
    "Ctrl": Modifier.CTRL, "Control": Modifier.CTRL,
    "Alt": Modifier.ALT, "Mod1": Modifier.ALT,
    "AltGr": Modifier.ALTGR, "Mod5": Modifier.ALTGR,
    "Shift": Modifier.SHIFT,
}  # fmt: skip
_BY_LOWER_NAME = {name.lower(): modifier for name, modifier in _NAMES.items()}

#: The modifier that a key is, by its symbol (xkbcommon-keysyms.h).
_OF_SYMBOL = {
    0xFFE1: Modifier.SHIFT, 0xFFE2: Modifier.SHIFT,  # Shift_L, Shift_R
    0xFFE3: Modifier.CTRL, 0xFFE4: Modifier.CTRL,  # Control_L, Control_R
    0xFFE7: Modifier.ALT, 0xFFE8: Modifier.ALT,  # Meta_L, Meta_R
    0xFFE9: Modifier.ALT, 0xFFEA: Modifier.ALT,  # Alt_L, Alt_R
    0xFFEB: Modifier.SUPER, 0xFFEC: Modifier.SUPER,  # Super_L, Super_R
    0xFE03: Modifier.ALTGR,  # ISO_Level3_Shift
}  # fmt: skip

_CODE = "code:"
#: The largest code of a key (KEY_MAX).
_MAX_CODE = 0x2FF


class ChordError(ValueError):
    """What somebody wrote is no key with modifiers. The text says what was expected."""


class Chord(Struct, frozen=True):
    """A key and the modifiers that must be held, and no others."""

    modifiers: Modifier
    key: str
    """The name of the symbol that the key makes without modifiers, or with Shift and AltGr; of a letter, the small one."""
    code: int | None = None
    """In place of a symbol: an evdev code (linux/input-event-codes.h), whatever it means in the keyboard's layout."""

    @classmethod
    def parse(cls, text: str) -> Chord:
        """A chord as a person writes it, for example "Super+Shift+q" or "Reserved+code:41"."""
        *names, key = text.replace(" ", "").split("+")
        if not key:
            raise ChordError("expected a key behind the last +, such as Super+Return; that of + is plus")
        modifiers = _NONE
        for name in names:
            if name.lower() not in _BY_LOWER_NAME:
                raise ChordError(f"{name}: expected a modifier: {', '.join(_NAMES)}")
            modifiers |= _BY_LOWER_NAME[name.lower()]
        if not key.startswith(_CODE):
            return cls(modifiers, key.lower() if len(key) == 1 else key)
        number = key.removeprefix(_CODE)
        if not (number.isdecimal() and 1 <= int(number) <= _MAX_CODE):
            raise ChordError(f"{key}: expected the code of a key, 1 to {_MAX_CODE}")
        return cls(modifiers, "", int(number))

    def __str__(self) -> str:
        held = {modifier: name for name, modifier in reversed(_NAMES.items()) if modifier in self.modifiers}
        key = self.key if self.code is None else f"{_CODE}{self.code}"
        return "+".join((*(held[modifier] for modifier in Modifier if modifier in held), key))


#: What one chord does.
Commands = tuple[Command, ...]

#: The bindings of one mode.
Bindings = Mapping[Chord, Commands]

#: By modifiers, and keysym or evdev code.
_Table = dict[tuple[Modifier, int], Commands]


class KeyTable(Struct, frozen=True):
    """All bindings, ready to be looked up."""

    reserved: int
    """The evdev code of the reserved key."""
    tap: Commands = ()
    """What it does when it is pressed and released alone."""
    symbols: Mapping[str, _Table] = field(default_factory=dict)
    """By mode, then by keysym."""
    codes: Mapping[str, _Table] = field(default_factory=dict)
    """By mode, then by evdev code."""

    @classmethod
    def compile(
        cls,
        reserved: int,
        tap: Commands,
        modes: Mapping[str, Bindings],
        keysym: Callable[[str], int | None],
        defaults: Bindings | None = None,
    ) -> KeyTable:
        """The table of these bindings, and of the `defaults` for chords that the default mode has no others for.

        ChordError for a name that is no symbol's (`keysym` knows them), or two names of one.
        """
        symbols: dict[str, _Table] = {DEFAULT_MODE: {}}
        codes: dict[str, _Table] = {DEFAULT_MODE: {}}
        for mode, bindings in modes.items():
            symbols[mode], codes[mode] = {}, {}
            for chord, commands in bindings.items():
                table, key = _entry(chord, symbols[mode], codes[mode], keysym)
                if key in table:
                    raise ChordError(f"{chord}: expected each key once: it has another name too")
                table[key] = commands
        for chord, commands in (defaults or {}).items():
            table, key = _entry(chord, symbols[DEFAULT_MODE], codes[DEFAULT_MODE], keysym)
            table.setdefault(key, commands)
        return cls(reserved, tap, symbols, codes)

    @property
    def modes(self) -> Iterable[str]:
        return self.symbols.keys()

    def find(self, mode: str, held: Modifier, key: int, symbols: KeySymbols) -> Commands | None:
        """What a key does in a mode while these modifiers are held; None where it is not bound. A code goes before a symbol."""
        ways = [(held, symbol) for symbol in symbols.plain]
        if symbols.typed not in symbols.plain:
            ways += [(held, symbols.typed), (held & ~_LEVELS, symbols.typed)]
        found = self.codes[mode].get((held, key))
        return found or next((self.symbols[mode][way] for way in ways if way in self.symbols[mode]), None)


def _entry(
    chord: Chord, symbols: _Table, codes: _Table, keysym: Callable[[str], int | None]
) -> tuple[_Table, tuple[Modifier, int]]:
    """The table that a chord is in, and its key there."""
    if chord.code is not None:
        return codes, (chord.modifiers, chord.code)
    symbol = keysym(chord.key)
    if symbol is None:
        raise ChordError(f"{chord}: expected the name of a key's symbol, as wev(1) shows it")
    return symbols, (chord.modifiers, symbol)


class Keyboard(enum.Enum):
    """Who has the keyboard."""

    FREE = "a host program, or nobody: all bindings hold"
    GRABBED = "a guest, for itself: only what is pressed with the reserved key is wlvm's"
    LOCKED = "the lock screen: no bindings hold"


class Outcome(Struct, frozen=True):
    """What comes of a key: commands to run, and whether the view that has the keyboard gets it."""

    commands: Commands = ()
    forward: bool = False


class KeyRouter:
    """Decides for each key that goes down or up. Of one person's keyboards together."""

    def __init__(self, table: KeyTable) -> None:
        self._table = table
        self._mode = DEFAULT_MODE
        #: The keys that are down: what they are as modifiers, and whether the view has got them.
        self._down: dict[int, tuple[Modifier, bool]] = {}
        #: Whether nothing has happened since the reserved key went down.
        self._alone = False

    @property
    def mode(self) -> str:
        return self._mode

    def enter(self, mode: str) -> None:
        """Have a mode's bindings, and no others. CommandError when there is no such mode."""
        if mode not in self._table.modes:
            raise CommandError(f"{mode}: expected a mode: {', '.join(self._table.modes)}")
        self._mode = mode

    def use(self, table: KeyTable) -> None:
        """Have other bindings from now on. Keys that are down come up as they went down."""
        self._table = table
        if self._mode not in table.modes:
            self._mode = DEFAULT_MODE

    def reset(self) -> None:
        """The keyboards went away, with what was down."""
        self._down.clear()

    @property
    def held(self) -> Modifier:
        """The modifiers that are down."""
        held = _NONE
        for modifier, _ in self._down.values():
            held |= modifier
        return held

    def interrupt(self) -> None:
        """A button was pressed, or the wheel turned: the reserved key, if it is down, is not alone."""
        self._alone = False

    def key(self, key: int, pressed: bool, symbols: KeySymbols, keyboard: Keyboard) -> Outcome:
        """A key (an evdev code) went down or up."""
        if not pressed:
            return self._released(key, keyboard)
        if key in self._down:
            return Outcome(forward=self._down[key][1])  # down on another keyboard too
        held = self.held
        self._alone = key == self._table.reserved
        if keyboard is Keyboard.LOCKED:
            outcome, modifier = Outcome(forward=True), _modifier(symbols)
        elif key == self._table.reserved:
            outcome, modifier = Outcome(), Modifier.RESERVED
        else:
            outcome, modifier = self._decide(key, held, symbols, keyboard), _modifier(symbols)
        self._down[key] = modifier, outcome.forward
        return outcome

    def _decide(self, key: int, held: Modifier, symbols: KeySymbols, keyboard: Keyboard) -> Outcome:
        reserved = Modifier.RESERVED in held
        in_mode = self._mode != DEFAULT_MODE
        if keyboard is Keyboard.GRABBED and not (reserved or in_mode):
            return Outcome(forward=True)
        found = self._table.find(self._mode, held, key, symbols)
        # In a mode, all keys are wlvm's: the reserved one says nothing more.
        if found is None and in_mode and reserved:
            found = self._table.find(self._mode, held & ~Modifier.RESERVED, key, symbols)
        return Outcome(forward=not (reserved or in_mode)) if found is None else Outcome(found)

    def _released(self, key: int, keyboard: Keyboard) -> Outcome:
        if key not in self._down:
            return Outcome()  # it went down before wlvm had the keyboard
        modifier, forward = self._down.pop(key)
        if modifier is not Modifier.RESERVED or not self._alone or keyboard is Keyboard.LOCKED:
            return Outcome(forward=forward)
        if self._mode != DEFAULT_MODE:
            return Outcome((EnterMode(DEFAULT_MODE),))
        return Outcome(self._table.tap)


def _modifier(symbols: KeySymbols) -> Modifier:
    """What a key is as a modifier."""
    return next((_OF_SYMBOL[symbol] for symbol in symbols.plain if symbol in _OF_SYMBOL), _NONE)
