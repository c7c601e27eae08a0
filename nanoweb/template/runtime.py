"""What a compiled template works with: loops, macros, and the functions that it calls by name.

    LoopContext     "loop" in a for
    Macro           what {% macro %} makes
    and what every template has: cycler, joiner, lipsum, namespace

The compiled code finds all that in RUNTIME; nothing here knows the compiler.
"""

from __future__ import annotations

from contextlib import suppress

from ..markup import Markup, escape, soft_str
from .contexts import (
    Context,
    EvalContext,
    TemplateReference,
    pass_context,
    pass_environment,
    pass_eval_context,
)
from .errors import TemplateNotFound, TemplateRuntimeError
from .page import as_is, fixed, rendered, text_of
from .undefined import (
    ChainableUndefined,
    DebugUndefined,
    StrictUndefined,
    Undefined,
    make_logging_undefined,
    missing,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .environment import Environment

__all__ = [
    "ChainableUndefined",
    "Context",
    "Cycler",
    "DebugUndefined",
    "EvalContext",
    "Joiner",
    "LoopContext",
    "Macro",
    "Namespace",
    "StrictUndefined",
    "Undefined",
    "make_logging_undefined",
    "missing",
    "pass_context",
    "pass_environment",
    "pass_eval_context",
]


# Loops


class LoopContext:
    """ "loop" in a for: where it is, and what comes before and after.

    >>> [(item, loop.index, loop.last) for item, loop in LoopContext("ab", Undefined)]
    [('a', 1, False), ('b', 2, True)]

    depth0      how many recursive loops are around this one
    index0      how many items came before

    What is not asked for costs nothing: the length of an iterator is found out only for those who want
    to know it, and the next item is taken early only for those who look at it.
    """

    def __init__(self, iterable: Any, undefined: Any, recurse: Any = None, depth0: int = 0) -> None:
        self._iterable = iterable
        self._iterator = iter(iterable)
        self._undefined = undefined
        self._recurse = recurse
        self._length: int | None = None
        self._ahead = missing
        self._current = missing
        self._before = missing
        self._changed = missing
        self.depth0 = depth0
        self.index0 = -1

    @property
    def length(self) -> int:
        if self._length is None:
            try:
                self._length = len(self._iterable)
            except TypeError:
                rest = list(self._iterator)
                self._iterator = iter(rest)
                self._length = self.index0 + 1 + (self._ahead is not missing) + len(rest)
        return self._length

    def __len__(self) -> int:
        return self.length

    @property
    def depth(self) -> int:
        return self.depth0 + 1

    @property
    def index(self) -> int:
        return self.index0 + 1

    @property
    def revindex0(self) -> int:
        return self.length - self.index0 - 1

    @property
    def revindex(self) -> int:
        return self.length - self.index0

    @property
    def first(self) -> bool:
        return self.index0 == 0

    @property
    def last(self) -> bool:
        return self._peek() is missing

    def _peek(self):
        if self._ahead is missing:
            self._ahead = next(self._iterator, missing)
        return self._ahead

    @property
    def previtem(self) -> Any:
        return self._undefined("there is no previous item") if self.first else self._before

    @property
    def nextitem(self) -> Any:
        item = self._peek()
        return self._undefined("there is no next item") if item is missing else item

    def cycle(self, *args: Any) -> Any:
        """Return one of the arguments, the next one each time round."""
        if not args:
            raise TypeError("no items for cycling given")
        return args[self.index0 % len(args)]

    def changed(self, *value: Any) -> bool:
        """Tell whether a value is another than the last time."""
        if self._changed == value:
            return False
        self._changed = value
        return True

    def __iter__(self) -> LoopContext:
        return self

    def __next__(self) -> tuple[Any, LoopContext]:
        item = self._ahead
        if item is missing:
            item = next(self._iterator)
        else:
            self._ahead = missing
        self.index0 += 1
        self._before = self._current
        self._current = item
        return item, self

    def __call__(self, iterable: Any) -> Any:
        """Go through another iterable in the same way: what "recursive" is for."""
        if self._recurse is None:
            raise TypeError("The loop must have the 'recursive' marker to be called recursively.")
        return self._recurse(iterable, self.depth)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.index}/{self.length}>"


