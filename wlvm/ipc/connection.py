"""One client of the control socket, on the server's side.

No client is trusted to be quick, right or honest: one request of it is done at a time, at most one in a turn of the loop, and nothing more is
read from whoever does not read the answer.
"""

from __future__ import annotations

import logging
import select
import socket
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Struct

from wlvm import __version__
from wlvm.fd import OwnedFd
from wlvm.frame import Frame
from wlvm.ipc.image import image_of, put_frame
from wlvm.ipc.messages import MAX_LINE, PROTOCOL, ControlError, Greeting, Reply, Request
from wlvm.loop import EventLoop

log = logging.getLogger(__name__)

_CHUNK = 1 << 16

_decode_request = msgspec.json.Decoder(Request).decode


class Deferred:
    """The result of a command that comes later. Whoever made it resolves it, once, on the loop's thread."""

    def __init__(self, forgotten: Callable[[], None] = lambda: None) -> None:
        """`forgotten` is called when nobody waits for the result any more, and there is none yet."""
        self._forgotten = forgotten
        self._outcome: Outcome | None = None
        self._answer: Callable[[Outcome], None] | None = None

    def resolve(self, outcome: Outcome) -> None:
        """Give the result, or the error. Nothing happens when nobody waits for it any more."""
        if self._answer is not None:
            self._answer(outcome)
        else:
            self._outcome = outcome

    def then(self, answer: Callable[[Outcome], None]) -> None:
        """Call `answer` with the outcome as soon as there is one."""
        if self._outcome is not None:
            answer(self._outcome)
        else:
            self._answer = answer

    def forget(self) -> None:
        """Nobody waits for it any more."""
        self._answer = None
        self._forgotten()


class Stream:
    """A result that lines follow until the client hangs up.

    `following` has the lines that are new to this client. It is asked first when the result has been sent, and again after each `wake()`, but not
    before the client has taken all that was sent to it: whoever reads slowly is told less often, and of what is true by then. `ended` is called
    once when the client has gone.
    """

    def __init__(
        self,
        result: msgspec.Struct,
        following: Callable[[], Sequence[msgspec.Struct]],
        ended: Callable[[Stream], None],
    ) -> None:
        self.result = result
        self.following = following
        self.ended = ended
        self._woken: Callable[[], None] = lambda: None

    def wake(self) -> None:
        """There may be something new."""
        self._woken()

    def on_wake(self, woken: Callable[[], None]) -> None:
        """Call `woken` at each `wake()`, and nothing else any more."""
        self._woken = woken


class WithFds(Struct, frozen=True):
    """A result that file descriptors come with; whoever has it closes them."""

    result: msgspec.Struct
    fds: Sequence[OwnedFd]


#: What a command answers with: a struct or a mapping that becomes a JSON object, perhaps with file descriptors, or a Frame, whose pixels
#: go in one.
Result = msgspec.Struct | Mapping[str, object] | WithFds | Frame
Outcome = Result | ControlError

#: Says, given the process that connected and a command's name, why it must not be done; "" when it may.
Refusal = Callable[[int, str], str]

#: Does a command: returns its result, a Deferred or a Stream, or raises ControlError.
Command = Callable[[Request], Result | Deferred | Stream]


