"""Queries become nodes; what is no query becomes an error that says where and what."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.errors import QueryError, Span
from kqlog.syntax import nodes
from kqlog.syntax.nodes import Binary, Call, Element, Literal, Member, Name, Named, Operator, Pipeline
from kqlog.syntax.parse import load_operator, parse
from kqlog.types import Type

ONE = Literal(Type.LONG, 1)
TWO = Literal(Type.LONG, 2)
A, B, C, T, U = Name("a"), Name("b"), Name("c"), Name("T"), Name("U")


def one(text: str) -> nodes.Expr:
    """The value of a script of one query."""
    (statement,) = parse(text).statements
    assert isinstance(statement, nodes.Query)
    return statement.value


def value(text: str) -> nodes.Expr:
    """One expression."""
    return operator(f"T | extend {text}").items[0]  # type: ignore[attr-defined, no-any-return]


def operator(text: str) -> Operator:
    """The last operator of a query."""
    query = one(text)
    assert isinstance(query, Pipeline)
    return query.operators[-1] if query.operators else query.source  # type: ignore[return-value]


def built(rule: str, *fields: object) -> Operator:
    load_operator(rule)
    return Operator.registry[rule](*fields)


def refusal(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse(text)
    return caught.value


# Expressions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", Binary("+", A, Binary("*", B, C))),
        ("a - b - c", Binary("-", Binary("-", A, B), C)),
        ("(a + b) * c", Binary("*", Binary("+", A, B), C)),
        ("a or b and c", Binary("or", A, Binary("and", B, C))),
        ("a == 1 and b != 2", Binary("and", Binary("==", A, ONE), Binary("!=", B, TWO))),
        ("a < 1 == b", Binary("==", Binary("<", A, ONE), B)),
        ("a <> b", Binary("<>", A, B)),
        ("a * b has c", Binary("*", A, Binary("has", B, C))),
        ("a matches regex b", Binary("matches regex", A, B)),
        ("a !contains_cs b", Binary("!contains_cs", A, B)),
        ("a =~ b", Binary("=~", A, B)),
        ("a : b", Binary(":", A, B)),
        ("* has b", Binary("has", nodes.Wildcard("*"), B)),
        ("-a", nodes.Unary("-", A)),
        ("-a * b", Binary("*", nodes.Unary("-", A), B)),
        ("a in (1, 2)", nodes.InList("in", A, (ONE, TWO))),
        ("a !in~ (b)", nodes.InList("!in~", A, (B,))),
        ("a has_any (b, c)", nodes.InList("has_any", A, (B, C))),
        ("a between (1 .. 2)", nodes.Between("between", A, ONE, TWO)),
        ("a !between (1..2)", nodes.Between("!between", A, ONE, TWO)),
        ("a.b.c", Member(Member(A, "b"), "c")),
        ("a.['x y']", Member(A, "x y")),
        ("a['b']", Element(A, Literal(Type.STRING, "b"))),
        ("a[1].b", Member(Element(A, ONE), "b")),
        ("$left.a == $right.b", Binary("==", Member(Name("$left"), "a"), Member(Name("$right"), "b"))),
        ("f(a, x = 1, *)", Call("f", (A, Named(("x",), ONE), nodes.Wildcard("*")))),
        ("f(a).b", Member(Call("f", (A,)), "b")),
        ("typeof(long)", nodes.TypeLiteral(Type.LONG)),
        ("range(1, 2)", Call("range", (ONE, TWO))),
        ("x = a", Named(("x",), A)),
        ("(a) = c", Named(("a",), C, tupled=True)),
        ("(a, b) = c", Named(("a", "b"), C, tupled=True)),
        ("['a b']", Name("a b", quoted=True)),
        ('["a b"]', Name("a b", quoted=True)),
        ("datetime(now)", Call("now", ())),
    ],
)
def test_expressions(text: str, expected: nodes.Expr) -> None:
    assert value(text) == expected


def test_a_subquery_in_brackets_is_a_pipeline() -> None:
    counted = Pipeline(T, (built("count", None),))
    assert value("toscalar(T | count)") == Call("toscalar", (counted,))
    assert value("a in (T | count)") == nodes.InList("in", A, (counted,))
    assert value("materialize(T)") == Call("materialize", (T,))


def test_functions_of_other_databases() -> None:
    database = nodes.MemberCall(Call("cluster", (Literal(Type.STRING, "x"),)), Call("database", (Literal(Type.STRING, "y"),)))
    assert one("cluster('x').database('y').T") == Member(database, "T")


@pytest.mark.parametrize(
    "text", ["a == b == c", "a < b < c", "a has b has c", "a in (b) in (c)", "- - a", "f(,)", "a.0", "(a, b)"]
)
def test_operators_that_do_not_chain(text: str) -> None:
    assert refusal(f"T | extend {text}").code == "SYN001"


def test_long_lists_of_conditions_stay_shallow() -> None:
    node, depth = value(" or ".join(["a == 1"] * 3000)), 0
    while isinstance(node, Binary):
        node, depth = node.left, depth + 1
    assert depth < 20


@pytest.mark.parametrize(
    "word", ["by", "count", "kind", "where", "on", "in", "has", "and", "range", "limit", "from", "type", "order"]
)
def test_keywords_are_names_where_no_keyword_can_stand(word: str) -> None:
    assert value(word) == Name(word)
    assert value(f"{word} = 1") == Named((word,), ONE)
    assert value(f"d.{word}") == Member(Name("d"), word)


@pytest.mark.parametrize("word", ["search", "find", "union", "range", "set", "let", "print1", "view"])
def test_words_that_begin_statements_are_also_tables(word: str) -> None:
    assert one(f"{word} | take 1") == Pipeline(Name(word), (built("take", (), ONE),))


# Operators


SORTED = nodes.SortKey(A, "desc", "last")
KIND = nodes.Parameter("kind", "inner")


@pytest.mark.parametrize(
    ("text", "rule", "fields"),
    [
        ("where a", "where", [(), A]),
        ("filter a", "where", [(), A]),
        ("project a, x = b", "project", [(A, Named(("x",), B))]),
        ("project-away a*, b", "project_away", [(nodes.Wildcard("a*"), B)]),
        ("project-keep *_CL", "project_keep", [(nodes.Wildcard("*_CL"),)]),
        ("project-rename x = a", "project_rename", [(Named(("x",), A),)]),
        (
            "project-reorder a granny-asc, *",
            "project_reorder",
            [(nodes.SortKey(A, "granny-asc"), nodes.SortKey(nodes.Wildcard("*")))],
        ),
        ("summarize", "summarize", [(), (), None]),
        ("summarize by a", "summarize", [(), (), (A,)]),
        ("summarize count() by a, b", "summarize", [(), (Call("count", ()),), (A, B)]),
        ("summarize kind = count()", "summarize", [(), (Named(("kind",), Call("count", ())),), None]),
        ("count", "count", [None]),
        ("count as N", "count", ["N"]),
        ("distinct *", "distinct", [(), (nodes.Wildcard("*"),)]),
        ("take 1", "take", [(), ONE]),
        ("limit 1", "take", [(), ONE]),
        ("sort by a desc nulls last, b", "sort", [(), (SORTED, nodes.SortKey(B))]),
        ("order by a desc nulls last", "sort", [(), (SORTED,)]),
        ("top 1 by a desc nulls last", "top", [ONE, (), SORTED]),
        ("top-hitters 1 of a by b", "top_hitters", [ONE, A, B]),
        ("join U", "join", [(), U, ()]),
        ("join kind=inner (U) on a, b", "join", [(KIND,), U, (A, B)]),
        ("lookup kind = inner U on a", "lookup", [(KIND,), U, (A,)]),
        ("union U*, V.W", "union", [(), (nodes.Wildcard("U*"), Member(Name("V"), "W"))]),
        ("mv-expand a to typeof(int), b limit 2", "mv_expand", [(), (nodes.MvItem(A, Type.INT), nodes.MvItem(B)), TWO]),
        (
            "parse a with * 'x' b:long c",
            "parse",
            [(), A, (nodes.Wildcard("*"), Literal(Type.STRING, "x"), nodes.NameAndType("b", Type.LONG), C)],
        ),
        ("serialize", "serialize", [()]),
        ("sample 1", "sample", [ONE]),
        ("sample-distinct 1 of a", "sample_distinct", [ONE, A]),
        ("search in (U) 'x'", "search", [(), (U,), Literal(Type.STRING, "x")]),
        ("search *", "search", [(), (), nodes.Wildcard("*")]),
        ("getschema", "getschema", [()]),
        ("as X", "as_", [(), "X"]),
        ("consume", "consume", [()]),
        ("invoke f(a)", "invoke", [Call("f", (A,))]),
        ("evaluate f(a)", "evaluate", [(), Call("f", (A,)), None]),
        (
            "evaluate f() : (*, a: long)",
            "evaluate",
            [(), Call("f", ()), nodes.TypeLiteral(None, (nodes.Wildcard("*"), nodes.NameAndType("a", Type.LONG)))],
        ),
        ("render timechart", "render", ["timechart", ()]),
    ],
)
def test_operators_hold_what_was_written(text: str, rule: str, fields: list[object]) -> None:
    assert operator(f"T | {text}") == built(rule, *fields)


def test_leading_operators() -> None:
    assert operator("print x = 1") == built("print", (Named(("x",), ONE),))
    assert operator("range x from 1 to 2 step a") == built("range", "x", ONE, TWO, A)
    schema = (nodes.NameAndType("a", Type.LONG),)
    assert operator("datatable(a: long) [1, -2,]") == built("datatable", schema, (ONE, Literal(Type.LONG, -2)))
    csv = nodes.Parameter("format", Literal(Type.STRING, "csv"))
    assert operator("externaldata(a: long) ['x'] with (format='csv')") == built(
        "external_data", schema, (Literal(Type.STRING, "x"),), (csv,)
    )
    assert operator("find in (T, U) where a == 1 project b, c: long") == built(
        "find", (), (T, U), Binary("==", A, ONE), nodes.FindProjection("project", (B, nodes.NameAndType("c", Type.LONG)))
    )


def test_make_series_by_ends_and_by_range() -> None:
    items = (nodes.SeriesItem(Call("count", ()), ONE),)
    series = "T | make-series count() default = 1 on a"
    assert operator(f"{series} from 1 to 2 step 1 by b") == built("make_series", (), items, A, ONE, TWO, ONE, False, (B,))
    assert operator(f"{series} step 1") == built("make_series", (), items, A, None, None, ONE, False, ())
    assert operator(f"{series} in range(1, 2, 1)") == built("make_series", (), items, A, ONE, TWO, ONE, True, ())


def test_mv_apply_runs_a_query_without_a_source() -> None:
    body = Pipeline(nodes.ImplicitSource(), (built("top", ONE, (), nodes.SortKey(A)),))
    assert operator("T | mv-apply x = a on (top 1 by a)") == built(
        "mv_apply", (), (nodes.MvItem(Named(("x",), A)),), None, None, body
    )


def test_top_nested_levels() -> None:
    levels = (
        nodes.TopNestedLevel(ONE, A, Literal(Type.STRING, "rest"), Call("count", ())),
        nodes.TopNestedLevel(None, B, None, C, "asc"),
    )
    assert operator("T | top-nested 1 of a with others = 'rest' by count(), top-nested of b by c asc") == built(
        "top_nested", levels
    )


def test_parameters_are_words_or_literals() -> None:
    join = operator("T | join kind=leftouter hint.strategy = shuffle hint.num_partitions=2 U on a")
    assert join.parameters == (  # type: ignore[attr-defined]
        nodes.Parameter("kind", "leftouter"),
        nodes.Parameter("hint.strategy", "shuffle"),
        nodes.Parameter("hint.num_partitions", TWO),
    )


def test_a_property_of_render_can_list_names() -> None:
    render = operator("T | render timechart with (title='x', ycolumns=a, b, kind=stacked)")
    assert [(each.name, each.value) for each in render.properties] == [  # type: ignore[attr-defined]
        ("title", Literal(Type.STRING, "x")),
        ("ycolumns", ("a", "b")),
        ("kind", "stacked"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "scan declare (n: long = 0) with (step s output = all: a > 1 => n = s.n + 1; step t: true;)",
        "partition hint.strategy=native by a (top 1 by b)",
        "partition by a { U | take 1 }",
        "fork (count) x = (take 1)",
        "facet by a, b with (take 1)",
        "reduce by a with threshold=0.1, characters='-'",
        "assert-schema (a: long)",
        "make-graph a --> b with U on c",
        "graph-match cycles=none (x)-[e*1..3]->(y)<--(z), (z)--(w) where x.a == 1 project x.a",
        "graph-shortest-paths output=all (x)-[e*1..5]-(y)",
        "graph-to-table nodes as N with_node_id=i, edges as E",
        "graph-mark-components kind=weak",
        "graph-where-nodes a == 1",
        "graph-where-edges a == 1",
    ],
)
def test_operators_without_a_class_are_read(text: str) -> None:
    assert isinstance(operator(f"T | {text}"), Operator)


# Statements


def test_statements_in_order_and_several_results() -> None:
    script = parse("set x = 1;\nlet y = 2;\nT;\nU | count;")
    assert script.statements == (
        nodes.SetOption("x", ONE),
        nodes.Let("y", TWO),
        nodes.Query(T),
        nodes.Query(Pipeline(U, (built("count", None),))),
    )


def test_let_declares_values_functions_and_views() -> None:
    (let,) = parse("let f = (a: long, b: string = 'x', t: (c: real), u: (*)) { let d = 1; t | take d }").statements
    assert isinstance(let, nodes.Let)
    assert let.value == nodes.FunctionBody(
        (
            nodes.FunctionParameter("a", Type.LONG),
            nodes.FunctionParameter("b", Type.STRING, None, Literal(Type.STRING, "x")),
            nodes.FunctionParameter("t", None, (nodes.NameAndType("c", Type.REAL),)),
            nodes.FunctionParameter("u", None, (nodes.Wildcard("*"),)),
        ),
        (nodes.Let("d", ONE),),
        Pipeline(Name("t"), (built("take", (), Name("d")),)),
    )
    assert parse("let v = view () { T }").statements == (nodes.Let("v", nodes.FunctionBody((), (), T, view=True)),)
    assert parse("let y = (a + 1) * 2").statements[0].value.operator == "*"  # type: ignore[attr-defined]


def test_query_parameters() -> None:
    assert parse("declare query_parameters(a: long = 1)").statements == (
        nodes.QueryParameters((nodes.FunctionParameter("a", Type.LONG, None, ONE),)),
    )


def test_alias_database() -> None:
    (statement,) = parse("alias database x = database('b')").statements
    assert statement == nodes.AliasDatabase("x", nodes.Call("database", (nodes.Literal(Type.STRING, "b"),)))


def test_a_pattern_has_its_path_last() -> None:
    (statement,) = parse("declare pattern p = (a: string)[b: string] { ('x').['y'] = { T }; }").statements
    texts = (nodes.Literal(Type.STRING, "x"), nodes.Literal(Type.STRING, "y"))
    body = nodes.FunctionBody((), (), nodes.Name("T"))
    parameters = (nodes.FunctionParameter("a", Type.STRING), nodes.FunctionParameter("b", Type.STRING))
    assert statement == nodes.DeclarePattern("p", parameters, (nodes.PatternCase(texts, body),))


def test_a_pattern_without_cases() -> None:
    assert parse("declare pattern p").statements == (nodes.DeclarePattern("p"),)


def test_restrict_access() -> None:
    entities = (nodes.Name("T"), nodes.Wildcard("U*"))
    assert parse("restrict access to (T, U*)").statements == (nodes.RestrictAccess(entities),)


@pytest.mark.parametrize("text", ["", "  \n", "// nothing but a comment"])
def test_a_text_without_statements(text: str) -> None:
    assert parse(text).statements == ()


@pytest.mark.parametrize("text", [";", "T;;", "T; ; U", "let f = () { T;; };"])
def test_nothing_between_semicolons(text: str) -> None:
    with pytest.raises(QueryError, match="';' does not fit here"):
        parse(text)


def test_comments_and_line_ends_do_not_matter() -> None:
    assert parse("T // all of it\r\n\t| count") == parse("T|count")


# Spans


def test_every_node_knows_its_place() -> None:
    text = "T | where a.b > 10 | top 3 by f(x) desc"
    where, top = one(text).operators  # type: ignore[attr-defined]
    assert text[where.span.start : where.span.end] == "where a.b > 10"
    assert text[top.span.start : top.span.end] == "top 3 by f(x) desc"
    assert where.predicate.left.span == Span(10, 13)
    assert top.key.value.name_span == Span(30, 31)


# Errors


@pytest.mark.parametrize(
    ("text", "message", "hint", "at"),
    [
        ("T | sumarize count()", "'sumarize' does not fit here", "did you mean 'summarize'?", 4),
        ("T | where a lik 'x'", "'lik' does not fit here", "did you mean 'like'?", 12),
        ("T where a", "'where' does not fit here", "an operator follows a |, as in T | where ...", 2),
        ("T | where a && b", "'&' does not fit here", "write and", 12),
        ("T |", "ends where an operator", None, 2),
        ("T | where a ==", "ends where a value", None, 13),
        ("T | sort a", "'by' could", None, 9),
        ("let f = (x: lnog) { x }", "no type named 'lnog'", "did you mean 'long'?", 12),
        ("T | extend f(a) + 1 = 2", "'='", "values are compared with ==", 20),
        ("T | where a is null", "'is'", "isnull() and isempty() say whether a value is missing", 12),
        ("T | where not a == 1", "'a' does not fit here", "write not(...)", 14),
        ("T | where t > ago(1 d)", "'d' does not fit here", "a length of time is one word, as in 1d", 20),
        ("T | where a in [1, 2]", "'['", "a list of values stands in round brackets", 15),
        ("T | where a between (1, 5)", "','", "the ends of a range stand around two dots: between (1 .. 5)", 22),
        ("T | where a has ('x', 'y')", "','", "has_any() and has_all() look for several texts", 20),
        ("T | count()", "'('", "the operator count has no brackets; count() is for summarize", 9),
        ("T | summarize count() as n", "'as'", "a name stands before its value, as in Total = count()", 22),
        ("SELECT * FROM T", "'T'", "a query begins with its table, as in T | where ... | project ...", 14),
        ("T | render timechart with (title)", "no property", None, 21),
        ("T)", "')' does not fit here", None, 1),
    ],
)
def test_errors_say_what_and_where(text: str, message: str, hint: str | None, at: int) -> None:
    error = refusal(text)
    assert error.code == "SYN001"
    assert message in error.message
    assert error.hint == hint
    assert error.span is not None and error.span.start == at


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("T | where a == 'x", 15),
        ('print "a\nb"', 6),
        ("print @'a", 7),
        ("print ```a", 6),
        ("print f(1, (2)", 7),
        ("T | where (a == 1 | count", 10),
        ("datatable(a: long) [1, 2", 19),
        ("let f = () { T", 11),
        ('print dynamic({"a": 1}', 13),
    ],
)
def test_what_is_never_closed_is_pointed_at_where_it_opens(text: str, opened: int) -> None:
    error = refusal(text)
    assert error.code == "SYN002"
    assert error.span is not None and error.span.start == opened


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + "1" + ")" * 500,
        "print " + "a" + "+a" * 500,
        "print a" + ".a" * 500,
        "print a" + "[0]" * 500,
        "print 1" + " " * 2_000_000,
        "print dynamic(" + "[" * 500 + "]" * 500 + ")",
    ],
)
def test_too_long_or_too_deep(text: str) -> None:
    assert refusal(text).code == "LIM001"


def test_brackets_in_strings_and_comments_do_not_nest() -> None:
    parse("print '" + "(" * 500 + "' // " + "[" * 500)


@pytest.mark.parametrize(
    "text",
    ["(" * 200_000, "'" * 200_001, "\0" * 200_000, "| " * 100_000, "a " * 100_000, "dynamic(" * 25_000, "```" * 66_667, "\ud800"],
)
def test_hostile_texts_are_refused_soon(text: str) -> None:
    start = time.perf_counter()
    refusal(text)
    assert time.perf_counter() - start < 5


WORDS = [
    "T",
    "|",
    "where",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    "=",
    "==",
    "..",
    ".",
    "*",
    "a",
    "'x'",
    "1",
    "1d",
    "by",
    "and",
    "summarize",
    "project",
    "let",
    "in",
    "between",
    "dynamic(",
    "datetime(",
    "{",
    "}",
    ":",
    "-",
    "'",
    '"',
    "@",
    "~",
    "!",
    "\n",
]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join) | st.text(max_size=60))
def test_any_text_ends_in_nodes_or_a_query_error(text: str) -> None:
    try:
        assert isinstance(parse(text), nodes.Script)
    except QueryError as error:
        assert error.text == text
        assert str(error)
