"""The crew: many connections and few threads; blocked views, slow clients; and every way to end."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
import time
import tracemalloc
import unittest
from contextlib import ExitStack, suppress
from unittest import mock

from nanoweb import crew, waiting
from nanoweb.crew import Crew
from nanoweb.serving import WSGIRequestHandler, make_server

from . import raw
from .raw import HELLO, request
from .servers import (
    Gate,
    collected_log,
    eventually,
    hasten,
    hello,
    paths,
    read_all,
    returning,
    running,
)

THREADED = {"threaded": True}
WAIT = request("GET /wait HTTP/1.1")


def count_descriptors():
    """How many descriptors this process has open; 0 where the system does not tell."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def ask(sock, data=HELLO):
    """Send a request on a connection that stays, return the answer."""
    sock.sendall(data)
    return raw.receive_answer(sock)


class ImpatientHandler(WSGIRequestHandler):
    linger_timeout = 0.04


class CrewTest(unittest.TestCase):
    """Each test begins and ends with the same threads and the same descriptors."""

    def setUp(self):
        log = collected_log()
        self.records = log.__enter__()
        self.addCleanup(log.__exit__, None, None, None)
        self.stack = ExitStack()
        self.threads, self.descriptors = threading.active_count(), count_descriptors()
        self.addCleanup(self.check_nothing_left)
        self.addCleanup(self.stack.close)
        patch = mock.patch.multiple(Crew, farewell=0.02, homecoming=0.05)
        patch.start()
        self.addCleanup(patch.stop)

    def check_nothing_left(self):
        self.assertTrue(eventually(lambda: threading.active_count() <= self.threads), threading.enumerate())
        self.assertTrue(eventually(lambda: count_descriptors() <= self.descriptors))

    def serve(self, app, options=None, handler=WSGIRequestHandler, **attributes):
        return self.stack.enter_context(running(app, handler, options, **attributes))

    def make(self, app, **options):
        """A server that nobody runs yet."""
        return hasten(make_server("127.0.0.1", 0, app, **options))

    def connect(self, server, count=None):
        """A connection that is closed at the end, or a list of so many."""
        if count is not None:
            return [self.connect(server) for _ in range(count)]
        return self.stack.enter_context(raw.connect(server.port))

    def tracebacks(self):
        return [record for record in self.records if record.exc_info]


class CrowdTest(CrewTest):
    """Clients that keep a connection and give nothing to do."""

    def test_silent_connections_keep_nobody_waiting(self):
        """bottle 1256: Chromium opens connections that it may never use."""
        for options in [{}, THREADED]:
            with self.subTest(options):
                server = self.serve(hello, options)
                self.connect(server, 10)
                self.assertEqual(ask(self.connect(server)).code, 200)

    def test_more_clients_than_threads_keep_their_connections(self):
        """cheroot 91: answers came when the connections of others had timed out."""
        server = self.serve(paths, threads=4)
        socks = self.connect(server, 50)
        for turn in range(5):
            for sock in socks:
                sock.sendall(request(f"GET /{turn} HTTP/1.1"))
            for sock in socks:
                self.assertEqual(raw.receive_answer(sock).body, b"/%d" % turn)
        self.assertLessEqual(len(server.crew.members), 4)

    def test_one_thread_serves_several_clients_by_turns(self):
        server = self.serve(paths, {})
        for _ in range(3):
            for sock in self.connect(server, 3):
                self.assertEqual(ask(sock).body, b"/hello")

    def test_nothing_happens_where_nothing_comes(self):
        """cheroot 378: a select() with a short timeout ate the battery of small boards."""
        server = self.serve(hello)
        for sock in self.connect(server, 20):
            ask(sock)
        self.assertTrue(eventually(lambda: server.crew.guard_dozes))
        watch = server.crew.selector
        with mock.patch.object(watch, "wait", wraps=watch.wait) as wait, mock.patch.object(crew, "time", wraps=time):
            used = time.process_time()
            time.sleep(0.2)
            self.assertLess(time.process_time() - used, 0.02)
            self.assertTrue(server.crew.guard_dozes)
            self.assertLessEqual(wait.call_count, 2)

    def test_the_longest_silent_one_makes_room_for_another(self):
        server = self.serve(paths, max_connections=5)
        silent = self.connect(server, 3)
        for sock in self.connect(server, 2):
            ask(sock)
        time.sleep(0.03)  # longer than a farewell
        self.assertEqual(ask(self.connect(server)).code, 200)
        self.assertEqual(raw.receive(silent[0]), b"")

    def test_half_a_head_makes_room_too(self):
        server = self.serve(paths, max_connections=5)
        for sock in self.connect(server, 5):
            sock.sendall(HELLO[:9])
        self.assertTrue(eventually(lambda: len(server.connections) == 5))
        time.sleep(0.03)
        for _ in range(5):
            self.assertEqual(ask(self.connect(server)).code, 200)

    def test_more_connections_than_allowed_are_turned_away(self):
        gate = Gate()
        self.addCleanup(gate.opened.set)
        server = self.serve(gate, max_connections=2)
        for sock in self.connect(server, 2):
            sock.sendall(WAIT)
        self.assertTrue(eventually(lambda: gate.waiting == 2))
        late = self.connect(server)
        late.sendall(HELLO)
        answer = raw.Answer(raw.receive(late))
        self.assertEqual((answer.code, answer.fields["retry-after"], answer.is_whole), (503, "1", True))
        refused = self.connect(server, 50)  # more than can be told
        for sock in refused:
            self.assertIn(raw.receive(sock)[:12], [b"HTTP/1.1 503", b""])
        self.assertLess(len(server.connections), 10)
        gate.opened.set()


