"""What a running wlvm told, as tables for a person to read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wlvm.ipc.messages import (
    About,
    ConsoleStats,
    Inputs,
    Listing,
    OutputListing,
    Outputs,
    Snapshots,
    Stats,
    ViewListing,
    Views,
    Workspaces,
)
from wlvm.qemu.text import readable

if TYPE_CHECKING:
    from wlvm.frame_stages import Summary


def listing(result: Listing) -> str:
    """The guests and their consoles; below them, why those that are not well are not."""
    if not result.guests:
        return "no guests"
    rows = []
    for guest in result.guests:
        who = (guest.name, guest.state)
        if not guest.consoles:
            rows.append((*who, "-", "-", "-", "-"))
        for console in guest.consoles:
            size = f"{console.width}x{console.height}" if console.width and console.height else "-"
            position = f"{console.x},{console.y}" if console.output is not None else "-"
            rows.append((*who, str(console.index), size, console.output or "-", position))
    reasons = [f"{guest.name}: {guest.reason}" for guest in result.guests if guest.reason]
    return _sections(
        aligned(("GUEST", "STATE", "CONSOLE", "SIZE", "OUTPUT", "POSITION"), rows), "\n".join(reasons)
    )


def snapshots(result: Snapshots) -> str:
    """The snapshots, with the local time of each."""
    if not result.snapshots:
        return "no snapshots"
    rows = [
        (
            snapshot.name,
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(snapshot.made)),
            _megabytes(snapshot.memory),
        )
        for snapshot in result.snapshots
    ]
    return aligned(("NAME", "MADE", "MEMORY"), rows)


def stats(result: Stats) -> str:
    """The consoles' and the outputs' counts; below them, why a console's pixels take no better way."""
    consoles = [
        (
            guest.name,
            str(console.index),
            console.path or "-",
            str(console.updates),
            str(console.frames),
            _megabytes(console.copied_bytes),
            *_latency(console),
            _resize(console),
        )
        for guest in result.guests
        for console in guest.consoles
    ]
    outputs = [(output.name, str(output.frames), str(output.scanouts)) for output in result.outputs]
    reasons = [
        f"{guest.name} {console.index}: {console.fallback}"
        for guest in result.guests
        for console in guest.consoles
        if console.fallback
    ]
    heads = (
        "GUEST",
        "CONSOLE",
        "PATH",
        "UPDATES",
        "FRAMES",
        "COPIED MB",
        "P50 MS",
        "P99 MS",
        "MAX MS",
        "RESIZE",
    )
    return _sections(
        aligned(heads, consoles), "\n".join(reasons), aligned(("OUTPUT", "FRAMES", "SCANNED OUT"), outputs)
    )


def about(result: About) -> str:
    """What wlvm runs on, and its guests."""
    lines = (
        f"wlvm {result.version}, process {result.pid}, on the {result.backend} backend",
        f"drawn with {result.renderer}: {readable(result.renderer_reason)}",
    )
    rows = [
        (guest.name, guest.runs or "-", "-" if guest.pid is None else str(guest.pid))
        for guest in result.guests
    ]
    return _sections("\n".join(lines), aligned(("GUEST", "RUN BY", "PROCESS"), rows) if rows else "no guests")


def trace(result: Summary) -> str:
    """Each console's frames, stage by stage, and what was not presented."""
    sections = []
    for console in result.consoles:
        rows = [
            (name, *(f"{value:.3f}" for value in (each.p50, each.p95, each.p99, each.max)), str(each.frames))
            for name, each in console.stages.items()
        ]
        who = f"{console.guest} {console.console}: {console.presented} of {console.frames} frames were presented"
        notes = [f"{count} were not: {why}" for why, count in console.unpresented.items()]
        if console.shared:
            notes.insert(0, f"{console.shared} together with a newer one")
        if console.answered_early:
            notes.append(f"QEMU was answered early for {console.answered_early}")
        table = aligned(("STAGE", "P50 MS", "P95 MS", "P99 MS", "MAX MS", "FRAMES"), rows)
        sections.append("; ".join((who, *notes)) + f"\n\n{table}")
    if not sections:
        sections.append("no guest has changed its picture")
    if result.dropped:
        sections.append(
            f"{result.dropped} more were recorded than this program could read, and are not counted"
        )
    return _sections(*sections)


