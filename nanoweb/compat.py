"""Programs written for Flask, unchanged: its names, and those of the packages around it, for our own modules.

    from nanoweb import compat
    compat.install()
    from flask import Flask, request        # nanoweb's

Before a request's way: `nanoweb run --flask app.py` does that before it imports the program.  The tables
below are all there is to it: which module stands for which of ours, what has another name there, and what
went away long ago and is still imported by tutorials.  A name that is in none of them is an ImportError,
which says so.
"""

from __future__ import annotations

import sys
from functools import wraps
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

from .wrappers import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["install"]

# The module that a program imports: ours that have its names, in this order.
MODULES = {
    "flask": "app blueprints config context shortcuts signals wrappers",
    "flask.app": "app wrappers context shortcuts sessions",
    "flask.blueprints": "blueprints",
    "flask.cli": "commands app config",
    "flask.config": "config",
    "flask.ctx": "context",
    "flask.globals": "context",
    "flask.helpers": "shortcuts context registry",
    "flask.json": "jsonprovider shortcuts",
    "flask.json.provider": "jsonprovider",
    "flask.json.tag": "tagging",
    "flask.logging": "logs",
    "flask.sansio.app": "app",
    "flask.sansio.blueprints": "blueprints",
    "flask.sansio.scaffold": "scaffold",
    "flask.sessions": "sessions tagging",
    "flask.signals": "signals",
    "flask.templating": "templating shortcuts",
    "flask.testing": "testing",
    "flask.typing": "",
    "flask.views": "views",
    "flask.wrappers": "wrappers",
    "werkzeug": "wrappers testing serving",
    "werkzeug._internal": "",
    "werkzeug._reloader": "reloader",
    "werkzeug.datastructures": "datastructures",
    "werkzeug.datastructures.accept": "datastructures",
    "werkzeug.datastructures.auth": "datastructures",
    "werkzeug.datastructures.cache_control": "datastructures",
    "werkzeug.datastructures.csp": "datastructures",
    "werkzeug.datastructures.etag": "datastructures",
    "werkzeug.datastructures.file_storage": "datastructures",
    "werkzeug.datastructures.headers": "datastructures",
    "werkzeug.datastructures.range": "datastructures",
    "werkzeug.datastructures.structures": "datastructures",
    "werkzeug.debug": "",
    "werkzeug.exceptions": "exceptions",
    "werkzeug.formparser": "formparser",
    "werkzeug.http": "headers cookies conditions accept directives",
    "werkzeug.local": "local",
    "werkzeug.middleware": "middleware",
    "werkzeug.middleware.dispatcher": "middleware",
    "werkzeug.middleware.lint": "lint",
    "werkzeug.middleware.profiler": "middleware",
    "werkzeug.middleware.proxy_fix": "middleware",
    "werkzeug.middleware.shared_data": "middleware",
    "werkzeug.routing": "routing",
    "werkzeug.routing.converters": "converters",
    "werkzeug.routing.exceptions": "routing",
    "werkzeug.routing.map": "routing",
    "werkzeug.routing.rules": "rules",
    "werkzeug.security": "security files",
    "werkzeug.serving": "serving tls",
    "werkzeug.test": "testing",
    "werkzeug.urls": "urls",
    "werkzeug.user_agent": "wrappers",
    "werkzeug.utils": "files properties shortcuts headers config",
    "werkzeug.wrappers": "wrappers",
    "werkzeug.wrappers.request": "wrappers",
    "werkzeug.wrappers.response": "wrappers",
    "werkzeug.wsgi": "wsgi",
    "jinja2": "template",
    "jinja2.bccache": "template.codecache",
    "jinja2.environment": "template.environment template.rendering",
    "jinja2.exceptions": "template.errors",
    "jinja2.ext": "template.extensions template.translation",
    "jinja2.filters": "template.filters",
    "jinja2.loaders": "template.loaders",
    "jinja2.meta": "template.meta",
    "jinja2.nodes": "template.nodes",
    "jinja2.parser": "template.parser",
    "jinja2.runtime": "template.runtime template.contexts template.undefined",
    "jinja2.sandbox": "template.sandbox",
    "jinja2.tests": "template.tests",
    "jinja2.utils": "template template.runtime template.filters template.links template.environment",
    "markupsafe": "markup",
    "itsdangerous": "signing",
    "itsdangerous.encoding": "signing",
    "itsdangerous.exc": "signing",
    "itsdangerous.serializer": "signing",
    "itsdangerous.signer": "signing",
    "itsdangerous.timed": "signing",
    "itsdangerous.url_safe": "signing",
    "blinker": "signals",
    "blinker.base": "signals",
    "click": "commands",
}