class BlockedTest(CrewTest):
    """Views that wait: for a database, a lock, or the next event of a stream."""

    def test_a_blocked_view_does_not_keep_others_waiting(self):
        gate = Gate()
        server = self.serve(gate)
        blocked = self.connect(server)
        blocked.sendall(WAIT)
        self.assertTrue(eventually(lambda: gate.waiting))
        sock = self.connect(server)
        for _ in range(20):
            self.assertEqual(ask(sock).body, b"/hello")
        gate.opened.set()
        self.assertEqual(raw.receive_answer(blocked).body, b"/wait")

    def test_blocked_views_wait_at_the_same_time_and_no_more_than_there_are_threads(self):
        gate = Gate()
        server = self.serve(gate, threads=6)
        socks = self.connect(server, 10)
        for sock in socks:
            sock.sendall(WAIT)
        self.assertTrue(eventually(lambda: gate.waiting == 6))
        time.sleep(0.1)
        self.assertEqual((gate.most, len(server.crew.members)), (6, 6))
        gate.opened.set()
        for sock in socks:
            self.assertEqual(raw.receive_answer(sock).body, b"/wait")
        self.assertEqual(gate.most, 6)

    def test_views_that_wait_briefly_run_in_parallel(self):
        """Each waits until seven others do: with threads that come one by one they would never all meet."""
        barrier = threading.Barrier(8)

        def app(environ, start_response):
            barrier.wait(raw.PATIENCE)
            return hello(environ, start_response)

        server = self.serve(app)
        socks = self.connect(server, 32)
        for _ in range(5):
            for sock in socks:
                sock.sendall(HELLO)
            for sock in socks:
                self.assertEqual(raw.receive_answer(sock).code, 200)

    def test_a_stream_of_events_takes_one_thread(self):
        opened = threading.Event()

        def app(environ, start_response):
            if environ["PATH_INFO"] != "/events":
                return hello(environ, start_response)
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            return events()

        def events():
            for number in range(100):
                yield b"data: %d\n\n" % number
                opened.wait(raw.PATIENCE if number == 2 else 0)

        server = self.serve(app, threads=3)
        streams = self.connect(server, 2)
        for stream in streams:
            stream.sendall(request("GET /events HTTP/1.1"))
            data = b""
            while b"data: 2" not in data:
                data += stream.recv(1000)
        sock = self.connect(server)
        for _ in range(20):
            self.assertEqual(ask(sock).code, 200)
        opened.set()
        data = b""
        while b"data: 99" not in data:
            data += streams[0].recv(1000)

    def test_a_busy_view_does_not_keep_others_waiting_for_ever(self):
        ended = threading.Event()
        begun = threading.Event()

        def app(environ, start_response):
            if environ["PATH_INFO"] == "/busy":
                begun.set()
                while not ended.is_set():
                    sum(range(1000))
            return paths(environ, start_response)

        server = self.serve(app)
        busy, sock = self.connect(server), self.connect(server)
        busy.sendall(request("GET /busy HTTP/1.1"))
        begun.wait(raw.PATIENCE)
        for _ in range(3):
            self.assertEqual(ask(sock).body, b"/hello")
        ended.set()
        self.assertEqual(raw.receive_answer(busy).body, b"/busy")

    def test_a_row_of_requests_in_one_packet_lets_others_pass(self):
        for options in [{}, {"threads": 2}]:
            seen = []
            is_sent = threading.Event()

            def app(environ, start_response, seen=seen, is_sent=is_sent):
                is_sent.wait(raw.PATIENCE)
                seen.append(environ["PATH_INFO"])
                return paths(environ, start_response)

            with self.subTest(options):
                server = self.serve(app, THREADED if options else {}, **options)
                many, other = self.connect(server, 2)
                ask_many = b"".join(request(f"GET /{number} HTTP/1.1") for number in range(500))
                many.sendall(ask_many)
                self.assertTrue(eventually(lambda server=server: server.crew and server.crew.turns))
                other.sendall(request("GET /other HTTP/1.1"))
                is_sent.set()
                self.assertEqual(raw.receive_answer(other).body, b"/other")
                many.shutdown(socket.SHUT_WR)
                answers = raw.split_answers(raw.receive(many))
                self.assertEqual([answer.body for answer in answers], [b"/%d" % number for number in range(500)])
                self.assertLess(seen.index("/other"), 5)

    def test_a_slow_client_is_cut_off_where_it_holds_the_last_thread(self):
        """Large bodies are read by the application: whoever sends them byte by byte could take all threads."""
        patch = mock.patch.object(Crew, "distress", 0.05)
        self.stack.enter_context(patch)
        server = self.serve(read_all, threads=2)
        slow = self.connect(server, 4)
        for sock in slow:
            sock.sendall(request("POST / HTTP/1.1", "Content-Length: 1000000", body=b"x"))
        for _ in range(3):
            self.assertEqual(ask(self.connect(server)).code, 200)
        self.assertIn("cut off", "".join(record.getMessage() for record in self.records))
        self.assertEqual(self.tracebacks(), [])

    def test_who_takes_a_large_answer_slowly_takes_no_thread_and_no_memory(self):
        large = b"x" * 50000000
        server = self.serve(returning([large]), threads=2, max_outbox=10**9)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for sock in self.connect(server, 10):
            sock.sendall(HELLO)
            self.assertEqual(sock.recv(12), b"HTTP/1.1 200")
        self.assertLess(tracemalloc.get_traced_memory()[1], 20000000)
        sock = self.connect(server)
        sock.sendall(HELLO)
        size = 0
        while size < len(large):
            size += len(sock.recv(1000000))
        server.shutdown(0)

    def test_memory_stays_flat_under_what_has_no_end(self):
        server = self.serve(read_all, handler=ImpatientHandler, threads=2)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for start, code in [
            (b"GET /", 414),
            (b"GET / HTTP/1.1\r\nX: ", 431),
            (raw.chunked(b"5;"), 400),
            (raw.chunked(b"0\r\nX: "), 400),
        ]:
            with self.subTest(start):
                sock = self.connect(server)
                with self.assertRaises(OSError):
                    sock.sendall(start)
                    while True:
                        sock.sendall(b"x" * 100000)
                self.assertIn(raw.receive(sock)[:12], [b"HTTP/1.1 %d" % code, b""])
        self.assertLess(tracemalloc.get_traced_memory()[1], 3000000)


