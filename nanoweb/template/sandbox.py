"""Templates from people who are not trusted.

In a request's way: a SandboxedEnvironment renders what a visitor wrote.  The compiler
sends each attribute, each call and the operators named in intercepted_binops here, and
what may lead from a value to the interpreter is refused: names with "_" in front, what
hangs on functions, frames and code objects, and format strings, which look attributes
up on their own.  An attribute that is refused is undefined, and using it a SecurityError;
a call that is refused is a SecurityError at once.

What is given to render() can be called: give data, and functions that do no harm.
Numbers and lengths that are grossly too large are refused with an OverflowError.
That keeps accidents away; for time and memory, limit the process that renders.
"""

from __future__ import annotations

import functools
import operator
import re
from _string import formatter_field_name_split  # type: ignore[import-not-found]  # what string.Formatter calls
from collections import Counter, OrderedDict, deque
from collections.abc import MutableMapping, MutableSequence, MutableSet
from string import Formatter
from types import (
    AsyncGeneratorType,
    BuiltinMethodType,
    CodeType,
    CoroutineType,
    FrameType,
    GeneratorType,
    GenericAlias,
    MethodType,
    TracebackType,
)

from ..markup import EscapeFormatter, Markup
from .environment import Environment
from .errors import SecurityError
from .runtime import generate_lorem_ipsum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .runtime import Context, Undefined

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "MAX_RANGE",
    "ImmutableSandboxedEnvironment",
    "SandboxedEnvironment",
    "is_internal_attribute",
    "modifies_known_mutable",
    "safe_range",
    "unsafe",
]

# Items in a range(); digits, letters or items that one operation may make.
MAX_RANGE = 100_000
MAX_LENGTH = 1_000_000

# Types to the attributes that lead from them into the interpreter; None: all do.
_internals = [
    (type, {"mro"}),
    (GenericAlias, {"mro"}),  # dict["x"] is one
    (GeneratorType, {"gi_code", "gi_frame", "gi_yieldfrom"}),
    (CoroutineType, {"cr_await", "cr_code", "cr_frame", "cr_origin"}),
    (AsyncGeneratorType, {"ag_await", "ag_code", "ag_frame"}),
    (CodeType, None),
    (FrameType, None),
    (TracebackType, None),
    (Formatter, None),  # string.Formatter().format("{0.secret}", x)
]
_format_methods = {"format", "format_map"}
_format_functions = (str.format, str.format_map, Markup.format, Markup.format_map)

