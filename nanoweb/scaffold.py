"""What an application and a blueprint are told alike: views, functions around them, answers to errors, folders.

Before a request's way, when a program is set up.  An App does at once what it is told; a Blueprint
writes it down, and does it to each application that it is registered with.  So every method here
ends in one of four that the two have each in their own way: add_url_rule, _set_view, _add_function
and _set_error_handler.
"""

from __future__ import annotations

import os
import sys

from .exceptions import HTTPException, default_exceptions
from .properties import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any, TypeVar

    from .commands import AppGroup
    from .wrappers import Response

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["Scaffold"]


class Scaffold:
    """What App and Blueprint have in common.

    import_name      the name of the module that it stands in: ``__name__``
    static_folder    the folder of files that are sent as they are, seen from root_path
    static_url_path  where they are found; the folder's own name if not given
    template_folder  the folder of templates, seen from root_path
    root_path        the folder of the module, unless given
    """

    import_name: str
    root_path: str
    template_folder: str | os.PathLike[str] | None
    _static_folder: str | None = None
    _static_url_path: str | None = None

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        root_path: str | os.PathLike[str] | None = None,
    ) -> None:
        self.import_name = import_name
        self.root_path = os.fspath(root_path) if root_path is not None else folder_of(import_name)
        self.static_folder = static_folder
        self.static_url_path = static_url_path
        self.template_folder = template_folder

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"  # type: ignore[attr-defined]

    # What App and Blueprint do each in their own way

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        raise NotImplementedError

    def _set_view(self, endpoint: str, view_func: Callable[..., Any]) -> None:
        raise NotImplementedError

    def _add_function(self, table: str, f: Callable[..., Any]) -> None:
        """Add a function to those that an application calls for our views: table is the name of its attribute."""
        raise NotImplementedError

    def _set_error_handler(self, code: int | None, cls: type[Exception], f: Callable[..., Any]) -> None:
        raise NotImplementedError

    @cached_property
    def cli(self) -> AppGroup:
        """The commands of this program: ``@app.cli.command("init-db")``, called by ``nanoweb cli app.py init-db``."""
        from .commands import AppGroup  # for weight

        return AppGroup(self.name)  # type: ignore[attr-defined]

    # Views

    def route(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register the decorated view for an address; the arguments are add_url_rule's."""

        def decorator(view_func: F) -> F:
            self.add_url_rule(rule, options.pop("endpoint", None), view_func, **options)
            return view_func

        return decorator

    def _route_method(self, method, rule, options):
        if "methods" in options:
            raise TypeError(f"{method.lower()}() is for {method} alone: use route() with methods=")
        return self.route(rule, methods=[method], **options)

    def get(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register the decorated view for GET (and HEAD)."""
        return self._route_method("GET", rule, options)

    def post(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register the decorated view for POST."""
        return self._route_method("POST", rule, options)

    def put(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register the decorated view for PUT."""
        return self._route_method("PUT", rule, options)

    def delete(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register the decorated view for DELETE."""
        return self._route_method("DELETE", rule, options)

    def patch(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register the decorated view for PATCH."""
        return self._route_method("PATCH", rule, options)

    def endpoint(self, endpoint: str) -> Callable[[F], F]:
        """Make the decorated function the view of an endpoint whose rules are added elsewhere."""

        def decorator(view_func: F) -> F:
            self._set_view(endpoint, view_func)
            return view_func

        return decorator

    # Functions around the views

    def before_request(self, f: F) -> F:
        """Have a function called before each request.  What it returns, unless None, is the answer."""
        self._add_function("before_request_funcs", f)
        return f

    def after_request(self, f: F) -> F:
        """Have a function called with each response.  It returns the response to send."""
        self._add_function("after_request_funcs", f)
        return f

    def teardown_request(self, f: F) -> F:
        """Have a function called when a request is over, with the error that ended it, or None."""
        self._add_function("teardown_request_funcs", f)
        return f

    def context_processor(self, f: F) -> F:
        """Have a function called for each template; it returns a dict of names for that."""
        self._add_function("template_context_processors", f)
        return f

    def url_value_preprocessor(self, f: F) -> F:
        """Have a function called before those of before_request, with the endpoint and the dict of URL values."""
        self._add_function("url_value_preprocessors", f)
        return f

    def url_defaults(self, f: F) -> F:
        """Have a function called by url_for, with the endpoint and the dict of values, to add some."""
        self._add_function("url_default_functions", f)
        return f

    def errorhandler(self, code_or_exception: int | type[Exception]) -> Callable[[F], F]:
        """Have the decorated function answer a status or a class of exceptions; it gets the exception."""

        def decorator(f: F) -> F:
            self.register_error_handler(code_or_exception, f)
            return f

        return decorator

    def register_error_handler(self, code_or_exception: int | type[Exception], f: Callable[..., Any]) -> None:
        """Have a function answer a status or a class of exceptions."""
        cls, code = _class_and_code(code_or_exception)
        self._set_error_handler(code, cls, f)

    # Files

    @property
    def static_folder(self) -> str | None:
        """The folder of files that are sent as they are, with its whole path; None if there is none."""
        return None if self._static_folder is None else os.path.join(self.root_path, self._static_folder)

    @static_folder.setter
    def static_folder(self, value: str | os.PathLike[str] | None) -> None:
        self._static_folder = None if value is None else os.fspath(value).rstrip("/\\")

    @property
    def has_static_folder(self) -> bool:
        """Whether there is one."""
        return self._static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """Where its files are found, without a slash at the end."""
        if self._static_url_path is not None:
            return self._static_url_path
        return None if self.static_folder is None else f"/{os.path.basename(self.static_folder)}".rstrip("/")

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = None if value is None else value.rstrip("/")

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """For how many seconds a client may keep a file without asking; by default SEND_FILE_MAX_AGE_DEFAULT."""
        from .context import current_app

        value = current_app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        if hasattr(value, "total_seconds"):
            value = int(value.total_seconds())
        return None if value is None else max(value, 0)

    def send_static_file(self, filename: str) -> Response:
        """The view of the static folder."""
        if self.static_folder is None:
            raise RuntimeError(f"{self!r} sends static files from its static_folder, and it has none")
        from .shortcuts import send_from_directory  # for weight

        max_age = self.get_send_file_max_age(filename)
        return send_from_directory(self.static_folder, filename, max_age=max_age)

    def open_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file below root_path to read it."""
        if mode not in {"r", "rt", "rb"}:
            raise ValueError(f"open_resource(mode={mode!r}): resources are only read, by 'r' or 'rb'")
        return open(os.path.join(self.root_path, resource), mode, encoding=None if mode == "rb" else encoding)


def folder_of(import_name: str) -> str:
    """The folder of a module, which need not be loaded; the current one for a name that is no module's."""
    path = _file_of(import_name)
    return os.path.dirname(os.path.abspath(path)) if path else os.getcwd()


def folder_above(import_name: str) -> str:
    """The folder in which a module lies, or the package that it is a part of."""
    path = _file_of(import_name)
    if path is None:
        return os.getcwd()
    folder = os.path.dirname(os.path.abspath(path))
    packages = import_name.split(".")
    if not os.path.basename(path).startswith("__init__."):
        packages.pop()
    while packages and os.path.basename(folder) == packages.pop():  # unlike where a file was loaded by any name
        folder = os.path.dirname(folder)
    return folder


def _file_of(import_name):
    """The file of a module; None for a name that is no module's, or only that of a session at the prompt."""
    path = getattr(sys.modules.get(import_name), "__file__", None)
    if path is not None:
        return path
    from importlib.util import find_spec  # for weight: it is asked for modules that are not loaded, which is rare

    try:
        spec = find_spec(import_name)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.has_location:
        return spec and spec.origin
    for folder in spec.submodule_search_locations or ():  # a package without an __init__.py
        return os.path.join(folder, "__init__.py")
    return None


def prefix_of(folder: str) -> str | None:
    """The prefix of the Python that a folder of modules is installed in; None if it belongs to none."""
    prefix = os.path.abspath(sys.prefix)
    if f"{folder}{os.sep}".startswith(os.path.join(prefix, "")):
        return prefix
    above, name = os.path.split(folder)
    if name.lower() != "site-packages":
        return None
    for lib in (above, os.path.dirname(above)):  # lib/site-packages as in Windows, lib/python3.9/site-packages
        if os.path.basename(lib).lower() == "lib":
            return os.path.dirname(lib)
    return above


def _class_and_code(code_or_exception):
    """(the class of exceptions, its status or None) that an error handler is registered for."""
    if isinstance(code_or_exception, int):
        cls = default_exceptions.get(code_or_exception)
        if cls is None:
            raise ValueError(
                f"{code_or_exception} is not the status of an HTTP error that exists;"
                " for one of your own, subclass HTTPException and register the class"
            )
        return cls, cls.code
    if isinstance(code_or_exception, type) and issubclass(code_or_exception, Exception):
        return code_or_exception, code_or_exception.code if issubclass(code_or_exception, HTTPException) else None
    error = ValueError if isinstance(code_or_exception, type) else TypeError
    raise error(f"{code_or_exception!r} is no status and no class of exceptions (the class, not an instance)")
