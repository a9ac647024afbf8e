"""What `evaluate name(...)` can run, one file a plugin: `bind(source, call, schema, scope)` gives its plan.

Plugins that need Microsoft's service, and those not offered yet, are listed so that they are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from kqlog.errors import QueryError

if TYPE_CHECKING:
    from kqlog.plan import nodes as plan
    from kqlog.plan.scope import Scope
    from kqlog.syntax import nodes as syntax

Plugin = Callable[["plan.Node | None", "syntax.Call", "syntax.TypeLiteral | None", "Scope"], "plan.Node"]

OFFERED = frozenset(
    {
        "active_users_count",
        "activity_counts_metrics",
        "activity_engagement",
        "activity_metrics",
        "bag_unpack",
        "narrow",
        "new_activity_metrics",
        "pivot",
        "session_count",
        "sliding_window_counts",
    }
)

NOT_OFFERED = frozenset(
    {
        "autocluster",
        "basket",
        "dcount_intersect",
        "diffpatterns",
        "diffpatterns_text",
        "funnel_sequence",
        "funnel_sequence_completion",
        "geo_line_lookup",
        "geo_polygon_lookup",
        "infer_storage_schema",
        "infer_storage_schema_with_suggestions",
        "ipv4_lookup",
        "ipv6_lookup",
        "preview",
        "rolling_percentile",
        "rows_near",
        "schema_merge",
        "sequence_detect",
    }
)

SERVICES = frozenset(
    {
        "ai_chat_completion",
        "ai_chat_completion_prompt",
        "ai_embed_text",
        "ai_embeddings",
        "azure_digital_twins_query_request",
        "cosmosdb_sql_request",
        "execute_query",
        "execute_show_command",
        "http_request",
        "http_request_post",
        "mysql_request",
        "postgresql_request",
        "python",
        "r",
        "sql_request",
    }
)


def plugin(name: str) -> Plugin | None:
    """The plugin of that name, loaded when first used; None when KQL has none.

    Raises:
        QueryError: ENG001 when KQL has it and kqlog does not offer it.
    """
    if name in OFFERED:
        found: Plugin = import_module(f"kqlog.plugins.{name}").bind
        return found
    if name in SERVICES:
        raise QueryError(
            "ENG001",
            f"the plugin {name} calls a service, which is not offered",
            None,
            "load what it gives as a table of the folder",
        )
    if name in NOT_OFFERED:
        raise QueryError("ENG001", f"the plugin {name} is not offered yet")
    return None


def plugin_names() -> list[str]:
    """Every plugin that KQL has."""
    return sorted(OFFERED | NOT_OFFERED | SERVICES)