# What is called otherwise here.
RENAMED = {
    ("flask", "Flask"): "app.App",
    ("flask", "json"): "jsonprovider",
    ("flask.app", "Flask"): "app.App",
    ("flask.cli", "FlaskGroup"): "cli.FlaskGroup",
    ("flask.globals", "_cv_app"): "context._app_ctx_stack",
    ("flask.globals", "_cv_request"): "context._request_ctx_stack",
    ("flask.sessions", "session_json_serializer"): "app.App.session_interface.serializer",
    ("flask.testing", "EnvironBuilder"): "environs.AppEnvironBuilder",
    ("flask.testing", "FlaskClient"): "testing.Client",
    ("flask.helpers", "get_root_path"): "folders.folder_of",
    ("flask.sansio.scaffold", "_endpoint_from_view_func"): "compat.endpoint_of",
    ("flask.views", "http_method_funcs"): "views.known_methods",
    ("werkzeug", "Response"): "compat.PlainResponse",
    ("werkzeug.wrappers", "Response"): "compat.PlainResponse",
    ("werkzeug.wrappers.response", "Response"): "compat.PlainResponse",
    ("werkzeug._internal", "_log"): "accesslog.tell",
    ("werkzeug.debug", "DebuggedApplication"): "compat.add_debugger",
    ("werkzeug.utils", "ImportStringError"): "builtins:ImportError",
    ("werkzeug.utils", "append_slash_redirect"): "compat.append_slash_redirect",
    ("werkzeug.utils", "find_modules"): "compat.find_modules",
    ("werkzeug.utils", "import_string"): "compat.import_string",
    ("click", "UUID"): "uuid:UUID",
}

# What flask.typing has, for annotations alone: all of it is Any here.
TYPES = (
    "AfterRequestCallable AppOrBlueprintKey BeforeFirstRequestCallable BeforeRequestCallable ErrorHandlerCallable "
    "HeaderValue HeadersValue ResponseClass ResponseReturnValue ResponseValue RouteCallable "
    "ShellContextProcessorCallable TeardownCallable TemplateContextProcessorCallable TemplateFilterCallable "
    "TemplateGlobalCallable TemplateTestCallable URLDefaultCallable URLValuePreprocessorCallable"
)
RENAMED.update({("flask.typing", name): "typing:Any" for name in TYPES.split()})

# The versions that we keep to, for those who ask before they do this or that.
VERSIONS = {
    "flask": "3.1.3",
    "werkzeug": "3.1.9",
    "jinja2": "3.1.6",
    "markupsafe": "3.0.4",
    "itsdangerous": "2.2.0",
    "blinker": "1.9.0",
}

# The functions of werkzeug.http that give a structure there, and what that is made of here.
STRUCTURES = {
    "parse_accept_header": "Accept",
    "parse_cache_control_header": "RequestCacheControl",
    "parse_content_range_header": "ContentRange",
    "parse_cookie": "MultiDict",
    "parse_csp_header": "ContentSecurityPolicy",
    "parse_etags": "ETags",
    "parse_if_range_header": "IfRange",
    "parse_range_header": "Range",
    "parse_set_header": "HeaderSet",
}

# What went away, and where it is now.
GONE = {
    ("flask", "Markup"): ("markup.Markup", "markupsafe.Markup"),
    ("flask", "escape"): ("markup.escape", "markupsafe.escape"),
    ("flask", "_request_ctx_stack"): ("context._request_ctx_stack", "flask.has_request_context() and flask.request"),
    ("flask", "_app_ctx_stack"): ("context._app_ctx_stack", "flask.g"),
    ("flask.json", "JSONEncoder"): ("json:JSONEncoder", "flask.json.provider.DefaultJSONProvider"),
    ("flask.json", "JSONDecoder"): ("json:JSONDecoder", "flask.json.provider.DefaultJSONProvider"),
    ("jinja2", "Markup"): ("markup.Markup", "markupsafe.Markup"),
    ("jinja2", "escape"): ("markup.escape", "markupsafe.escape"),
    ("jinja2", "contextfilter"): ("template.pass_context", "jinja2.pass_context"),
    ("jinja2", "contextfunction"): ("template.pass_context", "jinja2.pass_context"),
    ("jinja2", "environmentfilter"): ("template.pass_environment", "jinja2.pass_environment"),
    ("jinja2", "evalcontextfilter"): ("template.pass_eval_context", "jinja2.pass_eval_context"),
    ("werkzeug", "LocalProxy"): ("local.LocalProxy", "werkzeug.local.LocalProxy"),
    ("werkzeug", "cached_property"): ("properties.cached_property", "werkzeug.utils.cached_property"),
    ("werkzeug", "secure_filename"): ("files.secure_filename", "werkzeug.utils.secure_filename"),
    ("werkzeug", "generate_password_hash"): ("security.generate_password_hash", "werkzeug.security"),
    ("werkzeug", "check_password_hash"): ("security.check_password_hash", "werkzeug.security"),
    ("werkzeug.contrib.fixers", "ProxyFix"): ("middleware.ProxyFix", "werkzeug.middleware.proxy_fix.ProxyFix"),
    ("werkzeug.urls", "url_quote"): ("urllib.parse:quote", "urllib.parse.quote"),
    ("werkzeug.urls", "url_quote_plus"): ("urllib.parse:quote_plus", "urllib.parse.quote_plus"),
    ("werkzeug.urls", "url_unquote"): ("urllib.parse:unquote", "urllib.parse.unquote"),
    ("werkzeug.urls", "url_unquote_plus"): ("urllib.parse:unquote_plus", "urllib.parse.unquote_plus"),
    ("werkzeug.urls", "url_encode"): ("compat.url_encode", "urllib.parse.urlencode"),
    ("werkzeug.urls", "url_decode"): ("compat.url_decode", "urllib.parse.parse_qsl"),
    ("werkzeug.urls", "url_unparse"): ("urllib.parse:urlunsplit", "urllib.parse.urlunsplit"),
    ("werkzeug.urls", "url_parse"): ("urllib.parse:urlsplit", "urllib.parse.urlsplit"),
    ("werkzeug.urls", "url_join"): ("urllib.parse:urljoin", "urllib.parse.urljoin"),
    ("werkzeug.utils", "escape"): ("markup.escape", "markupsafe.escape"),
}


