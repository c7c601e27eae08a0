"""Dicts that hold several values for a key, that refuse to be changed, or that tell when they were.

In a request's way: args, form, cookies and values are the first two kinds, the session is the third.
Where a key may have several values, as in a query string, a look-up gives the first.

All can be copied and pickled, if what they hold can.
"""

from __future__ import annotations

from .exceptions import BadRequestKeyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Generic, Literal, NoReturn, TypeVar, overload

    # The keys and values of a dict; what type= makes of the values; a default.
    K = TypeVar("K")
    V = TypeVar("V")
    T = TypeVar("T")
    D = TypeVar("D")
    # A MultiDict itself.
    M = TypeVar("M", bound="MultiDict[Any, Any]")

    # What a MultiDict may be made from, beside another one.
    Pairs = Mapping[K, V | list[V] | tuple[V, ...] | set[V]] | Iterable[tuple[K, V]]
else:
    from .properties import Generic

__all__ = [
    "CallbackDict",
    "CombinedMultiDict",
    "ImmutableDict",
    "ImmutableList",
    "ImmutableMultiDict",
    "ImmutableTypeConversionDict",
    "MultiDict",
    "TypeConversionDict",
    "iter_multi_items",
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


def iter_multi_items(mapping: MultiDict[K, V] | Pairs[K, V]) -> Iterator[tuple[K, V]]:
    """Yield every (key, value) of what a MultiDict may be made from; of Headers too.

    >>> list(iter_multi_items({"tag": ["new", "red"], "page": "2"}))
    [('tag', 'new'), ('tag', 'red'), ('page', '2')]
    """
    source: Any = mapping
    if isinstance(mapping, MultiDict):
        yield from mapping.items(multi=True)
    elif hasattr(mapping, "items"):
        for key, value in source.items():
            for one in value if isinstance(value, (list, tuple, set)) else [value]:
                yield key, one
    else:
        yield from source


def _reduce(self, items, **attributes):
    """Say how a dict is copied and pickled: as it is, by no __init__, whose arguments are a subclass's own matter."""
    return _dict.__new__, (type(self),), (items, {**self.__dict__, **attributes})


def _restore(self, state):
    """Take over what _reduce() gave; nobody is told of it, and nothing refused."""
    _dict.update(self, state[0])
    self.__dict__.update(state[1])


# What cannot be changed


def _refuse(self, *args, **kwargs):
    raise TypeError(f"{type(self).__name__} cannot be changed: change a copy of it")


class ImmutableList(list["V"]):
    """A list that cannot be changed, and so can be a key of a dict."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = remove = pop = clear = reverse = sort = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (list(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"


class ImmutableDictMixin:
    """What makes a dict one that cannot be changed, standing before it among the base classes."""

    __setitem__ = __delitem__ = __ior__ = _refuse
    setdefault = update = pop = popitem = clear = _refuse

    if not TYPE_CHECKING:  # to a type checker this is the dict's

        @classmethod
        def fromkeys(cls, keys, value=None):
            """Return one with these keys, which all have the same value."""
            return cls([(key, value) for key in keys])

    def __hash__(self: Any) -> int:
        return hash(frozenset(self.items()))

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        return _reduce(self, dict(self))

    __setstate__ = _restore

    def __copy__(self: Any) -> Any:
        return self


class ImmutableDict(ImmutableDictMixin, dict["K", "V"]):  # type: ignore[misc]  # it has a hash
    """A dict that cannot be changed; ``copy()`` gives one that can.

    >>> defaults = ImmutableDict({"DEBUG": False})
    >>> defaults["DEBUG"] = True
    Traceback (most recent call last):
    TypeError: ImmutableDict cannot be changed: change a copy of it
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"


# What converts


class Lookup(Generic["K", "V"]):
    """What is looked into by get(), which can convert."""

    _find: Any  # a method: the value of a key, the first if there are several, and _missing if there is none

    if TYPE_CHECKING:

        @overload
        def get(self, key: K, default: None = None, type: None = None) -> V | None: ...
        @overload
        def get(self, key: K, default: D, type: None = None) -> V | D: ...
        @overload
        def get(self, key: K, default: D, type: Callable[[V], T]) -> T | D: ...
        @overload
        def get(self, key: K, default: None = None, *, type: Callable[[V], T]) -> T | None: ...

    def get(self, key: Any, default: Any = None, type: Any = None) -> Any:
        """Return the value, through type if given; default where it is missing or does not convert.

        Of several values it is the first.  One does not convert where type raises a ValueError
        or a TypeError.
        """
        value = self._find(key)
        if value is _missing:
            return default
        return value if type is None else _convert(value, default, type)


class TypeConversionDict(Lookup["K", "V"], dict["K", "V"]):
    """A dict whose get() can convert.

    >>> args = TypeConversionDict(page="2", size="all")
    >>> args.get("page", type=int), args.get("size", 10, type=int)
    (2, 10)
    """

    def _find(self, key):
        return _dict.get(self, key, _missing)


class ImmutableTypeConversionDict(ImmutableDictMixin, TypeConversionDict["K", "V"]):  # type: ignore[misc]
    """A TypeConversionDict that cannot be changed."""

    def copy(self) -> TypeConversionDict[K, V]:
        """Return a TypeConversionDict with the same values that can be changed."""
        return TypeConversionDict(self)


# Several values


class MultiDict(TypeConversionDict["K", "V"]):
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

    def __init__(self, mapping: MultiDict[K, V] | Pairs[K, V] | None = None) -> None:
        if isinstance(mapping, MultiDict):
            _dict.update(self, mapping.lists())
        elif mapping:
            # The parsers give a list, and there a moment counts.
            for key, value in mapping if type(mapping) is list else iter_multi_items(mapping):
                _dict.setdefault(self, key, []).append(value)

    # Reading: the first value

    def __getitem__(self, key: K) -> V:
        values = _dict.get(self, key)
        if values:
            return values[0]
        raise BadRequestKeyError(key)

    def _find(self, key):
        values = _dict.get(self, key)
        return values[0] if values else _missing

    def __iter__(self) -> Iterator[K]:
        # Were this dict's own, dict(self) and **self would take what is underneath, lists.
        return _dict.__iter__(self)

    def items(self, multi: bool = False) -> Iterator[tuple[K, V]]:  # type: ignore[override]
        """Yield (key, first value), or with multi every (key, value)."""
        for key, values in _dict.items(self):
            if multi:
                for value in values:
                    yield key, value
            elif values:
                yield key, values[0]

    def values(self) -> Iterator[V]:  # type: ignore[override]
        """Yield the first value of each key."""
        return (value for _, value in self.items())

    # Reading: all values

    if TYPE_CHECKING:

        @overload
        def getlist(self, key: K, type: None = None) -> list[V]: ...
        @overload
        def getlist(self, key: K, type: Callable[[V], T]) -> list[T]: ...

    def getlist(self, key: K, type: Callable[[V], Any] | None = None) -> list[Any]:
        """Return all values of a key; [] if there is none; those that type refuses are left out."""
        values = _dict.get(self, key, ())
        return list(values) if type is None else _convert_all(values, type)

    def lists(self) -> Iterator[tuple[K, list[V]]]:
        """Yield (key, all its values)."""
        for key, values in _dict.items(self):
            yield key, list(values)

    def listvalues(self) -> Iterator[list[V]]:
        """Yield the list of values of each key."""
        return (values for _, values in self.lists())

    if TYPE_CHECKING:

        @overload
        def to_dict(self, flat: Literal[True] = True) -> dict[K, V]: ...
        @overload
        def to_dict(self, flat: Literal[False]) -> dict[K, list[V]]: ...

    def to_dict(self, flat: bool = True) -> Any:
        """Return a plain dict: of first values, or with flat=False of lists."""
        return dict(self.items()) if flat else dict(self.lists())

    # Writing

    def __setitem__(self, key: K, value: V) -> None:
        _dict.__setitem__(self, key, [value])

    def add(self, key: K, value: V) -> None:
        """Add one more value to a key."""
        _dict.setdefault(self, key, []).append(value)

    def setlist(self, key: K, new_list: Iterable[V]) -> None:
        """Make these all the values of a key."""
        _dict.__setitem__(self, key, list(new_list))

    def setdefault(self, key: K, default: Any = None) -> Any:
        """Return the first value; make the default the only value first if there is none."""
        if not _dict.get(self, key):
            self[key] = default
        return self[key]

    def setlistdefault(self, key: K, default_list: Iterable[V] | None = None) -> list[V]:
        """Return the list itself that holds a key's values; changes to it change the MultiDict."""
        if key not in self:
            self.setlist(key, default_list or ())
        return _dict.__getitem__(self, key)

    def update(self, mapping: MultiDict[K, V] | Pairs[K, V]) -> None:  # type: ignore[override]
        """Add all values of the mapping to those that are there; see ``|=`` too."""
        for key, value in list(iter_multi_items(mapping)):
            self.add(key, value)

    def __or__(self, other: Mapping[K, Any]) -> MultiDict[K, V]:  # type: ignore[override]
        if not hasattr(other, "items"):
            return NotImplemented
        both: MultiDict[K, V] = self.copy()
        both.update(other)
        return both

    def __ior__(self: M, other: MultiDict[K, V] | Pairs[K, V]) -> M:  # type: ignore[misc,override]
        self.update(other)
        return self

    if TYPE_CHECKING:

        @overload
        def pop(self, key: K) -> V: ...
        @overload
        def pop(self, key: K, default: D) -> V | D: ...

    def pop(self, key: K, default: Any = _missing) -> Any:
        """Remove a key with all its values and return the first; the default if it is missing."""
        values = _dict.pop(self, key, None)
        if values:
            return values[0]
        if default is not _missing:
            return default
        raise BadRequestKeyError(key)

    def popitem(self) -> tuple[K, V]:
        """Remove some key; return it and its first value."""
        key, values = self.popitemlist()
        if not values:
            raise BadRequestKeyError(key)
        return key, values[0]

    def poplist(self, key: K) -> list[V]:
        """Remove a key and return all its values; [] if it is missing."""
        return _dict.pop(self, key, [])

    def popitemlist(self) -> tuple[K, list[V]]:
        """Remove some key; return it and all its values."""
        try:
            return _dict.popitem(self)
        except KeyError as error:
            raise BadRequestKeyError(*error.args) from None

    # As a whole

    def copy(self: M) -> M:
        """Return a MultiDict of its own, with the same values, that can be changed."""
        other = _dict.__new__(type(self))
        _restore(other, (dict(self.lists()), self.__dict__))
        return other

    def deepcopy(self: M, memo: dict[int, Any] | None = None) -> M:
        """Return a MultiDict with copies of the values too."""
        from copy import deepcopy

        return deepcopy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _reduce(self, dict(self.lists()))

    __setstate__ = _restore

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.items(multi=True))!r})"


