"""What the control socket's commands do. docs/control.md tells the protocol."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wlvm import __version__, direct_scanout, state
from wlvm.capture import guest_refusal
from wlvm.desktop.command import Command as DesktopCommand
from wlvm.desktop.command import CommandError
from wlvm.desktop.command_text import parse
from wlvm.desktop.output import Output
from wlvm.frame import Frame
from wlvm.framebuffer import XRGB8888
from wlvm.guest import Guest
from wlvm.guest_surface import GuestSurface
from wlvm.ipc.connection import Command, Deferred, Result, Stream, WithFds
from wlvm.ipc.image import copy_to_dmabuf, describe_dmabuf, duplicate_planes
from wlvm.ipc.messages import (
    About,
    AttachArguments,
    Attached,
    CommandArguments,
    ConsoleStats,
    ControlError,
    DetachArguments,
    FrameArguments,
    GuestStats,
    InputListing,
    Inputs,
    Latency,
    Listing,
    MachineAbout,
    NoArguments,
    Outputs,
    OutputStats,
    Request,
    ScreenshotArguments,
    SnapshotListing,
    Snapshots,
    SnapshotsArguments,
    Stats,
    SubscribeArguments,
    TypeArguments,
    Views,
    Workspaces,
)
from wlvm.picture import Picture
from wlvm.qemu.disks import Snapshot
from wlvm.udmabuf import DEVICE
from wlvm.vm.vm import PowerError
from wlvm.wlr.output import OutputError

if TYPE_CHECKING:
    from wlvm.server import Server

Answer = TypeVar("Answer", Result, Stream)


def commands_of(server: Server) -> Mapping[str, Command]:
    """The commands that a server obeys, by name."""
    return {
        "list": lambda request: _without_arguments(request, lambda: Listing(state.guests(server))),
        "views": lambda request: _without_arguments(request, lambda: Views(state.views(server))),
        "workspaces": lambda request: _without_arguments(
            request, lambda: Workspaces(state.workspaces(server))
        ),
        "outputs": lambda request: _without_arguments(request, lambda: Outputs(state.outputs(server))),
        "stats": lambda request: _without_arguments(request, lambda: stats(server)),
        "inputs": lambda request: _without_arguments(request, lambda: inputs(server)),
        "about": lambda request: _without_arguments(request, lambda: about(server)),
        "trace": lambda request: _without_arguments(request, server.trace_feed.record),
        "quit": lambda request: _without_arguments(request, lambda: _quit(server)),
        "command": lambda request: run_commands(server.runner.do, request.parse(CommandArguments).commands),
        "type": lambda request: _type(server, request.parse(TypeArguments)),
        "subscribe": lambda request: server.feed.subscribe(request.parse(SubscribeArguments).kinds),
        "attach": lambda request: _attach(server, request.parse(AttachArguments)),
        "detach": lambda request: _detach(server, request.parse(DetachArguments)),
        "snapshots": lambda request: _snapshots(_guest(server, request.parse(SnapshotsArguments).guest)),
        "frame": lambda request: _frame(server, request.parse(FrameArguments)),
        "screenshot": lambda request: screenshot(server, request.parse(ScreenshotArguments).output),
    }


def stats(server: Server) -> Stats:
    """What was counted and measured since the start."""
    guests = tuple(
        GuestStats(
            guest.name,
            tuple(_console_stats(server, *item) for item in sorted(guest.surfaces.items())),
        )
        for guest in server.guests.values()
    )
    outputs = (OutputStats(output.name, output.frames, output.scanouts) for output in server.outputs.values())
    return Stats(guests, tuple(outputs))


def inputs(server: Server) -> Inputs:
    """The input devices, and what is set on them."""
    return Inputs(
        tuple(
            InputListing(device.name, device.kind, device.id, device.settings())
            for device in server.input_devices
        )
    )


def about(server: Server) -> About:
    """What wlvm and its guests are, and run on."""
    backend = server.wayland.backend
    choice = backend.renderer_choice
    guests = (MachineAbout(guest.name, guest.runner, guest.pid) for guest in server.guests.values())
    return About(__version__, os.getpid(), backend.kind, choice.name, choice.reason, tuple(guests))


def screenshot(server: Server, name: str | None) -> Deferred:
    """The next frame of an output (None: the first), which is drawn for it."""
    if name is None and not server.outputs:
        raise ControlError("there is no output")
    output = server.outputs.get(name) if name is not None else next(iter(server.outputs.values()))
    if output is None:
        raise ControlError(f"no output {name}: there are {', '.join(server.outputs) or 'none'}", "not-found")
    deferred = Deferred()

    def captured(result: bytearray | OutputError) -> None:
        if isinstance(result, OutputError):
            deferred.resolve(ControlError(str(result)))
        elif refusal := server.guest_set.capture_refusal(output):
            deferred.resolve(ControlError(refusal, "denied"))
        else:
            # The size of the frame that was drawn: the output may have been resized since the request.
            frame = Frame(*output.wlr.size, XRGB8888, result)
            deferred.resolve(frame.upright(output.wlr.transform))

    output.capture(captured)
    return deferred


def _without_arguments(request: Request, command: Callable[[], Answer]) -> Answer:
    request.parse(NoArguments)
    return command()


def _console_stats(server: Server, index: int, surface: GuestSurface) -> ConsoleStats:
    path, fallback = _path(surface, server.outputs.get(surface.output))
    latency = surface.presentation.latencies.milliseconds()
    return ConsoleStats(
        index,
        path,
        fallback,
        surface.updates,
        surface.presentation.frames,
        surface.copied,
        None if latency is None else Latency(**latency),
        surface.size.following.value,
        surface.size.asked,
    )


def _path(surface: GuestSurface, output: Output | None) -> tuple[str, str]:
    """How a console's pixels reach the screen, and why by no better way, or not at once."""
    picture = surface.picture
    if picture is None:
        return "", surface.delay
    reasons = [surface.delay]
    path = picture.path
    if output is not None and direct_scanout.is_scanned_out(surface, output):
        path = direct_scanout.PATH
    else:
        reasons.append(picture.fallback)
        if output is not None and picture.dmabuf() is not None:
            reasons.append(f"no direct scanout: {direct_scanout.why_not(surface, output)}")
    return path, "; ".join(reason for reason in reasons if reason)


