import copy
import pickle
import unittest
from datetime import datetime, timedelta, timezone

from nanoweb.conditions import (
    ContentRange,
    ETags,
    IfRange,
    Range,
    evaluate_preconditions,
    is_resource_modified,
    select_range,
)
from nanoweb.exceptions import RequestedRangeNotSatisfiable
from nanoweb.headers import generate_etag, parse_etags, parse_range_header

BEFORE = "Sat, 05 Nov 1994 08:49:37 GMT"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
AFTER = "Mon, 07 Nov 1994 08:49:37 GMT"
MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)  # DATE


def ask(method="GET", **fields):
    """Return the environ of a request with these fields."""
    return {"REQUEST_METHOD": method, **{f"HTTP_{name.upper()}": value for name, value in fields.items()}}


class PreconditionsTest(unittest.TestCase):
    """RFC 9110, section 13.2.2: step by step, for what has the tag "a" and changed on DATE."""

    def check(self, cases, etag='"a"', last_modified=DATE):
        for fields, status in cases:
            with self.subTest(fields, etag=etag, last_modified=last_modified):
                environ = ask(**fields)
                self.assertEqual(evaluate_preconditions(environ, etag, last_modified), status)
                self.assertIs(is_resource_modified(environ, etag, None, last_modified), status is None)

    def test_a_request_without_conditions_is_carried_out(self):
        self.check([({}, None), ({"method": "PUT"}, None), ({"range": "bytes=0-4", "if_range": '"b"'}, None)])
        self.assertIsNone(evaluate_preconditions({}))
        self.assertEqual(evaluate_preconditions({"HTTP_IF_NONE_MATCH": "*"}), 304)  # GET unless it says otherwise

    def test_first_if_match_compares_strongly(self):
        cases = [
            ({"if_match": '"a"'}, None),
            ({"if_match": '"b", "a"'}, None),
            ({"if_match": '"b"'}, 412),
            ({"if_match": 'W/"a"'}, 412),
            ({"if_match": "*"}, None),
            ({"if_match": '"b"', "method": "PUT"}, 412),
        ]
        self.check(cases)
        self.check([({"if_match": '"a"'}, 412), ({"if_match": 'W/"a"'}, 412), ({"if_match": "*"}, None)], 'W/"a"')
        self.check([({"if_match": '"a"'}, 412), ({"if_match": "*"}, None)], None)

    def test_second_if_unmodified_since_where_there_is_no_if_match(self):
        cases = [
            ({"if_unmodified_since": BEFORE}, 412),
            ({"if_unmodified_since": DATE}, None),
            ({"if_unmodified_since": AFTER}, None),
            ({"if_unmodified_since": BEFORE, "method": "DELETE"}, 412),
            ({"if_unmodified_since": BEFORE, "if_match": '"a"'}, None),
            ({"if_unmodified_since": AFTER, "if_match": '"b"'}, 412),
        ]
        self.check(cases)
        self.check([({"if_unmodified_since": BEFORE}, None)], last_modified=None)

    def test_third_if_none_match_compares_weakly(self):
        cases = [
            ({"if_none_match": '"a"'}, 304),
            ({"if_none_match": 'W/"a"'}, 304),
            ({"if_none_match": '"b", W/"a"', "method": "HEAD"}, 304),
            ({"if_none_match": "*"}, 304),
            ({"if_none_match": '"a"', "method": "PUT"}, 412),
            ({"if_none_match": "*", "method": "PUT"}, 412),
            ({"if_none_match": '"b"'}, None),
            ({"if_none_match": '"a"', "if_match": '"a"'}, 304),
            ({"if_none_match": '"a"', "if_match": '"b"'}, 412),
            ({"if_none_match": '"a"', "if_unmodified_since": BEFORE}, 412),
        ]
        self.check(cases)
        self.check([({"if_none_match": '"a"'}, 304), ({"if_none_match": 'W/"a"'}, 304)], 'W/"a"')
        self.check([({"if_none_match": '"a"'}, None), ({"if_none_match": "*"}, 304)], None)

    def test_fourth_if_modified_since_where_there_is_no_if_none_match(self):
        cases = [
            ({"if_modified_since": BEFORE}, None),
            ({"if_modified_since": DATE}, 304),
            ({"if_modified_since": AFTER}, 304),
            ({"if_modified_since": AFTER, "method": "HEAD"}, 304),
            ({"if_modified_since": AFTER, "method": "POST"}, None),
            ({"if_modified_since": AFTER, "if_none_match": '"b"'}, None),
            ({"if_modified_since": BEFORE, "if_none_match": '"a"'}, 304),
            ({"if_modified_since": AFTER, "if_match": '"a"'}, 304),
        ]
        self.check(cases)
        self.check([({"if_modified_since": AFTER}, None)], last_modified=None)

    def test_a_date_that_cannot_be_read_is_no_condition(self):
        for value in ["", "yesterday", "Sun, 06 Nov 1994 08:49:37 GMT\n+1", "٣"]:
            self.check([({"if_modified_since": value, "if_unmodified_since": value}, None)])

    def test_tags_that_cannot_be_read_match_nothing(self):
        for value in ['"', ",", '"a', '"a"b']:
            cases = [
                ({"if_match": value}, 412),
                ({"if_none_match": value}, None),
                ({"if_none_match": value, "if_modified_since": DATE}, None),
            ]
            self.check(cases)
        self.check([({"if_match": "", "if_none_match": "", "if_modified_since": DATE}, 304)])

    def test_a_date_may_be_a_datetime_and_counts_in_seconds(self):
        for moment, status in [
            (MOMENT, 304),
            (MOMENT.replace(microsecond=999999), 304),
            (MOMENT.replace(second=38), None),
            (MOMENT.replace(tzinfo=None), 304),
            (MOMENT.replace(tzinfo=None, second=38), None),
            (MOMENT.astimezone(timezone(timedelta(hours=1))), 304),
            (MOMENT.replace(tzinfo=timezone(-timedelta(hours=1))), None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 304),
            ("Sun Nov  6 08:49:37 1994", 304),
            ("yesterday", None),
        ]:
            self.check([({"if_modified_since": DATE}, status)], last_modified=moment)

    def test_a_tag_may_stand_without_quotes(self):
        self.check([({"if_none_match": '"a"'}, 304), ({"if_none_match": "a"}, 304)], "a")

    def test_the_tag_may_be_made_of_the_data(self):
        environ = ask(if_none_match=f'"{generate_etag(b"data")}"')
        self.assertFalse(is_resource_modified(environ, data=b"data"))
        self.assertTrue(is_resource_modified(environ, data=b"other"))
        with self.assertRaisesRegex(TypeError, "both given"):
            is_resource_modified(environ, '"a"', b"data")

    def test_many_tags_are_read_in_one_go(self):
        many = ", ".join(f'"{number}"' for number in range(5000))
        self.check([({"if_none_match": many}, None), ({"if_none_match": many + ', "a"'}, 304)])
        self.check([({"if_none_match": '"' * 5000}, None), ({"if_match": '"b",' * 5000}, 412)])


