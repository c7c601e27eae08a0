"""How rules are matched: a pattern for each segment with variables, and a tree of segments.

    /user/me                  user
    /user/<int:id>/edit       ├ me          a text: the key of a dictionary
    /user/<name>              ├ <int:id>    patterns: tried in the order of their weight
                              │ └ edit
                              └ <name>

In a request's way: a walk from the root takes a step for each segment of the
path.  The tree of rules grows with the application, the walk does not.

A pattern is matched whole (fullmatch), and its digits are [0-9]: neither a
newline at the end nor the digits of other scripts get through.  Where two
variables of the same kind share a segment, the pattern is written so that there
is one way to match, not one for each place to cut: see Segment.  Where it cannot
be written so, it takes no text longer than LONGEST_AMBIGUOUS.
"""

from __future__ import annotations

import re
import sys

from .converters import (
    AnyConverter,
    BaseConverter,
    FloatConverter,
    IntegerConverter,
    UnicodeConverter,
    UUIDConverter,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .rules import Rule

_FREE_TEXT = "[^/]{1,}"
_FREE_PATH = "[^/].*?"

# The characters that a segment (or with path: what is left of the path) may have, where two variables could share
# it in more than one way: "<a>-<int:b>-<c>.<d>", "<string(minlength=2):a>-<b>".  The ways are as many as the square
# of the length, with three such variables as its cube and so on; so for each one more it is half of this, down to
# 16.  Longer texts do not fit.  A segment of one variable, or where all but one of them can only end in one place
# ("<a>-<b>.txt", "<slug>-<int:id>"), has no bound.
LONGEST_AMBIGUOUS = 500

# The text of a rule

_piece_re = re.compile(
    r"""
    (?P<text> / | [^</]+ )
    |
    <
      (?: (?P<converter> [a-zA-Z_][a-zA-Z0-9_]* ) (?: \( (?P<arguments> .*? ) \) )? : )?
      (?P<variable> [a-zA-Z_][a-zA-Z0-9_]* )
    >
    """,
    re.VERBOSE,
)


def parse_rule(rule):
    """Yield the pieces of a rule: its slashes, the texts between, and (variable, converter, arguments).

    >>> list(parse_rule("/a/<int(min=1):n>.txt"))
    ['/', 'a', '/', ('n', 'int', 'min=1'), '.txt']
    """
    position = 0
    while position < len(rule):
        match = _piece_re.match(rule, position)
        if match is None:
            raise ValueError(
                f"rule {rule!r}: what starts at {rule[position:]!r} is no variable;"
                " write <name>, <converter:name> or <converter(arguments):name>"
            )
        text, converter, arguments, variable = match.groups()
        yield text if variable is None else (variable, converter or "default", arguments or "")
        position = match.end()


# The segments


class Segment:
    """A segment of a rule that has variables in it: how to match it, and when it is tried.

    source     the pattern
    weight     the segment that sorts first is tried first: more texts, longer texts, more
               variables, lighter converters
    final      one of its converters takes slashes, so it matches all that is left of the path
    suffixed   it is final and the rule ends in a slash
    whole      it is a single variable and nothing else
    tail       the text that it ends in; what does not end so needs no more looking at
    longest    how many characters it takes: see LONGEST_AMBIGUOUS

    In ``<a>-<b>-<c>.txt`` a text of n dashes can be cut in n*n ways, and a plain
    "([^/]+)-([^/]+)-([^/]+)[.]txt" tries them all before it gives up.  But the first
    variable takes as much as it can, so what follows a "-" holds no other "-" (if it
    did, the variable before would have taken it).  Written into the pattern, this
    leaves one way to cut.  With path it is the other way round: it takes as little as it can.
    """

    __slots__ = ("final", "groups", "longest", "pattern", "source", "suffixed", "tail", "weight", "whole")

    def __init__(self, pieces, final=False):
        texts = [piece for piece in pieces if type(piece) is str and piece != "/"]
        converters = [piece[1] for piece in pieces if type(piece) is tuple]
        self.weight = (
            -len(texts),
            tuple((index, -len(text)) for index, text in enumerate(texts)),
            -len(converters),
            tuple(converter.weight for converter in converters),
        )
        self.final = final
        self.suffixed = final and pieces[-1] == "/"
        self.whole = len(pieces) == 1
        self.tail = pieces[-1] if type(pieces[-1]) is str and not self.suffixed else ""
        self.longest = sys.maxsize
        if self.whole:
            self.source = converters[0].regex
        else:
            joined = _joined(pieces[:-1] if self.suffixed else pieces)
            undecided = sum([not _is_decided(joined, index) for index in range(len(joined))])
            if undecided > 1:
                self.longest = max(LONGEST_AMBIGUOUS >> (undecided - 2), 16)
            self.source = _source(joined)
            self.source += "(?<!/)(/?)" if self.suffixed else ""
        self.groups = [f"_nanoweb_{number}" for number in range(len(converters))]
        self.pattern = re.compile(self.source)

    @property
    def key(self):
        """Two segments with the same key are the same place in the tree."""
        return (self.source, self.weight, self.final, self.suffixed, self.whole, self.longest)

    def test(self):
        """Return the function that tells whether a text fits, for a segment that is whole."""
        if self.source in (_FREE_TEXT, BaseConverter.regex):
            return bool  # a segment has no slash, so any but the empty one
        if self.source == IntegerConverter.regex:
            return _is_number
        return re.compile("[^/].*").fullmatch if self.source == _FREE_PATH else self.pattern.fullmatch

    def read(self, text):
        """Return the texts of the variables, and whether there was a slash at the end; or None."""
        fits = len(text) <= self.longest and text.endswith(self.tail)
        match = self.pattern.fullmatch(text) if fits else None
        if match is None:
            return None
        return [match[group] for group in self.groups], self.suffixed and text.endswith("/")


def _is_number(text):
    """What IntegerConverter.regex says, in less time."""
    return text.isdigit() and text.isascii() and len(text) <= 640


def split_segments(pieces):
    """Yield the segments between the slashes: a str where there is no variable, else a Segment.

    pieces   texts and (variable, converter)

    A segment with a converter that takes slashes is the last one, but for the
    empty one after a slash at the end.
    """
    segment: list[Any] = []
    final = False
    for piece in pieces:
        if piece == "/" and not final:
            yield close_segment(segment)
            segment = []
            continue
        segment.append(piece)
        final = final or (type(piece) is tuple and not piece[1].part_isolating)
    yield close_segment(segment, final)
    if final and segment[-1] == "/":
        yield ""


def close_segment(pieces, final=False):
    """Return the pieces of one segment as a str if they are texts, else as a Segment."""
    if any(type(piece) is tuple for piece in pieces):
        return Segment(pieces, final)
    return "".join(pieces)


def _joined(pieces):
    """The pieces with neighbouring texts made one, and for each variable its converter."""
    joined = []
    for piece in pieces:
        if type(piece) is tuple:
            joined.append(piece[1])
        elif joined and type(joined[-1]) is str:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _source(pieces):
    """The pattern of a segment; its variables are the groups _nanoweb_0, _nanoweb_1 and so on."""
    source = ""
    number = 0
    for index, piece in enumerate(pieces):
        if type(piece) is str:
            source += re.escape(piece)
            continue
        regex = _exclusive(pieces, index) or piece.regex
        source += f"(?P<_nanoweb_{number}>{regex})"
        number += 1
    return source


def _exclusive(pieces, index):
    """The regex of a variable that leaves out what a neighbour of its kind takes; None without such a neighbour."""
    regex = pieces[index].regex
    if regex == _FREE_TEXT:
        between = _since_free_text(pieces[:index])
        if between is not None:  # it may only stand at the end, where no text is left for this variable
            return f"(?:(?!{re.escape(between)})[^/])*[^/]{{1,{len(between)}}}" if between else "[^/]"
    elif regex == _FREE_PATH:
        between = _until_free_path(pieces[index + 1 :])
        if between is not None:
            return f"[^/](?:(?!{between}[^/]).)*"
    return None


def _is_decided(pieces, index):
    """Whether a piece that starts here can end in few places only, and others that start elsewhere overlap little.

    A number does between texts that are no digits, and a text between slashes.
    """
    piece = pieces[index]
    if type(piece) in (str, UUIDConverter, AnyConverter) or _exclusive(pieces, index):
        return True
    before = pieces[index - 1] if index else "/"
    after = pieces[index + 1] if index + 1 < len(pieces) else "/"
    if type(before) is not str or type(after) is not str:
        return _is_short(piece.regex)
    if type(piece) in (IntegerConverter, FloatConverter):
        return not before.isdigit() and not after[0].isdigit()
    if type(piece) is UnicodeConverter and "/" in before and after[0] == "/":
        return True
    return _is_short(piece.regex)


_is_short = re.compile(r"\[\^/\]\{[0-9]{1,2}\}", re.ASCII).fullmatch


def _since_free_text(before):
    """The text between the last variable and here, if that takes any text too; else None."""
    text = before.pop() if before and type(before[-1]) is str else ""
    return text if before and getattr(before[-1], "regex", None) == _FREE_TEXT else None


def _until_free_path(after):
    """The pattern of what comes before the next path; None if there is none, or more than one way to match it."""
    source = ""
    for piece, following in zip(after, [*after[1:], None]):
        if type(piece) is str:
            source += re.escape(piece)
        elif piece.regex == _FREE_PATH:
            return source
        elif type(piece) in _OF_ONE_SEGMENT and type(following) is str and following[0] == "/":
            source += piece.regex
        else:
            return None
    return None


_OF_ONE_SEGMENT = (UnicodeConverter, IntegerConverter, FloatConverter, UUIDConverter)


# The tree


class Node:
    """A place in the tree: what may come next, and the rules that end here.

    static     text of the next segment → node
    patterns   key of the next segment's pattern → (Segment, node), in the order of registration
    dynamic    the same in the order of tries, as the walk wants it: (test or None, Segment, node)
    only       (test, node) if there is one pattern, and that is a single variable
    rules      the rules that end here, in the order of registration
    exact      below a domain: path → method (None for all others) → rule, for paths without variables

    A walk may be on while a rule is added.  So nothing here is changed in place
    but the dicts, and those only grow: a walk sees a rule wholly or not at all.
    """

    __slots__ = ("dynamic", "exact", "only", "patterns", "rules", "static")

    def __init__(self):
        self.static: dict[str, Node] = {}
        self.patterns: dict[Any, tuple[Segment, Node]] = {}
        self.dynamic: tuple[tuple[Any, Segment, Node], ...] = ()
        self.only: tuple[Any, Node] | None = None
        self.rules: tuple[Rule, ...] = ()
        self.exact: dict[str, dict[str | None, Rule]] = {}

    def grow(self, segment):
        """Return the node that a segment leads to, made if there is none."""
        if type(segment) is str:
            node = self.static.get(segment)
            if node is None:
                node = self.static[segment] = Node()
            return node
        if segment.key not in self.patterns:
            self.patterns[segment.key] = (segment, Node())
        return self.patterns[segment.key][1]

    def sort(self):
        """Bring the patterns into the order in which they are tried."""
        entries = sorted(self.patterns.values(), key=lambda entry: entry[0].weight)
        self.only = None
        self.dynamic = tuple(
            [(segment.test() if segment.whole else None, segment, node) for segment, node in entries]
        )
        test, segment, node = self.dynamic[0]
        if len(entries) == 1 and segment.whole and not segment.final:
            self.only = (test, node)


_END: list[str] = []
_SLASH = [""]


def walk(node, parts, at, texts, method, websocket, missed):
    """Find the rule that the parts of a path lead to from a node; each node is visited at most once.

    parts    the segments of the path; those from parts[at] on are still to be matched
    texts    what the variables so far stand for: a list that is this walk's own
    missed   takes what would fit but for the method, or for being a WebSocket or not
    returns  (rule, values); values is None if the path only lacks the slash at its end;
             None if there is no rule
    """
    last = len(parts)
    while at < last:
        part = parts[at]
        at += 1
        child = node.static.get(part)
        if child is not None:
            if not node.dynamic and (part or at < last):  # nothing to come back for
                node = child
                continue
            found = walk(child, parts, at, texts[:], method, websocket, missed)
            if found is not None:
                return found
        elif part:
            only = node.only  # read once: another thread may be adding a rule
            if only is not None:
                test, node = only
                if not test(part):
                    return None
                texts.append(part)
                continue
        return _walk_patterns(node, parts, at, texts, method, websocket, missed)
    for rule in node.rules:  # as in _choose(); most walks end here, and this saves them a call
        if (rule.methods is not None and method not in rule.methods) or rule.websocket != websocket:
            missed.append((rule, texts))
        else:
            values = rule._values(texts)
            if values is not None:
                return rule, values
    if "" in node.static:
        found = _choose(node.static[""].rules, texts, method, websocket, [])
        if found is not None:
            return (found[0], None) if found[0].strict_slashes else found
    return None


def _walk_patterns(node, parts, at, texts, method, websocket, missed):
    """The walk on where parts[at - 1] is no text that leads on: each pattern in turn, at last a slash too many."""
    part = parts[at - 1]
    for test, segment, child in node.dynamic:
        if segment.final:
            text = "/".join(parts[at - 1 :])
            found = _walk_to_the_end(test, segment, child, text, texts, method, websocket, missed)
        elif test is not None:
            found = test(part) and walk(child, parts, at, [*texts, part], method, websocket, missed)
        else:
            read = segment.read(part)
            found = read and walk(child, parts, at, texts + read[0], method, websocket, missed)
        if found:
            return found
    if part == "" and at == len(parts):
        lenient = [rule for rule in node.rules if not rule.strict_slashes]
        return _choose(lenient, texts, method, websocket, missed)
    return None


def _walk_to_the_end(test, segment, child, text, texts, method, websocket, missed):
    """The walk on through a segment that takes all that is left."""
    if test is not None:
        return test(text) and walk(child, _END, 0, [*texts, text], method, websocket, missed)
    read = segment.read(text)
    if read is None:
        return None
    return walk(child, _SLASH if read[1] else _END, 0, texts + read[0], method, websocket, missed)


def _choose(rules, texts, method, websocket, missed):
    """The first of the rules that takes the request, with its values."""
    for rule in rules:
        if (rule.methods is not None and method not in rule.methods) or rule.websocket != websocket:
            missed.append((rule, texts))
        else:
            values = rule._values(texts)
            if values is not None:
                return rule, values
    return None
