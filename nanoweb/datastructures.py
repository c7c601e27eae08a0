"""The containers that a request and a response are read and written through.

In a request's way: Request builds the immutable ones from what `headers` and
`formparser` have parsed; Response keeps its fields in Headers.  What all of
them share: a key may have several values, and a look-up gives the first.
"""

from __future__ import annotations

import os

from .exceptions import BadRequestKeyError
from .headers import check_header, dump_options_header, parse_options_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import IO, Any, Literal, NoReturn, TypeVar, overload

    # The values of a MultiDict; what type= makes of them; a default; a MultiDict or Headers itself.
    V = TypeVar("V")
    T = TypeVar("T")
    D = TypeVar("D")
    M = TypeVar("M", bound="MultiDict[Any]")
    H = TypeVar("H", bound="Headers")

    # What Headers and MultiDict may be made from, beside one another.
    Fields = Mapping[str, Any] | Iterable[tuple[str, Any]]
    Pairs = Mapping[str, V | list[V] | tuple[V, ...] | set[V]] | Iterable[tuple[str, V]]

__all__ = [
    "CallbackDict",
    "CombinedMultiDict",
    "EnvironHeaders",
    "FileStorage",
    "Headers",
    "ImmutableMultiDict",
    "MultiDict",
]

_missing: Any = object()  # stands for an argument that was not given, where None could have been
_dict: Any = dict  # what a MultiDict is underneath: there its values are lists, which no type checker is told


def _convert(value, default, type):
    """The value through type, or the default where it does not fit."""
    try:
        return type(value)
    except (ValueError, TypeError):
        return default


def _convert_all(values, type):
    """Those of the values that fit, through type."""
    return [one for one in (_convert(value, _missing, type) for value in values) if one is not _missing]


def _pairs(mapping):
    """Every (key, value) of what a MultiDict or Headers may be made from."""
    if isinstance(mapping, MultiDict):
        yield from mapping.items(multi=True)
    elif hasattr(mapping, "items") and not isinstance(mapping, Headers):
        for key, value in mapping.items():
            if isinstance(value, (list, tuple, set)):
                for one in value:
                    yield key, one
            else:
                yield key, value
    else:
        yield from mapping


def _refuse(self, *args, **kwargs):
    raise TypeError(f"{type(self).__name__} cannot be changed: it is what the client sent; change a copy of it")


