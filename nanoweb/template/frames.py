"""What the compiler keeps in mind: which names there are at a point of the template, and the source so far."""

from __future__ import annotations

from . import nodes

__all__ = ["Frame", "Source", "target_names"]


class Frame:
    """A part of the template that has names of its own.

    kind         "root", "block", "macro", "for", or "inner" for those without more to them
    names        {name: its local}, of all that is assigned in this frame
    parameters   of a macro: names that its call gives a value
    sure         those names that have a value at the point that is being compiled
    initial      those that need one when the frame begins: the outer one's, or the context's
    slot         where in the source that is written
    write        the function that output goes to; None if it is yielded
    add          the one that takes the values for it; None if all is made text at once
    heard        its output is part of a value, and so goes somewhere whatever template extends another
    autoescape   whether output is escaped; None if that is only known when it runs
    soft         the code runs only if a condition holds: a filter that is missing is no error yet
    set_here     the names that {% set %} has assigned so far
    loop         the local of "loop" in a for; None where that is not to be had
    specials     {name: local} of "loop", "caller" and so on, that have been used
    """

    __slots__ = (
        "add", "autoescape", "heard", "initial", "kind", "loop", "names", "parameters", "parent", "set_here", "slot",
        "soft", "specials", "sure", "write",
    )  # fmt: skip

    def __init__(self, kind, parent=None, write=None, autoescape=False):
        self.kind = kind
        self.parent = parent
        self.names = {}
        self.sure = set()
        self.initial = {}
        self.parameters = ()
        self.slot = []
        self.write = write if parent is None else parent.write
        self.add = write and "add" if parent is None else parent.add
        self.heard = parent is not None and parent.heard
        self.autoescape = autoescape if parent is None else parent.autoescape
        self.soft = False
        self.set_here = {}
        self.specials = {}
        self.loop = None


class Source:
    """Lines of Python, each with the line of the template that it comes from.

    Where something has to be written once more of what follows is known, a slot (a list) stands for it.
    """

    def __init__(self):
        self.lines = []
        self.indent = ""

    def line(self, text, lineno=None):
        """Add a line; return where it is, for replace()."""
        self.lines.append((self.indent + text, lineno))
        return len(self.lines) - 1

    def replace(self, position, text):
        """Write another text for a line, whose indentation is that of the next."""
        self.lines[position] = (self.indent + text, self.lines[position][1])

    def slot(self, slot):
        """Add a list of lines that are still to come; return it."""
        self.lines.append((self.indent, slot))
        return slot

    def begin(self):
        """Begin an indented part."""
        self.indent += "    "

    def end(self):
        """End an indented part; "pass" is what it does if there is nothing in it."""
        position = len(self.lines) - 1
        while type(self.lines[position][1]) is list:
            position -= 1
        if not self.lines[position][0].startswith(self.indent):
            self.line("pass")
        self.indent = self.indent[:-4]

    def text(self):
        """Return the lines, and pairs of (the number of a line, the template's line) where that changes."""
        lines = []
        pairs = []
        last = None
        for text, lineno in self.lines:
            if type(lineno) is list:
                lines += [text + line for line in lineno]
                continue
            lines.append(text)
            if lineno is not None and lineno != last:
                pairs.append((len(lines), lineno))
                last = lineno
        return lines, pairs


def target_names(target):
    """Yield the names that a target assigns."""
    if type(target) is nodes.Name:
        yield target.name
    elif type(target) is nodes.TupleLiteral:
        for item in target.items:
            yield from target_names(item)
