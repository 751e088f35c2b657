"""The commands a person types that ask a running wlvm. docs/control.md tells them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_args

import msgspec

from wlvm import msg, tables
from wlvm.command_line import (
    FAILED,
    OK,
    USAGE,
    Parser,
    add_command,
    add_json,
    complain,
    print_json,
    seconds,
    status_of,
    until_interrupted,
)
from wlvm.ipc import ControlClient, ControlError, ExportedDmabuf, find_socket
from wlvm.ipc.image import description_for_child
from wlvm.ipc.messages import (
    About,
    Event,
    Inputs,
    Kind,
    Listing,
    Outputs,
    Snapshots,
    Stats,
    Views,
    Workspaces,
)

if TYPE_CHECKING:
    from wlvm.frame import Frame

Result = TypeVar("Result")
Struct = TypeVar("Struct", bound=msgspec.Struct)

#: Keys that type something and have a name.
_KEYS = {"space": " ", "return": "\n", "enter": "\n", "tab": "\t"}


def add_remote(commands: Any) -> None:
    """The commands that ask a running wlvm."""
    add_json(
        _add_asking(commands, "list", _list, "the guests of a running wlvm, and where their consoles are")
    )

    attach = _add_asking(commands, "attach", _attach, "show another guest; prints what it is called")
    attach.add_argument("qmp", type=Path, metavar="QMP-SOCKET")
    add_json(attach)

    detach = _add_asking(
        commands, "detach", _detach, "leave a guest: one that wlvm launched ends, unless it outlives wlvm"
    )
    detach.add_argument("guest", metavar="GUEST")

    snapshots = _add_asking(commands, "snapshots", _snapshots, "the snapshots of a guest's machine")
    snapshots.add_argument("guest", metavar="GUEST")
    add_json(snapshots)

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

    type_text = _add_asking(commands, "type", _type, "type a text into a guest; Ctrl-C stops it")
    type_text.add_argument("guest", metavar="GUEST")
    type_text.add_argument("text", metavar="TEXT", help="- is what the standard input has")

    add_json(_add_asking(commands, "stats", _stats, "how frames reach the screen, how many, and how late"))

    add_json(
        _add_asking(commands, "inputs", _inputs, "the keyboards, mice and touchpads, and what is set on them")
    )

    add_json(
        _add_asking(
            commands, "views", _views, "guests' consoles and windows: where they are, and which has the focus"
        )
    )

    add_json(_add_asking(commands, "workspaces", _workspaces, "the workspaces, and what is on them"))

    add_json(_add_asking(commands, "outputs", _outputs, "the outputs: their modes, scales and places"))

    add_json(_add_asking(commands, "about", _about, "what a running wlvm draws with, and its guests' QEMUs"))

    bench = _add_asking(
        commands, "bench", _bench, "watch a guest for a while, and say what its frames take here"
    )
    bench.add_argument(
        "guest",
        metavar="GUEST",
        nargs="?",
        help="(default: the one with the focus, or the only one to be seen)",
    )
    bench.add_argument(
        "--console", type=int, metavar="N", help="which console (default: the one with the focus, or 0)"
    )
    bench.add_argument("--seconds", type=seconds, default=10.0, metavar="N", help="for so long (default: 10)")
    bench.add_argument(
        "--key", type=_key, metavar="KEY",
        help="then press this key ten times, to see how soon a picture follows: one character, space, Return or Tab",
    )  # fmt: skip
    add_json(bench)

    message = _add_asking(commands, "msg", _msg, "do a command of the key bindings, or tell what happens")
    add_json(message)
    message.usage = "%(prog)s [-h] [--socket PATH] [--json] COMMAND [; COMMAND]... | subscribe [KIND...] | trace [SECONDS] [-o FILE]"
    message.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="COMMAND",
        help=f"docs/keys.md lists them; an argument {msg.SEPARATOR} stands between two. "
        f"subscribe prints a line of JSON for whatever happens, or for what is of some KIND: {', '.join(get_args(Kind))}. "
        "trace tells how long each stage of guest frames' way takes, from QEMU to the screen, and leaves a Chrome trace of it in FILE",
    )  # fmt: skip

    waybar = _add_asking(
        commands, "waybar", _waybar, "lines for a custom module of waybar, while they change"
    )
    waybar.add_argument("--output", metavar="NAME", help="the workspaces of this output alone")

    _add_asking(
        commands, "quit", _quit, "end wlvm, and the guests that it launched, but those that outlive it"
    )


def _add_asking(
    commands: Any, name: str, command: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    parser = add_command(commands, name, command, summary)
    parser.add_argument(
        "--socket", type=Path, metavar="PATH",
        help="the control socket of the wlvm to ask (default: $WLVM_SOCKET, else that of $WAYLAND_DISPLAY, else the only one)",
    )  # fmt: skip
    return parser


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


def _ask(arguments: argparse.Namespace, question: Callable[[ControlClient], Result]) -> Result:
    with ControlClient(arguments.socket or find_socket(os.environ)) as client:
        return question(client)


def _show(
    arguments: argparse.Namespace, command: str, kind: type[Struct], table: Callable[[Struct], str]
) -> int:
    """What a command without arguments answers, as JSON or as a table."""
    result = _ask(arguments, lambda client: client.call(command))
    if arguments.json:
        print_json(result)
    else:
        print(table(_as(kind, result)))
    return OK


def _list(arguments: argparse.Namespace) -> int:
    return _show(arguments, "list", Listing, tables.listing)


def _stats(arguments: argparse.Namespace) -> int:
    return _show(arguments, "stats", Stats, tables.stats)


def _inputs(arguments: argparse.Namespace) -> int:
    return _show(arguments, "inputs", Inputs, tables.inputs)


def _about(arguments: argparse.Namespace) -> int:
    return _show(arguments, "about", About, tables.about)


def _as(kind: type[Struct], result: Any) -> Struct:
    try:
        return msgspec.convert(result, kind)
    except msgspec.ValidationError as error:
        raise ControlError(f"the running wlvm speaks another control protocol: {error}") from None


def _attach(arguments: argparse.Namespace) -> int:
    name = _ask(arguments, lambda client: client.attach(arguments.qmp.expanduser()))
    if arguments.json:
        print_json({"name": name})
    else:
        print(name)
    return OK


def _detach(arguments: argparse.Namespace) -> int:
    _ask(arguments, lambda client: client.detach(arguments.guest))
    return OK


def _snapshots(arguments: argparse.Namespace) -> int:
    result = _ask(arguments, lambda client: client.call("snapshots", {"guest": arguments.guest}))
    if arguments.json:
        print_json(result)
    else:
        print(tables.snapshots(_as(Snapshots, result)))
    return OK


def _frame(arguments: argparse.Namespace) -> int:
    if arguments.program == []:
        return complain("frame: expected a program after --exec", USAGE)
    if not arguments.dmabuf:
        if arguments.program or arguments.allow_copy:
            return complain("frame: --exec and --allow-copy are for --dmabuf", USAGE)
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
            return complain(
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


def _type(arguments: argparse.Namespace) -> int:
    text = sys.stdin.read() if arguments.text == "-" else arguments.text
    _ask(arguments, lambda client: client.type_text(arguments.guest, text))
    return OK


def _views(arguments: argparse.Namespace) -> int:
    return _show(arguments, "views", Views, tables.views)


def _workspaces(arguments: argparse.Namespace) -> int:
    return _show(arguments, "workspaces", Workspaces, tables.workspaces)


def _outputs(arguments: argparse.Namespace) -> int:
    return _show(arguments, "outputs", Outputs, tables.outputs)


def _msg(arguments: argparse.Namespace) -> int:
    if arguments.words[:1] == ["subscribe"]:
        return _subscribe(arguments, arguments.words[1:])
    if arguments.words[:1] == ["trace"]:
        return _trace(arguments, arguments.words[1:])
    commands = msg.commands_of(arguments.words)
    if not commands:
        return complain("msg: expected a command", USAGE)
    try:
        _ask(arguments, lambda client: client.command(*commands))
    except ControlError as error:
        if not arguments.json:
            raise
        print_json({"ok": False, "error": str(error), "code": error.code})
        return status_of(error)
    if arguments.json:
        print_json({"ok": True})
    return OK


def _subscribe(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    kinds: tuple[Kind, ...] = get_args(Kind)
    for word in words:
        if word not in kinds:
            return complain(f"msg subscribe: {word}: expected one of {', '.join(kinds)}", USAGE)
    wanted = [kind for kind in kinds if kind in words]
    return _ask(arguments, lambda client: _print_lines(map(json.dumps, client.subscribe(*wanted))))


def _trace(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    from wlvm.chrome_trace import chrome_trace
    from wlvm.frame_stages import Trace, summary

    parser = Parser(prog="wlvm msg trace", description="Record what becomes of guest frames.")
    parser.add_argument(
        "seconds", type=seconds, nargs="?", default=5.0, metavar="SECONDS", help="(default: 5)"
    )
    parser.add_argument(
        "-o",
        dest="file",
        type=Path,
        metavar="FILE.json",
        help="leave a Chrome trace here, for ui.perfetto.dev",
    )
    asked = parser.parse_args(words)
    trace = _ask(arguments, lambda client: Trace.of(until_interrupted(client.trace(asked.seconds))))
    if asked.file is not None:
        asked.file.write_text(json.dumps(chrome_trace(trace)))
    if arguments.json:
        print_json(msgspec.to_builtins(summary(trace)))
    else:
        print(tables.trace(summary(trace)))
    return OK


def _bench(arguments: argparse.Namespace) -> int:
    from wlvm import live_bench, live_bench_text

    socket = arguments.socket or find_socket(os.environ)
    print(live_bench_text.beginning(arguments.seconds), file=sys.stderr)
    seen = live_bench.watch(socket, arguments.guest, arguments.console, arguments.seconds, arguments.key)
    if arguments.json:
        print_json(msgspec.to_builtins(seen))
    else:
        print(live_bench_text.text(seen))
    return OK


def _key(text: str) -> str:
    """A key that types one character, as that."""
    character = _KEYS.get(text.lower(), text)
    if len(character) != 1:
        raise argparse.ArgumentTypeError(f'"{text}": expected one character, space, Return or Tab')
    return character


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
