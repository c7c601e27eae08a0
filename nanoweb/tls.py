"""TLS: certificates, contexts, and connections that are encrypted.

In a request's way: below the first step and the last.  TLSConnection stands in for the socket of a connection and
has its methods, so that nobody above knows which of the two there is.

Loaded by servers that were given an ssl_context.  What goes over the wire is OpenSSL's work, through Python's ssl
module; here it only gets its bytes, and a way to make a certificate to try things out.
"""

from __future__ import annotations

import errno
import importlib
import ipaddress
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import suppress

try:
    import ssl
except ImportError as error:
    raise ImportError("ssl_context: this Python was built without ssl; let a proxy in front do TLS") from error

from .wire import RefusedRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    FilePath = Union[str, os.PathLike[str]]

__all__ = [
    "HandshakeFailed",
    "TLSConnection",
    "generate_adhoc_ssl_context",
    "load_ssl_context",
    "make_ssl_context",
    "make_ssl_devcert",
]

# A record is at most 16,645 bytes.  With all but one of them left over, so many more hold less than 65,536 bytes
# of plain text, which one recv(65536) takes.
_RECEIVE_SIZE = 48000
_RECORD_SIZE = 16384  # bytes of plain text in a record, at most
_SEND_SIZE = 65536  # bytes of plain text that one send() encrypts
_AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)

_host_re = re.compile(r"(?:\*|(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)")
_common_name_re = re.compile(r"[A-Za-z0-9*][A-Za-z0-9 .:*_@/-]{0,63}")


# Contexts


def make_ssl_context(value: Any) -> ssl.SSLContext:
    """Turn what run_simple(ssl_context=...) takes into a context.

    value     an ssl.SSLContext; "adhoc" for a certificate that lasts as long as the server; or a tuple
              of the arguments of load_ssl_context(): the files of a certificate and its key
    raises    TypeError for anything else; what load_ssl_context() and generate_adhoc_ssl_context() raise
    """
    if isinstance(value, ssl.SSLContext):
        if value.protocol == ssl.PROTOCOL_TLS_CLIENT:
            raise ValueError("ssl_context is one for clients: make it with ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)")
        return value
    if value == "adhoc":
        return generate_adhoc_ssl_context()
    if isinstance(value, (tuple, list)) and 1 <= len(value) <= 3:
        return load_ssl_context(*value)
    raise TypeError(f"ssl_context={value!r}: give a context, a pair (certificate file, key file), or 'adhoc'")


