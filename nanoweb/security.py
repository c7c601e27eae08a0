"""Passwords that are stored so that nobody can read them, and redirects that stay here.

In a request's way: the view of a login form asks check_password_hash, and then
is_safe_redirect before it sends the visitor on to where the form says.

A stored hash is Werkzeug's: ``scrypt:32768:8:1$salt$hash`` or
``pbkdf2:sha256:1000000$salt$hash``.  scrypt is RFC 7914, PBKDF2 is RFC 8018.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

__all__ = ["check_password_hash", "gen_salt", "generate_password_hash", "is_safe_redirect"]

SALT_CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
DEFAULT_PBKDF2_ITERATIONS = 1_000_000

# A stored hash says what it costs to check.  Whoever can write one must not have the server's memory and hours.
_most_scrypt = 2**21  # N * r * p: eight times the default, that is 256 MB and less than a second
_most_pbkdf2 = 10 * DEFAULT_PBKDF2_ITERATIONS

_is_method = re.compile(
    r"scrypt(?::[1-9][0-9]{0,6}:[1-9][0-9]?:[1-9][0-9]?)?|pbkdf2(?::[A-Za-z0-9_/-]{1,30}(?::[1-9][0-9]{0,7})?)?"
).fullmatch


def generate_password_hash(password: str, method: str = "scrypt", salt_length: int = 16) -> str:
    """Return what to store instead of a password.

    >>> stored = generate_password_hash("correct horse")
    >>> stored.startswith("scrypt:32768:8:1$")
    True
    >>> check_password_hash(stored, "correct horse"), check_password_hash(stored, "Tr0ub4dor&3")
    (True, False)

    method       "scrypt", "scrypt:N:r:p", "pbkdf2", "pbkdf2:digest" or "pbkdf2:digest:iterations";
                 what is left out is 32768:8:1, or sha256:1000000
    salt_length  random characters that keep equal passwords from having equal hashes
    returns      ``method$salt$hash``
    raises       ValueError for a method that is none, or that costs more than eight times the
                 scrypt or ten times the pbkdf2 given above; RuntimeError where Python has no scrypt
    """
    salt = gen_salt(salt_length)
    method, digest = _hash(method, salt, password)
    return f"{method}${salt}${digest}"


def check_password_hash(pwhash: str | None, password: str) -> bool:
    """Whether a password is the one that a hash was made of.

    The answer for a visitor who does not exist must take as long as for one who does, or
    the time tells which names are taken.  So there is always something to check:

        user = find_user(name)
        if check_password_hash(user.pwhash if user else None, password): ...

    pwhash   what generate_password_hash returned, here or in Werkzeug.  None, and what is no
             such hash or an absurdly costly one, takes the time of the default method and is
             False.  Where your hashes are of another method, give "pbkdf2:sha512:500000$$" (that
             is, yours, without salt and hash) instead of None: no password fits it.
    """
    if pwhash is not None and not isinstance(pwhash, str):
        raise TypeError(f"the stored hash is {type(pwhash).__name__}, not text: decode it")
    try:
        method, salt, expected = (pwhash or "").split("$", 2)
        actual = _hash(method, salt, password)[1]
    except ValueError:
        _hash("scrypt" if hasattr(hashlib, "scrypt") else "pbkdf2", "", password)
        return False
    return hmac.compare_digest(_to_bytes(actual), _to_bytes(expected))


def gen_salt(length: int) -> str:
    """Return random letters and digits."""
    if length < 1:
        raise ValueError(f"a salt of {length} characters is none: 16 is usual")
    return "".join(secrets.choice(SALT_CHARS) for _ in range(length))


def _hash(method, salt, password):
    """(the method with all it costs, the hash in hex); ValueError for a method that is none or costs too much."""
    if not isinstance(password, str):
        raise TypeError(f"the password is {type(password).__name__}, not text")
    if _is_method(method) is None:
        raise ValueError(
            f"password method {method!r:.100}: there are 'scrypt' and 'scrypt:N:r:p', with r and p up to 99,"
            " and 'pbkdf2', 'pbkdf2:digest' and 'pbkdf2:digest:iterations'"
        )
    name, *costs = method.split(":")
    return (_scrypt if name == "scrypt" else _pbkdf2)(_to_bytes(password), _to_bytes(salt), *costs)


def _to_bytes(text):
    return text.encode("utf-8", "surrogatepass")  # JSON can bring surrogates, and they are no reason for an error


def _scrypt(password, salt, *costs):
    n, r, p = map(int, costs or (32768, 8, 1))
    method = f"scrypt:{n}:{r}:{p}"
    if n < 2 or n & (n - 1) or n * r * p > _most_scrypt:
        raise ValueError(f"password method {method!r}: N is a power of 2 over 1, N * r * p at most {_most_scrypt}")
    return method, _find("scrypt")(password, salt=salt, n=n, r=r, p=p, maxmem=128 * r * (n + p + 2)).hex()


def _pbkdf2(password, salt, digest="sha256", iterations=DEFAULT_PBKDF2_ITERATIONS):
    method = f"pbkdf2:{digest}:{iterations}"
    if int(iterations) > _most_pbkdf2:
        raise ValueError(f"password method {method!r}: {_most_pbkdf2} iterations are the most")
    pbkdf2_hmac = _find("pbkdf2_hmac")
    try:
        return method, pbkdf2_hmac(digest, password, salt, int(iterations)).hex()
    except ValueError as error:
        raise ValueError(f"password method {method!r}: no such digest here; sha256 and sha512 are") from error


def _find(name):
    """A function of hashlib, which has some only where Python was built with OpenSSL."""
    if not hasattr(hashlib, name):
        cure = "; method='pbkdf2' does without" if name == "scrypt" else ""
        raise RuntimeError(f"there is no hashlib.{name}: this Python was built without OpenSSL, take another{cure}")
    return getattr(hashlib, name)


def is_safe_redirect(target: str | None, *hosts: str) -> bool:
    """Whether an address that a visitor brought along leads to this site, in every browser.

    >>> is_safe_redirect("/account?tab=2"), is_safe_redirect("//evil.example")
    (True, False)
    >>> is_safe_redirect("https://shop.example/cart", "shop.example")
    True

    In the view of a login form:

        target = request.args.get("next")
        return redirect(target if is_safe_redirect(target, request.host) else url_for("index"))

    target   a path from the root, or a whole http or https address; nothing else is safe, None
             neither.  A backslash is not ("/\\evil.example" is "//evil.example" to a browser), nor
             what cannot be seen (browsers drop tabs and line breaks, wherever they stand).
    hosts    those that a whole address may have, as request.host gives them: with the
             port, if the address has one.  Without any, only paths are safe.
    """
    if not target or "\\" in target or not target.isprintable():
        return False
    if target.startswith("/"):
        return not target.startswith("//")
    found = re.fullmatch(r"https?://([A-Za-z0-9.:\[\]_-]+)(?:[/?#].*)?", target, re.IGNORECASE | re.ASCII)
    return found is not None and found[1].lower() in [host.lower() for host in hosts]
