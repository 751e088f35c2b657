"""The configuration: a TOML file, or a command line, as typed and validated structs.

`load` finds every problem of a file at once and starts nothing. docs/configuration.md lists the keys; a test compares it with the structs
here.
"""

from __future__ import annotations

import os
import re
import tomllib
import zlib
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

import msgspec
from msgspec import Meta, field

from wlvm import libvirt
from wlvm.color import Rgb
from wlvm.config_reader import Fault, Key, NamedTables, Problem, Table, TableReader
from wlvm.desktop_config import (
    NAME,
    BindingTable,
    DesktopConfig,
    KeysConfig,
    LayoutConfig,
    RuleConfig,
    WorkspaceConfig,
    binding_faults,
    layout_faults,
)
from wlvm.framebuffer import MAX_SIDE, TRANSFORMS, Filter, Transform
from wlvm.input_config import InputDeviceConfig, KeyboardConfig, XkbName
from wlvm.look_config import EXPECTED_COLOR, Color, LookConfig
from wlvm.machine_config import Argument, MachineConfig
from wlvm.qemu.launch import Gl, LaunchError, add_display
from wlvm.scaling import Fit, Scaling

Value = TypeVar("Value", bound=Hashable)

#: What a guest may be called.
GUEST_NAME = r"[a-z0-9_-]{1,64}\Z"

#: Where a user's own domains are.
LIBVIRT_SESSION = "qemu:///session"

#: The kernel's limit for the path of a socket (sockaddr_un.sun_path with its final zero).
_MAX_SOCKET_PATH = 107

#: Colours that tell guests apart beside each other (the Tango palette's), for those that are given none.
_PALETTE = ("#3465a4", "#4e9a06", "#c17d11", "#75507b", "#cc0000", "#c4a000", "#f57900", "#06989a")

Coordinate = Annotated[int, Meta(ge=-32768, le=32767)]
Side = Annotated[int, Meta(ge=1, le=MAX_SIDE)]
Line = Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]+\Z", max_length=64)]
ProgramPath = Annotated[str, Meta(pattern=r"\A/[^\x00]*\Z")]

_POSITION = "[x, y], whole numbers from -32768 to 32767"
_TRANSFORM = f"one of {', '.join(TRANSFORMS)}"
_PROGRAMS = "a list of whole paths of programs"
_BINDINGS = "a table of commands, or lists of commands, by key"


class ConfigError(ValueError):
    """A configuration that cannot be used, with every problem that was found: one line each."""

    def __init__(self, problems: Collection[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Mode:
    """An output's mode: physical pixels, and the refresh rate in millihertz, 0 for the backend's choice."""

    width: int
    height: int
    refresh: int = 0

    EXPECTED: ClassVar[str] = f'"WIDTHxHEIGHT" or "WIDTHxHEIGHT@HZ", each side 1 to {MAX_SIDE}, HZ 1 to 1000'

    @classmethod
    def parse(cls, text: str) -> Mode:
        """A mode as a person writes it, for example "1280x800@60" or "1920x1080@59.94". ValueError says what was expected."""
        match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})(?:@([0-9]{1,4}(?:\.[0-9]{1,3})?))?", text)
        if match is not None:
            width, height = int(match[1]), int(match[2])
            hertz = float(match[3]) if match[3] else 0
            in_range = (
                1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and (1 <= hertz <= 1000 or not match[3])
            )
            if in_range:
                return cls(width, height, round(hertz * 1000))
        raise ValueError(f"expected {cls.EXPECTED}")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" + (f"@{self.refresh / 1000:g}" if self.refresh else "")