def _snapshots(guest: Guest) -> Deferred:
    deferred = Deferred()

    def told(found: Sequence[Snapshot] | str) -> None:
        if isinstance(found, str):
            deferred.resolve(ControlError(f"{guest.name}: {found}"))
        else:
            listed = (SnapshotListing(each.name, each.made, each.memory) for each in found)
            deferred.resolve(Snapshots(tuple(listed)))

    try:
        guest.disks.snapshots(told)
    except PowerError as error:
        raise ControlError(str(error)) from None
    return deferred


def _attach(server: Server, arguments: AttachArguments) -> Attached:
    path = Path(arguments.qmp)
    if not path.is_absolute():
        raise ControlError(f"{path}: expected the whole path of the socket", "invalid")
    for guest in server.guests.values():
        if guest.config.qmp == path:
            raise ControlError(f"{path} is attached already, as {guest.name}")
    return Attached(server.guest_set.attach(path).name)


def _detach(server: Server, arguments: DetachArguments) -> dict[str, object]:
    _guest(server, arguments.guest)
    server.guest_set.remove(arguments.guest)
    return {}


def _type(server: Server, arguments: TypeArguments) -> Deferred:
    """Type a text into a guest, for as long as the client waits for it."""
    guest = _guest(server, arguments.guest)
    deferred = Deferred(lambda: server.typing.stop("the program that had it typed is gone", guest))

    def ended(reason: str) -> None:
        deferred.resolve(ControlError(f"not all was typed: {reason}") if reason else {"characters": count})

    try:
        count = server.typing.type(guest, arguments.text, ended)
    except CommandError as error:
        raise ControlError(str(error)) from None
    return deferred


def run_commands(do: Callable[[DesktopCommand], None], texts: Sequence[str]) -> dict[str, object]:
    """Do commands, up to the first that cannot be done now; none at all where one is no command."""
    try:
        commands = [parse(text) for text in texts]
    except CommandError as error:
        raise ControlError(str(error), "invalid") from None
    for command in commands:
        try:
            do(command)
        except CommandError as error:
            raise ControlError(str(error)) from None
    return {}


def _quit(server: Server) -> dict[str, object]:
    server.stop()
    return {}


def _frame(server: Server, arguments: FrameArguments) -> Frame | WithFds:
    if arguments.allow_copy and not arguments.dmabuf:
        raise ControlError("frame: allow_copy is for dmabuf: without it there is always a copy", "invalid")
    guest = _guest(server, arguments.guest)
    if refusal := guest_refusal(guest.config):
        raise ControlError(refusal, "denied")
    surface = guest.surfaces.get(arguments.console)
    if surface is None:
        raise ControlError(f"{guest.name} has no console {arguments.console}", "not-found")
    if surface.picture is None:
        raise ControlError(
            f"{guest.name} shows no picture: it is {guest.state.value}. {guest.reason}".rstrip()
        )
    if arguments.dmabuf:
        return _dmabuf(guest.name, surface.picture, arguments.allow_copy)
    frame = surface.picture.frame()
    if frame is None:
        raise ControlError(f"{guest.name}'s picture is where the CPU cannot read it")
    return frame


def _dmabuf(guest: str, picture: Picture, allow_copy: bool) -> WithFds:
    """The dma-buf that a picture lies in, or else, where that is allowed, one with a copy."""
    descriptor = picture.dmabuf()
    if descriptor is not None:
        try:
            fds = duplicate_planes(descriptor)
        except OSError as error:
            raise ControlError(f"{guest}'s dma-buf cannot be sent: {error.strerror}") from None
        return WithFds(describe_dmabuf(descriptor, copied=False, reason=""), fds)
    reason = f"{guest}'s picture is {picture.path}, not a dma-buf: {picture.fallback}"
    if not allow_copy:
        raise ControlError(f"{reason}. A copy of its pixels is to be had")
    frame = picture.frame()
    assert frame is not None, "what is no dma-buf is memory of wlvm's own"
    try:
        copy = copy_to_dmabuf(frame)
    except OSError as error:
        raise ControlError(
            f"{reason}; and no dma-buf can be made of a copy: {error.filename or DEVICE}: {error.strerror}"
        ) from None
    return WithFds(describe_dmabuf(copy, copied=True, reason=reason), [plane.fd for plane in copy.planes])


def _guest(server: Server, name: str) -> Guest:
    try:
        return server.guests[name]
    except KeyError:
        raise ControlError(
            f"no guest {name}: there are {', '.join(server.guests) or 'none'}", "not-found"
        ) from None
