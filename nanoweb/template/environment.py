"""The environment: what a set of templates has in common, and how a template is got, compiled and rendered.

    environment = Environment(loader=FileSystemLoader("templates"), autoescape=True)
    environment.get_template("page.html").render(user="Ada")

It has the delimiters, the filters, tests and globals, and does what the steps of the engine have to leave to it:
finds and keeps the templates, and looks attributes up for them.
"""

from __future__ import annotations

import re
import sys
import threading
import weakref
from collections import OrderedDict
from operator import attrgetter

from . import nodes
from .compiler import generate
from .contexts import Context, EvalContext
from .errors import TemplateNotFound, TemplateRuntimeError, TemplatesNotFound, TemplateSyntaxError, UndefinedError
from .extensions import EXTENSIONS, Extension, find_extension, refuse
from .filters import FILTERS
from .lexer import Lexer
from .parser import TAGS, Parser
from .rendering import Template, TemplateExpression, spontaneous_environments
from .runtime import Cycler, Joiner, Namespace, absent, generate_lorem_ipsum
from .tests import TESTS
from .undefined import Undefined, missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
    from typing import Any

    from .loaders import BaseLoader

__all__ = ["Environment", "Template", "clear_caches", "select_autoescape"]

# What every environment has to begin with.
DEFAULT_NAMESPACE: dict[str, Any] = {
    "range": range,
    "dict": dict,
    "lipsum": generate_lorem_ipsum,
    "cycler": Cycler,
    "joiner": Joiner,
    "namespace": Namespace,
}

DEFAULT_POLICIES: dict[str, Any] = {
    "compiler.ascii_str": True,
    "urlize.rel": "noopener",
    "urlize.target": None,
    "urlize.extra_schemes": None,
    "truncate.leeway": 5,
    "json.dumps_function": None,
    "json.dumps_kwargs": {"sort_keys": True},
    "ext.i18n.trimmed": False,
}

# The options that make a lexer: two environments that agree in them read a template alike.
_LEXER_OPTIONS = """
    block_start_string block_end_string variable_start_string variable_end_string comment_start_string
    comment_end_string line_statement_prefix line_comment_prefix trim_blocks lstrip_blocks newline_sequence
    keep_trailing_newline
""".split()

# Names that a dict has itself: "user.items" is the method, whatever the dict holds.
_DICT_ATTRIBUTES = frozenset(dir(dict))


