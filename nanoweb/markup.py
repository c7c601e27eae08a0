"""HTML that is known to be safe, told apart by its type.

In a request's way: a page is put together from the author's markup and the
visitors' text.  Markup is str that has been through escape(), or that the
author vouches for; whatever is combined with it is escaped on the way in, so
text from a visitor cannot become a tag.  Nothing here knows of HTTP.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, SupportsIndex

__all__ = ["Markup", "escape", "escape_silent", "soft_str"]

_new = str.__new__


def escape_text(text: str, /) -> str:
    """escape() for what is known to be text; the result is text again."""
    # Asking first is a memory scan each, and most text has none of the five: several times
    # faster than replacing blindly, and than a table or a pattern that looks at every letter.
    # "&" goes first: the others bring new ones.
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if "'" in text:
        text = text.replace("'", "&#39;")
    if '"' in text:
        text = text.replace('"', "&#34;")
    return text


def escape(value: Any, /) -> Markup:
    """Make text harmless in HTML, inside a tag's attributes too.

    >>> escape("<b>\\"Tom\\" & 'Jerry'</b>")
    Markup('&lt;b&gt;&#34;Tom&#34; &amp; &#39;Jerry&#39;&lt;/b&gt;')
    >>> escape(Markup("<br>"))          # already safe
    Markup('<br>')

    value    text, or anything that str() turns into text; an object with a method
             __html__() is asked for its HTML, which is trusted
    """
    if type(value) is str:  # not isinstance: a subclass may carry __html__
        return _new(Markup, escape_text(value))
    if type(value) is Markup:
        return value
    if hasattr(value, "__html__"):
        return Markup(value.__html__())
    return _new(Markup, escape_text(str(value)))


def escape_silent(value: Any, /) -> Markup:
    """escape(), but None is no text at all instead of the text "None".

    >>> escape_silent(None), escape(None)
    (Markup(''), Markup('None'))
    """
    return Markup() if value is None else escape(value)


def soft_str(value: Any, /) -> str:
    """Turn value into str unless it is one: what is Markup stays Markup.

    >>> soft_str(Markup("&lt;")), soft_str(7)
    (Markup('&lt;'), '7')
    """
    return value if isinstance(value, str) else str(value)


class Markup(str):
    """Text that goes into an HTML page as it is.

    >>> Markup("<em>%s</em>") % "Tom & Jerry"
    Markup('<em>Tom &amp; Jerry</em>')
    >>> Markup("<ul>") + "<script>" + Markup("</ul>")
    Markup('<ul>&lt;script&gt;</ul>')
    >>> Markup('<a title="{0.title}">{0.name}</a>').format(Markup)
    Traceback (most recent call last):
    AttributeError: type object 'Markup' has no attribute 'name'

    object      what to mark as safe, unchanged: nothing is escaped here, use escape()
                for that; an object with __html__() is asked for its HTML
    encoding    how to read object if it is bytes

    Every method of str that returns text returns Markup here, and every text that one
    of them puts in is escaped.  What is cut out of it (split, [1:], strip) is taken as
    markup again, although a cut can fall inside a tag or an entity.
    """

    __slots__ = ()

    def __new__(cls, object: Any = "", encoding: str | None = None, errors: str = "strict") -> Markup:
        if hasattr(object, "__html__"):
            object = object.__html__()
        if encoding is None:
            return str.__new__(cls, object)
        return str.__new__(cls, object, encoding, errors)

    @classmethod
    def escape(cls, value: Any, /) -> Markup:
        """escape() to this class, which may be a subclass."""
        escaped = escape(value)
        return escaped if type(escaped) is cls else cls(escaped)

    def __html__(self, /) -> Markup:
        return self

    def __html_format__(self, format_spec: str, /) -> Markup:
        if format_spec:
            raise ValueError(
                f"format specification {format_spec!r} for Markup: it takes none, as padding may cut a tag"
            )
        return self

    def __repr__(self, /) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    # Markup together with something else: the other side is escaped.

    def __add__(self, value: Any, /) -> Markup:
        if isinstance(value, str) or hasattr(value, "__html__"):
            return type(self)(super().__add__(self.escape(value)))
        return NotImplemented

    def __radd__(self, value: Any, /) -> Markup:
        if isinstance(value, str) or hasattr(value, "__html__"):
            return self.escape(value).__add__(self)
        return NotImplemented

    def __mul__(self, count: SupportsIndex, /) -> Markup:
        return type(self)(super().__mul__(count))

    __rmul__ = __mul__

    def __mod__(self, values: Any, /) -> Markup:
        if isinstance(values, tuple):
            values = tuple([_Escaping(value, self.escape) for value in values])
        elif isinstance(values, str) or not hasattr(type(values), "__getitem__"):
            values = (_Escaping(values, self.escape),)
        else:  # "%(name)s" looks its names up in a mapping
            values = _Escaping(values, self.escape)
        return type(self)(super().__mod__(values))

    def join(self, iterable: Iterable[Any], /) -> Markup:
        return type(self)(super().join(map(self.escape, iterable)))

    def format(self, *args: Any, **kwargs: Any) -> Markup:
        return type(self)(_formatter()(self.escape).vformat(self, args, kwargs))

    def format_map(self, mapping: Mapping[str, Any], /) -> Markup:  # type: ignore[override]
        return type(self)(_formatter()(self.escape).vformat(self, (), mapping))

    def replace(self, old: str, new: str, count: SupportsIndex = -1, /) -> Markup:
        return type(self)(super().replace(old, self.escape(new), count))

    def center(self, width: SupportsIndex, fillchar: str = " ", /) -> Markup:
        return type(self)(super().center(width, self.escape(fillchar)))

    def ljust(self, width: SupportsIndex, fillchar: str = " ", /) -> Markup:
        return type(self)(super().ljust(width, self.escape(fillchar)))

    def rjust(self, width: SupportsIndex, fillchar: str = " ", /) -> Markup:
        return type(self)(super().rjust(width, self.escape(fillchar)))

    # Markup alone: what str answers, as Markup again.

    def __getitem__(self, key: SupportsIndex | slice, /) -> Markup:
        return type(self)(super().__getitem__(key))

    def split(self, /, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[Markup]:  # type: ignore[override]
        return [type(self)(part) for part in super().split(sep, maxsplit)]

    def rsplit(self, /, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[Markup]:  # type: ignore[override]
        return [type(self)(part) for part in super().rsplit(sep, maxsplit)]

    def splitlines(self, /, keepends: bool = False) -> list[Markup]:  # type: ignore[override]
        return [type(self)(line) for line in super().splitlines(keepends)]

    def partition(self, sep: str, /) -> tuple[Markup, Markup, Markup]:
        before, found, after = super().partition(sep)
        return type(self)(before), type(self)(found), type(self)(after)

    def rpartition(self, sep: str, /) -> tuple[Markup, Markup, Markup]:
        before, found, after = super().rpartition(sep)
        return type(self)(before), type(self)(found), type(self)(after)

    def capitalize(self, /) -> Markup:
        return type(self)(super().capitalize())

    def casefold(self, /) -> Markup:
        return type(self)(super().casefold())

    def expandtabs(self, /, tabsize: SupportsIndex = 8) -> Markup:
        return type(self)(super().expandtabs(tabsize))

    def lower(self, /) -> Markup:
        return type(self)(super().lower())

    def lstrip(self, chars: str | None = None, /) -> Markup:
        return type(self)(super().lstrip(chars))

    def removeprefix(self, prefix: str, /) -> Markup:
        return type(self)(super().removeprefix(prefix))

    def removesuffix(self, suffix: str, /) -> Markup:
        return type(self)(super().removesuffix(suffix))

    def rstrip(self, chars: str | None = None, /) -> Markup:
        return type(self)(super().rstrip(chars))

    def strip(self, chars: str | None = None, /) -> Markup:
        return type(self)(super().strip(chars))

    def swapcase(self, /) -> Markup:
        return type(self)(super().swapcase())

    def title(self, /) -> Markup:
        return type(self)(super().title())

    def translate(self, table: Mapping[int, str | int | None], /) -> Markup:  # type: ignore[override]
        return type(self)(super().translate(table))

    def upper(self, /) -> Markup:
        return type(self)(super().upper())

    def zfill(self, width: SupportsIndex, /) -> Markup:
        return type(self)(super().zfill(width))

    # From markup to text: the result is str, and no longer safe.

    def unescape(self, /) -> str:
        """Turn entities into the characters that they stand for.

        >>> Markup("Tom &amp; Jerry &raquo; &#60;1940&gt;").unescape()
        'Tom & Jerry » <1940>'
        """
        from html import unescape  # a table of 2,200 names that few pages need

        return unescape(str(self))

    def striptags(self, /) -> str:
        """Leave out tags and comments, make each run of white space one space, unescape.

        >>> Markup("<h1>Tom   <em>&amp;</em> Jerry</h1><!-- 1940 -->").striptags()
        'Tom & Jerry'
        """
        text = str(self)
        kept = []
        start = 0
        while True:  # two searches for each tag and never back: linear, whatever is in the text
            left = text.find("<", start)
            closing = "-->" if text.startswith("<!--", max(left, 0)) else ">"
            right = text.find(closing, left + (4 if closing == "-->" else 1))
            if left < 0 or right < 0:
                break
            kept.append(text[start:left])
            start = right + len(closing)
        kept.append(text[start:])
        return type(self)(" ".join("".join(kept).split())).unescape()


class _Escaping:
    """A value for "%": escaped where it becomes text, and itself where a number is asked for."""

    __slots__ = ("escape", "value")

    def __init__(self, value, escape):
        self.value = value
        self.escape = escape

    def __getitem__(self, key):
        return _Escaping(self.value[key], self.escape)

    def __str__(self):
        return str(self.escape(self.value))

    def __repr__(self):
        return str(self.escape(repr(self.value)))

    def __int__(self):
        return int(self.value)

    def __float__(self):
        return float(self.value)


def _formatter():
    """Return the class EscapeFormatter, which is made here at first use.

    It needs the module string, which takes a millisecond to import; few programs format
    markup with str.format(), as templates do it for them.
    """
    if "EscapeFormatter" in globals():
        return globals()["EscapeFormatter"]
    from string import Formatter

    class EscapeFormatter(Formatter):
        """str.format() that escapes what it puts in; a value with __html_format__() formats itself."""

        def __init__(self, escape):
            self.escape = escape

        def format_field(self, value, format_spec):
            if hasattr(value, "__html_format__"):
                field = value.__html_format__(format_spec)
            elif not hasattr(value, "__html__"):
                field = format(value, str(format_spec))
            elif not format_spec:
                field = value.__html__()
            else:
                raise ValueError(
                    f"format specification {format_spec!r} for a {type(value).__name__}, which has __html__:"
                    " give the class a method __html_format__(format_spec) that says what it means"
                )
            return str(self.escape(field))

    EscapeFormatter.__qualname__ = "EscapeFormatter"
    globals()["EscapeFormatter"] = EscapeFormatter
    return EscapeFormatter


def __getattr__(name: str) -> Any:
    if name == "EscapeFormatter":
        return _formatter()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
