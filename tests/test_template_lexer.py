import unittest

from nanoweb.template import Environment, TemplateSyntaxError


def tokens(source, **options):
    """Return the kinds and values of a template's tokens, without lines."""
    return [token[1:] for token in Environment(**options).lex(source)]


def text(source, **options):
    """Return the text of a template that has nothing else to put out."""
    return "".join(value for kind, value in tokens(source, **options) if kind == "data")


class TokensTest(unittest.TestCase):
    """What stands between delimiters."""

    def test_text_and_expressions_are_told_apart(self):
        self.assertEqual(
            tokens("Hi {{ user.name }}!"),
            [
                ("data", "Hi "),
                ("variable_begin", None),
                ("name", "user"),
                (".", "."),
                ("name", "name"),
                ("variable_end", None),
                ("data", "!"),
            ],
        )

    def test_literals_have_the_values_of_python(self):
        for source, kind, value in [
            ("1", "integer", 1),
            ("1_000", "integer", 1000),
            ("0x1f", "integer", 31),
            ("0b11", "integer", 3),
            ("0o17", "integer", 15),
            ("1.5", "float", 1.5),
            ("1e3", "float", 1000.0),
            ("1_0.0_1e-1", "float", 1.001),
            ("'a'", "string", "a"),
            ('"a\\tb"', "string", "a\tb"),
            ("'it\\'s'", "string", "it's"),
            ("'\\u00e9é'", "string", "éé"),
            ("'\\d\\\\d'", "string", "\\d\\d"),
            ("'a\nb'", "string", "a\nb"),
            ("naïve", "name", "naïve"),
            ("नमस्ते", "name", "नमस्ते"),
            ("cafe\u0301_2", "name", "cafe\u0301_2"),
        ]:
            with self.subTest(source):
                self.assertEqual(tokens(f"{{{{ {source} }}}}")[1], (kind, value))

    def test_a_number_behind_a_dot_is_a_key(self):
        self.assertEqual([value for _, value in tokens("{{ rows.1.2 }}")[1:-1]], ["rows", ".", 1, ".", 2])

    def test_a_delimiter_within_brackets_or_quotes_ends_nothing(self):
        for source in ["{{ {'a': {}} }}", "{{ '}}' }}", "{% set x = {'a': {'b': 1}} %}"]:
            with self.subTest(source):
                self.assertIn(tokens(source)[-1][0], ("variable_end", "block_end"))

    def test_each_token_knows_its_line(self):
        found = [(lineno, value) for lineno, kind, value in Environment().lex("a\n{{ b\n + c }}\n{{ d }}") if value]
        self.assertEqual(found, [(1, "a\n"), (2, "b"), (3, "+"), (3, "c"), (3, "\n"), (4, "d")])

    def test_what_is_no_token_is_refused_with_its_line(self):
        for source, lineno, message in [
            ("{{ a $ b }}", 1, "unexpected char '$'"),
            ("\n{{ 'abc }}", 2, 'unexpected char "\'"'),
            ("\n\n{# x", 3, "Missing end of comment tag"),
            ("\n{% raw %}x", 2, "Missing end of raw directive"),
            ("{{ (1] }}", 1, "unexpected ']', expected ')'"),
            ("{{ 1) }}", 1, "unexpected ')'"),
            ("a\n{{ b", 2, "the template ends within a tag"),
            ("{{ (1", 1, "expected ')'"),
            ("\n{{ a² }}", 2, "Invalid character in identifier 'a²'"),
            ("{{ %s }}" % ("9" * 5000), 1, ""),
            ("{{ '\\xz' }}", 1, ""),
        ]:
            with self.subTest(source[:20]):
                try:
                    tokens(source)
                except TemplateSyntaxError as error:
                    self.assertEqual(error.lineno, lineno)
                    self.assertIn(message, error.message)
                else:
                    self.assertIn("999", source)  # Pythons before 3.11 read numbers of any length


