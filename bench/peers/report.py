"""`python -m bench.peers.report [JSON]`: docs/comparison.md and its plots, from what was measured."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from bench import document
from bench.machine import told
from bench.peers import crowd_tables, plots, short, summary
from bench.peers.loads import BUSY, LOADS, STILL, load_name
from bench.peers.records import Report
from bench.results import Row, table

_ROOT = Path(__file__).parents[2]

#: What is measured last and committed, and what is made of it.
RECORDED = _ROOT / "bench" / "recorded" / "peers.json"

#: Of the histograms, in milliseconds: how wide a bar is, and the last one's end.
_BIN, _END = 2.0, 140.0

#: Pictures of what guests beside each other take: the file's name, what it shows, in which unit, and where that comes from.
_BY_GUESTS = (
    ("guests-time", "Processor time of all but the guests", "ms a second", crowd_tables.processor_time),
    ("guests-memory", "Memory of all but the guests", "MiB", crowd_tables.memory),
)

_DAMAGE = {"full": "whole frames", "patch": "small damage"}
#: The processes that have a colour of their own; all others are viewers.
_KINDS = ("QEMU", "wlvm", "sway", "Xwayland")


def main() -> None:
    """Write the document and the pictures."""
    recorded = Path(sys.argv[1]) if sys.argv[1:] else RECORDED
    report = msgspec.json.decode(recorded.read_bytes(), type=Report)
    document.write(files(report))


def files(report: Report) -> dict[str, str]:
    """The texts by their names in docs/."""
    busy = load_name(*BUSY)
    latencies = {
        title: {
            f"guest {state}" if state == STILL else f"guest draws, {state}/s": summary.pooled_keys(
                report, name, state
            )
            for state in (STILL, busy)
        }
        for name, title in report.paths.items()
    }
    found = {
        "comparison.md": _document(report),
        "comparison/latency.svg": plots.histograms(
            f"From a key to the changed pixel (the last bar: {_END:g} ms and more)",
            "ms",
            latencies,
            _BIN,
            _END,
        ),
    }
    for damage in LOADS:
        costs = {
            title: _grouped(summary.cost_per_frame(report, name, load_name(damage, BUSY[1])))
            for name, title in report.paths.items()
        }
        found[f"comparison/cost-{damage}.svg"] = plots.stacked(
            f"Processor time per shown frame, {_DAMAGE[damage]}, {BUSY[1]}/s", "ms", costs
        )
    for picture, what, unit, of in _BY_GUESTS if report.crowds else ():
        found[f"comparison/{picture}.svg"] = plots.lines(
            f"{what}, as long as all frames of guests that draw {crowd_tables.RATE}/s are shown",
            ("guests", unit),
            {report.paths[name]: of(report, name) for name in report.crowds},
        )
    return found


def _grouped(cost: dict[str, float]) -> dict[str, float]:
    """By what a process is, so that the plots' colours mean the same in every row."""
    grouped: dict[str, float] = {}
    for role, value in cost.items():
        kind = role if role in _KINDS else "viewer"
        grouped[kind] = grouped.get(kind, 0.0) + value
    return grouped


def _document(report: Report) -> str:
    tables = summary.tables(report) | crowd_tables.tables(report)
    settings = "\n".join(
        f"- **{report.paths[name]}**: "
        + "; ".join(f"{key} `{' '.join(value.split())}`" for key, value in of.items())
        for name, of in report.settings.items()
    )
    failures = "\n".join(
        f"- {report.paths[name]}: {reason}; tried again." for name, reason in report.failures
    )
    unmeasured = "\n".join(f"- {title}: {reason}." for title, reason in report.missing.items())
    keys = len(summary.pooled_keys(report, next(iter(report.paths)), STILL))
    return _TEXT.format(
        date=report.date,
        machine=told(report.machine),
        rounds=len(report.rounds),
        keys=keys,
        short=table(short.rows(report, tables)),
        settings=settings,
        unmeasured=unmeasured,
        failures=f"\nFailed meanwhile:\n\n{failures}\n" if failures else "",
        crowds=_crowds(report) if report.crowds else "",
        pictures="".join(
            f"\n![{what}](comparison/{name}.svg)" for name, what, *_ in _BY_GUESTS if report.crowds
        ),
        sections="\n\n".join(_section(title, rows) for title, rows in tables.items()),
    )


def _crowds(report: Report) -> str:
    never = "\n".join(f"- {report.paths[name]}: {reason}." for name, reason in report.never_beside.items())
    return _CROWDS + (f"\nNever beside each other:\n\n{never}\n" if never else "")


def _section(title: str, rows: list[Row]) -> str:
    note = next((text for begin, text in _NOTES.items() if title.startswith(begin)), "")
    return f"### {title}\n\n{note}{table(rows)}"


