"""Values that every thread, asyncio task and greenlet has for itself.

In a request's way: the application pushes the request's context onto a
LocalStack before it matches the URL, and pops it when the response is made.
``request``, ``session``, ``g`` and ``current_app`` are LocalProxies: each look
at them finds the object that is current for whoever looks.

All of it stands on contextvars.  A new task starts with a copy of its parent's
context, and that copy is shallow: two tasks share the objects that their common
ancestor stored.  So what is stored here is never changed, only replaced.
"""

from __future__ import annotations

import math
import operator
from contextvars import ContextVar
from functools import partial, update_wrapper
from types import FunctionType, GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Generic, TypeVar

    from .wsgi import WSGIApplication

    T = TypeVar("T")
else:
    T = None

    class Generic:  # typing.Generic without loading typing: at run time the brackets mean nothing
        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)


__all__ = ["Local", "LocalManager", "LocalProxy", "LocalStack", "release_local"]


def release_local(local: Local | LocalStack[Any]) -> None:
    """Empty a Local or a LocalStack for the current context, and for no other."""
    local.__release_local__()


class Local:
    """A namespace whose attributes belong to the current context.

    >>> local = Local()
    >>> local.user = "ada"
    >>> local.user
    'ada'
    >>> user = local("user")        # a proxy, to hand out before there is a user
    >>> user.upper()
    'ADA'

    Iterating gives its (name, value) pairs.

    context_var  keeps the names in a dict that is never changed, so an assignment
                 copies it: meant for a handful of names.  Default: a new one
    """

    __slots__ = ("__storage",)

    def __init__(self, context_var: ContextVar[dict[str, Any]] | None = None) -> None:
        if context_var is None:
            context_var = ContextVar("Local")
        object.__setattr__(self, "_Local__storage", context_var)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__storage.get({})[name]
        except KeyError:
            raise AttributeError(f"{name!r} is not set on this Local here") from None

    def __setattr__(self, name: str, value: Any) -> None:
        values = self.__storage.get({}).copy()
        values[name] = value
        self.__storage.set(values)

    def __delattr__(self, name: str) -> None:
        values = self.__storage.get({}).copy()
        if name not in values:
            raise AttributeError(f"{name!r} is not set on this Local here")
        del values[name]
        self.__storage.set(values)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.__storage.get({}).items())

    def __call__(self, name: str, *, unbound_message: str | Callable[[], str] | None = None) -> LocalProxy[Any]:
        """Return a proxy of the attribute ``name``."""
        return LocalProxy(self, name, unbound_message=unbound_message)

    def __release_local__(self) -> None:
        self.__storage.set({})


class LocalStack(Generic[T]):
    """A stack that belongs to the current context.

    >>> stack = LocalStack()
    >>> stack.push("outer")
    >>> stack.push("inner")
    >>> stack.top
    'inner'
    >>> stack.pop(), stack.pop(), stack.pop()
    ('inner', 'outer', None)

    It is a chain of cells (value, cell below), and the ContextVar holds the top cell.
    A cell never changes: push, pop and top each cost the same at any depth, and
    tasks that share the lower cells cannot see what the others put above them.

    context_var  keeps the top cell, or None.  Default: a new one
    """

    __slots__ = ("_storage",)

    def __init__(self, context_var: ContextVar[Any] | None = None) -> None:
        self._storage = ContextVar("LocalStack") if context_var is None else context_var

    def _cell(self):
        return self._storage.get(None)

    def _set(self, cell):
        self._storage.set(cell)

    def push(self, obj: T) -> None:
        """Put obj on top."""
        self._set((obj, self._cell()))

    def pop(self) -> T | None:
        """Take the top off and return it; None if the stack is empty."""
        cell = self._cell()
        if cell is None:
            return None
        obj: T
        obj, below = cell
        self._set(below)
        return obj

    @property
    def top(self) -> T | None:
        """What was pushed last; None if the stack is empty."""
        cell = self._cell()
        return None if cell is None else cell[0]

    def __call__(
        self, name: str | None = None, *, unbound_message: str | Callable[[], str] | None = None
    ) -> LocalProxy[Any]:
        """Return a proxy of the top, or of the top's attribute ``name``."""
        return LocalProxy(self, name, unbound_message=unbound_message)

    def __release_local__(self) -> None:
        self._set(None)


