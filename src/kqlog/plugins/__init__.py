"""What `evaluate name(...)` can run, one file a plugin: `bind(source, call, schema, scope)` gives its plan.

Most are written in the language itself (`kqlog.plugins.written`); what no query says is a function in `kqlog.plugins.kernels`.
Plugins that need Microsoft's service bind and are refused where they would run.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kqlog.plan import nodes as plan
    from kqlog.plan.scope import Scope
    from kqlog.syntax import nodes as syntax

Plugin = Callable[["plan.Node | None", "syntax.Call", "syntax.TypeLiteral | None", "Scope"], "plan.Node"]
Results = Callable[["plan.Node | None", "syntax.Call", "Scope"], "tuple[plan.Output, ...]"]

OFFERED = frozenset(
    {
        "active_users_count",
        "activity_counts_metrics",
        "activity_engagement",
        "activity_metrics",
        "autocluster",
        "bag_unpack",
        "basket",
        "dcount_intersect",
        "diffpatterns",
        "diffpatterns_text",
        "estimate_rows_count",
        "funnel_sequence",
        "funnel_sequence_completion",
        "geo_line_lookup",
        "geo_polygon_lookup",
        "identity",
        "infer_storage_schema",
        "ipv4_lookup",
        "ipv6_lookup",
        "narrow",
        "new_activity_metrics",
        "pivot",
        "preview",
        "rolling_percentile",
        "rows_near",
        "schema_merge",
        "sequence_detect",
        "session_count",
        "sliding_window_counts",
    }
)

SEVERAL_RESULTS = frozenset({"funnel_sequence", "preview"})
"""Plugins of which all results come out where they end a query."""

LEADING = frozenset({"infer_storage_schema"})
"""Plugins that take no table."""

SCHEMAS = frozenset({"bag_unpack", "pivot"})
"""Plugins that take the columns of their result from the query."""

NOT_OFFERED = frozenset({"identity_v3"})
"""Plugins that bind, since their columns are known, and are refused where they would run."""

SERVICES = frozenset(
    {
        "ai_chat_completion",
        "ai_chat_completion_prompt",
        "ai_embed_text",
        "ai_embeddings",
        "azure_digital_twins_query_request",
        "cosmosdb_sql_request",
        "csharp",
        "dax_request",
        "execute_query",
        "execute_show_command",
        "external_datatable",
        "http_request",
        "http_request_post",
        "infer_storage_schema_with_suggestions",
        "mysql_request",
        "postgresql_request",
        "python",
        "r",
        "sql_request",
    }
)


def plugin(name: str) -> Plugin | None:
    """The plugin of that name, loaded when first used; None when KQL has none."""
    if name not in OFFERED | NOT_OFFERED | SERVICES:
        return None
    found: Plugin = import_module(f"kqlog.plugins.{'services' if name in SERVICES else name}").bind
    return found


def results(name: str) -> Results | None:
    """What gives the results of a plugin that has several; None for all others."""
    if name not in SEVERAL_RESULTS:
        return None
    found: Results = import_module(f"kqlog.plugins.{name}").results
    return found


def usage(name: str) -> str:
    """How an offered plugin is called."""
    return f"{'' if name in LEADING else 'T | '}evaluate {name}({import_module(f'kqlog.plugins.{name}').USAGE})"


def about(name: str) -> str:
    """What an offered plugin gives, in a line or more."""
    return cleandoc(import_module(f"kqlog.plugins.{name}").bind.__doc__ or "").partition("\n\nRaises:")[0]


def differs(name: str) -> str:
    """What differs from Kusto on purpose in an own plugin, and why."""
    text: str = getattr(import_module(f"kqlog.plugins.{name}"), "DIFFERS", "")
    return text


def instead(name: str) -> str:
    """What to do instead of calling a service."""
    text: str = import_module("kqlog.plugins.services").instead(name)
    return text


def plugin_names() -> list[str]:
    """Every plugin that KQL has."""
    return sorted(OFFERED | NOT_OFFERED | SERVICES)
