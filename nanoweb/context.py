"""What "the current request" means: two stacks, and the proxies over their tops.

In a request's way: App.wsgi_app makes a RequestContext of the environ and
pushes it; from then on `request`, `session`, `g` and `current_app` are those
of this request, in this thread, task or greenlet, until it is popped.

An application context says which application is meant, and holds `g`; a
request context is one that has a request as well.
"""

from __future__ import annotations

from functools import partial

from .exceptions import HTTPException
from .local import LocalProxy, LocalStack
from .properties import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any

    from .app import App
    from .routing import MapAdapter
    from .sessions import SessionMixin
    from .wrappers import Request

__all__ = [
    "AppContext",
    "RequestContext",
    "after_this_request",
    "copy_current_request_context",
    "current_app",
    "g",
    "has_app_context",
    "has_request_context",
    "request",
    "session",
]

# Any, for a type checker: the top is None only where nothing is at work, and then none of our methods is.
_request_ctx_stack: Any = LocalStack()
_app_ctx_stack: Any = LocalStack()


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


class _AppCtxGlobals:
    """The namespace `g`: put there what one request's functions share."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute, or the default."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        """Remove an attribute and return it; the default, or KeyError, if it is missing."""
        return self.__dict__.pop(name, *default)

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

    def __init__(self, app: App) -> None:
        self.app = app
        self.depth = 0  # how often it has been pushed

    @cached_property
    def g(self) -> _AppCtxGlobals:
        """The namespace of this context."""
        return self.app.app_ctx_globals_class()

    @cached_property
    def url_adapter(self) -> MapAdapter | None:
        """What builds addresses; None without a request and without SERVER_NAME."""
        return self.app.create_url_adapter(None)

    def push(self) -> None:
        """Make this the current application."""
        self.depth += 1
        _app_ctx_stack.push(self)

    def pop(self, exc: BaseException | None = None) -> None:
        """Undo push.  exc is the error that ended the work, for the teardown functions."""
        if not self.depth:
            raise RuntimeError(f"{self!r} is popped more often than it was pushed")
        self.depth -= 1
        try:
            if not self.depth:
                self.app.do_teardown_appcontext(exc)
        finally:
            _pop(_app_ctx_stack, self)

    def __enter__(self) -> Any:
        self.push()
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
        self.pushes: list[bool] = []  # for each push, whether it went onto the applications' stack too
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
        try:
            adapter: Any = self.url_adapter
            self.request.url_rule, self.request.view_args = adapter.match(return_rule=True)
        except HTTPException as error:
            self.request.routing_exception = error

    def push(self) -> None:
        """Make this the current request, open its session if that cannot wait, and match its address."""
        top = _app_ctx_stack.top
        brings_app = top is None or top.app is not self.app
        if brings_app:
            _app_ctx_stack.push(self)
        _request_ctx_stack.push(self)
        self.pushes.append(brings_app)
        if self._session is None and self.app.session_interface.is_due(self.app, self.request):
            self.open_session()
        if self.request.url_rule is None and self.request.routing_exception is None:
            self.match_request()

    def pop(self, exc: BaseException | None = None) -> None:
        """Undo push; the last pop runs the teardown functions.  exc is the error that ended the request."""
        if not self.pushes:
            raise RuntimeError(f"{self!r} is popped more often than it was pushed")
        brought_app = self.pushes.pop()
        try:
            if not self.pushes:
                self._finish(exc)
        finally:
            try:
                if brought_app:
                    self.app.do_teardown_appcontext(exc)
            finally:
                self.__dict__.pop("g", None)
                try:
                    _pop(_request_ctx_stack, self)
                finally:
                    if brought_app:
                        _pop(_app_ctx_stack, self)

    def _finish(self, exc):
        """End the request: teardown functions, files of a form, and what would keep all this in memory."""
        try:
            self.app.do_teardown_request(exc)
        finally:
            self.request.close()
            if self.request.routing_exception is not None:  # its frames hold the request, which holds it
                self.request.routing_exception.__traceback__ = None

    def copy(self) -> RequestContext:
        """Return a context of the same request and session, for another thread or greenlet."""
        return type(self)(self.app, self.request.environ, self.request, self.open_session())

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
    top = _request_ctx_stack.top
    if top is None:
        raise RuntimeError(_no_request(what))
    return top


def after_this_request(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Have a function called with the response of this request; what it returns is sent.

    Usable as a decorator inside a view.
    """
    context = _current_request_context("after_this_request")
    context.after_functions = (*context.after_functions, f)
    return f


def copy_current_request_context(f: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function carry the current request to where it is called: another thread or greenlet."""
    from functools import update_wrapper

    context = _current_request_context("copy_current_request_context").copy()

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with context.copy():
            return f(*args, **kwargs)

    return update_wrapper(wrapper, f)


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
