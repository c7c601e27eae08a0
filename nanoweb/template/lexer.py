"""The words of a template: text on the one hand, statements and expressions cut into tokens on the other.

    Hi {{ user.name }}!     data "Hi ", variable_begin, name "user", ".", name "name", variable_end, data "!"

The first of the engine's steps.  A lexer belongs to the delimiters of an environment, and holds two kinds of
patterns: one finds the next delimiter in the text, the others read a token inside of the delimiters.  Comments, raw
blocks and the control of white space end here: the parser sees none of them.

Each pattern starts where the one before has ended, so the time is linear in the length of the source.
"""

from __future__ import annotations

import re

from .errors import TemplateSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .environment import Environment

    Token = tuple[int, str, Any]

__all__ = ["Lexer", "describe"]

# What a token is called in messages, where its kind alone would not do.
_DESCRIPTIONS = {
    "block_begin": "begin of statement block",
    "block_end": "end of statement block",
    "variable_begin": "begin of print statement",
    "variable_end": "end of print statement",
    "data": "template data / text",
    "eof": "end of template",
}

_CLOSING = {"(": ")", "[": "]", "{": "}"}

# Escapes are those of Python; a backslash that begins none stands for itself.
_escape_re = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = "\n\\'\"abfnrtvxuUN01234567"

# A float needs a dot or an exponent between digits, and stands behind no dot: rows.1.2 are two look-ups.
_TOKENS = r"""
    (?P<name> [^\W\d]\w* )
  | (?P<string> '[^'\\]*(?:\\.[^'\\]*)*' | "[^"\\]*(?:\\.[^"\\]*)*" )
  | (?P<float> (?<!\.) [0-9](?:_?[0-9])*
        (?: \.[0-9](?:_?[0-9])* (?:[eE][+-]?[0-9](?:_?[0-9])*)? | [eE][+-]?[0-9](?:_?[0-9])* ) )
  | (?P<integer> 0[bB](?:_?[01])+ | 0[oO](?:_?[0-7])+ | 0[xX](?:_?[0-9a-fA-F])+ | [1-9](?:_?[0-9])* | 0(?:_?0)* )
  | (?P<operator> // | \*\* | [=!<>]= | [-+*/%~<>=.:|,;()\[\]{}] )
"""


def describe(kind, value=None):
    """Say what a token is, in words for a message.

    >>> describe("name", "endfor"), describe("block_end"), describe(",")
    ('endfor', 'end of statement block', ',')
    """
    return value if kind == "name" and value is not None else _DESCRIPTIONS.get(kind, kind)


def _closing(end, newline):
    """The pattern of a closing delimiter: "-" takes the white space behind it, "+" keeps the newline.

    newline   whether a newline right behind it is taken without being asked
    """
    end = re.escape(end)
    return rf"\+{end}|-{end}\s*|{end}" + (r"\n?" if newline else "")


class Lexer:
    """Cuts the templates of an environment into tokens, each of them (lineno, kind, value).

    environment    has the delimiters, and says what is done with the white space around them

    The kind of an operator is the operator; the others are data, block_begin, block_end, variable_begin,
    variable_end, name, string, integer, float and eof.  A line statement begins and ends as a block does.
    """

    def __init__(self, environment: Environment) -> None:
        env = environment
        self.lstrip_blocks = env.lstrip_blocks
        self.newline_sequence = env.newline_sequence
        self.keep_trailing_newline = env.keep_trailing_newline
        begin = re.escape(env.block_start_string)
        block_end = _closing(env.block_end_string, env.trim_blocks)
        variable_end = re.escape(env.variable_end_string)
        self.opening = re.compile("|".join(_openings(env)), re.MULTILINE)
        self.closings = {
            "comment": re.compile(_closing(env.comment_end_string, env.trim_blocks)),
            "raw": re.compile(rf"{begin}(?P<sign>[-+]?)\s*endraw\s*(?:{block_end})"),
        }
        self.inside = {
            "block": _inside(r"\s*", block_end),
            "variable": _inside(r"\s*", rf"-{variable_end}\s*|{variable_end}"),
            "line_statement": _inside(r"[^\S\n]*", r"\n(?:\s*(?:\n|\Z))?|\Z"),  # empty lines behind it go with it
            "brackets": _inside(r"\s*", "(?!)"),  # no delimiter ends anything between brackets
        }

    def tokenize(self, source: str, name: str | None = None, filename: str | None = None) -> list[Token]:
        """Return the tokens of a template; the last one is "eof".

        raises   TemplateSyntaxError for what is no token, and for what is opened and never closed
        """
        return _Reading(self, self.normalize(source), name, filename).read()

    def normalize(self, source: str) -> str:
        """Make every line end in a newline alone, and drop the last one if it is not to be kept."""
        if "\r" in source:
            source = source.replace("\r\n", "\n").replace("\r", "\n")
        if source.endswith("\n") and not self.keep_trailing_newline:
            source = source[:-1]
        return source


