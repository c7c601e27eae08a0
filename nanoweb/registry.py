"""The registry of an application: what it is told at start, and looks up while it serves.

Before a request's way it is filled, by Scaffold's methods, which end in those here, and by blueprints;
after the first request that is an error.  In a request's way App asks it for the functions around
a view, and for the handler of an error.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from functools import lru_cache

from .config import Config, ConfigAttribute
from .context import _app_ctx_stack, _request_ctx_stack, g
from .exceptions import Aborter, HTTPException
from .folders import folder_above, prefix_of
from .properties import cached_property
from .requests import blueprints_of
from .routing import BuildError, Map, Rule
from .scaffold import Scaffold, check_blueprint, check_function, decorators, endpoint_of, name_of, named
from .wrappers import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import IO, Any, TypeVar

    from .blueprints import Blueprint
    from .template import BaseLoader
    from .templating import Environment

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["Registry", "get_debug_flag"]


@lru_cache(maxsize=8)  # every request with a session asks
def _to_timedelta(value):
    from datetime import timedelta  # for weight

    return value if isinstance(value, timedelta) else timedelta(seconds=value)


class Registry(Scaffold):
    """The settings, the addresses and the functions of an application; see App for the arguments."""

    url_rule_class = Rule
    url_map_class = Map
    config_class = Config
    aborter_class = Aborter

    jinja_options: dict[str, Any] = {}  # for the environment of the templates
    jinja_environment: type[Environment] | None = None  # None for templating.Environment

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
            if bool(static_host) != host_matching:
                raise AssertionError("static_host and host_matching go together: give both, or static_folder=None")
            rule = f"{self.static_url_path}/<path:filename>"
            self.add_url_rule(rule, "static", self.send_static_file, host=static_host)

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
        if prefix is None:
            return os.path.join(folder, "instance")
        return os.path.join(prefix, "var", f"{self.name}-instance")

    def open_instance_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file of the instance folder, to read or to write it."""
        return open(os.path.join(self.instance_path, resource), mode, encoding=None if "b" in mode else encoding)

    @cached_property
    def name(self) -> str:  # type: ignore[override]  # it can be assigned
        """The import name; for a program that was started as a file, the file's name."""
        if self.import_name != "__main__":
            return self.import_name
        path = getattr(sys.modules["__main__"], "__file__", None)
        return "__main__" if path is None else os.path.splitext(os.path.basename(path))[0]

    @cached_property
    def jinja_env(self) -> Environment:
        """The environment of the templates; made when it is first asked for, so set jinja_options before."""
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        """Return the environment of the templates."""
        from .templating import create_environment  # for weight: an application without templates loads none

        return create_environment(self)  # type: ignore[arg-type]  # an App, which this is a part of

    def create_global_jinja_loader(self) -> BaseLoader:
        """Return what finds a template: in the application's folder, then in those of its blueprints."""
        from .templating import DispatchingJinjaLoader  # for weight

        return DispatchingJinjaLoader(self)  # type: ignore[arg-type]  # as above

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Whether a template of this name is escaped: HTML, XML and SVG are, and what has no name."""
        return filename is None or filename.endswith((".html", ".htm", ".xml", ".xhtml", ".svg"))

    @property
    def debug(self) -> bool:
        """Whether errors are shown to the developer.  Never on where strangers can look."""
        return self.config["DEBUG"]

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        if self.config["TEMPLATES_AUTO_RELOAD"] is None and "jinja_env" in vars(self):
            self.jinja_env.auto_reload = value

    # What the application is told at start

    def _check_setup_finished(self, what):
        if self._got_first_request:
            raise AssertionError(
                f"{what}() after the first request: that one was answered without it, and others may be at work."
                " Call it while the application is set up, before it serves."
            )

    def _add_rule(self, rule, endpoint, view_func, options):
        self._check_setup_finished("add_url_rule")
        if endpoint is None:
            endpoint = endpoint_of(rule, view_func)
        known = self.view_functions.get(endpoint)
        if view_func is not None and known is not None and known != view_func:
            raise AssertionError(
                f"endpoint {endpoint!r} is taken by {describe(known)}, and {describe(view_func)} wants it too:"
                " rename one of the functions (a decorator that does not keep the name, as functools.wraps does,"
                " is a usual reason), or give it an endpoint= of its own"
            )
        methods, automatic = self._methods_of(view_func, options)
        url_rule = self.url_rule_class(rule, methods=methods, endpoint=endpoint, **options)
        url_rule.provide_automatic_options = automatic  # type: ignore[attr-defined]
        self.url_map.add(url_rule)
        if view_func is not None:
            self.view_functions[endpoint] = view_func

    def _methods_of(self, view_func, options):
        """(the methods of a rule, whether it answers OPTIONS by itself), out of its options or what its view says."""
        methods, automatic = options.pop("methods", None), options.pop("provide_automatic_options")
        if methods is None:
            methods = getattr(view_func, "methods", None) or ("GET",)
        if isinstance(methods, str):
            raise TypeError(f"methods {methods!r} is a str: give a list of them, [{methods!r}]")
        try:
            methods = {method.upper() for method in methods}
        except (TypeError, AttributeError):
            raise TypeError(f"methods {methods!r} is no list of names, such as ['GET', 'POST']") from None
        if automatic is None:
            automatic = getattr(view_func, "provide_automatic_options", None)
        if automatic is None:
            automatic = "OPTIONS" not in methods and self.config["PROVIDE_AUTOMATIC_OPTIONS"]
        methods.update(getattr(view_func, "required_methods", ()), ("OPTIONS",) if automatic else ())
        return methods, automatic

    def _set_view(self, endpoint, view_func):
        self._check_setup_finished("endpoint")
        self.view_functions[endpoint] = view_func

    def _add_function(self, table, f, name=None):
        self._check_setup_finished(decorators[table])
        getattr(self, table)[name].append(f)

    def _set_error_handler(self, code, cls, f, name=None):
        self._check_setup_finished("register_error_handler")
        self.error_handler_spec[name][code][cls] = f

    def teardown_appcontext(self, f: F) -> F:
        """Have a function called when an application context is popped: after a request, or at a script's end."""
        self._check_setup_finished("teardown_appcontext")
        check_function(f, "teardown_appcontext")
        self.teardown_appcontext_funcs.append(f)
        return f

    def shell_context_processor(self, f: F) -> F:
        """Have a function called for a shell; it returns a dict of names for that."""
        self._check_setup_finished("shell_context_processor")
        check_function(f, "shell_context_processor")
        self.shell_context_processors.append(f)
        return f

    def make_shell_context(self) -> dict[str, Any]:
        """Return the names that a shell begins with: app, g, and those of the shell_context_processor functions."""
        names = {"app": self, "g": g}
        for function in self.shell_context_processors:
            names.update(function())
        return names

    def template_filter(self, name: str | None = None) -> Callable[[F], F]:
        """Make the decorated function a filter of the templates, under its own name if none is given."""
        return named(self.add_template_filter, name)

    def template_test(self, name: str | None = None) -> Callable[[F], F]:
        """Make the decorated function a test of the templates, under its own name if none is given."""
        return named(self.add_template_test, name)

    def template_global(self, name: str | None = None) -> Callable[[F], F]:
        """Make the decorated function a global of the templates, under its own name if none is given."""
        return named(self.add_template_global, name)

    def add_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make a function a filter of the templates."""
        self._add_to_templates("filter", f, name)

    def add_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make a function a test of the templates."""
        self._add_to_templates("test", f, name)

    def add_template_global(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Make a function a global of the templates."""
        self._add_to_templates("global", f, name)

    def _add_to_templates(self, kind, f, name):
        self._check_setup_finished(f"add_template_{kind}")
        if kind != "global":  # which may be any value
            check_function(f, f"the {kind} {name or ''}".rstrip())
        getattr(self.jinja_env, f"{kind}s")[name or name_of(f, "name=")] = f

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Have a blueprint take part in this application.

        options    url_prefix, subdomain, url_defaults and name, to have others than the blueprint's own
        """
        self._check_setup_finished("register_blueprint")
        check_blueprint(blueprint)
        blueprint.register(self, options)  # type: ignore[arg-type]  # an App, which this is a part of

    def iter_blueprints(self) -> Iterable[Blueprint]:
        """Return the blueprints, in the order of their registration."""
        return self.blueprints.values()

    # What it is asked for in a request's way

    def _functions_of(self, table, blueprints):
        """Those of a table: the application's, then those of the blueprints, from the outermost inwards."""
        return [function for name in (None, *blueprints[::-1]) for function in table.get(name, ())]

    def _find_error_handler(self, e):
        """The handler for an error: of the blueprint before the application's, for its status before
        for its class, for its own class before for those it derives from; or None."""
        if not self.error_handler_spec:
            return None
        code = e.code if isinstance(e, HTTPException) else None
        names = (*_request_ctx_stack.top.request.blueprints, None)
        for one in (code, None) if code is not None else (None,):
            for name in names:
                handlers = self.error_handler_spec.get(name, {}).get(one, {})
                for cls in type(e).__mro__:
                    if cls in handlers:
                        return handlers[cls]
        return None

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Call the url_defaults functions of the application, and of the blueprints that an endpoint is in."""
        if self.url_default_functions:
            for function in self._functions_of(self.url_default_functions, blueprints_of(endpoint)):
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
            del error  # see App.handle_user_exception


def get_debug_flag() -> bool:
    """Whether FLASK_DEBUG asks for the debug mode."""
    return os.environ.get("FLASK_DEBUG", "").lower() not in ("", "0", "false", "no")


def describe(function: Any) -> str:
    """Name a function and its place, for an error."""
    code = getattr(function, "__code__", None)
    where = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
    return f"{getattr(function, '__qualname__', repr(function))}{where}"


class _CookieSizeLimit:
    """MAX_COOKIE_SIZE of the current application, as an attribute of responses that can be set as well."""

    usual: int = Response.max_cookie_size

    def __get__(self, response: Response | None, owner: type[Response]) -> int:
        context = _app_ctx_stack.top
        return self.usual if context is None else context.app.config["MAX_COOKIE_SIZE"]


Response.max_cookie_size = _CookieSizeLimit()  # type: ignore[assignment]  # which stands in an earlier chapter