class AsyncLoopContext(LoopContext):
    """LoopContext for asynchronous templates: what looks ahead is awaited."""

    def __init__(self, iterable: Any, undefined: Any, recurse: Any = None, depth0: int = 0) -> None:
        super().__init__((), undefined, recurse, depth0)
        self._iterable = iterable
        self._iterator = auto_aiter(iterable)

    @property
    async def length(self) -> int:  # type: ignore[override]
        if self._length is None:
            try:
                self._length = len(self._iterable)
            except TypeError:
                rest = [item async for item in self._iterator]
                self._iterator = auto_aiter(rest)
                self._length = self.index0 + 1 + (self._ahead is not missing) + len(rest)
        return self._length

    @property
    async def revindex0(self) -> int:  # type: ignore[override]
        return await self.length - self.index0 - 1

    @property
    async def revindex(self) -> int:  # type: ignore[override]
        return await self.length - self.index0

    async def _peek(self):
        if self._ahead is missing:
            with suppress(StopAsyncIteration):
                self._ahead = await self._iterator.__anext__()
        return self._ahead

    @property
    async def last(self) -> bool:  # type: ignore[override]
        return await self._peek() is missing

    @property
    async def nextitem(self) -> Any:
        item = await self._peek()
        return self._undefined("there is no next item") if item is missing else item

    def __aiter__(self) -> AsyncLoopContext:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.index}>"

    async def __anext__(self) -> tuple[Any, AsyncLoopContext]:
        item = await self._peek()
        if item is missing:
            raise StopAsyncIteration
        self._ahead = missing
        self.index0 += 1
        self._before = self._current
        self._current = item
        return item, self


def auto_aiter(iterable):
    """Return an asynchronous iterator of an iterable, whether that is asynchronous or not."""
    return iterable.__aiter__() if hasattr(iterable, "__aiter__") else _AsyncIterator(iter(iterable))


class _AsyncIterator:
    """Takes an iterator for an asynchronous one.  A generator would have to be closed by those who stop half way."""

    __slots__ = ("_iterator",)

    def __init__(self, iterator):
        self._iterator = iterator

    def __aiter__(self):
        return self

    async def __anext__(self):
        for item in self._iterator:
            return item
        raise StopAsyncIteration


class closing:
    """Closes an asynchronous generator in the end, also if its reader has stopped half way.

    "for" leaves that to the garbage collector, and what is to be awaited then to whichever loop runs.
    contextlib has it from Python 3.10 on.
    """

    __slots__ = ("_generator",)

    def __init__(self, generator):
        self._generator = generator

    async def __aenter__(self):
        return self._generator

    async def __aexit__(self, *error):
        await self._generator.aclose()


async def auto_await(value):
    """Await what can be awaited."""
    if type(value) in (str, int, list, dict, Markup):
        return value
    return await value if hasattr(type(value), "__await__") or _is_old_coroutine(value) else value


def _is_old_coroutine(value):
    return type(value).__name__ == "generator" and value.gi_code.co_flags & 0x100  # CO_ITERABLE_COROUTINE


# Macros


