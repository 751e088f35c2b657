"""The commands a person types. `wlvm --help` lists them; docs/control.md tells those that ask a running wlvm."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_args

import msgspec

from wlvm import __version__, msg, tables
from wlvm.config import Config, ConfigError, ConfigSource, GuestConfig, Mode, OutputConfig, load
from wlvm.ipc import ControlClient, ControlError, ExportedDmabuf, NotRunningError, find_socket
from wlvm.ipc.image import description_for_child
from wlvm.ipc.messages import Event, Inputs, Kind, Listing, Outputs, Stats, Views, Workspaces

if TYPE_CHECKING:
    from wlvm.frame import Frame
    from wlvm.wlr.backend import BackendKind

OK, FAILED, USAGE, NOT_RUNNING, NOT_FOUND, DENIED = range(6)

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

Result = TypeVar("Result")
Struct = TypeVar("Struct", bound=msgspec.Struct)


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
        return _complain(str(error), _status(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep Python from complaining at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted", FAILED)


def _complain(text: str, status: int) -> int:
    print(f"wlvm: {text}", file=sys.stderr)
    return status


def _status(error: ControlError) -> int:
    if isinstance(error, NotRunningError):
        return NOT_RUNNING
    return {"failed": FAILED, "invalid": USAGE, "not-found": NOT_FOUND, "denied": DENIED}[error.code]


# Commands that start something or look at files.


def _run(arguments: argparse.Namespace) -> int:
    def read() -> Config:
        return configuration(arguments.config, arguments.attach, arguments.output, os.environ)

    config = read()
    level = logging.DEBUG if arguments.verbose else logging.INFO
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=level)
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
        _print_json({"ok": False, "problems": problems})
        return USAGE
    if arguments.json:
        _print_json({"ok": True, "problems": []})
    else:
        print(f"{arguments.file}: ok: guests {len(config.guests)}, outputs {len(config.outputs)}")
    return OK


# Commands that ask a running wlvm.


def _ask(arguments: argparse.Namespace, question: Callable[[ControlClient], Result]) -> Result:
    with ControlClient(arguments.socket or find_socket(os.environ)) as client:
        return question(client)


def _show(
    arguments: argparse.Namespace, command: str, kind: type[Struct], table: Callable[[Struct], str]
) -> int:
    """What a command without arguments answers, as JSON or as a table."""
    result = _ask(arguments, lambda client: client.call(command))
    if arguments.json:
        _print_json(result)
    else:
        print(table(_as(kind, result)))
    return OK


def _list(arguments: argparse.Namespace) -> int:
    return _show(arguments, "list", Listing, tables.listing)


def _stats(arguments: argparse.Namespace) -> int:
    return _show(arguments, "stats", Stats, tables.stats)


def _inputs(arguments: argparse.Namespace) -> int:
    return _show(arguments, "inputs", Inputs, tables.inputs)


def _as(kind: type[Struct], result: Any) -> Struct:
    try:
        return msgspec.convert(result, kind)
    except msgspec.ValidationError as error:
        raise ControlError(f"the running wlvm speaks another control protocol: {error}") from None


def _attach(arguments: argparse.Namespace) -> int:
    name = _ask(arguments, lambda client: client.attach(arguments.qmp.expanduser()))
    if arguments.json:
        _print_json({"name": name})
    else:
        print(name)
    return OK


def _detach(arguments: argparse.Namespace) -> int:
    _ask(arguments, lambda client: client.detach(arguments.guest))
    return OK


def _frame(arguments: argparse.Namespace) -> int:
    if arguments.program == []:
        return _complain("frame: expected a program after --exec", USAGE)
    if not arguments.dmabuf:
        if arguments.program or arguments.allow_copy:
            return _complain("frame: --exec and --allow-copy are for --dmabuf", USAGE)
        frame = _ask(arguments, lambda client: client.frame(arguments.guest, arguments.console))
        return _write(frame, arguments.file)
    with _ask(
        arguments,
        lambda client: client.dmabuf(arguments.guest, arguments.console, allow_copy=arguments.allow_copy),
    ) as dmabuf:
        if arguments.program:
            _exec_with(dmabuf, arguments.program)
        pixels = dmabuf.frame()
        if pixels is None:
            modifier = dmabuf.descriptor.modifier
            return _complain(
                f"{arguments.guest}'s dma-buf has the layout of a GPU (modifier {modifier:#x}), which must read it: see --exec",
                FAILED,
            )
        return _write(pixels, arguments.file)


def _exec_with(dmabuf: ExportedDmabuf, program: list[str]) -> NoReturn:
    """Become a program that has the dma-buf's fds, and its description in WLVM_DMABUF. OSError when it cannot be run."""
    for plane in dmabuf.descriptor.planes:
        os.set_inheritable(plane.fd.fileno(), True)
    environment = {**os.environ, "WLVM_DMABUF": description_for_child(dmabuf)}
    try:
        os.execvpe(program[0], program, environment)
    except OSError as error:
        raise OSError(f"{program[0]}: {error.strerror}") from None


