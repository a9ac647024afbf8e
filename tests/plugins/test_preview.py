"""The plugin that gives two results."""

from __future__ import annotations

import kqlog


def test_preview_gives_some_rows_and_then_how_many_there_are() -> None:
    result = kqlog.connect().query("range x from 1 to 9 step 1 | evaluate preview(2)")
    assert [table.rows for table in result.tables] == [[(1,), (2,)], [(9,)]]
