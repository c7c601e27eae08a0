"""Templates in several languages: the tag trans, and the functions it calls.

    {% trans user=user.name %}Hello {{ user }}!{% endtrans %}      gettext("Hello %(user)s!") % {"user": user.name}
    {% trans n=mails|length %}One mail{% pluralize %}{{ n }} mails{% endtrans %}     ngettext("One mail", ..., n)
    {{ _("Hello %(user)s!", user=user.name) }}                     newstyle: the function fills the variables in

In a request's way: install() gives an environment the tag, the name "_" and the methods
install_*(), with which the application says who translates.  The texts that are looked
up are those that extract_translations() finds in the sources.  A translation is the
author's HTML and is not escaped; the variables in it are.
"""

from __future__ import annotations

import functools

from ..markup import Markup
from . import nodes
from .errors import TemplateAssertionError
from .runtime import pass_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Union

    from .environment import Environment
    from .parser import Parser

    Strings = Union[str, None, tuple[Union[str, None], ...]]

__all__ = ["GETTEXT_FUNCTIONS", "extract_translations", "install"]

GETTEXT_FUNCTIONS = ("_", "gettext", "ngettext", "pgettext", "npgettext")


def install(environment: Environment) -> None:
    """Give an environment the tag trans and what goes with it.

    >>> from .environment import Environment
    >>> environment = Environment(extensions=["i18n"])
    >>> environment.install_gettext_callables(str.upper, lambda one, many, n: one if n == 1 else many)
    >>> environment.from_string("{% trans %}Hello{% endtrans %}").render()
    'HELLO'
    """
    environment.tags = {**environment.tags, "trans": parse_trans}
    environment.filters["_translated"] = _format_translation
    environment.globals["_"] = _call_gettext
    environment.newstyle_gettext = False
    for method in (
        install_gettext_translations,
        install_null_translations,
        install_gettext_callables,
        uninstall_gettext_translations,
        extract_translations,
    ):
        setattr(environment, method.__name__, functools.partial(method, environment))


# What the application calls.


def install_gettext_translations(environment: Environment, translations: Any, newstyle: bool | None = None) -> None:
    """Translate with an object that has gettext() and ngettext(), as those of the module gettext have.

    newstyle    calls of the functions fill in variables: _("Hello %(name)s", name=name)
    """
    install_gettext_callables(
        environment,
        translations.gettext,
        translations.ngettext,
        newstyle,
        getattr(translations, "pgettext", None),
        getattr(translations, "npgettext", None),
    )


def install_null_translations(environment: Environment, newstyle: bool | None = None) -> None:
    """Translate nothing, and let templates with translations work all the same."""
    install_gettext_translations(environment, _NullTranslations, newstyle)


def install_gettext_callables(
    environment: Environment,
    gettext: Callable[[str], str],
    ngettext: Callable[[str, str, int], str],
    newstyle: bool | None = None,
    pgettext: Callable[[str, str], str] | None = None,
    npgettext: Callable[[str, str, str, int], str] | None = None,
) -> None:
    """Translate with functions: of a text, of one and many, and both within a context."""
    if newstyle is not None:
        environment.newstyle_gettext = newstyle
    functions: list[Any] = [gettext, ngettext, pgettext, npgettext]
    for (name, parameters), function in zip(_parameters.items(), functions):
        is_new = function is not None and environment.newstyle_gettext
        environment.globals[name] = _make_newstyle(function, parameters) if is_new else function


def uninstall_gettext_translations(environment: Environment, translations: Any = None) -> None:
    """Take the functions away again."""
    for name in _parameters:
        environment.globals.pop(name, None)