_changing = [
    (MutableSet, set("add clear difference_update discard intersection_update pop remove".split())),
    (MutableSet, {"symmetric_difference_update", "update"}),
    (MutableMapping, {"clear", "pop", "popitem", "setdefault", "update"}),
    (MutableMapping, {"add", "poplist", "popitemlist", "setlist", "setlistdefault"}),  # MultiDict
    (OrderedDict, {"move_to_end"}),
    (Counter, {"subtract"}),
    (MutableSequence, {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"}),
    (deque, {"appendleft", "extendleft", "popleft", "rotate"}),
]


def is_internal_attribute(obj: Any, attr: str) -> bool:
    """Does this attribute lead to how Python works, rather than to the value of obj?

    >>> is_internal_attribute(str, "mro"), is_internal_attribute("", "__class__"), is_internal_attribute("", "upper")
    (True, True, False)
    """
    if attr.startswith("__"):
        return True
    for kind, names in _internals:
        if isinstance(obj, kind) and (names is None or attr in names):
            return True
    # str.format("{0.secret}", x): as a method of a text it is replaced, by way of the class it would not be.
    return isinstance(obj, type) and issubclass(obj, str) and attr in _format_methods


def modifies_known_mutable(obj: Any, attr: str) -> bool:
    """Is this attribute a method that changes a list, a dict, a set or one of their kin?

    >>> modifies_known_mutable([], "append"), modifies_known_mutable({}, "keys")
    (True, False)
    """
    for kind, names in _changing:
        if attr in names and (isinstance(obj, kind) or (isinstance(obj, type) and issubclass(obj, kind))):
            return True
    return False


def unsafe(function: F) -> F:
    """Mark a function that templates in a sandbox may not call; "alters_data = True" on it does the same."""
    function.unsafe_callable = True  # type: ignore[attr-defined]
    return function


# What could fill the memory with one call.


def safe_range(*args: int) -> range:
    """range() of at most MAX_RANGE items."""
    numbers = range(*args)
    if len(numbers) > MAX_RANGE:
        raise OverflowError(f"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MAX_RANGE}).")
    return numbers


def safe_lipsum(n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:
    """lipsum() of at most MAX_RANGE words."""
    if n * max > MAX_RANGE:
        raise OverflowError(
            f"lipsum: {n} paragraphs of {max} words are too much: the sandbox makes {MAX_RANGE:,} words"
        )
    return generate_lorem_ipsum(n, html, min, max)


def _check_length(length, what):
    if length > MAX_LENGTH:
        raise OverflowError(f"{what} is too large: the sandbox makes nothing longer than {MAX_LENGTH:,}")


def _multiply(left, right):
    if isinstance(left, int) and isinstance(right, int):
        _check_length(left.bit_length() + right.bit_length(), "a product")
    else:
        for text, count in ((left, right), (right, left)):
            if isinstance(count, int) and hasattr(text, "__len__"):
                _check_length(len(text) * count, "what is repeated")
    return left * right


def _power(left, right):
    if isinstance(left, int) and isinstance(right, int) and left not in {0, 1, -1}:
        _check_length(left.bit_length() * right, "a power")
    return left**right


# "%9999999d", "%.9999999f" and "%(name)9999999d" make that many letters of one number, and so does "%*d".
# What stands before the digits does not matter; a letter right behind them does: not so in "Call %s: 5550123456."
_wide_re = re.compile(r"(?<![0-9])[0-9]{7,}(?:\.(?:[0-9]*|\*))?[hlL]?[abcdeEfFgGiorsuxX]")


def _check_widths(text, values):
    if "%" in text and _wide_re.search(text):
        raise OverflowError("a width in a format is too large: the sandbox takes six digits")
    if "*" in text:
        _limit_numbers(values if isinstance(values, tuple) else (values,))


def _modulo(left, right):
    if isinstance(left, (str, bytes)):
        _check_widths(left if isinstance(left, str) else left.decode("latin-1"), right)
    return left % right


def _limit_numbers(values):
    for value in values:
        if isinstance(value, int):
            _check_length(abs(value), "a number")


def _limited(function):
    """Let a filter take no number that is too large for a length."""

    @functools.wraps(function)
    def limited(*args, **kwargs):
        _limit_numbers([*args[1:], *kwargs.values()])  # the first is the value
        return function(*args, **kwargs)

    return limited


def _limited_format(function):
    """Let the filter format make nothing that is too long."""

    @functools.wraps(function)
    def limited(value, *args, **kwargs):
        _check_widths(str(value), args)
        return function(value, *args, **kwargs)

    return limited


def _eager(function):
    """Let a filter do its work at once: of generators around generators, 200,000 deep, Python does not come back."""

    @functools.wraps(function)
    def eager(*args, **kwargs):
        found = function(*args, **kwargs)
        if isinstance(found, AsyncGeneratorType):
            return _collect(found)  # which the template awaits
        return iter(list(found)) if isinstance(found, GeneratorType) else found

    return eager


async def _collect(items):
    return iter([item async for item in items])


_lazy_filters = ["batch", "items", "map", "reject", "rejectattr", "select", "selectattr", "slice", "unique"]
_limited_filters = ["batch", "center", "indent", "round", "slice"]
_limited_methods = {"center", "expandtabs", "ljust", "rjust", "to_bytes", "zfill"}


class SandboxedEnvironment(Environment):
    """An Environment for templates from people who are not trusted.

    >>> SandboxedEnvironment().from_string("{{ ''.__class__.mro() }}").render()
    Traceback (most recent call last):
    nanoweb.template.errors.SecurityError: access to attribute '__class__' of 'str' object is unsafe.

    To allow less or more, derive from it and override is_safe_attribute() and
    is_safe_callable(), or name operators in intercepted_binops and intercepted_unops and
    override call_binop() and call_unop().
    """

    sandboxed = True

    default_binop_table: dict[str, Callable[[Any, Any], Any]] = {
        "+": operator.add,
        "-": operator.sub,
        "*": _multiply,
        "/": operator.truediv,
        "//": operator.floordiv,
        "**": _power,
        "%": _modulo,
    }
    default_unop_table: dict[str, Callable[[Any], Any]] = {"+": operator.pos, "-": operator.neg}
    intercepted_binops: frozenset[str] = frozenset({"*", "**", "%"})
    intercepted_unops: frozenset[str] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.globals.update(range=safe_range, lipsum=safe_lipsum)
        for name in _limited_filters:
            self.filters[name] = _limited(self.filters[name])
        for name in _lazy_filters:
            self.filters[name] = _eager(self.filters[name])
        self.filters["format"] = _limited_format(self.filters["format"])
        self.binop_table = self.default_binop_table.copy()
        self.unop_table = self.default_unop_table.copy()

    # What may be overridden.

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """May a template see obj.attr, which is value?"""
        return not (attr.startswith("_") or is_internal_attribute(obj, attr))

    def is_safe_callable(self, obj: Any) -> bool:
        """May a template call obj?"""
        if any(obj is function for function in _format_functions):  # whose text comes later: it cannot be replaced
            return False
        return not (getattr(obj, "unsafe_callable", False) or getattr(obj, "alters_data", False))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Do what an operator named in intercepted_binops does between two values."""
        return self.binop_table[operator](left, right)

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        """Do what an operator named in intercepted_unops does to a value."""
        return self.unop_table[operator](arg)

    # What the compiler calls.

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look obj[argument] up, or obj.argument if there is no such item."""
        try:
            return obj[argument]
        except (TypeError, LookupError):
            pass
        if isinstance(argument, str):
            try:
                value = getattr(obj, argument)
            except AttributeError:
                pass
            else:
                return self._guard(obj, argument, value)
        return self.undefined(obj=obj, name=argument)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look obj.attribute up, or obj[attribute] if there is no such attribute."""
        try:
            value = getattr(obj, attribute)
        except AttributeError:
            pass
        else:
            return self._guard(obj, attribute, value)
        try:
            return obj[attribute]
        except (TypeError, LookupError):
            return self.undefined(obj=obj, name=attribute)

    def _guard(self, obj, attribute, value):
        attribute = str.__str__(attribute)  # what a subclass of str says of itself does not count
        formatting = self.wrap_str_format(value)
        if formatting is not None:
            return formatting
        if self.is_safe_attribute(obj, attribute, value):
            return value
        return self.unsafe_undefined(obj, attribute)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Return what stands for an attribute that is not safe."""
        return self.undefined(
            f"access to attribute {attribute!r} of {type(obj).__name__!r} object is unsafe.",
            name=attribute,
            obj=obj,
            exc=SecurityError,
        )

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return what to use instead of a method str.format() or str.format_map(); None if value is neither."""
        if not isinstance(value, (MethodType, BuiltinMethodType)) or value.__name__ not in _format_methods:
            return None
        text = value.__self__
        return _SafeFormat(self, text, value.__name__) if isinstance(text, str) else None

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call obj if that is safe."""
        if not self.is_safe_callable(obj):
            raise SecurityError(f"{obj!r} is not safely callable")
        if getattr(obj, "__name__", None) in _limited_methods and hasattr(obj, "__self__"):
            _limit_numbers([*args, *kwargs.values()])
        return context.call(self.wrap_str_format(obj) or obj, *args, **kwargs)


class ImmutableSandboxedEnvironment(SandboxedEnvironment):
    """A SandboxedEnvironment in which templates cannot change the lists, dicts and sets they are given."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return super().is_safe_attribute(obj, attr, value) and not modifies_known_mutable(obj, attr)


class _SafeFormat:
    """A method format() or format_map() of a text whose fields are looked up by the environment."""

    __slots__ = ("__name__", "_environment", "_text")

    def __init__(self, environment, text, name):
        self._environment = environment
        self._text = text
        self.__name__ = name

    def __call__(self, *args, **kwargs):
        positional, named = args, kwargs
        if self.__name__ == "format_map":
            if kwargs or len(args) != 1:
                given = "keyword arguments" if kwargs else f"{len(args)} arguments"
                raise TypeError(f"format_map() takes exactly one argument, a mapping, not {given}")
            positional, named = (), args[0]
        text = self._text
        formatter = SandboxedFormatter(self._environment)
        if isinstance(text, Markup):
            formatter = SandboxedEscapeFormatter(self._environment, escape=text.escape)
        return type(text)(formatter.vformat(text, positional, named))

    def __repr__(self):
        return f"<method {self.__name__!r} of {self._text!r}>"


_wide_spec_re = re.compile(r"[0-9]{7}")


class SandboxedFormatter(Formatter):
    """str.format() that looks attributes and items up as the templates of an environment do."""

    def __init__(self, environment: Environment, **kwargs: Any) -> None:
        self._environment = environment
        super().__init__(**kwargs)

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, int | str]:
        first, rest = formatter_field_name_split(field_name)
        obj = self.get_value(first, args, kwargs)
        for is_attribute, name in rest:
            obj = self._environment.getattr(obj, name) if is_attribute else self._environment.getitem(obj, name)
        return obj, first

    def format_field(self, value: Any, format_spec: str) -> Any:
        if _wide_spec_re.search(format_spec):
            raise OverflowError(f"a width in {format_spec!r} is too large: the sandbox takes six digits")
        return super().format_field(value, format_spec)


class SandboxedEscapeFormatter(SandboxedFormatter, EscapeFormatter):
    """SandboxedFormatter for Markup: what it puts in is escaped."""
