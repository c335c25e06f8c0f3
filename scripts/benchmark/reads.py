"""What people and moderators look at in a large community, each read against its bar."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import load
from hub import command, environment, new_key, serving

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]

READ_BAR_MS = 10.0
"""For each read, in 95 of 100 cases."""

RECOUNT_BAR_S = 30.0

REPETITIONS = 50

STOPPED, HIDDEN, BANNED = 30, 50, 100
"""Of so many people one is shut out, one wants no place on the leaderboard, one is banned."""

BOARDS = {
    f"{board}_{frame}": f"/{board}s/{frame}" for board in ("leaderboard", "trollboard") for frame in ("day", "total")
}
TROLLS = {
    f"trollboard_{frame}_{name}": f"/trollboards/{frame}?enabled={value}"
    for frame in ("month", "total")
    for name, value in (("enabled", "true"), ("stopped", "false"))
}
SEARCHES = {
    "search_rare": "/messages/search?query=tomatoes+balcony",
    "search_absent": "/messages/search?query=xyzzy",
    "search_frequent": "/messages/search?query=people",
    "search_two_frequent": "/messages/search?query=what+people",
    "search_frequent_beside_rare": "/messages/search?query=the+tomatoes",
    "search_row": "/messages/search?query=%22one+step%22",
    "search_refused": "/messages/search?query=people+-what",
    "search_by_role_and_state": "/messages/search?query=people&role=assistant&state=accepted",
    "search_by_label": "/messages/search?query=people&label=quality%3E%3D0.5",
    "search_by_lang": "/messages/search?query=que&lang=es",
    "list_by_words": "/messages/cursor?search_query=people&lang=en",
}
LISTS = {
    "users_first": "/users/cursor?max_count=100",
    "users_by_display_name": "/users/cursor?sort_key=display_name&max_count=100",
    "users_deep": "/users/cursor?after=%24volunteer-7&max_count=100",
    "messages_first": "/messages/cursor?max_count=100",
    "messages_of_a_lang": "/messages/cursor?lang=de&max_count=100",
    "messages_of_roots": "/messages/cursor?only_roots=true&max_count=100",
}


def standing(data_dir: Path, messages: int) -> Json:
    """Seed a community in the proportions of OASST1, and read it one request at a time; `oa standing recount --check`.

    Raises:
        SystemExit: a command failed.
    """
    if not data_dir.exists():
        seeding = [sys.executable, str(ROOT / "scripts/seed_hub.py"), "--data-dir", str(data_dir)]
        subprocess.run([*seeding, "--messages", str(messages)], check=True, env=environment(data_dir))
        _shut_some_out(data_dir)
    busiest = _busiest(data_dir)
    key = new_key(data_dir, trusted=True)
    with serving(data_dir) as hub:
        latencies = asyncio.run(load.time_reads(hub.url, key, _paths(busiest), repetitions=REPETITIONS))
    check = command(data_dir, "standing", "recount", "--check")
    return {
        **_size(data_dir),
        "reads": {name: _against_bar(latency) for name, latency in latencies.items()},
        "recount_check": _barred(round(check.seconds, 1), RECOUNT_BAR_S, "s"),
    }


def _paths(user_id: UUID) -> Mapping[str, str]:
    person = {
        "person": f"/users/{user_id}",
        "person_stats": f"/users/{user_id}/stats",
        "person_stats_of_a_frame": f"/users/{user_id}/stats/total",
        "person_window": f"/users/{user_id}/stats/total/window",
        "person_messages": f"/users/{user_id}/messages/cursor?max_count=100",
        "person_badges": f"/users/{user_id}/badges",
    }
    return BOARDS | TROLLS | person | LISTS | SEARCHES


def _against_bar(latency: Mapping[str, float]) -> Json:
    return {"p50": latency["p50"], **_barred(latency["p95"], READ_BAR_MS, "ms")}


def _barred(measured: float, bar: float, unit: str) -> Json:
    return {"measured": measured, "bar": bar, "unit": unit, "met": measured < bar}


def _shut_some_out(data_dir: Path) -> None:
    """As moderators do in months: boards leave some people out."""
    with closing(sqlite3.connect(data_dir / "oa.db")) as connection, connection:
        for every, change in ((STOPPED, "enabled = 0"), (HIDDEN, "show_on_leaderboard = 0"), (BANNED, "deleted = 1")):
            connection.execute(f"UPDATE user SET {change} WHERE rowid % {every} = 0")


def _busiest(data_dir: Path) -> UUID:
    """Who has written the most."""
    with closing(sqlite3.connect(data_dir / "oa.db")) as connection:
        most = "SELECT user_id FROM message GROUP BY user_id ORDER BY count(*) DESC LIMIT 1"
        return UUID(connection.execute(most).fetchone()[0])


def _size(data_dir: Path) -> Json:
    with closing(sqlite3.connect(data_dir / "oa.db")) as connection:
        tables = {"messages": "message", "label_votes": "text_labels", "people": "user"}
        return {
            name: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for name, table in tables.items()
        }
