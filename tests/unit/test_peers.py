"""The arithmetic of the comparison (bench/peers): frames from commits, the guest's part taken off, ratios."""

from __future__ import annotations

import subprocess

import msgspec
import pytest

from bench.peers import crowd_tables, frames, short, summary
from bench.peers.limit import limited
from bench.peers.loads import BUSY, LOADS, STILL, load_name
from bench.peers.path import REFRESH
from bench.peers.programs import absent
from bench.peers.records import Crowd, Idle, Load, Report, Trial
from bench.peers.report import RECORDED, files
from bench.peers.search import MOST, Search, complete

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
    assert frames.refreshes([place / 57 for place in range(20)]) == pytest.approx(57)
    assert frames.refreshes([place * 2 * FRAME for place in range(20)]) == REFRESH


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
    floors = {
        f"{prefix}{kind} {damage}": [milliseconds, milliseconds]
        for prefix, milliseconds in (("", 0.25), ("paced ", 0.5))
        for kind in ("memcpy", "composition")
        for damage in LOADS
    }
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
        never_beside={"spice": "it has a bar"},
        still={"wlvm": Idle(5.0, {"QEMU": 30.0, "wlvm": 1.0}, {"QEMU": 60, "wlvm": 2})},
        still_alone={"10.0.2": Idle(5.0, {"QEMU": 20.0}, {"QEMU": 40})},
        crowds={"wlvm": [crowd(count, 30, 60 * count) for count in (1, 2)] + [crowd(4, 30, 100)]},
        crowds_alone={"10.0.2": [crowd(count, 30, 0) for count in (1, 2, 4)]},
    )


def crowd(guests: int, rate: int, shown: int) -> Crowd:
    """Two seconds of guests that keep their rate and take a tenth of it for themselves."""
    drawn = guests * rate * 2
    cpu = {"QEMU": 10.0 * guests, "guest": 100.0} | ({"wlvm": 20.0 * guests} if shown else {})
    return Crowd(
        guests, rate, 2.0, drawn, shown, cpu, {"QEMU": 4096} | ({"wlvm": 1024 * guests} if shown else {})
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
    assert values["one copy and one composition"]["to wlvm's"] == 0.5
    assert values["one copy and one composition, in a loop"]["to wlvm's"] == 0.25
    keys = {row.case: row.values for row in tables["Event to pixel, guest still"]}
    assert keys["SPICE"]["p50 to wlvm's"] == 10
    assert "p50 to wlvm's" not in keys["the guest alone, from QMP to its word"]
    idle = {row.case: row.values for row in tables["Standing still"]}
    # In ten seconds, without QEMU's own 20 and the empty sway's 8.
    assert idle["wlvm, shared memory"]["ms in 10 s"] == 20
    assert idle["SPICE"]["ms in 10 s"] == 32
    many = {row.case: row.values for row in tables["Standing still, 16 guests"]}
    assert (many["wlvm, shared memory"]["ms in 10 s"], many["wlvm, shared memory"]["switches"]) == (22, 44)


def test_many_guests_are_told_by_how_many_are_shown() -> None:
    tables = crowd_tables.tables(a_report())
    most = {row.case: row.values for row in tables["Most guests, 30/s each"]}
    assert most["wlvm, shared memory"]["guests"] == 2
    assert most["wlvm, shared memory"]["with more"] == "4: each draws 30/s, 58.3 % are missed"
    assert most["the guests alone, QEMU 10.0.2"] == {"guests": 4, "with more": "not tried"}
    (time_,) = tables["Many guests, 30/s each: processor time, ms a second"]
    assert time_.values == {"with 1": 10, "with 2": 20}
    (memory,) = tables["Many guests, 30/s each: memory, MiB"]
    assert memory.values == {"with 1": 1, "with 2": 2}
    assert not crowd_tables.tables(msgspec.structs.replace(a_report(), crowds={}))


def test_the_short_table_has_the_aims_and_whether_they_are_met() -> None:
    report = a_report()
    rows = {row.case: row for row in short.rows(report, summary.tables(report))}
    keys = rows["Event to pixel, guest still: p50 ms"]
    assert (keys.values["wlvm / other"], keys.aim, keys.met) == (0.1, "at most 0.5", True)
    least = rows["Processor time per shown frame, full damage, 30/s: ms, to the least"]
    assert (least.values["wlvm / other"], least.aim, least.met) == (2, "at most 1.3", False)
    late = rows["Frames of a 60 Hz guest, full damage: flip to commit p99 ms"]
    assert (late.values["other"], late.met) == (17.7, True)
    assert rows["Frames of a 60 Hz guest, full damage: lost/s"].met
    assert rows["Memory: MiB"].met is None


def searched(most: int) -> list[int]:
    """What is tried where so many guests are shown."""
    search, tried = Search(), []
    while (count := search.next()) is not None:
        tried.append(count)
        search.found(count, complete=count <= most)
    assert search.enough <= most
    return tried


def test_the_most_guests_are_searched_for_by_doubling_and_halving() -> None:
    assert searched(0) == [1]
    assert searched(3) == [1, 2, 4, 3]
    assert searched(5) == [1, 2, 4, 8, 6, 5]
    assert searched(13) == [1, 2, 4, 8, 16, 12, 14]
    assert searched(100) == [1, 2, 4, 8, 16, MOST]


def test_guests_are_shown_where_they_keep_their_rate_and_few_frames_are_missed() -> None:
    assert complete(crowd(2, 30, 118))
    assert not complete(crowd(2, 30, 117))
    held_up = msgspec.structs.replace(crowd(2, 30, 100), drawn=100)
    assert not complete(held_up)


def test_what_takes_too_long_has_its_programs_ended() -> None:
    with pytest.raises(TimeoutError, match="more than 0.05 s"), limited(0.05):
        subprocess.run(["sleep", "20"], check=True)


def test_what_fails_in_time_fails_as_it_does() -> None:
    with pytest.raises(ValueError, match="mine"), limited(20):
        raise ValueError("mine")


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