class _AnyResponse(type):
    """Has every Response pass for one of PlainResponse: Flask's is one of Werkzeug's."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Response) if cls is PlainResponse else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Response) if cls is PlainResponse else super().__subclasscheck__(subclass)


class PlainResponse(Response, metaclass=_AnyResponse):
    """Werkzeug's own: its text is plain text, where Flask's is HTML."""

    default_mimetype = "text/plain"


def import_string(import_name: str, silent: bool = False) -> Any:
    """Return the object that "package.module.name" or "package.module:name" names; None, if silent, for none."""
    try:
        return _load("config")._import_string(import_name.replace(":", "."))
    except ImportError:
        if not silent:
            raise
        return None


def find_modules(import_path: str, include_packages: bool = False, recursive: bool = False) -> Iterator[str]:
    """Yield the names of the modules in a package."""
    from pkgutil import iter_modules

    package = import_module(import_path)
    if not hasattr(package, "__path__"):
        raise ValueError(f"{import_path!r} is a module, not a package")
    for _, name, is_package in iter_modules(package.__path__, f"{import_path}."):
        if include_packages or not is_package:
            yield name
        if recursive and is_package:
            yield from find_modules(name, include_packages, True)


def append_slash_redirect(environ: dict[str, Any], code: int = 308) -> Response:
    """Return the redirect to the same path with a slash behind it."""
    query = environ.get("QUERY_STRING")
    location = f"{environ['PATH_INFO'].rpartition('/')[2] or '.'}/"
    return _load("shortcuts").redirect_response(f"{location}?{query}" if query else location, code)


def url_encode(values: Any) -> str:
    """Return a query string of a dict, a MultiDict or pairs, without what is None."""
    return _load("rules").dump_query(values)


def url_decode(text: str | bytes) -> Any:
    """Return the MultiDict of a query string."""
    from urllib.parse import parse_qsl

    return _load("dicts").MultiDict(
        parse_qsl(text if isinstance(text, str) else text.decode(), keep_blank_values=True)
    )


def endpoint_of(view_func: Any) -> str:
    """Return the endpoint of a view that is given none."""
    return _load("scaffold").endpoint_of("", view_func)


def add_debugger(app: Any, evalex: bool = False, **options: Any) -> Any:
    """Return the application with the debugger around it, where there is one."""
    return _load("serving")._add_debugger(app, evalex)


class _Alias(ModuleType):
    """A module of another name, whose names are looked up when they are asked for."""

    __path__: list[str] = []  # some have modules below them, and need not be told apart

    def __init__(self, name: str, sources: Iterable[str]) -> None:
        super().__init__(name, f"{name}, by nanoweb: see nanoweb.compat.")
        self.__spec__ = ModuleSpec(name, None, is_package=True)
        self._sources = list(sources)

    def __getattr__(self, name: str) -> Any:
        value = dir(self) if name == "__all__" else _find(self.__name__, self._sources, name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        names = {name for source in self._sources for name in getattr(_load(source), "__all__", ())}
        names.update(name for module, name in RENAMED if module == self.__name__ and name[:1] != "_")
        return sorted(names)


def _find(module, sources, name):
    if (module, name) in GONE:
        place, now = GONE[module, name]
        _warn(f"{module}.{name}", now)
        return _get(place)
    if (module, name) in RENAMED:
        return _get(RENAMED[module, name])
    if name == "__version__" and module in VERSIONS:
        return VERSIONS[module]
    for source in sources if name[:2] != "__" else ():
        found = getattr(_load(source), name, _nothing)
        if found is not _nothing:
            return _structured(found) if module == "werkzeug.http" and name in STRUCTURES else found
    raise AttributeError(f"module {module!r}, which is nanoweb's, has no {name!r}")


def _structured(parse):
    """A function that makes the structure of what parse() finds."""
    structure = getattr(_load("datastructures"), STRUCTURES[parse.__name__])

    @wraps(parse)
    def function(value=None, *options, cls=None, on_update=None):
        for option in options:  # after the value, some take one of them first, and some the other
            cls, on_update = (option, on_update) if isinstance(option, type) else (cls, option)
        found = parse(value.get("HTTP_COOKIE") if isinstance(value, dict) else value)
        if found is None:
            return None
        made = found if isinstance(found, tuple) else (found,)
        return (cls or structure)(*made, **({"on_update": on_update} if on_update else {}))

    return function


_nothing = object()


class _Versions:
    """Tells importlib.metadata the VERSIONS of the packages that we stand for: extensions ask it.

    It is one of sys.meta_path, which would ask it for modules too: it has none.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, *where: Any) -> None:
        """None: our modules are in sys.modules already."""

    def find_distributions(self, context: Any) -> Iterator[Any]:
        """Yield the package of context.name, if it is one of ours."""
        name = str(context.name).lower()
        if name in self.names:
            yield _distribution(f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSIONS[name]}\n")