class Macro:
    """What {% macro %} makes: a function of the template.

    arguments         the names of its parameters
    catch_kwargs      whether it takes names beyond those (it uses "kwargs")
    catch_varargs     whether it takes more values (it uses "varargs")
    caller            whether it uses "caller", so that {% call %} can call it
    """

    def __init__(
        self,
        environment: Environment,
        function: Any,
        name: str | None,
        arguments: tuple[str, ...],
        catch_kwargs: bool,
        catch_varargs: bool,
        caller: bool,
        default_autoescape: bool = False,
    ) -> None:
        self._environment = environment
        self._function = function
        self._count = len(arguments)
        self._is_plain = not (catch_kwargs or catch_varargs or caller)
        self.name = name
        self.arguments = arguments
        self.catch_kwargs = catch_kwargs
        self.catch_varargs = catch_varargs
        self.caller = caller
        self.explicit_caller = "caller" in arguments
        self._default_autoescape = default_autoescape

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        # The context passes it if the caller is a template: it decides whether the result is Markup.
        if not args or type(args[0]) is not EvalContext:
            return self._call_from_python(args, kwargs)
        autoescape = args[0].autoescape
        args = args[1:]
        if kwargs or not self._is_plain or len(args) > self._count:
            args = self._arrange(args, kwargs)
        text = self._function(*args)
        if type(text) is not str:
            return self._mark_later(text, autoescape)
        return Markup(text) if autoescape else text

    __call__.jinja_pass_arg = "eval_context"  # type: ignore[attr-defined]

    def _call_from_python(self, args, kwargs):
        """Call the macro where no template is being rendered that would tell its lines if there is an error."""
        eval_ctx = object.__new__(EvalContext)
        eval_ctx.autoescape = self._default_autoescape
        try:
            return self(eval_ctx, *args, **kwargs)
        except Exception:  # noqa: BLE001
            return self._environment.handle_exception()

    async def _mark_later(self, coroutine, autoescape):
        text = await coroutine
        return Markup(text) if autoescape else text

    def _arrange(self, args, kwargs):
        """Return the arguments in the order in which the function takes them."""
        values = list(args[: self._count])
        values += [kwargs.pop(name, missing) for name in self.arguments[len(values) :]]
        if self.caller and not self.explicit_caller:
            caller = kwargs.pop("caller", None)
            values.append(
                self._environment.undefined("No caller defined", name="caller") if caller is None else caller
            )
        if self.catch_kwargs:
            values.append(kwargs)
        elif "caller" in kwargs:
            raise TypeError(
                f"macro {self.name!r} was invoked with two values for the special caller argument."
                " This is most likely a bug."
                if self.explicit_caller
                else f"macro {self.name!r} takes no keyword argument 'caller'"
            )
        elif kwargs:
            raise TypeError(f"macro {self.name!r} takes no keyword argument {next(iter(kwargs))!r}")
        if self.catch_varargs:
            values.append(args[self._count :])
        elif len(args) > self._count:
            raise TypeError(f"macro {self.name!r} takes not more than {self._count} argument(s)")
        return values

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'anonymous' if self.name is None else repr(self.name)}>"


# What every template has


