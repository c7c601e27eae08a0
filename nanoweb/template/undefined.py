"""Values that are not there: a name that no one has set, an attribute that an object does not have.

A template may look at them, print them and ask whether they are defined; what else it may do is what the four kinds
differ in.

    Undefined             prints as nothing, is false and empty; all else is an error
    ChainableUndefined    its attributes and items are undefined too
    DebugUndefined        prints as the expression that has no value
    StrictUndefined       nothing may be done with it but to ask whether it is defined
"""

from __future__ import annotations

from .errors import UndefinedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from typing import Any, NoReturn

__all__ = [
    "ChainableUndefined",
    "DebugUndefined",
    "StrictUndefined",
    "Undefined",
    "is_undefined",
    "make_logging_undefined",
    "missing",
]


class _Missing:
    """Stands for no value, where None is one."""

    def __repr__(self) -> str:
        return "missing"

    def __reduce__(self) -> str:
        return "missing"


missing: Any = _Missing()


class Undefined:
    """Stands for a value that is not there: it prints as nothing, is false and empty; anything else is an error.

    >>> missing_name = Undefined(name="user")
    >>> str(missing_name), bool(missing_name), list(missing_name)
    ('', False, [])
    >>> missing_name.name
    Traceback (most recent call last):
    nanoweb.template.errors.UndefinedError: 'user' is undefined

    hint    what to say instead
    obj     the object that was asked for it, if one was
    name    what it was asked for
    exc     the error to raise
    """

    __slots__ = ("_undefined_exception", "_undefined_hint", "_undefined_name", "_undefined_obj")

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: Any = None, exc: type[Exception] = UndefinedError
    ) -> None:
        self._undefined_hint = hint
        self._undefined_obj = obj
        self._undefined_name = name
        self._undefined_exception = exc

    @property
    def _undefined_message(self) -> str:
        """What is missing, and where."""
        if self._undefined_hint:
            return self._undefined_hint
        if self._undefined_obj is missing:
            return f"{self._undefined_name!r} is undefined"
        owner = _type_name(self._undefined_obj)
        if not isinstance(self._undefined_name, str):
            return f"{owner} has no element {self._undefined_name!r}"
        return f"{owner!r} has no attribute {self._undefined_name!r}"

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise the error: what most operations do."""
        raise self._undefined_exception(self._undefined_message)

    def __getattr__(self, name: str) -> Any:
        # Python and its libraries ask for names like these to see what an object can do.
        if name[:2] == name[-2:] == "__":
            raise AttributeError(name)
        self._fail_with_undefined_error()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(type(self))

    def __str__(self) -> str:
        return ""

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    async def __aiter__(self):
        for _ in ():
            yield

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "Undefined"


_FAILING = """
    __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __div__ __rdiv__ __truediv__ __rtruediv__ __floordiv__
    __rfloordiv__ __mod__ __rmod__ __pos__ __neg__ __call__ __getitem__ __lt__ __le__ __gt__ __ge__ __int__ __float__
    __complex__ __pow__ __rpow__
""".split()
for _name in _FAILING:
    setattr(Undefined, _name, Undefined._fail_with_undefined_error)


def _type_name(value):
    """Name the type of a value, with its module unless it is built in."""
    if value is None:
        return "None"
    if value is Ellipsis:
        return "Ellipsis"
    kind = type(value)
    return (
        f"{kind.__qualname__ if kind.__module__ == 'builtins' else f'{kind.__module__}.{kind.__qualname__}'} object"
    )


def is_undefined(obj: Any) -> bool:
    """Return whether a value stands for one that is not there: what a filter may want to know.

    >>> is_undefined(Undefined()), is_undefined(None)
    (True, False)
    """
    return isinstance(obj, Undefined)


class ChainableUndefined(Undefined):
    """Undefined whose attributes and items are undefined too, rather than an error.

    >>> str(ChainableUndefined(name="user").name["first"])
    ''
    """

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)

    def __getattr__(self, name: str) -> ChainableUndefined:
        if name[:2] == name[-2:] == "__":
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> ChainableUndefined:
        return self


class DebugUndefined(Undefined):
    """Undefined that prints as the expression that has no value.

    >>> str(DebugUndefined(name="user"))
    '{{ user }}'
    """

    __slots__ = ()

    def __str__(self) -> str:
        if self._undefined_hint:
            message = f"undefined value printed: {self._undefined_hint}"
        elif self._undefined_obj is missing:
            message = self._undefined_name
        else:
            message = f"no such element: {_type_name(self._undefined_obj)}[{self._undefined_name!r}]"
        return f"{{{{ {message} }}}}"


class StrictUndefined(Undefined):
    """Undefined with which nothing may be done but to ask whether it is defined."""

    __slots__ = ()


for _name in "__iter__ __str__ __len__ __eq__ __ne__ __bool__ __hash__ __contains__".split():
    setattr(StrictUndefined, _name, Undefined._fail_with_undefined_error)


def make_logging_undefined(
    logger: logging.Logger | None = None, base: type[Undefined] = Undefined
) -> type[Undefined]:
    """Return a subclass of an Undefined that writes to a log when it is printed, iterated or asked for its truth.

    logger   where to write to; "nanoweb.template" if there is none
    base     the class of which it takes the rest
    """
    if logger is None:
        import logging

        logger = logging.getLogger("nanoweb.template")
    log = logger

    class LoggingUndefined(base):  # type: ignore[misc, valid-type]
        __slots__ = ()

        def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> NoReturn:
            log.error("Template variable error: %s", self._undefined_message)
            raise self._undefined_exception(self._undefined_message)

        def __str__(self) -> str:
            log.warning("Template variable warning: %s", self._undefined_message)
            return super().__str__()

        def __iter__(self) -> Iterator[Any]:
            log.warning("Template variable warning: %s", self._undefined_message)
            return super().__iter__()

        def __bool__(self) -> bool:
            log.warning("Template variable warning: %s", self._undefined_message)
            return super().__bool__()

    return LoggingUndefined