class SelectRangeTest(unittest.TestCase):
    """RFC 9110, sections 13.1.5 and 14.2."""

    def check(self, cases, etag='"a"', last_modified=DATE):
        for fields, part in cases:
            with self.subTest(fields, etag=etag, last_modified=last_modified):
                self.assertEqual(select_range(ask(**fields), 100, etag, last_modified), part)

    def test_one_part_is_given(self):
        cases = [
            ("bytes=0-9", (0, 10)),
            ("bytes=90-", (90, 100)),
            ("bytes=90-200", (90, 100)),
            ("Bytes=-1", (99, 100)),
        ]
        self.check([({"range": field}, part) for field, part in cases])
        self.check([({"range": "bytes=-1000"}, (0, 100)), ({"range": "bytes=0-9", "method": "HEAD"}, (0, 10))])

    def test_the_whole_is_given_for_several_parts_and_for_what_makes_no_sense(self):
        absurd = "bytes=0-" + "9" * 100_000
        many = "bytes=" + ",".join(f"{number}-{number}" for number in range(2000))
        for field in ["", "bytes", "bytes=", "bytes=-", "bytes=9-1", "bytes=0-1,4-5", "seconds=0-9", "bytes=0-1\n"]:
            self.check([({"range": field}, None)])
        self.check([({"range": field}, None) for field in ["bytes=٣-", "byteſ=0-1", "bytes=+0-1", "bytes=--1"]])
        self.assertIsNone(select_range(ask(range=absurd), 100))
        self.assertIsNone(select_range(ask(range=many), 100))

    def test_the_whole_is_given_where_there_are_no_parts(self):
        for length in [None, 0]:
            self.assertIsNone(select_range(ask(range="bytes=0-9"), length))
        self.assertIsNone(select_range(ask("POST", range="bytes=0-9"), 100))
        self.assertIsNone(select_range({}, 100))

    def test_a_part_behind_the_end_cannot_be_given(self):
        for field in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"]:
            with self.subTest(field), self.assertRaises(RequestedRangeNotSatisfiable) as caught:
                select_range(ask(range=field), 100)
            self.assertIn(("Content-Range", "bytes */100"), caught.exception.get_headers())

    def test_if_range_must_be_the_validator_that_was_sent_or_parts_of_two_versions_are_joined(self):
        part = (0, 10)
        for validator, etag, last_modified, expected in [
            ('"a"', '"a"', None, part),
            ("a", '"a"', None, part),
            ('"b"', '"a"', DATE, None),
            ('W/"a"', '"a"', None, None),
            ('W/"a"', 'W/"a"', None, None),
            ('"a"', 'W/"a"', None, None),
            ('"a"', None, DATE, None),
            (DATE, '"a"', DATE, part),
            (DATE, None, MOMENT.replace(microsecond=5, tzinfo=None), part),
            (AFTER, '"a"', DATE, None),  # an older file that was put back
            (BEFORE, '"a"', DATE, None),
            (DATE, '"a"', None, None),
            (DATE, '"a"', "yesterday", None),
            ("", '"a"', DATE, None),
            ("yesterday", None, "yesterday", None),
        ]:
            fields = {"range": "bytes=0-9", "if_range": validator}
            self.check([(fields, expected)], etag, last_modified)
            modified = is_resource_modified(ask(**fields), etag, None, last_modified, ignore_if_range=False)
            self.assertIs(modified, expected is None)

    def test_if_range_is_no_condition_unless_asked_for(self):
        environ = ask(range="bytes=0-9", if_range='"a"')
        self.assertTrue(is_resource_modified(environ, '"a"'))
        self.assertFalse(is_resource_modified(environ, '"a"', ignore_if_range=False))
        self.assertTrue(is_resource_modified(ask(range="bytes=0-9"), '"a"', ignore_if_range=False))

    def test_if_range_does_not_count_without_range(self):
        environ = ask(if_range='"a"', if_none_match='"b"')
        self.assertTrue(is_resource_modified(environ, '"a"', ignore_if_range=False))
        self.assertFalse(is_resource_modified(environ, '"b"', ignore_if_range=False))

    def test_a_range_that_asks_for_nothing_there_is_no_matter_where_if_range_fails(self):
        self.check([({"range": "bytes=100-", "if_range": '"b"'}, None)])


