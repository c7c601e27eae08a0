"""A compiled template and what can be made of it.

    Template             render(), generate(), stream(), module
    TemplateModule       what an import of it sees
    TemplateStream       its output, piece by piece
    TemplateExpression   an expression, compiled as a function

The last of the engine's steps: the functions that the compiler has written are called with a context.
"""

from __future__ import annotations

from functools import partial

from ..markup import Markup
from .contexts import Context, new_context
from .errors import TemplateRuntimeError
from .page import rendered
from .runtime import RUNTIME, closing
from .undefined import Undefined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, MutableMapping
    from types import CodeType
    from typing import IO, Any

    from .environment import Environment

__all__ = ["Template", "TemplateExpression", "TemplateModule", "TemplateStream"]


class Functions:
    """What compiled code consists of: the function of the template, and those of its blocks.

    They put their text out by a function that they are given (mode "write"), or they are generators.
    """

    __slots__ = ("blocks", "debug_info", "root")

    def __init__(self, names: dict[str, Any], mode: str) -> None:
        self.root = names["root"]
        self.blocks: dict[str, Any] = names["blocks"]
        self.debug_info: str = names["debug_info"]
        for function in self.blocks.values():
            function.mode = mode


class Template:
    """A compiled template.

    name, filename   what it is called, and where it is from
    globals          names of its own, besides those of the environment
    writing          its functions for render()
    yielding         the same as generators, made when first asked for
    """

    environment_class: type[Environment]
    environment: Environment
    globals: MutableMapping[str, Any]
    name: str | None
    filename: str | None
    _source: Any = None

    def __new__(cls, source: str, *args: Any, **options: Any) -> Any:
        key = (cls.environment_class, args, tuple(sorted(options.items())))
        try:
            environment = spontaneous_environments.get(key)
        except TypeError:  # an option that has no hash
            return cls.environment_class(*args, **options).from_string(source, template_class=cls)
        if environment is None:
            environment = cls.environment_class(*args, **options)
            environment.shared = True
            if len(spontaneous_environments) < 10:
                spontaneous_environments[key] = environment
        return environment.from_string(source, template_class=cls)

    @classmethod
    def from_code(
        cls,
        environment: Environment,
        code: CodeType,
        globals: MutableMapping[str, Any],
        uptodate: Callable[[], bool] | None = None,
    ) -> Template:
        """Return the template of a code object that compile() has made."""
        template: Template = object.__new__(cls)
        template.environment = environment
        template.globals = globals
        template._uptodate = uptodate
        template._module = None
        mode = "async" if environment.is_async else "write"
        functions = template._load(code, mode)
        template.filename = None if code.co_filename.startswith("<template") else code.co_filename
        template.name = template._names["name"]
        template._debug_info = functions.debug_info
        if mode == "write":
            template.writing = functions
        else:
            template.yielding = functions
        return template

    _uptodate: Callable[[], bool] | None
    _module: TemplateModule | None
    _names: dict[str, Any]
    _debug_info: str
    writing: Functions
    yielding: Functions

    def _load(self, code, mode):
        environment = self.environment
        self._names = {
            **RUNTIME,
            "environment": environment,
            "attribute": environment.getattr,
            "item": environment.getitem,
            "filters": environment.filters,
            "tests": environment.tests,
            "undefined": environment.undefined,
            "finalize": environment.finalize,
            "__template__": self,
        }
        exec(code, self._names)
        return Functions(self._names, mode)

    def __getattr__(self, name: str) -> Any:
        if name != "yielding":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        source = self._source
        if source is None:
            loader = self.environment.loader
            if loader is None:
                raise TemplateRuntimeError("a template without source and loader cannot be made a generator")
            source = loader.get_source(self.environment, self.name or "")[0]
        if self.name is None:
            code = self.environment._compile(source, None, self.filename, "yield")
        else:
            code = self.environment._get_code(source, self.name, self.filename, "yield")
        self.yielding = self._load(code, "yield")
        return self.yielding

    # Rendering

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Return the text of the template, with these names; they are given as for dict()."""
        if self.environment.is_async:
            import asyncio

            return asyncio.run(self.render_async(*args, **kwargs))
        vars = dict(*args, **kwargs) if args else kwargs
        environment = self.environment
        parent = {**environment.globals, **self.globals, **vars}
        context = environment.context_class(environment, parent, self.name, self.writing.blocks, self.globals)
        try:
            return rendered(self.writing.root, context)
        except Exception:  # noqa: BLE001 (it is raised again, with the template's lines)
            return environment.handle_exception()

    async def render_async(self, *args: Any, **kwargs: Any) -> str:
        """render() for an asynchronous environment."""
        self._want_async()
        context = self.new_context(dict(*args, **kwargs))
        try:
            return "".join([piece async for piece in self.yielding.root(context)])
        except Exception:  # noqa: BLE001
            return self.environment.handle_exception()

    def _want_async(self):
        if not self.environment.is_async:
            raise RuntimeError("The environment was not created with async mode enabled.")

    def generate(self, *args: Any, **kwargs: Any) -> Iterator[str]:
        """Yield the text of the template piece by piece, as it comes into being."""
        if self.environment.is_async:
            import asyncio

            yield from asyncio.run(self._collect(*args, **kwargs))
            return
        context = self.new_context_for(self.yielding, dict(*args, **kwargs))
        try:
            yield from self.yielding.root(context)
        except Exception:  # noqa: BLE001
            yield self.environment.handle_exception()

    async def generate_async(self, *args: Any, **kwargs: Any) -> AsyncIterator[str]:
        """generate() for an asynchronous environment."""
        self._want_async()
        try:
            async with closing(self.yielding.root(self.new_context(dict(*args, **kwargs)))) as pieces:
                async for piece in pieces:
                    yield piece
        except Exception:  # noqa: BLE001
            yield self.environment.handle_exception()

    async def _collect(self, *args, **kwargs):
        return [piece async for piece in self.generate_async(*args, **kwargs)]

    def stream(self, *args: Any, **kwargs: Any) -> TemplateStream:
        """Return the text as a TemplateStream."""
        return TemplateStream(self.generate(*args, **kwargs))

    def new_context(
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: dict[str, Any] | None = None
    ) -> Context:
        """Return a context for this template.

        shared   vars holds the globals already
        locals   names that count before the others
        """
        return self.new_context_for(
            self.yielding if self.environment.is_async else self.writing, vars, shared, locals
        )

    def new_context_for(self, functions, vars=None, shared=False, locals=None):
        globals = {**self.environment.globals, **self.globals}
        return new_context(self.environment, self.name, functions.blocks, vars, shared, globals, locals)

    @property
    def root_render_func(self) -> Callable[[Context], Any]:
        """The function of the template: it takes a context and yields text, asynchronously in such an environment."""
        return self.yielding.root if self.environment.is_async else partial(_yield_pieces, self.writing.root)

    @property
    def blocks(self) -> dict[str, Callable[[Context], Any]]:
        """{name: the function of a block}, as root_render_func is; to render a part of a page.

        >>> template = Template("{% block title %}{{ n }} books{% endblock %}{% block rest %}...{% endblock %}")
        >>> "".join(template.blocks["title"](template.new_context({"n": 2})))
        '2 books'
        """
        if self.environment.is_async:
            return dict(self.yielding.blocks)
        return {name: partial(_yield_pieces, function) for name, function in self.writing.blocks.items()}

    # What an import sees

    def make_module(
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: dict[str, Any] | None = None
    ) -> TemplateModule:
        """Return the module of the template as it is with these names."""
        try:
            return self._make_module(vars, shared, locals)
        except Exception:  # noqa: BLE001
            return self.environment.handle_exception()

    def _make_module(self, vars=None, shared=False, locals=None):
        # Compiled code calls this one: whoever renders handles the exceptions.
        context = self.new_context(vars, shared, locals)
        return TemplateModule(self, context, [rendered(self.writing.root, context)])

    async def make_module_async(
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: dict[str, Any] | None = None
    ) -> TemplateModule:
        """make_module() for an asynchronous environment."""
        try:
            return await self._make_module_async(vars, shared, locals)
        except Exception:  # noqa: BLE001
            return self.environment.handle_exception()

    async def _make_module_async(self, vars=None, shared=False, locals=None):
        context = self.new_context(vars, shared, locals)
        return TemplateModule(self, context, [piece async for piece in self.yielding.root(context)])

    def _get_default_module(self, context=None):
        """Return the module without other names than globals; it is made once."""
        if self.environment.is_async:
            raise RuntimeError("Module is not available in async mode.")
        own = self._own_globals(context)
        if own:
            return self._make_module(own)
        if self._module is None:
            self._module = self._make_module()
        return self._module

    async def _get_default_module_async(self, context=None):
        own = self._own_globals(context)
        if own:
            return await self._make_module_async(own)
        if self._module is None:
            self._module = await self._make_module_async()
        return self._module

    def _own_globals(self, context):
        """Return the globals of the template that imports this one, as far as this one does not have them."""
        if context is None:
            return None
        keys = context.globals_keys
        missing_here = [key for key in keys if key not in self.globals and key not in self.environment.globals]
        return {key: context.parent[key] for key in missing_here} or None

    @property
    def module(self) -> TemplateModule:
        """The module of the template: its macros and what it sets, as attributes."""
        try:
            return self._get_default_module()
        except Exception:  # noqa: BLE001
            return self.environment.handle_exception()

    # About it

    @property
    def is_up_to_date(self) -> bool:
        return self._uptodate is None or self._uptodate()

    @property
    def debug_info(self) -> list[tuple[int, int]]:
        """Pairs of a line of the compiled source and the line of the template that it comes from."""
        pairs = [pair.partition("=") for pair in self._debug_info.split("&")] if self._debug_info else []
        return [(int(line), int(lineno)) for line, _, lineno in pairs]

    def get_corresponding_lineno(self, lineno: int) -> int:
        """Return the template's line for a line of the compiled source."""
        from .tracebacks import template_line

        return template_line(self._debug_info, lineno)

    def __repr__(self) -> str:
        name = f"memory:{id(self):x}" if self.name is None else repr(self.name)
        return f"<{type(self).__name__} {name}>"


