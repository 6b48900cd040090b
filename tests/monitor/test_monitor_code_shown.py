"""Code as pages show it, and where it is kept."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.monitor.services.parameter_values import parameters_of
from swf_testbed.monitor.services.side_by_side import side_by_side
from swf_testbed.monitor.web.highlighting import MAX_HIGHLIGHTED, highlighted, lines_of
from swf_testbed.monitor.web.sources import commit_link, file_link, repository

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = {"org": "eic", "repo": "swf-testbed", "path": "workflows/a b.py", "branch": "feature/x"}

code = st.text() | st.sampled_from(["import os\n", '{"a": [1]}', "[a]\nb = 1\n"]).flatmap(
    lambda begin: st.text(max_size=40).map(lambda end: begin + end)
)


class Shown(HTMLParser):
    """What a reader sees of HTML, and whether there is anything in it but spans."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", set[str]()
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags |= {tag, *(name for name, _ in attrs)}


@settings(max_examples=150)
@given(code, st.sampled_from([None, "a.py", "a.toml", "a.json", "a.unknown", "<b>"]))
def test_every_line_is_shown_as_it_stands_and_in_colour_only(text: str, filename: str | None) -> None:
    lines = highlighted(text, filename)
    assert len(lines) == len(lines_of(text))
    for line, plain in zip(lines, lines_of(text), strict=True):
        shown = Shown(line)
        assert shown.text == plain
        assert shown.tags <= {"span", "class"}


def test_the_language_is_told_by_the_name_or_by_the_text() -> None:
    assert 'class="kn"' in highlighted("import os")[0]
    assert 'class="nt"' in highlighted('{"a": 1}')[0]
    assert 'class="mi"' in highlighted("a = 1")[0]
    assert "span" not in highlighted("just words")[0]
    assert "span" not in highlighted("import os\n" * (MAX_HIGHLIGHTED // 10 + 1))[0]


@pytest.mark.parametrize(
    ("source", "commit", "link"),
    [
        (SOURCE, COMMIT, f"https://github.com/eic/swf-testbed/blob/{COMMIT}/workflows/a%20b.py"),
        (SOURCE, None, "https://github.com/eic/swf-testbed/blob/feature/x/workflows/a%20b.py"),
        (SOURCE, "not a commit", "https://github.com/eic/swf-testbed/blob/feature/x/workflows/a%20b.py"),
        (SOURCE | {"org": None}, COMMIT, None),
        (SOURCE | {"repo": "../evil"}, COMMIT, None),
        (SOURCE | {"path": 7}, COMMIT, None),
        ({}, COMMIT, None),
    ],
)
def test_code_is_linked_where_it_is_kept(source: dict[str, object], commit: object, link: str | None) -> None:
    assert file_link(source, commit) == link
    assert (repository(source) is None) == (commit_link(source, COMMIT) is None)


@settings(max_examples=100)
@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_side_by_side_shows_every_line_that_differs(left: list[str], right: list[str]) -> None:
    pairs = [pair for group in side_by_side(left, right) for pair in group]
    assert (pairs == []) == (left == right)
    for pair in pairs:
        assert pair.left is not None or pair.right is not None
        if not pair.changed:
            assert pair.left is not None
            assert pair.right is not None
            assert left[pair.left] == right[pair.right]
    gone = {pair.left for pair in pairs if pair.changed}
    fresh = {pair.right for pair in pairs if pair.changed}
    kept = [line for at, line in enumerate(left) if at not in gone]
    assert kept == [line for at, line in enumerate(right) if at not in fresh]


def test_what_differs_from_its_default_comes_first() -> None:
    values = {"fastmon": {"seed": 1}, "data": {"site": "X"}, "options": {"own": 2.0, "other": [1]}, "new": {}}
    found = parameters_of(values, {"own": 2, "other": []})
    assert [(one.name, one.value, one.default) for one in found] == [
        ("data.site", '"X"', '"E0-BUFFER"'),
        ("options.other", "[1]", "[]"),
        ("new", "{}", None),
        ("fastmon.seed", "1", "1"),
        ("options.own", "2", "2"),
    ]
