"""The arithmetic of the comparison (bench/peers): frames from commits, the guest's part taken off, ratios."""

from __future__ import annotations

import msgspec
import pytest

from bench.peers import frames, summary
from bench.peers.loads import BUSY, LOADS, STILL, load_name
from bench.peers.programs import absent
from bench.peers.records import Idle, Load, Report, Trial
from bench.peers.report import RECORDED, files

FRAME = 1 / 60


def every(refreshes: int, numbers: range) -> list[tuple[float, int]]:
    """Commits of these frames, so many refreshes apart."""
    return [(place * refreshes * FRAME, number) for place, number in enumerate(numbers)]


def test_a_guest_at_the_outputs_rate_loses_nothing() -> None:
    commits = every(1, range(100, 161))
    assert frames.drawn(commits) == frames.shown(commits) == 60
    assert frames.repeated(commits, 60) == 0


def test_a_frame_that_was_skipped_is_lost() -> None:
    commits = [(0.0, 1), (FRAME, 2), (2 * FRAME, 4), (3 * FRAME, 5)]
    assert frames.drawn(commits) - frames.shown(commits) == 1
    assert frames.repeated(commits, 60) == 0


def test_a_frame_that_stands_too_long_is_repeated() -> None:
    commits = [(0.0, 1), (FRAME, 2), (4 * FRAME, 3), (5 * FRAME, 4)]
    assert frames.drawn(commits) == frames.shown(commits) == 3
    assert frames.repeated(commits, 60) == 2


def test_a_slow_guests_frames_stand_two_refreshes_each() -> None:
    assert frames.repeated(every(2, range(30)), 30) == 0
    assert frames.repeated(every(2, range(30)), 60) == 29


def test_a_commit_that_shows_the_same_frame_again_is_no_other_frame() -> None:
    commits = [(0.0, 7), (FRAME, 7), (2 * FRAME, 8)]
    assert frames.firsts(commits) == [(0.0, 7), (2 * FRAME, 8)]
    assert frames.drawn(commits) == frames.shown(commits) == 1


def test_who_looks_sixty_times_a_second_misses_a_fifth_of_seventy_five() -> None:
    assert frames.ideal_lost([frame / 75 for frame in range(150)], 60) == pytest.approx(30, abs=0.5)


def test_at_the_outputs_rate_nothing_need_be_missed_but_of_a_guest_that_wavers() -> None:
    """Flips that come early by half a refresh, now and then, may fall between the same refreshes as those before them."""
    assert frames.ideal_lost([frame * FRAME for frame in range(60)], 60) == 0
    wavering = [frame * FRAME - (frame % 10 == 0) * FRAME / 2 for frame in range(60)]
    assert frames.ideal_lost(wavering, 60) == pytest.approx(2.5, abs=0.2)


def test_what_an_output_can_do_is_told_by_the_commits_that_it_let_follow_one_another() -> None:
    fast = [(place / 57, place) for place in range(20)]
    assert frames.refreshes(fast) == pytest.approx(57)
    assert frames.refreshes(every(2, range(20))) == frames.REFRESH


def test_a_flips_delay_is_that_of_the_first_commit_with_the_frame() -> None:
    commits = [(1.0, 7), (1.5, 7), (2.0, 9)]
    assert frames.flip_delays(commits, {7: 0.75, 8: 1.0, 9: 1.75}) == [0.25, 0.25]


def test_nothing_is_counted_where_nothing_was_seen() -> None:
    assert (frames.drawn([]), frames.shown([]), frames.repeated([], 60)) == (0, 0, 0)


def test_the_guests_own_time_is_taken_off_for_what_it_drew() -> None:
    """Alone, QEMU took 60 ms beside the guest for 60 frames; here the guest drew 30."""
    seen = {"QEMU": 80.0, "guest": 500.0, "viewer": 20.0}
    alone = {"QEMU": 60.0, "guest": 900.0}
    assert frames.beyond_guest(seen, alone, 30 / 60) == {"QEMU": 50.0, "viewer": 20.0}


def load(shown: int, cpu: dict[str, float]) -> Load:
    return Load(
        seconds=2.0,
        drawn=60,
        shown=shown,
        refresh=60.0,
        lost_at_best=0.0,
        repeated=0,
        flips=[1.0, 2.0],
        cpu=cpu,
    )


