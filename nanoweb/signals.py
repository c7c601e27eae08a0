"""Telling others what happens, without knowing who they are.

In a request's way: the application sends a signal at each of its turns, and tests, metrics
and extensions connect functions to it.  Unlike before_request and its kind these only look
on: what they return is for the sender, and the response does not depend on them.

The interface is blinker's.  Nobody need listen, so whoever sends looks first, and pays one
look at a dict:

    if request_started.receivers:
        request_started.send(app)
"""

from __future__ import annotations

from functools import partial
from types import BuiltinMethodType, MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

    _Namespace = dict[str, "NamedSignal"]
else:
    _Namespace = dict

__all__ = [
    "ANY",
    "NamedSignal",
    "Namespace",
    "Signal",
    "appcontext_popped",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "before_render_template",
    "default_namespace",
    "got_request_exception",
    "message_flashed",
    "request_finished",
    "request_started",
    "request_tearing_down",
    "signal",
    "template_rendered",
]

_is_async = 0x80  # inspect.CO_COROUTINE: the flag of a function made by "async def"


class _Any:
    """The sender that stands for all."""

    def __repr__(self) -> str:
        return "ANY"

    def __reduce__(self) -> str:
        return "ANY"  # a copy, or what a pickle brings back, is this one


ANY: Any = _Any()


