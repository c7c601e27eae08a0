"""What stands between "<" and ">" in a rule: the texts that a variable takes, and the values they are.

    /archive/<int(fixed_digits=4):year>/<slug>.html
              |   |               |
      converter   its arguments   variable

In a request's way: when a rule fits, its converters turn the texts that were
found into what the view gets, or refuse them.
"""

from __future__ import annotations

import re

from .urls import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any
    from uuid import UUID

    from .routing import Map

__all__ = [
    "DEFAULT_CONVERTERS",
    "AnyConverter",
    "BaseConverter",
    "FloatConverter",
    "IntegerConverter",
    "NumberConverter",
    "PathConverter",
    "UUIDConverter",
    "UnicodeConverter",
    "ValidationError",
    "parse_converter_args",
]

# What a path may hold as it is: https://url.spec.whatwg.org/#url-path-segment-string
_safe_in_path = "!$&'()*+,/:;=@"
_not_for_path = re.compile(r"[^A-Za-z0-9_.~!$&'()*+,/:;=@-]").search


def quote_path(text: str) -> str:
    """Percent-encode what cannot stand in the path of a URL.

    >>> quote_path("/größe/a b?")
    '/gr%C3%B6%C3%9Fe/a%20b%3F'
    """
    return quote(text, safe=_safe_in_path) if _not_for_path(text) else text


# The converters


class ValidationError(ValueError):
    """Raised by to_python(): the text is not for this rule, try the next; and by to_url(): try another rule."""


class BaseConverter:
    """What a variable may be, as text and as a value; the base of your own.

    >>> class ListConverter(BaseConverter):
    ...     regex = r"[a-z]+(?:[+][a-z]+)*"
    ...     def to_python(self, value):
    ...         return value.split("+")
    ...     def to_url(self, value):
    ...         return "+".join(value)
    >>> from nanoweb.routing import Map, Rule
    >>> urls = Map([Rule("/tags/<list:tags>", endpoint="tags")], converters={"list": ListConverter}).bind("localhost")
    >>> urls.match("/tags/new+red")
    ('tags', {'tags': ['new', 'red']})
    >>> urls.build("tags", {"tags": ["new", "red"]})
    '/tags/new+red'

    regex            the text that it takes, matched whole
    weight           of two rules that fit, the one whose converter weighs less wins
    part_isolating   whether it stays within one segment; False for a regex with a "/"
    map              the Map whose rule it stands in; the rule's arguments follow in __init__
    """

    regex = "[^/]+"
    weight = 100
    part_isolating = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "regex" in cls.__dict__ and "part_isolating" not in cls.__dict__ and isinstance(cls.regex, str):
            cls.part_isolating = "/" not in cls.regex

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        self.map = map

    def to_python(self, value: str) -> Any:
        """Return the value that the view gets; ValidationError means that the rule does not fit."""
        return value

    def to_url(self, value: Any) -> str:
        """Return the text that stands for the value in a URL, percent-encoded."""
        text = str(value)
        return quote(text, safe=_safe_in_path) if _not_for_path(text) else text


class UnicodeConverter(BaseConverter):
    """``string``, the default: any text within one segment.

    minlength, maxlength   bounds in characters, or
    length                 their exact number
    """

    def __init__(self, map: Map, minlength: int = 1, maxlength: int | None = None, length: int | None = None) -> None:
        super().__init__(map)
        for name, number in (("minlength", minlength), ("maxlength", maxlength), ("length", length)):
            if number is not None and int(number) < 0:
                raise ValueError(f"{name} is {number!r}: a length is 0 or more")
        if length is not None:
            self.regex = f"[^/]{{{int(length)}}}"
        else:
            self.regex = f"[^/]{{{int(minlength)},{'' if maxlength is None else int(maxlength)}}}"


class AnyConverter(BaseConverter):
    """``any(about, help, "foo,bar")``: one of the items."""

    def __init__(self, map: Map, *items: str) -> None:
        super().__init__(map)
        self.items = {str(item) for item in items}
        self.regex = "(?:" + "|".join([re.escape(str(item)) for item in items]) + ")"

    def to_url(self, value: Any) -> str:
        """Return the item; ValueError for a value that is none."""
        text = str(value)
        if text in self.items:
            return text
        raise ValueError(f"{value!r} is not one of {', '.join(repr(item) for item in sorted(self.items))}")


class PathConverter(BaseConverter):
    """``path``: any text that does not start with a slash, over as many segments as it takes."""

    part_isolating = False
    regex = "[^/].*?"
    weight = 200


