"""Selectors: what they select, what is unknown to them, and what they say about a mistake."""

import operator
import re
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.broker.selectors import compile_selector
from swf_testbed.model.errors import BadInput

HEADERS = {
    "msg_type": "stf_ready",
    "run_id": "102",
    "site": "O'Hare",
    "flag": "true",
    "empty": "",
    "content-type": "application/json",
    "name": "a%c",
}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("msg_type = 'stf_ready'", True),
        ("msg_type <> 'stf_ready'", False),
        ("msg_type <> 'other'", True),
        ("msg_type = 'Stf_ready'", False),
        ("run_id = 102", True),
        ("run_id = 102.0", True),
        ("run_id = 1.02e2", True),
        ("run_id > -5", True),
        ("run_id < 11", False),
        ("run_id < '11'", True),  # as strings
        ("run_id >= 102 AND run_id <= 102", True),
        ("102 = run_id", True),
        ("msg_type > 5", False),
        ("NOT (msg_type > 5)", False),  # unknown stays unknown
        ("NOT msg_type = 'x'", True),
        ("missing = 'x'", False),
        ("NOT missing = 'x'", False),
        ("missing <> 'x'", False),
        ("missing = 'x' OR run_id = 102", True),
        ("missing IS NULL", True),
        ("missing IS NOT NULL", False),
        ("empty IS NULL", False),
        ("run_id is not null", True),
        ("run_id BETWEEN 100 AND 102", True),
        ("run_id NOT BETWEEN 100 AND 102", False),
        ("missing NOT BETWEEN 1 AND 2", False),
        ("run_id BETWEEN 1 AND 2 OR flag", True),
        ("msg_type IN ('a', 'stf_ready')", True),
        ("msg_type NOT IN ('a', 'b')", True),
        ("missing NOT IN ('a')", False),
        ("run_id IN (1, 102)", True),
        ("msg_type LIKE 'stf%'", True),
        ("msg_type LIKE '%ready'", True),
        ("msg_type LIKE 's_f_ready'", True),
        ("msg_type LIKE 'stf'", False),
        ("msg_type NOT LIKE '%x%'", True),
        ("missing NOT LIKE '%'", False),
        ("name LIKE 'a\\%c' ESCAPE '\\'", True),
        ("msg_type LIKE 'stf\\_%' ESCAPE '\\'", True),
        ("name LIKE 'a!_c' ESCAPE '!'", False),
        ("empty LIKE '%'", True),
        ("site = 'O''Hare'", True),
        ("flag", True),
        ("flag = TRUE", True),
        ("flag <> FALSE", True),
        ("NOT flag", False),
        ("msg_type = TRUE", False),
        ("TRUE", True),
        ("FALSE OR TRUE AND FALSE", False),
        ("(FALSE OR TRUE) AND TRUE", True),
        ("\"content-type\" = 'application/json'", True),
        ("msg_type='stf_ready'AND run_id=102", True),
    ],
)
def test_selector(selector: str, selected: bool) -> None:
    assert compile_selector(selector)(HEADERS) is selected


@pytest.mark.parametrize(
    ("selector", "position"),
    [
        ("a = ", 5),
        ("a == 1", 4),
        ("a = 'open", 5),
        ("a = 1 b = 2", 7),
        ("(a = 1", 7),
        ("a IN ()", 7),
        ("a IN 'x'", 6),
        ("a LIKE 5", 8),
        ("a LIKE 'x' ESCAPE 'xy'", 19),
        ("a BETWEEN 1 OR 2", 13),
        ("a IS 5", 6),
        ("a NOT = 5", 7),
        ("a = 5x", 5),
        ("a ; b", 3),
        ("  ", 3),
        ("AND", 1),
    ],
)
def test_a_mistake_is_told_with_its_position(selector: str, position: int) -> None:
    with pytest.raises(BadInput, match=re.escape(f"position {position}:")):
        compile_selector(selector)