class ShortageTest(CrewTest):
    """What the system may refuse."""

    def test_a_server_without_descriptors_pauses_and_recovers(self):
        server = self.serve(hello)
        accept = server.get_request
        is_short = threading.Event()
        is_short.set()

        def get_request():
            if is_short.is_set():
                raise OSError(errno.EMFILE, "Too many open files")
            return accept()

        with mock.patch.object(server, "get_request", side_effect=get_request) as tried:
            sock = self.connect(server)
            sock.sendall(HELLO)
            used = time.process_time()
            time.sleep(0.15)  # in which it tries twice or three times
            self.assertLess(time.process_time() - used, 0.05)
            self.assertLessEqual(tried.call_count, 5)
            is_short.clear()
            self.assertEqual(raw.receive_answer(sock).code, 200)
        self.assertEqual(sum("Too many open files" in record.getMessage() for record in self.records), 1)

    def test_a_server_without_descriptors_closes_who_is_silent(self):
        server = self.serve(hello)
        silent = self.connect(server, 3)
        self.assertTrue(eventually(lambda: len(server.connections) == 3))
        time.sleep(0.03)
        accept = server.get_request

        def get_request():
            if len(server.connections) >= 3:
                raise OSError(errno.EMFILE, "Too many open files")
            return accept()

        with mock.patch.object(server, "get_request", get_request):
            self.assertEqual(ask(self.connect(server)).code, 200)
        self.assertEqual(raw.receive(silent[0]), b"")

    def test_a_server_that_can_start_no_thread_serves_with_the_one_it_has(self):
        start = threading.Thread.start

        def start_no_worker(thread):
            if thread.name.startswith("nanoweb"):
                raise RuntimeError("can't start new thread")
            start(thread)

        with mock.patch.object(threading.Thread, "start", start_no_worker):
            server = self.serve(hello)
            for sock in self.connect(server, 3):
                self.assertEqual(ask(sock).code, 200)
            self.assertEqual(server.crew.members, set())
            self.stack.close()
        told = [record.getMessage() for record in self.records if record.levelname == "ERROR"]
        self.assertEqual(told, ["cannot start a thread: can't start new thread"])

    def test_a_server_that_can_start_no_further_thread_serves_with_those_it_has(self):
        gate = Gate()
        server = self.serve(gate)
        self.assertEqual(ask(self.connect(server)).code, 200)
        refusal = mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread"))
        with refusal:
            blocked = self.connect(server)
            blocked.sendall(WAIT)
            self.assertTrue(eventually(lambda: gate.waiting))
            waits = self.connect(server)
            waits.sendall(HELLO)
            time.sleep(0.1)
        told = [record for record in self.records if record.levelname == "ERROR"]
        self.assertEqual(len(told), 1)  # the guard tried it every few milliseconds
        self.assertEqual(raw.receive_answer(waits).code, 200)
        gate.opened.set()
        self.assertEqual(raw.receive_answer(blocked).code, 200)

    def test_an_error_between_requests_is_not_the_end(self):
        """Nobody looked for connections any more, and the guard dozed."""
        for options in [{}, THREADED]:
            for place, name in [("selector", "wait"), ("selector", "watch"), ("server", "service_actions")]:
                with (
                    self.subTest(options, name=name),
                    mock.patch.multiple(Crew, pause=0.01, complaint=0, doze_after=3),
                ):
                    server = self.serve(hello, options, ImpatientHandler)  # the sweeps are often
                    sock = self.connect(server)
                    self.assertEqual(ask(sock).code, 200)
                    self.assertTrue(not options or eventually(lambda server=server: server.crew.guard_dozes))
                    target = server if place == "server" else server.crew.selector
                    with mock.patch.object(target, name, side_effect=MemoryError) as failed:
                        self.connect(server).sendall(HELLO)
                        self.assertTrue(eventually(lambda: failed.called))
                    self.assertEqual(ask(sock).code, 200)
                    self.assertEqual(ask(self.connect(server)).code, 200)
                    self.assertTrue(self.tracebacks())

    def test_a_handler_that_fails_at_its_end_is_closed_all_the_same(self):
        class FailingHandler(WSGIRequestHandler):
            def finish(self):
                raise KeyError("finish")

        for options in [{}, THREADED]:
            server = self.serve(hello, options, FailingHandler)
            for _ in range(3):
                self.assertEqual(raw.Answer(raw.send(server.port, HELLO)).code, 200)
            self.assertTrue(eventually(lambda server=server: not server.connections))
        self.assertEqual({record.exc_info[0] for record in self.tracebacks()}, {KeyError})

    def test_a_client_that_is_gone_before_it_is_taken_is_not_the_last(self):
        """BSD says so at accept(), where Linux gives a socket that is dead."""
        server = self.make(paths, threaded=True)
        socks = self.connect(server, 5)
        accept, errors = server.get_request, [ConnectionAbortedError(errno.ECONNABORTED, "gone")] * 3
        errors += [OSError(errno.EMFILE, "Too many open files")]

        def get_request():
            if len(server.connections) == 2 and errors:
                raise errors.pop()
            return accept()

        for sock in socks:
            sock.sendall(HELLO)
        there_is_room = mock.patch.multiple(Crew, run=lambda self: None, make_room=lambda self: True)
        with mock.patch.object(server, "get_request", get_request), there_is_room:
            serving = threading.Thread(target=server.serve_forever)
            serving.start()
            for sock in socks:
                self.assertEqual(raw.receive_answer(sock).code, 200)
            serving.join()
        self.assertEqual(errors, [])

    def test_a_thread_that_dies_is_replaced(self):
        def app(environ, start_response):
            raise KeyError("through")

        died = []
        with mock.patch.object(threading, "excepthook", lambda args: died.append(args.exc_type)):
            server = self.serve(app, {"threaded": True, "passthrough_errors": True}, threads=2)
            for _ in range(10):
                self.assertEqual(raw.send(server.port, HELLO), b"")
            self.stack.close()
        self.assertEqual(died, [KeyError] * 10)


