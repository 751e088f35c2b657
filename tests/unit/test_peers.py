"""The arithmetic of the comparison (bench/peers): frames from commits, the guest's part taken off, ratios."""

from __future__ import annotations

import pytest

from bench.peers import frames

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