class ETagsTest(unittest.TestCase):
    def test_it_tells_strong_tags_from_weak_ones(self):
        etags = ETags(["a", "b"], ["w"])
        for etag, strong, weak in [("a", True, False), ("w", False, True), ("c", False, False), (None, False, False)]:
            with self.subTest(etag):
                self.assertEqual((etags.is_strong(etag), etags.is_weak(etag)), (strong, weak))
                self.assertEqual((etags.contains(etag), etag in etags), (strong, strong))
                self.assertEqual(etags.contains_weak(etag), strong or weak)
                if etag:
                    self.assertEqual((etags(etag), etags(etag, include_weak=True)), (strong, strong or weak))

    def test_a_tag_as_it_is_sent_is_compared_weakly_if_it_is_weak(self):
        etags = ETags(["a"], ["w"])
        for raw, found in [('"a"', True), ('W/"a"', True), ('w/"w"', True), ('"w"', False), ("a", True), ("", False)]:
            with self.subTest(raw):
                self.assertIs(etags.contains_raw(raw), found)

    def test_the_star_stands_for_any_tag(self):
        etags = ETags(["a"], ["w"], star_tag=True)
        self.assertTrue(etags.star_tag and etags.contains("x") and "x" in etags and etags.contains_weak("x"))
        self.assertTrue(etags.contains_raw('"x"') and etags.is_weak("w"))
        self.assertFalse(etags.is_strong("a") or etags("a"))
        self.assertEqual((etags.to_header(), etags.as_set(), len(etags)), ("*", set(), 0))

    def test_it_is_a_collection_of_strong_tags(self):
        etags = ETags(["b", "a", "b"], ["w"])
        self.assertEqual((sorted(etags), len(etags)), (["a", "b"], 2))
        self.assertEqual((etags.as_set(), etags.as_set(include_weak=True)), ({"a", "b"}, {"a", "b", "w"}))

    def test_it_is_true_where_there_is_a_condition(self):
        for etags, expected in [
            (ETags(), False),
            (ETags(["a"]), True),
            (ETags(None, ["w"]), True),
            (ETags(star_tag=True), True),
        ]:
            with self.subTest(etags):
                self.assertIs(bool(etags), expected)

    def test_it_can_make_the_tag_of_data(self):
        self.assertTrue(ETags([generate_etag(b"data")])(data=b"data"))
        self.assertFalse(ETags(["a"])(data=b"data"))
        with self.assertRaisesRegex(TypeError, "give one"):
            ETags(["a"])()

    def test_it_is_written_in_one_order(self):
        etags = ETags(["b", "a"], ["w", "v"])
        self.assertEqual((etags.to_header(), str(etags)), ('"a", "b", W/"v", W/"w"',) * 2)
        self.assertEqual(repr(etags), '<ETags \'"a", "b", W/"v", W/"w"\'>')
        self.assertEqual(ETags(*parse_etags(str(etags))), etags)
        self.assertEqual(str(ETags()), "")


