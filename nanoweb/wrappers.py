"""What is wrapped around WSGI: `Request` around the environ, `Response` around the answer.

Each has its chapter before this one, and neither needs the other.  Here they meet, and an HTTPException,
which answers as a WSGI application without either, learns to become a Response.
"""

from __future__ import annotations

from .exceptions import HTTPException
from .requests import Request, UserAgent
from .responses import Response
from .wsgi import ResponseStream

__all__ = ["Request", "Response", "ResponseStream", "UserAgent"]

#: What `HTTPException.get_response` makes.
HTTPException.response_class = Response
