"""The words of the control protocol: what its lines carry, for the server and for clients alike. docs/control.md tells the whole of it.

Sizes are in pixels. Every struct here is one JSON object with the struct's fields as keys.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec

#: The version of the protocol; it changes when a client of the old one would no longer be right.
PROTOCOL = 1

#: The longest request, in bytes.
MAX_LINE = 1 << 20

ErrorCode = Literal["failed", "invalid", "not-found", "denied"]


class ControlError(Exception):
    """A command cannot be done. The text says why; `code` tells programs whether the request made no sense (`invalid`), named what
    is `not-found`, asked for what the configuration does not allow (`denied`), or simply `failed`.
    """

    def __init__(self, text: str, code: ErrorCode = "failed") -> None:
        super().__init__(text)
        self.code: ErrorCode = code


class NotRunningError(ControlError):
    """There is no wlvm to ask."""


class Greeting(msgspec.Struct, frozen=True):
    """The first line from the server: wlvm's version, and the protocol's."""

    wlvm: str
    protocol: int


class Request(msgspec.Struct, frozen=True):
    """A line from the client. The reply carries the same `id`."""

    command: str
    id: int | str | None = None
    arguments: dict[str, Any] = {}

    def parse(self, arguments: type[Arguments]) -> Arguments:
        """The arguments as this struct; ControlError for others."""
        try:
            return msgspec.convert(self.arguments, arguments)
        except msgspec.ValidationError as error:
            raise ControlError(f"{self.command}: {error}", "invalid") from None


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line from the server: either a `result` or an `error`. `fds` file descriptors come with its first byte."""

    id: int | str | None
    result: msgspec.Raw = msgspec.Raw()
    error: str | None = None
    code: ErrorCode | None = None
    fds: int = 0


# Arguments, by command.


class NoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`list`, `views`, `workspaces`, `outputs`, `stats`, `inputs`, `about`, `trace` and `quit` take none."""


class AttachArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`attach`: the whole path of QEMU's QMP socket."""

    qmp: str


class DetachArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`detach`: the guest's name."""

    guest: str


class FrameArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`frame`: a guest's name, and the number of one of its consoles.

    `dmabuf` asks for the guest's own memory in place of a copy; `allow_copy` takes a dma-buf of a copy where there is no better one.
    """

    guest: str
    console: int = 0
    dmabuf: bool = False
    allow_copy: bool = False


class ScreenshotArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`screenshot`: an output's name; null is the first output."""

    output: str | None = None


class TypeArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`type`: a guest's name, and the text that is typed into it."""

    guest: str
    text: str


class CommandArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`command`: what to do, one after the other, in the words of docs/keys.md."""

    commands: tuple[str, ...]


#: What `subscribe` tells about.
Kind = Literal["guest", "output", "workspace", "view", "focus", "keyboard", "session", "config"]


#: What became of a guest, an output, a workspace or a view.
Change = Literal["new", "changed", "gone"]


class SubscribeArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`subscribe`: what to be told about; nothing is everything."""

    kinds: tuple[Kind, ...] = ()


Arguments = TypeVar("Arguments", bound=msgspec.Struct)


# Results, by command. `command`, `detach` and `quit` answer with an empty object.


class ConsoleListing(msgspec.Struct, frozen=True):
    """One console: its size in guest pixels, and its place on an output (null: on none) in logical pixels."""

    index: int
    width: int
    height: int
    output: str | None
    x: int
    y: int


class GuestListing(msgspec.Struct, frozen=True):
    """One guest: the `label` and the `color` ("#rrggbb") that it is known by; what it is doing (`state`), and why where it is not well
    (`reason`).
    """

    name: str
    label: str
    color: str
    state: str
    reason: str
    consoles: tuple[ConsoleListing, ...]


class SnapshotsArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    guest: str


class SnapshotListing(msgspec.Struct, frozen=True):
    """A snapshot of a machine: when it was `made`, in seconds since 1970, and how many bytes its `memory` takes."""

    name: str
    made: int
    memory: int


class Snapshots(msgspec.Struct, frozen=True):
    """The result of `snapshots`."""

    snapshots: tuple[SnapshotListing, ...]