def _openings(env):
    """Return the patterns of what may open; of those that begin alike, the longest goes first."""
    begin, end = re.escape(env.block_start_string), re.escape(env.block_end_string)
    found = [
        (text, rf"(?P<{kind}>{re.escape(text)}(?P<{kind}_sign>[-+]?))")
        for kind, text in [
            ("comment", env.comment_start_string),
            ("block", env.block_start_string),
            ("variable", env.variable_start_string),
        ]
    ]
    if env.line_statement_prefix is not None:
        prefix = env.line_statement_prefix
        found.append((prefix, rf"(?P<line_statement>^[ \t\v]*{re.escape(prefix)})"))
    if env.line_comment_prefix is not None:
        prefix = env.line_comment_prefix
        found.append((prefix, rf"(?P<line_comment>(?:^|(?<=\S))[^\S\n]*{re.escape(prefix)})"))
    found.sort(key=lambda item: len(item[0]), reverse=True)
    raw = rf"(?P<raw>{begin}(?P<raw_sign>[-+]?)\s*raw\s*(?:-{end}\s*|{end}))"
    return [raw, *(pattern for _, pattern in found)]


def _inside(blank, end):
    """The pattern of the next token inside of delimiters, or of what ends it all."""
    return re.compile(f"{blank} (?: (?P<end> {end} ) | {_TOKENS} )", re.VERBOSE | re.DOTALL)