class NumberConverter(BaseConverter):
    """The base of IntegerConverter and FloatConverter."""

    weight = 50
    num_convert: Callable[[Any], Any] = int

    def __init__(
        self, map: Map, fixed_digits: int = 0, min: Any = None, max: Any = None, signed: bool = False
    ) -> None:
        if signed:
            self.regex = self.signed_regex
        super().__init__(map)
        self.fixed_digits = fixed_digits
        self.min = min
        self.max = max
        self.signed = signed

    @property
    def signed_regex(self) -> str:
        """The regex with a minus sign before it, or not."""
        return f"-?{self.regex}"

    def to_python(self, value: str) -> Any:
        """Return the number; ValidationError if it is none, has other digits or is out of bounds."""
        if self.fixed_digits and len(value) != self.fixed_digits:
            raise ValidationError
        try:
            number = self.num_convert(value)
        except ValueError as error:
            raise ValidationError from error
        if (self.min is not None and number < self.min) or (self.max is not None and number > self.max):
            raise ValidationError
        return number

    def to_url(self, value: Any) -> str:
        """Return the number as text, with leading zeros up to fixed_digits."""
        text = str(self.num_convert(value))
        return text.zfill(self.fixed_digits) if self.fixed_digits else text


class IntegerConverter(NumberConverter):
    """``int``: a whole number, without a sign unless signed=True.

    fixed_digits   how many digits there must be, leading zeros among them
    min, max       bounds of the value, which still count as within
    """

    # int() takes 640 digits under every setting of sys.set_int_max_str_digits(); more are no number of ours.
    regex = r"[0-9]{1,640}"


class FloatConverter(NumberConverter):
    """``float``: digits, a point, digits; without a sign unless signed=True.

    min, max   bounds of the value, which still count as within
    """

    # With 308 digits before the point a float is never infinite.
    regex = r"[0-9]{1,308}\.[0-9]{1,640}"
    num_convert = float

    def __init__(self, map: Map, min: float | None = None, max: float | None = None, signed: bool = False) -> None:
        super().__init__(map, min=min, max=max, signed=signed)


class UUIDConverter(BaseConverter):
    """``uuid``: a UUID in its usual form, 8-4-4-4-12 hexadecimal digits."""

    regex = r"[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}"

    def __init__(self, map: Map) -> None:
        from uuid import UUID

        super().__init__(map)
        self._uuid = UUID

    def to_python(self, value: str) -> UUID:
        """Return the uuid.UUID."""
        return self._uuid(value)

    def to_url(self, value: UUID) -> str:
        """Return the UUID as text."""
        return quote_path(str(value))


DEFAULT_CONVERTERS: Mapping[str, type[BaseConverter]] = {
    "default": UnicodeConverter,
    "string": UnicodeConverter,
    "any": AnyConverter,
    "path": PathConverter,
    "int": IntegerConverter,
    "float": FloatConverter,
    "uuid": UUIDConverter,
}


def reader(converter):
    """Return what turns the text into the value: None where the text is the value already."""
    if getattr(converter.to_python, "__func__", None) is BaseConverter.to_python:
        return None
    is_number = type(converter) in (IntegerConverter, FloatConverter)
    if is_number and not converter.fixed_digits and converter.min is converter.max is None:
        return converter.num_convert  # the regex lets nothing through that int or float would refuse
    return converter.to_python


def writer(converter):
    """Return what turns the value into something that "%s" makes the text of."""
    if type(converter) in (IntegerConverter, FloatConverter) and not converter.fixed_digits:
        return converter.num_convert
    return converter.to_url


# Their arguments

_argument_re = re.compile(
    r"""
    \s* (?: (?P<name> [a-zA-Z_]\w* ) \s* = \s* )?
    (?: [urUR]? (?: "(?P<double> [^"]* )" | '(?P<single> [^']* )' ) | (?P<bare> [\w.+-]+ ) )
    \s* (?: , | \Z )
    """,
    re.VERBOSE | re.ASCII,
)


def parse_converter_args(argstr: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Read the arguments of a converter.

    >>> parse_converter_args("about, 'foo,bar', length=2")
    (('about', 'foo,bar'), {'length': 2})
    >>> parse_converter_args("min=-1.5, signed=True")
    ((), {'min': -1.5, 'signed': True})

    argstr    numbers, True, False, None, quoted texts and bare words, which are texts too;
              a quoted text is taken as it stands: backslashes are for the regex that it may be
    returns   the positional arguments, and those with a name
    raises    ValueError
    """
    args, kwargs = [], {}
    position = 0
    while position < len(argstr):
        match = _argument_re.match(argstr, position)
        if match is None:
            raise ValueError(
                f"converter arguments {argstr!r}: {argstr[position:].strip()!r} is no number, word or quoted text"
            )
        name, double, single, bare = match.groups()
        value = _literal(bare) if bare is not None else single if double is None else double
        if name is None:
            args.append(value)
        else:
            kwargs[name] = value
        position = match.end()
    return tuple(args), kwargs


def _literal(text):
    """The number or constant that the text is in Python, or the text itself."""
    if text.isidentifier():
        return {"None": None, "True": True, "False": False}.get(text, text)
    if text.isascii() and text.isdigit() and len(text) <= 640:
        return int(text)
    from ast import literal_eval

    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text
