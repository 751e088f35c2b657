"""What `wlvm bench` saw, for a person to read: the numbers, and what they do not say."""

from __future__ import annotations

from collections.abc import Iterator

from wlvm import tables
from wlvm.frame_stages import WHOLE, ConsoleSummary, Summary
from wlvm.live_bench import Usage, Watched
from wlvm.qemu.text import readable

#: What makes a guest draw as fast as it can.
_TRY = "play a video in the guest, or run glxgears there"


def text(seen: Watched) -> str:
    """All of it."""
    sections = ["\n".join(_what(seen)), _numbers(seen)]
    if seen.frames is not None:
        sections += [tables.trace(Summary((seen.frames,), seen.dropped)), _in_refreshes(seen, seen.frames)]
    sections += ["\n".join(_keys(seen)), "\n".join(_conclusions(seen)), "\n".join(_unknown(seen))]
    return "\n\n".join(section for section in sections if section)


def beginning(seconds: float) -> str:
    """What the person is to do meanwhile."""
    return f"Watching for {seconds:g} seconds: {_TRY}; or let it stand still, to see what wlvm takes then."


def _what(seen: Watched) -> Iterator[str]:
    about = seen.about
    yield f"wlvm {about.version}, on the {about.backend} backend"
    yield f"drawn with {about.renderer}: {readable(about.renderer_reason)}"
    width, height = seen.pixels
    refresh = f"{seen.refresh:g} Hz" if seen.refresh else "no refresh of its own"
    yield f"output {seen.output}: {width}x{height}, {refresh}"
    how = (seen.state, *filter(None, (seen.runs,)), seen.path or "no picture")
    yield f"guest {seen.guest}, console {seen.console}: {', '.join(how)}"
    if seen.fallback:
        yield f"  {seen.fallback}"


def _numbers(seen: Watched) -> str:
    counts = seen.counts
    rows = [
        ("the guest's updates", f"{counts.updates:.1f}/s"),
        ("frames that showed some", f"{counts.frames:.1f}/s"),
        ("frames of the output", f"{counts.output_frames:.1f}/s"),
        ("of these the guest's buffer as it is", f"{counts.scanouts:.1f}/s"),
        ("frames of other guests' consoles", f"{counts.other_frames:.1f}/s"),
        ("pixels that wlvm copied", f"{counts.copied:.1f} MB/s"),
        *_usage("wlvm", seen.wlvm),
        *(_usage("QEMU", seen.qemu) if seen.qemu is not None else ()),
    ]
    return tables.aligned((f"COUNTED FOR {counts.seconds:.1f} S", ""), rows)


def _usage(who: str, usage: Usage) -> Iterator[tuple[str, str]]:
    if usage.cpu_ms_per_second is not None:
        yield f"{who}'s processor time", f"{usage.cpu_ms_per_second:.2f} ms/s"
    if usage.cpu_ms_per_frame is not None:
        yield f"{who}'s processor time for a frame", f"{usage.cpu_ms_per_frame:.2f} ms"
    if usage.wakeups_per_second is not None:
        yield f"{who} was woken", f"{usage.wakeups_per_second:.1f}/s"
    if usage.memory_mb is not None:
        yield f"{who}'s memory (PSS)", f"{usage.memory_mb:.1f} MB"


def _in_refreshes(seen: Watched, frames: ConsoleSummary) -> str:
    whole = frames.stages.get(WHOLE)
    if whole is None or not seen.refresh:
        return ""
    refresh = 1000 / seen.refresh
    p50, p95, p99 = (f"{value / refresh:.2f}" for value in (whole.p50, whole.p95, whole.p99))
    return f"{WHOLE}, in refreshes of {refresh:.1f} ms: {p50} (p50), {p95} (p95), {p99} (p99)"


def _keys(seen: Watched) -> Iterator[str]:
    keys = seen.keys
    if (spread := keys.to_picture) is not None:
        yield (
            f"key to picture, {spread.frames} keys: p50 {spread.p50:.1f} ms, p95 {spread.p95:.1f} ms, "
            f"p99 {spread.p99:.1f} ms, most {spread.max:.1f} ms"
        )
    if keys.unanswered:
        yield f"no picture followed {keys.unanswered} keys within half a second"
    if keys.unclear:
        yield f"the guest drew anyway when {keys.unclear} keys were pressed: what followed may not be their answer"


def _conclusions(seen: Watched) -> Iterator[str]:
    if seen.stood_still:
        yield "The guest stood still while it was counted: so much does wlvm take while this guest does nothing."
    else:
        yield "The guest drew. What wlvm takes while it does nothing shows when it stands still."
    if seen.frames is None:
        yield f"Of frames this says nothing: {_TRY}, and bench again."
    if seen.counts.other_frames:
        yield "Other consoles drew too: wlvm's processor time and wake-ups are for all, and a frame's share is of all their frames."


def _unknown(seen: Watched) -> Iterator[str]:
    """What the numbers are not."""
    yield "What this does not say:"
    yield "- how old a picture was when QEMU told of it; how many pictures the guest drew, of which QEMU tells in one update or several"
    if seen.about.backend == "drm":
        yield "- what the screen itself takes: presented is when the card began to send the frame"
    elif seen.about.backend == "headless":
        yield "- anything of a screen: there is none, and what is committed counts as presented"
    else:
        yield "- what the compositor or X server around wlvm takes, but as far as it says when a frame was presented"
    if seen.about.renderer != "pixman":
        yield "- how long the GPU draws: draw ends when it has its commands, and what it takes then is in present"
    if seen.qemu is not None:
        yield "- how much of QEMU's processor time is the display's: the guest's own work is in it"
    else:
        yield "- what QEMU takes: nobody says which process it is"
    yield "- what else runs on this machine, which all of this shares it with"
