"""The fields of a message: Headers that a Response is written with, EnvironHeaders that a Request is read by."""

from __future__ import annotations

from .dicts import Lookup, MultiDict, _convert_all, _missing, _refuse, iter_multi_items
from .exceptions import BadRequestKeyError, check_header
from .headers import dump_options_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, NoReturn, TypeVar, overload

    # What Headers may be made from, beside other Headers and a MultiDict.
    Fields = Mapping[str, Any] | Iterable[tuple[str, Any]]

    T = TypeVar("T")  # what type= makes of a value
    D = TypeVar("D")  # a default
    H = TypeVar("H", bound="Headers")

__all__ = ["EnvironHeaders", "Headers"]


class Headers(Lookup["str", "str"]):
    """Header fields in the order they are sent; names in any case, a name maybe several times.

    >>> headers = Headers({"Content-Type": "text/html"})
    >>> headers.add("Set-Cookie", "a=1")
    >>> headers.add("Set-Cookie", "b=2")
    >>> headers["content-type"], headers.getlist("set-cookie")
    ('text/html', ['a=1', 'b=2'])
    >>> headers.add("Content-Disposition", "attachment", filename="report.pdf")
    >>> headers["Content-Disposition"]
    'attachment; filename=report.pdf'

    defaults  other Headers, a dict (a list, tuple or set as a value stands for several
              fields), or an iterable of (name, value) pairs
    raises    ValueError for a name or value that could not be sent as one field
              (CR, LF, NUL), TypeError for bytes, see `check_header`: nothing that is
              set here can start a second field.  BadRequestKeyError where a name is missing

    Where a name is looked for, a number or a slice stands for places in the list of fields.
    A field has a handful of neighbours at most, so a list beats a dict here.
    """

    __hash__ = None  # type: ignore[assignment]  # can be changed
    _list: list[tuple[str, str]]

    def __init__(self, defaults: Headers | MultiDict[str, Any] | Fields | None = None) -> None:
        self._list = []
        if type(defaults) is Headers:
            self._list += defaults._list
        elif defaults is not None:
            self.extend(defaults)

    # Reading

    def _find(self, key):
        wanted = key.lower()
        for name, value in self._list:
            if name.lower() == wanted:
                return value
        return _missing

    if TYPE_CHECKING:

        @overload
        def getlist(self, key: str, type: None = None) -> list[str]: ...
        @overload
        def getlist(self, key: str, type: Callable[[str], T]) -> list[T]: ...

    def getlist(self, key: str, type: Callable[[str], Any] | None = None) -> list[Any]:
        """Return all values of a field; [] if there is none; those that type refuses are left out."""
        wanted = key.lower()
        values = [value for name, value in self if name.lower() == wanted]
        return values if type is None else _convert_all(values, type)

    get_all = getlist

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, key: str) -> str: ...
        @overload
        def __getitem__(self, key: int) -> tuple[str, str]: ...
        @overload
        def __getitem__(self: H, key: slice) -> H: ...

    def __getitem__(self, key: str | int | slice) -> Any:
        if not isinstance(key, str):
            return self._list[key] if isinstance(key, int) else type(self)(self._list[key])
        value = self._find(key)
        if value is _missing:
            raise BadRequestKeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not _missing

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._list)

    def __len__(self) -> int:
        return len(self._list)

    def items(self, lower: bool = False) -> Iterator[tuple[str, str]]:
        """Yield every (name, value), the names in lower case if asked."""
        for name, value in self:
            yield (name.lower() if lower else name), value

    def keys(self, lower: bool = False) -> Iterator[str]:
        """Yield the name of every field."""
        return (name for name, _ in self.items(lower))

    def values(self) -> Iterator[str]:
        """Yield the value of every field."""
        return (value for _, value in self.items())

    def to_wsgi_list(self) -> list[tuple[str, str]]:
        """Return the fields as start_response wants them (PEP 3333)."""
        return self._list.copy()

    # Writing

    def add(self, key: str, value: Any, /, **params: Any) -> None:
        """Add one more field; keyword arguments become parameters of the value."""
        self._list.append(check_header(key, _with_params(value, params) if params else value))

    add_header = add

    def set(self, key: str, value: Any, /, **params: Any) -> None:
        """Make this the only value of a field, at the place of the first if there was one."""
        self._put(check_header(key, _with_params(value, params) if params else value))

    def _put(self, field):
        """Set a field that is known to be clean."""
        wanted = field[0].lower()
        for place, (name, _) in enumerate(self._list):
            if name.lower() == wanted:
                self._list[place] = field
                self._list[place + 1 :] = [one for one in self._list[place + 1 :] if one[0].lower() != wanted]
                return
        self._list.append(field)

    def __setitem__(self, key: str | int | slice, value: Any) -> None:
        if isinstance(key, str):
            self.set(key, value)
        else:
            fields: Any = check_header(*value) if isinstance(key, int) else [check_header(*one) for one in value]
            self._list[key] = fields

    def setdefault(self, key: str, default: Any) -> str:
        """Return the first value of a field; set it to the default first if there is none."""
        if key not in self:
            self.set(key, default)
        return self[key]

    def setlist(self, key: str, values: Iterable[Any]) -> None:
        """Make these all the values of a field."""
        values = [check_header(key, value)[1] for value in values]  # all of them, before anything changes
        if values:
            self.set(key, values[0])
        else:
            self.remove(key)
        for value in values[1:]:
            self.add(key, value)

    def setlistdefault(self, key: str, default: Iterable[Any]) -> list[str]:
        """Return all values of a field; set them to the default first if there is none."""
        if key not in self:
            self.setlist(key, default)
        return self.getlist(key)

    def extend(self, arg: Headers | MultiDict[str, Any] | Fields | None = None, /, **kwargs: Any) -> None:
        """Add all fields of a mapping or of pairs, and those of keyword arguments, to those that are there."""
        for mapping in (() if arg is None else arg, kwargs):
            for name, value in list(iter_multi_items(mapping)):
                self.add(name, value)

    def update(self, arg: Headers | MultiDict[str, Any] | Fields | None = None, /, **kwargs: Any) -> None:
        """Set every field of a mapping or of pairs, and of keyword arguments.

        Of a mapping, all values of a name take the place of what was there; of pairs,
        each replaces the one before.
        """
        source: Any = () if arg is None else arg
        if isinstance(source, (Headers, MultiDict)):
            source = {name: source.getlist(name) for name in [*source.keys()]}
        for pairs in (source.items() if hasattr(source, "items") else source, kwargs.items()):
            for name, value in pairs:
                self.setlist(name, value if isinstance(value, (list, tuple, set)) else [value])

    def __or__(self: H, other: Headers | Mapping[str, Any]) -> H:
        if not hasattr(other, "items"):
            return NotImplemented
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self: H, other: Headers | Fields) -> H:
        if other is None:
            return NotImplemented
        self.update(other)
        return self

    def remove(self, key: str) -> None:
        """Remove every field of that name, if there is one."""
        wanted = key.lower()
        self._list[:] = [field for field in self._list if field[0].lower() != wanted]

    def __delitem__(self, key: str | int | slice) -> None:
        if isinstance(key, str):
            self.remove(key)
        else:
            del self._list[key]

    if TYPE_CHECKING:

        @overload
        def pop(self, key: int | None = None) -> tuple[str, str]: ...
        @overload
        def pop(self, key: str) -> str: ...
        @overload
        def pop(self, key: str, default: D) -> str | D: ...

    def pop(self, key: str | int | None = None, default: Any = _missing) -> Any:
        """Remove a field and return its value; the default if it is missing.  With a number or nothing: a pair."""
        if key is None or isinstance(key, int):
            return self._list.pop(-1 if key is None else key)
        value = self[key] if default is _missing else self.get(key, default)
        self.remove(key)
        return value

    def popitem(self) -> tuple[str, str]:
        """Remove the last field and return it."""
        return self._list.pop()

    def clear(self) -> None:
        """Remove every field."""
        self._list.clear()

    # As a whole

    def copy(self: H) -> H:
        """Return Headers of its own with the same fields."""
        copy = type(self).__new__(type(self))
        copy._list = self._list.copy()
        return copy

    def __copy__(self: H) -> H:
        return self.copy()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return sorted(self.items(lower=True)) == sorted(other.items(lower=True))

    def __str__(self) -> str:
        """The fields as they go over the wire, with the empty line that ends them."""
        return "".join(f"{name}: {value}\r\n" for name, value in self) + "\r\n"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"