class ImmutableMultiDict(ImmutableDictMixin, MultiDict["K", "V"]):  # type: ignore[misc]  # it has a hash
    """A MultiDict that cannot be changed: request.args, request.form, request.cookies."""

    add = setlist = setlistdefault = poplist = popitemlist = _refuse

    def copy(self) -> MultiDict[K, V]:  # type: ignore[override]
        """Return a MultiDict with the same values that can be changed."""
        return MultiDict(self)

    __reduce_ex__ = MultiDict.__reduce_ex__


class CombinedMultiDict(ImmutableMultiDict["K", "V"]):
    """Several MultiDicts read as one: the first that knows a key answers.

    >>> query, form = MultiDict([("a", "1")]), MultiDict([("a", "2"), ("b", "3")])
    >>> values = CombinedMultiDict([query, form])
    >>> values["a"], values["b"], values.getlist("a")
    ('1', '3', ['1', '2'])

    dicts are looked into each time: what changes there changes here.
    """

    def __init__(self, dicts: Iterable[MultiDict[K, V]] | None = None) -> None:
        self.dicts = list(dicts or ())
        # json.dumps() asks the dict underneath whether it is empty, and then this one for its items.
        _dict.__setitem__(self, None, None)

    @classmethod
    def fromkeys(cls, keys: Any, value: Any = None) -> NoReturn:
        raise TypeError("a CombinedMultiDict reads other dicts; it has no keys of its own")

    def __getitem__(self, key: K) -> V:
        value: Any = self.get(key, _missing)
        if value is _missing:
            raise BadRequestKeyError(key)
        return value

    if not TYPE_CHECKING:  # to a type checker these two are MultiDict's

        def get(self, key, default=None, type=None):
            """Return the first value, through type if given; where it does not convert, the next dict's."""
            for one in self.dicts:
                value = one.get(key, _missing, type)
                if value is not _missing:
                    return value
            return default

        def getlist(self, key, type=None):
            """Return the values of a key in all dicts."""
            return [value for one in self.dicts for value in one.getlist(key, type)]

    def items(self, multi: bool = False) -> Iterator[tuple[K, V]]:  # type: ignore[override]
        """Yield (key, first value), or with multi every (key, value), one dict after the other."""
        if multi:
            for one in self.dicts:
                yield from one.items(multi=True)
        else:
            yield from MultiDict(self).items()

    def lists(self) -> Iterator[tuple[K, list[V]]]:
        """Yield (key, its values in all dicts)."""
        merged: dict[K, list[V]] = {}
        for one in self.dicts:
            for key, values in one.lists():
                merged.setdefault(key, []).extend(values)
        return iter(merged.items())

    def keys(self) -> Iterable[K]:  # type: ignore[override]
        """Return the keys of all dicts."""
        return dict(self.lists()).keys()

    def __iter__(self) -> Iterator[K]:
        return iter(self.keys())

    def __reversed__(self) -> Iterator[K]:
        return reversed(list(self.keys()))

    def __len__(self) -> int:
        return len(list(self.lists()))

    def __contains__(self, key: object) -> bool:
        return any(key in one for one in self.dicts)

    def __eq__(self, other: object) -> bool:
        return MultiDict(self) == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = ImmutableDictMixin.__hash__  # type: ignore[assignment]

    def __copy__(self) -> MultiDict[K, V]:
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _reduce(self, {None: None})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dicts!r})"


