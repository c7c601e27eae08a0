import copy
import encodings
import pickle
import unittest

from nanoweb.accept import Accept, CharsetAccept, LanguageAccept, MIMEAccept
from nanoweb.headers import parse_accept_header

# What browsers send.
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def read(kind, field):
    return kind(parse_accept_header(field))


class AcceptTest(unittest.TestCase):
    """Codings; and what all kinds have in common."""

    def setUp(self):
        self.accept = read(Accept, "gzip;q=0.5, *;q=0.1, br, Zstd;q=0")

    def test_the_most_specific_comes_first_and_then_the_best(self):
        self.assertEqual(self.accept, [("br", 1), ("gzip", 0.5), ("Zstd", 0), ("*", 0.1)])
        self.assertEqual(list(self.accept.values()), ["br", "gzip", "Zstd", "*"])
        self.assertEqual((self.accept.best, Accept().best), ("br", None))

    def test_what_is_alike_stays_in_its_order(self):
        self.assertEqual(list(read(Accept, "b, a, c;q=0.5, B").values()), ["b", "a", "B", "c"])

    def test_the_quality_of_a_value_is_that_of_its_own_item_or_of_the_star(self):
        for value, quality, place in [
            ("br", 1, 0),
            ("GZIP", 0.5, 1),
            ("zstd", 0, 2),
            ("deflate", 0.1, 3),
            ("*", 0.1, 3),
        ]:
            with self.subTest(value):
                self.assertEqual((self.accept[value], self.accept.quality(value)), (quality, quality))
                self.assertEqual((self.accept.find(value), self.accept.index(value)), (place, place))
                self.assertIn(value, self.accept)

    def test_what_is_not_there_has_no_quality_and_no_place(self):
        accept = read(Accept, "gzip")
        for key in ["br", ("br", 1), ("gzip", 0.5)]:
            with self.subTest(key):
                self.assertNotIn(key, accept)
                self.assertEqual(accept.find(key), -1)
                self.assertRaisesRegex(ValueError, r"br|0\.5", accept.index, key)
        self.assertEqual((accept["br"], accept.quality("br")), (0, 0))

    def test_it_is_a_list_of_items_too(self):
        self.assertEqual((self.accept[1], self.accept[-1], self.accept[:1]), (("gzip", 0.5), ("*", 0.1), [("br", 1)]))
        self.assertEqual((self.accept.index(("gzip", 0.5)), self.accept.find(("*", 0.1))), (1, 3))
        self.assertIn(("gzip", 0.5), self.accept)
        self.assertEqual(len(self.accept), 4)

    def test_the_best_match_is_what_the_client_likes_best_then_what_it_named_then_the_first(self):
        for field, ours, best in [
            ("gzip;q=0.5, br", ["gzip", "br"], "br"),
            ("gzip, br", ["br", "gzip"], "br"),
            ("gzip, *", ["br", "gzip"], "gzip"),
            ("gzip;q=0.5, *", ["gzip", "br"], "br"),
            ("gzip;q=0, *", ["gzip", "br"], "br"),
            ("gzip;q=0, br;q=0", ["gzip", "br"], None),
            ("gzip, gzip;q=0", ["gzip"], "gzip"),
            ("*", ["br", "gzip"], "br"),
            ("gzip", ["br"], None),
            ("gzip", [], None),
            ("", ["br"], None),
        ]:
            with self.subTest(field=field, ours=ours):
                accept = read(Accept, field)
                self.assertEqual(accept.best_match(ours), best)
                self.assertEqual(accept.best_match(iter(ours), "none"), best or "none")

    def test_it_tells_an_empty_field_from_none(self):
        for values, provided in [(None, False), ([], True), ((), True), (Accept(None), False), (Accept(), True)]:
            with self.subTest(values):
                self.assertIs(Accept(values).provided, provided)
                self.assertIs(MIMEAccept(values).provided, provided)
        self.assertTrue(Accept().provided)

    def test_it_cannot_be_changed(self):
        for change in [
            lambda accept: accept.append(("a", 1)),
            lambda accept: accept.sort(),
            lambda accept: accept.clear(),
            lambda accept: accept.__setitem__(0, ("a", 1)),
            lambda accept: accept.__delitem__(0),
            lambda accept: accept.__iadd__([("a", 1)]),
        ]:
            self.assertRaises(TypeError, change, self.accept)
        self.assertEqual(hash(self.accept), hash(Accept(list(self.accept))))

    def test_it_is_written_as_it_is_read(self):
        for field in [
            "br,gzip;q=0.5,*;q=0.1",
            "a;q=0.001",
            "a;q=0.000010000000",
            "a;q=0.0",
            "",
            "text/html; level=1",
        ]:
            with self.subTest(field):
                self.assertEqual((read(Accept, field).to_header(), str(read(Accept, field))), (field, field))
        self.assertEqual(repr(self.accept), "Accept([('br', 1), ('gzip', 0.5), ('Zstd', 0.0), ('*', 0.1)])")
        self.assertEqual(repr(MIMEAccept()), "MIMEAccept([])")

    def test_a_copy_is_the_same(self):
        for accept in [self.accept, MIMEAccept([("text/html", 1)]), LanguageAccept(None)]:
            for other in [copy.copy(accept), copy.deepcopy(accept), pickle.loads(pickle.dumps(accept))]:
                with self.subTest(accept):
                    self.assertEqual(
                        (type(other), list(other), other.provided), (type(accept), list(accept), accept.provided)
                    )

    def test_thousands_of_items_are_looked_at_once_however_many_values_are_looked_for(self):
        seen = []

        class Counted(MIMEAccept):
            def _item_keys(self, item):
                seen.append(item)
                return super()._item_keys(item)

        accept = read(Counted, ",".join(f"a/b{number};q=0.5" for number in range(5000)))
        accept.best_match([f"a/c{number}" for number in range(5000)])
        self.assertIsNone(accept.best_match(["text/html", "text/*"]))
        self.assertEqual(accept["a/b4999"], 0.5)
        self.assertEqual(len(seen), 5000)


