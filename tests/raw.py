"""A client that sends bytes as they are, and takes answers apart by their own words."""

from __future__ import annotations

import json
import re
import socket
import struct

PATIENCE = 10  # seconds until a test gives up on a server; nothing waits that long when all is well


class Answer:
    """One response.

    code        its status, a number
    reason      what stands after it
    fields      {name in lower case: value}
    body        bytes, without the framing of chunks
    is_whole    whether the body ended as its head said it would
    """

    def __init__(self, data, asked_by=b"GET"):
        head, _, rest = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        version, code, self.reason = status.split(" ", 2)
        if version != "HTTP/1.1":
            raise AssertionError(f"no response: {data[:200]!r}")
        self.code = int(code)
        self.fields = {}
        for line in lines:
            name, _, value = line.partition(": ")
            if name.lower() in self.fields:
                raise AssertionError(f"{name} is there twice")
            self.fields[name.lower()] = value
        self.body, self.rest, self.is_whole = self._split_body(rest, asked_by)

    def told(self, key):
        """Return what the body says of a key, if that is JSON."""
        return json.loads(self.body).get(key)

    def _split_body(self, rest, asked_by):
        if asked_by == b"HEAD" or self.code in (100, 204, 304):
            return b"", rest, True
        if "content-length" in self.fields:
            size = int(self.fields["content-length"])
            return rest[:size], rest[size:], len(rest) >= size
        if self.fields.get("transfer-encoding") == "chunked":
            return self._split_chunks(rest)
        return rest, b"", True

    def _split_chunks(self, rest):
        body = b""
        while True:
            match = re.match(rb"([0-9a-f]+)\r\n", rest)
            if match is None:
                return body, rest, False
            size, rest = int(match[1], 16), rest[match.end() :]
            body, rest = body + rest[:size], rest[size:]
            if rest[:2] != b"\r\n":
                return body, rest, False
            rest = rest[2:]
            if size == 0:
                return body, rest, True


def request(line, *fields, body=b""):
    """A request as bytes; a Host is added if none is there."""
    if not any(field.lower().startswith("host") for field in fields):
        fields = ("Host: localhost", *fields)
    return "".join(f"{text}\r\n" for text in [line, *fields, ""]).encode("latin-1") + body


def chunked(*chunks, path="/"):
    """A POST with the given bytes for chunks."""
    return request(f"POST {path} HTTP/1.1", "Transfer-Encoding: chunked", body=b"".join(chunks))


HELLO = request("GET /hello HTTP/1.1")
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(port, patience=PATIENCE):
    """Return a connected socket."""
    return socket.create_connection(("127.0.0.1", port), patience)


def reset(sock):
    """Close a socket so that the other side sees an error, and no end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
    sock.close()


def receive(sock):
    """Return all that comes until the server says its last."""
    data = []
    try:
        while True:
            data.append(sock.recv(65536))
            if not data[-1]:
                break
    except ConnectionResetError:
        pass
    return b"".join(data)


def receive_answer(sock, asked_by=b"GET"):
    """Return the one answer that comes on a connection that stays open."""
    data = b""
    while True:
        fresh = sock.recv(65536)
        data += fresh
        if b"\r\n\r\n" in data:
            answer = Answer(data, asked_by)
            has_end = "content-length" in answer.fields or "transfer-encoding" in answer.fields
            if not fresh or (answer.is_whole and (has_end or asked_by == b"HEAD" or answer.code in (100, 204, 304))):
                return answer
        elif not fresh:
            raise AssertionError(f"the connection ended after {data!r}")


def split_answers(data, *methods):
    """Return the answers in what a server has sent; methods are those of the requests, GET where none is given."""
    answers = []
    waiting = list(methods)
    while data:
        answer = Answer(data, waiting[0] if waiting else b"GET")
        if answer.code >= 200 and waiting:
            waiting.pop(0)
        answers.append(answer)
        data = answer.rest
    return answers


def split_requested(data, requests):
    """Return the answers in what a server has sent to some requests."""
    return split_answers(data, *re.findall(rb"(?m)^([A-Z]+) \S+ HTTP/1", requests))


def send(port, *pieces, says_last=True):
    """Send pieces one by one, return all that the server answers until it closes.

    says_last   whether to tell the server that no more will come; without it, the server
                must close of itself
    """
    with connect(port) as sock:
        try:
            for piece in pieces:
                sock.sendall(piece)
            if says_last:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has refused already, and its answer is there to be read
        return receive(sock)


def ask(port, *pieces, says_last=True):
    """As send(), but return the answers, of which there may be several."""
    return split_requested(send(port, *pieces, says_last=says_last), b"".join(pieces))