class IfRangeTest(unittest.TestCase):
    def test_it_is_a_tag_or_a_date_or_nothing(self):
        for if_range, text in [
            (IfRange("a"), '"a"'),
            (IfRange(date=MOMENT), DATE),
            (IfRange(), ""),
            (IfRange(""), '""'),
        ]:
            with self.subTest(text):
                self.assertEqual((if_range.to_header(), str(if_range)), (text, text))
                self.assertEqual(repr(if_range), f"<IfRange {text!r}>")
        self.assertEqual((IfRange("a").etag, IfRange("a").date, IfRange(date=MOMENT).date), ("a", None, MOMENT))

    def test_what_a_client_sends_can_always_be_shown(self):
        self.assertEqual(str(IfRange('a"b')), '"a"b"')


class RangeTest(unittest.TestCase):
    def test_a_part_is_cut_to_what_is_there(self):
        for limits, length, part in [
            ((0, 10), 100, (0, 10)),
            ((90, 200), 100, (90, 100)),
            ((99, None), 100, (99, 100)),
            ((100, None), 100, None),
            ((100, 200), 100, None),
            ((-10, None), 100, (90, 100)),
            ((-1000, None), 100, (0, 100)),
            ((0, 10**30), 100, (0, 100)),
            ((0, None), 0, None),
            ((-5, None), 0, None),
            ((0, 10), None, None),
        ]:
            with self.subTest(limits, length=length):
                wanted = Range("bytes", [limits])
                self.assertEqual(wanted.range_for_length(length), part)
                text = f"bytes {part[0]}-{part[1] - 1}/{length}" if part else None
                self.assertEqual(wanted.to_content_range_header(length), text)
                made = wanted.make_content_range(length)
                self.assertEqual(made and str(made), text)

    def test_there_is_no_one_part_of_several_of_none_or_in_other_units(self):
        for wanted in [Range("bytes", [(0, 1), (2, 3)]), Range("bytes", []), Range("seconds", [(0, 1)])]:
            with self.subTest(wanted):
                self.assertIsNone(wanted.range_for_length(100))
                self.assertIsNone(wanted.make_content_range(100))
                self.assertIsNone(wanted.to_content_range_header(100))

    def test_it_is_written_as_it_is_read(self):
        for field in ["bytes=0-0", "bytes=0-499,600-", "bytes=-5", "seconds=1-2,5-6,-1"]:
            with self.subTest(field):
                wanted = Range(*parse_range_header(field))
                self.assertEqual((wanted.to_header(), str(wanted)), (field, field))
                self.assertEqual(repr(wanted), f"<Range {field!r}>")

    def test_what_is_no_range_is_refused(self):
        for limits in [(None, 5), (5, 5), (5, 1), (-5, 1), (-5, -1), (0, 0), (None, None)]:
            with self.subTest(limits), self.assertRaisesRegex(ValueError, "is no range"):
                Range("bytes", [(0, 1), limits])