class MIMEAcceptTest(unittest.TestCase):
    """Media types (RFC 9110, section 12.5.1): the narrowest range has the say."""

    def test_the_most_specific_range_comes_first(self):
        accept = read(MIMEAccept, "*/*;q=0.9, text/*, text/html;q=0.1, text/html;level=1;q=0.2")
        self.assertEqual(list(accept.values()), ["text/html; level=1", "text/html", "text/*", "*/*"])

    def test_a_type_has_the_quality_of_the_narrowest_range_that_covers_it(self):
        accept = read(MIMEAccept, "*/*;q=0.1, text/*;q=0.2, text/html;q=0.3, text/html;level=1;charset=UTF-8;q=0.4")
        for value, quality in [
            ("text/html", 0.3),
            ("Text/HTML", 0.3),
            ("text/html;charset=utf-8 ; level=1", 0.4),
            ("text/html;level=2", 0.2),
            ("text/plain", 0.2),
            ("image/png", 0.1),
            ("text/*", 0.4),
            ("*/*", 0.4),
            ("image/*", 0.1),
        ]:
            with self.subTest(value):
                self.assertEqual(accept[value], quality)

    def test_what_is_no_media_type_covers_nothing(self):
        accept = read(MIMEAccept, "html, *, */html, text")
        for value in ["text/html", "text/*", "*/*", "html/*"]:
            with self.subTest(value):
                self.assertNotIn(value, accept)
        self.assertIsNone(accept.best_match(["text/html"]))

    def test_to_look_for_what_is_no_media_type_is_a_mistake_whatever_the_client_sent(self):
        for accept in [MIMEAccept(None), read(MIMEAccept, "text/html"), read(MIMEAccept, "*/*")]:
            for value in ["html", "", "*", "*/html"]:
                for look in [accept.quality, accept.find, accept.index, accept.__contains__, accept.__getitem__]:
                    with self.subTest(accept=accept, value=value):
                        self.assertRaisesRegex(ValueError, "is no media type", look, value)
                self.assertRaises(ValueError, accept.best_match, ["text/html", value])

    def test_what_browsers_and_programs_get(self):
        for field, ours, best in [
            (FIREFOX, ["application/json", "text/html"], "text/html"),
            (FIREFOX, ["application/json", "image/png"], "application/json"),
            (FIREFOX, ["application/xml", "application/json"], "application/xml"),
            ("*/*", ["application/json", "text/html"], "application/json"),
            ("application/json, text/plain, */*", ["text/html", "application/json"], "application/json"),
            ("text/*, text/html;q=0", ["text/html", "text/plain"], "text/plain"),
            ("text/html;q=0, */*", ["text/html"], None),
            ("image/*", ["text/*", "image/*"], "image/*"),
        ]:
            with self.subTest(field=field, ours=ours):
                self.assertEqual(read(MIMEAccept, field).best_match(ours), best)

    def test_it_tells_what_is_asked_most(self):
        for field, html, xhtml, json in [
            (FIREFOX, True, True, True),
            ("text/html", True, False, False),
            ("application/xhtml+xml", True, True, False),
            ("application/xml;q=0.1", True, True, False),
            ("application/json", False, False, True),
            ("*/*, application/json;q=0", True, True, False),
            ("text/html;q=0", False, False, False),
            ("", False, False, False),
        ]:
            with self.subTest(field):
                accept = read(MIMEAccept, field)
                self.assertEqual((accept.accept_html, accept.accept_xhtml, accept.accept_json), (html, xhtml, json))


