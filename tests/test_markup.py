import copy
import pickle
import unittest

from nanoweb import markup
from nanoweb.markup import Markup, escape, escape_silent, soft_str
from tests.growth import is_linear


class Page:
    """An object that knows its HTML."""

    def __html__(self):
        return "<p>&amp;</p>"

    def __str__(self):
        return "<text>"


class Link:
    """An object that knows its HTML in several formats."""

    def __html__(self):
        return "<a>link</a>"

    def __html_format__(self, format_spec):
        return Markup("<a>{}</a>").format(format_spec)


class Break:
    """An object whose HTML is Markup."""

    def __html__(self):
        return Markup("<br>")


class EscapeTest(unittest.TestCase):
    def test_the_five_characters_become_entities(self):
        for text, expected in [
            ("", ""),
            ("abc é 日", "abc é 日"),
            ("<>&'\"", "&lt;&gt;&amp;&#39;&#34;"),
            ("&amp;", "&amp;amp;"),
            ("<<''", "&lt;&lt;&#39;&#39;"),
            ('<a href="x">it\'s</a>', "&lt;a href=&#34;x&#34;&gt;it&#39;s&lt;/a&gt;"),
            ("\x00\n\t", "\x00\n\t"),
        ]:
            with self.subTest(text):
                self.assertEqual(escape(text), expected)
                self.assertIs(type(escape(text)), Markup)

    def test_what_is_not_text_becomes_text_first(self):
        for value, expected in [(1, "1"), (None, "None"), (["<"], "[&#39;&lt;&#39;]"), (b"<", "b&#39;&lt;&#39;")]:
            with self.subTest(value):
                self.assertEqual(escape(value), expected)

    def test_what_is_safe_stays_as_it_is(self):
        self.assertEqual(escape(Markup("<br>")), "<br>")
        self.assertEqual(escape(escape("<")), "&lt;")
        self.assertEqual(escape(Page()), "<p>&amp;</p>")
        self.assertIs(type(escape(Page())), Markup)

    def test_a_subclass_of_str_is_escaped_unless_it_has_html(self):
        class Text(str):
            pass

        class Safe(str):
            def __html__(self):
                return "<br>"

        self.assertEqual(escape(Text("<")), "&lt;")
        self.assertEqual(escape(Safe("<")), "<br>")

    def test_none_can_be_no_text(self):
        self.assertEqual((escape_silent(None), escape_silent("<"), escape_silent(0)), ("", "&lt;", "0"))
        self.assertIs(type(escape_silent(None)), Markup)

    def test_soft_str_keeps_markup(self):
        self.assertIs(type(soft_str(Markup("x"))), Markup)
        self.assertEqual((soft_str(1), soft_str("<"), soft_str(Page())), ("1", "<", "<text>"))