class _Reading:
    """One template being read.

    position    what is before it has been read
    lineno      the line that position is in
    tokens      what has been found
    """

    def __init__(self, lexer, source, name, filename):
        self.lexer = lexer
        self.source = source
        self.where = (name, filename)
        self.position = 0
        self.lineno = 1
        self.tokens = []

    def fail(self, message):
        raise TemplateSyntaxError(message, self.lineno, *self.where)

    def read(self):
        find = self.lexer.opening.search
        match = find(self.source)
        while match is not None:
            kind = match.lastgroup
            self.read_text(match.start(), kind, "" if kind.startswith("line") else match[f"{kind}_sign"])
            self.advance(match.end())
            if kind == "raw" or kind == "comment":
                self.read_until(kind)
            elif kind == "line_comment":
                newline = self.source.find("\n", self.position)
                self.advance(newline if newline >= 0 else len(self.source))
            else:
                self.read_code(kind)
            match = find(self.source, self.position)
        self.read_text(len(self.source))
        self.advance(len(self.source))
        self.tokens.append((self.lineno, "eof", None))
        return self.tokens

    def advance(self, position):
        self.lineno += self.source.count("\n", self.position, position)
        self.position = position

    def read_text(self, stop, kind="", sign=""):
        """Take the text up to stop, without the white space that the delimiter there takes away.

        kind    of the delimiter; only text may stand before "variable", and before a line statement
        sign    "-" takes all white space before it, "+" leaves what lstrip_blocks would take
        """
        text = self.source[self.position : stop]
        if sign == "-":
            text = text.rstrip()
        elif self.lexer.lstrip_blocks and sign != "+" and kind in ("block", "comment", "raw"):
            text = self.without_indent(text)
        if text:
            if self.lexer.newline_sequence != "\n":
                text = text.replace("\n", self.lexer.newline_sequence)
            self.tokens.append((self.lineno, "data", text))

    def without_indent(self, text):
        """Drop the white space at the end of a text, if the line has nothing before it."""
        start = text.rfind("\n") + 1
        whole_line = start > 0 or self.position == 0 or self.source[self.position - 1] == "\n"
        return text[:start] if whole_line and not text[start:].strip() else text

    def read_until(self, kind):
        """Read a comment or a raw block up to its end."""
        match = self.lexer.closings[kind].search(self.source, self.position)
        if match is None:
            self.fail("Missing end of comment tag" if kind == "comment" else "Missing end of raw directive")
        if kind == "raw":
            self.read_text(match.start(), "raw", match["sign"])
        self.advance(match.end())

    def read_code(self, kind):
        """Read what stands between delimiters."""
        outer = self.lexer.inside[kind].match
        nested = self.lexer.inside["brackets"].match
        source, add = self.source, self.tokens.append
        kind = "variable" if kind == "variable" else "block"
        add((self.lineno, f"{kind}_begin", None))
        position, lineno = self.position, self.lineno
        brackets: list[str] = []
        while True:
            match = (nested if brackets else outer)(source, position)
            if match is None:
                self.refuse(position, brackets)
            group = match.lastgroup
            value = match[group]
            start, position = match.start(), match.end()
            if position - start > len(value):  # there is white space before it
                lineno += source.count("\n", start, position - len(value))
            if group == "name":
                if source[position : position + 1] > "\x7f":
                    position = self.end_of_name(position)
                    value = source[match.start(group) : position]
                if not value.isidentifier():
                    self.lineno = lineno
                    self.fail(f"Invalid character in identifier {value!r}")
                add((lineno, "name", value))
            elif group == "operator":
                if value in _CLOSING:
                    brackets.append(_CLOSING[value])
                elif value in ")]}":
                    self.close(value, brackets, lineno)
                add((lineno, value, value))
            elif group == "end":
                break
            else:
                add((lineno, group, self.read_value(group, value, lineno)))
                lineno += value.count("\n")
        add((lineno, f"{kind}_end", None))
        self.lineno = lineno + value.count("\n")
        self.position = position

    def end_of_name(self, position):
        """Return where a name ends: marks, such as the vowels of Hindi, are part of it and no "\\w"."""
        while position < len(self.source) and f"a{self.source[position]}".isidentifier():
            position += 1
        return position

    def close(self, bracket, brackets, lineno):
        self.lineno = lineno
        if not brackets:
            self.fail(f"unexpected {bracket!r}")
        expected = brackets.pop()
        if expected != bracket:
            self.fail(f"unexpected {bracket!r}, expected {expected!r}")

    def refuse(self, position, brackets):
        """Raise for what is no token."""
        rest = self.source[position:]
        self.advance(position + len(rest) - len(rest.lstrip()))
        if self.position < len(self.source):
            self.fail(f"unexpected char {self.source[self.position]!r} at {self.position}")
        missing = f"expected {brackets[-1]!r}" if brackets else "its closing delimiter is missing"
        self.fail(f"the template ends within a tag: {missing}")

    def read_value(self, kind, text, lineno):
        """Return the value of a literal."""
        try:
            if kind == "integer":
                return int(text.replace("_", ""), 0)
            if kind == "float":
                return float(text.replace("_", ""))
            if "\\" not in text:
                return text[1:-1]
            text = _escape_re.sub(lambda match: match[0] if match[1] in _ESCAPES else "\\" + match[0], text[1:-1])
            return text.encode("ascii", "backslashreplace").decode("unicode-escape")
        except ValueError as error:  # an integer of thousands of digits, or "\x" without its two
            self.lineno = lineno
            self.fail(str(error).split(":")[-1].strip())