def test_nesting_and_length_are_bounded() -> None:
    with pytest.raises(BadInput, match="nesting"):
        compile_selector("(" * 1000 + "a = 1" + ")" * 1000)
    with pytest.raises(BadInput, match="4096"):
        compile_selector("a = 1 OR " * 1000 + "a = 1")


def test_no_pattern_makes_matching_slow() -> None:
    select = compile_selector("a LIKE '" + "%a" * 40 + "%b'")
    began = time.perf_counter()
    assert select({"a": "a" * 20_000}) is False
    assert time.perf_counter() - began < 2


# -- against a plain evaluation of the same condition, written as a tree

_values = st.sampled_from(["1", "2", "10", "x", "true", "", "a_b"])
_headers = st.dictionaries(st.sampled_from(["a", "b", "c"]), _values)
_literals = st.one_of(st.sampled_from(["x", "10", "", "a_b", "it's"]), st.sampled_from([1, 2, 10]))
_compare = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_name = st.sampled_from(["a", "b", "c", "d"])
_leaves = st.one_of(
    st.tuples(st.sampled_from(sorted(_compare)), _name, _literals),
    st.tuples(st.just("null"), _name, st.booleans()),
    st.tuples(st.just("in"), _name, st.lists(_literals, min_size=1, max_size=3)),
    st.tuples(st.just("between"), _name, st.tuples(_literals, _literals)),
    st.tuples(st.just("like"), _name, st.text("x1_%a", max_size=4)),
)
_trees: Any = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["AND", "OR"]), inner, inner), st.tuples(st.just("NOT"), inner, st.none())
    ),
    max_leaves=8,
)


def _sql(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _render(tree: Any) -> str:  # noqa: PLR0911  # one return a kind
    kind, first, second = tree
    match kind:
        case "AND" | "OR":
            return f"({_render(first)}) {kind} ({_render(second)})"
        case "NOT":
            return f"NOT ({_render(first)})"
        case "null":
            return f"{first} IS {'NOT ' if second else ''}NULL"
        case "in":
            return f"{first} IN ({', '.join(map(_sql, second))})"
        case "between":
            return f"{first} BETWEEN {_sql(second[0])} AND {_sql(second[1])}"
        case "like":
            return f"{first} LIKE {_sql(second)}"
        case _:
            return f"{first} {kind} {_sql(second)}"


def _compared(symbol: str, value: str | None, literal: Any) -> bool | None:
    if value is None:
        return None
    if isinstance(literal, int):
        return bool(_compare[symbol](int(value), literal)) if value.isdigit() else None
    return bool(_compare[symbol](value, literal))


def _both(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _negated(a: bool | None) -> bool | None:
    return None if a is None else not a


def _wild(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(_wild(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and _wild(pattern[1:], text[1:])


def _evaluate(tree: Any, headers: dict[str, str]) -> bool | None:  # noqa: PLR0911  # one return a kind
    kind, first, second = tree
    match kind:
        case "AND":
            return _both(_evaluate(first, headers), _evaluate(second, headers))
        case "OR":
            return _negated(_both(_negated(_evaluate(first, headers)), _negated(_evaluate(second, headers))))
        case "NOT":
            return _negated(_evaluate(first, headers))
    value = headers.get(first)
    match kind:
        case "null":
            return (value is not None) is second
        case "in":
            found = [_compared("=", value, literal) for literal in second]
            return True if True in found else None if None in found else False
        case "between":
            return _both(_compared(">=", value, second[0]), _compared("<=", value, second[1]))
        case "like":
            return None if value is None else _wild(second, value)
        case _:
            return _compared(kind, value, second)


@given(_trees, _headers)
def test_selectors_mean_what_sql_means(tree: Any, headers: dict[str, str]) -> None:
    assert compile_selector(_render(tree))(headers) is (_evaluate(tree, headers) is True)


@given(st.text("ab='() ANDORNOTINLIKE%_0123456789.,<>\"\\", max_size=40))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    with suppress(BadInput):
        compile_selector(text)({"a": "1"})