class _TwinStack(LocalStack):  # type: ignore[type-arg]
    """One of two stacks that stand in one ContextVar, as a pair of top cells: both can be changed in one step.

    context_var   it, with (None, None) for its default
    place         which of the two this is, 0 or 1
    """

    __slots__ = ("_place",)

    def __init__(self, context_var, place):
        super().__init__(context_var)
        self._place = place

    def _cell(self):
        return self._storage.get()[self._place]

    def _set(self, cell):
        pair = self._storage.get()
        self._storage.set((pair[0], cell) if self._place else (cell, pair[1]))


class _Source:
    """Where one LocalProxy looks; one of the methods becomes its _get_current_object.

    attribute(obj) is what the proxy stands for in what is found; None if it is all of it.
    """

    __slots__ = ("attribute", "local", "message")

    def __init__(self, local, name, message):
        self.local = local
        self.attribute: Any = None if name is None else operator.attrgetter(name)
        self.message = message

    def name_in_local(self):
        try:
            return self.attribute(self.local)
        except AttributeError:
            raise self.unbound() from None

    def top_of_stack(self):
        cell = self.local._storage.get(None)  # not local.top, which is one call more for every request.path
        if cell is None or cell[0] is None:
            raise self.unbound()
        return cell[0] if self.attribute is None else self.attribute(cell[0])

    def top_of_twin(self):
        cell = self.local._storage.get()[self.local._place]
        if cell is None or cell[0] is None:
            raise self.unbound()
        return cell[0] if self.attribute is None else self.attribute(cell[0])

    def value_of_variable(self):
        try:
            obj = self.local.get()
        except LookupError:
            raise self.unbound() from None
        return obj if self.attribute is None else self.attribute(obj)

    def result_of_call(self):
        obj = self.local()
        return obj if self.attribute is None else self.attribute(obj)

    def unbound(self):
        return RuntimeError(self.message() if callable(self.message) else self.message)


def _find_in(local, name, message):
    """Return the function that finds the object of LocalProxy(local, name)."""
    source = _Source(local, name, message)
    if isinstance(local, Local):
        if name is None:
            raise TypeError("a proxy stands for one attribute of a Local: say which, as in local('user')")
        find, what, cure = source.name_in_local, "", "set this attribute of the Local"
    elif isinstance(local, LocalStack):
        find = source.top_of_twin if isinstance(local, _TwinStack) else source.top_of_stack
        what, cure = "the top of the LocalStack", "push an object onto the LocalStack"
    elif isinstance(local, ContextVar):
        find, what, cure = source.value_of_variable, f"the ContextVar {local.name!r}", "set the ContextVar"
    elif callable(local):
        return source.result_of_call  # errors are its own
    else:
        raise TypeError(f"cannot proxy {local!r}: give a Local, a LocalStack, a ContextVar or a function")
    if message is None:
        what = what if name is None else repr(name)
        source.message = f"{what} is not bound here: {cure} in the same thread or task first"
    return find


# What LocalProxy's special methods are made of.  An operation is what one writes in Python, such as
# len or operator.add, rather than the object's own method: it brings all of Python's rules along.
# Closures, for once: objects that keep the operation in an attribute took two to three times as long.


def _unary(operation: Any) -> Any:
    return lambda self: operation(_finder(self)())


def _binary(operation: Any) -> Any:
    return lambda self, other: operation(_finder(self)(), other)


def _reflected(operation: Any) -> Any:
    return lambda self, other: operation(other, _finder(self)())


def _variadic(operation: Any) -> Any:
    return lambda self, *args: operation(_finder(self)(), *args)


def _arithmetic(operation: Any, in_place: Any) -> Any:
    return _binary(operation), _reflected(operation), _in_place(in_place)


def _in_place(operation: Any) -> Any:
    def forward(self, other):
        operation(_finder(self)(), other)
        return self  # the name on the left goes on being the proxy

    return forward


def _or_unbound(operation: Any, unbound: Any) -> Any:
    def forward(self):
        try:
            obj = _finder(self)()
        except RuntimeError:
            return unbound(self)
        return operation(obj)

    return forward


def _looked_up(name: str) -> Any:
    """Make a method that is looked up at once, not when called: a with block leaves what it entered.

    It is there if the object has it.  Unbound, it is the finder, which raises the error when called.
    """
    return property(_or_unbound(operator.attrgetter(name), lambda self: _finder(self)))  # noqa: PLW0108 (_finder stands below the class)