_NOTES = {
    "Event to pixel": "From the request of a virtual keyboard to the output's commit of the first frame in which the patch has its other colour.\n\n",
    "Frames": (
        "*Lost* are frames that the guest drew and the output never showed, *lost at best* those that anybody loses who looks at each refresh of that output;"
        " *repeated* are refreshes in which a frame stood longer than the guest's rate asks for, a guest that is held up included."
        " A flip is told on the guest's serial port, which waits while QEMU's own windows draw: their delays begin late, and *drawn* says what that costs the guest.\n\n"
    ),
    "Processor time": "Of all processes; the thread that runs the guest is left out, and what the rest of QEMU takes with `-display none` is taken off.\n\n",
    "Most guests": "So many guests, all of whose frames are shown; and what happens with the next number that was tried. What they do when nobody looks (`-display none`) is the end of the scale.\n\n",
    "Many guests": "Of all but the guests: what their QEMUs take with `-display none`, as many of them, is taken off. Numbers that a path does not show have no value.\n\n",
    "Memory": "PSS after the loads; QEMU's is what it has more than with `-display none`.\n\n",
    "Standing still": (
        "Processor time and voluntary context switches in ten seconds, less what QEMU does with `-display none` and what sway does with nothing in it"
        " (its headless output has a timer that no screen has). QEMU looks at its displays every 30 ms while somebody watches, and its VNC server ever less often when nothing changes.\n\n"
    ),
}

_CROWDS = """Many guests are beside each other on one output, which they fill: all in view, none scaled. Each is 640x480, the size that QEMU's windows begin with, and
draws 30 or 60 frames a second with small damage, which leaves most of the processors to those that show it. The output has 120 Hz, so that no frame of a guest
that draws evenly need be missed: neither for its phase, nor because a headless output waits (below). The numbers in the pictures tell what was drawn and what was shown: for each
commit, one row of the output is copied, through all of them. Twice as many guests are started as long as every rate is kept, then the number between, to about a quarter.
*Too many* is when more than 2 % of all frames are missed, or the guests draw less than 95 % of their rate; it is measured three times in a row before it counts. Once, not in rounds.
"""

_TEXT = """# wlvm and what people use today

Generated by `python -m bench.peers.report` from [bench/recorded/peers.json](../bench/recorded/peers.json); do not edit. `make peers` installs the other programs,
`make bench BENCH=peers` measures on your machine and prints these tables.

## In short

{short}

*The other* is the best of the peers that show at least nine of ten frames, where the measure is of frames; of all, where none does. *On the same output* is
GTK's window in wlvm: it alone has wlvm's output, which matters under load (below). *To the least* is beside one copy and one composition of the damaged pixels. Read ratios: the
milliseconds are this machine's. The aims are those that wlvm set itself.

![latency](comparison/latency.svg)
![processor time per frame, whole frames](comparison/cost-full.svg)
![processor time per frame, small damage](comparison/cost-patch.svg){pictures}

## How it was measured

{date}, on {machine}. One guest, the test card (guests/testcard) under TCG on a virtio-gpu, 1920x1080, shown pixel by pixel on an output of 1920x1080. {rounds} rounds; in each, every path once,
one after the other, so that the machine's drift meets all. Values are medians over rounds; percentiles of delays are of all rounds together: {keys} keys for each state.

A path is measured when its output shows the guest's picture exactly: a cursor may differ. One client does it for all, and looks at nothing but the output: a virtual keyboard
(zwp_virtual_keyboard_v1) presses the space bar, at which the guest draws a square in its other colour; wlr-screencopy tells each commit of the output and its time. That is the time that the
`ready` event has, the compositor's own, so that when the client gets to run does not matter. For each commit a small rectangle is copied, which is in all costs: 0.2 ms a frame in wlvm and less than
0.1 ms in sway. The guest tells on its serial port when it has flipped, and its frames have their number in the picture.

Every compositor draws with pixman, and none hands a client's buffer to the output as it is (no screen can do that with shared memory). Peers are in sway, alone and fullscreen;
GTK's window is in a wlvm without guests as well, to tell what is the peer's and what the compositor's.

*One copy and one composition* copies the damaged pixels with memcpy and composes them with pixman, in one process. Another process has just written them, thirty times a
second, as a guest does, so that they are in no cache of the one that copies, and the output has two buffers in shared memory. *In a loop* is the same with nothing between, and all of
it in the caches: as fast as it can be, but no guest is.

{crowds}{settings}

Not measured:

{unmeasured}
{failures}
## What this does not show

- A headless output has no vertical blank: a frame that comes after a pause is committed at once. wlroots 0.16's (wlvm) lets the next one follow 16 ms after the end of a commit, 0.15's (sway) at a timer
  of 16 ms that runs by itself. So under load wlvm's output shows fewer than 60 frames a second and its keys wait longer, which a screen would not do: *lost at best* counts with what each output can do,
  and GTK's window in wlvm has the same output as wlvm's guests.
- No GPU: nothing is said of dma-bufs, of OpenGL windows, or of SPICE with GL, which are another race. Two cores: who is slow here slows the guest too, which draws on the same cores.
- On your own session, with your GPU and your guest, `wlvm bench` tells how long wlvm's frames take to the screen, and what they cost; of other programs it knows nothing.

## Results

{sections}
"""

if __name__ == "__main__":
    main()
