"""Watching a file: real files, and everything that editors and their friends do to them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from inotify_simple import INotify

from tests.loops import SelectorLoop
from wlvm import file_watch
from wlvm.file_watch import FileWatch


class Watched:
    """A watch, and what was in the file each time that it called."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loop = SelectorLoop()
        self.told: list[str] = []
        self.watch = FileWatch(self.loop, path, lambda: self.told.append(path.read_text()))

    def tells(self, *contents: str) -> bool:
        """Whether these, and no others, were told by the time that the last one was."""
        self.loop.run_until(lambda: self.told[-1:] == [contents[-1]])
        return self.told == list(contents)

    def settle(self) -> None:
        """Until nothing that has happened so far waits to be looked at."""
        while any(timer.due is not None for timer in self.loop.timers) or self.loop._ready(0):
            self.loop.turn(1)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[[Path], Watched]]:
    made: list[Watched] = []

    def watch(path: Path) -> Watched:
        made.append(Watched(path))
        return made[-1]

    yield watch
    for each in made:
        each.watch.close()
        each.watch.close()
        assert not each.loop.watches
        assert not each.loop.timers


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text("old")
    return file


def replace(file: Path, text: str) -> None:
    """As most editors save: a new file beside the old one, renamed over it."""
    new = file.with_name(".new~")
    new.write_text(text)
    new.rename(file)


def test_what_is_written_into_a_file_is_told(watched: Callable[[Path], Watched], file: Path) -> None:
    seen = watched(file)
    file.write_text("new")
    assert seen.tells("new")
    file.write_text("newer")
    assert seen.tells("new", "newer")


def test_a_file_renamed_over_it_is_told_again_and_again(
    watched: Callable[[Path], Watched], file: Path
) -> None:
    seen = watched(file)
    for number in range(3):
        replace(file, str(number))
        assert seen.tells(*map(str, range(number + 1)))
    file.write_text("into the new one")
    assert seen.tells("0", "1", "2", "into the new one")


def test_many_steps_of_one_change_are_one(watched: Callable[[Path], Watched], file: Path) -> None:
    """vim with a backup: the old file is renamed away, a new one is written in several steps, its mode is set, and the backup goes."""
    seen = watched(file)
    backup = file.with_name("config.toml~")
    file.rename(backup)
    for text in ("n", "ne", "new"):
        file.write_text(text)
        seen.loop.turn(0)
    file.chmod(0o600)
    backup.unlink()
    assert seen.tells("new")


def test_a_file_that_is_only_looked_at_is_not_told_nor_is_another(
    watched: Callable[[Path], Watched], file: Path
) -> None:
    seen = watched(file)
    file.read_text()
    other = file.with_name("other.toml")
    other.write_text("x")
    other.unlink()
    seen.settle()
    assert seen.told == []
    file.write_text("new")
    assert seen.tells("new")


def test_a_file_that_vanishes_is_told_when_it_is_back(watched: Callable[[Path], Watched], file: Path) -> None:
    seen = watched(file)
    file.unlink()
    seen.settle()
    assert seen.told == []
    file.write_text("back")
    assert seen.tells("back")


def test_a_file_that_was_never_there_is_told_when_it_comes_with_its_directories(
    watched: Callable[[Path], Watched], tmp_path: Path
) -> None:
    seen = watched(tmp_path / "wlvm" / "conf.d" / "config.toml")
    for directory in ("wlvm", "wlvm/conf.d"):
        (tmp_path / directory).mkdir()
        seen.settle()
    seen.path.write_text("first")
    assert seen.tells("first")


def test_directories_made_at_once_are_followed_to_the_file(
    watched: Callable[[Path], Watched], tmp_path: Path
) -> None:
    seen = watched(tmp_path / "wlvm" / "conf.d" / "config.toml")
    seen.path.parent.mkdir(parents=True)
    seen.path.write_text("first")
    assert seen.tells("first")


def test_a_link_that_leads_elsewhere_is_told(watched: Callable[[Path], Watched], tmp_path: Path) -> None:
    """As home-manager does: every generation is another directory, and the link is replaced."""
    for generation in ("1", "2"):
        (tmp_path / generation).mkdir()
        (tmp_path / generation / "config.toml").write_text(f"generation {generation}")
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").symlink_to(tmp_path / "1" / "config.toml")
    seen = watched(home / "config.toml")
    (home / "next").symlink_to(tmp_path / "2" / "config.toml")
    (home / "next").rename(home / "config.toml")
    assert seen.tells("generation 2")
    (tmp_path / "1" / "config.toml").write_text("forgotten")
    replace(tmp_path / "2" / "config.toml", "where the link leads")
    assert seen.tells("generation 2", "where the link leads")


def test_a_file_in_a_directory_that_is_a_link_is_told(
    watched: Callable[[Path], Watched], tmp_path: Path
) -> None:
    """As GNU stow does: ~/.config/wlvm leads to ../dotfiles/wlvm."""
    for name in ("wlvm", "other"):
        (tmp_path / "dotfiles" / name).mkdir(parents=True)
        (tmp_path / "dotfiles" / name / "config.toml").write_text(name)
    (tmp_path / ".config").mkdir()
    link = tmp_path / ".config" / "wlvm"
    link.symlink_to("../dotfiles/wlvm")
    seen = watched(link / "config.toml")
    replace(tmp_path / "dotfiles" / "wlvm" / "config.toml", "edited")
    assert seen.tells("edited")
    link.unlink()
    link.symlink_to("../dotfiles/other")
    assert seen.tells("edited", "other")


def test_a_directory_that_is_replaced_is_followed(watched: Callable[[Path], Watched], tmp_path: Path) -> None:
    for name in ("wlvm", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").write_text(name)
    seen = watched(tmp_path / "wlvm" / "config.toml")
    (tmp_path / "wlvm").rename(tmp_path / "away")
    (tmp_path / "new").rename(tmp_path / "wlvm")
    assert seen.tells("new")
    (tmp_path / "away" / "config.toml").write_text("gone")
    (tmp_path / "wlvm" / "config.toml").write_text("here")
    assert seen.tells("new", "here")


def test_links_that_go_round_are_no_file_and_can_be_mended(
    watched: Callable[[Path], Watched], tmp_path: Path
) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    seen = watched(tmp_path / "a")
    (tmp_path / "b").unlink()
    (tmp_path / "b").write_text("straight")
    assert seen.tells("straight")


def test_a_file_that_can_be_read_again_is_told(watched: Callable[[Path], Watched], file: Path) -> None:
    seen = watched(file)
    file.chmod(0)
    file.chmod(0o600)
    assert seen.tells("old")


def test_no_watch_is_left_where_the_way_no_longer_goes(
    watched: Callable[[Path], Watched], file: Path
) -> None:
    seen = watched(file)
    before = _watches(seen.watch)
    for number in range(5):
        replace(file, str(number))
        seen.settle()
    assert _watches(seen.watch) == before


def test_a_user_without_watches_left_is_told_so(
    monkeypatch: pytest.MonkeyPatch, file: Path, tmp_path: Path
) -> None:
    def refuse(inotify: INotify, path: Path, mask: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(file_watch.INotify, "add_watch", refuse)
    open_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="No space left"):
        FileWatch(SelectorLoop(), file, lambda: None)
    assert len(os.listdir("/proc/self/fd")) == open_before


def _watches(watch: FileWatch) -> int:
    """How many the kernel has (proc(5), fdinfo)."""
    return Path(f"/proc/self/fdinfo/{watch._inotify.fileno()}").read_text().count("inotify wd:")