def _screenshot(arguments: argparse.Namespace) -> int:
    frame = _ask(arguments, lambda client: client.screenshot(arguments.output))
    return _write(frame, arguments.file)


def _views(arguments: argparse.Namespace) -> int:
    return _show(arguments, "views", Views, tables.views)


def _workspaces(arguments: argparse.Namespace) -> int:
    return _show(arguments, "workspaces", Workspaces, tables.workspaces)


def _outputs(arguments: argparse.Namespace) -> int:
    return _show(arguments, "outputs", Outputs, tables.outputs)


def _msg(arguments: argparse.Namespace) -> int:
    if arguments.words[:1] == ["subscribe"]:
        return _subscribe(arguments, arguments.words[1:])
    commands = msg.commands_of(arguments.words)
    if not commands:
        return _complain("msg: expected a command", USAGE)
    try:
        _ask(arguments, lambda client: client.command(*commands))
    except ControlError as error:
        if not arguments.json:
            raise
        _print_json({"ok": False, "error": str(error), "code": error.code})
        return _status(error)
    if arguments.json:
        _print_json({"ok": True})
    return OK


def _subscribe(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    kinds: tuple[Kind, ...] = get_args(Kind)
    for word in words:
        if word not in kinds:
            return _complain(f"msg subscribe: {word}: expected one of {', '.join(kinds)}", USAGE)
    wanted = [kind for kind in kinds if kind in words]
    return _ask(arguments, lambda client: _print_lines(map(json.dumps, client.subscribe(*wanted))))


def _waybar(arguments: argparse.Namespace) -> int:
    from wlvm import waybar

    def show(client: ControlClient) -> int:
        events = (_as(Event, event) for event in client.subscribe(*waybar.KINDS))
        return _print_lines(waybar.lines(events, arguments.output))

    return _ask(arguments, show)


def _print_lines(lines: Iterable[str]) -> int:
    """Print each line when it comes."""
    for line in lines:
        print(line, flush=True)
    return OK


def _quit(arguments: argparse.Namespace) -> int:
    _ask(arguments, lambda client: client.quit())
    return OK


def _write(frame: Frame, file: Path) -> int:
    """Write a PNG file; "-" is the standard output."""
    if str(file) == "-":
        sys.stdout.buffer.write(frame.png())
        sys.stdout.flush()
    else:
        frame.save_png(file)
    return OK


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


# The command line.


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="wlvm",
        description="A Wayland compositor whose windows are virtual machines.",
        epilog=_EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"wlvm {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND [OPTION]", required=True)
    _add_local(commands)
    _add_remote(commands)
    return parser


def _add_local(commands: Any) -> None:
    """The commands that need no running wlvm."""
    run = _add(commands, "run", _run, "start the compositor")
    run.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the configuration (default: ~/.config/wlvm/config.toml, if there is one)",
    )
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

    demo = _add(commands, "demo", _demo, "show guests that need no preparation, side by side")
    _add_backend(demo)
    demo.add_argument("--seconds", type=_seconds, metavar="N", help="end after so many seconds")
    demo.add_argument("--png", type=Path, metavar="FILE", help="leave a picture of the screen in this file")

    check = _add(commands, "check", _check, "say what this machine can do, and what to install")
    _add_json(check)

    validate = _add(commands, "validate", _validate, "check a configuration file and start nothing")
    validate.add_argument("file", type=Path, metavar="FILE")
    _add_json(validate)