class Listing(msgspec.Struct, frozen=True):
    """The result of `list`."""

    guests: tuple[GuestListing, ...]


class ViewListing(msgspec.Struct, frozen=True):
    """One view: a `console` of a `guest`, or a window of a host program, which has an `app_id` and a `title` of its client's choice.

    `id` is never given again. x, y, width and height are those of its content, in layout coordinates: logical pixels, in which outputs lie beside
    each other. `output` is null, and the place empty, while no output is there. `visible` says that its workspace is shown and nothing in full
    screen covers it, nor another tab; `parent` is the view that it is a dialog of. A window whose program does not answer is `unresponsive`; how a
    guest is, its own listing says.
    """

    id: int
    guest: str | None
    console: int | None
    app_id: str | None
    title: str | None
    workspace: str
    output: str | None
    x: int
    y: int
    width: int
    height: int
    visible: bool
    focused: bool
    floating: bool
    fullscreen: bool
    parent: int | None
    unresponsive: bool


class Views(msgspec.Struct, frozen=True):
    """The result of `views`."""

    views: tuple[ViewListing, ...]


class WorkspaceListing(msgspec.Struct, frozen=True):
    """One workspace: its place among all, from 0 (`index`), the `output` that it is on (null: there is none), whether it is shown there
    (`visible`), whether the focus is on it (`focused`), the name of its `layout`, and its `views` by their ids: tiled ones in their order, then
    floating ones.
    """

    name: str
    index: int
    output: str | None
    visible: bool
    focused: bool
    layout: str
    views: tuple[int, ...]


class Workspaces(msgspec.Struct, frozen=True):
    """The result of `workspaces`."""

    workspaces: tuple[WorkspaceListing, ...]


class OutputListing(msgspec.Struct, frozen=True):
    """One output: its place in layout coordinates, and its mode: `pixels` (width and height) and `refresh` in Hz (0: it has none). `on` is false
    while the screen is dark. `workspace` is the one that it shows, and `focused` whether the focus is there.
    """

    name: str
    description: str
    on: bool
    x: int
    y: int
    width: int
    height: int
    scale: float
    transform: str
    pixels: tuple[int, int]
    refresh: float
    workspace: str | None
    focused: bool


class Outputs(msgspec.Struct, frozen=True):
    """The result of `outputs`."""

    outputs: tuple[OutputListing, ...]


class Subscribed(msgspec.Struct, frozen=True):
    """The result of `subscribe`: what events will tell about. They follow, each an Event."""

    kinds: tuple[Kind, ...]


class Focus(msgspec.Struct, frozen=True):
    """Where the focus is: an output, its workspace, and the id of a view; null where there is none."""

    output: str | None
    workspace: str | None
    view: int | None


class KeyboardState(msgspec.Struct, frozen=True):
    """Which bindings hold (`mode`), and the id of the view that has grabbed keyboard and pointer, null for none."""

    mode: str
    grabbed_by: int | None


class SessionState(msgspec.Struct, frozen=True):
    """Whether the session is `locked`, and whether the screens are dark because nobody touched anything (`idle`)."""

    locked: bool
    idle: bool


class ConfigState(msgspec.Struct, frozen=True):
    """How often the configuration was read again (`reloads`), and why what it says now is not in force (`error`, empty: it is)."""

    reloads: int
    error: str


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything at once, as far as it was asked for."""

    guests: tuple[GuestListing, ...] | None = None
    outputs: tuple[OutputListing, ...] | None = None
    workspaces: tuple[WorkspaceListing, ...] | None = None
    views: tuple[ViewListing, ...] | None = None
    focus: Focus | None = None
    keyboard: KeyboardState | None = None
    session: SessionState | None = None
    config: ConfigState | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line to whoever has subscribed: what it is about (`event`), and as it is now under the key of the same name.

    The first is the whole `state`. Guests, outputs, workspaces and views are `new`, `changed` or `gone` (then as they were last).
    """

    event: Literal["state"] | Kind
    change: Change | None = None
    state: State | None = None
    guest: GuestListing | None = None
    output: OutputListing | None = None
    workspace: WorkspaceListing | None = None
    view: ViewListing | None = None
    focus: Focus | None = None
    keyboard: KeyboardState | None = None
    session: SessionState | None = None
    config: ConfigState | None = None