class OutputConfig(Table, frozen=True, kw_only=True):
    """One output."""

    name: Annotated[
        Line | None,
        Key(
            "a name of 1 to 64 printable characters",
            "Which output the table is for: a connector, such as `DP-1`, on DRM; `HEADLESS-1`, `WL-1` or `X11-1` on other backends. "
            "There, a table without a name is for the output of the table's number.",
        ),
    ] = None
    mode: Annotated[
        Mode | None,
        Key(
            Mode.EXPECTED,
            "Size in physical pixels and refresh rate in hertz. Without it, the output's preferred mode.",
        ),
    ] = None
    scale: Annotated[
        Annotated[float, Meta(ge=0.25, le=8)],
        Key("a number from 0.25 to 8", "Physical pixels per logical pixel."),
    ] = 1.0
    transform: Annotated[
        Transform,
        Key(
            _TRANSFORM,
            "How the picture is turned for a screen that stands on its side or upside down: so many degrees counter-clockwise, "
            "for `flipped` after mirroring left and right.",
        ),
    ] = "normal"
    position: Annotated[
        tuple[Coordinate, Coordinate] | None,
        Key(
            _POSITION,
            "Where the output's top left corner is, in logical pixels. Without it, right of the others.",
        ),
    ] = None
    enabled: Annotated[
        bool,
        Key(
            "true or false",
            "Whether the output is used. One that is not stays dark, as if it were unplugged.",
        ),
    ] = True


class InputConfig(Table, frozen=True, kw_only=True):
    """How a guest is typed into."""

    motion: Annotated[
        Literal["qmp", "dbus"],
        Key('"qmp" or "dbus"', "The way that pointer motion goes to QEMU."),
    ] = "qmp"
    repeat: Annotated[
        Literal["auto", "always", "never"],
        Key(
            '"auto", "always" or "never"',
            "Whether wlvm repeats a key that is held down. `auto`: only for a guest with a PS/2 keyboard, "
            "which does not repeat keys by itself.",
        ),
    ] = "auto"
    repeat_rate: Annotated[
        Annotated[int, Meta(ge=1, le=100)], Key("a whole number from 1 to 100", "Repeats a second.")
    ] = 25
    repeat_delay: Annotated[
        Annotated[int, Meta(ge=1, le=10_000)],
        Key("a whole number from 1 to 10000", "Milliseconds from the press to the first repeat."),
    ] = 600
    typing_rate: Annotated[
        Annotated[int, Meta(ge=1, le=500)],
        Key(
            "a whole number from 1 to 500",
            "How many keys a second a text is typed with (docs/keys.md). Fewer, where a slow guest loses some.",
        ),
    ] = 25


class ConsoleConfig(Table, frozen=True, kw_only=True):
    """Where one console of a guest sits."""

    head: Annotated[
        Annotated[int, Meta(ge=0, le=255)],
        Key("a whole number from 0 to 255", "The number of QEMU's graphical console: 0 is the first."),
    ] = 0
    output: Annotated[
        Line | None,
        Key(
            "the name of an output",
            "On which output. It must be named in an `[[output]]` where there are any. Without it, the first.",
        ),
    ] = None
    position: Annotated[
        tuple[Coordinate, Coordinate],
        Key(_POSITION, "The console's top left corner on the output, in logical pixels."),
    ] = (0, 0)
    size: Annotated[
        tuple[Side, Side] | None,
        Key(
            f"[width, height], whole numbers from 1 to {MAX_SIDE}",
            "The console has this many logical pixels. Without it, it is as large as the guest makes it.",
        ),
    ] = None
    scale: Annotated[
        Literal["exact", "integer", "fit"] | None,
        Key(
            '"exact", "integer" or "fit"',
            "How large the console's picture is in its place. Without it, as the guest's `scale` says; where that says nothing, `fit` for a "
            "console with a `size`, and `exact` for others.",
        ),
    ] = None
    filter: Annotated[
        Literal["auto", "nearest", "linear"] | None,
        Key(
            '"auto", "nearest" or "linear"',
            "How the console's picture is sampled. Without it, as the guest's `filter` says.",
        ),
    ] = None
    resize: Annotated[
        bool | None,
        Key(
            "true or false",
            "Whether the console follows its place. Without it, as the guest's `resize` says.",
        ),
    ] = None


