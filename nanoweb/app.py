"""The application: what it is told at start, and a request's way through it.

A reader who wants to know what happens to a request begins at `App.wsgi_app`
and follows the names: each step is one short method, and they stand in the
order in which they are taken.

    wsgi_app
        ctx = request_context(environ)
        ctx.push()                    the address is matched here
        full_dispatch_request
            preprocess_request        before_request functions
            dispatch_request          the view
            finalize_request
                make_response         what the view returned becomes a Response
                process_response      after_request functions, session saved
        response(environ, start_response)
        ctx.pop()                     teardown functions
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from types import CoroutineType

from .config import Config, ConfigAttribute
from .config import load_dotenv as read_dotenv
from .context import (
    AppContext,
    RequestContext,
    _app_ctx_stack,
    _AppCtxGlobals,
    _current_request_context,
    _request_ctx_stack,
    g,
)
from .exceptions import (
    Aborter,
    BadRequest,
    BadRequestKeyError,
    HTTPException,
    InternalServerError,
)
from .properties import cached_property
from .routing import BuildError, Map, MapAdapter, RequestRedirect, RoutingException, Rule
from .scaffold import Scaffold, folder_above, prefix_of
from .sessions import SecureCookieSessionInterface
from .shortcuts import redirect_response
from .signals import (
    appcontext_tearing_down,
    got_request_exception,
    is_coroutine_function,
    request_finished,
    request_started,
    request_tearing_down,
)
from .urls import quote
from .wrappers import Request, Response
from .wsgi import get_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable
    from typing import IO, Any, NoReturn, TypeVar

    from .blueprints import Blueprint
    from .jsonprovider import JSONProvider
    from .sessions import SessionInterface
    from .testing import Client
    from .wsgi import StartResponse

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["App"]

_default_port = 5000


def _to_timedelta(value):
    from datetime import timedelta  # for weight

    return value if isinstance(value, timedelta) else timedelta(seconds=value)


class FormDataRoutingRedirect(AssertionError):
    """Raised in debug mode where a browser would leave the body of a request behind.

    Routing redirects with 308, and so nothing is lost, unless somebody has set RequestRedirect.code.
    """

    def __init__(self, request: Request) -> None:
        error: Any = request.routing_exception
        super().__init__(
            f"{request.method} {request.base_url!r} would lose its body: routing redirects it to {error.new_url!r}"
            f" with {error.code}, which a browser follows by GET. Send it to that address (mind the slash at the"
            " end), or let RequestRedirect.code be 308. Only debug mode makes this an error."
        )


class App(Scaffold):
    """A web application: a WSGI callable, and the place where views are registered.

    >>> app = App(__name__)
    >>> @app.route("/hello/<name>")
    ... def hello(name):
    ...     return f"Hello {name}!"
    >>> app.test_client().get("/hello/World").text
    'Hello World!'

    import_name         the name of the module it stands in: ``__name__``
    static_url_path, static_folder, template_folder, root_path    see Scaffold
    static_host         the host of the static files, where routing goes by hosts
    host_matching       whether rules go by the whole host
    subdomain_matching  whether rules may have subdomains of SERVER_NAME
    instance_path       the folder of what belongs to this installation; "instance" beside the module by default
    instance_relative_config    whether files of settings are looked for there
    """

    request_class = Request
    response_class = Response
    url_rule_class = Rule
    url_map_class = Map
    config_class = Config
    aborter_class = Aborter
    json_provider_class: type[JSONProvider] | None = None  # None for jsonprovider.DefaultJSONProvider
    app_ctx_globals_class = _AppCtxGlobals
    session_interface: SessionInterface = SecureCookieSessionInterface()
    test_client_class: type[Client] | None = None

    testing = ConfigAttribute("TESTING")
    secret_key = ConfigAttribute("SECRET_KEY")
    permanent_session_lifetime = ConfigAttribute("PERMANENT_SESSION_LIFETIME", get_converter=_to_timedelta)

    default_config: dict[str, Any] = {
        "APPLICATION_ROOT": "/",
        "DEBUG": False,
        "EXPLAIN_TEMPLATE_LOADING": False,
        "MAX_CONTENT_LENGTH": None,
        "MAX_COOKIE_SIZE": 4093,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 1_000,
        "PERMANENT_SESSION_LIFETIME": 31 * 24 * 60 * 60,
        "PREFERRED_URL_SCHEME": "http",
        "PROPAGATE_EXCEPTIONS": None,
        "PROVIDE_AUTOMATIC_OPTIONS": True,
        "SECRET_KEY": None,
        "SECRET_KEY_FALLBACKS": None,
        "SEND_FILE_MAX_AGE_DEFAULT": None,
        "SERVER_NAME": None,
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_NAME": "session",
        "SESSION_COOKIE_PARTITIONED": False,
        "SESSION_COOKIE_PATH": None,
        "SESSION_COOKIE_SAMESITE": None,
        "SESSION_COOKIE_SECURE": False,
        "SESSION_REFRESH_EACH_REQUEST": True,
        "TEMPLATES_AUTO_RELOAD": None,
        "TESTING": False,
        "TRAP_BAD_REQUEST_ERRORS": None,
        "TRAP_HTTP_EXCEPTIONS": False,
        "TRUSTED_HOSTS": None,
        "USE_X_SENDFILE": False,
    }

    def __init__(
        self,
        import_name: str,
        static_url_path: str | None = None,
        static_folder: str | os.PathLike[str] | None = "static",
        static_host: str | None = None,
        host_matching: bool = False,
        subdomain_matching: bool = False,
        template_folder: str | os.PathLike[str] | None = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
        root_path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        if instance_path is not None and not os.path.isabs(instance_path):
            raise ValueError(f"instance_path {instance_path!r} is relative, and nobody knows to what: give all of it")
        self.instance_path = instance_path or self.auto_find_instance_path()
        self.config = self.make_config(instance_relative_config)
        self.aborter = self.make_aborter()
        self.url_map = self.url_map_class(host_matching=host_matching)
        self.subdomain_matching = subdomain_matching
        self.blueprints: dict[str, Blueprint] = {}
        self.view_functions: dict[str, Callable[..., Any]] = {}
        self.extensions: dict[str, Any] = {}

        # Functions by the name of the blueprint they are for; None is the application itself.
        self.before_request_funcs: dict[str | None, list[Callable[[], Any]]] = defaultdict(list)
        self.after_request_funcs: dict[str | None, list[Callable[[Any], Any]]] = defaultdict(list)
        self.teardown_request_funcs: dict[str | None, list[Callable[[BaseException | None], Any]]] = defaultdict(list)
        self.template_context_processors: dict[str | None, list[Callable[[], dict[str, Any]]]] = defaultdict(list)
        self.url_value_preprocessors: dict[str | None, list[Callable[[str | None, Any], None]]] = defaultdict(list)
        self.url_default_functions: dict[str | None, list[Callable[[str, dict[str, Any]], None]]] = defaultdict(list)
        self.teardown_appcontext_funcs: list[Callable[[BaseException | None], Any]] = []
        self.shell_context_processors: list[Callable[[], dict[str, Any]]] = []
        # By blueprint, then by status (None for exceptions that have none), then by class.
        self.error_handler_spec: dict[str | None, dict[int | None, dict[type[Exception], Callable[..., Any]]]] = (
            defaultdict(lambda: defaultdict(dict))
        )
        self.url_build_error_handlers: list[Callable[[Exception, str, dict[str, Any]], str]] = []
        self._got_first_request = False
        if self.has_static_folder:
            self._add_static_rule(static_host, host_matching)

    def _add_static_rule(self, host, host_matching):
        if bool(host) != host_matching:
            raise AssertionError("static_host and host_matching go together: give both, or static_folder=None")
        rule = f"{self.static_url_path}/<path:filename>"
        self.add_url_rule(rule, "static", self.send_static_file, host=host)

    def make_config(self, instance_relative: bool = False) -> Config:
        """Return the settings to begin with, and where files of them are looked for."""
        defaults = {**self.default_config, "DEBUG": get_debug_flag()}
        return self.config_class(self.instance_path if instance_relative else self.root_path, defaults)

    def make_aborter(self) -> Aborter:
        """Return what abort() calls."""
        return self.aborter_class()

    def auto_find_instance_path(self) -> str:
        """Return the folder of what belongs to this installation, where none was named.

        It stands beside the module or the package; for one that is installed, below the prefix of that Python.
        """
        folder = folder_above(self.import_name)
        prefix = prefix_of(folder)
        if prefix is not None:
            return os.path.join(prefix, "var", f"{self.name}-instance")
        return os.path.join(folder, "instance")

    def open_instance_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file of the instance folder, to read or to write it."""
        return open(os.path.join(self.instance_path, resource), mode, encoding=None if "b" in mode else encoding)

    @cached_property
    def name(self) -> str:
        """The import name; for a program that was started as a file, the file's name."""
        if self.import_name != "__main__":
            return self.import_name
        path = getattr(sys.modules["__main__"], "__file__", None)
        return "__main__" if path is None else os.path.splitext(os.path.basename(path))[0]

    @property
    def debug(self) -> bool:
        """Whether errors are shown to the developer.  Never on where strangers can look."""
        return self.config["DEBUG"]

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value

    @cached_property
    def logger(self) -> logging.Logger:
        """The logger that has the application's name."""
        from .logs import create_logger  # for weight: an application that logs nothing loads no logging

        return create_logger(self)

    @cached_property
    def json(self) -> JSONProvider:
        """How this application reads and writes JSON."""
        from .jsonprovider import DefaultJSONProvider  # for weight: an application without JSON loads none

        return (self.json_provider_class or DefaultJSONProvider)(self)

    # A request's way

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application.  Middleware wraps wsgi_app: ``app.wsgi_app = Middleware(app.wsgi_app)``."""
        return self.wsgi_app(environ, start_response)

    def wsgi_app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        ctx = self.request_context(environ)
        error: BaseException | None = None
        try:
            try:
                ctx.push()
                response = self.full_dispatch_request()
            except BaseException as exception:  # this is the edge: whatever a view raises is answered
                error = exception
                ctx.holders = frozenset()  # a stream that it has begun will not be sent
                if not isinstance(exception, Exception):  # KeyboardInterrupt and such go on, after teardown
                    raise
                response = self.handle_exception(exception)
            return response(environ, start_response)
        finally:
            if "werkzeug.debug.preserve_context" in environ:  # a test client goes on with this context
                environ["werkzeug.debug.preserve_context"](ctx)
            ctx.pop(None if error is not None and self.should_ignore_error(error) else error)
            error = None  # an exception holds its frames, and this is one of them: do not leave that to the collector

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """Return the context of a request, not pushed yet."""
        return RequestContext(self, environ)

    def full_dispatch_request(self) -> Response:
        """Run the functions before, the view and the functions after; turn their errors into answers."""
        self._got_first_request = True
        try:
            if request_started.receivers:
                request_started.send(self, _async_wrapper=self.ensure_sync)
            rv = self.preprocess_request()
            if rv is None:
                rv = self.dispatch_request()
        except Exception as error:  # noqa: BLE001  handle_user_exception raises it again if nobody wants it
            # Not into a variable: the answer may be the error, whose traceback has this frame and so would have it.
            return self.finalize_request(self.handle_user_exception(error))
        return self.finalize_request(rv)

    def preprocess_request(self) -> Any:
        """Call the before_request functions; the first answer that one of them gives takes the view's place."""
        if self.url_value_preprocessors:
            request = _request_ctx_stack.top.request
            for function in self._functions_of(self.url_value_preprocessors, request):
                function(request.endpoint, request.view_args)
        if self.before_request_funcs:
            for function in self._functions_of(self.before_request_funcs, _request_ctx_stack.top.request):
                rv = self._call(function)
                if rv is not None:
                    return rv
        return None

    def _functions_of(self, table, request):
        """Those for a request: the application's, then those of the blueprints, from the outermost inwards."""
        for name in (None, *reversed(request.blueprints)):
            yield from table.get(name, ())

    def _call(self, function, *args, **kwargs):
        """Call a function or a coroutine function."""
        rv = function(*args, **kwargs)
        return self._await(rv) if type(rv) is CoroutineType else rv

    def dispatch_request(self) -> Any:
        """Call the view that the address matched and return what it returns."""
        request = _request_ctx_stack.top.request
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        rule = request.url_rule
        if rule.provide_automatic_options and request.method == "OPTIONS":
            return self.make_default_options_response()
        rv = self.view_functions[rule.endpoint](**request.view_args)
        return self._await(rv) if type(rv) is CoroutineType else rv

    def finalize_request(self, rv: Any, from_error_handler: bool = False) -> Response:
        """Make a response of what a view or an error handler returned, and call the functions after.

        from_error_handler   True: an error in those functions is logged, and the response
                             sent all the same, because it tells of an earlier error
        """
        response = self.make_response(rv)
        try:
            response = self.process_response(response)
            if request_finished.receivers:
                request_finished.send(self, _async_wrapper=self.ensure_sync, response=response)
        except Exception:
            if not from_error_handler:
                raise
            self.logger.exception("an after_request function failed on the response to an error")
        return response

    def make_response(self, rv: Any) -> Response:
        """Turn what a view returned into a Response.

        rv       str or bytes: the body; dict or list: JSON; an iterator of str or bytes:
                 a stream; a Response; another WSGI application, which is called; or a tuple
                 (body, status), (body, headers) or (body, status, headers) with one of those
        raises   TypeError that names the view, for anything else
        """
        if type(rv) is str:
            return self.response_class(rv)
        body, status, headers = _split_tuple(rv) if isinstance(rv, tuple) else (rv, None, None)
        if isinstance(body, self.response_class):
            response = body
        elif isinstance(body, (dict, list)):
            response = self.json.response(body)
        elif isinstance(body, (str, bytes, bytearray, Iterator)):
            response = self.response_class(body, status, headers)
            status = headers = None
        elif isinstance(body, HTTPException):
            environ = _current_request_context("make_response").request.environ
            response = self.response_class.force_type(body.get_response(environ), environ)
        elif isinstance(body, Response) or callable(body):
            response = self._call_for_response(body)
        else:
            raise TypeError(_bad_return(body))
        if status is not None:
            response.status = status
        if headers:
            response.headers.update(headers)
        return response

    def _call_for_response(self, body):
        """The answer of another WSGI application, or of another class of response."""
        environ = _current_request_context("make_response").request.environ
        try:
            return self.response_class.force_type(body, environ)
        except TypeError as error:
            raise TypeError(f"{_bad_return(body)} Called as a WSGI application, it raised: {error}") from error

    def process_response(self, response: Response) -> Response:
        """Call the after_request functions, the last registered first, and save the session."""
        ctx = _request_ctx_stack.top
        while ctx.after_functions:  # one of them may add another
            functions, ctx.after_functions = ctx.after_functions, ()
            for function in functions:
                response = self._call(function, response)
        if self.after_request_funcs:
            for name in (*ctx.request.blueprints, None):
                for function in reversed(self.after_request_funcs.get(name, ())):
                    response = self._call(function, response)
        session = ctx._session
        if session is not None and not self.session_interface.is_null_session(session):
            self.session_interface.save_session(self, session, response)
        return response

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Call the teardown_request functions; called by RequestContext.pop."""
        if self.teardown_request_funcs:
            names = (*_request_ctx_stack.top.request.blueprints, None)
            functions = [f for name in names for f in reversed(self.teardown_request_funcs.get(name, ()))]
            self._tear_down(functions, exc)
        if request_tearing_down.receivers:
            request_tearing_down.send(self, _async_wrapper=self.ensure_sync, exc=exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Call the teardown_appcontext functions; called by AppContext.pop."""
        if self.teardown_appcontext_funcs:
            self._tear_down(self.teardown_appcontext_funcs[::-1], exc)
        if appcontext_tearing_down.receivers:
            appcontext_tearing_down.send(self, _async_wrapper=self.ensure_sync, exc=exc)

    def _tear_down(self, functions, exc):
        """Call all; the first error comes out when all have been called."""
        for place, function in enumerate(functions):
            try:
                self._call(function, exc)
            except BaseException:
                self._tear_down(functions[place + 1 :], exc)
                raise

    # When something goes wrong on the way

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Raise what matching the address found wrong; in debug mode also a redirect that would lose a form."""
        error = request.routing_exception
        loses_body = isinstance(error, RequestRedirect) and error.code not in {307, 308}
        if loses_body and self.debug and request.method not in {"GET", "HEAD", "OPTIONS"}:
            raise FormDataRoutingRedirect(request)
        raise error  # type: ignore[misc]

    def handle_user_exception(self, e: Exception) -> Any:
        """Answer an error of a view: an HTTPException is an answer, others want a handler, or go on as errors."""
        if isinstance(e, BadRequestKeyError) and (self.debug or self.config["TRAP_BAD_REQUEST_ERRORS"]):
            e.show_exception = True
        if isinstance(e, HTTPException) and not self.trap_http_exception(e):
            return self.handle_http_exception(e)
        handler = self._find_error_handler(e)
        if handler is not None:
            return self._call(handler, e)
        try:
            raise e
        finally:
            del e  # its traceback has this frame, which must not have it in turn

    def handle_http_exception(self, e: HTTPException) -> Any:
        """Answer an HTTPException: by the handler registered for it, or by the exception itself."""
        if e.code is None or isinstance(e, RoutingException):
            return e  # a response in disguise, or a redirect
        handler = self._find_error_handler(e)
        return e if handler is None else self._call(handler, e)

    def trap_http_exception(self, e: Exception) -> bool:
        """Whether an HTTPException counts as an error like others, for a developer who looks for its origin."""
        if self.config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        trap = self.config["TRAP_BAD_REQUEST_ERRORS"]
        if trap is None and self.debug and isinstance(e, BadRequestKeyError):
            return True
        return bool(trap) and isinstance(e, BadRequest)

    def handle_exception(self, e: Exception) -> Response:
        """Answer an error that nobody handled: log it, and send a plain 500 that tells nothing of it.

        While testing or debugging the error goes on to the test or the debugger instead.
        """
        if got_request_exception.receivers:
            got_request_exception.send(self, _async_wrapper=self.ensure_sync, exception=e)
        propagate = self.config["PROPAGATE_EXCEPTIONS"]
        if propagate or (propagate is None and (self.testing or self.debug)):
            raise e
        self.log_exception((type(e), e, e.__traceback__))
        server_error = InternalServerError(original_exception=e)
        handler = self._find_error_handler(server_error)
        return self.finalize_request(server_error if handler is None else self._call(handler, server_error), True)

    def log_exception(self, exc_info: Any) -> None:
        """Log an error that nobody handled."""
        request = _request_ctx_stack.top.request
        self.logger.error(
            "Exception on %s [%s]", _printable(request.path), _printable(request.method), exc_info=exc_info
        )

    def should_ignore_error(self, error: BaseException | None) -> bool:
        """Whether an error is no concern of the teardown functions; does nothing but to be overridden."""
        return False

    # Coroutines

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function to call where a coroutine function may have been given."""
        return self.async_to_sync(func) if is_coroutine_function(func) else func

    def async_to_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that runs a coroutine function to its end; override it for other loops than asyncio's."""
        from .coroutines import async_to_sync  # for weight: asyncio

        return async_to_sync(func)

    def _await(self, coroutine):
        """Run what a coroutine function has returned, by ensure_sync, which a subclass may have changed."""

        async def run():
            return await coroutine

        return self.ensure_sync(run)()

    def _find_error_handler(self, e):
        """The handler for an error: of the blueprint before the application's, for its status before
        for its class, for its own class before for those it derives from; or None."""
        if not self.error_handler_spec:
            return None
        code = e.code if isinstance(e, HTTPException) else None
        names = (*_request_ctx_stack.top.request.blueprints, None)
        for one in (code, None) if code is not None else (None,):
            for name in names:
                handlers = self.error_handler_spec.get(name, {}).get(one)
                for cls in type(e).__mro__ if handlers else ():
                    if cls in handlers:  # type: ignore[operator]
                        return handlers[cls]  # type: ignore[index]
        return None

    # What the application is told at start

    def _check_setup_finished(self, what):
        if self._got_first_request:
            raise AssertionError(
                f"{what}() after the first request: that one was answered without it, and others may be at work."
                " Call it while the application is set up, before it serves."
            )

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Register an address.

        rule        the path, with variables as "<int:id>"; see `routing`
        endpoint    the name that url_for knows it by; the view's own if not given
        view_func   what to call; may be set later in view_functions
        provide_automatic_options   whether OPTIONS is answered without asking the view
        options     methods and what else `routing.Rule` takes
        """
        self._check_setup_finished("add_url_rule")
        if endpoint is None:
            if view_func is None:
                raise AssertionError(f"rule {rule!r} has neither a view nor an endpoint: give one")
            endpoint = view_func.__name__
        known = self.view_functions.get(endpoint)
        if view_func is not None and known is not None and known != view_func:
            raise AssertionError(
                f"endpoint {endpoint!r} is taken by {_describe(known)}, and {_describe(view_func)} wants it too:"
                " rename one of the functions (a decorator that does not keep the name, as functools.wraps does,"
                " is a usual reason), or give it an endpoint= of its own"
            )
        methods, automatic = self._methods_of(options.pop("methods", None), view_func, provide_automatic_options)
        url_rule = self.url_rule_class(rule, methods=methods, endpoint=endpoint, **options)
        url_rule.provide_automatic_options = automatic  # type: ignore[attr-defined]
        self.url_map.add(url_rule)
        if view_func is not None:
            self.view_functions[endpoint] = view_func

    def _methods_of(self, methods, view_func, automatic):
        """(the methods of a rule, whether it answers OPTIONS by itself)."""
        if methods is None:
            methods = getattr(view_func, "methods", None) or ("GET",)
        if isinstance(methods, str):
            raise TypeError(f"methods {methods!r} is a str: give a list of them, [{methods!r}]")
        methods = {method.upper() for method in methods}
        if automatic is None:
            automatic = getattr(view_func, "provide_automatic_options", None)
        if automatic is None:
            automatic = "OPTIONS" not in methods and self.config["PROVIDE_AUTOMATIC_OPTIONS"]
        methods.update(getattr(view_func, "required_methods", ()), ("OPTIONS",) if automatic else ())
        return methods, automatic

    def _set_view(self, endpoint: str, view_func: Callable[..., Any]) -> None:
        self._check_setup_finished("endpoint")
        self.view_functions[endpoint] = view_func

    def _add_function(self, table: str, f: Callable[..., Any], name: str | None = None) -> None:
        self._check_setup_finished(_decorators[table])
        getattr(self, table)[name].append(f)

    def _set_error_handler(
        self, code: int | None, cls: type[Exception], f: Callable[..., Any], name: str | None = None
    ) -> None:
        self._check_setup_finished("register_error_handler")
        self.error_handler_spec[name][code][cls] = f

    def teardown_appcontext(self, f: F) -> F:
        """Have a function called when an application context is popped: after a request, or at a script's end."""
        self._check_setup_finished("teardown_appcontext")
        self.teardown_appcontext_funcs.append(f)
        return f

    def shell_context_processor(self, f: F) -> F:
        """Have a function called for a shell; it returns a dict of names for that."""
        self._check_setup_finished("shell_context_processor")
        self.shell_context_processors.append(f)
        return f

    def make_shell_context(self) -> dict[str, Any]:
        """Return the names that a shell begins with: app, g, and those of the shell_context_processor functions."""
        names = {"app": self, "g": g}
        for function in self.shell_context_processors:
            names.update(function())
        return names

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Have a blueprint take part in this application.

        options    url_prefix, subdomain, url_defaults and name, to have others than the blueprint's own
        """
        self._check_setup_finished("register_blueprint")
        blueprint.register(self, options)

    def iter_blueprints(self) -> Iterable[Blueprint]:
        """Return the blueprints, in the order of their registration."""
        return self.blueprints.values()

    # Addresses

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what matches and builds addresses for a request, or for none (None without SERVER_NAME)."""
        if request is not None:
            trusted = self.config["TRUSTED_HOSTS"]
            if trusted is not None:
                request.trusted_hosts = trusted
            if request.trusted_hosts is not None:
                request.host = get_host(request.environ, request.trusted_hosts)
            as_it_comes = self.url_map.host_matching or self.subdomain_matching
            subdomain = None if as_it_comes else self.url_map.default_subdomain
            return self.url_map.bind_to_environ(request.environ, self.config["SERVER_NAME"], subdomain)
        if self.config["SERVER_NAME"] is None:
            return None
        return self.url_map.bind(
            self.config["SERVER_NAME"],
            script_name=self.config["APPLICATION_ROOT"],
            url_scheme=self.config["PREFERRED_URL_SCHEME"],
        )

    def url_for(
        self,
        /,
        endpoint: str,
        *,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: Any,
    ) -> str:
        """Return the address of a view.

        endpoint    its name; ".name" is in the blueprint of the current request
        _anchor     what to put behind "#"
        _method     which of several rules of the endpoint to use
        _scheme     "https" and such, in a full address
        _external   True: the full address; False: the path.  Not given: the path while a
                    request is handled, else the full address if SERVER_NAME is set
        values      the variables of the rule; others become the query string
        """
        ctx = _request_ctx_stack.top
        if ctx is not None and ctx.app is self:
            adapter = ctx.url_adapter
            if endpoint[:1] == ".":
                blueprint = ctx.request.blueprint
                endpoint = f"{blueprint}{endpoint}" if blueprint else endpoint[1:]
            external = _scheme is not None if _external is None else _external
        else:
            adapter, external = self._adapter_without_request(_scheme, _external)
        self.inject_url_defaults(endpoint, values)
        if _scheme is not None and not external:
            raise ValueError("_scheme is for a full address: leave _external out, or make it True")
        try:
            url = adapter.build(endpoint, values, _method, force_external=external, url_scheme=_scheme)
        except BuildError as error:
            values.update(_anchor=_anchor, _method=_method, _scheme=_scheme, _external=external)
            return self.handle_url_build_error(error, endpoint, values)
        if _anchor is not None:
            url += "#" + quote(_anchor, safe="%!#$&'()*+,/:;=?@")
        return url

    def _adapter_without_request(self, scheme, external):
        """(adapter, whether to build a full address) outside a request.

        Flask refuses to build without SERVER_NAME here; a path needs none.
        """
        ctx = _app_ctx_stack.top
        adapter = ctx.url_adapter if ctx is not None and ctx.app is self else self.create_url_adapter(None)
        if adapter is not None:
            return adapter, True if external is None else external
        if external or scheme is not None:
            raise RuntimeError(
                "a full address needs a host, and outside a request there is none:"
                " set SERVER_NAME (and APPLICATION_ROOT and PREFERRED_URL_SCHEME), or build the path alone"
            )
        return self.url_map.bind("", script_name=self.config["APPLICATION_ROOT"]), False

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Call the url_defaults functions of the application, and of the blueprints that an endpoint is in."""
        if self.url_default_functions:
            parts = endpoint.split(".")[:-1]
            for name in (None, *(".".join(parts[:size]) for size in range(1, len(parts) + 1))):
                for function in self.url_default_functions.get(name, ()):
                    function(endpoint, values)

    def handle_url_build_error(self, error: BuildError, endpoint: str, values: dict[str, Any]) -> str:
        """Ask url_build_error_handlers for an address that no rule gives; raises the error if none has one."""
        for handler in self.url_build_error_handlers:
            try:
                rv = handler(error, endpoint, values)
            except BuildError as e:
                error = e
            else:
                if rv is not None:
                    return rv
        try:
            raise error
        finally:
            del error  # see handle_user_exception

    def redirect(self, location: str, code: int = 302) -> Response:
        """Return a response that sends the client to another address."""
        return redirect_response(location, code, self.response_class)

    def make_default_options_response(self) -> Response:
        """Return the answer to OPTIONS: the methods of this address."""
        ctx = _request_ctx_stack.top
        methods = {*ctx.url_adapter.allowed_methods(), *(ctx.request.url_rule.methods or ())}
        response = self.response_class()
        response.headers["Allow"] = ", ".join(sorted(methods))
        return response

    # Outside a request

    def app_context(self) -> AppContext:
        """Return a context in which `current_app` and `g` work: use it in a with statement."""
        return AppContext(self)

    def test_request_context(self, *args: Any, **kwargs: Any) -> RequestContext:
        """Return the context of a made-up request; the arguments are `testing.EnvironBuilder`'s."""
        from .testing import EnvironBuilder

        builder = EnvironBuilder.for_app(self, *args, **kwargs)
        try:
            return self.request_context(builder.get_environ())
        finally:
            builder.close()

    def test_client(self, use_cookies: bool = True, **kwargs: Any) -> Client:
        """Return a client that sends requests straight to the application, for tests."""
        from .testing import Client

        return (self.test_client_class or Client)(self, use_cookies=use_cookies, **kwargs)

    def run(
        self,
        host: str | None = None,
        port: int | None = None,
        debug: bool | None = None,
        load_dotenv: bool = True,
        **options: Any,
    ) -> None:
        """Serve until Ctrl-C.

        host      127.0.0.1 unless given or set in FLASK_RUN_HOST: this machine only
        port      5000 unless given, in SERVER_NAME, or set in FLASK_RUN_PORT; 0 takes a free one
        debug     sets app.debug
        load_dotenv    whether the files .env and .flaskenv set what the environment does not
        options   what else `serving.run_simple` takes; threaded=True unless said, use_reloader=True in debug mode

        Does nothing in a file that ``nanoweb run`` loads, which serves by itself.
        """
        if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
            return
        from .serving import run_simple  # for weight: a foreign server has no need of it

        if load_dotenv and read_dotenv() and "FLASK_DEBUG" in os.environ:
            self.debug = get_debug_flag()
        if debug is not None:
            self.debug = bool(debug)
        name, _, number = (self.config["SERVER_NAME"] or "").partition(":")
        host = host or name or os.environ.get("FLASK_RUN_HOST") or "127.0.0.1"
        if port is None:
            port = _port_number(number or os.environ.get("FLASK_RUN_PORT") or _default_port)
        options.setdefault("threaded", options.get("processes", 1) == 1)
        options.setdefault("use_reloader", self.debug)
        try:
            run_simple(host, port, self, **options)
        finally:
            self._got_first_request = False  # for who runs it from a shell, changes it and runs it again