def extract_translations(
    environment: Environment, source: Any, gettext_functions: Sequence[str] = GETTEXT_FUNCTIONS
) -> Iterator[tuple[int, str, Strings]]:
    """Find the texts of a template that are to be translated: (line, function, text or texts).

    >>> from .environment import Environment
    >>> list(extract_translations(Environment(extensions=["i18n"]), "{{ _('Hello') }}"))
    [(1, '_', 'Hello')]

    returns    several texts are a tuple; None stands for an argument that is not a text
    """
    tree = environment.parse(source) if isinstance(source, str) else source
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.function, nodes.Name) or call.function.name not in gettext_functions:
            continue
        arguments = call.arguments
        texts: list[str | None] = [_get_text(node) for node in arguments.positional]
        texts += [None] * (len(arguments.named) + (arguments.rest is not None) + (arguments.more is not None))
        yield call.lineno, call.function.name, texts[0] if len(texts) == 1 else tuple(texts)


def _get_text(node):
    return node.value if isinstance(node, nodes.Constant) and isinstance(node.value, str) else None


# What templates call.


class _NullTranslations:
    @staticmethod
    def gettext(text):
        return text

    @staticmethod
    def ngettext(one, many, n):
        return one if n == 1 else many

    @staticmethod
    def pgettext(context, text):
        return text

    @staticmethod
    def npgettext(context, one, many, n):
        return one if n == 1 else many


# What each function takes; None is a text, a name is that of a variable in the text, too.
_parameters = {
    "gettext": [None],
    "ngettext": [None, None, "num"],
    "pgettext": ["context", None],
    "npgettext": ["context", None, None, "num"],
}


def _make_newstyle(function, parameters):
    """Let a function fill in variables: those named in a call, and its own arguments."""

    @pass_context
    def translate(context, /, *args, **variables):
        if len(args) != len(parameters):
            raise TypeError(f"a translation takes {len(parameters)} arguments and then name=value, not {args!r}")
        for name, value in zip(parameters, args):
            if name is not None:
                variables.setdefault(name, value)
        return _fill_in(context, context.call(function, *args), variables)

    return translate


def _fill_in(context, text, variables):
    if context.eval_ctx.autoescape:
        text = Markup(text)
    environment = context.environment
    if "%" in environment.intercepted_binops:  # a sandbox looks at what may become too long
        return environment.call_binop(context, "%", text, variables)
    return text % variables


@pass_context
def _call_gettext(context, /, *args, **kwargs):
    """What "_" is: gettext, whichever it is when it is called."""
    return context.call(context.resolve("gettext"), *args, **kwargs)


@pass_context
def _format_translation(context, text, variables=None):
    """Fill in the variables of a tag trans; the tag calls this as a filter."""
    if variables is None:
        return Markup(text) if context.eval_ctx.autoescape else text
    return _fill_in(context, text, variables)


# What the parser calls.