_versions = _Versions()


def _distribution(metadata):
    from importlib.metadata import Distribution  # for weight: whoever asks has loaded it

    methods = {"read_text": lambda self, name: metadata if name == "METADATA" else None, "locate_file": None}
    return type("OurDistribution", (Distribution,), methods)()


def _load(source):
    return import_module(f".{source}", __package__)


def _get(place):
    """The object at "module.name" of ours, or at "module:name" of Python."""
    if ":" in place:
        module, name = place.split(":")
        return getattr(import_module(module), name)
    module, *names = place.split(".")
    value = _load(module)
    for name in names:
        value = getattr(value, name)
    return value


def install(force: bool = False) -> None:
    """Let programs import flask, werkzeug, jinja2, markupsafe, itsdangerous, blinker and click, and get nanoweb.

    force    also those that are installed; without it, nothing is shadowed
    raises   RuntimeError for one that is imported already, and that is not ours
    """
    from importlib.util import find_spec

    ours = {name: all_of for name, all_of in _families().items() if force or _is_absent(name, find_spec)}
    for names in ours.values():
        for name in names:
            known = sys.modules.get(name)
            if known is not None and not isinstance(known, _Alias):
                raise RuntimeError(f"{name!r} is imported already: call compat.install() before anything imports it")
    for names in ours.values():
        for name in names:
            module = sys.modules.setdefault(name, _Alias(name, MODULES.get(name, "").split()))
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, module)
    _versions.names.update(VERSIONS.keys() & ours.keys())
    if _versions not in sys.meta_path:
        sys.meta_path.insert(0, _versions)
    _load("app").App.before_first_request = _before_first_request
    _load("rules").Rule._trace = property(_trace)


def _before_first_request(app: Any, f: Any) -> Any:
    """Have a function called once, before the first request: what App had once."""
    _warn("App.before_first_request", "app.app_context() when the application is set up")
    from threading import Lock

    waiting, lock = [f], Lock()

    @app.before_request
    def call_once():
        with lock:
            if waiting:
                waiting[0]()
                waiting.clear()

    return f


def _trace(rule: Any) -> list[tuple[bool, str]]:
    """Whether each piece of a rule is a variable, and its name or text: not public, but extensions read it."""
    pieces = _load("ruletree").parse_rule(rule.rule)
    return [(type(piece) is tuple, piece[0] if type(piece) is tuple else piece) for piece in pieces]


def _warn(what, now, stacklevel=3):
    import warnings

    warnings.warn(f"{what} is gone: use {now}", DeprecationWarning, stacklevel=stacklevel + 1)


def _families():
    """{package: all modules of it}, parents first."""
    families: dict[str, list[str]] = {}
    names = {*MODULES, *(module for module, _ in GONE)}
    for name in sorted(names | {name.rpartition(".")[0] for name in names} - {""}):
        families.setdefault(name.partition(".")[0], []).append(name)
    return families


def _is_absent(name, find_spec):
    if isinstance(sys.modules.get(name), _Alias):
        return True
    try:
        return find_spec(name) is None
    except ValueError:  # it has no __spec__: somebody has put it there
        return False