class _Documentation(property):
    """__doc__: on LocalProxy the class's own text, on a proxy the object's."""

    def __init__(self, text):
        super().__init__(_or_unbound(operator.attrgetter("__doc__"), lambda self: text))
        self.text = text

    def __get__(self, proxy, owner=None):
        return self.text if proxy is None else super().__get__(proxy, owner)


class _Wrapped(property):
    """__wrapped__: for inspect.signature(LocalProxy) the class has none."""

    def __get__(self, proxy, owner=None):
        if proxy is None:
            raise AttributeError("__wrapped__")
        return super().__get__(proxy, owner)


class LocalProxy(Generic[T]):
    """Stands for an object that is found anew, in the current context, at every use.

    >>> stack = LocalStack()
    >>> numbers = LocalProxy(stack)
    >>> numbers
    <LocalProxy unbound>
    >>> stack.push([1, 2])
    >>> len(numbers), numbers[0], numbers + [3], isinstance(numbers, list)
    (2, 1, [1, 2, 3], True)
    >>> numbers += [4]              # the list has grown; the name still is the proxy
    >>> stack.top, type(numbers) is LocalProxy
    ([1, 2, 4], True)

    local             a Local (with a name), a LocalStack (its top), a ContextVar (its
                      value), or a function (its result)
    name              stand for this attribute of what is found; dots go deeper
    unbound_message   what the RuntimeError says when nothing is found: a text, or a
                      function that returns it.  A function as local raises its own

    ``_get_current_object()`` returns the object itself: to keep it, to hand it to another
    thread, to pickle it, or to use it many times.

    While unbound, a proxy is false, dir() of it is empty, its __class__ and __doc__ are
    LocalProxy's, and all else raises.  ``proxy += 1`` over an object that cannot change in
    place, such as an int, changes nothing: assign to where the object is stored.
    """

    __slots__ = ("__local", "_get_current_object")

    _get_current_object: Callable[[], T]

    def __init__(
        self,
        local: ContextVar[T] | Local | LocalStack[T] | Callable[[], T],
        name: str | None = None,
        *,
        unbound_message: str | Callable[[], str] | None = None,
    ) -> None:
        object.__setattr__(self, "_LocalProxy__local", local)
        object.__setattr__(self, "_get_current_object", _find_in(local, name, unbound_message))

    def __getattribute__(self, name: str) -> Any:
        # __getattr__ would do, but Python calls that only after a search of its own; before 3.12 the
        # search ends in an AttributeError that nobody sees and that costs more than all of the rest.
        if name in _own_names:
            return object.__getattribute__(self, name)
        if type(self) is not LocalProxy:  # what a subclass adds comes first, too
            try:
                return object.__getattribute__(self, name)
            except AttributeError:
                pass
        return getattr(_finder(self)(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_finder(self)(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_finder(self)(), name)

    def __setitem__(self, key: Any, value: Any) -> None:
        _finder(self)()[key] = value

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return _finder(self)()(*args, **kwargs)

    def __copy__(self) -> T:
        from copy import copy  # not at the top: whoever comes here has loaded it

        obj: T = _finder(self)()
        return copy(obj)

    def __deepcopy__(self, memo: dict[int, Any]) -> T:
        from copy import deepcopy

        obj: T = _finder(self)()
        return deepcopy(obj, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("cannot pickle a LocalProxy, only the object it stands for: proxy._get_current_object()")

    __doc__ = _Documentation(__doc__)
    __class__ = property(_or_unbound(operator.attrgetter("__class__"), type))
    __wrapped__ = _Wrapped(_or_unbound(operator.attrgetter("__wrapped__"), lambda self: self.__local))
    __repr__ = _or_unbound(repr, lambda self: f"<{type(self).__name__} unbound>")
    __bool__ = _or_unbound(bool, lambda self: False)
    __dir__ = _or_unbound(dir, lambda self: [])

    __str__, __bytes__, __hash__, __format__ = _unary(str), _unary(bytes), _unary(hash), _variadic(format)
    __lt__, __le__, __gt__, __ge__ = map(_binary, (operator.lt, operator.le, operator.gt, operator.ge))
    __eq__, __ne__ = _binary(operator.eq), _binary(operator.ne)
    __instancecheck__, __subclasscheck__ = _reflected(isinstance), _reflected(issubclass)

    __len__, __length_hint__, __contains__ = _unary(len), _unary(operator.length_hint), _binary(operator.contains)
    __getitem__, __delitem__ = _binary(operator.getitem), _binary(operator.delitem)
    __iter__, __next__, __reversed__ = _unary(iter), _unary(next), _unary(reversed)
    __enter__, __exit__ = _looked_up("__enter__"), _looked_up("__exit__")
    __aenter__, __aexit__ = _looked_up("__aenter__"), _looked_up("__aexit__")
    __await__, __aiter__, __anext__ = _looked_up("__await__"), _looked_up("__aiter__"), _looked_up("__anext__")

    __int__, __float__, __complex__, __index__ = map(_unary, (int, float, complex, operator.index))
    __trunc__, __floor__, __ceil__, __round__ = *map(_unary, (math.trunc, math.floor, math.ceil)), _variadic(round)
    __neg__, __pos__, __invert__, __abs__ = map(_unary, (operator.neg, operator.pos, operator.invert, abs))
    __add__, __radd__, __iadd__ = _arithmetic(operator.add, operator.iadd)
    __sub__, __rsub__, __isub__ = _arithmetic(operator.sub, operator.isub)
    __mul__, __rmul__, __imul__ = _arithmetic(operator.mul, operator.imul)
    __matmul__, __rmatmul__, __imatmul__ = _arithmetic(operator.matmul, operator.imatmul)
    __truediv__, __rtruediv__, __itruediv__ = _arithmetic(operator.truediv, operator.itruediv)
    __floordiv__, __rfloordiv__, __ifloordiv__ = _arithmetic(operator.floordiv, operator.ifloordiv)
    __mod__, __rmod__, __imod__ = _arithmetic(operator.mod, operator.imod)
    __lshift__, __rlshift__, __ilshift__ = _arithmetic(operator.lshift, operator.ilshift)
    __rshift__, __rrshift__, __irshift__ = _arithmetic(operator.rshift, operator.irshift)
    __and__, __rand__, __iand__ = _arithmetic(operator.and_, operator.iand)
    __xor__, __rxor__, __ixor__ = _arithmetic(operator.xor, operator.ixor)
    __or__, __ror__, __ior__ = _arithmetic(operator.or_, operator.ior)
    __pow__, __rpow__, __ipow__ = _variadic(pow), _reflected(pow), _in_place(operator.ipow)
    __divmod__, __rdivmod__ = _binary(divmod), _reflected(divmod)


for _name, _value in vars(LocalProxy).items():
    _method = getattr(_value, "fget", _value)
    if isinstance(_method, FunctionType) and _method.__name__ != _name:  # one of those made above
        _method.__name__ = _name
        _method.__qualname__ = f"LocalProxy.{_name}"
        _method.__code__ = _method.__code__.replace(co_name=_name)  # what tracebacks and profilers show

_own_names = frozenset(dir(LocalProxy))
_finder = vars(LocalProxy)["_get_current_object"].__get__  # reads the slot, not by way of __getattribute__


class LocalManager:
    """Releases Locals and LocalStacks at the end of each request.

    >>> local = Local()
    >>> manager = LocalManager([local])
    >>> local.user = "ada"
    >>> manager.cleanup()
    >>> list(local)
    []

    locals    one Local or LocalStack, or several; the list can be changed later
    """

    __slots__ = ("locals",)

    def __init__(self, locals: Local | LocalStack[Any] | Iterable[Local | LocalStack[Any]] | None = None) -> None:
        if isinstance(locals, (Local, LocalStack)):
            locals = [locals]
        self.locals = list(locals or ())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} storages: {len(self.locals)}>"

    def cleanup(self) -> None:
        """Release everything for the current context."""
        for local in self.locals:
            release_local(local)

    def make_middleware(self, app: WSGIApplication) -> WSGIApplication:
        """Return app, wrapped so that cleanup() follows each of its responses."""
        return partial(self._respond, app)

    def middleware(self, func: WSGIApplication) -> WSGIApplication:
        """Decorate a WSGI application: make_middleware, under the name and docstring of func."""
        return update_wrapper(self.make_middleware(func), func)

    def _respond(self, app, environ, start_response):
        try:
            return _ReleasingBody(app(environ, start_response), self.cleanup)
        except BaseException:  # there is no response that anybody could close
            self.cleanup()
            raise


class _ReleasingBody:
    """The body of a response; close(), which every WSGI server calls (PEP 3333), also cleans up."""

    __slots__ = ("body", "cleanup", "parts")

    def __init__(self, body, cleanup):
        self.body = body
        self.parts = iter(body)
        self.cleanup = cleanup

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.parts)

    def close(self):
        try:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()
        finally:
            self.cleanup()