class MarkupTest(unittest.TestCase):
    """Markup is str, and what is put together with it is escaped."""

    def check(self, cases):
        for name, result, expected in cases:
            with self.subTest(name):
                self.assertEqual(result, expected)
                self.assertIs(type(result), Markup)

    def test_making_markup_escapes_nothing(self):
        self.check(
            [
                ("text", Markup("<b>"), "<b>"),
                ("nothing", Markup(), ""),
                ("number", Markup(42), "42"),
                ("html", Markup(Page()), "<p>&amp;</p>"),
                ("bytes", Markup(b"<\xc3\xa9>", "utf-8"), "<é>"),
                ("bad bytes", Markup(b"\xff", "utf-8", "replace"), "\ufffd"),
                ("escaped", Markup.escape("<"), "&lt;"),
            ]
        )

    def test_what_is_put_in_is_escaped(self):
        bold = Markup("<b>%s</b>")
        self.check(
            [
                ("+", Markup("<b>") + "<", "<b>&lt;"),
                ("+ markup", Markup("<b>") + Markup("<i>"), "<b><i>"),
                ("+ html", Markup("<b>") + Page(), "<b><p>&amp;</p>"),
                ("text +", "<" + Markup("<b>"), "&lt;<b>"),
                ("html +", Page() + Markup("<b>"), "<p>&amp;</p><b>"),
                ("%", bold % "<", "<b>&lt;</b>"),
                ("% tuple", Markup("%s %s") % ("<", Markup("<")), "&lt; <"),
                ("% dict", Markup("%(a)s %(b)d") % {"a": "<", "b": 7.5}, "&lt; 7"),
                ("% nested", Markup("%(a)r") % {"a": "<"}, "&#39;&lt;&#39;"),
                ("% number", Markup("%d %.1f") % (3, 2.55), "3 2.5"),
                ("% html", bold % Page(), "<b><p>&amp;</p></b>"),
                ("join", Markup("<br>").join(["<", Markup("<i>"), Page()]), "&lt;<br><i><br><p>&amp;</p>"),
                ("format", Markup("<b>{0} {x}</b>").format("<", x=Markup("<i>")), "<b>&lt; <i></b>"),
                ("format item", Markup("{0[a]} {0[a]!r}").format({"a": "<"}), "&lt; &#39;&lt;&#39;"),
                ("format spec", Markup("{:>3} {:.1f}").format("<", 2.5), "  &lt; 2.5"),
                ("format html", Markup("{} {} {:x}").format(Break(), Markup("<i>"), Link()), "<br> <i> <a>x</a>"),
                ("format_map", Markup("{a}").format_map({"a": "<"}), "&lt;"),
                ("replace", Markup("<b>a</b>").replace("a", "<"), "<b>&lt;</b>"),
                ("replace one", Markup("aa").replace("a", "<", 1), "&lt;a"),
                ("center", Markup("<b>").center(5, "-"), "-<b>-"),
                ("ljust", Markup("<b>").ljust(4), "<b> "),
                ("rjust", Markup("<b>").rjust(4, "0"), "0<b>"),
            ]
        )

    def test_what_comes_out_is_markup(self):
        text = Markup(" <B>ß</B> ")
        self.check(
            [
                ("[]", text[1], "<"),
                ("[:]", text[1:4], "<B>"),
                ("*", Markup("<") * 2, "<<"),
                ("* left", 2 * Markup("<"), "<<"),
                ("capitalize", Markup("<b>A").capitalize(), "<b>a"),
                ("casefold", text.casefold(), " <b>ss</b> "),
                ("expandtabs", Markup("<\t>").expandtabs(2), "< >"),
                ("lower", text.lower(), " <b>ß</b> "),
                ("lstrip", text.lstrip(), "<B>ß</B> "),
                ("removeprefix", text.removeprefix(" "), "<B>ß</B> "),
                ("removesuffix", text.removesuffix(" "), " <B>ß</B>"),
                ("rstrip", text.rstrip(), " <B>ß</B>"),
                ("strip", text.strip(" <"), "B>ß</B>"),
                ("swapcase", Markup("<b>A").swapcase(), "<B>a"),
                ("title", Markup("<b>").title(), "<B>"),
                ("translate", Markup("a").translate({97: "<"}), "<"),
                ("upper", text.upper(), " <B>SS</B> "),
                ("zfill", Markup("1").zfill(3), "001"),
                ("copy", copy.deepcopy(text), text),
                ("pickle", pickle.loads(pickle.dumps(text)), text),
            ]
        )

    def test_lists_that_come_out_hold_markup(self):
        text = Markup("<b>\n</b>")
        for name, parts, expected in [
            ("split", text.split(), ["<b>", "</b>"]),
            ("split at", text.split("b", maxsplit=1), ["<", ">\n</b>"]),
            ("rsplit", text.rsplit("b", 1), ["<b>\n</", ">"]),
            ("splitlines", text.splitlines(True), ["<b>\n", "</b>"]),
            ("partition", text.partition("\n"), ("<b>", "\n", "</b>")),
            ("rpartition", text.rpartition("<"), ("<b>\n", "<", "/b>")),
        ]:
            with self.subTest(name):
                self.assertEqual(parts, expected)
                self.assertEqual({type(part) for part in parts}, {Markup})

    def test_a_subclass_stays_itself(self):
        class Mine(Markup):
            pass

        for name, result in [
            ("+", Mine("<") + "x"),
            ("%", Mine("%s") % "x"),
            ("[]", Mine("<")[0]),
            ("escape", Mine.escape("x")),
            ("escape markup", Mine.escape(Markup("x"))),
            ("format", Mine("{}").format("x")),
            ("split", Mine("a b").split()[0]),
        ]:
            with self.subTest(name):
                self.assertIs(type(result), Mine)

    def test_it_says_what_it_is(self):
        self.assertEqual(repr(Markup("<'>")), 'Markup("<\'>")')
        self.assertIs(type(str(Markup("<"))), str)
        self.assertEqual(Markup("x"), "x")
        self.assertEqual(hash(Markup("x")), hash("x"))
        self.assertEqual(Markup("x").__html__(), "x")

    def test_what_cannot_be_added_is_an_error(self):
        for wrong in [1, None, b"x", ["x"]]:
            with self.subTest(wrong):
                with self.assertRaises(TypeError):
                    Markup("x") + wrong
                with self.assertRaises(TypeError):
                    wrong + Markup("x")

    def test_a_format_that_could_cut_a_tag_is_an_error(self):
        for value in [Page(), Markup("<b>")]:
            with self.subTest(value), self.assertRaisesRegex(ValueError, "format specification '>9'"):
                Markup("{:>9}").format(value)

    def test_a_formatter_of_ones_own_can_build_on_ours(self):
        formatter = markup.EscapeFormatter(escape)
        self.assertEqual(formatter.format("<b>{}</b>", "<"), "<b>&lt;</b>")
        with self.assertRaises(AttributeError):
            markup.nothing  # noqa: B018


class ToTextTest(unittest.TestCase):
    def test_entities_become_characters(self):
        for text, expected in [
            ("&lt;b&gt; &amp; &#39;&#34; &raquo; &#x41;", "<b> & '\" » A"),
            ("&amp;lt;", "&lt;"),
            ("<b>&nope;", "<b>&nope;"),
        ]:
            with self.subTest(text):
                self.assertEqual(Markup(text).unescape(), expected)
                self.assertIs(type(Markup(text).unescape()), str)

    def test_tags_and_comments_go_and_blanks_shrink(self):
        for text, expected in [
            ("<b>a</b>  <i title='x'>b\n</i>\tc", "a b c"),
            ("a<!-- <b> -->b<!---->c", "abc"),
            ("a<!-->b-->c", "ac"),
            ("&lt;b&gt;", "<b>"),
            ("a < b", "a < b"),
            ("a <!-- b", "a <!-- b"),
            ("<<b>>a", ">a"),
            ("a > b", "a > b"),
            ("", ""),
        ]:
            with self.subTest(text):
                self.assertEqual(Markup(text).striptags(), expected)
                self.assertIs(type(Markup(text).striptags()), str)

    def test_striptags_takes_time_in_proportion(self):
        for part in ["<", "<!--", "<!-- -->", "<b>", "-->", "<!--<b>", "&", "a "]:
            with self.subTest(part):
                self.assertTrue(is_linear(lambda text: Markup(text).striptags(), part * 2_000, part * 32_000))


if __name__ == "__main__":
    unittest.main()
