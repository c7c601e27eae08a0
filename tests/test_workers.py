"""Several processes on one socket: what their supervisor does, in real processes that serve real connections."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

from nanoweb import workers
from nanoweb.waiting import wait_readable
from nanoweb.workers import Supervisor

from .programs import PATIENCE, PrintingProcess, write_bare_package

# What every program here begins with: a server that tells its process's number.  To "wait" it says "begun",
# and does not answer before a word to go on.
SERVER = """
import atexit, logging, os, signal, socketserver, sys, threading, time
from nanoweb.workers import Supervisor, WorkersFailed

logging.basicConfig(format="%(message)s", level=logging.INFO)

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        if self.rfile.readline() == b"wait\\n":
            self.wfile.write(b"begun\\n")
            self.rfile.readline()
        self.wfile.write(b"%d\\n" % os.getpid())

class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    request_queue_size = 128

    def get_request(self):
        connection, address = super().get_request()
        connection.setblocking(True)
        return connection, address

    def handle_error(self, request, client_address):
        pass

    def serve_forever(self):
        try:
            super().serve_forever(poll_interval=0.02)
        finally:
            self.server_close()    # waits for its threads

server = Server(("127.0.0.1", 0), Handler)
server.socket.setblocking(False)   # another worker may have been faster
logging.info("port %d", server.server_address[1])

def prepare():
    pass   # what a worker does first; some programs below have something to do there

def start():
    prepare()
    return server
"""
RUN = """
try:
    Supervisor(start, workers=2).run()
except WorkersFailed as error:
    sys.exit(str(error))
finally:
    server.server_close()
"""

FAILING = """
def prepare():
    logging.info("a try")
    FAILURE
"""
REGISTERING = """
atexit.register(lambda: logging.info("the end of %d", os.getpid()))

def prepare():
    atexit.register(lambda: logging.info("exit function of %d", os.getpid()))
"""
PRINTING = """
print("before")

def prepare():
    print("within")
"""


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    write_bare_package(folder.name)
    Program.path = folder.name


class Program(PrintingProcess):
    """A program that runs a supervisor, in a process and a process group of its own.

    port    where its workers answer
    """

    def __init__(self, test, text="", arguments="workers=2"):
        text = SERVER + text + RUN.replace("workers=2", arguments)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (end() closes it)
        self.life, tail = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-W", "error", *["-O"] * sys.flags.optimize, "-c", text],
            env={**os.environ, "PYTHONPATH": self.path},
            stdout=self.file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[tail],
        )
        os.close(tail)
        test.addCleanup(self.end)
        self.port = int(self.await_log("port ([0-9]+)")[0])

    def await_workers(self, count=2):
        """Wait until so many workers were ready, since the beginning; return their numbers, the last ones last."""
        return [int(pid) for pid in self.await_log("worker ([0-9]+) is ready", count)]

    def send(self, number):
        self.process.send_signal(number)

    def status(self):
        """Wait for its end."""
        return self.process.wait(PATIENCE)

    def connect(self):
        return Client(self.port)

    def ask(self):
        """Return the number of the process that answers."""
        with self.connect() as client:
            return client.ask("pid")

    def seen(self, count):
        """Ask until so many processes have answered; return their numbers."""
        pids = set()
        deadline = time.monotonic() + PATIENCE
        while len(pids) < count and time.monotonic() < deadline:
            with self.connect() as one, self.connect() as other:  # who serves the one may leave the other to others
                pids |= {int(one.ask("pid")), int(other.ask("pid"))}
        return pids


class Client:
    """A connection."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.file = self.sock.makefile("rwb")

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.file.close()
        self.sock.close()

    def ask(self, word):
        """Send a line, return the one that answers, "" if none does."""
        try:
            self.file.write(word.encode() + b"\n")
            self.file.flush()
            return self.file.readline().decode().strip()
        except ConnectionError:
            return ""


