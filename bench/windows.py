"""`python -m bench.windows SOCKET COUNT`: a Wayland client with so many windows of one colour, that draws when it is told to and not otherwise."""

from __future__ import annotations

import sys

from tests.clients.window import Client


def main() -> None:
    """Until it is killed."""
    path, count = sys.argv[1:]
    client = Client(path)
    windows = [client.window(0x3465A4, title=f"window {number}") for number in range(int(count))]
    assert windows
    while True:
        client.display.dispatch(block=True)
        client.display.flush()


if __name__ == "__main__":
    main()
