"""What a template sees: the names that it was given, those that it sets, and the blocks that are to be put in.

    Context          the names, and the functions of the blocks; one for each rendering of a template
    EvalContext      whether its output is escaped
    BlockReference   super(), in a block;  TemplateReference    self, anywhere

A function that a template calls may ask for one of them, or for the environment, with a mark: pass_context,
pass_eval_context, pass_environment.
"""

from __future__ import annotations

from ..markup import Markup
from .page import rendered
from .undefined import missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .environment import Environment

__all__ = [
    "BlockReference",
    "Context",
    "EvalContext",
    "TemplateReference",
    "new_context",
    "pass_context",
    "pass_environment",
    "pass_eval_context",
]

# Marks: what a function is given before the arguments that a template passes


def pass_context(function: Any) -> Any:
    """Have a function, filter or test called with the Context first."""
    function.jinja_pass_arg = "context"
    return function


def pass_eval_context(function: Any) -> Any:
    """Have a function, filter or test called with the EvalContext first: whether text is escaped here."""
    function.jinja_pass_arg = "eval_context"
    return function


def pass_environment(function: Any) -> Any:
    """Have a function, filter or test called with the Environment first."""
    function.jinja_pass_arg = "environment"
    return function


class EvalContext:
    """What holds for a part of a template: whether its output is escaped.

    volatile   that is not known before it runs
    """

    __slots__ = ("autoescape", "environment", "volatile")

    def __init__(self, environment: Environment, template_name: str | None = None) -> None:
        self.environment = environment
        autoescape = environment.autoescape
        self.autoescape: bool = autoescape(template_name) if callable(autoescape) else autoescape
        self.volatile = False

    def save(self) -> bool:
        return self.autoescape

    def revert(self, old: bool) -> None:
        self.autoescape = old