class MultiDict(dict[str, "V"]):
    """A dict in which a key may have several values, as in a query string.

    >>> args = MultiDict([("tag", "new"), ("tag", "red"), ("page", "2")])
    >>> args["tag"], args.getlist("tag")
    ('new', ['new', 'red'])
    >>> args.get("page", type=int), args.get("size", 10, type=int)
    (2, 10)

    mapping   another MultiDict, a dict (a list, tuple or set as a value stands
              for several values), or an iterable of (key, value) pairs
    raises    BadRequestKeyError, a 400 and a KeyError, where a key is missing

    Underneath, each key holds the list of its values; only setlist and setlistdefault
    can make that an empty one.  To everybody else it is a dict of first values:
    ``dict(args)`` and ``**args`` see those.
    """

    def __init__(self, mapping: MultiDict[V] | Pairs[V] | None = None) -> None:
        if type(mapping) is list:  # what the parsers give; a moment counts here
            for key, value in mapping:
                _dict.setdefault(self, key, []).append(value)
        elif mapping and isinstance(mapping, MultiDict):
            for key, values in mapping.lists():
                _dict.__setitem__(self, key, values)
        elif mapping:
            for key, value in _pairs(mapping):
                _dict.setdefault(self, key, []).append(value)

    # Reading: the first value

    def __getitem__(self, key: str) -> V:
        values = _dict.get(self, key)
        if values:
            return values[0]
        raise BadRequestKeyError(key)

    if TYPE_CHECKING:

        @overload
        def get(self, key: str, default: None = None, type: None = None) -> V | None: ...
        @overload
        def get(self, key: str, default: V, type: None = None) -> V: ...
        @overload
        def get(self, key: str, default: D, type: None = None) -> V | D: ...
        @overload
        def get(self, key: str, default: D, type: Callable[[V], T]) -> T | D: ...
        @overload
        def get(self, key: str, default: None = None, *, type: Callable[[V], T]) -> T | None: ...

    def get(self, key: str, default: Any = None, type: Callable[[V], Any] | None = None) -> Any:
        """Return the first value, through type if given; default where it is missing or does not convert."""
        values = _dict.get(self, key)
        if not values:
            return default
        return values[0] if type is None else _convert(values[0], default, type)

    def __iter__(self) -> Iterator[str]:
        # Were this dict's own, dict(self) and **self would take what is underneath, lists.
        return _dict.__iter__(self)

    def items(self, multi: bool = False) -> Iterator[tuple[str, V]]:  # type: ignore[override]
        """Yield (key, first value), or with multi every (key, value)."""
        for key, values in self.lists():
            if multi:
                for value in values:
                    yield key, value
            else:
                yield key, values[0]

    def values(self) -> Iterator[V]:  # type: ignore[override]
        """Yield the first value of each key."""
        return (values[0] for _, values in self.lists())

    # Reading: all values

    if TYPE_CHECKING:

        @overload
        def getlist(self, key: str, type: None = None) -> list[V]: ...
        @overload
        def getlist(self, key: str, type: Callable[[V], T]) -> list[T]: ...

    def getlist(self, key: str, type: Callable[[V], Any] | None = None) -> list[Any]:
        """Return all values of a key; [] if there is none; those that type refuses are left out."""
        values = _dict.get(self, key, ())
        return list(values) if type is None else _convert_all(values, type)

    def lists(self) -> Iterator[tuple[str, list[V]]]:
        """Yield (key, all its values)."""
        for key, values in _dict.items(self):
            yield key, list(values)

    def listvalues(self) -> Iterator[list[V]]:
        """Yield the list of values of each key."""
        return (values for _, values in self.lists())

    if TYPE_CHECKING:

        @overload
        def to_dict(self, flat: Literal[True] = True) -> dict[str, V]: ...
        @overload
        def to_dict(self, flat: Literal[False]) -> dict[str, list[V]]: ...

    def to_dict(self, flat: bool = True) -> Any:
        """Return a plain dict: of first values, or with flat=False of lists."""
        return dict(self.items()) if flat else dict(self.lists())

    # Writing

    def __setitem__(self, key: str, value: V) -> None:
        _dict.__setitem__(self, key, [value])

    def add(self, key: str, value: V) -> None:
        """Add one more value to a key."""
        _dict.setdefault(self, key, []).append(value)

    def setlist(self, key: str, new_list: Iterable[V]) -> None:
        """Make these all the values of a key."""
        _dict.__setitem__(self, key, list(new_list))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the first value; make the default the only value first if there is none."""
        if not _dict.get(self, key):
            self[key] = default
        return self[key]

    def setlistdefault(self, key: str, default_list: Iterable[V] | None = None) -> list[V]:
        """Return the list itself that holds a key's values; changes to it change the MultiDict."""
        if key not in self:
            self.setlist(key, default_list or ())
        return _dict.__getitem__(self, key)

    def update(self, mapping: MultiDict[V] | Pairs[V]) -> None:  # type: ignore[override]
        """Add all values of the mapping to those that are there; see ``|=`` too."""
        for key, value in list(_pairs(mapping)):
            self.add(key, value)

    def __or__(self, other: Mapping[str, Any]) -> MultiDict[V]:  # type: ignore[override]
        if not hasattr(other, "items"):
            return NotImplemented
        both: MultiDict[V] = self.copy()
        both.update(other)
        return both

    def __ior__(self: M, other: Fields) -> M:  # type: ignore[override]
        self.update(other)
        return self

    if TYPE_CHECKING:

        @overload
        def pop(self, key: str) -> V: ...
        @overload
        def pop(self, key: str, default: V) -> V: ...
        @overload
        def pop(self, key: str, default: D) -> V | D: ...

    def pop(self, key: str, default: Any = _missing) -> Any:
        """Remove a key with all its values and return the first; the default if it is missing."""
        values = _dict.pop(self, key, None)
        if values:
            return values[0]
        if default is not _missing:
            return default
        raise BadRequestKeyError(key)

    def popitem(self) -> tuple[str, V]:
        """Remove some key; return it and its first value."""
        key, values = self.popitemlist()
        if not values:
            raise BadRequestKeyError(key)
        return key, values[0]

    def poplist(self, key: str) -> list[V]:
        """Remove a key and return all its values; [] if it is missing."""
        return _dict.pop(self, key, [])

    def popitemlist(self) -> tuple[str, list[V]]:
        """Remove some key; return it and all its values."""
        try:
            return _dict.popitem(self)
        except KeyError as error:
            raise BadRequestKeyError(*error.args) from None

    # As a whole

    def copy(self: M) -> M:
        """Return a MultiDict of its own, with the same values, that can be changed."""
        return type(self)(self)

    def deepcopy(self: M, memo: dict[int, Any] | None = None) -> M:
        """Return a MultiDict with copies of the values too."""
        from copy import deepcopy

        copy = type(self)()
        for key, values in self.lists():
            _dict.__setitem__(copy, key, deepcopy(values, memo))
        return copy

    def __copy__(self: M) -> M:
        return self.copy()

    def __deepcopy__(self: M, memo: dict[int, Any]) -> M:
        return self.deepcopy(memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.to_dict(flat=False),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.items(multi=True))!r})"