class Connection:
    """One client. It is in one of five states: sending, waiting for a Deferred, having a request to handle, having something to tell of its
    Stream, or reading.
    """

    def __init__(
        self,
        loop: EventLoop,
        sock: socket.socket,
        commands: Mapping[str, Command],
        refusal: Callable[[str], str],
        closed: Callable[[Connection], None],
    ) -> None:
        """Takes `sock`, non-blocking, over. `closed` is told once when the connection has ended."""
        self._socket = sock
        self._commands = commands
        self._refusal = refusal
        self._closed = closed
        self._incoming = bytearray()
        self._at_end = False
        self._outgoing = msgspec.json.encode(Greeting(__version__, PROTOCOL)) + b"\n"
        self._outgoing_fds: Sequence[OwnedFd] = ()
        self._deferred: Deferred | None = None
        self._stream: Stream | None = None
        self._has_news = False
        self._watch = loop.watch(sock.fileno(), self._ready, readable=False, writable=True)

    def close(self) -> None:
        """Hang up. Harmless when repeated."""
        if self._socket.fileno() < 0:
            return
        if self._deferred is not None:
            self._deferred.forget()
        self._watch.remove()
        self._drop_fds()
        self._socket.close()
        self._end_stream()
        self._closed(self)

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        self._has_news = False
        if stream is not None:
            stream.on_wake(lambda: None)
            stream.ended(stream)

    def _ready(self) -> None:
        """Raised when the socket is ready for what the state wants, or has hung up."""
        try:
            if self._outgoing:
                self._flush()
            elif self._is_told_more() and _hung_up(self._socket):
                self.close()
            elif self._deferred is not None:
                pass  # its answer comes by itself
            elif self._next_line_end() >= 0:
                self._handle()
            elif self._has_news:
                self._tell_news()
            elif not self._at_end:
                self._receive()
                if self._next_line_end() >= 0:
                    self._handle()
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        self._wait()

    def _wait(self) -> None:
        """Wait for what the state wants next."""
        if self._socket.fileno() < 0:
            return
        if self._outgoing or (self._deferred is None and (self._has_news or self._next_line_end() >= 0)):
            # A request that is here already is handled in a later turn: a socket with room to write calls back at once.
            self._watch.update(readable=False, writable=True)
        elif self._deferred is not None:
            self._watch.update(readable=False, writable=False)
        elif not self._at_end:
            self._watch.update(readable=True, writable=False)
        elif self._stream is not None:
            self._watch.update(readable=False, writable=False)
        else:
            self.close()

    def _is_told_more(self) -> bool:
        """Whether something is to come that the client has asked for, so that only its hanging up ends the connection."""
        return self._deferred is not None or (self._stream is not None and self._at_end)

    def _next_line_end(self) -> int:
        return self._incoming.find(b"\n")

    def _receive(self) -> None:
        data = self._socket.recv(_CHUNK)
        self._at_end = not data
        self._incoming += data
        if self._next_line_end() < 0 and len(self._incoming) > MAX_LINE:
            self._incoming.clear()
            self._at_end = True
            self._end_stream()
            self._answer(None, ControlError(f"a request is longer than {MAX_LINE} bytes", "invalid"))

    def _handle(self) -> None:
        """Do the next request."""
        end = self._next_line_end()
        line = bytes(self._incoming[:end])
        del self._incoming[: end + 1]
        try:
            request = _decode_request(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            self._answer(None, ControlError(f"not a request: {error}", "invalid"))
            return
        outcome = self._do(request)
        if isinstance(outcome, Deferred):
            self._deferred = outcome
            outcome.then(lambda later: self._answer_later(request, later))
        elif isinstance(outcome, Stream):
            self._stream = outcome
            outcome.on_wake(self._woken)
            self._answer(request.id, outcome.result)
            self._woken()
        else:
            self._answer(request.id, outcome)

    def _do(self, request: Request) -> Outcome | Deferred | Stream:
        command = self._commands.get(request.command)
        if command is None:
            return ControlError(f"no command {request.command}", "invalid")
        if refusal := self._refusal(request.command):
            return ControlError(refusal, "denied")
        try:
            outcome = command(request)
        except ControlError as error:
            return error
        except Exception as error:
            # Whatever a command trips over, its client gets an answer and the others are served.
            log.exception("command %s", request.command)
            return ControlError(f"{request.command}: {error!r}")
        if isinstance(outcome, Stream) and self._stream is not None:
            outcome.ended(outcome)
            return ControlError(f"{request.command}: this connection has subscribed already", "invalid")
        return outcome

    def _woken(self) -> None:
        """Raised when there may be something new to tell."""
        self._has_news = True
        self._wait()

    def _tell_news(self) -> None:
        assert self._stream is not None, "who has no stream has no news"
        self._has_news = False
        if lines := self._stream.following():
            self._send(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))

    def _answer_later(self, request: Request, outcome: Outcome) -> None:
        self._deferred = None
        self._answer(request.id, outcome)
        self._wait()

    def _answer(self, request_id: int | str | None, outcome: Outcome) -> None:
        """Begin to send a reply."""
        if isinstance(outcome, Frame):
            outcome = _in_memory(outcome)
        if isinstance(outcome, ControlError):
            reply = Reply(request_id, error=str(outcome), code=outcome.code)
        elif isinstance(outcome, WithFds):
            self._outgoing_fds = outcome.fds
            result = msgspec.json.encode(outcome.result)
            reply = Reply(request_id, result=msgspec.Raw(result), fds=len(outcome.fds))
        else:
            reply = Reply(request_id, result=msgspec.Raw(msgspec.json.encode(outcome)))
        self._send(msgspec.json.encode(reply) + b"\n")

    def _send(self, data: bytes) -> None:
        """Begin to send; `_ready` sends what the socket does not take at once."""
        self._outgoing = data
        try:
            self._flush()
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def _flush(self) -> None:
        sent = socket.send_fds(self._socket, [self._outgoing], [fd.fileno() for fd in self._outgoing_fds])
        self._drop_fds()
        self._outgoing = self._outgoing[sent:]

    def _drop_fds(self) -> None:
        for fd in self._outgoing_fds:
            fd.close()
        self._outgoing_fds = ()


def _in_memory(frame: Frame) -> WithFds | ControlError:
    """A frame as what is sent of it."""
    try:
        return WithFds(image_of(frame), [put_frame(frame)])
    except OSError as error:
        return ControlError(f"no memory for the picture: {error.strerror}")


def _hung_up(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock.fileno(), 0)
    return bool(poll.poll(0))
