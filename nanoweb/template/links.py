"""Addresses in running text become links: the work of the filter urlize.

In a request's way: a visitor's text is escaped first, then cut at white space; a
word that is an address is wrapped in <a>.  A link repeats the escaped word and
nothing else, so nothing that was harmless is not any longer.  Each letter is looked
at a fixed number of times: twice the text is twice the work, whatever is in it.
"""

from __future__ import annotations

import re

from ..markup import escape

__all__ = ["urlize"]

_white_space_re = re.compile(r"(\s+)")
# What a sentence puts around an address: brackets before, brackets and full stops behind.
_opening_re = re.compile(r"(?:[(<]|&lt;)+")
_closing = (")", ">", ".", ",", "&gt;")
_brackets = [("(", ")"), ("<", ">"), ("&lt;", "&gt;")]

_authority_re = re.compile(r"([^/?#]*?)(?::[0-9]{1,5})?(?:[/?#]|\Z)")
_label_re = re.compile(r"[\w%-]+")
_top_label_re = re.compile(r"[a-zA-Z]{2,63}|[xX][nN]--[\w%]{2,59}")
_ipv4_re = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_ipv6_re = re.compile(r"\[[0-9a-fA-F:]{2,39}\]")
# Without a scheme, only what ends so is taken for an address; "readme.py" is a file.
_bare_top_labels = {"com", "net", "int", "edu", "gov", "org", "info", "mil"}


def urlize(text, trim_url_limit=None, rel=None, target=None, extra_schemes=()):
    """Return text as HTML, with a link for each word that is an address.

    >>> urlize("(see example.com <b>)")
    '(see <a href="https://example.com">example.com</a> &lt;b&gt;)'

    trim_url_limit  letters of an address that are shown; the link has all of them
    rel, target     attributes of the links
    extra_schemes   beginnings of other addresses, such as "tel:"
    returns         str, escaped; Markup in text is taken as it is
    """
    attributes = ""
    if rel:
        attributes += f' rel="{escape(rel)}"'
    if target:
        attributes += f' target="{escape(target)}"'
    words = _white_space_re.split(str(escape(text)))
    for position in range(0, len(words), 2):  # what stands between them is white space
        word = words[position]
        if "." in word or ":" in word:  # no address is without
            words[position] = _link_word(word, trim_url_limit, attributes, extra_schemes)
    return "".join(words)


def _link_word(word, limit, attributes, extra_schemes):
    head, address, tail = _unwrap(word)
    shown = address
    if _is_web_address(address):
        target = address if address.lower().startswith(("http://", "https://")) else "https://" + address
        if limit is not None and len(address) > limit:
            shown = address[:limit] + "..."
    elif address.startswith("mailto:") and _is_mailbox(address[7:]):
        target, shown, attributes = address, address[7:], ""
    elif ":" not in address and not address.startswith("www.") and _is_mailbox(address):
        target, attributes = "mailto:" + address, ""
    elif any(address.startswith(scheme) and address != scheme for scheme in extra_schemes):
        target = address
    else:
        return word
    return f'{head}<a href="{target}"{attributes}>{shown}</a>{tail}'


def _unwrap(word):
    """Split a word into the brackets before it, itself, and the brackets and stops behind it.

    >>> _unwrap("(http://example.com/Tom_(cat)),")
    ('(', 'http://example.com/Tom_(cat)', '),')
    """
    opening = _opening_re.match(word)
    start = opening.end() if opening else 0
    stop = len(word)
    while word.endswith(_closing, start, stop):
        stop -= 4 if word.endswith("&gt;", start, stop) else 1
    cut = stop
    for left, right in _brackets:  # one that was opened within the address is closed within it
        opened = word.count(left, start, cut)
        if opened > word.count(right, start, cut):
            for _ in range(min(opened, word.count(right, cut))):
                cut = word.index(right, cut) + len(right)
    return word[:start], word[start:cut], word[cut:]


def _is_web_address(address):
    lowered = address[:8].lower()
    has_scheme = lowered.startswith(("http://", "https://"))
    is_named = has_scheme or lowered.startswith("www.")
    start = address.index("//") + 2 if has_scheme else 4 if is_named else 0
    match = _authority_re.match(address, start)
    host = match[1] if match else ""
    *labels, top = host.split(".")
    if not is_named:
        if top.lower() not in _bare_top_labels:
            return False
        return bool(labels) and all(2 <= len(label) <= 63 and _label_re.fullmatch(label) for label in labels)
    if _top_label_re.fullmatch(top) and all(_label_re.fullmatch(label) for label in labels):
        return True
    return has_scheme and (bool(_ipv4_re.fullmatch(host)) or _is_ipv6(host))


def _is_ipv6(host):
    if not _ipv6_re.fullmatch(host):
        return False
    groups = host[1:-1].split(":")
    return 3 <= len(groups) <= 8 and all(len(group) <= 4 for group in groups)


def _is_mailbox(address):
    """Is it a name, "@", and a host with a dot?  What a host may be is for the mail to find out."""
    name, _, host = address.rpartition("@")
    host, _, top = host.rpartition(".")
    # A letter first; then letters, dots and hyphens; letters alone behind the last dot.
    return bool(
        name
        and name[0] != "@"
        and host
        and _is_word(host[0])
        and _is_word(host.translate(_no_dots))
        and _is_word(top)
    )


_no_dots = {ord("."): "_", ord("-"): "_"}
_word_re = re.compile(r"\w+")


def _is_word(text):
    return _word_re.fullmatch(text) is not None
