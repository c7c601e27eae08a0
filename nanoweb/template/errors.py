"""What can be wrong with a template, and where in it.

TemplateError
  TemplateNotFound        a name no loader knows; also an IOError and a LookupError
    TemplatesNotFound     none of several
  TemplateSyntaxError     the template cannot be compiled; it knows the line
    TemplateAssertionError  ... because it names a filter, test or block that is not there
  TemplateRuntimeError    it fails while it renders
    TemplateRecursionError  by including, extending or calling itself without end; also a RecursionError
    UndefinedError        by using a value that is not there
    SecurityError         by what a sandbox does not allow
    FilterArgumentError   by an argument that a filter cannot take
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = [
    "FilterArgumentError",
    "SecurityError",
    "TemplateAssertionError",
    "TemplateError",
    "TemplateNotFound",
    "TemplateRecursionError",
    "TemplateRuntimeError",
    "TemplateSyntaxError",
    "TemplatesNotFound",
    "UndefinedError",
]


class TemplateError(Exception):
    """What all errors of templates are."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message)

    @property
    def message(self) -> str | None:
        return self.args[0] if self.args else None


class TemplateNotFound(IOError, LookupError, TemplateError):
    """No loader knows a template of this name.

    name        what was asked for: a str, or the Undefined that was given for one
    templates   the names that were tried
    places      where loaders have looked, as far as they say
    """

    message: str | None = None
    places: tuple[str, ...] = ()

    def __init__(self, name: Any, message: str | None = None) -> None:
        OSError.__init__(self, name)
        if message is None:
            # An Undefined for a name says here what it was to be.
            message = str(name) if isinstance(name, str) else getattr(name, "_undefined_message", name)
        self.message = None if message is None else str(message)
        self.name = name
        self.templates = [name]

    def __str__(self) -> str:
        return str(self.message)


class TemplatesNotFound(TemplateNotFound):
    """No loader knows any of several templates.

    >>> str(TemplatesNotFound(["a.html", "b.html"]))
    'none of the templates given were found: a.html, b.html'
    """

    def __init__(self, names: Sequence[Any] = (), message: str | None = None, places: tuple[str, ...] = ()) -> None:
        if message is None:
            shown = [str(TemplateNotFound(name)) for name in names]
            message = "none of the templates given were found: " + ", ".join(shown)
            if places:
                message += f"; not in {' nor in '.join(places)}"
        super().__init__(names[-1] if names else None, message)
        self.templates = list(names)
        self.places = places


class TemplateSyntaxError(TemplateError):
    """A template that cannot be compiled.

    lineno     the line of the template, from 1
    name       of the template; None if it has none
    filename   the file it comes from; None if from no file
    source     the template's text, once it is known: the line is shown then
    """

    def __init__(self, message: str, lineno: int, name: str | None = None, filename: str | None = None) -> None:
        super().__init__(message)
        self.lineno = lineno
        self.name = name
        self.filename = filename
        self.source: str | None = None
        self.translated = False

    def __str__(self) -> str:
        where = f'File "{self.filename or self.name}", ' if self.filename or self.name else ""
        text = f"{self.message}\n  {where}line {self.lineno}"
        lines = (self.source or "").splitlines()
        if 0 < self.lineno <= len(lines):
            text += f"\n    {lines[self.lineno - 1].strip()}"
        return text

    def __reduce__(self) -> Any:
        return type(self), (self.message, self.lineno, self.name, self.filename)


class TemplateAssertionError(TemplateSyntaxError):
    """A template that reads well and names what is not there: a filter, a test."""


class TemplateRuntimeError(TemplateError):
    """A template that fails while it renders."""


class UndefinedError(TemplateRuntimeError):
    """A template uses a value that is not there."""


class TemplateRecursionError(TemplateRuntimeError, RecursionError):
    """Templates include, extend or call each other without end."""


class SecurityError(TemplateRuntimeError):
    """A template in a sandbox tries what is not allowed there."""


class FilterArgumentError(TemplateRuntimeError):
    """A filter is given an argument that it cannot take."""