class ImmutableMultiDict(MultiDict["V"]):
    """A MultiDict that cannot be changed: request.args, request.form, request.cookies."""

    __setitem__ = __delitem__ = __ior__ = _refuse
    add = setlist = setlistdefault = setdefault = update = _refuse
    pop = popitem = poplist = popitemlist = clear = _refuse

    @classmethod
    def fromkeys(cls, keys: Iterable[str], value: Any = None) -> ImmutableMultiDict[Any]:  # type: ignore[override]
        return cls([(key, value) for key in keys])

    def copy(self) -> MultiDict[V]:  # type: ignore[override]
        """Return a MultiDict with the same values that can be changed."""
        return MultiDict(self)

    def __copy__(self) -> ImmutableMultiDict[V]:
        return self

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset((key, tuple(values)) for key, values in self.lists()))


class CombinedMultiDict(ImmutableMultiDict["V"]):
    """Several MultiDicts read as one: the first that knows a key answers.

    >>> query, form = MultiDict([("a", "1")]), MultiDict([("a", "2"), ("b", "3")])
    >>> values = CombinedMultiDict([query, form])
    >>> values["a"], values["b"], values.getlist("a")
    ('1', '3', ['1', '2'])

    dicts are looked into each time: what changes there changes here.
    """

    def __init__(self, dicts: Iterable[MultiDict[V]] | None = None) -> None:
        self.dicts = list(dicts or ())

    @classmethod
    def fromkeys(cls, keys: Any, value: Any = None) -> NoReturn:
        raise TypeError("a CombinedMultiDict reads other dicts; it has no keys of its own")

    def __getitem__(self, key: str) -> V:
        for one in self.dicts:
            if key in one:
                return one[key]
        raise BadRequestKeyError(key)

    if not TYPE_CHECKING:  # to a type checker these two are MultiDict's

        def get(self, key, default=None, type=None):
            """Return the first value, through type if given; where it does not convert, the next dict's."""
            for one in self.dicts:
                if key in one:
                    value = one[key] if type is None else _convert(one[key], _missing, type)
                    if value is not _missing:
                        return value
            return default

        def getlist(self, key, type=None):
            """Return the values of a key in all dicts."""
            return [value for one in self.dicts for value in one.getlist(key, type)]

    def items(self, multi: bool = False) -> Iterator[tuple[str, V]]:  # type: ignore[override]
        """Yield (key, first value), or with multi every (key, value), one dict after the other."""
        if multi:
            for one in self.dicts:
                yield from one.items(multi=True)
        else:
            yield from super().items()

    def lists(self) -> Iterator[tuple[str, list[V]]]:
        """Yield (key, its values in all dicts)."""
        merged: dict[str, list[V]] = {}
        for one in self.dicts:
            for key, values in one.lists():
                merged.setdefault(key, []).extend(values)
        return iter(merged.items())

    def keys(self) -> Iterable[str]:  # type: ignore[override]
        """Return the keys of all dicts."""
        return dict(self.lists()).keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self.keys()))

    def __len__(self) -> int:
        return len(dict(self.lists()))

    def __contains__(self, key: object) -> bool:
        return any(key in one for one in self.dicts)

    def __bool__(self) -> bool:
        return any(self.dicts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict):
            return NotImplemented
        return dict(self.lists()) == (dict(other.lists()) if isinstance(other, MultiDict) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = ImmutableMultiDict.__hash__

    def __copy__(self) -> MultiDict[V]:  # type: ignore[override]
        return self.copy()

    def deepcopy(self, memo: dict[int, Any] | None = None) -> CombinedMultiDict[V]:
        """Return a CombinedMultiDict of copies of the dicts."""
        from copy import deepcopy

        return type(self)(deepcopy(self.dicts, memo))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.dicts,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dicts!r})"


