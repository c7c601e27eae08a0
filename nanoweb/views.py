"""Views that are classes: one object a request, or one method for each HTTP method.

In a request's way: as_view() makes the function that is registered; dispatch_request()
calls it like any other view, and it makes the object and calls that.
"""

from __future__ import annotations

from .context import current_app, request
from .exceptions import MethodNotAllowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any, ClassVar

__all__ = ["MethodView", "View"]

# Those that a MethodView answers if it has a method of that name.  "connect" is for proxies.
known_methods = ("get", "post", "head", "options", "delete", "put", "trace", "patch")


class View:
    """A view that is a class: override dispatch_request().

    >>> from nanoweb import App
    >>> class Greeting(View):
    ...     def __init__(self, word):
    ...         self.word = word
    ...     def dispatch_request(self, name):
    ...         return f"{self.word} {name}!"
    >>> app = App(__name__)
    >>> app.add_url_rule("/hello/<name>", view_func=Greeting.as_view("hello", "Hello"))
    >>> app.add_url_rule("/bye/<name>", view_func=Greeting.as_view("bye", word="Good bye"))

    methods       as for App.route; None for GET alone
    provide_automatic_options   whether OPTIONS is answered without asking the view;
                  None: if methods does not have it
    decorators    functions to apply to what as_view() returns, the first one innermost
    init_every_request   False makes one object serve all requests: quicker, but then what
                  a request needs must not be kept in self, which all threads share
    """

    methods: ClassVar[Collection[str] | None] = None
    provide_automatic_options: ClassVar[bool | None] = None
    decorators: ClassVar[list[Callable[..., Any]]] = []
    init_every_request: ClassVar[bool] = True

    def dispatch_request(self, *args: Any, **kwargs: Any) -> Any:
        """Return the answer, as any view does.  The arguments of yours are the variables of the rule."""
        raise NotImplementedError(f"{type(self).__name__} has no dispatch_request()")

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> Callable[..., Any]:
        """Return the class as a function, to register.

        name      of the function, and so of the endpoint
        returns   a function that has the class as its view_class; other arguments
                  are those with which it makes objects
        """
        if cls.init_every_request:

            def view(**kwargs: Any) -> Any:
                self = view.view_class(*class_args, **class_kwargs)  # type: ignore[attr-defined]
                return current_app.ensure_sync(self.dispatch_request)(**kwargs)

        else:
            self = cls(*class_args, **class_kwargs)

            def view(**kwargs: Any) -> Any:
                return current_app.ensure_sync(self.dispatch_request)(**kwargs)

        _sign(view, cls, name)
        for decorator in cls.decorators:
            view = decorator(view)
        return _sign(view, cls, name)


def _sign(view, cls, name):
    """Give a function what App.add_url_rule, and whoever reads a log, knows the view by."""
    view.view_class = cls  # a test may set another
    view.__name__ = name
    view.__doc__ = cls.__doc__
    view.__module__ = cls.__module__
    view.methods = cls.methods
    view.provide_automatic_options = cls.provide_automatic_options
    return view


class MethodView(View):
    """A view with one method for each HTTP method: get(), post() and so on.

    >>> class Counter(MethodView):
    ...     def get(self, id):
    ...         return f"{id} is shown"
    ...     def delete(self, id):
    ...         return f"{id} is gone", 204
    >>> sorted(Counter.methods)
    ['DELETE', 'GET']

    HEAD is answered by get() if there is no head().  `methods` is those that the class
    and the classes above it have, unless the class sets it.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" in cls.__dict__:
            return
        methods = {name.upper() for name in known_methods if getattr(cls, name, None) is not None}
        for base in cls.__bases__:
            methods.update(getattr(base, "methods", None) or ())
        if methods:
            cls.methods = methods

    def dispatch_request(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method that is named like the request's.

        raises   MethodNotAllowed (405) where the rule lets one in that the class does not have
        """
        function = self._find(request.method)
        if function is None:
            raise MethodNotAllowed(sorted(name for name in self.methods or () if self._find(name)))
        return current_app.ensure_sync(function)(*args, **kwargs)

    def _find(self, method):
        """The function for a method, which the rule let in: that keeps clients from calling whatever has a name."""
        function = getattr(self, method.lower(), None)
        return self._find("GET") if function is None and method == "HEAD" else function
