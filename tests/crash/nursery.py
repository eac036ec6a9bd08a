"""A process that has imported everything and forks children that are killed.

Starting Python and importing pandas takes a second, a fork a few milliseconds: hundreds of lives
fit into a minute, each ended by a real ``SIGKILL``. Use: ``with Nursery.opened() as nursery``.

A child runs ``module:function(*arguments)``. It is the nursery that kills it, before it has been
reaped, so that the signal can never reach a stranger that inherited its number.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Nursery:
    """The test's end: one child at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._child = 0

    @classmethod
    @contextmanager
    def opened(cls, *warm_up: str) -> Iterator[Nursery]:
        """Start a nursery that has run the functions ``warm_up`` (``module:name``) once."""
        command = [sys.executable, "-m", "tests.crash.nursery", *warm_up]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            nursery = cls(process)
            try:
                assert nursery._heard() == "open"
                yield nursery
            finally:
                assert process.stdin is not None
                process.stdin.close()

    def bear(self, function: str, *arguments: object) -> None:
        """Fork a child that runs ``function``, given as ``module:name``."""
        self._say({"function": function, "arguments": arguments})
        self._child = int(self._heard())

    def child(self) -> int:
        """Return the process of the child."""
        return self._child

    def has_ended(self) -> bool:
        """Return whether the child has come to its end by itself; it is not reaped."""
        self._say("look")
        return self._heard() == "True"

    def kill(self) -> int:
        """Kill the child; return its end: -9 if it was alive, its exit status otherwise."""
        self._say("kill")
        return int(self._heard())

    def wait(self) -> int:
        """Let the child come to its end, and return its exit status."""
        self._say("wait")
        return int(self._heard())

    def _say(self, what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def _serve() -> None:
    print("open", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(order["function"], order["arguments"])
        print(child, flush=True)
        while (order := _order()) == "look":
            ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            print(ended is not None, flush=True)
        if order == "kill":
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _order() -> str:
    """Return what the test wants. No answer at all: it has failed, and the child must go too."""
    return str(json.loads(sys.stdin.readline() or '"kill"'))


def _live(function: str, arguments: list[object]) -> None:
    try:
        _named(function)(*arguments)
    except BaseException:  # a child must never run the nursery's own loop
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _named(function: str) -> Callable[..., object]:
    module, name = function.split(":")
    found: Callable[..., object] = getattr(importlib.import_module(module), name)
    return found


if __name__ == "__main__":
    for warm_up in sys.argv[1:]:
        _named(warm_up)()
    _serve()
