"""Every container that a request and a response are read and written through, under one name.

In no request's way: the chapters take each from where it stands.
"""

from __future__ import annotations

from .dicts import CallbackDict, CombinedMultiDict, ImmutableMultiDict, MultiDict
from .fields import EnvironHeaders, Headers
from .uploads import FileStorage

__all__ = [
    "CallbackDict",
    "CombinedMultiDict",
    "EnvironHeaders",
    "FileStorage",
    "Headers",
    "ImmutableMultiDict",
    "MultiDict",
]