class Signal:
    """Something that happens now and then, and the functions that want to know.

    >>> saved = Signal()
    >>> @saved.connect
    ... def tell(sender, **values):
    ...     return f"{sender} saved {values}"
    >>> [answer for receiver, answer in saved.send("the editor", page=7)]
    ["the editor saved {'page': 7}"]

    receivers   who listens: true if anybody does.  What is in it is our own affair

    Any thread may connect, disconnect and send at any time.  There is no lock for it, which a
    destructor or the garbage collector could come upon while it is held: each change is one
    operation of a dict, and a dict does those whole.  To send costs a look at each connection.
    """

    ANY = ANY

    def __init__(self, doc: str | None = None) -> None:
        if doc:
            self.__doc__ = doc
        # (key of the receiver, key of the sender) -> (the receiver or a weak reference to it,
        # whether it is one, the sender or a weak reference).  Each weak reference takes the entry
        # away before the memory, and with it the id that is the key, can be somebody else's.
        self.receivers: dict[Any, Any] = {}
        self._mutes: list[None] = []  # one for each block that is muted; append and pop need no lock either

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @property
    def receiver_connected(self) -> Signal:
        """Sent at the end of connect() by this signal, with receiver, sender and weak.

        If one of its receivers fails, the connection is undone and connect() fails.
        """
        return self.__dict__.setdefault("_connected", Signal())

    @property
    def receiver_disconnected(self) -> Signal:
        """Sent at the end of disconnect() by this signal, with receiver and sender; not when a receiver just dies."""
        return self.__dict__.setdefault("_disconnected", Signal())

    # Who listens

    def connect(self, receiver: F, sender: Any = ANY, weak: bool = True) -> F:
        """Have a function called when the signal is sent; usable as a decorator.

        receiver   is called with the sender and the keyword arguments of send(), once for each send(),
                   however often it is connected; in the order of connecting
        sender     whose signals it wants.  Text and numbers are the same if they are equal, anything
                   else if it is the same object; that is not kept alive, if weak references to it can be made
        weak       False keeps the receiver alive.  A lambda, or a function in a function, that
                   nobody else holds is gone at once
        returns    the receiver
        """
        if not callable(receiver):
            raise TypeError(f"receiver {receiver!r:.200} cannot be called")
        pair = (_key_of(receiver), _key_of(sender))
        forget = partial(self.receivers.pop, pair)  # called with the dead reference: pop()'s default
        held = _refer(receiver, forget) if weak else receiver
        self.receivers[pair] = (held, weak, _hold_sender(sender, forget))
        if "_connected" in self.__dict__:
            try:
                self.receiver_connected.send(self, receiver=receiver, sender=sender, weak=weak)
            except BaseException:
                self.disconnect(receiver, sender)
                raise
        return receiver

    def connect_via(self, sender: Any, weak: bool = False) -> Callable[[F], F]:
        """Connect the function that this decorates to one sender, and keep it alive.

        Arguments are those of connect().
        """
        return partial(self.connect, sender=sender, weak=weak)

    def connected_to(self, receiver: Callable[..., Any], sender: Any = ANY) -> AbstractContextManager[None]:
        """Connect a function for the length of a with block.

        >>> heard = []
        >>> template_rendered.receivers
        {}
        >>> with template_rendered.connected_to(lambda sender, **values: heard.append(values)):
        ...     _ = template_rendered.send(None, template="a.html")
        >>> heard, template_rendered.receivers
        ([{'template': 'a.html'}], {})
        """
        return _Meanwhile(
            partial(self.connect, receiver, sender, weak=False), partial(self.disconnect, receiver, sender)
        )

    def disconnect(self, receiver: Callable[..., Any], sender: Any = ANY) -> None:
        """Call a function no more: for this sender, or for none at all.  One that was not connected is no error."""
        key, sender_key = _key_of(receiver), _key_of(sender)
        for pair in list(self.receivers):
            if pair[0] == key and (sender is ANY or pair[1] == sender_key):
                self.receivers.pop(pair, None)
        if "_disconnected" in self.__dict__:
            self.receiver_disconnected.send(self, receiver=receiver, sender=sender)

    def receivers_for(self, sender: Any) -> Iterator[Callable[..., Any]]:
        """Yield the functions to call for a sender: one after the other, so that each can disconnect the next."""
        wanted = (_key_of(ANY), _key_of(sender))
        seen = set()
        for pair in list(self.receivers):  # the keys alone: a list of them is made in one go
            connection = self.receivers.get(pair)
            if connection is None or pair[1] not in wanted or pair[0] in seen:
                continue
            held, weak, _ = connection
            receiver = held() if weak else held
            if receiver is not None:
                seen.add(pair[0])
                yield receiver

    def has_receivers_for(self, sender: Any) -> bool:
        """Whether a send() by this sender calls anybody."""
        return any(True for _ in self.receivers_for(sender))

    # Sending

    def send(
        self,
        sender: Any = None,
        /,
        *,
        _async_wrapper: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
        **kwargs: Any,
    ) -> list[tuple[Callable[..., Any], Any]]:
        """Call the functions that listen, with the sender and the keyword arguments.

        _async_wrapper   makes of a coroutine function one to call; app.ensure_sync is such
        returns          (function, what it returned), each
        raises           what a function raises: the rest then is not called.  RuntimeError
                         for a coroutine function if there is no _async_wrapper
        """
        results: list[tuple[Callable[..., Any], Any]] = []
        if self._mutes or not self.receivers:
            return results
        for receiver in self.receivers_for(sender):
            function = receiver
            if is_coroutine_function(receiver):
                if _async_wrapper is None:
                    raise RuntimeError(
                        f"receiver {receiver!r:.200} is a coroutine function, and send() cannot await it:"
                        " give send() an _async_wrapper, or await send_async()"
                    )
                function = _async_wrapper(receiver)
            results.append((receiver, function(sender, **kwargs)))
        return results

    async def send_async(
        self,
        sender: Any = None,
        /,
        *,
        _sync_wrapper: Callable[[Callable[..., Any]], Callable[..., Awaitable[Any]]] | None = None,
        **kwargs: Any,
    ) -> list[tuple[Callable[..., Any], Any]]:
        """Await the coroutine functions that listen, one after the other; else like send().

        _sync_wrapper   makes of a plain function one to await
        raises          RuntimeError for a plain function if there is no _sync_wrapper
        """
        results: list[tuple[Callable[..., Any], Any]] = []
        if self._mutes or not self.receivers:
            return results
        for receiver in self.receivers_for(sender):
            function = receiver
            if not is_coroutine_function(receiver):
                if _sync_wrapper is None:
                    raise RuntimeError(
                        f"receiver {receiver!r:.200} is no coroutine function, and would block the loop:"
                        " give send_async() a _sync_wrapper"
                    )
                function = _sync_wrapper(receiver)
            results.append((receiver, await function(sender, **kwargs)))
        return results

    @property
    def is_muted(self) -> bool:
        """Whether nobody is called at present."""
        return bool(self._mutes)

    def muted(self) -> AbstractContextManager[None]:
        """Call nobody, in any thread, for the length of a with block; such blocks may overlap."""
        return _Meanwhile(partial(self._mutes.append, None), self._mutes.pop)


