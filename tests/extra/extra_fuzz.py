"""Mutated requests by the hundred thousand: whatever comes, the server answers in good form, and lives on.

    python -m unittest tests.extra.extra_fuzz
    FUZZ_SEED=6 FUZZ_COUNT=1000000 python -m unittest tests.extra.extra_fuzz

Development equipment, not part of the test command.  What is sent depends on the seed alone, so that what fails
can be had again.  Each connection brings one mutated request, some of them another behind it that is in order.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import ssl
import tempfile
import time
import unittest
from contextlib import nullcontext, suppress

from tests.extra.process import PATIENCE, ServerProcess, make_certificate
from tests.raw import connect

SEED = int(os.environ.get("FUZZ_SEED", "5"))
COUNT = int(os.environ.get("FUZZ_COUNT", "100000"))
AT_ONCE = 100  # connections; their bytes are sent before the first answer is read
GROWTH = 2.0  # megabytes that the server may hold more in the end than after a tenth of all,
GROWTH_PER_THREAD = 0.25  # and for each thread, in which the C library keeps what was freed

BROWSER = (
    b"Host: www.example.com:8080\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    b"Accept: text/html,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nCookie: a=b; theme=dark\r\n"
)

# Requests in order, which are then mutated.  What the path says to the application: see served.py.
REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a%20b/caf%C3%A9?x=1&y=%26 HTTP/1.1\r\n" + BROWSER + b"\r\n",
    b"GET /c HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, close\r\n\r\n",
    b"GET http://example.com/w?x HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n\r\n",
    b"GET /c HTTP/1.0\r\n\r\n",
    b"GET /n HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    b'HEAD /x HTTP/1.1\r\nHost: a\r\nIf-None-Match: "x"\r\n\r\n',
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"POST /all HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world",
    b"POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n" + b"0123456789" * 30,
    b"PUT /some HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /all HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n",
    b'POST /c HTTP/1.1\r\nHost: a\r\ntransfer-encoding:Chunked\r\n\r\nA;b="c\\"d"\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
    b"DELETE /n HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n1\r\na\r\n0\r\n\r\n",
]

GOOD = b"GET /good HTTP/1.1\r\nHost: good\r\nConnection: close\r\n\r\n"

# What parsers have stumbled over.
MORSELS = [
    *(bytes([code]) for code in b"\0\t\n\v\f\r\x1b\x1c \"#%&'()*+,-./:;<=>?@[\\]^_`{|}~\x7f\x80\x85\xa0\xff"),
    *[b"\r\n", b"\n\n", b"\r\r\n", b"\r\n\r\n", b"\r\n ", b"\r\n\t", b" \r\n", b"0\r\n\r\n"],
    *[b"0", b"00", b"-1", b"+1", b"1_0", b"0x1", b"1e3", b"5, 5", b"\xb2"],
    *[b"9" * 17, b"9" * 400, b"f" * 16, b"f" * 17],
    *[b"%00", b"%0d%0a", b"%", b"%zz", b"http://", b"//", b"/../", b"*", b"a:b@c"],
    *[b"GET ", b"HEAD ", b"CONNECT ", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b" HTTP/1.10"],
    *[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0"],
    *[b"\r\nContent-Length: 0", b"\r\nContent-Length: 5", b"\r\nContent-Length:", b"\r\ncontent-length: 3\t"],
    *[b"\r\nTransfer-Encoding: chunked", b"\r\nTransfer-Encoding: gzip, chunked", b"\r\nTransfer-Encoding: x"],
    *[b"\r\nTransfer-Encoding:\vchunked", b"\r\nTransfer_Encoding: chunked", b"\r\nTransfer-Encoding : chunked"],
    *[b"\r\nHost: b", b"\r\nHost:", b"\r\nHost: a, b", b"\r\nHost: a/b@c", b"\r\nExpect: 100-continue"],
    *[b"\r\nConnection: close", b"\r\nConnection: keep-alive", b"\r\nUpgrade: h2c", b"\r\nExpect: x", b"\r\nX_Y: z"],
    *[b"x" * 300, b"/x" * 4200, b"\r\nLong: " + b"y" * 66000, b"\r\nMany: z" * 101],
]


# Mutations: each takes a random.Random and bytes, and returns other bytes


def flip(rng, data):
    """Another byte somewhere."""
    position = rng.randrange(len(data))
    return data[:position] + bytes([rng.randrange(256)]) + data[position + 1 :]


def insert(rng, data):
    """Something dubious somewhere."""
    position = rng.randrange(len(data) + 1)
    return data[:position] + rng.choice(MORSELS) + data[position:]


def insert_at_seam(rng, data):
    """Something dubious where a line, a name or a value begins or ends."""
    position = rng.choice([found.start() for found in re.finditer(rb"\b|[\r\n: ]", data)] or [0])
    return data[:position] + rng.choice(MORSELS) + data[position:]


def remove(rng, data):
    """A few bytes less."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.choice([1, 1, 2, 3, 10, 50]) :]