class LifeTest(unittest.TestCase):
    """From the first worker to the last."""

    def test_so_many_workers_answer_and_the_supervisor_does_not(self):
        program = Program(self)
        pids = program.await_workers(2)
        self.assertEqual(program.seen(2), set(pids))
        self.assertNotIn(program.process.pid, pids)

    def test_a_worker_that_dies_is_replaced(self):
        program = Program(self, "Supervisor.backoff = 0.01")
        first, second = program.await_workers(2)
        for number, name in [(signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV")]:
            with self.subTest(name):
                os.kill(first, number)
                program.await_log(f"worker {first} was killed by {name}")
                first = program.await_workers(3 + (name == "SIGSEGV"))[-1]
                self.assertEqual(program.seen(2), {first, second})

    def test_a_signal_ends_all_and_what_has_begun_is_answered(self):
        programs = {number: Program(self) for number in [signal.SIGTERM, signal.SIGINT]}
        for number, program in programs.items():
            with self.subTest(number.name):
                pids = program.await_workers(2)
                with program.connect() as client:
                    self.assertEqual(client.ask("wait"), "begun")
                    program.send(number)
                    program.await_log("seconds to end")
                    self.assertIn(int(client.ask("go")), pids)
                self.assertEqual(program.status(), 0)
                self.assertTrue(program.all_are_dead())

    def test_nobody_is_let_in_when_nobody_will_answer(self):
        program = Program(self, "", "workers=2, on_end=server.server_close")
        program.await_workers(2)
        with program.connect() as client:
            self.assertEqual(client.ask("wait"), "begun")
            program.send(signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            # Reset are those who wait in the queue when the last one closes it; they know that nobody has heard them.
            with self.assertRaises((ConnectionRefusedError, ConnectionResetError)):
                while time.monotonic() < deadline:
                    program.connect().__exit__()
                    time.sleep(0.005)
            with self.assertRaises(ConnectionRefusedError):
                program.connect()
            self.assertNotEqual(client.ask("go"), "")
        self.assertEqual(program.status(), 0)

    def test_a_second_signal_ends_all_at_once(self):
        program = Program(self)
        program.await_workers(2)
        with program.connect() as client:
            self.assertEqual(client.ask("wait"), "begun")
            program.send(signal.SIGTERM)
            program.await_log("SIGTERM: the workers have 10 seconds to end")
            program.send(signal.SIGTERM)
            self.assertEqual(program.status(), 0)
            self.assertEqual(client.ask("go"), "")
        self.assertIn("SIGTERM again", program.log())
        self.assertTrue(program.all_are_dead())

    def test_no_worker_outlives_its_supervisor(self):
        program = Program(self)
        program.await_workers(2)
        program.process.kill()
        self.assertEqual(program.status(), -signal.SIGKILL)
        self.assertTrue(program.all_are_dead(), program.log())
        with self.assertRaises(OSError):
            program.connect()
        self.assertEqual(program.log().count("its supervisor is gone"), 2)


class RenewalTest(unittest.TestCase):
    """SIGHUP."""

    def test_all_are_replaced_and_no_request_is_lost(self):
        program = Program(self)
        pids = program.await_workers(2)
        answers = []
        is_over = threading.Event()

        def ask():
            while not is_over.is_set():
                answers.append(program.ask())

        clients = [threading.Thread(target=ask) for _ in range(4)]
        with program.connect() as busy:
            self.assertEqual(busy.ask("wait"), "begun")
            for client in clients:
                client.start()
            for round in range(1, 4):
                program.send(signal.SIGHUP)
                program.await_workers(2 + 2 * round)
            new = set(program.await_workers(8)[-2:])
            self.assertIn(int(busy.ask("go")), pids)
        is_over.set()
        for client in clients:
            client.join(PATIENCE)
        self.assertNotIn("", answers)
        program.await_log("as it was told", 6)
        self.assertEqual(program.seen(2), new)
        self.assertTrue(new.isdisjoint(pids))
        program.send(signal.SIGTERM)
        self.assertEqual(program.status(), 0)
        self.assertNotIn("killed", program.log())


class FailureTest(unittest.TestCase):
    """What cannot work ends, and says why."""

    def test_a_program_that_cannot_start_is_tried_once_and_says_why(self):
        failures = [("1 / 0", 1), ("sys.exit('no database')", 1), ("sys.exit(7)", 7), ("os._exit(0)", 0)]
        programs = [Program(self, FAILING.replace("FAILURE", failure), "workers=4") for failure, _ in failures]
        for (failure, status), program in zip(failures, programs):
            with self.subTest(failure):
                self.assertEqual(program.status(), 1)
                log = program.log()
                self.assertEqual(log.count("a try"), 1, log)
                self.assertEqual(log.count("ZeroDivisionError"), failure == "1 / 0")
                self.assertEqual(log.count("no database\n"), "database" in failure)
                said = rf"worker [0-9]+ ended with status {status} before it was ready; what .* tells why\n\Z"
                self.assertRegex(log, said)

    def test_the_pause_grows_while_workers_do_not_last(self):
        supervisor = Supervisor(mock.Mock(), 4)
        supervisor.not_before = 100.0
        pauses = []
        for _ in range(30):
            with mock.patch.object(workers.time, "monotonic", return_value=100.0):
                supervisor.strike()
            pauses.append(supervisor.not_before - 100.0)
        self.assertEqual(pauses[:6], [0.0, 0.5, 1.0, 2.0, 4.0, 5.0])
        self.assertEqual(pauses[-1], 5.0)

    def test_what_a_dead_worker_means_depends_on_how_long_it_was_there(self):
        for is_ready, seconds, strikes in [(True, 0.9, 3), (True, 1.1, 0), (False, 0.9, 3), (False, 1.1, 3)]:
            with self.subTest(is_ready=is_ready, seconds=seconds):
                supervisor = Supervisor(mock.Mock(), 1)
                supervisor.has_begun, supervisor.strikes = True, 2
                worker = workers.Worker(1, mock.Mock(), 0)
                worker.is_ready = is_ready
                worker.since -= seconds
                with self.assertLogs("nanoweb.serving", "ERROR"):
                    supervisor.bury(worker, signal.SIGKILL)
                self.assertEqual(supervisor.strikes, strikes)

    def test_what_cannot_be_asked_for_is_refused(self):
        for number in [0, -1, 1.5, "2", None]:
            with self.subTest(number), self.assertRaisesRegex(ValueError, "no number of processes"):
                Supervisor(mock.Mock(), number)
        no_fork = mock.patch.object(workers, "os", mock.Mock(spec=["getpid"]))
        with no_fork, self.assertRaisesRegex(ValueError, "workers=2 needs os.fork"):
            Supervisor(mock.Mock(), 2)

    def test_another_thread_than_the_main_one_is_refused(self):
        errors = []

        def run():
            try:
                Supervisor(mock.Mock(), 1).run()
            except RuntimeError as error:
                errors.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
        self.assertRegex(errors[0], "main thread")


class CleanlinessTest(unittest.TestCase):
    """What is left behind, and what is not done twice."""

    def test_a_complete_team_lets_the_supervisor_sleep(self):
        supervisor = Supervisor(mock.Mock(), 2)
        self.assertIsNotNone(supervisor.seconds_left())
        for pid in (1, 2):
            worker = workers.Worker(pid, mock.Mock(), 0)
            supervisor.team[pid] = worker
            worker.line.recv.return_value = b"+"
            supervisor.hear(worker)
        self.assertIsNone(supervisor.seconds_left())
        supervisor.is_ending = True
        with mock.patch.object(worker, "send"):
            supervisor.dismiss(worker)
        self.assertGreater(supervisor.seconds_left(), 0)

    def test_whoever_has_died_is_reaped_and_known_ones_are_told_apart(self):
        # The first process of a container is the parent of all who have lost theirs; those are 99 here.
        for answers, buried in [
            ([(99, 0), (7, 9), (99, 0), (0, 0)], {7: 9}),
            ([(7, 0), (8, 256)], {7: 0, 8: 256}),
            ([ChildProcessError, ChildProcessError], {7: 0, 8: 0}),  # somebody else was faster
        ]:
            supervisor = Supervisor(mock.Mock(), 1)
            supervisor.team = {pid: workers.Worker(pid, mock.Mock(), 0) for pid in (7, 8)}
            bury = mock.patch.object(supervisor, "bury")
            with self.subTest(answers), bury, mock.patch.object(workers.os, "waitpid", side_effect=answers):
                supervisor.bury_dead()
                seen = {worker.pid: status for worker, status in (call[1] for call in supervisor.bury.mock_calls)}
                self.assertEqual(seen, buried)
                self.assertEqual(set(supervisor.team), {7, 8} - set(buried))

    def test_signals_find_their_old_handlers_again(self):
        numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD]
        before = [signal.getsignal(number) for number in numbers]
        with workers.Ears(*numbers) as ears:
            os.kill(os.getpid(), signal.SIGHUP)
            self.assertEqual(wait_readable([ears.line], PATIENCE), [ears.line])
            self.assertEqual(ears.read(), bytes([signal.SIGHUP]))
            self.assertEqual(ears.read(), b"")
        self.assertEqual([signal.getsignal(number) for number in numbers], before)

    def test_a_ctrl_c_that_is_ignored_stays_so(self):
        """The shell asks that of what runs in the background: the Ctrl-C is for another program."""
        kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGINT, kept)
        with workers.Ears(signal.SIGINT, signal.SIGHUP) as ears:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGHUP)
            self.assertEqual(wait_readable([ears.line], PATIENCE), [ears.line])
            self.assertEqual(ears.read(), bytes([signal.SIGHUP]))

    def test_exit_functions_run_where_they_were_registered(self):
        program = Program(self, REGISTERING)
        pids = program.await_workers(2)
        program.send(signal.SIGTERM)
        self.assertEqual(program.status(), 0)
        self.assertEqual(sorted(program.await_log("exit function of ([0-9]+)", 2)), sorted(map(str, pids)))
        self.assertEqual(program.await_log("the end of ([0-9]+)"), [str(program.process.pid)])

    def test_what_was_printed_before_is_printed_once(self):
        program = Program(self, PRINTING)
        program.await_workers(2)
        program.send(signal.SIGTERM)
        self.assertEqual(program.status(), 0)
        self.assertEqual(program.log().count("before\n"), 1)
        self.assertEqual(program.log().count("within\n"), 2)


if __name__ == "__main__":
    unittest.main()