class LanguageAcceptTest(unittest.TestCase):
    """Language tags (RFC 9110, section 12.5.4)."""

    def test_case_and_the_kind_of_dash_do_not_count(self):
        accept = read(LanguageAccept, "en-us;q=0.5, de_AT")
        self.assertEqual((accept["en_US"], accept["EN-US"], accept["de-at"], accept["de"]), (0.5, 0.5, 1, 0))
        self.assertEqual(accept.best_match(["en_US", "fr"]), "en_US")

    def test_the_primary_tag_stands_in_where_nothing_else_fits(self):
        for field, ours, best in [
            ("en-US, de", ["de", "en"], "de"),  # what is asked for in so many words comes first
            ("en-US", ["de", "en"], "en"),
            ("de-AT;q=0.5, en-US", ["de", "en"], "en"),
            ("en", ["en-US"], "en-US"),
            ("en", ["en_GB", "en-US"], "en_GB"),
            ("en;q=0.5, de", ["en-US", "de-AT"], "de-AT"),
            ("en", ["eng-US", "en-US"], "en-US"),
            ("EN", ["EN-us"], "EN-us"),
            ("en-US", ["en-GB"], None),
            ("zh-Hant-TW", ["zh-Hant"], None),  # the first part only
            ("en;q=0", ["en-US"], None),
            ("fr, *", ["en-US", "de"], "en-US"),
            ("en", [], None),
            ("", ["en"], None),
        ]:
            with self.subTest(field=field, ours=ours):
                accept = read(LanguageAccept, field)
                self.assertEqual(accept.best_match(ours), best)
                self.assertEqual(accept.best_match(iter(ours), "none"), best or "none")


class CharsetAcceptTest(unittest.TestCase):
    def test_all_names_of_a_charset_are_one(self):
        accept = read(CharsetAccept, "ISO-8859-1, utf-8;q=0.7, x-own;q=0.3")
        for value, quality in [
            ("latin-1", 1),
            ("iso8859_1", 1),
            ("L1", 1),
            ("UTF8", 0.7),
            ("utf_8", 0.7),
            ("X-Own", 0.3),
            ("utf-7", 0),
            ("ascii", 0),
        ]:
            with self.subTest(value):
                self.assertEqual(accept[value], quality)
        self.assertIn("utf-7", read(CharsetAccept, "*"))
        self.assertNotIn("utf-8é", accept)
        self.assertEqual(accept.best_match(["utf8", "latin1"]), "latin1")

    def test_a_name_that_a_client_invents_is_not_kept_and_no_module_is_looked_for(self):
        kept = len(encodings._cache)
        accept = read(
            CharsetAccept, ",".join([*(f"unheard-of-{number}" for number in range(100)), "..", "a\0b", "é"])
        )
        self.assertEqual(accept["utf-8"], 0)
        self.assertIn("unheard-of-7", accept)
        self.assertEqual(len(encodings._cache), kept)