# What tells


class Telling:
    """What tells when it was changed: ``on_update(self)`` is called after each change.

    A callback that raises keeps nothing from being changed.
    """

    on_update: Callable[[Any], object] | None = None

    def _changed(self, *_):
        if self.on_update is not None:
            self.on_update(self)


def _telling(name):
    """A method of a dict, which tells afterwards."""

    def change(self, *args, **kwargs):
        result = getattr(super(CallbackDict, self), name)(*args, **kwargs)
        self._changed()
        return result

    change.__name__, change.__doc__ = name, getattr(dict, name).__doc__
    return change


class CallbackDict(Telling, dict["K", "V"]):
    """A dict that tells when it was changed.

    >>> shelf = CallbackDict({"a": 1}, on_update=lambda self: print("now", dict(self)))
    >>> shelf["b"] = 2
    now {'a': 1, 'b': 2}
    """

    def __init__(
        self,
        initial: Mapping[K, V] | Iterable[tuple[K, V]] | None = None,
        on_update: Callable[[Any], object] | None = None,
    ) -> None:
        super().__init__(initial or ())
        self.on_update = on_update

    if not TYPE_CHECKING:  # to a type checker these are dict's
        __setitem__, __delitem__, __ior__ = map(_telling, ["__setitem__", "__delitem__", "__ior__"])
        popitem, clear = map(_telling, ["popitem", "clear"])

    def setdefault(self, key: K, default: Any = None) -> Any:
        size = len(self)
        value = super().setdefault(key, default)
        if len(self) != size:
            self._changed()
        return value

    if TYPE_CHECKING:

        @overload
        def pop(self, key: K) -> V: ...
        @overload
        def pop(self, key: K, default: D) -> V | D: ...

    def pop(self, key: K, default: Any = _missing) -> Any:
        size = len(self)
        value = super().pop(key) if default is _missing else super().pop(key, default)
        if len(self) != size:
            self._changed()
        return value

    def update(self, arg: Any = None, /, **kwargs: V) -> None:
        super().update(() if arg is None else arg, **kwargs)
        self._changed()

    # Without these two copy() would set item by item, and tell of each.
    __reduce_ex__ = ImmutableDictMixin.__reduce_ex__
    __setstate__ = _restore

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {super().__repr__()}>"