class WhiteSpaceTest(unittest.TestCase):
    """The text around tags, with and without the options."""

    def test_a_minus_takes_all_white_space_on_its_side(self):
        self.assertEqual(text("a  \n {%- if x -%} \n b {#- c -#} \n c"), "abc")

    def test_trim_blocks_takes_the_newline_behind_a_block(self):
        source = "{% if x %}\n\na{# c #}\nb{{ x }}\n"
        self.assertEqual(text(source, trim_blocks=True), "\nab")
        self.assertEqual(text("{% if x +%}\na", trim_blocks=True), "\na")

    def test_lstrip_blocks_takes_the_indent_of_a_block(self):
        self.assertEqual(text("  {% if x %}a {% if x %}\n  {# c #}b\n  {{ x }}", lstrip_blocks=True), "a \nb\n  ")
        self.assertEqual(text("  {%+ if x %}a", lstrip_blocks=True), "  a")

    def test_the_last_newline_goes_unless_it_is_kept(self):
        self.assertEqual(text("a\n\n"), "a\n")
        self.assertEqual(text("a\n\n", keep_trailing_newline=True), "a\n\n")

    def test_newlines_of_all_kinds_become_those_asked_for(self):
        self.assertEqual(text("a\r\nb\rc\nd"), "a\nb\nc\nd")
        self.assertEqual(text("a\r\nb\rc\nd", newline_sequence="\r\n"), "a\r\nb\r\nc\r\nd")

    def test_raw_text_is_left_alone(self):
        self.assertEqual(text("{% raw %}{{ x }}{% if %}{# {% endraw %}"), "{{ x }}{% if %}{# ")
        self.assertEqual(text("a {%- raw -%} b {%- endraw -%} c"), "abc")


class DelimitersTest(unittest.TestCase):
    """All of them can be others."""

    def test_the_longest_delimiter_wins(self):
        options = {"variable_start_string": "<?=", "variable_end_string": "?>", "block_start_string": "<?"}
        options.update(block_end_string="?>", comment_start_string="<?#", comment_end_string="?>")
        self.assertEqual(
            [kind for kind, _ in tokens("<?= a ?><?# c ?><? if ?>", **options)],
            ["variable_begin", "name", "variable_end", "block_begin", "name", "block_end"],
        )

    def test_a_delimiter_that_is_no_ascii_ends_a_name(self):
        options = {"variable_start_string": "«", "variable_end_string": "»"}
        self.assertEqual(Environment(**options).from_string("«naïve»!").render(naïve=1), "1!")

    def test_a_delimiter_may_end_in_a_minus(self):
        options = {"comment_start_string": "<!--", "comment_end_string": "-->"}
        self.assertEqual(text("a <!-- b --> c <!--- d ---> e", **options), "a  ce")

    def test_a_line_may_be_a_statement_or_a_comment(self):
        options = {"line_statement_prefix": "#", "line_comment_prefix": "##"}
        source = "# for i in [1,\n 2]:\n  {{ i }} ## note\n# endfor\n"
        self.assertEqual(Environment(**options).from_string(source).render(), "  1\n  2\n")

    def test_empty_lines_behind_a_line_statement_go_with_it(self):
        environment = Environment(line_statement_prefix="#")
        for source, expected in [
            ("a\n# set x = 1\n\n \t\n  b\n\nc", "a\n  b\n\nc"),
            ("a\n# set x = 1\n\n  ", "a\n"),
            ("# if x\n\na\n# else\n\n\nb{{ 1 // 0 }}\n# endif\n", 7),
        ]:
            with self.subTest(source):
                template = environment.from_string(source)
                if isinstance(expected, str):
                    self.assertEqual(template.render(), expected)
                else:
                    self.assertIn(expected, [lineno for _, lineno in template.debug_info])

    def test_delimiters_that_are_alike_are_refused(self):
        for options in [{"block_start_string": "{{"}, {"comment_start_string": ""}]:
            with self.subTest(options), self.assertRaises(ValueError):
                Environment(**options)
