"""Attributes that are computed when they are asked for, and not before.

In a request's way: Request is a bag of these over the environ, so a view
that never looks at the cookies never pays for parsing them.
"""

from __future__ import annotations

from functools import partial
from operator import methodcaller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from functools import cached_property
    from typing import Any, Generic, TypeVar, overload

    V = TypeVar("V")  # the value of the attribute
    A = TypeVar("A")  # what may be assigned to it, where that is more
    P = TypeVar("P", bound="environ_property[Any]")

    class Attribute(Generic[V, A]):
        """What a class declares an attribute as that takes more than it gives, such as a date as a number."""

        # One signature, no overloads: then pyright does not take what is assigned for what is read.
        def __get__(self, instance: Any, owner: Any = None) -> V: ...
        def __set__(self, instance: Any, value: A) -> None: ...

else:

    class Generic:
        """typing.Generic, as far as it is needed when the program runs: the type in brackets is for the reader."""

        def __class_getitem__(cls, value):
            return cls


__all__ = [
    "cached_property",
    "digits",
    "environ_property",
    "header_property",
    "structure_property",
]


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

        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            value = self.function(instance)
            # Not by instance.__dict__: to ask for that, before Python 3.13, makes each further look at each
            # attribute of this object three times as slow.
            object.__setattr__(instance, self.name, value)
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
        dump_func: Callable[[Any], str | None] | None = None,
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
        text: Any = value if value is None or self.dump_func is None else self.dump_func(value)
        if text is None:
            getattr(instance, self.source).pop(self.name, None)
        else:
            getattr(instance, self.source)[self.name] = text

    def __delete__(self, instance: Any) -> None:
        self.__set__(instance, None)  # type: ignore[arg-type]

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


class structure_property(header_property["V"]):
    """A header field as a structure: whatever is done to the structure is done to the field.

    >>> from nanoweb.dicts import CallbackDict
    >>> from nanoweb.fields import Headers
    >>> class Response:
    ...     def __init__(self):
    ...         self.headers = Headers()
    ...     link = structure_property("Link", lambda text: CallbackDict(), ", ".join)
    >>> response = Response()
    >>> response.link["next"] = "/2"
    >>> response.headers
    Headers([('Link', 'next')])

    name        the field
    load_func   makes a structure of the text, None where there is no such field; its
                attribute on_update is what it calls with itself when it was changed
    dump_func   turns a structure, or what is assigned in its place, into text, or into a
                list of several fields; None: what its to_header() returns.  A str is taken
                as it is
    is_list     several fields of that name are one, joined by commas (RFC 9110, section 5.3);
                else the structure is that of the first, and the others are left alone

    To assign what is empty is to delete the field.  A structure that was assigned stays
    bound to it.
    """

    def __init__(
        self,
        name: str,
        load_func: Callable[[str | None], V],
        dump_func: Callable[[Any], str | list[str]] | None = None,
        doc: str | None = None,
        is_list: bool = False,
    ) -> None:
        super().__init__(name, doc=doc)
        self.load_structure = load_func
        self.dump_structure = dump_func or methodcaller("to_header")
        self.is_list = is_list

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        text, *others = instance.headers.getlist(self.name) or [None]
        if others and self.is_list:
            text, others = ", ".join([text, *others]), ()
        structure: Any = self.load_structure(text)
        structure.on_update = partial(self._write, instance, others)
        return structure

    def __set__(self, instance, value):
        self._write(instance, (), value)
        if hasattr(value, "on_update"):
            value.on_update = partial(self._write, instance, ())

    def _write(self, instance, others, value):
        """Make what the value is written as, and the other fields of that name, all there are."""
        text = self.dump_structure(value) if value and not isinstance(value, str) else value
        texts = text if isinstance(text, list) else [text] if text else []
        instance.headers.setlist(self.name, [*texts, *others])


def digits(text: str) -> int:
    """The number that a row of up to 18 ASCII digits is: a load_func; int() takes "+5", "5_0" and "٥" too."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise ValueError(f"{text!r:.200} is no row of up to 18 digits")
