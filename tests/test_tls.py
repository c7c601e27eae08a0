"""TLS: contexts, certificates, and what a connection does with all that a client may send."""

import os
import pathlib
import select
import shutil
import socket
import ssl
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from unittest import mock

from nanoweb import tls
from nanoweb.connections import WSGIRequestHandler
from nanoweb.tls import HandshakeFailed, TLSConnection, load_ssl_context, make_ssl_context, make_ssl_devcert
from nanoweb.wire import RefusedRequest

from .servers import hello, running

PATIENCE = 60  # seconds until a test gives up; nothing waits that long when all is well

# For localhost, 127.0.0.1 and ::1, by itself, from 2000 to 2099; made for these tests, and known to all.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMDAwMTAxMDAwMDAwWhgPMjA5OTEyMzEyMzU5NTlaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAGyNIVLJKD8m7K8
3CCRGCo1C3o0poHdYw+9gPQ2rfMC64cLEGfYqbQn/h3Q61UFIYkIA7ruSDCt1ncK
KwOE1OGjcDBuMCwGA1UdEQQlMCOCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAA
AAAAAAAAATAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBQfLWmjvkckeY8HSvr7
piNnmUY6FDAOBgNVHQ8BAf8EBAMCAoQwCgYIKoZIzj0EAwIDSAAwRQIhAPx7pGiD
w00NRfwwrbQex7QEoM5aGRBgPvos4SRU2bwAAiA86UQB8QQWC2fA6C/Am7EDkLAW
ugl4Vf+jF4dlgIyuBA==
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXRySunBlXaVddoAm
7OhtvJ96nJkpWyZfXy10cHH33iWhRANCAAQBsjSFSySg/JuyvNwgkRgqNQt6NKaB
3WMPvYD0Nq3zAuuHCxBn2Km0J/4d0OtVBSGJCAO67kgwrdZ3CisDhNTh
-----END PRIVATE KEY-----
"""
OTHER_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgI39gwvGubNNPZvJY
qmN4gtVFpFDrV5nmE0/Jzs+Ut5yhRANCAAQDzalbHJHUkW2L2VpRw8bAL3bhqhl0
l3TT2SKvfLMsv1jg7IW95hLfjhItWzNo8gYGp3t3dvGjbNODLVqFJ0Fa
-----END PRIVATE KEY-----
"""


def set_timeout(connection, option, seconds):
    """Bound the waits in recv() or send() as the kernel does it."""
    value = struct.pack("@ll", int(seconds), int(seconds % 1 * 1000000))
    connection.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)