class _Trans:
    """What stands in a tag trans, while it is read.

    variables    the variables of the text to the expressions for them
    number       the variable that chooses between one and many
    trimmed      is white space around line breaks left out?
    """

    def __init__(self, parser: Parser) -> None:
        self.context: str | None = None
        self.variables: dict[str, Any] = {}
        self.number: str | None = None
        self.trimmed: bool | None = None
        self.assignment: Any = None
        if parser.kind == "string":
            self.context = parser.advance()
        while parser.kind != "block_end":
            if self.variables:
                parser.expect(",")
            if parser.skip(":"):
                break
            self.read_variable(parser)
        parser.expect("block_end")
        if self.trimmed is None:
            self.trimmed = parser.environment.policies["ext.i18n.trimmed"]

    def read_variable(self, parser):
        """Read "name", "name=expression", or the words "trimmed" and "notrimmed"."""
        lineno = parser.lineno
        name = parser.expect("name")
        if name in self.variables:
            parser.fail(f"translatable variable {name!r} defined twice.", lineno, TemplateAssertionError)
        if parser.skip("="):
            value = parser.parse_expression()
        elif self.trimmed is None and name in {"trimmed", "notrimmed"}:
            self.trimmed = name == "trimmed"
            return
        else:
            value = nodes.Name(lineno, name)
        if self.number is None:
            self.number = name
            if isinstance(value, nodes.Call):  # it is needed twice, and called once
                self.assignment = nodes.Assign(lineno, nodes.Name(lineno, "_trans"), value)
                value = nodes.Name(lineno, "_trans")
        self.variables[name] = value

    def read_text(self, parser, pluralized=False):
        """Read up to pluralize or endtrans; return the text with its variables as "%(name)s"."""
        parts = []
        while parser.kind != "block_begin":
            lineno, kind, value = parser.lineno, parser.kind, parser.value
            if kind == "eof":
                parser.fail("unclosed translation block." + parser.describe_open())
            parser.advance()
            if kind == "data":
                parts.append(value.replace("%", "%%"))
                continue
            name = parser.expect("name")
            parser.expect("variable_end")
            parts.append(f"%({name})s")
            self.variables.setdefault(name, nodes.Name(lineno, name))
            if self.number is None:
                self.number = name
        parser.advance()
        self.check_end(parser, pluralized)
        text = "".join(parts)
        return " ".join(filter(None, map(str.strip, text.split("\n")))) if self.trimmed else text

    def check_end(self, parser, pluralized):
        word = parser.value if parser.kind == "name" else None
        if word == "pluralize" and pluralized:
            parser.fail("a translatable section can have only one pluralize section")
        if word == "trans":
            parser.fail("trans blocks can't be nested; did you mean `endtrans`?")
        if word not in {"pluralize", "endtrans"}:
            parser.fail(f"control structures in translatable sections are not allowed; saw `{word}`")

    def read_number(self, parser, lineno):
        """Read the tag pluralize, which may name the variable that counts."""
        if parser.kind == "name":
            name = parser.value
            if name not in self.variables:
                parser.fail(f"unknown variable {name!r} for pluralization", kind=TemplateAssertionError)
            self.number = parser.advance()
        if self.number is None:
            parser.fail("pluralize without variables", lineno)
        parser.expect("block_end")


def parse_trans(parser: Parser, lineno: int) -> Any:
    """Read {% trans %} up to the name of {% endtrans %}; return calls of gettext or one of its kin."""
    trans = _Trans(parser)
    one = trans.read_text(parser)
    many = None
    if parser.advance() == "pluralize":
        trans.read_number(parser, lineno)
        many = trans.read_text(parser, pluralized=True)
        parser.advance()
    output = nodes.Output(lineno, [_make_call(parser.environment, lineno, trans, one, many)])
    return output if trans.assignment is None else [trans.assignment, output]


def _make_call(environment, lineno, trans, one, many):
    newstyle = environment.newstyle_gettext
    texts = [text for text in (one, many) if text is not None]
    if not newstyle and not trans.variables:  # nobody fills in, so nothing has to be kept from that
        texts = [text.replace("%%", "%") for text in texts]
    if trans.context is not None:
        texts.insert(0, trans.context)
    arguments = [nodes.Constant(lineno, text) for text in texts]
    name = "gettext" if trans.context is None else "pgettext"
    if many is not None:
        name = "n" + name
        arguments.append(trans.variables[trans.number])
    if newstyle:
        # ngettext() knows its "num" already.
        named = [
            pair for pair in trans.variables.items() if many is None or pair[0] != "num" or trans.number != "num"
        ]
        return nodes.Call(lineno, nodes.Name(lineno, name), nodes.Arguments(lineno, arguments, named, None, None))
    call = nodes.Call(lineno, nodes.Name(lineno, name), nodes.Arguments(lineno, arguments, [], None, None))
    given = []
    if trans.variables:
        pairs = [(nodes.Constant(lineno, name), value) for name, value in trans.variables.items()]
        given.append(nodes.DictLiteral(lineno, pairs))
    return nodes.Filter(lineno, call, "_translated", nodes.Arguments(lineno, given, [], None, None))