class GuestConfig(MachineConfig, frozen=True, kw_only=True):
    """One guest, which is attached to (`qmp`), a domain of libvirt's, or launched: by a command line (`launch`), or as the keys of MachineConfig
    describe it.
    """

    name: str
    qmp: Annotated[
        Path | None,
        Key(
            f"the path of a socket, at most {_MAX_SOCKET_PATH} bytes long",
            "Attach to the QEMU that serves QMP on this Unix socket, now or whenever it comes.",
        ),
    ] = None
    libvirt: Annotated[
        Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f/]+\Z", max_length=255)] | None,
        Key(
            "the name of a domain",
            "Show this domain of libvirt's, whenever it runs (docs/libvirt.md). It goes on when wlvm ends.",
        ),
    ] = None
    uri: Annotated[
        Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9+]*://[^\x00-\x20\x7f]*\Z")],
        Key(
            "a URI of libvirt's, such as qemu:///system",
            "Which libvirt the domain is at: one on this computer.",
        ),
    ] = LIBVIRT_SESSION
    launch: Annotated[
        Annotated[tuple[Argument, ...], Meta(min_length=1)] | None,
        Key(
            "a list of strings: a program and its arguments",
            "Launch this QEMU, and end it with wlvm. wlvm adds the display and a QMP socket of its own. It is no shell line: "
            "nothing in it is expanded. It runs in the directory that wlvm was started in.",
        ),
    ] = None
    gl: Annotated[
        Gl,
        Key(
            'true, false or "auto"',
            "Whether the launched QEMU draws with a GPU. `auto`: where a device of the guest needs it (virtio-vga-gl, blob=true, a GPU that is "
            "passed through); for others it would only be slower.",
        ),
    ] = "auto"
    render_node: Annotated[
        Path | None,
        Key(
            "the path of a device",
            "Which GPU the launched QEMU draws with: best the one that draws the screens. Without it, the first `/dev/dri/renderD*` that may be "
            "opened.",
        ),
    ] = None
    start: Annotated[
        bool,
        Key(
            "true or false",
            "Whether the guest is started when wlvm starts. The command `start` does it at any time.",
        ),
    ] = True
    outlive: Annotated[
        bool,
        Key(
            "true or false",
            "Whether the launched QEMU goes on when wlvm ends. The next wlvm shows it again. Counts from the guest's next start on.",
        ),
    ] = False
    shutdown_limit: Annotated[
        Annotated[int, Meta(ge=1, le=3600)],
        Key(
            "a whole number from 1 to 3600",
            "How many seconds the guest may take to shut down, when it is asked to, before it is switched off.",
        ),
    ] = 60
    hidden: Annotated[
        Literal["run", "pause"],
        Key(
            '"run" or "pause"',
            "What becomes of the guest while none of its consoles is on a lit screen, or the session is locked. `pause`: it is paused, and goes on as "
            "soon as it is seen. What a person has paused stays so.",
        ),
    ] = "run"
    hidden_after: Annotated[
        Annotated[int, Meta(ge=0, le=86_400)],
        Key("a whole number from 0 to 86400", "After how many seconds it is paused."),
    ] = 60
    label: Annotated[
        Line,
        Key("1 to 64 printable characters", "What the guest is called on the screen. Without it, its name."),
    ] = ""
    color: Annotated[
        Color,
        Key(
            EXPECTED_COLOR,
            "The colour that marks the guest, not a grey: these are host programs'. Without it, one that follows from its name.",
        ),
    ] = ""
    capture: Annotated[
        bool,
        Key(
            "true or false",
            "Whether programs may have pictures of this guest. Where one that they may not is seen, they get none of the whole output.",
        ),
    ] = True
    scale: Annotated[
        Literal["exact", "integer", "fit"] | None,
        Key(
            '"exact", "integer" or "fit"',
            "How large the guest's pictures are in their places: `exact`, a guest pixel is a physical pixel; `integer`, it is as many of them, "
            "the same number across and down, as there is room for; `fit`, as large as the place allows. What is too large is scaled down. "
            "Without it, `exact`, but `fit` for consoles with a `size`.",
        ),
    ] = None
    filter: Annotated[
        Literal["auto", "nearest", "linear"],
        Key(
            '"auto", "nearest" or "linear"',
            "How they are sampled: `nearest`, each physical pixel is the guest pixel that it lies in; `linear`, it is mixed of the four around "
            "it; `auto`, `nearest` where a guest pixel is a whole number of physical pixels, `linear` elsewhere. A GPU scales down "
            "`linear` in any case.",
        ),
    ] = "auto"
    resize: Annotated[
        bool | None,
        Key(
            "true or false",
            "Whether the guest is asked to have the size of its place in physical pixels (docs/guest-displays.md). Without it, `true`, but `false` "
            "for consoles whose `scale` is `integer` or `fit`.",
        ),
    ] = None
    keyboard_layout: Annotated[
        XkbName,
        Key(
            "a name of xkeyboard-config",
            "The layout that the guest has, such as `de`, for texts that are typed into it. Without it, the first of `[keyboard]`.",
        ),
    ] = ""
    keyboard_variant: Annotated[
        XkbName, Key("a name of xkeyboard-config", "Variant of that layout, such as `nodeadkeys`.")
    ] = ""
    input: Annotated[InputConfig, Key("a table", "How the guest is typed into.")] = InputConfig()
    consoles: Annotated[
        tuple[ConsoleConfig, ...],
        Key(
            "an array of tables, [[guest.NAME.console]]",
            "Where the guest's consoles sit. Those that no table names are placed side by side on the first output.",
        ),
    ] = field(default=(), name="console")

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "label", self.label or self.name)
        msgspec.structs.force_setattr(self, "color", self.color or _color_of(self.name))

    @classmethod
    def attached(cls, qmp: Path, taken: Collection[str] = ()) -> GuestConfig:
        """A guest to attach to that no file names: it is called after its socket, with a number where that name is `taken`."""
        stem = re.sub(r"[^a-z0-9_-]+", "-", qmp.stem.lower()).strip("-")[:56] or "guest"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        return cls(name=name, qmp=qmp)

    def console(self, head: int) -> ConsoleConfig | None:
        """The rule for a console, None where there is none."""
        return next((console for console in self.consoles if console.head == head), None)

    def scaling(self, head: int) -> Scaling:
        """How a console's picture lies in its place."""
        console = self.console(head) or ConsoleConfig()
        fit = console.scale or self.scale or ("exact" if console.size is None else "fit")
        filter = console.filter or self.filter
        return Scaling(Fit(fit), None if filter == "auto" else Filter(filter))

    def follows(self, head: int) -> bool:
        """Whether a console is to have the size of its place."""
        console = self.console(head) or ConsoleConfig()
        resize = self.resize if console.resize is None else console.resize
        return (console.scale or self.scale or "exact") == "exact" if resize is None else resize

    def faults(self) -> Iterator[Fault]:
        if Rgb.parse(self.color).grey:
            yield Fault(("color",), self.color, "expected more of a colour: greys mark host programs")
        is_domain = self.libvirt is not None
        ways = [self.qmp is not None, self.launch is not None, is_domain, self.describes_machine]
        expected = "expected qmp, libvirt, launch, or what the machine has"
        if not any(ways):
            yield Fault((), None, f"{expected}: memory, disks and so on")
        elif sum(ways) > 1:
            yield Fault((), None, f"{expected}, and one of these alone")
        if self.qmp is not None and len(os.fsencode(self.qmp)) > _MAX_SOCKET_PATH:
            yield Fault(("qmp",), str(self.qmp), f"expected a path of at most {_MAX_SOCKET_PATH} bytes")
        if self.qmp is not None or is_domain:
            way = "libvirt" if is_domain else "qmp"
            for key, given, why in (
                ("start", not self.start and not is_domain, "is started by others"),
                ("outlive", self.outlive, "outlives wlvm in any case"),
                ("gl", self.gl != "auto", "has chosen its GPU"),
                ("render_node", self.render_node is not None, "has chosen its GPU"),
            ):
                if given:
                    yield Fault((key,), None, f"expected no such key beside {way}: this QEMU {why}")
        if self.launch is not None:
            if not self.launch[0]:
                yield Fault(("launch", 0), "", "expected a program")
            try:
                add_display(self.launch, qmp_fd=0)
            except LaunchError as error:
                yield Fault(("launch",), None, str(error))
        if is_domain and (missing := libvirt.missing()):
            yield Fault(("libvirt",), self.libvirt, missing)
        if not is_domain and self.uri != LIBVIRT_SESSION:
            yield Fault(("uri",), self.uri, "expected it beside libvirt alone")
        yield from self.machine_faults()
        for index, head in _repeated([console.head for console in self.consoles]):
            yield Fault(("console", index, "head"), head, "expected each head once")