def load_ssl_context(
    cert_file: FilePath, pkey_file: FilePath | None = None, protocol: int | None = None
) -> ssl.SSLContext:
    """Make a context for a server from the files of its certificate and its key.

    cert_file    PEM: the certificate, then those that lead from it to a known one
    pkey_file    PEM: the key; None if that is in cert_file too
    protocol     ssl.PROTOCOL_TLS_SERVER if None: TLS 1.2 or later
    raises       OSError if a file cannot be read; ssl.SSLError if it holds something else, or the two do not fit
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if protocol is None else protocol)
    if protocol is None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= getattr(ssl, "OP_NO_RENEGOTIATION", 0)  # each costs us more than the client
    context.set_alpn_protocols(["http/1.1"])
    for file in (cert_file, pkey_file):
        if file is not None:
            open(file, "rb").close()  # load_cert_chain() does not say which one is missing
    try:
        context.load_cert_chain(cert_file, pkey_file)
    except ssl.SSLError as error:
        files = f"certificate {os.fspath(cert_file)!r} and key {os.fspath(pkey_file or cert_file)!r}"
        why = (error.reason or "not PEM").lower().replace("_", " ")
        raise ssl.SSLError(error.errno, f"cannot serve with {files}: {why}") from error
    return context


def generate_adhoc_ssl_context() -> ssl.SSLContext:
    """Make a context with a certificate of our own for "localhost", which browsers warn of.

    It and its key are in files no longer than it takes to load them.
    """
    certificate, key = _make_certificate("localhost", [])
    with tempfile.TemporaryDirectory(prefix="nanoweb-") as folder:
        path = os.path.join(folder, "adhoc.pem")
        _write_file(path, key + certificate, 0o600)
        return load_ssl_context(path)


def make_ssl_devcert(base_path: str, host: str | None = None, cn: str | None = None) -> tuple[str, str]:
    """Write a certificate of our own and its key, for load_ssl_context(): browsers can be told to trust it.

    base_path    the path of the files but for their endings, ".crt" and ".key"; the key only its owner can read
    host         what the certificate is for: this name, and all that end in it
    cn           its common name, if that shall not be host
    returns      the paths of the two
    """
    names = []
    if host is not None:
        names = [host] if _is_address(host) else [host, f"*.{host}"]
    elif cn is not None and _host_re.fullmatch(cn):
        names = [cn]
    certificate, key = _make_certificate(cn or host or "localhost", names)
    cert_file, pkey_file = f"{base_path}.crt", f"{base_path}.key"
    _write_file(pkey_file, key, 0o600)
    _write_file(cert_file, certificate, 0o644)
    return cert_file, pkey_file


# Certificates


def _make_certificate(cn, names):
    """Return the PEM of a certificate, signed by itself, and of its key."""
    if not _common_name_re.fullmatch(cn):
        raise ValueError(f"{cn!r} is no common name: 1 to 64 ASCII letters, digits, blanks and .:*_@/-")
    for name in names:
        if not _is_address(name) and not _host_re.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a host: ASCII letters, digits, dots and hyphens")
    names = list(dict.fromkeys([*names, "localhost", "127.0.0.1", "::1"]))
    try:
        importlib.import_module("cryptography.x509")
    except ImportError:
        pass
    else:
        return _make_by_cryptography(cn, names)
    program = shutil.which("openssl")
    if program is None:
        raise RuntimeError(
            "to make a certificate takes the openssl program or the cryptography package, and neither is here: "
            "install one, or give ssl_context=(certificate file, key file)"
        )
    return _make_by_openssl(program, cn, names)


def _is_address(name):
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _make_by_cryptography(cn, names):
    import datetime  # for weight

    load = importlib.import_module  # no package is needed here, but this one may be there
    x509 = load("cryptography.x509")
    ec = load("cryptography.hazmat.primitives.asymmetric.ec")
    hashes = load("cryptography.hazmat.primitives.hashes")
    serialization = load("cryptography.hazmat.primitives.serialization")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, cn)])
    addresses = {name: ipaddress.ip_address(name) for name in names if _is_address(name)}
    alternatives = [x509.IPAddress(addresses[name]) if name in addresses else x509.DNSName(name) for name in names]
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = now - datetime.timedelta(minutes=1), now + datetime.timedelta(days=_DAYS)  # clocks differ
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), begin, end)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    formats = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return certificate.public_bytes(encoding), key.private_bytes(encoding, *formats)


_DAYS = 365

# "-addext" would be shorter, but is not in the program that macOS calls openssl.
_openssl_config = """\
[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
CN = {cn}
[extensions]
subjectAltName = {names}
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
"""


def _make_by_openssl(program, cn, names):
    alternatives = ", ".join(f"IP:{name}" if _is_address(name) else f"DNS:{name}" for name in names)
    with tempfile.TemporaryDirectory(prefix="nanoweb-") as folder:
        config, key, certificate = (os.path.join(folder, name) for name in ("config", "key", "certificate"))
        _write_file(config, _openssl_config.format(cn=cn, names=alternatives).encode("ascii"), 0o600)
        _write_file(key, b"", 0o600)  # the program keeps the mode
        command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", str(_DAYS)]
        command += ["-config", config, "-keyout", key, "-out", certificate]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").strip()
            raise RuntimeError(f"{program} has made no certificate (status {done.returncode}): {said}")
        return _read_file(certificate), _read_file(key)


def _read_file(path):
    with open(path, "rb") as file:
        return file.read()


def _write_file(path, data, mode):
    """Write a new file, in place of any that is there: who could read or had planted that, gets nothing."""
    with suppress(FileNotFoundError):
        os.unlink(path)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)


# Connections


class HandshakeFailed(ConnectionError):
    """The client and we have no TLS in common, or it does not trust us; the text is fit for the log."""

    def __init__(self, error: ssl.SSLError) -> None:
        super().__init__(f"the TLS handshake failed: {(error.reason or str(error)).lower().replace('_', ' ')}")


class TLSConnection:
    """The server's end of an encrypted connection; has the methods of the socket that it stands in for.

        connection = TLSConnection(sock, context)
        data = connection.recv(65536)

    Where the socket blocks, its methods do; where it does not, they raise BlockingIOError like its own, and so they
    do until the handshake is over and a record is complete.  As with any such socket, recv() is called again when
    something has come, and send(), with the same data, when there is room.

    A client that speaks plain HTTP gets its answer in plain HTTP: recv() raises RefusedRequest, and from then on
    nothing is encrypted.

    sock        the socket below
    tls         the ssl.SSLObject, which encrypts and decrypts, and touches no socket
    plain       what was decrypted and not read yet
    unsent      what was encrypted and found no room yet
    promised    bytes of plain text in that, of a send() that has raised BlockingIOError
    is_open     whether the handshake is over; recv() goes on with it
    is_ended    whether the client has said its last
    is_broken   whether the client can make nothing of what we would send
    is_plain    whether it speaks plain HTTP

    Two threads may use it at a time, one to receive and one to send, as those of a websocket do: calling is held
    while tls is called, which never waits, and sending while something leaves, so that it leaves in order.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.plain = self.unsent = b""
        self.promised = 0
        self.is_open = self.is_ended = self.is_broken = self.is_plain = False
        self.calling, self.sending = threading.Lock(), threading.Lock()

    def recv(self, size: int, flags: int = 0) -> bytes:
        """As that of a socket; flags must be 0.

        recv(65536) leaves nothing here of what has come, so that who waits for the socket misses nothing.

        raises    RefusedRequest for plain HTTP, HandshakeFailed, and whatever a socket raises
        """
        if flags:
            raise ValueError(f"recv(flags={flags}): there are no flags under TLS")
        if self.unsent:
            self.flush_if_free()
        while not self.plain and not self.is_ended:
            data = self.sock.recv(_RECEIVE_SIZE)
            if self.is_plain:
                return data
            self.digest(data)
        data = self.plain
        if len(data) > size:
            self.plain = data[size:]
            return data[:size]
        self.plain = b""
        return data

    def pending(self) -> int:
        """Bytes that recv() returns at once, and of which no selector knows."""
        return len(self.plain)

    def send(self, data: Any, flags: int = 0) -> int:
        """As that of a socket: returns how many bytes it has taken, at most 64 KiB."""
        if flags:
            raise ValueError(f"send(flags={flags}): there are no flags under TLS")
        if self.is_plain:
            return self.sock.send(data)
        if not self.is_open:
            raise BlockingIOError(errno.EAGAIN, "the TLS handshake is not over: recv() first")
        if type(data) is not bytes or len(data) > _SEND_SIZE:
            data = memoryview(data).cast("B")[:_SEND_SIZE]
        if len(data) < self.promised:
            raise ValueError(f"send() of {len(data)} bytes, where {self.promised} of the last try are half sent")
        with self.sending:
            if not self.promised and len(data):
                self.flush()
                with self.calling:
                    self.promised = self.tls.write(data)
            self.flush()
            count, self.promised = self.promised, 0
            return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        view = memoryview(data).cast("B")
        sent = 0
        while sent < len(view):
            sent += self.send(view[sent:], flags)

    def shutdown(self, how: int) -> None:
        """As that of a socket.  To end our side tells the client so in TLS, if there is room for that."""
        if how != socket.SHUT_RD and self.is_open and self.sending.acquire(blocking=False):
            try:
                if not (self.is_broken or self.unsent):
                    self.say_goodbye()
            finally:
                self.sending.release()
        self.sock.shutdown(how)

    def close(self) -> None:
        """As that of a socket: the client is told in TLS only if shutdown() was called before."""
        self.sock.close()

    # Steps

    def digest(self, data: bytes) -> None:
        """Go on with what the socket has brought.

        If that is the end, it is, whether or not TLS has said so: HTTP knows if something is missing.
        """
        if not data:
            self.is_ended = True
            return
        with self.calling:
            self.incoming.write(data)
            try:
                if not self.is_open:
                    self.tls.do_handshake()
                    self.is_open = True
                self.decrypt()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                self.fail(error)
        if self.outgoing.pending:
            self.flush_if_free()

    def decrypt(self) -> None:
        """Decrypt all that is here, record by record."""
        pieces = [self.plain] if self.plain else []
        try:
            while True:
                data = self.tls.read(_RECORD_SIZE)
                pieces.append(data)
                if not data:
                    self.hear_goodbye()
                if not data or not self.incoming.pending:
                    return
        finally:
            self.plain = pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def hear_goodbye(self) -> None:
        """The client has said its last, whatever comes after it: who waits for the socket must find an end there."""
        self.is_ended = True
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RD)

    def fail(self, error: ssl.SSLError) -> None:
        """What has come is no TLS: tell the client, if it can be told, and whoever is concerned."""
        self.is_broken = True
        if self.is_open:
            raise error
        if error.reason in ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST"):
            self.is_plain = True
            raise RefusedRequest(400, "plain HTTP on a port for HTTPS: the address should begin with https://")
        with suppress(OSError):
            self.sock.send(self.outgoing.read(), _AT_ONCE)
        raise HandshakeFailed(error) from error

    def flush(self) -> None:
        """Send what TLS has to send; sending is held."""
        with self.calling:
            self.unsent += self.outgoing.read()
        try:
            while self.unsent:
                self.unsent = self.unsent[self.sock.send(self.unsent) :]
        except BlockingIOError:
            raise
        except OSError:
            self.is_broken = True
            raise

    def flush_if_free(self) -> None:
        """Do that for what is TLS's own affair, if there is room; another thread that sends does it along the way."""
        if self.sending.acquire(blocking=False):
            try:
                with suppress(BlockingIOError):
                    self.flush()
            finally:
                self.sending.release()

    def say_goodbye(self) -> None:
        """Tell the client that nothing follows.  RFC 8446, section 6.1.

        OpenSSL would then take an answer from what has come, and fail if that is something else.
        """
        with self.calling:
            unread = self.incoming.read()
            with suppress(ssl.SSLError):
                self.tls.unwrap()
            if unread:
                self.incoming.write(unread)
            data = self.outgoing.read()
        with suppress(OSError):
            self.sock.send(data, _AT_ONCE)

    def client_certificate(self) -> str | None:
        """Return the certificate of the client as PEM, for the environ; None if it has shown none."""
        data = self.tls.getpeercert(True)
        return ssl.DER_cert_to_PEM_cert(data) if data else None

    def __getattr__(self, name: str) -> Any:
        """What TLS has no part in is the socket's; but none of its methods that would send or receive past it."""
        if name in _OF_TLS:
            return getattr(self.tls, name)
        if name in _OF_SOCKET:
            return getattr(self.sock, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


_OF_TLS = frozenset("cipher getpeercert selected_alpn_protocol version".split())
_OF_SOCKET = frozenset(
    "family fileno getpeername getsockname getsockopt gettimeout proto setblocking setsockopt settimeout type".split()
)
