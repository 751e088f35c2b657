"""`python -m bench.peers.report [JSON]`: docs/comparison.md and its plots, from what was measured and comparison.md.in."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from bench import document, plots
from bench.machine import told
from bench.peers import crowd_tables, short, summary
from bench.peers.loads import BUSY, LOADS, STILL, load_name
from bench.peers.records import Report
from bench.results import Row, table

_TEMPLATE = Path(__file__).with_name("comparison.md.in")

#: What is measured last and committed, and what is made of it.
RECORDED = Path(__file__).parents[1] / "recorded" / "peers.json"

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
    texts = {
        "date": report.date,
        "machine": told(report.machine),
        "rounds": f"{len(report.rounds)}",
        "keys": f"{keys}",
        "short": table(short.rows(report, tables)),
        "settings": settings,
        "unmeasured": unmeasured,
        "failures": f"\nFailed meanwhile:\n\n{failures}\n" if failures else "",
        "crowds": _crowds(report) if report.crowds else "",
        "pictures": "".join(
            f"\n![{what}](comparison/{name}.svg)" for name, what, *_ in _BY_GUESTS if report.crowds
        ),
        "sections": "\n\n".join(_section(title, rows) for title, rows in tables.items()),
    }
    return document.fill(_TEMPLATE, texts)


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
*Too many* is when more than 2 % of all frames are missed, or the guests draw less than 95 % of their rate; it is measured three times in a row before it counts. Once and by itself, not in rounds.
"""


if __name__ == "__main__":
    main()
