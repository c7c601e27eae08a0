"""What "the current request" means: two stacks, and the proxies over their tops.

In a request's way: App.wsgi_app makes a RequestContext of the environ and
pushes it; from then on `request`, `session`, `g` and `current_app` are those
of this request, in this thread, task or greenlet, until it is popped.

An application context says which application is meant, and holds `g`; a
request context is one that has a request as well.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial

from .exceptions import HTTPException
from .local import LocalProxy, _TwinStack
from .properties import cached_property
from .signals import appcontext_popped, appcontext_pushed, is_coroutine_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any, TypeVar

    from .app import App
    from .routing import MapAdapter
    from .sessions import SessionMixin
    from .wrappers import Request

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "AppContext",
    "RequestContext",
    "after_this_request",
    "app_ctx",
    "copy_current_request_context",
    "current_app",
    "g",
    "has_app_context",
    "has_request_context",
    "request",
    "request_ctx",
    "session",
    "stream_with_context",
]

# Any, for a type checker: the top is None only where nothing is at work, and then none of our methods is.
# Both stand in one variable, so that a request is put on them, and taken off, in one step.
_tops: ContextVar[Any] = ContextVar("contexts", default=(None, None))
_app_ctx_stack: Any = _TwinStack(_tops, 0)
_request_ctx_stack: Any = _TwinStack(_tops, 1)


def _no_request(name):
    """What to say where a request is asked for and there is none; the first line is Flask's: people search for it."""
    return f"""Working outside of request context.

{name!r} is the current request's, and no request is being handled here, in thread {_thread_name()!r}.
Use it in a view or in what a view calls; in a test or a shell, under "with app.test_request_context():";
in a thread that a view starts, wrap the function in copy_current_request_context, or pass it the values it needs."""


def _no_app(name):
    """What to say where an application is asked for and none is at work."""
    return f"""Working outside of application context.

{name!r} is the current application's, and no application is at work here, in thread {_thread_name()!r}.
Use it in a view or in what a view calls; in a script, a test, a thread or a shell, under
"with app.app_context():"; or pass the application itself."""


def _thread_name():
    from threading import current_thread

    return current_thread().name


_nothing: Any = object()  # no default was given


class _AppCtxGlobals:
    """The namespace `g`: put there what one request's functions share."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute, or the default."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: Any = _nothing) -> Any:
        """Remove an attribute and return it; the default, or KeyError, if it is missing."""
        return self.__dict__.pop(name) if default is _nothing else self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return an attribute; set it to the default first if it is missing."""
        return self.__dict__.setdefault(name, default)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"g has no {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self.__dict__[name]
        except KeyError:
            raise AttributeError(f"g has no {name!r}") from None

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        return f"<g of {current_app.name!r}>" if has_app_context() else object.__repr__(self)


class AppContext:
    """An application at work: what `current_app` and `g` look at.

    It may be pushed more than once; teardown runs when the last is popped.
    """

    holders: frozenset[object] = frozenset()  # for each hold() what it returned
    error: BaseException | None = None  # that ended the work, while it is held
    depth = 0  # how often it has been pushed
    _has_g = False

    def __init__(self, app: App) -> None:
        self.app = app

    @cached_property
    def g(self) -> _AppCtxGlobals:
        """The namespace of this context."""
        self._has_g = True
        return self.app.app_ctx_globals_class()

    @cached_property
    def url_adapter(self) -> MapAdapter | None:
        """What builds addresses; None without a request and without SERVER_NAME."""
        return self.app.create_url_adapter(None)

    def push(self) -> None:
        """Make this the current application."""
        begins = not (self.depth or self.holders)
        self.depth += 1
        _app_ctx_stack.push(self)
        if begins:
            self._announce(appcontext_pushed)

    def _announce(self, signal):
        if signal.receivers:
            signal.send(self.app, _async_wrapper=self.app.ensure_sync)

    def pop(self, exc: BaseException | None = None) -> None:
        """Undo push.  exc is the error that ended the work, for the teardown functions."""
        if not self.depth:
            raise RuntimeError(f"{self!r} is popped more often than it was pushed")
        self.depth -= 1
        is_last = not (self.depth or self.holders)
        if self.holders and exc is not None:
            self.error = exc
        try:
            if is_last:
                self.app.do_teardown_appcontext(exc)
        finally:
            _pop(_app_ctx_stack, self)
        if is_last:
            self._announce(appcontext_popped)

    def hold(self) -> object:
        """Put off the teardown functions until release(): a stream, or a test, goes on with this context.

        returns   what release() wants
        """
        holder = object()
        self.holders |= {holder}
        return holder

    def release(self, holder: object, exc: BaseException | None = None) -> None:
        """Undo hold; if nobody else holds or has pushed it, the context ends here, by exc if that is an error."""
        if holder not in self.holders:  # it did not end well, see App.wsgi_app
            return
        self.push()
        self.holders -= {holder}
        exc, self.error = self.error if exc is None else exc, None
        try:
            self.pop(exc)
        finally:
            exc = None  # its frames may have this one, see App.wsgi_app

    def __enter__(self) -> Any:
        try:
            self.push()
        except BaseException as error:
            self.pop(error)
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.pop(exc_value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.app.name!r}>"


