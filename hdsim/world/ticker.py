"""Steps the world and hands over its frame while the Traffic Manager still thinks about it."""

from __future__ import annotations

from contextlib import ExitStack
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

import carla

from hdsim.core.cores import interpreter_apart


class Ticker:
    """The one party that ticks.

    ``world.tick()`` returns when the client's Traffic Manager has finished its cycle on the new
    frame. It is called on a thread of its own, so that drivers perceive and decide, and detectors
    watch, at the same time: ``advance`` returns as soon as the frame is here, ``settle`` when the
    cycle is over. Commands sent after ``settle`` reach the server after the Traffic Manager's, as
    they would after a plain ``tick()``; nothing the Traffic Manager reads changes in between.

    Use it as a context manager. In a worker of a batch the interpreter moves to a core of its own
    meanwhile and leaves the client's threads with the server.

    Args:
        world: The world, in synchronous mode.
    """

    def __init__(self, world: carla.World) -> None:
        self._world = world
        self._cues: SimpleQueue[bool] = SimpleQueue()
        self._frames: SimpleQueue[int | Exception] = SimpleQueue()
        self._ends: SimpleQueue[Exception | None] = SimpleQueue()
        self._thread = Thread(target=self._tick, name="ticker", daemon=True)
        self._callback = 0
        self._frame = 0
        self._settled = True
        self._core = ExitStack()

    def __enter__(self) -> Self:
        # Without any frame yet the next to arrive could be one from before the first cue.
        self._frame = self._world.get_snapshot().frame or self._world.tick()
        self._core.enter_context(interpreter_apart())
        self._callback = self._world.on_tick(lambda snapshot: self._frames.put(snapshot.frame))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cues.put(False)
        self._thread.join()
        self._world.remove_on_tick(self._callback)
        self._core.close()

    def _tick(self) -> None:
        while self._cues.get():
            try:
                self._world.tick()
            except RuntimeError as error:
                self._frames.put(error)
                self._ends.put(error)
            else:
                self._ends.put(None)

    def advance(self) -> None:
        """Steps the world once; its snapshot is the new frame's afterwards.

        Raises:
            RuntimeError: If the client gives up on the server.
        """
        self._settled = False
        self._cues.put(True)
        before = self._frame
        while self._frame <= before:
            news = self._frames.get()
            if isinstance(news, Exception):
                raise news
            self._frame = news

    def settle(self) -> None:
        """Waits for the Traffic Manager's cycle on this frame; at once when it is over.

        Raises:
            RuntimeError: If the client gives up on the server.
        """
        if self._settled:
            return
        end = self._ends.get()
        self._settled = True
        if end is not None:
            raise end
