"""Templates: Jinja's language, compiled to Python.

    from nanoweb.template import Environment
    Environment(autoescape=True).from_string("Hello {{ name }}!").render(name="<Ada>")

A template goes through four steps, each a module: lexer, parser, compiler, and the runtime that its code works with.
Nothing here knows of HTTP.
"""

from .contexts import pass_context, pass_environment, pass_eval_context
from .environment import Environment, Template
from .errors import (
    TemplateAssertionError,
    TemplateError,
    TemplateNotFound,
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
from .undefined import ChainableUndefined, DebugUndefined, StrictUndefined, Undefined, make_logging_undefined

__all__ = [
    "BaseLoader",
    "ChainableUndefined",
    "ChoiceLoader",
    "DebugUndefined",
    "DictLoader",
    "Environment",
    "FileSystemLoader",
    "FunctionLoader",
    "PackageLoader",
    "PrefixLoader",
    "StrictUndefined",
    "Template",
    "TemplateAssertionError",
    "TemplateError",
    "TemplateNotFound",
    "TemplateRuntimeError",
    "TemplateSyntaxError",
    "TemplatesNotFound",
    "Undefined",
    "UndefinedError",
    "make_logging_undefined",
    "pass_context",
    "pass_environment",
    "pass_eval_context",
]