class Latency(msgspec.Struct, frozen=True):
    """How long the latest changes took from their arrival to the presentation of the frame that shows them, in milliseconds."""

    p50: float
    p99: float
    max: float


class ConsoleStats(msgspec.Struct, frozen=True):
    """One console: how its pixels reach the screen (`path`, empty for not at all) and why by no better way (`fallback`), the `updates` that
    QEMU announced, the `frames` that showed some, the bytes of its pixels that wlvm itself copied for that, and how late the frames were (null
    before the first). `resize` is whether the guest has the size of its place, "off", "waiting", "follows", "ignored" or "refused", and
    `asked` the width and height that it was asked for (null for none).
    """

    index: int
    path: str
    fallback: str
    updates: int
    frames: int
    copied_bytes: int
    latency_ms: Latency | None
    resize: str
    asked: tuple[int, int] | None


class GuestStats(msgspec.Struct, frozen=True):
    name: str
    consoles: tuple[ConsoleStats, ...]


class OutputStats(msgspec.Struct, frozen=True):
    """One output, the `frames` it showed, and how many of these were a guest's buffer as it is (`scanouts`)."""

    name: str
    frames: int
    scanouts: int


class Stats(msgspec.Struct, frozen=True):
    """The result of `stats`, counted since the start."""

    guests: tuple[GuestStats, ...]
    outputs: tuple[OutputStats, ...]


class Tracing(msgspec.Struct, frozen=True):
    """The result of `trace`: that the process `pid` records. What it has recorded follows, line by line, each a `wlvm.trace.Recorded`."""

    pid: int


class MachineAbout(msgspec.Struct, frozen=True):
    """A guest, by `name`: what `runs` it ("QEMU 10.0.2", empty while it is not connected), and the process at the other end of its QMP
    socket (null: not known).
    """

    name: str
    runs: str
    pid: int | None


class About(msgspec.Struct, frozen=True):
    """The result of `about`: wlvm's process, its `version`, the `backend` its outputs are on, and the `renderer` that draws and why it does, with
    the GPU's name (`renderer_reason`).
    """

    version: str
    pid: int
    backend: str
    renderer: str
    renderer_reason: str
    guests: tuple[MachineAbout, ...]


class InputListing(msgspec.Struct, frozen=True):
    """One input device: its name, what it is, and its vendor and product; each setting that it has, by its key of `[[input_device]]`."""

    name: str
    kind: str
    id: str
    settings: dict[str, bool | int | float | str]


class Inputs(msgspec.Struct, frozen=True):
    """The result of `inputs`."""

    inputs: tuple[InputListing, ...]


class Attached(msgspec.Struct, frozen=True):
    """The result of `attach`: what the guest is called here."""

    name: str


class Image(msgspec.Struct, frozen=True):
    """The result of `frame` and `screenshot`: `height` rows of `width` pixels, `stride` bytes apart, in the memory behind the one file
    descriptor that comes with it. `fourcc` is the four characters of a DRM format.
    """

    width: int
    height: int
    stride: int
    fourcc: str


class DmabufPlane(msgspec.Struct, frozen=True):
    """One plane of a dma-buf: where it begins, and how far apart its rows are, in bytes."""

    offset: int
    stride: int


class DmabufImage(msgspec.Struct, frozen=True):
    """The result of `frame` with `dmabuf`: what lies in the dma-bufs behind the file descriptors that come with it, one for each plane.

    `width` and `height` are the buffer's, `visible` is the part of it that the guest shows (x, y, width, height), all in pixels. With
    `y_inverted` the first row in memory is the bottom of the picture. `modifier` is a hexadecimal number, `fourcc` the four characters of a
    DRM format. `copied` says that it is a copy of the moment, and `reason` why.
    """

    width: int
    height: int
    fourcc: str
    modifier: str
    visible: tuple[int, int, int, int]
    y_inverted: bool
    planes: tuple[DmabufPlane, ...]
    copied: bool
    reason: str
