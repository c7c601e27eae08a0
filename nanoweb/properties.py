"""Attributes that are computed when they are asked for, and not before.

In a request's way: Request is a bag of these over the environ, so a view
that never looks at the cookies never pays for parsing them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from functools import cached_property
    from typing import Any, Generic, TypeVar, overload

    V = TypeVar("V")  # the value of the attribute
    P = TypeVar("P", bound="environ_property[Any]")
else:

    class Generic:
        """typing.Generic, as far as it is needed when the program runs: the type in brackets is for the reader."""

        def __class_getitem__(cls, value):
            return cls


__all__ = ["cached_property", "environ_property", "header_property"]


if not TYPE_CHECKING:

    class cached_property:
        """A method that runs once for each object; its result then is a plain attribute.

        >>> class Circle:
        ...     radius = 2
        ...     @cached_property
        ...     def area(self):
        ...         print("computing")
        ...         return 3 * self.radius**2
        >>> circle = Circle()
        >>> circle.area + circle.area
        computing
        24

        Assigning replaces the value, ``del`` makes the next look compute it anew.
        The result goes to the object's ``__dict__``, which Python looks at before
        it comes here: the second look costs no call.

        functools.cached_property before Python 3.12 takes a lock for each first look,
        which costs more than most of what we compute.  Here two threads that look at
        the same moment may both compute; one of the two results stays.
        """

        def __init__(self, function, name=None, doc=None):
            self.function = function
            self.name = name or function.__name__
            self.__doc__ = doc or function.__doc__
            self.__module__ = function.__module__

        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.function(instance)
            return value


class environ_property(Generic["V"]):
    """A key of the WSGI environ as an attribute.

    >>> class Request:
    ...     def __init__(self, environ):
    ...         self.environ = environ
    ...     user = environ_property("REMOTE_USER")
    ...     port = environ_property("SERVER_PORT", 0, int)
    >>> Request({"SERVER_PORT": "80"}).port
    80
    >>> Request({}).user is None
    True

    In brackets a type checker is told what the value is, as in
    ``environ_property[int]("SERVER_PORT", 0, int)``; nobody else looks at that.

    name         the key in ``environ``
    default      the value where the key is missing, or where load_func fails
    load_func    turns the text into the value; ValueError and TypeError give the default
    dump_func    turns a value that is assigned into text
    read_only    False lets assignment and ``del`` change the environ; to assign None is to delete
    """

    source = "environ"
    read_only = True

    def __init__(
        self,
        name: str,
        default: V | None = None,
        load_func: Callable[[str], V] | None = None,
        dump_func: Callable[[Any], str] | None = None,
        read_only: bool | None = None,
        doc: str | None = None,
    ) -> None:
        self.name = name
        self.default = default
        self.load_func = load_func
        self.dump_func = dump_func
        if read_only is not None:
            self.read_only = read_only
        self.__doc__ = doc

    if TYPE_CHECKING:

        @overload
        def __get__(self: P, instance: None, owner: Any = None) -> P: ...
        @overload
        def __get__(self, instance: object, owner: Any = None) -> V: ...

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        text = getattr(instance, self.source).get(self.name)
        if text is None or self.load_func is None:
            return self.default if text is None else text
        try:
            return self.load_func(text)
        except (ValueError, TypeError):
            return self.default

    def __set__(self, instance: Any, value: V) -> None:
        if self.read_only:
            raise AttributeError(f"{self.name!r} is read-only: it is what the client sent")
        if value is None:
            self.__delete__(instance)
        else:
            getattr(instance, self.source)[self.name] = value if self.dump_func is None else self.dump_func(value)

    def __delete__(self, instance: Any) -> None:
        if self.read_only:
            raise AttributeError(f"{self.name!r} is read-only: it is what the client sent")
        getattr(instance, self.source).pop(self.name, None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class header_property(environ_property["V"]):
    """A header field as an attribute, which can be assigned: like environ_property, over ``headers``.

    >>> class Response:
    ...     def __init__(self):
    ...         self.headers = {}
    ...     age = header_property("Age", None, int, str)
    >>> response = Response()
    >>> response.age = 60
    >>> response.headers, response.age
    ({'Age': '60'}, 60)
    """

    source = "headers"
    read_only = False
