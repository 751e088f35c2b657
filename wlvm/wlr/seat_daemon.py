"""Who opens screens and input devices for somebody who is not root: seatd or logind, through libseat. Loads no library."""

from __future__ import annotations

import errno
import grp
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

#: Where seatd listens unless SEATD_SOCK says otherwise.
_SEATD_SOCKET = "run/seatd.sock"

_INSTALL = "apt-get install seatd, and log in on a text console of this machine"


def daemons(environ: Mapping[str, str], root: Path = Path("/")) -> list[str]:
    """The daemons that would give us a seat: "seatd", "logind", both or none."""
    obstacles = {"seatd": seatd_obstacle(environ, root), "logind": logind_obstacle(environ, root)}
    return [name for name, obstacle in obstacles.items() if not obstacle]


def obstacle(environ: Mapping[str, str], root: Path = Path("/")) -> str:
    """Why there is no seat for us, and what to do about it; "" when there is one."""
    chosen = environ.get("LIBSEAT_BACKEND", "")
    if chosen in ("builtin", "noop") or (not chosen and daemons(environ, root)):
        return ""
    if chosen == "logind" or (not chosen and (root / "run/systemd/seats").exists()):
        return logind_obstacle(environ, root)
    return seatd_obstacle(environ, root)


def seatd_obstacle(environ: Mapping[str, str], root: Path = Path("/")) -> str:
    """Why seatd gives us no seat; "" when it listens to us."""
    path = Path(environ.get("SEATD_SOCK") or root / _SEATD_SOCKET)
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except FileNotFoundError:
            return f"seatd does not run (no {path}): {_INSTALL}"
        except PermissionError:
            group = _group(path)
            return f"seatd's {path} is not yours to use: usermod --append --groups {group} $USER, and log in again"
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                return f"seatd does not run, though its {path} is there: systemctl restart seatd"
            return f"seatd's {path} cannot be used: {error.strerror}"
    return ""


def logind_obstacle(environ: Mapping[str, str], root: Path = Path("/")) -> str:
    """Why logind gives us no seat; "" when we are in a session of a seat."""
    if not (root / "run/systemd/seats").exists():
        return f"logind does not run: {_INSTALL}"
    # logind's own records (systemd, src/login/logind-session.c and logind-user.c): a service of ours has no session of its own, and
    # libseat then takes the user's.
    name = environ.get("XDG_SESSION_ID") or _entry(root / "run/systemd/users" / str(os.getuid()), "DISPLAY")
    if not name:
        return "logind knows no session of ours: log in on a text console of this machine"
    if not _entry(root / "run/systemd/sessions" / name, "SEAT"):
        return "this login has no screens, as one by ssh has none: log in on a text console of this machine"
    return ""


def _entry(record: Path, key: str) -> str:
    """A line KEY=VALUE of one of logind's records; "" where there is none."""
    try:
        found = re.search(rf"^{key}=(.*)$", record.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        return ""
    return found[1] if found else ""


def _group(path: Path) -> str:
    """The group that a file belongs to."""
    try:
        return grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        return "seat"
