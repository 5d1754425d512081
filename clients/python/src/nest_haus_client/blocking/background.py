"""The async client in a separate thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from nest_haus_client.client import Client
from nest_haus_client.errors import ClientClosed

T = TypeVar("T")


class Background:
    """The async client in a separate thread, from ``start`` to ``stop``."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._make = client
        self._ready: Future[Client] = Future()
        self._thread = Thread(target=self._run, name="nest-haus-client", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None

    def start(self) -> Client:
        """The client, once it is entered. Raises the error of entering it."""
        self._thread.start()
        return self._ready.result()

    def call(self, asked: Coroutine[object, object, T], timeout: float | None = None) -> T:
        """The result of a coroutine that runs in that thread. Raises TimeoutError, ClientClosed."""
        if self._loop is None or not self._thread.is_alive():
            asked.close()
            raise ClientClosed
        future: Future[T] = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def look(self, what: Callable[[], T]) -> T:
        """The result of a function that is called between two turns of that thread's event loop.

        So no state changes meanwhile.
        """
        return self.call(_call(what))

    def iterate(self, items: AsyncGenerator[T, None], timeout: float | None) -> Iterator[T]:
        """The items of an async iterator, one call each; ends if none comes within ``timeout``."""
        try:
            while (item := self.call(_next(items, timeout))) is not None:
                yield item[0]
        finally:
            with suppress(ClientClosed):
                self.call(items.aclose())

    def stop(self) -> None:
        """Close the client and end the thread."""
        if self._loop is not None and self._over is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - `start` raises it in the caller's thread
            if not self._ready.done():
                self._ready.set_exception(error)

    async def _live(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with self._make() as client:
            self._ready.set_result(client)
            await self._over.wait()


async def _call(what: Callable[[], T]) -> T:
    return what()


async def _next(items: AsyncGenerator[T, None], timeout: float | None) -> tuple[T] | None:  # noqa: ASYNC109 - the caller is not async
    try:
        async with asyncio.timeout(timeout):
            return (await anext(items),)
    except (StopAsyncIteration, TimeoutError):
        return None