def repeat(rng, data):
    """A part twice, or many times."""
    start = rng.randrange(len(data))
    part = data[start : start + rng.randrange(1, 60)]
    return data[:start] + part * rng.choice([2, 2, 3, 120]) + data[start + len(part) :]


def cut(rng, data):
    """The end is missing."""
    return data[: rng.randrange(len(data))]


def swap_lines(rng, data):
    """Two lines change their places."""
    lines = data.split(b"\r\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\r\n".join(lines)


def splice(rng, data):
    """The beginning of this one, the end of another."""
    other = rng.choice(REQUESTS)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def unix_lines(rng, data):
    """Somebody else's line ends."""
    return data.replace(b"\r\n", rng.choice([b"\n", b"\r", b"\n\r", b"\r\n\r\n"]), rng.randrange(1, 4))


def recount(rng, data):
    """Another number, where one is."""
    found = rng.choice(list(re.finditer(rb"[0-9A-Fa-f]+", data)) or [re.match(b"", data)])
    other = rng.choice([b"%d", b"%x"]) % rng.randrange(70000)
    number = rng.choice([b"0", b"1", b"4", b"6", b"12", b"1" * 20, other, other])
    return data[: found.start()] + number + data[found.end() :]


MUTATIONS = [flip, insert, *[insert_at_seam] * 2, remove, repeat, cut, swap_lines, splice, unix_lines, recount]


def mutate(rng):
    """Return a request that is no longer what it was."""
    data = rng.choice(REQUESTS)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 5])):
        data = rng.choice(MUTATIONS)(rng, data) or b"\r"
    return data


# The other side


def exchange(dial, conversations):
    """Send each of the conversations, which are lists of pieces, on a connection of its own; return what came back.

    All connections, which dial() makes, get their first piece, then all their second, and so on.  What came ends with
    RESET where the server has closed the connection before it had read all.
    """
    turns = max(map(len, conversations))
    connections = [dial() for _ in conversations]
    try:
        for turn in range(turns):
            if turn > 0 and turns < 5:
                time.sleep(0.003)  # or the pieces would come together; with many of them, a turn takes as long anyway
            for connection, pieces in zip(connections, conversations):
                with suppress(ConnectionError) if turns > 1 else nullcontext():
                    if turn < len(pieces):
                        connection.sendall(pieces[turn])
                if turn == len(pieces) - 1:
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_WR)
        return [receive(connection) for connection in connections]
    finally:
        for connection in connections:
            connection.close()


RESET = b"\0reset"


class TLSSide:
    """A client that speaks TLS, and like one of TCP can say its last and go on to listen.

    That cannot be had of ssl.SSLSocket: its shutdown() forgets the TLS, its unwrap() throws away what still comes.
    """

    def __init__(self, connection, context):
        self.connection, self.close = connection, connection.close
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.do(self.tls.do_handshake)

    def do(self, action, *args):
        while True:
            with suppress(ssl.SSLWantReadError):
                result = action(*args)
                self.push()
                return result
            self.push()
            data = self.connection.recv(65536)
            self.incoming.write(data) if data else self.incoming.write_eof()

    def push(self):
        if self.outgoing.pending:
            self.connection.sendall(self.outgoing.read())

    def sendall(self, data):
        self.do(self.tls.write, data)

    def shutdown(self, how):
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.push()

    def recv(self, size):
        """As of a socket; an end that TLS has not announced is a reset, for anybody may have cut the wire."""
        try:
            return self.do(self.tls.read, size)
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLEOFError as error:
            raise ConnectionResetError(str(error)) from error


