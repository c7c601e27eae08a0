"""What else the language may have: the option extensions of an environment.

    Environment(extensions=["do", "loopcontrols"])

do              {% do list.append(1) %}: an expression whose value is not put out
loopcontrols    {% break %} and {% continue %}
debug           {% debug %}: what the template sees
i18n            {% trans %}: see translation

The names below stand for those of Jinja's classes.
"""

from __future__ import annotations

from .parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["EXTENSIONS", "Extension", "debug", "do", "i18n", "loopcontrols"]

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
    """What extensions of one's own derive from in Jinja.  Here they cannot: the tree has nodes of its own."""

    def __init_subclass__(cls) -> None:
        raise TypeError(
            f"{cls.__name__}: an extension for Jinja builds Jinja's nodes, which are not those of this package."
            " Use a filter, a global function, or a macro with {% call %}; or subclass Environment.preprocess()"
        )