def _yield_pieces(function, context):
    """Run a function that compiled code consists of; yield what it puts out."""
    yield rendered(function, context)


# {the arguments of Template(): the environment for them}
spontaneous_environments: dict[Any, Environment] = {}


class TemplateModule:
    """What a template exports, as attributes; as a str, its text."""

    def __init__(self, template: Template, context: Context, body_stream: Iterable[str]) -> None:
        self._body_stream = list(body_stream)
        self.__dict__.update(context.get_exported())
        self.__name__ = template.name

    def __html__(self) -> Markup:
        return Markup("".join(self._body_stream))

    def __str__(self) -> str:
        return "".join(self._body_stream)

    def __repr__(self) -> str:
        name = f"memory:{id(self):x}" if self.__name__ is None else repr(self.__name__)
        return f"<{type(self).__name__} {name}>"


class TemplateExpression:
    """An expression as a function: see Environment.compile_expression()."""

    def __init__(self, template: Template, undefined_to_none: bool) -> None:
        self._template = template
        self._undefined_to_none = undefined_to_none

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        context = self._template.new_context(dict(*args, **kwargs))
        try:
            self._template.writing.root(context, None, None)
        except Exception:  # noqa: BLE001
            self._template.environment.handle_exception()
        value = context.vars["result"]
        return None if self._undefined_to_none and isinstance(value, Undefined) else value