def receive(connection):
    """Return all that comes."""
    data = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionError:
            return data + RESET
        if not piece:
            return data
        data += piece


_field = rb"[A-Za-z][A-Za-z-]*: [!-~](?:[\t -~]*[!-~])?\r\n"
_head_re = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) ([ -~]+)\r\n((?:%s)*)\r\n" % _field)
_chunk_re = re.compile(rb"([0-9a-f]+)\r\n")
_allowed = {100, 200, 400, 411, 413, 414, 417, 421, 426, 431, 501, 505}


def demand(truth, complaint, *args):
    """Raise AssertionError unless it is so; unlike an assert, with -O too."""
    if not truth:
        raise AssertionError(complaint % args)


def mutate_hello(rng, context):
    """Return the first words of a client of TLS, which are no longer what they were."""
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    data = outgoing.read()
    for _ in range(rng.choice([1, 1, 2, 5])):
        data = rng.choice([flip, flip, insert, remove, repeat, cut])(rng, data) or b"\x16"
    return data


class Answer:
    """One answer, taken apart without any lenience.

    position    where in the data it ends
    """

    def __init__(self, data, position, sent):
        match = _head_re.match(data, position)
        demand(match, "no head of an answer: %.300r", data[position:])
        self.code = int(match[1])
        demand(self.code in _allowed, "a status that nobody has asked for: %.300r", data[position:])
        lines = match[3].decode("latin-1").split("\r\n")[:-1]
        self.fields = dict(line.split(": ", 1) for line in lines)
        demand(len(self.fields) == len(lines), "a field twice: %s", lines)
        self.position = match.end()
        self.is_last = self.fields.get("Connection") == "close"
        self.body = b""
        if self.code == 100:
            demand(not lines, "fields with a 100: %s", lines)
            return
        demand({"Date", "Content-Type"} <= set(self.fields), "a field is missing: %s", lines)
        demand(self.code < 400 or self.is_last, "the connection goes on after a refusal: %s", lines)
        if self.fields.get("Asked-By") != "HEAD":
            self.take_body(data, sent)

    def take_body(self, data, sent):
        length, coding = self.fields.get("Content-Length"), self.fields.get("Transfer-Encoding")
        demand(length is None or coding is None, "framed twice: %s", self.fields)
        if coding is not None:
            demand(coding == "chunked", "this is no coding: %s", coding)
            self.take_chunks(data)
        elif length is None:
            demand(self.is_last, "a body without an end: %s", self.fields)
            self.body, self.position = data[self.position :], len(data)
        elif self.code < 400 or len(data) > self.position or b"HEAD " not in sent:
            demand(re.fullmatch("0|[1-9][0-9]*", length), "this is no length: %s", length)
            self.body = data[self.position : self.position + int(length)]
            demand(len(self.body) == int(length), "a part of a body: %r", data)
            self.position += len(self.body)

    def take_chunks(self, data):
        size = None
        while size != 0:
            match = _chunk_re.match(data, self.position)
            demand(match, "no chunk: %.100r", data[self.position :])
            size, start = int(match[1], 16), match.end()
            self.body += data[start : start + size]
            self.position = start + size + 2
            demand(data[start + size : self.position] == b"\r\n", "a chunk without an end: %r", data)


