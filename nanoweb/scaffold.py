"""What an application and a blueprint are told alike: views, functions around them, answers to errors.

Before a request's way, when a program is set up.  An App does at once what it is told; a Blueprint
writes it down, and does it to each application that it is registered with.  So every method here
ends in one of four that the two have each in their own way: _add_rule, _set_view, _add_function
and _set_error_handler.
"""

from __future__ import annotations

from .exceptions import HTTPException, default_exceptions
from .folders import Folders
from .properties import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .commands import AppGroup

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["Scaffold"]


class Scaffold(Folders):
    """What App and Blueprint have in common."""

    name: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    # What App and Blueprint do each in their own way

    def _add_rule(self, rule, endpoint, view_func, options):
        raise NotImplementedError

    def _set_view(self, endpoint, view_func):
        raise NotImplementedError

    def _add_function(self, table, f):
        """Add a function to those that an application calls for our views: table is the name of its attribute."""
        raise NotImplementedError

    def _set_error_handler(self, code, cls, f):
        raise NotImplementedError

    @cached_property
    def cli(self) -> AppGroup:
        """The commands of this program: ``@app.cli.command("init-db")``, called by ``nanoweb cli app.py init-db``."""
        from .commands import AppGroup  # for weight

        return AppGroup(self.name)

    # Views

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
        endpoint    the name that url_for knows it by; the view's own if not given.  A
                    blueprint's name comes in front of it
        view_func   what to call; may be set later by `endpoint`
        provide_automatic_options   whether OPTIONS is answered without asking the view
        options     methods and what else `routing.Rule` takes
        """
        _check_rule(rule, "add_url_rule")
        if view_func is not None:
            check_function(view_func, f"the view of rule {rule!r}")
            _check_class(view_func)
        options["provide_automatic_options"] = provide_automatic_options
        self._add_rule(rule, endpoint, view_func, options)

    def route(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register the decorated view for an address; the arguments are add_url_rule's."""
        _check_rule(rule, "route")

        def decorator(view_func: F) -> F:
            self.add_url_rule(rule, options.pop("endpoint", None), view_func, **options)
            return view_func

        return decorator

    def _route_method(self, method, rule, options):
        if "methods" in options:
            raise TypeError(f"{method.lower()}() is for {method} alone: use route() with methods=")
        _check_rule(rule, method.lower())
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
        if callable(endpoint):
            raise TypeError(f"endpoint({endpoint!r}): which one? Write it as @app.endpoint('name')")

        def decorator(view_func: F) -> F:
            self._set_view(endpoint, view_func)
            return view_func

        return decorator

    # Functions around the views

    def _add(self, table, f):
        check_function(f, decorators[table])
        self._add_function(table, f)
        return f

    def before_request(self, f: F) -> F:
        """Have a function called before each request.  What it returns, unless None, is the answer."""
        return self._add("before_request_funcs", f)

    def after_request(self, f: F) -> F:
        """Have a function called with each response.  It returns the response to send."""
        return self._add("after_request_funcs", f)

    def teardown_request(self, f: F) -> F:
        """Have a function called when a request is over, with the error that ended it, or None."""
        return self._add("teardown_request_funcs", f)

    def context_processor(self, f: F) -> F:
        """Have a function called for each template; it returns a dict of names for that."""
        return self._add("template_context_processors", f)

    def url_value_preprocessor(self, f: F) -> F:
        """Have a function called before those of before_request, with the endpoint and the dict of URL values."""
        return self._add("url_value_preprocessors", f)

    def url_defaults(self, f: F) -> F:
        """Have a function called by url_for, with the endpoint and the dict of values, to add some."""
        return self._add("url_default_functions", f)

    def errorhandler(self, code_or_exception: int | type[Exception]) -> Callable[[F], F]:
        """Have the decorated function answer a status or a class of exceptions; it gets the exception."""
        _class_and_code(code_or_exception)  # a mistake shows here, also where the parentheses were forgotten

        def decorator(f: F) -> F:
            self.register_error_handler(code_or_exception, f)
            return f

        return decorator

    def register_error_handler(self, code_or_exception: int | type[Exception], f: Callable[..., Any]) -> None:
        """Have a function answer a status or a class of exceptions."""
        cls, code = _class_and_code(code_or_exception)
        check_function(f, f"the handler of {code_or_exception!r}")
        self._set_error_handler(code, cls, f)


def named(add: Callable[[Any, str | None], None], name: str | None) -> Callable[[F], F]:
    """Return a decorator that hands a function to add() under a name; without parentheses, name is the function."""

    def decorator(f: F) -> F:
        add(f, name)
        return f

    if not callable(name):
        return decorator
    f, name = name, None
    return decorator(f)


def endpoint_of(rule: str, view_func: Callable[..., Any] | None) -> str:
    """The endpoint of a rule that was given none: the name of its view."""
    if view_func is None:
        raise AssertionError(f"rule {rule!r} has neither a view nor an endpoint: give one")
    return name_of(view_func, "endpoint=")


def name_of(f: Any, option: str) -> str:
    """The name of a function; option is how to give one to what has none, as functools.partial(...)."""
    name: str | None = getattr(f, "__name__", None)
    if name is None:
        raise TypeError(f"{f!r} has no name of its own: give one by {option}")
    return name


def check_function(f: Any, what: str) -> None:
    """Refuse what cannot be called where a function is wanted: it would be an error of each request."""
    if not callable(f):
        raise TypeError(f"{what}: {f!r:.200} is no function")


def check_blueprint(blueprint: Any) -> None:
    """Refuse what is no blueprint where one is registered: often it is the module that has it."""
    if not hasattr(type(blueprint), "register"):
        raise TypeError(f"register_blueprint({blueprint!r:.200}): that is no Blueprint; if it has one, name it: .bp")


def _check_rule(rule, what):
    if not isinstance(rule, str):
        raise TypeError(
            f"{what}({rule!r:.200}): the rule comes first, a text that begins with a slash: {what}('/path')"
        )


def _check_class(view_func):
    if isinstance(view_func, type) and hasattr(view_func, "as_view"):
        name = view_func.__name__
        raise TypeError(f"{name} is a class: make a view of it, {name}.as_view({name.lower()!r})")


# How the tables of an application are called by who fills them, for an error.
decorators = {
    "before_request_funcs": "before_request",
    "after_request_funcs": "after_request",
    "teardown_request_funcs": "teardown_request",
    "template_context_processors": "context_processor",
    "url_value_preprocessors": "url_value_preprocessor",
    "url_default_functions": "url_defaults",
}


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
    raise error(
        f"{code_or_exception!r} is no status and no class of exceptions (the class, not an instance):"
        " @app.errorhandler(404) or @app.errorhandler(ValueError)"
    )