class RequestContext(AppContext):
    """A request at work: what `request` and `session` look at.

    It is an application context too, and takes that place as well unless a context
    of the same application has it already; `g` then is that one's.
    """

    after_functions: tuple[Callable[[Any], Any], ...] = ()
    flashes: list[tuple[str, str]] | None = None  # the messages shown in this request
    is_copy = False  # then the files of its request are not its to close
    pushes: Any = None  # for each push a cell (whether it went onto the applications' stack too, the push before)
    outer: AppContext | None = None  # the context that was there, if this one did not take its place
    _session: Any = None  # once it is open

    def __init__(
        self,
        app: App,
        environ: dict[str, Any],
        request: Request | None = None,
        session: SessionMixin | None = None,
    ) -> None:
        self.app = app
        self.request = app.request_class(environ) if request is None else request
        self.request.app = app
        if session is not None:
            self._session = session

    @cached_property
    def url_adapter(self) -> MapAdapter | None:
        """What matches this request's address and builds others."""
        return self.app.create_url_adapter(self.request)

    @property
    def session(self) -> SessionMixin:
        """The session.  Whoever looks at it makes the answer depend on the cookie (CVE-2026-27205)."""
        session = self.open_session()
        session.accessed = True
        return session

    def open_session(self) -> SessionMixin:
        """Return the session, opened if it was not yet; that alone is no look at it."""
        if self._session is None:
            interface = self.app.session_interface
            self._session = interface.open_session(self.app, self.request)
            if self._session is None:
                self._session = interface.make_null_session(self.app)
        return self._session

    def match_request(self) -> None:
        """Find the view; an HTTP error is kept for dispatch_request to raise."""
        app, request = self.app, self.request
        try:
            found = app._find_at_once(request)
            if type(found) is not tuple or found[0]._needs_care:
                adapter: Any = app.create_url_adapter(request)
                self.url_adapter = adapter
                found = adapter.match(return_rule=True) if found is NotImplemented else adapter._match_found(found)
            request.url_rule, request.view_args = found
        except HTTPException as error:
            request.routing_exception = error

    def push(self) -> None:
        """Make this the current request, open its session if that cannot wait, and match its address."""
        app, request = self.app, self.request
        apps, requests = _tops.get()
        begins = not (self.pushes or self.holders)
        if begins and apps is not None and apps[0].app is app:
            self.outer = apps[0]
        app_context = self.outer or self
        brings_app = apps is None or apps[0] is not app_context
        _tops.set(((app_context, apps) if brings_app else apps, (self, requests)))  # what push() does, on each stack
        self.pushes = (brings_app, self.pushes)
        if begins and brings_app and appcontext_pushed.receivers:
            self._announce(appcontext_pushed)
        if self._session is None:
            interface = app.session_interface
            if (interface.wants_all_requests or "HTTP_COOKIE" in request.environ) and interface.is_due(app, request):
                self.open_session()
        if request.url_rule is None and request.routing_exception is None:
            self.match_request()

    def pop(self, exc: BaseException | None = None) -> None:
        """Undo push; the last pop runs the teardown functions.  exc is the error that ended the request."""
        if not self.pushes:
            raise RuntimeError(f"{self!r} is popped more often than it was pushed")
        brought_app, self.pushes = self.pushes
        is_last = not (self.pushes or self.holders)
        if self.holders and exc is not None:
            self.error = exc
        outer = self.outer
        try:
            if is_last:
                self._finish(exc)
        finally:
            apps, requests = _tops.get()
            is_on_top = requests is not None and requests[0] is self and apps is not None
            if is_on_top and apps[0] is (outer or self):  # nearly always
                _tops.set((apps[1] if brought_app else apps, requests[1]))
            else:
                self._take_off(brought_app, outer)
        if is_last and outer is None and appcontext_popped.receivers:
            self._announce(appcontext_popped)

    def _take_off(self, brought_app, outer):
        """Leave the stacks, where something else is on top."""
        try:
            _pop(_request_ctx_stack, self)
        finally:
            if brought_app:
                _pop(_app_ctx_stack, outer or self)

    def _finish(self, exc):
        """End the request: teardown functions, files of a form, and what would keep all this in memory."""
        try:
            self.app.do_teardown_request(exc)
        finally:
            try:
                if self.outer is None:
                    self.app.do_teardown_appcontext(exc)
            finally:
                self.outer = None
                if self._has_g:
                    del self.g, self._has_g
                if not self.is_copy:
                    self.request.close()
                if self.request.routing_exception is not None:  # its frames hold the request, which holds it
                    self.request.routing_exception.__traceback__ = None

    def copy(self) -> RequestContext:
        """Return a context of the same request and session, for another thread or greenlet."""
        context = type(self)(self.app, self.request.environ, self.request, self.open_session())
        context.is_copy = True
        return context

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.request.path!r} [{self.request.method}] of {self.app.name!r}>"