def _with_params(value, params):
    """The value with parameters, whose names have "-" where keyword arguments must have "_"."""
    return dump_options_header(value, {name.replace("_", "-"): one for name, one in params.items()})


class EnvironHeaders(Headers):
    """The fields of a request, read from its environ: a view, not a copy.

    >>> headers = EnvironHeaders({"HTTP_USER_AGENT": "curl/8", "CONTENT_TYPE": "text/plain"})
    >>> headers["User-Agent"], list(headers.keys())
    ('curl/8', ['User-Agent', 'Content-Type'])

    An empty Content-Type or Content-Length is none (PEP 3333, "environ Variables").
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ

    def _find(self, key):
        name = key.upper().replace("-", "_")
        if name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            return self.environ.get(name) or _missing
        return self.environ.get("HTTP_" + name, _missing)

    @property
    def _list(self):  # type: ignore[override]
        raise KeyError("the fields of a request have no order: ask for them by name")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for key, value in self.environ.items():
            if key.startswith("HTTP_") and key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                yield key[5:].replace("_", "-").title(), value
            elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
                yield key.replace("_", "-").title(), value

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def to_wsgi_list(self) -> list[tuple[str, str]]:
        return list(self)

    def copy(self) -> NoReturn:
        raise TypeError("EnvironHeaders reads its environ and cannot be copied; Headers(it) is a copy of the fields")

    add = add_header = set = setdefault = setlist = setlistdefault = _refuse
    extend = update = remove = pop = popitem = clear = _refuse