def _add_remote(commands: Any) -> None:
    """The commands that ask a running wlvm."""
    _add_json(
        _add_asking(commands, "list", _list, "the guests of a running wlvm, and where their consoles are")
    )

    attach = _add_asking(commands, "attach", _attach, "show another guest; prints what it is called")
    attach.add_argument("qmp", type=Path, metavar="QMP-SOCKET")
    _add_json(attach)

    detach = _add_asking(commands, "detach", _detach, "leave a guest: one that wlvm launched ends")
    detach.add_argument("guest", metavar="GUEST")

    frame = _add_asking(commands, "frame", _frame, "a guest's pixels, exactly, as a PNG file")
    frame.add_argument("guest", metavar="GUEST")
    frame.add_argument("--console", type=int, default=0, metavar="N", help="which console (default: 0)")
    frame.add_argument(
        "--dmabuf", action="store_true", help="take the guest's own memory, a dma-buf, and no copy of it"
    )
    frame.add_argument(
        "--allow-copy",
        action="store_true",
        help="with --dmabuf, where the picture lies in none: a dma-buf of a copy",
    )
    destination = frame.add_mutually_exclusive_group(required=True)
    _add_file(destination)
    destination.add_argument(
        "--exec", dest="program", nargs=argparse.REMAINDER, metavar="PROGRAM [ARGUMENT...]",
        help="with --dmabuf: run a program that inherits the dma-buf's file descriptors; WLVM_DMABUF describes them",
    )  # fmt: skip

    screenshot = _add_asking(commands, "screenshot", _screenshot, "an output's pixels as a PNG file")
    screenshot.add_argument("--output", metavar="NAME", help="which output (default: the first)")
    _add_file(screenshot, required=True)

    _add_json(_add_asking(commands, "stats", _stats, "how frames reach the screen, how many, and how late"))

    _add_json(
        _add_asking(commands, "inputs", _inputs, "the keyboards, mice and touchpads, and what is set on them")
    )

    _add_json(
        _add_asking(
            commands, "views", _views, "guests' consoles and windows: where they are, and which has the focus"
        )
    )

    _add_json(_add_asking(commands, "workspaces", _workspaces, "the workspaces, and what is on them"))

    _add_json(_add_asking(commands, "outputs", _outputs, "the outputs: their modes, scales and places"))

    message = _add_asking(commands, "msg", _msg, "do a command of the key bindings, or tell what happens")
    _add_json(message)
    message.usage = "%(prog)s [-h] [--socket PATH] [--json] COMMAND [; COMMAND]... | subscribe [KIND...]"
    message.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="COMMAND",
        help=f"docs/keys.md lists them; an argument {msg.SEPARATOR} stands between two. "
        f"subscribe prints a line of JSON for whatever happens, or for what is of some KIND: {', '.join(get_args(Kind))}",
    )  # fmt: skip

    waybar = _add_asking(
        commands, "waybar", _waybar, "lines for a custom module of waybar, while they change"
    )
    waybar.add_argument("--output", metavar="NAME", help="the workspaces of this output alone")

    _add_asking(commands, "quit", _quit, "end wlvm, and the guests that it launched")


def _add(
    commands: Any, name: str, command: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    parser.set_defaults(command=command)
    return parser


def _add_asking(
    commands: Any, name: str, command: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    parser = _add(commands, name, command, summary)
    parser.add_argument(
        "--socket", type=Path, metavar="PATH",
        help="the control socket of the wlvm to ask (default: $WLVM_SOCKET, else that of $WAYLAND_DISPLAY, else the only one)",
    )  # fmt: skip
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def _add_file(parser: Any, **options: bool) -> None:
    """The option for where a picture goes; `parser` may be a group of options."""
    parser.add_argument(
        "-o",
        dest="file",
        type=Path,
        metavar="FILE.png",
        help="the file to write; - is the standard output",
        **options,
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


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f'"{text}": expected a number of seconds above 0')
    return seconds


if __name__ == "__main__":
    sys.exit(main())
