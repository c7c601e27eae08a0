"""Templates: Jinja's language, compiled to Python.

    from nanoweb.template import Environment
    Environment(autoescape=True).from_string("Hello {{ name }}!").render(name="<Ada>")

A template goes through four steps, each a module: lexer, parser, compiler, and the runtime that its code works with.
Nothing here knows of HTTP.
"""

from .contexts import pass_context, pass_environment, pass_eval_context
from .environment import Environment, Template, clear_caches, select_autoescape
from .errors import (
    FilterArgumentError,
    SecurityError,
    TemplateAssertionError,
    TemplateError,
    TemplateNotFound,
    TemplateRecursionError,
    TemplateRuntimeError,
    TemplatesNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from .loaders import (
    BaseLoader,
    ChoiceLoader,
    DictLoader,
    FileSystemLoader,
    FunctionLoader,
    PackageLoader,
    PrefixLoader,
)
from .undefined import (
    ChainableUndefined,
    DebugUndefined,
    StrictUndefined,
    Undefined,
    is_undefined,
    make_logging_undefined,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .codecache import FileSystemBytecodeCache
    from .sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

__all__ = [
    "BaseLoader",
    "ChainableUndefined",
    "ChoiceLoader",
    "DebugUndefined",
    "DictLoader",
    "Environment",
    "FileSystemBytecodeCache",
    "FileSystemLoader",
    "FilterArgumentError",
    "FunctionLoader",
    "ImmutableSandboxedEnvironment",
    "PackageLoader",
    "PrefixLoader",
    "SandboxedEnvironment",
    "SecurityError",
    "StrictUndefined",
    "Template",
    "TemplateAssertionError",
    "TemplateError",
    "TemplateNotFound",
    "TemplateRecursionError",
    "TemplateRuntimeError",
    "TemplateSyntaxError",
    "TemplatesNotFound",
    "Undefined",
    "UndefinedError",
    "clear_caches",
    "is_undefined",
    "make_logging_undefined",
    "pass_context",
    "pass_environment",
    "pass_eval_context",
    "select_autoescape",
]

# {name: the module that has it}, of what few programs need.
_LATER = {
    "FileSystemBytecodeCache": "codecache",
    "ImmutableSandboxedEnvironment": "sandbox",
    "SandboxedEnvironment": "sandbox",
}


def __getattr__(name: str) -> object:
    """Load what is too heavy for those who do not ask for it."""
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