class IdleConfig(Table, frozen=True, kw_only=True):
    """What happens when nobody touches keyboard and pointer."""

    screen_off: Annotated[
        Annotated[int, Meta(ge=0, le=86_400)],
        Key(
            "a whole number from 0 to 86400",
            "Seconds until the screens are switched off; 0 is never. The next key, click or motion switches them on, and goes to the "
            "guest as always.",
        ),
    ] = 0


class CaptureConfig(Table, frozen=True, kw_only=True):
    """Who may take pictures of guests and outputs."""

    clients: Annotated[
        tuple[ProgramPath, ...] | None,
        Key(
            _PROGRAMS,
            "The Wayland clients that may capture outputs, such as `/usr/bin/grim`. Without it, all; [] is none.",
        ),
    ] = None
    control: Annotated[
        tuple[ProgramPath, ...] | None,
        Key(
            _PROGRAMS,
            "The programs that may have pictures over the control socket. Without it, all of your own; [] is none.",
        ),
    ] = None


class Config(Table, frozen=True, kw_only=True):
    """Everything that a person chose."""

    outputs: Annotated[
        tuple[OutputConfig, ...],
        Key(
            "an array of tables, [[output]]",
            "The outputs. Those that no table is for are used as the backend offers them.",
        ),
    ] = field(default=(), name="output")
    guests: Annotated[
        tuple[GuestConfig, ...],
        NamedTables(
            "a table of guests, [guest.NAME]",
            "The guests, by name: 1 to 64 of the characters a-z, 0-9, - and _.",
            pattern=GUEST_NAME,
            expected_name="a guest's name: 1 to 64 of the characters a-z, 0-9, - and _",
        ),
    ] = field(default=(), name="guest")
    desktop: Annotated[DesktopConfig, Key("a table", "How guests and windows share the screens.")] = (
        DesktopConfig()
    )
    workspaces: Annotated[
        tuple[WorkspaceConfig, ...],
        Key("an array of tables, [[workspace]]", "The workspaces. Others come and go as they are used."),
    ] = field(default=(), name="workspace")
    layouts: Annotated[
        tuple[LayoutConfig, ...],
        NamedTables(
            "a table of layouts, [layout.NAME]",
            "Layouts beside the built-in ones, by name.",
            pattern=NAME,
            expected_name="a layout's name: 1 to 64 of the characters A-Z, a-z, 0-9, - and _",
        ),
    ] = field(default=(), name="layout")
    rules: Annotated[
        tuple[RuleConfig, ...],
        Key(
            "an array of tables, [[rule]]",
            "Where views go. Of several tables for one view a later one's keys count.",
        ),
    ] = field(default=(), name="rule")
    look: Annotated[LookConfig, Key("a table", "What is drawn around views, and where there is none.")] = (
        LookConfig()
    )
    keys: Annotated[KeysConfig, Key("a table", "The keys that are wlvm's.")] = KeysConfig()
    bindings: Annotated[
        BindingTable,
        Key(_BINDINGS, "What keys do: a command, or a list of commands, by key (docs/keys.md)."),
    ] = field(default_factory=dict)
    modes: Annotated[
        dict[str, BindingTable],
        Key(
            f"a table of modes, [mode.NAME], each {_BINDINGS}",
            "What keys do in a mode, that the command `mode NAME` enters. No other key does anything then.",
        ),
    ] = field(default_factory=dict, name="mode")
    keyboard: Annotated[KeyboardConfig, Key("a table", "The keyboards of the person at the screen.")] = (
        KeyboardConfig()
    )
    input_devices: Annotated[
        tuple[InputDeviceConfig, ...],
        Key(
            "an array of tables, [[input_device]]",
            "What is set on keyboards, mice and touchpads. Those that no table is for are as libinput and `[keyboard]` have them.",
        ),
    ] = field(default=(), name="input_device")
    idle: Annotated[IdleConfig, Key("a table", "What happens when nobody touches keyboard and pointer.")] = (
        IdleConfig()
    )

    capture: Annotated[CaptureConfig, Key("a table", "Who may take pictures of guests and outputs.")] = (
        CaptureConfig()
    )

    def faults(self) -> Iterator[Fault]:
        names = [output.name for output in self.outputs]
        for index, name in _repeated(names):
            if name is not None:
                yield Fault(("output", index, "name"), name, "expected each name once")
        for index, qmp in _repeated([guest.qmp for guest in self.guests]):
            if qmp is not None:
                guest = self.guests[index]
                yield Fault(
                    ("guest", guest.name, "qmp"), str(qmp), "expected a socket of its own for each guest"
                )
        for index, domain in _repeated([(guest.uri, guest.libvirt) for guest in self.guests]):
            if domain[1] is not None:
                guest = self.guests[index]
                yield Fault(("guest", guest.name, "libvirt"), domain[1], "expected each domain once")
        known = [name for name in names if name is not None]
        for guest in self.guests:
            for index, console in enumerate(guest.consoles):
                if self.outputs and console.output is not None and console.output not in known:
                    expected = f"expected the name of an [[output]]: {', '.join(known) or 'none has one'}"
                    yield Fault(("guest", guest.name, "console", index, "output"), console.output, expected)
        for index, name in _repeated([workspace.name for workspace in self.workspaces]):
            yield Fault(("workspace", index, "name"), name, "expected each name once")
        layouts = [layout.name for layout in self.layouts]
        yield from layout_faults(self.desktop, self.workspaces, layouts)
        yield from binding_faults(self.bindings, self.modes, layouts)


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """Where the configuration comes from."""

    path: Path
    """The file that is watched; it need not be there."""
    read: Callable[[], Config]
    """Reads the whole configuration again; ConfigError when it is wrong, OSError when it cannot be read."""