def read_answers(data, pieces):
    """Return all the answers; raise AssertionError if they are not what a client may expect of a server.

    A reset is none of that, for who reads slowly might lose the answer by it; but where pieces still come after an
    answer that says it is the last, in good order, the client has been warned.
    """
    answers, position, sent = [], 0, b"".join(pieces)
    was_reset, data = data.endswith(RESET), data.removesuffix(RESET)
    while position < len(data):
        demand(not (answers and answers[-1].is_last), "an answer after the last: %r", data)
        answers.append(Answer(data, position, sent))
        position = answers[-1].position
    answers = [answer for answer in answers if answer.code != 100]
    is_warned = len(pieces) > 1 and answers and answers[-1].is_last and answers[-1].code < 400
    demand(is_warned or not was_reset, "the connection was reset")
    demand(answers or b"\r\n\r\n" not in sent.lstrip(b"\r\n"), "no answer to a whole head")
    for answer in answers:
        if answer.code == 200 and answer.body:
            told = json.loads(answer.body)
            check_environ(told)
            check_origin(told, sent)
    return answers


_name_re = re.compile(r"[A-Z][A-Z0-9_]*|(wsgi|werkzeug)\.[a-z_]+|HTTP_[!#$%&'*+.^`|~0-9A-Z_]+")
_value_re = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")


def check_environ(told):
    """Complain of anything in an environ that no server may let through."""
    for name, value in told.items():
        if name not in ("body", "PATH_INFO"):  # which is decoded: anything
            demand(_name_re.fullmatch(name) and _value_re.fullmatch(value), "in the environ: %r: %r", name, value)
    demand(re.fullmatch("[0-9]*", told.get("CONTENT_LENGTH", "")), "in the environ: %s", told)
    demand(re.fullmatch(r"HTTP/1\.[0-9]", told["SERVER_PROTOCOL"]), "in the environ: %s", told)


def check_origin(told, sent):
    """Complain of anything in an environ that the client has not sent; what came twice has commas in between."""
    for name, value in told.items():
        if name.startswith(("HTTP_", "CONTENT_")) or name in ("REQUEST_METHOD", "RAW_URI", "QUERY_STRING"):
            is_there = all(part.strip().encode("latin-1") in sent for part in re.split("[,;]", value))
            demand(is_there, "nobody has sent this: %s: %r", name, value)
    rest = iter(sent)  # of which each byte is looked for behind the one before it
    is_there = all(byte in rest for byte in told["body"].encode("latin-1"))
    demand(is_there, "nobody has sent this body: %.1000r", told["body"])


def check_log(text):
    """Complain of what shall not stand in a log, be it ours or from a client."""
    for word in ["Traceback", "Exception ignored", "Warning:", "Error:"]:
        demand(word not in text, "in the log: %s", text[max(text.find(word) - 1000, 0) :][:5000])
    wild = re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    demand(not wild, "a control character in the log: %r", wild and text[max(wild.start() - 200, 0) :][:300])


class Fuzz:
    """A run over one server.

    dial    makes a connection to it
    sent    how many mutated requests it was given
    """

    def __init__(self, server, dial=None, seed=SEED):
        self.server = server
        self.dial = dial or (lambda: connect(server.port))
        self.rng = random.Random(seed)
        self.sent = self.log_read = 0

    def send(self, conversations):
        """Send it, check all that comes back, and that a good request is answered after it; return the answers."""
        self.sent += len(conversations)
        found = []
        try:
            received = exchange(self.dial, conversations)
        except OSError as error:
            raise AssertionError(f"{error!r} at one of {self.sent}:\n{self.recent_log()}") from error
        for pieces, data in zip(conversations, received):
            try:
                found.append(read_answers(data, pieces))
            except (AssertionError, ValueError, KeyError) as error:
                told = f"{error}\nafter {pieces!r:.5000}\ncame {data!r:.2000}\n{self.recent_log()}"
                raise AssertionError(told) from error
        self.check_server()
        return found

    def check_server(self):
        """See that a good request is answered, and that nothing is wrong in the log."""
        [data] = exchange(self.dial, [[GOOD]])
        [answer] = read_answers(data, [GOOD])
        demand(json.loads(answer.body)["HTTP_HOST"] == "good", "a good request got %r", data)
        text, self.log_read = self.server.log_tail(self.log_read)
        check_log(text)

    def recent_log(self):
        """Return what the log said last, from the last error on if there is one."""
        time.sleep(0.1)  # the server writes its log a little later
        log = self.server.log()
        start = log.rfind("Traceback")
        return log[start:][:4000] if start >= 0 else log[-4000:]

    def run(self, count):
        """Send so many mutated requests, whole, one in ten with another request behind it."""
        while count > 0:
            number = min(count, AT_ONCE)
            whole = [mutate(self.rng) for _ in range(number)]
            self.send([[data + GOOD] if self.rng.random() < 0.1 else [data] for data in whole])
            count -= number

    def split(self, count):
        """Send so many mutated requests split at each of their bytes, and at all of them: nothing may change."""
        for _ in range(count):
            data = mutate(self.rng)
            while len(data) > 400:
                data = mutate(self.rng)
            parts = [[data[:place], data[place:]] for place in range(1, len(data))]
            whole, *others = self.send([[data], *parts, [data[place : place + 1] for place in range(len(data))]])
            for answers, pieces in zip(others, [*parts, ["each byte alone"]]):
                expected, found = summary(whole), summary(answers)
                demand(found == expected, "not what it was in one piece: %s\n%s\nnot\n%s", pieces, found, expected)