class RaceTest(CrewTest):
    """What two threads may do in the same moment."""

    def test_who_looks_away_from_a_connection_and_who_sets_it_free_leave_it_watched(self):
        """Nobody heard it any more, if it was set free between a look at is_busy and what that led to."""

        class HookedHandler(WSGIRequestHandler):
            hook = None

            @property
            def is_busy(self):
                value, hook, self.hook = self.busy, self.hook, None
                if hook is not None:
                    hook()
                return value

            @is_busy.setter
            def is_busy(self, value):
                self.busy = value

            busy = False

        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        server = self.make(hello, threaded=True)
        self.addCleanup(server.server_close)
        mine = server.crew = Crew(server, 2)
        handler = HookedHandler.begin(ours, "client", server)
        mine.watch(handler)
        handler.is_busy = True
        frees = threading.Thread(target=mine.set_free, args=(handler,))

        def set_free():
            frees.start()
            frees.join(0.05)

        handler.hook = set_free
        mine.unwatch(handler)
        frees.join()
        self.assertFalse(handler.is_busy)
        theirs.sendall(HELLO)
        self.assertIn(handler, mine.selector.wait(raw.PATIENCE))


class SelectorTest(CrewTest):
    """Every platform has another way to wait for many sockets; each of them must do."""

    KINDS = [
        *([waiting.EpollWatch] if hasattr(waiting.select, "epoll") else []),
        *(
            lambda name=name: waiting.SelectorWatch(getattr(selectors, name)())
            for name in ["PollSelector", "SelectSelector", "KqueueSelector", "DefaultSelector"]
            if hasattr(selectors, name)
        ),
    ]

    def test_a_crew_waits_in_whatever_way_there_is(self):
        for kind in self.KINDS:
            with self.subTest(kind), mock.patch.object(crew, "new_watch", kind):
                gate = Gate()
                server = self.serve(gate, threads=4)
                self.look_at_waiting(server, gate)
                self.look_at_answering(server)
                self.stack.close()

    def look_at_waiting(self, server, gate):
        """Free connections are heard while others are blocked, and while the selector waits."""
        blocked = self.connect(server, 2)
        for sock in blocked:
            sock.sendall(WAIT)
        self.assertTrue(eventually(lambda: gate.waiting == 2))
        for _ in range(3):
            for sock in self.connect(server, 5):
                self.assertEqual(ask(sock).body, b"/hello")
                self.assertEqual(ask(sock).body, b"/hello")
        for sock in blocked:
            sock.sendall(HELLO)  # while the answer before is not there yet
        gate.opened.set()
        for sock in blocked:
            answers = raw.receive_answer(sock)
            data = answers.rest
            while b"/hello" not in data:
                data += sock.recv(1000)

    def look_at_answering(self, server):
        """Half a head, a body in pieces, a large answer, a row of requests, a client that resets."""
        server.app = read_all
        sock = self.connect(server)
        for piece in [HELLO[:9], HELLO[9:]]:
            sock.sendall(piece)
            time.sleep(0.005)
        self.assertEqual(raw.receive_answer(sock).code, 200)
        for piece in [request("POST / HTTP/1.1", "Content-Length: 4"), b"ab", b"cd"]:
            sock.sendall(piece)
            time.sleep(0.005)
        self.assertEqual(raw.receive_answer(sock).body, b"abcd")
        server.app = returning([b"x" * 5000000])
        [answer] = raw.ask(server.port, HELLO)
        self.assertEqual(len(answer.body), 5000000)
        server.app = paths
        self.assertEqual(len(raw.ask(server.port, HELLO * 20)), 20)
        for data in [b"", HELLO, HELLO[:5]]:
            gone = raw.connect(server.port)
            gone.sendall(data)
            raw.reset(gone)
        self.assertEqual(ask(sock).code, 200)

    def test_a_socket_that_the_application_closes_is_no_misfortune_for_others(self):
        def app(environ, start_response):
            if environ["PATH_INFO"] == "/close":
                environ["werkzeug.socket"].close()
            return hello(environ, start_response)

        for kind in self.KINDS:
            with self.subTest(kind), mock.patch.object(crew, "new_watch", kind):
                server = self.serve(app, threads=2)
                sock = self.connect(server)
                for _ in range(5):
                    self.assertEqual(raw.send(server.port, request("GET /close HTTP/1.1"), says_last=False), b"")
                    self.assertEqual(ask(sock).code, 200)
                self.assertTrue(eventually(lambda server=server: len(server.connections) == 1))
                self.stack.close()