def load(path: Path) -> Config:
    """The configuration in a file. ConfigError, with every problem that was found, when it cannot be used."""
    file = str(path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([Problem(file, "", "", error.strerror or str(error))]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            [Problem(file, "", "", f"expected UTF-8 text, but byte {error.start} is not")]
        ) from None
    except RecursionError:
        raise ConfigError([Problem(file, "", "", "expected fewer brackets inside each other")]) from None
    except ValueError as error:
        raise ConfigError([Problem(file, "", "", f"expected TOML: {error}")]) from None
    directory = path.absolute().parent
    reader = TableReader(file, {Mode: Mode.parse, Path: lambda text: _path(directory, text)})
    config = reader.read(Config, tables)
    if config is None:
        raise ConfigError(reader.problems)
    return config


def _path(directory: Path, text: str) -> Path:
    """A path of the file: `~` is a home, and a relative one starts at `directory`."""
    if not text or "\0" in text:
        raise ValueError("no path")
    return directory / os.path.expanduser(text)


def _repeated(values: Sequence[Value]) -> Iterator[tuple[int, Value]]:
    """Each value that was there before, with its index."""
    seen: set[Value] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)


def _color_of(name: str) -> str:
    """A colour that a guest keeps whatever other guests there are."""
    return _PALETTE[zlib.crc32(name.encode()) % len(_PALETTE)]