class Headers:
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

    def __init__(self, defaults: Headers | MultiDict[Any] | Fields | None = None) -> None:
        self._list = []
        if defaults is not None:
            if type(defaults) is Headers:
                self._list.extend(defaults._list)
            else:
                self.extend(defaults)

    # Reading

    if TYPE_CHECKING:

        @overload
        def get(self, key: str, default: None = None, type: None = None) -> str | None: ...
        @overload
        def get(self, key: str, default: str, type: None = None) -> str: ...
        @overload
        def get(self, key: str, default: D, type: None = None) -> str | D: ...
        @overload
        def get(self, key: str, default: D, type: Callable[[str], T]) -> T | D: ...
        @overload
        def get(self, key: str, default: None = None, *, type: Callable[[str], T]) -> T | None: ...

    def get(self, key: str, default: Any = None, type: Callable[[str], Any] | None = None) -> Any:
        """Return the first value, through type if given; default where it is missing or does not convert."""
        value = self._find(key)
        if value is None:
            return default
        return value if type is None else _convert(value, default, type)

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

    def _find(self, key):
        """The first value of a field, or None."""
        wanted = key.lower()
        for name, value in self._list:
            if name.lower() == wanted:
                return value
        return None

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
        if value is None:
            raise BadRequestKeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None

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
        if params:
            value = _with_params(value, params)
        self._list.append(check_header(key, value))

    add_header = add

    def set(self, key: str, value: Any, /, **params: Any) -> None:
        """Make this the only value of a field, at the place of the first if there was one."""
        if params:
            value = _with_params(value, params)
        self._put(check_header(key, value))

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
        elif isinstance(key, int):
            self._list[key] = check_header(*value)
        else:
            self._list[key] = [check_header(*one) for one in value]

    def setdefault(self, key: str, default: Any) -> str:
        """Return the first value of a field; set it to the default first if there is none."""
        if key not in self:
            self.set(key, default)
        return self[key]

    def setlist(self, key: str, values: Iterable[Any]) -> None:
        """Make these all the values of a field."""
        values = list(values)
        if not values:
            self.remove(key)
            return
        self.set(key, values[0])
        for value in values[1:]:
            self.add(key, value)

    def setlistdefault(self, key: str, default: Iterable[Any]) -> list[str]:
        """Return all values of a field; set them to the default first if there is none."""
        if key not in self:
            self.setlist(key, default)
        return self.getlist(key)

    def extend(self, arg: Headers | MultiDict[Any] | Fields | None = None, /, **kwargs: Any) -> None:
        """Add all fields of a mapping or of pairs, and those of keyword arguments, to those that are there."""
        for mapping in (() if arg is None else arg, kwargs):
            for name, value in list(_pairs(mapping)):
                self.add(name, value)

    def update(self, arg: Headers | MultiDict[Any] | Fields | None = None, /, **kwargs: Any) -> None:
        """Set every field of a mapping or of pairs, and of keyword arguments.

        Of a mapping, all values of a name take the place of what was there; of pairs,
        each replaces the one before.
        """
        mapping: Any
        for mapping in (arg, kwargs):
            if isinstance(mapping, (Headers, MultiDict)):
                for name in list(mapping.keys()):
                    self.setlist(name, mapping.getlist(name))
            elif hasattr(mapping, "items"):
                for name, value in mapping.items():
                    if isinstance(value, (list, tuple, set)):
                        self.setlist(name, value)
                    else:
                        self.set(name, value)
            elif mapping is not None:
                for name, value in mapping:
                    self.set(name, value)

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
        def pop(self, key: str, default: str) -> str: ...
        @overload
        def pop(self, key: str, default: D) -> str | D: ...

    def pop(self, key: str | int | None = None, default: Any = _missing) -> Any:
        """Remove a field and return its value; the default if it is missing.  With a number or nothing: a pair."""
        if key is None or isinstance(key, int):
            return self._list.pop(-1 if key is None else key)
        if default is not _missing and key not in self:
            return default
        value = self[key]
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
            return self.environ.get(name) or None
        return self.environ.get("HTTP_" + name)

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

    __setitem__ = __delitem__ = __ior__ = _refuse
    add = add_header = set = setdefault = setlist = setlistdefault = _refuse
    extend = update = remove = pop = popitem = clear = _refuse