class ContentRangeTest(unittest.TestCase):
    def setUp(self):
        self.seen = []
        self.range = ContentRange("bytes", 0, 500, 1000, on_update=lambda changed: self.seen.append(str(changed)))

    def test_it_is_written_as_it_is_sent(self):
        for content_range, text in [
            (ContentRange("bytes", 0, 500, 1000), "bytes 0-499/1000"),
            (ContentRange("bytes", 0, 1), "bytes 0-0/*"),
            (ContentRange("bytes", None, None, 1000), "bytes */1000"),
            (ContentRange("seconds", 5, 6, 7), "seconds 5-5/7"),
            (ContentRange(None, None, None), ""),
        ]:
            with self.subTest(text):
                self.assertEqual((content_range.to_header(), str(content_range)), (text, text))
                self.assertEqual((repr(content_range), bool(content_range)), (f"<ContentRange {text!r}>", bool(text)))

    def test_each_change_is_told(self):
        self.range.length = None
        self.range.stop = 600
        self.range.start = 100
        self.range.units = "seconds"
        self.range.set(0, 10, 20)
        self.range.unset()
        self.assertEqual(
            self.seen,
            ["bytes 0-499/*", "bytes 0-599/*", "bytes 100-599/*", "seconds 100-599/*", "bytes 0-9/20", ""],
        )
        self.assertEqual((self.range.units, self.range.start, self.range.stop, self.range.length), (None,) * 4)

    def test_a_copy_tells_nobody(self):
        for other in [copy.copy(self.range), copy.deepcopy(self.range), pickle.loads(pickle.dumps(self.range))]:
            other.length = 2000
            self.assertEqual((str(other), str(self.range)), ("bytes 0-499/2000", "bytes 0-499/1000"))
        self.assertEqual(self.seen, [])

    def test_what_makes_no_sense_is_refused_and_changes_nothing(self):
        for change in [
            lambda: self.range.set(5, 5),
            lambda: self.range.set(-1, 5),
            lambda: self.range.set(5, None),
            lambda: self.range.set(None, 5),
            lambda: self.range.set(0, 5, 0),
            lambda: self.range.set(None, None, -1),
            lambda: self.range.set(0, 5, units="by tes"),
            lambda: self.range.set(0, 5, units="bytes\r\nX: y"),
            lambda: setattr(self.range, "start", 500),
            lambda: setattr(self.range, "start", None),
            lambda: setattr(self.range, "stop", 0),
            lambda: setattr(self.range, "length", -1),
            lambda: setattr(self.range, "units", ""),
            lambda: ContentRange("bytes", 5, 1),
        ]:
            self.assertRaisesRegex(ValueError, "is no part|is not a token", change)
        self.assertEqual((str(self.range), self.seen), ("bytes 0-499/1000", []))


class SameTest(unittest.TestCase):
    def test_what_says_the_same_is_equal_and_so_is_a_copy(self):
        for make in [
            lambda: ETags(["a", "b"], ["w"]),
            lambda: IfRange("a"),
            lambda: Range("bytes", [(0, 5)]),
            lambda: ContentRange("bytes", 0, 5, 10),
        ]:
            value = make()
            for other in [make(), copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))]:
                with self.subTest(value):
                    self.assertEqual(value, other)
            self.assertNotEqual(value, str(value))
            self.assertRaises(TypeError, hash, value)
        self.assertNotEqual(ETags(["a"]), IfRange("a"))
        self.assertNotEqual(Range("bytes", [(0, 5)]), Range("bytes", [(0, 6)]))