class _CookieSizeLimit:
    """MAX_COOKIE_SIZE of the current application, as an attribute of responses that can be set as well."""

    usual: int = Response.max_cookie_size

    def __get__(self, response: Response | None, owner: type[Response]) -> int:
        context = _app_ctx_stack.top
        return self.usual if context is None else context.app.config["MAX_COOKIE_SIZE"]


Response.max_cookie_size = _CookieSizeLimit()  # type: ignore[assignment]  # which stands in an earlier chapter

# How the tables are called by who fills them, for an error.
_decorators = {
    "before_request_funcs": "before_request",
    "after_request_funcs": "after_request",
    "teardown_request_funcs": "teardown_request",
    "template_context_processors": "context_processor",
    "url_value_preprocessors": "url_value_preprocessor",
    "url_default_functions": "url_defaults",
}


def get_debug_flag() -> bool:
    """Whether FLASK_DEBUG asks for the debug mode."""
    return os.environ.get("FLASK_DEBUG", "").lower() not in ("", "0", "false", "no")


def _printable(text):
    """Text for a log: control characters, which a terminal obeys, as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _port_number(text):
    number = int(text) if str(text).isascii() and str(text).isdigit() and len(str(text)) <= 5 else -1
    if not 0 <= number <= 65535:
        raise ValueError(f"port {text!r} is not a number from 0 to 65535")
    return number


def _describe(function):
    """A function by its name and its place, for an error."""
    code = getattr(function, "__code__", None)
    where = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
    return f"{getattr(function, '__qualname__', repr(function))}{where}"


def _split_tuple(rv):
    """(body, status, headers) of a view's tuple."""
    if len(rv) == 3:
        body, status, headers = rv
    elif len(rv) == 2:
        body, second = rv
        is_headers = isinstance(second, (dict, list, tuple)) or hasattr(second, "to_wsgi_list")
        status, headers = (None, second) if is_headers else (second, None)
    else:
        raise TypeError(
            f"{_bad_return_start()} A tuple must be (body, status, headers), (body, status) or (body, headers);"
            f" this one has {len(rv)} members."
        )
    if body is None:
        raise TypeError(_bad_return(None))
    return body, status, headers


def _bad_return_start():
    top = _request_ctx_stack.top
    endpoint = top.request.endpoint if top is not None else None
    return f"The view function for {endpoint!r} did not return a valid response."


def _bad_return(body):
    """The error for what is no response."""
    if body is None:
        return f"{_bad_return_start()} The function either returned None or ended without a return statement."
    return (
        f"{_bad_return_start()} A view returns a str, bytes, dict, list, an iterator, a Response, a WSGI callable,"
        f" or a tuple of one of these with a status, headers or both; this one returned a {type(body).__name__}."
    )