class FileTest(unittest.TestCase):
    """Tests with a certificate in a folder."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.cert_file = cls.write("cert.pem", CERTIFICATE)
        cls.key_file = cls.write("key.pem", KEY)
        cls.context = load_ssl_context(cls.cert_file, cls.key_file)
        cls.client_context = ssl.create_default_context(cadata=CERTIFICATE)
        cls.client_context.options &= ~0x80  # OP_IGNORE_UNEXPECTED_EOF, which Python 3.9 sets, and has no name for

    @classmethod
    def write(cls, name, text):
        (cls.folder / name).write_text(text)
        return str(cls.folder / name)

    def pair(self, context=None, client_context=None, name="localhost"):
        """Return a Pair that is closed when the test is over."""
        pair = Pair(context or self.context, client_context or self.client_context, name)
        self.addCleanup(pair.__exit__)
        return pair.__enter__()


class ContextTest(FileTest):
    """What ssl_context= takes."""

    def test_files_may_be_two_or_one_and_named_by_paths(self):
        both = self.write("both.pem", KEY + CERTIFICATE)
        for value in [
            (self.cert_file, self.key_file),
            [pathlib.Path(self.cert_file), pathlib.Path(self.key_file)],
            (both,),
            (both, None),
            (self.cert_file, self.key_file, ssl.PROTOCOL_TLS_SERVER),
        ]:
            with self.subTest(value):
                self.assertIsInstance(make_ssl_context(value), ssl.SSLContext)
        self.assertIs(make_ssl_context(self.context), self.context)

    def test_old_versions_and_renegotiation_are_off(self):
        self.assertEqual(self.context.minimum_version, ssl.TLSVersion.TLSv1_2)
        self.assertTrue(self.context.options & ssl.OP_NO_RENEGOTIATION)

    def test_what_is_no_ssl_context_is_refused(self):
        for value in [True, 1, "", "ad hoc", "cert.pem", (), ("a", "b", None, 4), {"cert": "key"}]:
            with self.subTest(value), self.assertRaisesRegex(TypeError, "ssl_context=.*a pair"):
                make_ssl_context(value)
        with self.assertRaisesRegex(ValueError, "for clients"):
            make_ssl_context(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def test_an_error_names_the_file(self):
        other_key = self.write("other.pem", OTHER_KEY)
        for files, kind, text in [
            (("nowhere.pem",), FileNotFoundError, "nowhere.pem"),
            ((self.cert_file, "nokey.pem"), FileNotFoundError, "nokey.pem"),
            ((str(self.folder),), OSError, str(self.folder)),
            ((self.cert_file,), ssl.SSLError, "cert.pem' and key .*cert.pem"),
            ((self.write("junk.pem", "junk"), self.key_file), ssl.SSLError, "junk.pem"),
            ((self.cert_file, other_key), ssl.SSLError, "other.pem': key values mismatch"),
        ]:
            with self.subTest(files), self.assertRaisesRegex(kind, text):
                make_ssl_context(files)


class CertificateTest(FileTest):
    """Certificates of our own; where nothing can make them, that must be said."""

    def setUp(self):
        self.can_make = shutil.which("openssl") is not None
        no_package = mock.patch.object(tls.importlib, "import_module", side_effect=ImportError)
        no_package.start()
        self.addCleanup(no_package.stop)

    def make(self, *args, **kwargs):
        """Call make_ssl_devcert, return its files; None where nothing can make a certificate, and that is said."""
        if self.can_make:
            return make_ssl_devcert(*args, **kwargs)
        with self.assertRaisesRegex(RuntimeError, "openssl program"):
            make_ssl_devcert(*args, **kwargs)
        return None

    def test_a_client_that_trusts_it_finds_the_names_it_is_for(self):
        hosts = [
            ("shop.test", ["shop.test", "www.shop.test", "localhost", "127.0.0.1", "::1"]),
            ("192.0.2.7", ["192.0.2.7", "localhost"]),
            (None, ["localhost"]),
        ]
        with ThreadPoolExecutor() as pool:  # the program takes its time
            all_files = pool.map(lambda case: self.make(str(self.folder / f"for {case[0]}"), case[0]), hosts)
        for (host, names), files in zip(hosts, all_files):
            for name in names if files else []:
                with self.subTest(host, name=name):
                    client_context = ssl.create_default_context(cafile=files[0])
                    with Pair(load_ssl_context(*files), client_context, name) as pair:
                        self.assertEqual(pair.exchange(b"hello"), b"hello")

    def test_only_its_owner_can_read_the_key_whatever_was_there(self):
        target = pathlib.Path(self.write("target", "of a link"))
        base = self.folder / "planted"
        base.with_suffix(".key").symlink_to(target)
        base.with_suffix(".crt").write_text("old")
        files = self.make(str(base), cn="shop.test")
        if files:
            self.assertEqual(files, (f"{base}.crt", f"{base}.key"))
            self.assertEqual(target.read_text(), "of a link")
            if os.name == "posix":
                self.assertEqual(stat.S_IMODE(os.lstat(files[1]).st_mode), 0o600)

    def test_a_name_cannot_say_more_than_a_name(self):
        for host in [
            "",
            "a b",
            "a\nb",
            "a\n[v3]\nx=1",
            "a,IP:1.2.3.4",
            "${ENV::HOME}",
            "a/b",
            "é",
            ".a",
            "a.",
            "a" * 300,
        ]:
            with self.subTest(host=host), self.assertRaises(ValueError):
                make_ssl_devcert(str(self.folder / "bad"), host)
        for cn in ["a\nb", "$HOME", "a\\b", "#", " a", "é", 'a"b', "a" * 65]:
            with self.subTest(cn=cn), self.assertRaises(ValueError):
                make_ssl_devcert(str(self.folder / "bad"), cn=cn)
        self.assertEqual(list(self.folder.glob("bad*")), [])

    def test_adhoc_leaves_no_file_behind(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(tempfile, "tempdir", folder):
            if self.can_make:
                self.assertIsInstance(make_ssl_context("adhoc"), ssl.SSLContext)
            self.assertEqual(os.listdir(folder), [])

    def test_what_is_missing_is_said(self):
        nothing = mock.patch.object(shutil, "which", return_value=None)
        with nothing, self.assertRaisesRegex(RuntimeError, "openssl program or the cryptography.*ssl_context="):
            make_ssl_context("adhoc")

    def test_what_the_program_says_is_passed_on(self):
        failed = subprocess.CompletedProcess([], 3, stdout=b"no entropy today\n")
        program = mock.patch.object(shutil, "which", return_value="/bin/openssl")
        run = mock.patch.object(subprocess, "run", return_value=failed)
        with program, run, self.assertRaisesRegex(RuntimeError, r"/bin/openssl .*\(status 3\): no entropy today"):
            make_ssl_context("adhoc")

    def test_the_package_is_preferred_to_the_program(self):
        with mock.patch.object(tls.importlib, "import_module"):
            made = (CERTIFICATE.encode(), KEY.encode())
            with mock.patch.object(tls, "_make_by_cryptography", return_value=made) as make:
                self.assertIsInstance(make_ssl_context("adhoc"), ssl.SSLContext)
        make.assert_called_once_with("localhost", ["localhost", "127.0.0.1", "::1"])


class Pair:
    """Two ends of a connection.

    server    the TLSConnection
    client    a client's socket, once the handshake, in a thread, is over
    """

    def __init__(self, context, client_context, name="localhost"):
        ours, theirs = socket.socketpair()
        for sock in (ours, theirs):
            set_timeout(sock, "SO_RCVTIMEO", PATIENCE)
            set_timeout(sock, "SO_SNDTIMEO", PATIENCE)
        self.server = TLSConnection(ours, context)
        self.client = client_context.wrap_socket(
            theirs, server_hostname=name, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )

    def __enter__(self):
        errors = self.in_thread(self.client.do_handshake)
        while not self.server.is_open:
            self.server.digest(self.server.sock.recv(48000))
        self.join(errors)
        return self

    def __exit__(self, *exc_info):
        self.server.close()
        self.client.close()

    def in_thread(self, function, *args):
        """Call a function in a thread; join() waits for it, and raises what it has raised."""
        errors = []

        def run():
            try:
                function(*args)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread, errors

    def join(self, call):
        thread, errors = call
        thread.join(PATIENCE)
        if errors:
            raise errors[0]

    def exchange(self, data):
        """Have the client send data, and the server send back what comes; return what the client gets."""
        sending = self.in_thread(self.client.sendall, data)
        received = b""
        while len(received) < len(data):
            received += self.server.recv(65536)
        self.join(sending)
        sending = self.in_thread(self.server.sendall, received)
        answer = b""
        while len(answer) < len(data):
            answer += self.client.recv(65536)
        self.join(sending)
        return answer


class ConnectionTest(FileTest):
    """The methods of a socket."""

    def test_what_one_side_sends_the_other_receives(self):
        for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
            client_context = ssl.create_default_context(cadata=CERTIFICATE)
            client_context.minimum_version = client_context.maximum_version = version
            client_context.set_alpn_protocols(["h2", "http/1.1"])
            pair = self.pair(client_context=client_context)
            for size in [1, 16384, 16385, 300000]:
                with self.subTest(version.name, size=size):
                    data = os.urandom(size)
                    self.assertTrue(pair.exchange(data) == data)
            self.assertEqual(pair.server.version(), {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name])
            self.assertEqual(pair.server.cipher(), pair.client.cipher())
            self.assertEqual(pair.server.selected_alpn_protocol(), "http/1.1")

    def test_what_waits_below_is_all_that_waits(self):
        # Who waits for the socket, and then calls recv(65536) once, must not miss anything.
        pair = self.pair()
        pair.server.setblocking(False)
        data = os.urandom(500000)
        sending = pair.in_thread(pair.client.sendall, data)
        received = b""
        while len(received) < len(data):
            self.assertEqual(select.select([pair.server], [], [], PATIENCE)[0], [pair.server])
            with suppress(BlockingIOError):
                received += pair.server.recv(65536)
            self.assertEqual(pair.server.pending(), 0)
        pair.join(sending)
        self.assertTrue(received == data)

    def test_what_is_not_taken_stays(self):
        pair = self.pair()
        pair.client.sendall(b"hello world")
        self.assertEqual(pair.server.recv(5), b"hello")
        self.assertEqual(pair.server.pending(), 6)
        self.assertEqual(pair.server.recv(65536), b" world")
        self.assertEqual(pair.server.pending(), 0)

    def test_where_the_socket_does_not_block_nothing_is_waited_for(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        server = TLSConnection(ours, self.context)
        server.setblocking(False)
        theirs.setblocking(False)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.client_context.wrap_bio(incoming, outgoing, server_hostname="localhost")

        def dribble():
            """Have the client send byte by byte; return what the server has got when the last one was there."""
            received = b""
            for byte in outgoing.read():
                self.assertEqual(received, b"")
                theirs.send(bytes([byte]))
                with suppress(BlockingIOError):
                    received = server.recv(65536)
            return received

        with self.assertRaises(BlockingIOError):
            server.recv(65536)
        for _ in range(5):
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                with self.assertRaises(BlockingIOError):
                    server.send(b"too early")
                self.assertEqual(dribble(), b"")
                incoming.write(theirs.recv(65536))
        for data in [b"GET / HTTP/1.1\r\n", bytes(1000)]:
            client.write(data)
            self.assertEqual(dribble(), data)

    def test_where_there_is_no_room_the_rest_is_sent_by_the_next_call(self):
        pair = self.pair()
        pair.server.setblocking(False)
        data = os.urandom(3000000)
        received = bytearray()
        sent = stuck = 0
        while sent < len(data):
            try:
                count = pair.server.send(data[sent : sent + 100000])
                self.assertLessEqual(count, 65536)
                sent += count
            except BlockingIOError:
                stuck += 1
                received += pair.client.recv(16384)
        self.assertEqual(pair.server.unsent, b"")
        self.assertGreater(stuck, 0)
        while len(received) < len(data):
            received += pair.client.recv(16384)
        self.assertTrue(received == data)
        pair.server.setblocking(True)
        self.assertEqual(pair.exchange(b"hello"), b"hello")

    def test_what_is_half_sent_cannot_be_taken_back(self):
        pair = self.pair()
        pair.server.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                pair.server.send(bytes(65536))
        with self.assertRaisesRegex(ValueError, "half sent"):
            pair.server.send(b"something else")

    def test_a_wait_has_the_end_that_the_socket_says(self):
        pair = self.pair()
        set_timeout(pair.server, "SO_RCVTIMEO", 0.01)
        with self.assertRaises((BlockingIOError, socket.timeout)):
            pair.server.recv(65536)
        set_timeout(pair.server, "SO_RCVTIMEO", PATIENCE)
        self.assertEqual(pair.exchange(b"still there"), b"still there")

    def test_a_client_that_takes_nothing_stops_a_send_in_time_and_no_goodbye_is_waited_for(self):
        pair = self.pair()
        set_timeout(pair.server, "SO_SNDTIMEO", 0.01)
        with self.assertRaises((BlockingIOError, socket.timeout)):
            while True:
                self.assertEqual(pair.server.send(bytes(100000)), 65536)
        pair.server.shutdown(socket.SHUT_WR)
        with self.assertRaises(ssl.SSLError):  # the last record is not complete, and nobody pretends that it is
            while pair.client.recv(65536):
                pass

    def test_a_send_that_is_stuck_does_not_hold_up_the_end(self):
        pair = self.pair()
        stuck = pair.in_thread(pair.server.sendall, bytes(10000000))
        while not pair.server.sending.locked():
            pass
        pair.client.recv(1)
        pair.server.shutdown(socket.SHUT_RDWR)
        with self.assertRaises(OSError):
            pair.join(stuck)

    def test_one_thread_can_send_while_another_waits_for_what_comes(self):
        pair = self.pair()
        received = []
        waiting = pair.in_thread(lambda: received.append(pair.server.recv(65536)))
        sending = pair.in_thread(pair.server.sendall, bytes(1000000))
        size = 0
        while size < 1000000:
            size += len(pair.client.recv(65536))
        pair.join(sending)
        pair.client.sendall(b"thanks")
        pair.join(waiting)
        self.assertEqual(received, [b"thanks"])

    def test_bytes_of_any_kind_are_sent_and_nothing_is_nothing(self):
        pair = self.pair()
        for data in [b"", bytearray(b""), bytearray(b"one "), memoryview(b"two "), b"three"]:
            self.assertEqual(pair.server.send(data), len(data))
        received = b""
        while len(received) < 13:
            received += pair.client.recv(65536)
        self.assertEqual(received, b"one two three")

    def test_flags_are_refused(self):
        pair = self.pair()
        for call in [
            lambda: pair.server.recv(1, socket.MSG_PEEK),
            lambda: pair.server.send(b"x", socket.MSG_OOB),
        ]:
            with self.assertRaisesRegex(ValueError, "flags"):
                call()

    def test_the_rest_is_the_socket_s(self):
        pair = self.pair()
        server, sock = pair.server, pair.server.sock
        self.assertEqual(server.fileno(), sock.fileno())
        self.assertEqual((server.family, server.type, server.proto), (sock.family, sock.type, sock.proto))
        self.assertEqual((server.getpeername(), server.getsockname()), (sock.getpeername(), sock.getsockname()))
        server.settimeout(7)
        self.assertEqual((server.gettimeout(), sock.gettimeout()), (7, 7))
        server.setblocking(False)
        self.assertEqual(sock.gettimeout(), 0)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 70000)
        size = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self.assertEqual(server.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), size)
        for name in ["sendmsg", "recvmsg", "recvfrom", "sendto", "sendfile", "makefile", "dup", "detach", "unwrap"]:
            with self.subTest(name), self.assertRaisesRegex(AttributeError, f"'TLSConnection' object .*'{name}'"):
                getattr(server, name)  # past TLS, it would go in the clear
        server.close()
        self.assertEqual(sock.fileno(), -1)

    def test_the_name_that_is_asked_for_can_choose_the_certificate(self):
        names = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # has none of its own

        def choose(connection, name, _):
            names.append(name)
            connection.context = self.context

        context.sni_callback = choose
        pair = self.pair(context)
        self.assertEqual(pair.exchange(b"hello"), b"hello")
        self.assertEqual(names, ["localhost"])

    def test_a_client_can_show_a_certificate(self):
        context = load_ssl_context(self.cert_file, self.key_file)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=CERTIFICATE)
        client_context = ssl.create_default_context(cadata=CERTIFICATE)
        self.assertIsNone(self.pair(context, client_context).server.client_certificate())
        client_context.load_cert_chain(self.cert_file, self.key_file)
        server = self.pair(context, client_context).server
        self.assertEqual(server.client_certificate().split(), CERTIFICATE.split())
        self.assertEqual(server.getpeercert()["subject"], ((("commonName", "localhost"),),))


class EndTest(FileTest):
    """How a connection ends; whether it was cut shows."""

    def test_a_shutdown_says_goodbye(self):
        for how in [socket.SHUT_WR, socket.SHUT_RDWR]:
            with self.subTest(how):
                pair = self.pair()
                pair.server.sendall(b"all")
                pair.server.shutdown(how)
                pair.server.close()
                self.assertEqual(pair.client.recv(100), b"all")
                self.assertEqual(pair.client.recv(100), b"")

    def test_a_close_alone_says_none(self):
        pair = self.pair()
        pair.server.sendall(b"not all")
        pair.server.close()
        self.assertEqual(pair.client.recv(100), b"not all")
        with self.assertRaisesRegex(ssl.SSLError, "EOF"):
            pair.client.recv(100)

    def test_what_the_client_still_sends_arrives_after_our_goodbye(self):
        pair = self.pair()
        pair.client.sendall(b"before")
        pair.server.digest(pair.server.sock.recv(65536))
        pair.client.sendall(b", and half a record")
        pair.server.incoming.write(pair.server.sock.recv(10))
        pair.server.shutdown(socket.SHUT_WR)
        self.assertEqual(pair.server.recv(65536), b"before")
        self.assertEqual(pair.server.recv(65536), b", and half a record")
        pair.client.sendall(b", and after")
        self.assertEqual(pair.server.recv(65536), b", and after")
        pair.client.shutdown(socket.SHUT_WR)
        self.assertEqual(pair.server.recv(65536), b"")

    def test_the_client_s_last_word_is_the_end_with_goodbye_or_without(self):
        for says_goodbye in [True, False]:
            with self.subTest(says_goodbye):
                pair = self.pair()
                pair.client.sendall(b"bye")
                raw = socket.socket(fileno=os.dup(pair.client.fileno()))
                if says_goodbye:
                    unwrapping = pair.in_thread(pair.client.unwrap)
                else:
                    raw.shutdown(socket.SHUT_WR)
                received = [pair.server.recv(65536), pair.server.recv(65536), pair.server.recv(65536)]
                self.assertEqual(received, [b"bye", b"", b""])
                pair.server.shutdown(socket.SHUT_WR)
                if says_goodbye:
                    pair.join(unwrapping)
                raw.close()

    def test_a_goodbye_that_comes_along_with_data_wakes_who_waits_for_more(self):
        pair = self.pair()
        pair.client.sendall(b"bye")
        pair.client.setblocking(False)
        with self.assertRaises(ssl.SSLWantReadError):
            pair.client.unwrap()
        self.assertEqual(pair.server.recv(65536), b"bye")
        self.assertEqual(select.select([pair.server], [], [], 0)[0], [pair.server])
        self.assertEqual(pair.server.recv(65536), b"")

    def test_what_follows_a_goodbye_is_not_read(self):
        pair = self.pair()
        raw = socket.socket(fileno=os.dup(pair.client.fileno()))
        self.addCleanup(raw.close)
        pair.client.setblocking(False)
        with self.assertRaises(ssl.SSLWantReadError):
            pair.client.unwrap()
        raw.send(b"\x17\x03\x03\x00\x05GET /")
        self.assertEqual(pair.server.recv(65536), b"")
        self.assertEqual(pair.server.recv(65536), b"")

    def test_bytes_that_were_changed_on_the_way_are_an_error(self):
        pair = self.pair()
        pair.client.sendall(b"hello")
        data = bytearray(pair.server.sock.recv(65536))
        data[-1] ^= 1
        with self.assertRaises(ssl.SSLError):
            pair.server.digest(bytes(data))
        pair.server.shutdown(socket.SHUT_WR)


class HandshakeTest(FileTest):
    """Clients that never become one."""

    def connect(self, context=None):
        """Return a TLSConnection that has had no handshake, and the socket of its client."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        set_timeout(theirs, "SO_RCVTIMEO", PATIENCE)
        return TLSConnection(ours, context or self.context), theirs

    def test_plain_http_is_answered_in_plain_http(self):
        for request in [b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n"]:
            with self.subTest(request):
                server, client = self.connect()
                client.send(request)
                with self.assertRaises(RefusedRequest) as caught:
                    server.recv(65536)
                self.assertEqual(caught.exception.code, 400)
                self.assertRegex(caught.exception.reason, "plain HTTP.*https://")
                server.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                server.shutdown(socket.SHUT_WR)
                self.assertEqual(client.recv(100), b"HTTP/1.1 400 Bad Request\r\n\r\n")
                self.assertEqual(client.recv(100), b"")
                client.send(b"more")
                self.assertEqual(server.recv(65536), b"more")
                client.close()
                self.assertEqual(server.recv(65536), b"")

    def test_what_is_no_tls_is_refused_in_one_line(self):
        for data in [
            b"SSH-2.0-OpenSSH_9.6\r\n",
            bytes(100),
            b"\x16\x03\x01\xff\xff" + bytes(100),
            b"\x80\x2e\x01" + bytes(50),
        ]:
            with self.subTest(data[:20]):
                server, client = self.connect()
                client.send(data)
                with self.assertRaises(HandshakeFailed) as caught:
                    server.recv(65536)
                self.assertRegex(str(caught.exception), r"\Athe TLS handshake failed: [a-z0-9 ]+\Z")
                self.assertIsInstance(caught.exception, ConnectionError)
                server.shutdown(socket.SHUT_WR)  # nothing more is said, and nothing fails

    def test_who_does_not_trust_the_certificate_says_so(self):
        server, sock = self.connect()
        client = ssl.create_default_context().wrap_socket(
            sock, server_hostname="localhost", do_handshake_on_connect=False
        )
        self.addCleanup(client.close)
        errors = []

        def shake_hands():
            try:
                client.do_handshake()
            except ssl.SSLError as error:
                errors.append(error)

        thread = threading.Thread(target=shake_hands)
        thread.start()
        with self.assertRaisesRegex(HandshakeFailed, "handshake failed: .*unknown ca"):
            server.recv(65536)
        thread.join(PATIENCE)
        self.assertIsInstance(errors[0], ssl.SSLCertVerificationError)

    def test_a_client_without_a_common_version_is_told(self):
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        context = load_ssl_context(self.cert_file, self.key_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        server, sock = self.connect(context)
        client = old.wrap_socket(sock, do_handshake_on_connect=False)
        self.addCleanup(client.close)
        client.setblocking(False)
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        with self.assertRaisesRegex(HandshakeFailed, "unsupported protocol"):
            server.recv(65536)
        with self.assertRaisesRegex(ssl.SSLError, "(?i)protocol[ _]version"):
            client.do_handshake()

    def test_who_comes_and_goes_without_a_word_is_no_error(self):
        for data in [b"", b"\x16\x03\x01", b"GE"]:
            with self.subTest(data):
                server, client = self.connect()
                if data:
                    client.send(data)
                client.close()
                self.assertEqual(server.recv(65536), b"")
                server.shutdown(socket.SHUT_WR)
                server.close()

    def test_who_sends_a_little_all_the_time_is_late_all_the_same(self):
        class Impatient(WSGIRequestHandler):
            idle_timeout = header_timeout = 0.2

        def drip(place):
            """Send byte by byte, until the server has had enough; return whether it has."""
            head = b"\x16\x03\x01\x3f\xff\x01\x00\x3f\xfb" if place == "handshake" else b"\x17\x03\x03\x3f\xff"
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as sock, ExitStack() as stack:
                if place == "record":
                    stack.enter_context(self.client_context.wrap_socket(sock.dup(), server_hostname="localhost"))
                try:
                    for byte in head + bytes(60000):
                        sock.send(bytes([byte]))
                        time.sleep(0.002)
                except ConnectionError:
                    return True
            return False

        places = ["handshake", "record"]
        serving_it = running(hello, Impatient, {"threaded": True, "ssl_context": self.context})
        with serving_it as server, ThreadPoolExecutor() as pool:
            self.assertEqual(dict(zip(places, pool.map(drip, places))), dict.fromkeys(places, True))

    def test_a_python_without_ssl_says_so(self):
        program = "import sys; sys.modules['ssl'] = None; import nanoweb.tls"
        path = str(pathlib.Path(tls.__file__).parent.parent)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertTrue(done.stderr.endswith("built without ssl; let a proxy in front do TLS\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
