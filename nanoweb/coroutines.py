"""Coroutine functions where a plain function is called: `async def` views in a WSGI application.

Loaded when the first coroutine is met, since asyncio is not light.  Each thread that needs one has a
loop of its own and keeps it: a loop for each request would cost more than most requests.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import threading
from functools import wraps
from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from typing import Any

__all__ = ["async_to_sync", "is_loop_running"]


def async_to_sync(func: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """Return a function that calls a coroutine function and runs what it returns to its end.

    >>> async def add(a, b):
    ...     return a + b
    >>> async_to_sync(add)(1, 2)
    3

    It sees the context variables of the caller, so `request` and `g` work, and what it sets of
    them the caller sees.  Where a loop is at work in this thread already, another thread runs it.
    """

    @wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        loop = None if is_loop_running() else _own_loop()
        call = _Call(func(*args, **kwargs))
        try:
            if loop is None:
                _run_elsewhere(call)
            else:
                loop.run(call)
        finally:
            call.pass_on_variables()
        return call.result()

    return run


def is_loop_running() -> bool:
    """Whether this is called by a coroutine."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Call:
    """One coroutine to be run, the asynchronous generators that it begins, and the context variables that it sets.

    Its outcome is kept here: an error that asyncio raises is held by a task that its own traceback holds.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine
        self.value: Any = None
        self.error: Exception | None = None
        self.generators: WeakSet[AsyncGenerator[Any, Any]] = WeakSet()
        self.context: contextvars.Context | None = None

    async def run(self) -> None:
        sys.set_asyncgen_hooks(self.generators.add)  # the loop, which has set its own, sets back what was before
        try:
            self.value = await self.coroutine
        except Exception as error:  # noqa: BLE001 (result() raises it)
            self.error = error
        finally:
            self.context = contextvars.copy_context()

    def result(self) -> Any:
        """Return what the coroutine has returned, or raise what it has raised."""
        error, self.error = self.error, None
        if error is None:
            return self.value
        try:
            raise error
        finally:
            del error

    def pass_on_variables(self) -> None:
        """Set in this context what the coroutine has set: its task had a copy."""
        for variable, value in (self.context or {}).items():
            if variable.get(self) is not value:
                variable.set(value)


class _Loop:
    """The loop of a thread; it is closed when the thread has ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def run(self, call: _Call) -> None:
        """Run a call to its end, and what it left behind."""
        try:
            self.loop.run_until_complete(call.run())
        finally:
            if call.generators or asyncio.all_tasks(self.loop):
                self.loop.run_until_complete(_settle(call.generators))

    def __del__(self) -> None:
        if not self.loop.is_closed():
            self.loop.close()


async def _settle(generators):
    """Cancel the tasks that are left, and close the generators, as asyncio.run() does at its end."""
    await asyncio.sleep(0)  # one step for tasks that have just begun: a generator that is being closed
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    results += await asyncio.gather(*(generator.aclose() for generator in generators), return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            what = {"message": "a task or generator that a view had left behind failed", "exception": result}
            asyncio.get_running_loop().call_exception_handler(what)


_local = threading.local()

# Loops of the parent process.  To close one would take it from the parent: they share what it waits with.
_inherited: list[_Loop] = []


def _own_loop():
    loop = getattr(_local, "loop", None)
    if loop is None or loop.loop.is_closed():
        loop = _local.loop = _Loop(asyncio.new_event_loop())
    return loop


def _leave_loop():
    """Forget the loop that a new process has from its parent."""
    if hasattr(_local, "loop"):
        _inherited.append(_local.loop)
        del _local.loop


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_loop)


def _run_elsewhere(call):
    """Run a call in a thread of its own, with this one's context variables."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, "nanoweb-coroutine") as pool:
        pool.submit(contextvars.copy_context().run, asyncio.run, call.run()).result()
