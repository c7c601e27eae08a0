"""Dicts that hold several values for a key, that refuse to be changed, or that tell when they were.

In a request's way: args, form, cookies and values are the first two kinds, the session is the third.
Where a key may have several values, as in a query string, a look-up gives the first.
"""

from __future__ import annotations

from .exceptions import BadRequestKeyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Literal, NoReturn, TypeVar, overload

    # The values of a MultiDict; what type= makes of them; a default; a MultiDict itself.
    V = TypeVar("V")
    T = TypeVar("T")
    D = TypeVar("D")
    M = TypeVar("M", bound="MultiDict[Any]")

    # What a MultiDict may be made from, beside another one.
    Fields = Mapping[str, Any] | Iterable[tuple[str, Any]]
    Pairs = Mapping[str, V | list[V] | tuple[V, ...] | set[V]] | Iterable[tuple[str, V]]

__all__ = ["CallbackDict", "CombinedMultiDict", "ImmutableMultiDict", "MultiDict"]

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
    """Every (key, value) of what a MultiDict may be made from; of Headers too, which have items()."""
    if isinstance(mapping, MultiDict):
        yield from mapping.items(multi=True)
    elif hasattr(mapping, "items"):
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
