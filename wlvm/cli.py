"""The commands a person types. `wlvm --help` lists them; docs/control.md tells those that ask a running wlvm."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from wlvm import __version__
from wlvm.command_line import (
    FAILED,
    NOT_FOUND,
    OK,
    USAGE,
    Parser,
    add_command,
    add_json,
    complain,
    print_json,
    seconds,
    status_of,
)
from wlvm.config import Config, ConfigError, ConfigSource, load
from wlvm.guest_config import GuestConfig
from wlvm.ipc import ControlError
from wlvm.output_config import Mode, OutputConfig
from wlvm.remote_commands import add_remote

if TYPE_CHECKING:
    from wlvm.wlr.backend import BackendKind

#: What `wlvm.wlr.backend.BackendKind` may be; that module loads the C libraries, which most commands need not.
BACKENDS: tuple[BackendKind, ...] = ("auto", "drm", "wayland", "x11", "headless")

_EXIT_STATUSES = """\
exit status:
  0  done
  1  it failed
  2  the command line or the configuration is wrong
  3  no wlvm is running
  4  wlvm has no such guest, console or output
  5  the configuration does not allow it
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one command (None: the process's own command line) and return the exit status."""
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        return command(parsed)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return USAGE
    except ControlError as error:
        return complain(str(error), status_of(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep Python from complaining at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return complain(str(error), FAILED)
    except KeyboardInterrupt:
        return complain("interrupted", FAILED)


# Commands that start something or look at files.


def _run(arguments: argparse.Namespace) -> int:
    def read() -> Config:
        return configuration(arguments.config, arguments.attach, arguments.output, os.environ)

    config = read()
    level = logging.DEBUG if arguments.verbose else logging.INFO
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=level)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Python may lose a KeyboardInterrupt in the middle of an import. Nothing has begun: Ctrl-C ends wlvm, until it catches it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from wlvm import server

    source = ConfigSource(arguments.config or own_config(os.environ), read)
    return server.run(config, arguments.backend, source)


def configuration(
    file: Path | None, sockets: Sequence[Path], outputs: Sequence[Mode], environ: Mapping[str, str]
) -> Config:
    """What `wlvm run` was asked for: the file's configuration (None: the user's own, where there is one) with what the command line adds.

    `sockets` are further guests; `outputs`, where there are any, take the place of the file's. ConfigError.
    """
    if file is None and (own := own_config(environ)).exists():
        file = own
    config = Config() if file is None else load(file)
    if outputs:
        config = msgspec.structs.replace(config, outputs=tuple(OutputConfig(mode=mode) for mode in outputs))
    for socket in sockets:
        taken = [guest.name for guest in config.guests]
        guest = GuestConfig.attached(socket.expanduser().absolute(), taken)
        config = msgspec.structs.replace(config, guests=(*config.guests, guest))
    return config


def own_config(environ: Mapping[str, str]) -> Path:
    """Where the user's own configuration is, if there is one (the XDG base directory specification)."""
    base = environ.get("XDG_CONFIG_HOME", "")
    directory = Path(base) if os.path.isabs(base) else Path(environ.get("HOME", "/")) / ".config"
    return directory / "wlvm" / "config.toml"


def _demo(arguments: argparse.Namespace) -> int:
    from wlvm import demo

    return demo.run(arguments.backend, seconds=arguments.seconds, png=arguments.png)


def _check(arguments: argparse.Namespace) -> int:
    from wlvm import check

    return check.run(arguments.json)


def _validate(arguments: argparse.Namespace) -> int:
    try:
        config = load(arguments.file)
    except ConfigError as error:
        if not arguments.json:
            raise
        problems = [
            {"file": p.file, "key": p.key, "value": p.value, "expected": p.expected} for p in error.problems
        ]
        print_json({"ok": False, "problems": problems})
        return USAGE
    if arguments.json:
        print_json({"ok": True, "problems": []})
    else:
        print(f"{arguments.file}: ok: guests {len(config.guests)}, outputs {len(config.outputs)}")
    return OK


def _explain(arguments: argparse.Namespace) -> int:
    from wlvm import explain

    config = configuration(arguments.config, (), (), os.environ)
    guest = next((guest for guest in config.guests if guest.name == arguments.guest), None)
    if guest is None:
        names = ", ".join(guest.name for guest in config.guests)
        return complain(f"no guest {arguments.guest}: there are {names or 'none'}", NOT_FOUND)
    return explain.run(guest, as_json=arguments.json)


# The command line.


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="wlvm",
        description="A Wayland compositor whose windows are virtual machines.",
        epilog=_EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"wlvm {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND [OPTION]", required=True)
    _add_local(commands)
    add_remote(commands)
    return parser


def _add_local(commands: Any) -> None:
    """The commands that need no running wlvm."""
    run = add_command(commands, "run", _run, "start the compositor")
    _add_config(run)
    run.add_argument(
        "--attach", type=Path, metavar="QMP-SOCKET", action="append", default=[],
        help="show the guest behind this QMP socket too; may be repeated",
    )  # fmt: skip
    _add_backend(run)
    run.add_argument(
        "--output", type=_mode, metavar="WIDTHxHEIGHT@HZ", action="append", default=[],
        help="an output of this mode, in place of the file's outputs; may be repeated",
    )  # fmt: skip
    run.add_argument("-v", "--verbose", action="store_true", help="log what happens in detail")

    demo = add_command(commands, "demo", _demo, "show guests that need no preparation, side by side")
    _add_backend(demo)
    demo.add_argument("--seconds", type=seconds, metavar="N", help="end after so many seconds")
    demo.add_argument("--png", type=Path, metavar="FILE", help="leave a picture of the screen in this file")

    check = add_command(commands, "check", _check, "say what this machine can do, and what to install")
    add_json(check)

    validate = add_command(commands, "validate", _validate, "check a configuration file and start nothing")
    validate.add_argument("file", type=Path, metavar="FILE")
    add_json(validate)

    explain = add_command(commands, "explain", _explain, "say how a guest's QEMU is run here, and why so")
    explain.add_argument("guest", metavar="GUEST")
    _add_config(explain)
    add_json(explain)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the configuration (default: ~/.config/wlvm/config.toml, if there is one)",
    )


def _add_backend(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backend", choices=BACKENDS, default="auto",
        help="where to show it (default: the Wayland compositor or X server around, else this machine's screens)",
    )  # fmt: skip


def _mode(text: str) -> Mode:
    try:
        return Mode.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'"{text}": {error}') from None


if __name__ == "__main__":
    sys.exit(main())