class CallbackDict(dict[str, "Any"]):
    """A dict that tells when it was changed: ``on_update(self)`` is called after each change.

    >>> shelf = CallbackDict({"a": 1}, on_update=lambda self: print("now", dict(self)))
    >>> shelf["b"] = 2
    now {'a': 1, 'b': 2}
    """

    on_update: Callable[[Any], object] | None = None  # on the class too: pickle fills a dict before it has attributes

    def __init__(self, initial: Any = None, on_update: Callable[[Any], object] | None = None) -> None:
        super().__init__(initial or ())
        self.on_update = on_update

    def _changed(self):
        if self.on_update is not None:
            self.on_update(self)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._changed()

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._changed()

    def setdefault(self, key: str, default: Any = None) -> Any:
        known = key in self
        value = super().setdefault(key, default)
        if not known:
            self._changed()
        return value

    def pop(self, key: str, default: Any = _missing) -> Any:
        known = key in self
        value = super().pop(key) if default is _missing else super().pop(key, default)
        if known:
            self._changed()
        return value

    def popitem(self) -> tuple[str, Any]:
        item = super().popitem()
        self._changed()
        return item

    def clear(self) -> None:
        super().clear()
        self._changed()

    def update(self, *args: Any, **kwargs: Any) -> None:
        super().update(*args, **kwargs)
        self._changed()

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {super().__repr__()}>"


class FileStorage:
    """One uploaded file: its stream, the name the client gave it, and the fields of its part.

    stream     a binary file at its start; reading, seeking and closing go to it
    filename   as the client sent it: never a path to open, see `secure_filename`.
               If None, the name that the stream has, if it has one
    name       the form field's name
    headers    the fields of the part (Content-Type and others)

    True if there is a file name: an empty file field has none.
    """

    def __init__(
        self,
        stream: IO[bytes] | None = None,
        filename: str | None = None,
        name: str | None = None,
        content_type: str | None = None,
        content_length: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        if stream is None:
            from io import BytesIO

            stream = BytesIO()
        self.stream = stream
        self.filename: str | None = _name_of(stream) if filename is None else filename
        self.name = name
        self.headers = Headers() if headers is None else headers
        if content_type is not None:
            self.headers["Content-Type"] = content_type
        if content_length is not None:
            self.headers["Content-Length"] = str(content_length)

    @property
    def content_type(self) -> str | None:
        """The Content-Type of the part as sent."""
        return self.headers.get("Content-Type")

    @property
    def content_length(self) -> int:
        """The Content-Length of the part, 0 if the client gave none (most do not): bytes."""
        value = self.headers.get("Content-Length", "0")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0

    @property
    def mimetype(self) -> str:
        """The media type without parameters, in lower case."""
        return parse_options_header(self.content_type or "")[0].lower()

    @property
    def mimetype_params(self) -> dict[str, str]:
        """The parameters of the media type."""
        return parse_options_header(self.content_type or "")[1]

    def save(self, dst: str | os.PathLike[str] | IO[bytes], buffer_size: int = 16384) -> None:
        """Write what the stream still holds to a path or to an open binary file."""
        from shutil import copyfileobj

        if isinstance(dst, (str, os.PathLike)):
            with open(dst, "wb") as file:
                copyfileobj(self.stream, file, buffer_size)
        else:
            copyfileobj(self.stream, dst, buffer_size)

    def close(self) -> None:
        """Close the stream; a spooled file goes with it."""
        self.stream.close()

    def __bool__(self) -> bool:
        return bool(self.filename)

    def __getattr__(self, name: str) -> Any:
        # What copy and pickle ask for is not the stream's, which is not even there when they make the object.
        if name == "stream" or name.startswith("__"):
            raise AttributeError(name)
        # Before Python 3.11 a SpooledTemporaryFile hides some methods of the file that it keeps in _file.
        for file in (self.stream, getattr(self.stream, "_file", None)):
            if hasattr(file, name):
                return getattr(file, name)
        raise AttributeError(f"neither FileStorage nor its stream has {name!r}")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.stream)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.filename!r} ({self.content_type!r})>"


def _name_of(stream):
    """The name of the file that a stream was opened by; None for one without, a pipe for example."""
    name = getattr(stream, "name", None)
    if not isinstance(name, (str, bytes)) or (name[:1], name[-1:]) in (("<", ">"), (b"<", b">")):
        return None
    return os.fsdecode(name) or None