class NamedSignal(Signal):
    """A signal of a Namespace."""

    def __init__(self, name: str, doc: str | None = None) -> None:
        super().__init__(doc)
        self.name = name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


class Namespace(_Namespace):
    """Signals by name, made when they are first asked for."""

    def signal(self, name: str, doc: str | None = None) -> NamedSignal:
        """Return the signal of a name; doc is for the first who asks."""
        found = self.get(name)
        return self.setdefault(name, NamedSignal(name, doc)) if found is None else found


class _Meanwhile:
    """A with block that has a function called before, and another after."""

    def __init__(self, begin: Callable[[], Any], end: Callable[[], Any]) -> None:
        self._begin = begin
        self._end = end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._end()


def _key_of(obj):
    """What an object is known by, without keeping it alive."""
    if isinstance(obj, MethodType):  # each look at object.method makes a new one
        return id(obj.__self__), id(obj.__func__)
    # A built-in method as well, of a list, say; that is kept alive, since nothing shows when the list dies.
    return obj if isinstance(obj, (str, int, BuiltinMethodType)) else (id(obj),)


def _refer(obj, forget):
    """A weak reference, which has a function called when the object dies."""
    from weakref import WeakMethod, ref  # for weight: where nobody listens there are none

    try:
        return (WeakMethod if isinstance(obj, MethodType) else ref)(obj, forget)
    except TypeError:
        raise TypeError(f"{obj!r:.200} cannot be referenced weakly (it has __slots__?): give weak=False") from None


def _hold_sender(sender, forget):
    """What shows that a sender died; where nothing can, the sender itself, so that its id is never another's."""
    if isinstance(sender, (str, int)):
        return sender
    try:
        return _refer(sender, forget)
    except TypeError:
        return sender


def is_coroutine_function(function: Any) -> bool:
    """Whether a call gives a coroutine, as far as that can be seen: inspect can see a little more, and is heavy."""
    while isinstance(function, partial):
        function = function.func
    code = getattr(function, "__code__", None)  # a method shows its function's
    return code is not None and bool(code.co_flags & _is_async)


default_namespace = Namespace()

#: The signal of a name, for programs that need no Namespace of their own.
signal = default_namespace.signal

# Those of the application: their sender is the application, and these are their keyword arguments.
_of_app = Namespace()
template_rendered = _of_app.signal("template-rendered", "template, context: after rendering.")
before_render_template = _of_app.signal("before-render-template", "template, context: before rendering.")
request_started = _of_app.signal("request-started", "The request's context is there; no function has run yet.")
request_finished = _of_app.signal("request-finished", "response: before it goes to the client.")
request_tearing_down = _of_app.signal("request-tearing-down", "exc: after the teardown functions, or None.")
got_request_exception = _of_app.signal("got-request-exception", "exception: one that no error handler wanted.")
appcontext_tearing_down = _of_app.signal("appcontext-tearing-down", "exc: after the teardown functions, or None.")
appcontext_pushed = _of_app.signal("appcontext-pushed", "An application is current now.")
appcontext_popped = _of_app.signal("appcontext-popped", "It is so no more.")
message_flashed = _of_app.signal("message-flashed", "message, category: what flash() was given.")