class EndTest(CrewTest):
    """However and whenever it ends, it ends: nothing is lost that can be kept, and nothing is left."""

    def test_what_was_asked_is_answered(self):
        """Clients that ask as fast as they can, while the server ends: each has an answer to all that it has sent."""
        self.stack.enter_context(mock.patch.object(Crew, "farewell", raw.PATIENCE))  # the machine may be a slow one
        for options in [{}, THREADED]:
            lost, answered = [], []
            server = self.serve(paths, options)

            def ask_on(server=server, lost=lost, answered=answered):
                while True:
                    try:
                        sock = raw.connect(server.port, 0.1)
                    except OSError:  # nobody listens any more
                        return
                    sock.settimeout(raw.PATIENCE)
                    with sock:
                        if not self.ask_until_close(sock, lost, answered):
                            return

            clients = [threading.Thread(target=ask_on) for _ in range(8)]
            for client in clients:
                client.start()
            self.assertTrue(eventually(lambda answered=answered: len(answered) > 50))
            server.shutdown(raw.PATIENCE)
            for client in clients:
                client.join()
            with self.subTest(options):
                self.assertEqual(lost, [])

    @staticmethod
    def ask_until_close(sock, lost, answered):
        """Ask until the server says that it closes; whether it may be asked again."""
        first = True
        while True:
            try:
                answer = ask(sock)
            except (OSError, AssertionError) as error:
                if not first:  # what was accepted by the system and not by the server, the server cannot know
                    lost.append(error)
                return False
            first = False
            answered.append(answer.code)
            if "connection" in answer.fields:
                return True

    def test_a_shutdown_before_it_begins_is_a_shutdown(self):
        for options in [{}, THREADED]:
            server = self.make(hello, **options)
            server.shutdown()
            server.serve_forever()
            with self.assertRaises(OSError):
                raw.connect(server.port)

    def test_several_may_shut_it_down(self):
        for options in [{}, THREADED]:
            server = self.serve(hello, options)
            ask(self.connect(server))
            threads = [threading.Thread(target=server.shutdown) for _ in range(5)]
            threads += [threading.Thread(target=server.server_close) for _ in range(5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            server.shutdown()
            server.server_close()

    def test_a_second_shutdown_can_be_less_patient(self):
        gate = Gate()
        self.addCleanup(gate.opened.set)
        server = self.serve(gate)
        sock = self.connect(server)
        sock.sendall(WAIT)
        self.assertTrue(eventually(lambda: gate.waiting))
        patient = threading.Thread(target=server.shutdown, args=(3600,))
        patient.start()
        time.sleep(0.05)
        server.shutdown(0)
        patient.join()
        self.assertEqual(raw.receive(sock), b"")
        gate.opened.set()

    def test_a_view_may_shut_it_down_or_close_it(self):
        """The one thread looked on, at a selector that was closed; a member of several waited for itself."""

        def app(environ, start_response):
            getattr(server, environ["PATH_INFO"][1:])()
            return hello(environ, start_response)

        for options in [{}, THREADED]:
            for method in ["shutdown", "server_close"]:
                with self.subTest(options, method=method):
                    server = self.serve(app, options)
                    answer = ask(self.connect(server), request(f"GET /{method} HTTP/1.1"))
                    self.assertEqual((answer.code, answer.fields["connection"]), (200, "close"))
                    self.assertTrue(server.has_ended.wait(raw.PATIENCE))
        self.assertEqual(self.tracebacks(), [])

    def test_what_has_begun_is_finished(self):
        gate = Gate()
        server = self.serve(gate)
        in_view, half_head, half_body = self.connect(server, 3)
        in_view.sendall(WAIT)
        half_head.sendall(HELLO[:9])
        half_body.sendall(request("POST / HTTP/1.1", "Content-Length: 5", body=b"he"))
        large = self.connect(server)
        self.assertTrue(eventually(lambda: gate.waiting and len(server.connections) == 4))
        closing = threading.Thread(target=server.shutdown, args=(raw.PATIENCE,))
        closing.start()
        self.assertTrue(eventually(lambda: server.is_closing))
        half_head.sendall(HELLO[9:])
        half_body.sendall(b"llo")
        gate.opened.set()
        for sock in [in_view, half_head, half_body]:
            answer = raw.receive_answer(sock)
            self.assertEqual((answer.code, answer.fields["connection"]), (200, "close"))
        self.assertEqual(raw.receive(large), b"")
        closing.join()

    def test_who_is_silent_is_let_go_at_once_and_who_was_here_a_moment_ago_may_ask_again(self):
        self.stack.enter_context(mock.patch.object(Crew, "farewell", 5))
        server = self.serve(paths)
        silent, active = self.connect(server, 2)
        ask(silent)
        self.assertTrue(eventually(lambda: not any(handler.is_busy for handler in server.connections.values())))
        for handler in server.connections.values():
            handler.deadline -= 6
        ask(active)
        closing = threading.Thread(target=server.shutdown, args=(raw.PATIENCE,))
        closing.start()
        self.assertEqual(raw.receive(silent), b"")
        answer = ask(active)
        self.assertEqual((answer.code, answer.fields["connection"]), (200, "close"))
        closing.join()

    def test_who_waits_in_the_queue_of_the_socket_is_served(self):
        server = self.make(paths, threaded=True)
        socks = self.connect(server, 20)
        for sock in socks:
            sock.sendall(HELLO)
        serving = threading.Thread(target=server.serve_forever)
        with mock.patch.object(Crew, "run", lambda self: None):  # as if the signal came first
            serving.start()
            for sock in socks:
                self.assertEqual(raw.receive_answer(sock).fields["connection"], "close")
            serving.join()

    def test_an_interrupt_anywhere_is_an_orderly_end(self):
        """In the one thread there is: while it waits, while it serves, and while it ends."""
        for what, place in [("waiting", (waiting.EpollWatch, "wait")), ("serving", (WSGIRequestHandler, "go_on"))]:
            if not hasattr(waiting.select, "epoll"):
                continue
            with self.subTest(what):
                server = self.make(paths)
                others = self.connect(server, 3)
                original, calls = getattr(*place), []

                def interrupt(*args, original=original, calls=calls):
                    calls.append(args)
                    if len(calls) == 5:
                        raise KeyboardInterrupt
                    return original(*args)

                serving = threading.Thread(target=server.serve_forever)
                with mock.patch.object(*place, interrupt):
                    serving.start()
                    answered = 0
                    for _ in range(2):
                        for sock in others:
                            with suppress(OSError, AssertionError):
                                answered += ask(sock).code == 200
                    serving.join()
                self.assertGreaterEqual(answered, 3)
                self.assertEqual(server.connections, {})

    def test_an_interrupt_while_it_ends_is_the_end(self):
        gate = Gate()
        self.addCleanup(gate.opened.set)
        server = self.make(gate, threaded=True)
        server.shutdown_timeout = 3600
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        sock = self.connect(server)
        sock.sendall(WAIT)
        self.assertTrue(eventually(lambda: gate.waiting))
        with mock.patch.object(Crew, "guard", side_effect=KeyboardInterrupt):
            serving.join()
        self.assertEqual(raw.receive(sock), b"")
        gate.opened.set()

    def test_an_error_that_passes_through_ends_the_one_thread_there_is(self):
        def app(environ, start_response):
            raise KeyError("through")

        server = self.make(app, passthrough_errors=True)
        for sock in self.connect(server, 3):
            sock.sendall(HELLO)
        with self.assertRaisesRegex(KeyError, "through"):
            server.serve_forever()
        self.assertEqual(server.connections, {})


class OneRequestTest(CrewTest):
    """handle_request(), which programs use that wait for one redirect of a browser."""

    def test_it_answers_one_request_and_no_other(self):
        for options in [{}, THREADED]:
            server = self.make(paths, **options)
            self.addCleanup(server.server_close)
            silent, first, second = self.connect(server, 3)
            first.sendall(request("GET /1 HTTP/1.1"))
            server.handle_request()
            answer = raw.Answer(raw.receive(first))
            self.assertEqual((answer.body, answer.fields["connection"]), (b"/1", "close"))
            second.sendall(request("GET /2 HTTP/1.1"))
            server.handle_request()
            self.assertEqual(raw.Answer(raw.receive(second)).body, b"/2")
            server.server_close()
            self.assertEqual(raw.receive(silent), b"")

    def test_it_waits_no_longer_than_it_is_told(self):
        server = self.make(paths)
        self.addCleanup(server.server_close)
        server.timeout = 0.05
        self.connect(server)
        with mock.patch.object(server, "handle_timeout") as handle_timeout:
            server.handle_request()
        handle_timeout.assert_called_once_with()

    def test_it_ends_when_the_server_is_closed(self):
        for options in [{}, THREADED]:
            server = self.make(paths, **options)
            handling = threading.Thread(target=server.handle_request)
            handling.start()
            self.assertTrue(eventually(lambda server=server: server.crew and server.crew.polling.locked()))
            server.server_close()
            handling.join()
        self.assertEqual(self.tracebacks(), [])

    def test_a_server_may_serve_for_ever_after_it(self):
        gate = Gate()
        server = self.make(gate, threaded=True)
        sock = self.connect(server)
        sock.sendall(HELLO)
        server.handle_request()
        self.assertEqual(raw.Answer(raw.receive(sock)).code, 200)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        blocked, sock = self.connect(server, 2)
        blocked.sendall(WAIT)
        self.assertTrue(eventually(lambda: gate.waiting))
        answer = ask(sock)
        self.assertEqual((answer.code, answer.fields.get("connection")), (200, None))
        gate.opened.set()
        server.shutdown()
        serving.join()


if __name__ == "__main__":
    unittest.main()
