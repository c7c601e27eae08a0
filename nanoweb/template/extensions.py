"""What else the language may have: the option extensions of an environment.

    Environment(extensions=["do", "loopcontrols"])

do              {% do list.append(1) %}: an expression whose value is not put out
loopcontrols    {% break %} and {% continue %}
debug           {% debug %}: what the template sees
i18n            {% trans %}: see translation

The names below stand for those of Jinja's classes.
"""

from __future__ import annotations

from importlib import import_module

from .parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .environment import Environment

__all__ = ["EXTENSIONS", "Extension", "debug", "do", "find_extension", "i18n", "loopcontrols", "refuse"]

# {extension: the tags that it adds}; its name is the last part of what others call it ("jinja2.ext.do").
EXTENSIONS: dict[str, dict[str, Any]] = {
    "autoescape": {},  # {% autoescape %} and {% with %} have been extensions once
    "debug": {"debug": Parser.parse_debug},
    "do": {"do": Parser.parse_do},
    "i18n": {},  # translation.install() adds them
    "loopcontrols": {"break": Parser.parse_break, "continue": Parser.parse_continue},
    "with": {},
    "with_": {},
}

debug = DebugExtension = "debug"
do = ExprStmtExtension = "do"
i18n = InternationalizationExtension = "i18n"
loopcontrols = LoopControlExtension = "loopcontrols"


class Extension:
    """What extensions of one's own derive from.

    What one adds to its environment when it is made, and its preprocess(), work.  A tag of it cannot: it
    would be read into Jinja's nodes, which are not those of this package.

    identifier    its name, module and class
    tags          the names of its tags, each refused where a template uses it
    """

    identifier: str
    tags: frozenset[str] | set[str] = frozenset()
    priority = 100

    def __init_subclass__(cls) -> None:
        cls.identifier = f"{cls.__module__}.{cls.__name__}"

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def bind(self, environment: Environment) -> Extension:
        """Return the same extension for an overlay of its environment."""
        other: Extension = object.__new__(type(self))
        other.__dict__.update(self.__dict__, environment=environment)
        return other

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return the source as it is to be read."""
        return source


def find_extension(name: str) -> type[Extension] | None:
    """Return the class that "package.module.Class" names; None for a name of ours."""
    module, _, short = name.rpartition(".")
    if module in {"", "jinja2.ext"} and short in EXTENSIONS:
        return None
    try:
        found = getattr(import_module(module), short)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"no extension {name!r}: {error}; there are {', '.join(sorted(EXTENSIONS))}") from None
    return found


def refuse(extension: Extension, tag: str) -> Callable[[Parser, int], Any]:
    """Return what stands in a parser for a tag of an extension of one's own."""

    def read(parser: Parser, lineno: int) -> Any:
        parser.fail(
            f"tag {tag!r} is of {extension.identifier}, and an extension of one's own has no tags here, since it"
            " builds Jinja's nodes: use a filter, a global function, or a macro with {% call %}",
            lineno,
        )

    return read