class Namespace:
    """An object whose attributes a template may set, from within a loop too.

    >>> namespace = Namespace(found=False)
    >>> namespace.found
    False
    """

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, args = args[0], args[1:]
        self.__attrs = dict(*args, **kwargs)

    def __getattribute__(self, name: str) -> Any:
        if name in {"_Namespace__attrs", "__class__"}:
            return object.__getattribute__(self, name)
        try:
            return self.__attrs[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setitem__(self, name: str, value: Any) -> None:
        self.__attrs[name] = value

    def __repr__(self) -> str:
        return f"<Namespace {self.__attrs!r}>"


class Cycler:
    """Gives its items in turn.

    >>> row = Cycler("odd", "even")
    >>> row.next(), row.next(), row.next(), row.current
    ('odd', 'even', 'odd', 'even')
    """

    def __init__(self, *items: Any) -> None:
        if not items:
            raise RuntimeError("at least one item has to be provided")
        self.items = items
        self.pos = 0

    def reset(self) -> None:
        """Begin again with the first item."""
        self.pos = 0

    @property
    def current(self) -> Any:
        return self.items[self.pos]

    def next(self) -> Any:
        """Return the current item and go on to the one after."""
        item = self.current
        self.pos = (self.pos + 1) % len(self.items)
        return item

    __next__ = next


class Joiner:
    """Is nothing the first time it is called, and the separator from then on."""

    def __init__(self, sep: str = ", ") -> None:
        self.sep = sep
        self.used = False

    def __call__(self) -> str:
        if self.used:
            return self.sep
        self.used = True
        return ""


_LOREM = """
    a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit
    commodo condimentum congue consectetuer consequat convallis cras cubilia cum curabitur curae cursus dapibus
    diam dictum dictumst dignissim dis dolor donec dui duis egestas eget eleifend elementum elit enim erat eros
    est et etiam eu euismod facilisi facilisis fames faucibus felis fermentum feugiat fringilla fusce gravida
    habitant habitasse hac hendrerit iaculis id imperdiet in inceptos integer interdum ipsum justo lacinia lacus
    laoreet lectus leo libero ligula litora lobortis lorem luctus maecenas magna magnis malesuada massa mattis
    mauris metus mi molestie mollis montes morbi mus nam nascetur natoque nec neque netus nibh nisi nisl non
    nonummy nostra nulla nullam nunc odio orci ornare parturient pede pellentesque penatibus per pharetra
    phasellus placerat platea porta porttitor posuere potenti praesent pretium primis proin pulvinar purus quam
    quis quisque rhoncus ridiculus risus rutrum sagittis sapien scelerisque sed sem semper senectus sit sociis
    sociosqu sodales sollicitudin suscipit suspendisse taciti tellus tempor tempus tincidunt torquent tortor
    tristique turpis ullamcorper ultrices ultricies urna ut varius vehicula vel velit venenatis vestibulum vitae
    vivamus viverra volutpat vulputate
""".split()


def generate_lorem_ipsum(n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:
    """Return paragraphs of text that says nothing.

    n          how many paragraphs
    html       whether each is a <p>; else an empty line stands between them
    min, max   words in each
    """
    import random

    paragraphs = []
    for _ in range(n):
        sentences = []
        left = random.randrange(min, max)
        while left > 0:
            count = left if left < 6 else random.randrange(3, left if left < 12 else 12)
            words = random.choices(_LOREM, k=count)
            sentences.append(" ".join(words).capitalize() + ".")
            left -= count
        paragraphs.append(" ".join(sentences))
    if not html:
        return "\n\n".join(paragraphs)
    return Markup("\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs))


# What compiled code calls by name


def markup_join(items: Any) -> str:
    """Join the operands of "~": Markup if one of them is, the others escaped then."""
    items = [soft_str(item) for item in items]
    if any(hasattr(item, "__html__") for item in items):
        return Markup("").join(items)
    return "".join(items)


def str_join(items: Any) -> str:
    """Join the operands of "~" where nothing is escaped."""
    return "".join(map(str, items))


def set_attribute(namespace, name, value):
    """{% set namespace.name = value %}"""
    if not isinstance(namespace, Namespace):
        raise TemplateRuntimeError("cannot assign attribute on non-namespace object")
    namespace[name] = value


def absent(kind, name):
    """Return a function that says that a filter or a test is missing, to whoever calls it."""

    def fail(*args, **kwargs):
        raise TemplateRuntimeError(f"No {kind} named {name!r} found.")

    return fail


def add_blocks(context, blocks):
    """Put the blocks of a parent behind those of its children."""
    for name, function in blocks.items():
        context.blocks.setdefault(name, []).append(function)


def find_block(context, name, required=False):
    """Return the function that a block is in the end."""
    functions = context.blocks[name]
    if required and len(functions) <= 1:
        raise TemplateRuntimeError(f"Required block {name!r} not found")
    return functions[0]


def import_name(module, name, template_name, undefined):
    """Return a name out of an imported template, an Undefined if it does not have it."""
    value = getattr(module, name, missing)
    if value is missing:
        hint = f"the template {module.__name__!r} (imported by {template_name!r}) does not export the requested name"
        return undefined(f"{hint} {name!r}", name=name)
    return value


def describe_context(context):
    """Return what {% debug %} shows."""
    from pprint import pformat

    shown = {"context": context.get_all(), "filters": sorted(context.environment.filters)}
    return pformat({**shown, "tests": sorted(context.environment.tests)}, depth=3, compact=True)


# {the name that compiled code uses: what it is}
_CALLED: list[Any] = [
    AsyncLoopContext,
    LoopContext,
    Macro,
    Markup,
    TemplateNotFound,
    TemplateReference,
    TemplateRuntimeError,
    absent,
    add_blocks,
    as_is,
    Undefined,
    auto_aiter,
    auto_await,
    closing,
    describe_context,
    find_block,
    fixed,
    import_name,
    markup_join,
    rendered,
    set_attribute,
    str_join,
    text_of,
]
RUNTIME: dict[str, Any] = {**{function.__name__: function for function in _CALLED}, "missing": missing}
