"""[guest.NAME]: one guest: where its QEMU comes from, how it is typed into, and where its consoles sit."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from wlvm import libvirt
from wlvm.color import Rgb
from wlvm.config_reader import Fault, Key, Table, repeated
from wlvm.framebuffer import MAX_SIDE, Filter
from wlvm.input_config import XkbName
from wlvm.look_config import EXPECTED_COLOR, Color
from wlvm.machine_config import Argument, MachineConfig
from wlvm.output_config import POSITION, Coordinate, Line
from wlvm.qemu.launch import Gl, LaunchError, add_display
from wlvm.scaling import Fit, Scaling

#: What a guest may be called.
GUEST_NAME = r"[a-z0-9_-]{1,64}\Z"

#: Where a user's own domains are.
LIBVIRT_SESSION = "qemu:///session"

#: The kernel's limit for the path of a socket (sockaddr_un.sun_path with its final zero).
_MAX_SOCKET_PATH = 107

#: Colours that tell guests apart beside each other (the Tango palette's), for those that are given none.
_PALETTE = ("#3465a4", "#4e9a06", "#c17d11", "#75507b", "#cc0000", "#c4a000", "#f57900", "#06989a")

Side = Annotated[int, Meta(ge=1, le=MAX_SIDE)]


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
        Key(POSITION, "The console's top left corner on the output, in logical pixels."),
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
        for index, head in repeated([console.head for console in self.consoles]):
            yield Fault(("console", index, "head"), head, "expected each head once")


def _color_of(name: str) -> str:
    """A colour that a guest keeps whatever other guests there are."""
    return _PALETTE[zlib.crc32(name.encode()) % len(_PALETTE)]