class TemplateStream:
    """The text of a template, piece by piece, or in pieces of some size: enable_buffering()."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self.disable_buffering()

    def dump(self, fp: str | IO[Any], encoding: str | None = None, errors: str | None = "strict") -> None:
        """Write all of it to a file, or to a file of that name; text, unless there is an encoding."""
        if isinstance(fp, str):
            with open(fp, "wb") as file:
                self.dump(file, encoding or "utf-8", errors)
            return
        for piece in self:
            fp.write(piece if encoding is None else piece.encode(encoding, errors or "strict"))

    def disable_buffering(self) -> None:
        """Give each piece as it comes."""
        self._next = self._pieces.__next__
        self.buffered = False

    def enable_buffering(self, size: int = 5) -> None:
        """Put so many pieces together before they are given."""
        if size <= 1:
            raise ValueError(f"buffer size is {size}: it must be over 1")
        self.buffered = True
        self._next = self._buffer(size).__next__

    def _buffer(self, size):
        pieces = []
        filled = 0
        for piece in self._pieces:
            pieces.append(piece)
            filled += bool(piece)
            if filled >= size:
                yield "".join(pieces)
                pieces.clear()
                filled = 0
        if pieces:
            yield "".join(pieces)

    def __iter__(self) -> TemplateStream:
        return self

    def __next__(self) -> str:
        return self._next()