def inputs(result: Inputs) -> str:
    """The input devices, and below each what is set on it, as the configuration would say it."""
    if not result.inputs:
        return "no input devices"
    rows = []
    for device in result.inputs:
        who = (device.name, device.kind, device.id)
        lines = [(key, json.dumps(value, ensure_ascii=False)) for key, value in device.settings.items()]
        for line in lines or [("-", "-")]:
            rows.append((*who, *line))
            who = ("", "", "")
    return aligned(("INPUT", "KIND", "ID", "SETTING", "VALUE"), rows)


def views(result: Views) -> str:
    """The views, those of one workspace together."""
    if not result.views:
        return "no views"
    rows = [
        (
            str(view.id),
            view.workspace,
            _name(view),
            _box(view) if view.output is not None else "-",
            ", ".join(_states(view)) or "-",
        )
        for view in sorted(result.views, key=lambda view: view.workspace)
    ]
    return aligned(("ID", "WORKSPACE", "VIEW", "PLACE", "STATE"), rows)


def workspaces(result: Workspaces) -> str:
    """The workspaces in their order."""
    rows = [
        (
            workspace.name,
            workspace.output or "-",
            workspace.layout,
            str(len(workspace.views)),
            "focused" if workspace.focused else "shown" if workspace.visible else "-",
        )
        for workspace in result.workspaces
    ]
    return aligned(("WORKSPACE", "OUTPUT", "LAYOUT", "VIEWS", "STATE"), rows) if rows else "no workspaces"


def outputs(result: Outputs) -> str:
    """The outputs, from left to right."""
    rows = [
        (
            output.name,
            readable(output.description) or "-",
            f"{output.pixels[0]}x{output.pixels[1]}@{output.refresh:g}",
            f"{output.scale:g}",
            output.transform,
            _box(output),
            output.workspace or "-",
            "focused" if output.focused else "on" if output.on else "off",
        )
        for output in sorted(result.outputs, key=lambda output: (output.x, output.y))
    ]
    heads = ("OUTPUT", "DESCRIPTION", "MODE", "SCALE", "TRANSFORM", "PLACE", "WORKSPACE", "STATE")
    return aligned(heads, rows) if rows else "no outputs"


def _name(view: ViewListing) -> str:
    """What a view is, in the words of its client where it is a program's."""
    if view.guest is not None:
        return view.guest if not view.console else f"{view.guest}:{view.console}"
    return readable(f"{view.app_id or '-'}: {view.title}" if view.title else view.app_id or "-")


def _states(view: ViewListing) -> Iterator[str]:
    for name in ("focused", "visible", "floating", "fullscreen", "unresponsive"):
        if getattr(view, name):
            yield name


def _box(of: ViewListing | OutputListing) -> str:
    return f"{of.width}x{of.height}+{of.x}+{of.y}"


def _megabytes(count: int) -> str:
    """Any byte shows: only what was never copied is "0"."""
    return f"{count / 1e6:.1f}" if count else "0"


def _latency(console: ConsoleStats) -> tuple[str, str, str]:
    if console.latency_ms is None:
        return "-", "-", "-"
    latency = console.latency_ms
    return f"{latency.p50:.1f}", f"{latency.p99:.1f}", f"{latency.max:.1f}"


def _resize(console: ConsoleStats) -> str:
    """Whether the guest has the size of its place, and which that is."""
    return (
        console.resize if console.asked is None else f"{console.resize} {console.asked[0]}x{console.asked[1]}"
    )


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines with each column as wide as its widest cell, without spaces at the end."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (heads, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)


def _sections(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