def trial(delay: float, shown: int, cpu: dict[str, float]) -> Trial:
    states = (STILL, load_name(*BUSY))
    loads = {load_name(damage, rate): load(shown, cpu) for damage, rates in LOADS.items() for rate in rates}
    roles = cpu.keys() - {"guest"}
    idle = Idle(5.0, dict.fromkeys(roles, 10.0), dict.fromkeys(roles, 20))
    return Trial(0, {state: [delay] * 3 for state in states}, loads, dict.fromkeys(roles, 2048), idle)


def a_report() -> Report:
    """Two rounds of wlvm and of a viewer that takes ten times as long, and shows half."""
    alone = trial(2.0, 0, {"QEMU": 30.0, "guest": 300.0})
    both = {
        "wlvm": trial(4.0, 60, {"QEMU": 60.0, "guest": 310.0, "wlvm": 90.0}),
        "spice": trial(40.0, 30, {"QEMU": 60.0, "guest": 400.0, "sway": 120.0, "remote-viewer": 450.0}),
    }
    floors = {f"{kind} {damage}": [0.25, 0.25] for kind in ("memcpy", "composition") for damage in LOADS}
    return Report(
        machine={"cpu": "a processor", "cores": 2},
        date="2026-01-01",
        paths={"wlvm": "wlvm, shared memory", "spice": "SPICE"},
        qemus={"wlvm": "10.0.2", "spice": "10.0.2"},
        settings={"wlvm": {"QEMU": "10.0.2"}, "spice": {"QEMU": "10.0.2"}},
        missing={"another": "it is not here"},
        failures=[("spice", "it did not answer")],
        rounds=[both, both],
        baselines=[{"10.0.2": alone}, {"10.0.2": alone}],
        floors=floors,
        empty={"sway": Idle(5.0, {"sway": 4.0}, {"sway": 8})},
        many={"wlvm, 16 guests": Idle(5.0, {"wlvm": 1.0}, {"wlvm": 2})},
    )


def test_a_frames_cost_is_that_of_what_was_shown_without_the_guest() -> None:
    report = a_report()
    assert summary.cost_per_frame(report, "wlvm", "full 30") == {"QEMU": 0.5, "wlvm": 1.5}
    assert summary.cost_per_frame(report, "spice", "full 30") == {
        "QEMU": 1.0,
        "sway": 4.0,
        "remote-viewer": 15.0,
    }


def test_the_tables_tell_ratios_to_wlvm() -> None:
    tables = summary.tables(a_report())
    values = {row.case: row.values for row in tables["Processor time per shown frame, full damage, 30/s"]}
    assert values["SPICE"]["to wlvm's"] == 10
    assert values["one copy and one composition"]["to wlvm's"] == 0.25
    keys = {row.case: row.values for row in tables["Event to pixel, guest still"]}
    assert keys["SPICE"]["p50 to wlvm's"] == 10
    assert "p50 to wlvm's" not in keys["the guest alone, from QMP to its word"]
    idle = {row.case: row.values for row in tables["Standing still"]}
    # In ten seconds, without QEMU's own 20 and the empty sway's 8.
    assert idle["wlvm, shared memory"]["ms in 10 s"] == 20
    assert idle["SPICE"]["ms in 10 s"] == 32


def test_the_document_is_a_function_of_what_was_recorded() -> None:
    report = a_report()
    again = msgspec.json.decode(msgspec.json.encode(report), type=Report)
    assert files(again) == files(report)
    text = files(report)["comparison.md"]
    assert "another: it is not here" in text
    assert "SPICE: it did not answer" in text
    assert all(name in text for name in files(report) if name.endswith(".svg")), (
        "a plot that the document does not show"
    )


def test_the_document_is_the_one_of_the_recorded_numbers() -> None:
    for name, text in files(msgspec.json.decode(RECORDED.read_bytes(), type=Report)).items():
        assert (RECORDED.parents[2] / "docs" / name).read_text() == text, "python -m bench.peers.report"


def test_what_is_not_here_is_told_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"sway": "/usr/bin/sway"}
    monkeypatch.setattr("shutil.which", here.get)
    assert absent({"sway": "sway", "remote-viewer": "virt-viewer"}) == (
        "not here: virt-viewer (make peers installs them)"
    )
    assert absent({"sway": "sway"}) == ""
