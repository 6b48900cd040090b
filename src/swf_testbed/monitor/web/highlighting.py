"""Code and configuration with syntax highlighting, as classes that a style sheet gives colours."""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.configs import TOMLLexer
from pygments.lexers.data import JsonLexer
from pygments.lexers.python import PythonLexer
from pygments.util import ClassNotFound

MAX_HIGHLIGHTED = 200_000
"""Characters; longer text is shown plain."""


def lines_of(text: str) -> list[str]:
    """The lines of a text, without empty ones at its end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def highlighted(text: str, filename: str | None = None) -> list[SafeString]:
    """`lines_of` a text, each as HTML; its language is told by the name of its file, or by itself."""
    plain = lines_of(text)
    if len(text) <= MAX_HIGHLIGHTED and (lexer := _lexer(text, filename)) is not None:
        # Pygments escapes what it writes, and closes its spans at the end of each line.
        written = highlight("\n".join(plain), lexer, HtmlFormatter(nowrap=True))
        lines = written.removesuffix("\n").split("\n")
        if len(lines) == len(plain):
            return [mark_safe(line) for line in lines]  # noqa: S308  # see above
    return [SafeString(escape(line)) for line in plain]


def as_json(document: Any) -> str:
    """A document as a text to highlight."""
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)


def _lexer(text: str, filename: str | None) -> Lexer | None:
    options: dict[str, Any] = {"stripnl": False, "ensurenl": False}
    if filename:
        try:
            return get_lexer_for_filename(filename, **options)
        except ClassNotFound:
            pass
    return next((lexer(**options) for is_it, lexer in _LANGUAGES if is_it(text)), None)


def _is_json(text: str) -> bool:
    return _parses(json.loads, text)


def _is_toml(text: str) -> bool:
    return _parses(tomllib.loads, text)


def _is_python(text: str) -> bool:
    return _STATEMENT.search(text) is not None


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except (ValueError, RecursionError):
        return False
    return True


_STATEMENT = re.compile(r"^\s*(import \w|from \S+ import |def \w+\(|class \w)", re.MULTILINE)

_LANGUAGES: tuple[tuple[Callable[[str], bool], type[Lexer]], ...] = (
    (_is_json, JsonLexer),
    (_is_toml, TOMLLexer),
    (_is_python, PythonLexer),
)
