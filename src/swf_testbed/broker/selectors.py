"""Message selectors: the subset of SQL-92 that JMS brokers understand, compiled to a function.

    msg_type = 'stf_ready' AND run_id BETWEEN 100 AND 200 AND (site IN ('bnl', 'jlab') OR site IS NULL)

Comparisons `= <> < <= > >=`, AND, OR, NOT, parentheses, [NOT] IN, [NOT] LIKE [ESCAPE], [NOT] BETWEEN,
IS [NOT] NULL, strings, numbers, TRUE, FALSE. A name with other characters than letters, digits, `_ $ .` is
written in double quotes. Logic has three values: what is unknown is not selected.

Headers are strings. Beside a number a header is a number if it looks like one, else the comparison is
unknown; beside TRUE or FALSE it must say true or false; beside a string or another header it is a string.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from swf_testbed.broker.selector_logic import (
    COMPARISONS,
    Headers,
    Operand,
    Truth,
    Value,
    all_of,
    any_of,
    as_bool,
    comparison,
    like_regex,
    negation,
)
from swf_testbed.model.errors import BadInput

Selector = Callable[[Headers], bool]

MAX_LENGTH = 4096
_MAX_DEPTH = 50

_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "LIKE", "ESCAPE", "BETWEEN", "IS", "NULL", "TRUE", "FALSE"})
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w$]))
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"[^"]+")
  | (?P<word>[^\W\d][\w$.]*|\$[\w$.]*)
  | (?P<op><>|<=|>=|[=<>(),+-])
  | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


def compile_selector(text: str) -> Selector:
    """A function from a message's headers to whether the selector selects it.

    Raises:
        BadInput: the selector cannot be understood; the text names the position, counted from 1.
    """
    if len(text) > MAX_LENGTH:
        raise BadInput("selector", text, f"must have at most {MAX_LENGTH} characters")
    truth = _Parser(text).parse()
    return lambda headers: truth(headers) is True


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenise()
        self._index = 0
        self._depth = 0

    def parse(self) -> Truth:
        truth = self._or()
        if self._now.kind != "end":
            raise self._error("AND, OR or the end")
        return truth

    # -- tokens

    def _tokenise(self) -> list[_Token]:
        tokens: list[_Token] = []
        position = 0
        while not tokens or tokens[-1].kind != "end":
            match = _TOKEN.match(self._text, position)
            if match is None:
                rest = self._text[position:]
                start = position + len(rest) - len(rest.lstrip())
                raise self._error("a name, a value or an operator", start)
            kind = match.lastgroup or "end"
            text = match.group(kind)
            if kind == "word" and text.upper() in _KEYWORDS:
                kind, text = "op", text.upper()
            tokens.append(_Token(kind, text, match.start(match.lastgroup or 0)))
            position = match.end()
        return tokens

    @property
    def _now(self) -> _Token:
        return self._tokens[self._index]

    def _take(self, *ops: str) -> str | None:
        if self._now.kind == "op" and self._now.text in ops:
            self._index += 1
            return self._tokens[self._index - 1].text
        return None

    def _expect(self, op: str) -> None:
        if not self._take(op):
            raise self._error(op)

    def _error(self, wanted: str, position: int | None = None) -> BadInput:
        at = self._now.position if position is None else position
        return BadInput("selector", self._text, f"position {at + 1}: {wanted} is expected here")

    # -- conditions, the loosest binding first

    def _or(self) -> Truth:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"no nesting deeper than {_MAX_DEPTH}")
        parts = [self._and()]
        while self._take("OR"):
            parts.append(self._and())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else any_of(parts)

    def _and(self) -> Truth:
        parts = [self._not()]
        while self._take("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else all_of(parts)

    def _not(self) -> Truth:
        negated = False
        while self._take("NOT"):
            negated = not negated
        truth = self._condition()
        return negation(truth) if negated else truth

    def _condition(self) -> Truth:
        if self._take("("):
            truth = self._or()
            self._expect(")")
            return truth
        operand = self._operand()
        symbol = self._take(*COMPARISONS)
        if symbol:
            return comparison(symbol, operand, self._operand())
        if self._take("IS"):
            wanted = bool(self._take("NOT"))
            self._expect("NULL")
            return lambda headers: (operand(headers) is not None) is wanted
        negated = bool(self._take("NOT"))
        predicate = self._predicate(operand)
        if predicate is None:
            if negated:
                raise self._error("IN, LIKE or BETWEEN")
            return lambda headers: as_bool(operand(headers))
        return negation(predicate) if negated else predicate

    def _predicate(self, operand: Operand) -> Truth | None:
        if self._take("IN"):
            return self._in(operand)
        if self._take("LIKE"):
            return self._like(operand)
        if self._take("BETWEEN"):
            low = self._operand()
            self._expect("AND")
            high = self._operand()
            return all_of([comparison(">=", operand, low), comparison("<=", operand, high)])
        return None

    def _in(self, operand: Operand) -> Truth:
        self._expect("(")
        choices = [comparison("=", operand, self._literal())]
        while self._take(","):
            choices.append(comparison("=", operand, self._literal()))
        self._expect(")")
        return any_of(choices)

    def _like(self, operand: Operand) -> Truth:
        pattern = self._string()
        escape = ""
        if self._take("ESCAPE"):
            at = self._now.position
            escape = self._string()
            if len(escape) != 1:
                raise self._error("a string of one character", at)
        matches = like_regex(pattern, escape).fullmatch

        def truth(headers: Headers) -> bool | None:
            value = operand(headers)
            return None if value is None else isinstance(value, str) and matches(value) is not None

        return truth

    # -- operands

    def _operand(self) -> Operand:
        token = self._now
        if token.kind in ("word", "quoted"):
            self._index += 1
            name = token.text.strip('"')
            return lambda headers: headers.get(name)
        return self._literal()

    def _literal(self) -> Operand:
        token = self._now
        value: Value
        if token.kind == "string":
            value = self._string()
        elif token.text in ("TRUE", "FALSE"):
            self._index += 1
            value = token.text == "TRUE"
        else:
            sign = self._take("+", "-")
            if self._now.kind != "number":
                raise self._error("a name or a value" if not sign else "a number")
            value = float(self._now.text) * (-1 if sign == "-" else 1)
            self._index += 1
        return lambda _headers: value

    def _string(self) -> str:
        token = self._now
        if token.kind != "string":
            raise self._error("a string in single quotes")
        self._index += 1
        return token.text[1:-1].replace("''", "'")