class Environment:
    """The settings that templates share, and the way to them.

    block_start_string ... comment_end_string    the delimiters
    line_statement_prefix, line_comment_prefix   what begins a line that is a statement or a comment
    trim_blocks             whether the newline behind a block is dropped
    lstrip_blocks           whether white space before a block is, at the start of a line
    newline_sequence        what newlines of the text become
    keep_trailing_newline   whether the last newline of a template is kept
    extensions              names of extensions: "do", "loopcontrols", "debug", "i18n"
    optimized               kept for those who pass it
    undefined               the class of values that are not there
    finalize                a function that each value goes through before it is put out
    autoescape              whether output is escaped; or a function that says so, given a template's name
    loader                  where templates come from
    cache_size              how many compiled templates are kept; 0 none, -1 all
    auto_reload             whether a template is compiled again when its source has changed
    bytecode_cache          where compiled code is kept between processes
    enable_async            whether templates are compiled for "await"

    It must not be changed once a template has been loaded; overlay() makes one that differs.
    """

    sandboxed = False
    overlayed = False
    newstyle_gettext = False
    linked_to: Environment | None = None
    shared = False
    template_class: type[Template]
    context_class: type[Context] = Context
    concat: Callable[[Iterable[str]], str] = "".join
    intercepted_binops: frozenset[str] = frozenset()
    intercepted_unops: frozenset[str] = frozenset()

    def __init__(
        self,
        block_start_string: str = "{%",
        block_end_string: str = "%}",
        variable_start_string: str = "{{",
        variable_end_string: str = "}}",
        comment_start_string: str = "{#",
        comment_end_string: str = "#}",
        line_statement_prefix: str | None = None,
        line_comment_prefix: str | None = None,
        trim_blocks: bool = False,
        lstrip_blocks: bool = False,
        newline_sequence: str = "\n",
        keep_trailing_newline: bool = False,
        extensions: Sequence[Any] = (),
        optimized: bool = True,
        undefined: type[Undefined] = Undefined,
        finalize: Callable[..., Any] | None = None,
        autoescape: bool | Callable[[str | None], bool] = False,
        loader: BaseLoader | None = None,
        cache_size: int = 400,
        auto_reload: bool = True,
        bytecode_cache: Any = None,
        enable_async: bool = False,
    ) -> None:
        self.block_start_string = block_start_string
        self.block_end_string = block_end_string
        self.variable_start_string = variable_start_string
        self.variable_end_string = variable_end_string
        self.comment_start_string = comment_start_string
        self.comment_end_string = comment_end_string
        self.line_statement_prefix = line_statement_prefix
        self.line_comment_prefix = line_comment_prefix
        self.trim_blocks = trim_blocks
        self.lstrip_blocks = lstrip_blocks
        self.newline_sequence = newline_sequence
        self.keep_trailing_newline = keep_trailing_newline
        self.undefined = undefined
        self.optimized = optimized
        self.finalize = finalize
        self.autoescape = autoescape
        self.loader = loader
        self.cache = _make_cache(cache_size)
        self.auto_reload = auto_reload
        self.bytecode_cache = bytecode_cache
        self.is_async = enable_async
        self.filters: dict[str, Callable[..., Any]] = dict(FILTERS)
        self.tests: dict[str, Callable[..., Any]] = dict(TESTS)
        self.globals: MutableMapping[str, Any] = dict(DEFAULT_NAMESPACE)
        self.policies = dict(DEFAULT_POLICIES)
        self.tags = dict(TAGS)
        self.extensions: dict[str, Any] = {}
        for extension in extensions:
            self.add_extension(extension)
        self._check()

    def _check(self):
        """Refuse what no template could be read with."""
        starts = (self.block_start_string, self.variable_start_string, self.comment_start_string)
        if len(set(starts)) < len(starts) or "" in starts:
            raise ValueError(f"block, variable and comment start strings must be different and not empty: {starts!r}")
        if self.newline_sequence not in ("\r", "\r\n", "\n"):
            raise ValueError(f"newline_sequence is {self.newline_sequence!r}: it must be '\\n', '\\r\\n' or '\\r'")
        if self.bytecode_cache is not None and not callable(getattr(self.bytecode_cache, "get_code", None)):
            raise TypeError(f"bytecode_cache is {self.bytecode_cache!r}: it must have a method get_code()")
        if not (isinstance(self.undefined, type) and issubclass(self.undefined, Undefined)):
            raise TypeError(f"undefined is {self.undefined!r}: it must be a subclass of Undefined")

    def add_extension(self, extension: Any) -> None:
        """Add an extension: one of ours by its name, "do" or "jinja2.ext.do"; a class, or "package.module.Class"."""
        cls = find_extension(extension) if isinstance(extension, str) else extension
        if cls is not None:
            added = self.extensions[cls.identifier] = cls(self)
            self.tags.update({tag: refuse(added, tag) for tag in added.tags})
            return
        short = extension.rpartition(".")[2]
        if short == "i18n":
            from .translation import install

            install(self)
        self.tags.update(EXTENSIONS[short])
        self.extensions[extension] = short

    def extend(self, **attributes: Any) -> None:
        """Add attributes that are not there yet."""
        for key, value in attributes.items():
            if not hasattr(self, key):
                setattr(self, key, value)

    def overlay(self, **options: Any) -> Environment:
        """Return an environment with some other options, and the filters, tests and globals of this one."""
        allowed = {*_LEXER_OPTIONS, "undefined", "optimized", "finalize", "autoescape", "loader", "auto_reload"}
        allowed |= {"bytecode_cache"}
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.overlayed = True
        other.linked_to = self
        other.tags = dict(self.tags)
        other.extensions = {
            name: extension.bind(other) if isinstance(extension, Extension) else extension
            for name, extension in self.extensions.items()
        }
        cache_size = options.pop("cache_size", None)
        other.cache = _make_cache(_cache_size(self.cache) if cache_size is None else cache_size)
        for extension in options.pop("extensions", ()):
            other.add_extension(extension)
        if "enable_async" in options:
            other.is_async = options.pop("enable_async")
        for name, value in options.items():
            if name not in allowed:
                raise TypeError(f"overlay() takes no option {name!r}")
            setattr(other, name, value)
        other._check()
        return other

    # From source to code

    @property
    def lexer(self) -> Lexer:
        """The lexer of this environment, and of all that read a template alike."""
        key = tuple(getattr(self, name) for name in _LEXER_OPTIONS)
        lexer = _lexers.get(key)
        if lexer is None:
            if len(_lexers) >= 50:
                _lexers.clear()
            lexer = _lexers[key] = Lexer(self)
        return lexer

    def lex(
        self, source: str, name: str | None = None, filename: str | None = None
    ) -> Iterator[tuple[int, str, Any]]:
        """Return the tokens of a source: (line, kind, value)."""
        return iter(self.lexer.tokenize(self.preprocess(source, name, filename), name, filename)[:-1])

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """Return the source as it is to be read; a subclass may change it."""
        source = str(source)
        own = [extension for extension in self.extensions.values() if isinstance(extension, Extension)]
        for extension in sorted(own, key=attrgetter("priority")):
            source = str(extension.preprocess(source, name, filename))
        return source

    def parse(self, source: str, name: str | None = None, filename: str | None = None) -> nodes.Template:
        """Return the tree of a source."""
        try:
            tree = self._parse(source, name, filename)
            tree.environment = self
            return tree
        except TemplateSyntaxError as error:
            error.source = source
            raise error.with_traceback(None) from None  # where in the parser it was is of no use to anybody

    def _parse(self, source, name, filename):
        parser = Parser(
            self, self.lexer.tokenize(self.preprocess(source, name, filename), name, filename), name, filename
        )
        try:
            return parser.parse()
        except RecursionError:
            raise TemplateSyntaxError("nested too deeply", parser.lineno, name, filename) from None

    def compile(
        self,
        source: str | nodes.Template,
        name: str | None = None,
        filename: str | None = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> Any:
        """Return the code of a template; raw: the source that it is compiled from."""
        return self._compile(source, name, filename, "async" if self.is_async else "write", raw)

    def _compile(self, source, name, filename, mode, raw=False):
        try:
            tree = self._parse(source, name, filename) if isinstance(source, str) else source
            text = generate(tree, self, name, filename, mode)
            return text if raw else compile(text, self._code_filename(name, filename), "exec")
        except TemplateSyntaxError as error:
            found = error.with_traceback(None)
        except SyntaxError as error:  # so many blocks within blocks are more than Python takes
            from .tracebacks import template_line

            debug_info = text.rpartition("debug_info = ")[2].strip("'\n")
            lineno = template_line(debug_info, error.lineno or 1)
            found = TemplateSyntaxError(f"nested too deeply: {error.msg}", lineno, name, filename)
        except (RecursionError, MemoryError) as error:
            found = TemplateSyntaxError(f"nested too deeply: {error}", 1, name, filename)
        if isinstance(source, str):
            found.source = source
        raise found

    @staticmethod
    def _code_filename(name, filename):
        """Return what tracebacks call the file of a template."""
        return _no_file_re.sub("?", filename or (f"<template {name}>" if name else "<template>"))

    def _get_code(self, source, name, filename, mode=None):
        """Return the code of a template that a loader has found, from the disk if it is kept there."""
        if self.bytecode_cache is not None:
            mode = mode or ("async" if self.is_async else "write")
            return self.bytecode_cache.get_code(self, source, name, filename, mode)
        return self.compile(source, name, filename) if mode is None else self._compile(source, name, filename, mode)

    def compile_expression(self, source: str, undefined_to_none: bool = True) -> TemplateExpression:
        """Return a function that evaluates an expression, with names as keyword arguments.

        >>> Environment().compile_expression("a * 2")(a=21)
        42

        undefined_to_none   whether the function returns None for what is undefined
        """
        try:
            text = f"{self.variable_start_string} {source} {self.variable_end_string}"
            parser = Parser(self, self.lexer.tokenize(text))
            parser.advance()
            expression = parser.parse_expression()
            if parser.kind != "variable_end" or parser.peek()[0] != "eof":
                parser.fail("chunk after expression")
        except TemplateSyntaxError as error:
            error.source = source
            raise
        tree = nodes.Template(1, [nodes.Assign(1, nodes.Name(1, "result"), expression)])
        environment = self.overlay(enable_async=False) if self.is_async else self  # nobody would await it
        template = environment.from_string(tree)
        return TemplateExpression(template, undefined_to_none)

    # Getting templates

    def from_string(
        self,
        source: str | nodes.Template,
        globals: MutableMapping[str, Any] | None = None,
        template_class: type[Template] | None = None,
    ) -> Template:
        """Return a template of this source; it is not kept.

        >>> Environment().from_string("Hello {{ name }}!").render(name="Ada")
        'Hello Ada!'
        """
        cls = template_class or self.template_class
        template = cls.from_code(self, self.compile(source), {} if globals is None else globals, None)
        template._source = source
        return template

    def get_template(
        self, name: str | Template, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
    ) -> Template:
        """Return the template of a name.

        parent   the template that asks for it: join_path() may find the name from there
        raises   TemplateNotFound
        """
        if isinstance(name, Template):
            return name
        if isinstance(name, Undefined):
            name._fail_with_undefined_error()
        if parent is not None:
            name = self.join_path(name, parent)
        return self._load_template(name, globals)

    def select_template(
        self,
        names: Iterable[str | Template],
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> Template:
        """Return the first of several templates that there is; TemplatesNotFound if there is none of them."""
        if isinstance(names, Undefined):
            names._fail_with_undefined_error()
        names = list(names or ())
        if not names:
            raise TemplatesNotFound(message="Tried to select from an empty list of templates.")
        places: dict[str, None] = {}
        for name in names:
            try:
                return self.get_template(name, parent, globals)
            except TemplateNotFound as error:
                places.update(dict.fromkeys(error.places))
            except UndefinedError:
                pass
        raise TemplatesNotFound(names, places=tuple(places))

    def get_or_select_template(
        self, template_name_or_list: Any, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
    ) -> Template:
        """get_template() for a name, select_template() for several."""
        if isinstance(template_name_or_list, (str, Undefined)):
            return self.get_template(template_name_or_list, parent, globals)  # type: ignore[arg-type]
        if isinstance(template_name_or_list, Template):
            return template_name_or_list
        return self.select_template(template_name_or_list, parent, globals)

    def _load_template(self, name, globals):
        if self.loader is None:
            raise TypeError("no loader for this environment specified")
        key = (weakref.ref(self.loader), name)
        if self.cache is not None:
            template = self.cache.get(key)
            if template is not None and (not self.auto_reload or template.is_up_to_date):
                if globals:
                    template.globals.update(globals)
                return template
        template = self.loader.load(self, name, dict(globals) if globals else {})
        if self.cache is not None:
            self.cache[key] = template
        return template

    def join_path(self, template: str, parent: str) -> str:
        """Return the name of a template that another one names; a subclass may make it relative to that."""
        return template

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return all globals that a template sees which has these of its own."""
        return {**self.globals, **(d or {})}

    def list_templates(
        self, extensions: Iterable[str] | None = None, filter_func: Callable[[str], bool] | None = None
    ) -> list[str]:
        """Return the names of the templates that the loader knows, those with some extensions only if told so."""
        if self.loader is None:
            raise TypeError("no loader for this environment specified")
        names = self.loader.list_templates()
        if extensions is not None and filter_func is not None:
            raise TypeError("either extensions or filter_func can be passed, but not both")
        if extensions is not None:
            endings = tuple(f".{extension}" for extension in extensions)
            return [name for name in names if name.endswith(endings)]
        return names if filter_func is None else [name for name in names if filter_func(name)]

    # What templates do through it

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what "obj.attribute" is in a template: the attribute, else the item."""
        if type(obj) is dict and attribute in obj and attribute not in _DICT_ATTRIBUTES:
            return obj[attribute]
        value = getattr(obj, attribute, missing)  # which costs less than an exception
        if value is not missing:
            return value
        try:
            return obj[attribute]
        except (TypeError, LookupError, AttributeError):
            return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return what "obj[argument]" is in a template: the item, else the attribute."""
        kind = type(obj)
        if kind is dict or hasattr(kind, "__getitem__") or isinstance(obj, type):  # list[int] is an item, too
            try:
                return obj[argument]
            except (AttributeError, TypeError, LookupError):
                pass
        if isinstance(argument, str):
            value = getattr(obj, argument, missing)
            if value is not missing:
                return value
        return self.undefined(obj=obj, name=argument)

    def call_filter(
        self,
        name: str,
        value: Any,
        args: Sequence[Any] | None = None,
        kwargs: Any = None,
        context: Context | None = None,
        eval_ctx: EvalContext | None = None,
    ) -> Any:
        """Call a filter by its name, as compiled code does."""
        return self._call_named("filter", name, value, args, kwargs, context, eval_ctx)

    def call_test(
        self,
        name: str,
        value: Any,
        args: Sequence[Any] | None = None,
        kwargs: Any = None,
        context: Context | None = None,
        eval_ctx: EvalContext | None = None,
    ) -> Any:
        """Call a test by its name, as compiled code does."""
        return self._call_named("test", name, value, args, kwargs, context, eval_ctx)

    def _call_named(self, kind, name, value, args, kwargs, context, eval_ctx):
        function: Any = (self.filters if kind == "filter" else self.tests).get(name)
        if function is None:
            if isinstance(name, Undefined):
                name._fail_with_undefined_error()
            absent(kind, name)()
        wanted = getattr(function, "jinja_pass_arg", None)
        if wanted is not None:
            if wanted == "context" and context is None:
                raise TemplateRuntimeError(f"Attempted to invoke a context {kind} without context.")
            if wanted == "eval_context" and eval_ctx is None:
                eval_ctx = EvalContext(self) if context is None else context.eval_ctx
            passed = {"context": context, "eval_context": eval_ctx, "environment": self}[wanted]
            value, args = passed, (value, *(args or ()))
        return function(value, *(args or ()), **(kwargs or {}))

    def handle_exception(self, source: str | None = None) -> Any:
        """Raise the exception that is being handled again, with the templates' lines in its traceback."""
        from .tracebacks import explain_recursion, rewrite_traceback

        error = sys.exc_info()[1]
        if error is None:
            raise RuntimeError("handle_exception() is for an except block: there is no exception here")
        if isinstance(error, TemplateSyntaxError) and source is not None and error.source is None:
            error.source = source
        explained: BaseException = explain_recursion(error) if type(error) is RecursionError else error
        if isinstance(error, StopIteration):  # it would end a loop of whoever renders, and nobody would know
            explained = RuntimeError(f"the template raised {error!r}")
            explained.__traceback__ = rewrite_traceback(error).__traceback__
        try:
            if explained is not error:
                raise explained from None
            raise rewrite_traceback(error)
        finally:
            del error, explained  # their tracebacks have this frame, which would have them: a cycle


_lexers: dict[tuple[Any, ...], Lexer] = {}
_no_file_re = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")  # no name that Python gives a file has these


def clear_caches() -> None:
    """Forget the lexers, and the environments of templates that were made without one."""
    _lexers.clear()
    spontaneous_environments.clear()


def select_autoescape(
    enabled_extensions: Iterable[str] = ("html", "htm", "xml"),
    disabled_extensions: Iterable[str] = (),
    default_for_string: bool = True,
    default: bool = False,
) -> Callable[[str | None], bool]:
    """Return a function for the option autoescape: whether output is escaped depends on the template's name.

    >>> choose = select_autoescape()
    >>> choose("page.HTML"), choose("mail.txt"), choose(None)
    (True, False, True)

    enabled_extensions    endings of names of templates whose output is escaped
    disabled_extensions   ... is not escaped
    default_for_string    ... for templates without a name
    default               ... for all others
    """
    escaped = tuple(f".{extension.lstrip('.').lower()}" for extension in enabled_extensions)
    plain = tuple(f".{extension.lstrip('.').lower()}" for extension in disabled_extensions)

    def autoescape(template_name: str | None) -> bool:
        if template_name is None:
            return default_for_string
        name = template_name.lower()
        if name.endswith(escaped):
            return True
        return False if name.endswith(plain) else default

    return autoescape


class LRUCache(OrderedDict):  # type: ignore[type-arg]
    """A dict of so many entries at most: what was not used for longest goes first."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity
        self._lock = threading.Lock()

    def get(self, key: Any, default: Any = None) -> Any:
        with self._lock:
            if key not in self:
                return default
            self.move_to_end(key)
            return self[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        with self._lock:
            super().__setitem__(key, value)
            if len(self) > self.capacity:
                self.popitem(last=False)

    def __reduce__(self) -> Any:
        return type(self), (self.capacity,)  # a copy begins empty: what is kept here belongs to others


def _make_cache(size):
    """Return what keeps so many templates; None for none."""
    if size == 0:
        return None
    return {} if size < 0 else LRUCache(size)


def _cache_size(cache):
    if cache is None:
        return 0
    return cache.capacity if isinstance(cache, LRUCache) else -1


Template.environment_class = Environment
Environment.template_class = Template
