"""The application: a request's way through it, and the doors to it.

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

What is not the way stands in chapters before: `folders`, what the application and its blueprints are told alike
in `scaffold`, what it keeps of that in `registry`, the less common `results` of views, the building of `addresses`.
"""

from __future__ import annotations

import os
from types import CoroutineType

from .addresses import build_url
from .config import check_settings
from .config import load_dotenv as read_dotenv
from .context import (
    AppContext,
    RequestContext,
    _app_ctx_stack,
    _AppCtxGlobals,
    _current_request_context,
    _request_ctx_stack,
    app_ctx,
)
from .exceptions import BadRequest, BadRequestKeyError, HTTPException, InternalServerError
from .properties import cached_property
from .registry import Registry, describe, get_debug_flag
from .results import response_of
from .routing import Map, MapAdapter, RequestRedirect, RoutingException
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
from .wrappers import Request, Response
from .wsgi import get_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from .jsonprovider import JSONProvider
    from .sessions import SessionInterface
    from .testing import Client
    from .wsgi import StartResponse

__all__ = ["App"]


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


class App(Registry):
    """A web application: a WSGI callable, and the place where views are registered.

    >>> app = App(__name__)
    >>> @app.route("/hello/<name>")
    ... def hello(name):
    ...     return f"Hello {name}!"
    >>> app.test_client().get("/hello/World").text
    'Hello World!'

    import_name         the name of the module it stands in: ``__name__``
    static_url_path, static_folder, template_folder, root_path    see Folders
    static_host         the host of the static files, where routing goes by hosts
    host_matching       whether rules go by the whole host
    subdomain_matching  whether rules may have subdomains of SERVER_NAME
    instance_path       the folder of what belongs to this installation; "instance" beside the module by default
    instance_relative_config    whether files of settings are looked for there
    """

    request_class = Request
    response_class = Response
    json_provider_class: type[JSONProvider] | None = None  # None for jsonprovider.DefaultJSONProvider
    app_ctx_globals_class = _AppCtxGlobals
    session_interface: SessionInterface = SecureCookieSessionInterface()
    test_client_class: type[Client] | None = None

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
        if not self._got_first_request:
            check_settings(self.config)  # where they are wrong, that is no matter of a request
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

    def _find_at_once(self, request):
        """What the map finds for a request without an adapter; NotImplemented where it takes one.

        Most requests are a path and a method that fit, and need none to be made for them.
        """
        environ, url_map = request.environ, self.url_map
        if (
            getattr(self.create_url_adapter, "__func__", None) is _create_url_adapter  # and not somebody else's
            and type(url_map) is Map
            and self.config["TRUSTED_HOSTS"] is None
            and request.trusted_hosts is None
            and not (self.subdomain_matching or url_map.host_matching)
            and environ["wsgi.url_scheme"] in _web_schemes
            and "HTTP_UPGRADE" not in environ
        ):
            path_info = environ.get("PATH_INFO", "/")
            if path_info.isascii():
                return url_map._find(url_map.default_subdomain, path_info, environ["REQUEST_METHOD"].upper(), False)
        return NotImplemented

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
            request = _current_request_context("preprocess_request").request
            for function in self._functions_of(self.url_value_preprocessors, request.blueprints):
                function(request.endpoint, request.view_args)
        if self.before_request_funcs:
            request = _current_request_context("preprocess_request").request
            for function in self._functions_of(self.before_request_funcs, request.blueprints):
                rv = self._call(function)
                if rv is not None:
                    return rv
        return None

    def dispatch_request(self) -> Any:
        """Call the view that the address matched and return what it returns."""
        request = _current_request_context("dispatch_request").request
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        rule = request.url_rule
        if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
            return self.make_default_options_response()
        rv = self.view_functions[rule.endpoint](**request.view_args)
        return self._await(rv) if type(rv) is CoroutineType else rv

    def make_default_options_response(self) -> Response:
        """Return the answer to OPTIONS: the methods of this address."""
        ctx = _current_request_context("make_default_options_response")
        methods = {*ctx.url_adapter.allowed_methods(), *(ctx.request.url_rule.methods or ())}
        response = self.response_class()
        response.headers["Allow"] = ", ".join(sorted(methods))
        return response

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
        return response_of(self, rv)

    def update_template_context(self, context: dict[str, Any]) -> None:
        """Add to the names of a template those that all have; what the caller has given counts more."""
        top = _request_ctx_stack.top
        names: dict[str, Any] = {"g": (_app_ctx_stack.top or app_ctx).g}
        if top is not None:
            names["request"] = top.request
        if self.template_context_processors:
            blueprints = () if top is None else top.request.blueprints
            for function in self._functions_of(self.template_context_processors, blueprints):
                more = self._call(function)
                if more is None:
                    raise TypeError(_returned_none(function, "a dict of names for templates"))
                names.update(more)
        names.update(context)
        context.update(names)

    def process_response(self, response: Response) -> Response:
        """Call the after_request functions, the last registered first, and save the session."""
        ctx = _current_request_context("process_response")
        while ctx.after_functions:  # one of them may add another
            functions, ctx.after_functions = ctx.after_functions, ()
            response = self._call_after(functions, response)
        if self.after_request_funcs:
            functions = self._functions_of(self.after_request_funcs, ctx.request.blueprints)[::-1]
            response = self._call_after(functions, response)
        session = ctx._session
        if session is not None and not self.session_interface.is_null_session(session):
            self.session_interface.save_session(self, session, response)
        return response

    def _call_after(self, functions, response):
        """Hand the response from one function to the next."""
        for function in functions:
            response = self._call(function, response)
            if response is None:
                raise TypeError(_returned_none(function, "the response"))
        return response

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Call the teardown_request functions; called by RequestContext.pop."""
        if self.teardown_request_funcs:
            blueprints = _current_request_context("do_teardown_request").request.blueprints
            self._tear_down(self._functions_of(self.teardown_request_funcs, blueprints)[::-1], exc)
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
        request = _current_request_context("log_exception").request
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

    def _call(self, function, *args, **kwargs):
        """Call a function or a coroutine function."""
        rv = function(*args, **kwargs)
        return self._await(rv) if type(rv) is CoroutineType else rv

    def _await(self, coroutine):
        """Run what a coroutine function has returned, by ensure_sync, which a subclass may have changed."""

        async def run():
            return await coroutine

        return self.ensure_sync(run)()

    # Addresses

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
        return build_url(self, endpoint, values, _anchor, _method, _scheme, _external)

    def redirect(self, location: str, code: int = 302) -> Response:
        """Return a response that sends the client to another address."""
        return redirect_response(location, code, self.response_class)

    # Outside a request

    def app_context(self) -> AppContext:
        """Return a context in which `current_app` and `g` work: use it in a with statement."""
        return AppContext(self)

    def test_request_context(self, *args: Any, **kwargs: Any) -> RequestContext:
        """Return the context of a made-up request; the arguments are `testing.EnvironBuilder`'s."""
        from .environs import AppEnvironBuilder

        builder = AppEnvironBuilder(self, *args, **kwargs)
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
            port = _port_number(number or os.environ.get("FLASK_RUN_PORT") or 5000)
        options.setdefault("threaded", options.get("processes", 1) == 1)
        options.setdefault("use_reloader", self.debug)
        try:
            run_simple(host, port, self, **options)
        finally:
            self._got_first_request = False  # for who runs it from a shell, changes it and runs it again


_create_url_adapter = App.create_url_adapter
_web_schemes = frozenset(["http", "https"])


def _returned_none(function, wanted):
    """What to say of a function around the views that ended without a return."""
    return f"{describe(function)} returned None: let it return {wanted}"


def _printable(text):
    """Text for a log: control characters, which a terminal obeys, as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _port_number(text):
    number = int(text) if str(text).isascii() and str(text).isdigit() and len(str(text)) <= 5 else -1
    if not 0 <= number <= 65535:
        raise ValueError(f"port {text!r} is not a number from 0 to 65535")
    return number