def summary(answers):
    """Return what must not depend on how the bytes arrive."""
    told = []
    for answer in answers:
        if answer.code == 200 and answer.body:
            told.append({name: text for name, text in json.loads(answer.body).items() if name != "REMOTE_PORT"})
        else:
            told.append("refused" if answer.code >= 400 else "answered")
    return told


class FuzzTest(unittest.TestCase):
    """What holds for any bytes at all."""

    def serve(self, *what):
        server = ServerProcess(*what)
        self.addCleanup(server.stop, signal.SIGKILL)
        return server.__enter__()

    def assertEndsWell(self, server):
        self.assertEqual(server.stop(), 0)
        check_log(server.last_log)

    def run_and_weigh(self, server, count):
        """Send so many requests; see that the server holds no more for it in the end than at the beginning."""
        fuzz = Fuzz(server)
        fuzz.run(count // 10)
        megabytes, descriptors = server.megabytes(), server.descriptors()
        fuzz.run(count - count // 10)
        self.assertGreaterEqual(fuzz.sent, count)
        self.assertLess(server.megabytes(), megabytes + GROWTH + GROWTH_PER_THREAD * (server.threads() - 1))
        self.assertLessEqual(server.descriptors(), descriptors + 2)
        self.assertLess(server.threads(), 40)
        self.assertEndsWell(server)

    def test_a_hundred_thousand_mutated_requests_do_no_harm(self):
        self.run_and_weigh(self.serve("echo", "threaded"), COUNT)

    def test_nothing_is_kept_of_them_in_memory(self):  # one thread has no reason to grow
        self.run_and_weigh(self.serve("echo", "base"), COUNT // 4)

    def test_it_does_not_matter_where_the_bytes_are_split(self):
        server = self.serve("echo", "threaded")
        Fuzz(server).split(COUNT // 1000)
        self.assertEndsWell(server)

    def test_the_other_servers_are_no_different(self):
        for kind, count in [("workers", COUNT // 20), ("forking", COUNT // 100)]:
            with self.subTest(kind):
                server = self.serve("echo", kind)
                Fuzz(server).run(count)
                self.assertEndsWell(server)

    def test_nor_is_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            server = self.serve("echo", "threaded", "--unix", path)

            def dial():
                connection = socket.socket(socket.AF_UNIX)
                connection.settimeout(PATIENCE)
                connection.connect(path)
                return connection

            Fuzz(server, dial).run(COUNT // 50)
            self.assertEndsWell(server)
            self.assertFalse(os.path.exists(path))

    def test_nor_is_tls_and_what_is_no_tls_does_no_harm(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = make_certificate(folder)
            server = self.serve("echo", "threaded", "--tls", certificate, key)
            context = ssl.create_default_context(cafile=certificate)
        context.check_hostname = False
        fuzz = Fuzz(server, lambda: TLSSide(connect(server.port), context))
        fuzz.run(COUNT // 50)
        for _ in range(COUNT // 5000):
            hellos = [[mutate_hello(fuzz.rng, context)] for _ in range(AT_ONCE)]
            exchange(lambda: connect(server.port), hellos)
            fuzz.check_server()
        self.assertEndsWell(server)


class SmugglingTest(unittest.TestCase):
    """A request within a body stays there, whatever is put around the words that tell how long the body is."""

    POISON = b"GET /poison HTTP/1.1\r\nHost: poison\r\n\r\n"
    BODIES = [
        (b"Content-Length: %d", b"%s"),
        (b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n"),
    ]
    HOSTILE = [*b'\0\1\b\t\n\v\f\r\x1c\x1d\x1e\x1f "(),/;<=>?@[\\]{}\x7f\x80\x85\xa0\xad\xb2\xff']

    def make_attacks(self, rng, count):
        for _ in range(count):
            field, body = rng.choice(self.BODIES)
            field = field % len(self.POISON) if b"%" in field else field
            body = body % ((len(self.POISON), self.POISON) if b"%x" in body else self.POISON)
            place = rng.randrange(len(field) + 1)
            hostile = bytes(rng.choice(self.HOSTILE) for _ in range(rng.choice([1, 1, 2, 3])))
            hostile = hostile.replace(b"\r\n", b"\n\r")  # which would end the line, or the head
            lines = [b"Host: a", field[:place] + hostile + field[place:], rng.choice([b"X: y", b"X: y", field])]
            rng.shuffle(lines)
            path = rng.choice([b"/all", b"/none", b"/some"])
            yield b"POST %s HTTP/1.1\r\n%s\r\n\r\n%s" % (path, b"\r\n".join(lines), body)

    def test_hostile_bytes_in_a_framing_field_never_free_what_is_in_the_body(self):
        server = ServerProcess("echo", "threaded")
        self.addCleanup(server.stop, signal.SIGKILL)
        fuzz = Fuzz(server.__enter__())
        attacks = list(self.make_attacks(fuzz.rng, COUNT // 10))
        taken = 0
        for start in range(0, len(attacks), AT_ONCE):
            batch = attacks[start : start + AT_ONCE]
            for attack, answers in zip(batch, fuzz.send([[attack] for attack in batch])):
                codes = [answer.code for answer in answers]
                self.assertEqual(len(codes), 1, f"{attack} got {codes}")
                taken += codes == [200]
        self.assertGreater(taken, 0, "blanks around a value are allowed, and some of these requests in order")
        self.assertEqual(server.stop(), 0)
        check_log(server.last_log)


class NoticedTest(unittest.TestCase):
    """Servers with a bug in them do not pass, or all of this would be an illusion."""

    def assertNoticed(self, bug, run):
        with ServerProcess("echo", "threaded", "--bug", bug) as server, self.assertRaises(AssertionError) as noticed:
            run(Fuzz(server))
        return str(noticed.exception)

    def test_an_error_of_the_server_is_noticed(self):
        self.assertIn("IndexError", self.assertNoticed("crashing", lambda fuzz: fuzz.run(2000)))

    def test_an_answer_in_bad_form_is_noticed(self):
        self.assertIn("no head of an answer", self.assertNoticed("garbling", lambda fuzz: fuzz.run(2000)))

    def test_a_request_without_an_answer_is_noticed(self):
        self.assertIn("no answer to", self.assertNoticed("forgetful", lambda fuzz: fuzz.run(2000)))

    def test_a_request_that_gets_what_belongs_to_another_is_noticed(self):
        self.assertIn("nobody has sent this", self.assertNoticed("mixing", lambda fuzz: fuzz.run(2000)))

    def test_a_difference_by_the_place_of_the_split_is_noticed(self):
        self.assertIn("not what it was", self.assertNoticed("hasty", lambda fuzz: fuzz.split(500)))

    def test_memory_that_grows_is_noticed(self):
        test = FuzzTest()
        self.addCleanup(test.doCleanups)
        with self.assertRaisesRegex(AssertionError, "not less than"):
            test.run_and_weigh(test.serve("echo", "base", "--bug", "leaking"), 5000)


if __name__ == "__main__":
    unittest.main()
