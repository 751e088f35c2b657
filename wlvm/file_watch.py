"""What is at a path has changed: by inotify(7), on the main loop.

A path may lead through symbolic links, as those of GNU stow and home-manager do, and an editor puts a new file in the place of the old one. So
every directory in which the kernel looks something up on the way is watched for that name, and the file at the end for what is written
into it. A file system that others write to over a network tells nothing of what they do.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from inotify_simple import INotify, flags

from wlvm.loop import EventLoop

log = logging.getLogger(__name__)

#: A file is looked at when nothing has happened to it for so long, in milliseconds: whoever saves one takes several steps.
SETTLE_MS = 100

_NAMES = flags.CREATE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO | flags.DELETE_SELF | flags.MOVE_SELF
_CONTENT = flags.CLOSE_WRITE | flags.ATTRIB

#: So many symbolic links lead somewhere; more go round (path_resolution(7)).
_MAX_LINKS = 40


class FileWatch:
    """Calls `changed` when there is another file at a path than before, or another content in it, soon after the last step of the change.

    While nothing is there nobody is called; what is put there later is new. `close()` it.
    """

    def __init__(self, loop: EventLoop, path: Path, changed: Callable[[], None]) -> None:
        """Begin to watch `path`, whether something is there or not. OSError where the kernel has no more watches for this user."""
        self._path = path.absolute()
        self._changed = changed
        self._inotify = INotify(nonblocking=True)
        #: The names that are looked up in each watched directory, by the number of the watch; None for the file itself.
        self._watched: dict[int, set[str] | None] = {}
        try:
            self._follow()
        except OSError:
            self._inotify.close()
            raise
        self._seen = self._version()
        self._watch = loop.watch(self._inotify.fileno(), self._happened)
        self._settled = loop.timer(self._look)

    def close(self) -> None:
        """Stop watching. Harmless when repeated."""
        if not self._inotify.closed:
            self._settled.remove()
            self._watch.remove()
            self._inotify.close()

    def _happened(self) -> None:
        """Raised when something has happened in a watched directory, or to the file."""
        events = self._inotify.read(timeout=0)
        if not any(self._matters(event.wd, event.mask, event.name) for event in events):
            return
        try:
            self._follow()
        except OSError as error:
            log.warning("%s: its changes may go unnoticed: %s", self._path, error.strerror)
        self._settled.arm(SETTLE_MS)

    def _matters(self, watch: int, mask: int, name: str) -> bool:
        if mask & flags.Q_OVERFLOW:
            return True
        if watch not in self._watched:
            return False
        names = self._watched[watch]
        if mask & flags.IGNORED:
            del self._watched[watch]  # what was watched is gone, and the kernel has forgotten it
        return names is None or not name or name in names

    def _look(self) -> None:
        """Raised when nothing has happened for a while."""
        version = self._version()
        if version is not None and version != self._seen:
            self._seen = version
            self._changed()

    def _version(self) -> tuple[int, ...] | None:
        """What tells a file and its content from others; None where there is none."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def _follow(self) -> None:
        """Watch the way to the file as it is now, and nothing else. OSError where the kernel has no more watches for this user."""
        watched: dict[int, set[str] | None] = {}
        try:
            for directory, name in _way(self._path):
                # Watched before the name is looked up: whatever happens to it from then on is told.
                if (watch := self._add(directory, _NAMES)) is not None:
                    names = watched.setdefault(watch, set())
                    assert names is not None, "a directory is no file"
                    names.add(name)
            if (watch := self._add(self._path, _CONTENT)) is not None:
                watched.setdefault(watch, None)
        finally:
            for watch in self._watched.keys() - watched:
                with contextlib.suppress(OSError):  # it went by itself, and that is still to be read
                    self._inotify.rm_watch(watch)
            self._watched = watched

    def _add(self, path: PurePath, mask: int) -> int | None:
        """Watch a directory or a file; None where it is not there, or not to be read."""
        try:
            watch: int = self._inotify.add_watch(path, mask)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES):
                return None
            raise
        return watch


def _way(path: PurePath) -> Iterator[tuple[PurePath, str]]:
    """Each directory in which the kernel looks something up on the way to an absolute path, and the name that it looks up there.

    Every name is looked up here after it was given out. The way ends early at something that is not there.
    """
    directory = PurePath("/")
    rest = deque(path.parts[1:])
    links = 0
    while rest:
        name = rest.popleft()
        if name == "..":
            directory = directory.parent
            continue
        yield directory, name
        here = directory / name
        try:
            target = PurePath(os.readlink(here))
        except OSError as error:
            if error.errno != errno.EINVAL:  # EINVAL: no link
                return
            directory = here
            continue
        links += 1
        if links > _MAX_LINKS:
            return
        if target.is_absolute():
            directory = PurePath("/")
            target = target.relative_to("/")
        rest.extendleft(reversed(target.parts))
