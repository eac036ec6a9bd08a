"""Connections that ask nothing: closed in time, so that they use up no files of the pipeline's."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

#: Seconds in which the head of a request must have come.
HEAD_WITHIN = 10.0
#: Open at once; what comes beyond is closed unheard. The pipeline lives in the same process, and
#: a process has often 1,024 files.
MOST = 500


class PromptProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn, with a limit on how many wait and on how long a head may take.

    uvicorn limits only how long a connection rests between two requests: whoever sends a byte now
    and then would hold one for ever.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, or close at once where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take in what came; what is no whole head yet does not prolong the time for it."""
        super().data_received(data)
        if self._is_answering():
            self._stop_waiting()
        elif self._deadline is None:
            self._await_head()

    def on_response_complete(self) -> None:
        """Go on with the next request; its head has its own time, from its first byte."""
        self._stop_waiting()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_WITHIN, self._close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        self._deadline = None
        if not self._is_answering() and not self.transport.is_closing():
            self.transport.close()