class Context:
    """The names a template sees, and what its blocks are.

    parent          what it was rendered with: globals and arguments; never changed
    vars            what it has set at its top level
    exported_vars   the names of those that an import can have
    blocks          {name: the functions of the block, from the last child up to its ancestor}
    globals_keys    which names of parent are globals
    """

    __slots__ = (
        "__weakref__",
        "blocks",
        "environment",
        "eval_ctx",
        "exported_vars",
        "globals_keys",
        "name",
        "parent",
        "vars",
    )

    def __init__(
        self,
        environment: Environment,
        parent: dict[str, Any],
        name: str | None,
        blocks: dict[str, Any],
        globals: Any = None,
    ) -> None:
        self.parent = parent
        self.vars: dict[str, Any] = {}
        self.environment = environment
        self.eval_ctx = EvalContext(environment, name)
        self.exported_vars: set[str] = set()
        self.name = name
        self.globals_keys = globals.keys() if globals else frozenset()
        self.blocks = {key: [function] for key, function in blocks.items()} if blocks else {}

    def resolver(self) -> Callable[[str, Any], Any]:
        """Return the function with which compiled code looks names up: (name, what to return without one)."""
        if type(self).resolve_or_missing is not Context.resolve_or_missing:
            return lambda key, default: self.resolve_or_missing(key)
        return self.get if self.vars else self.parent.get

    def resolve(self, key: str) -> Any:
        """Return the value of a name, an Undefined if it has none."""
        value = self.resolve_or_missing(key)
        return self.environment.undefined(name=key) if value is missing else value

    def resolve_or_missing(self, key: str) -> Any:
        """Return the value of a name, "missing" if it has none.  A subclass may know more names."""
        value = self.vars.get(key, missing)
        return self.parent.get(key, missing) if value is missing else value

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a name, or default."""
        value = self.resolve_or_missing(key)
        return default if value is missing else value

    def super(self, name: str, current: Any) -> Any:
        """Return the block that the current one replaces."""
        functions = self.blocks.get(name, [])
        if current in functions and functions.index(current) + 1 < len(functions):
            return BlockReference(name, self, functions, functions.index(current) + 1)
        return self.environment.undefined(f"there is no parent block called {name!r}.", name="super")

    def get_exported(self) -> dict[str, Any]:
        """Return what an import of the template can have."""
        return {key: self.vars[key] for key in self.exported_vars}

    def get_all(self) -> dict[str, Any]:
        """Return all names with their values."""
        return {**self.parent, **self.vars} if self.vars else self.parent

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function, with what it asks for by a mark such as pass_context."""
        wanted = getattr(function, "jinja_pass_arg", None)
        if wanted is None and type(function) not in _PLAIN_FUNCTIONS:
            # An instance of a class whose __call__ has the mark.
            wanted = getattr(getattr(type(function), "__call__", None), "jinja_pass_arg", None)  # noqa: B004
        try:
            if wanted is None:
                return function(*args, **kwargs)
            if wanted == "context":
                return function(self, *args, **kwargs)
            return function(self.eval_ctx if wanted == "eval_context" else self.environment, *args, **kwargs)
        except StopIteration:
            # It must not end the loop that the call stands in.
            return self.environment.undefined(
                "value was undefined because a callable raised a StopIteration exception"
            )

    def call_within(self, local: dict[str, Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """call(), where names have been set within a loop or a block: a function with pass_context sees them."""
        if getattr(function, "jinja_pass_arg", None) == "context":
            return self.derived(local).call(function, *args, **kwargs)
        return self.call(function, *args, **kwargs)

    def derived(self, locals: dict[str, Any] | None = None) -> Context:
        """Return a context with more names, for an inner part of the same template."""
        context = new_context(self.environment, self.name, {}, self.get_all(), True, None, locals)
        context.eval_ctx = self.eval_ctx
        context.blocks.update((key, list(functions)) for key, functions in self.blocks.items())
        return context

    def keys(self) -> Any:
        return self.get_all().keys()

    def values(self) -> Any:
        return self.get_all().values()

    def items(self) -> Any:
        return self.get_all().items()

    def __iter__(self) -> Iterator[str]:
        return iter(self.get_all())

    def __len__(self) -> int:
        return len(self.get_all())

    def __contains__(self, name: object) -> bool:
        return name in self.vars or name in self.parent

    def __getitem__(self, key: str) -> Any:
        """Return the value of a name; KeyError if it has none."""
        value = self.resolve_or_missing(key)
        if value is missing:
            raise KeyError(key)
        return value

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.get_all()!r} of {self.name!r}>"


_PLAIN_FUNCTIONS = {type(pass_context), type(len), type([].append), type(type)}


def new_context(
    environment: Environment,
    template_name: str | None,
    blocks: dict[str, Any],
    vars: dict[str, Any] | None = None,
    shared: bool = False,
    globals: dict[str, Any] | None = None,
    locals: dict[str, Any] | None = None,
) -> Context:
    """Return a context for a template.

    shared    vars holds the globals already
    locals    names that count before the others; those that are "missing" do not
    """
    if vars is None:
        vars = {}
    parent = vars if shared else {**(globals or {}), **vars}
    if locals:
        parent = dict(parent)
        parent.update((key, value) for key, value in locals.items() if value is not missing)
    return environment.context_class(environment, parent, template_name, blocks, globals=globals)


class BlockReference:
    """One of the functions of a block: super() calls it, and super.super() the one above."""

    __slots__ = ("_context", "_depth", "_stack", "name")

    def __init__(self, name: str, context: Context, stack: list[Any], depth: int) -> None:
        self.name = name
        self._context = context
        self._stack = stack
        self._depth = depth

    @property
    def super(self) -> Any:
        if self._depth + 1 < len(self._stack):
            return BlockReference(self.name, self._context, self._stack, self._depth + 1)
        return self._context.environment.undefined(f"there is no parent block called {self.name!r}.", name="super")

    def __call__(self) -> Any:
        render = self._stack[self._depth]
        context = self._context
        if render.mode == "write":
            text = rendered(render, context)
        elif render.mode == "async":
            return self._call_async(render)
        else:
            text = "".join(render(context))
        return Markup(text) if context.eval_ctx.autoescape else text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    async def _call_async(self, render):
        text = "".join([piece async for piece in render(self._context)])
        return Markup(text) if self._context.eval_ctx.autoescape else text


class TemplateReference:
    """ "self" in a template: self.title() renders the block "title"."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def __getitem__(self, name: str) -> BlockReference:
        blocks = self._context.blocks[name]
        return BlockReference(name, self._context, blocks, 0)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._context.name!r}>"