def _pop(stack, context):
    """Take a context off its stack, with all that was left lying on it: the next request must not find that."""
    popped = stack.pop()
    if popped is context:
        return
    others = []
    while popped is not None and popped is not context:
        others.append(popped)
        popped = stack.pop()
    if popped is None:  # it belongs to another thread or task: leave this one's as they were
        for other in reversed(others):
            stack.push(other)
        raise RuntimeError(f"{context!r} is popped where it was not pushed")
    raise RuntimeError(f"{others!r} was pushed after {context!r} and never popped")


def has_request_context() -> bool:
    """Whether `request` and `session` can be used here."""
    return _request_ctx_stack.top is not None


def has_app_context() -> bool:
    """Whether `current_app` and `g` can be used here."""
    return _app_ctx_stack.top is not None


def _current_request_context(what):
    """The request context on top, for a function that needs one."""
    cell = _tops.get()[1]
    if cell is None:
        raise RuntimeError(_no_request(what))
    return cell[0]


def after_this_request(f: F) -> F:
    """Have a function called with the response of this request; what it returns is sent.

    Usable as a decorator inside a view.
    """
    context = _current_request_context("after_this_request")
    context.after_functions = (*context.after_functions, f)
    return f


def copy_current_request_context(f: F) -> F:
    """Make a function carry the current request to where it is called: another thread, task or greenlet.

    Of a coroutine function it makes one that is called in a thread and returns the result; in
    a coroutine the call is to be awaited.
    """
    from functools import update_wrapper

    context = _current_request_context("copy_current_request_context").copy()

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with context.copy():
            return f(*args, **kwargs)

    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        with context.copy():
            return await f(*args, **kwargs)

    def choose(*args: Any, **kwargs: Any) -> Any:
        from .coroutines import is_loop_running  # for weight: asyncio

        return (coroutine if is_loop_running() else context.app.ensure_sync(coroutine))(*args, **kwargs)

    return update_wrapper(choose if is_coroutine_function(f) else wrapper, f)  # type: ignore[return-value]


class _ContextStream:
    """A generator that runs with a context around each of its steps, wherever that is: in another thread, even.

    The context is held until the stream is at its end or closed, and so is not torn down before.
    """

    def __init__(self, iterator, context):
        self._iterator = iterator
        self._context = context
        self._holder = context.hold()

    def __iter__(self):
        return self

    def __next__(self):
        if self._context is None:
            raise StopIteration
        try:
            self._context.push()
            try:
                return next(self._iterator)
            finally:
                self._context.pop()
        except StopIteration:
            self.close()
            raise
        except BaseException as error:
            self.close(error)
            raise

    def close(self, error=None):
        context, self._context = self._context, None
        if context is not None and self._holder in context.holders:
            try:
                with context:
                    getattr(self._iterator, "close", bool)()
            finally:
                context.release(self._holder, error)

    def __del__(self):
        self.close()


def stream_with_context(generator_or_function: Any) -> Any:
    """Have a generator see the current `request`, `session` and `g`, although it runs when the view has returned.

    >>> from nanoweb import App, request
    >>> app = App("site")
    >>> @app.get("/count/<int:end>")
    ... def count(end):
    ...     return stream_with_context(f"{request.path} {number} " for number in range(end))
    >>> app.test_client().get("/count/2").text
    '/count/2 0 /count/2 1 '

    generator_or_function    an iterator; or a generator function, which this decorates
    """
    if not hasattr(generator_or_function, "__iter__"):
        from functools import wraps

        @wraps(generator_or_function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            return stream_with_context(generator_or_function(*args, **kwargs))

        return decorated
    context = _request_ctx_stack.top or _app_ctx_stack.top
    if context is None:
        raise RuntimeError(_no_request("stream_with_context"))
    return _ContextStream(iter(generator_or_function), context)


current_app: App = LocalProxy(  # type: ignore[assignment]
    _app_ctx_stack, "app", unbound_message=partial(_no_app, "current_app")
)
g: _AppCtxGlobals = LocalProxy(  # type: ignore[assignment]
    _app_ctx_stack, "g", unbound_message=partial(_no_app, "g")
)
request: Request = LocalProxy(  # type: ignore[assignment]
    _request_ctx_stack, "request", unbound_message=partial(_no_request, "request")
)
session: SessionMixin = LocalProxy(  # type: ignore[assignment]
    _request_ctx_stack, "session", unbound_message=partial(_no_request, "session")
)
app_ctx: AppContext = LocalProxy(  # type: ignore[assignment]
    _app_ctx_stack, unbound_message=partial(_no_app, "app_ctx")
)
request_ctx: RequestContext = LocalProxy(  # type: ignore[assignment]
    _request_ctx_stack, unbound_message=partial(_no_request, "request_ctx")
)
