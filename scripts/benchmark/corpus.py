"""Made-up trees in the shape of the OASST data: one in five has grown, the others are prompts that wait."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from load import LENGTHS, WORDS

P_GROWN = 0.2
CHILDREN = {"prompter": (2, 3), "assistant": (0, 1)}
"""Replies that a message has, at least and at most, by who wrote it."""
DEEPEST = 3
AUTHORS = 1000
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


def write_corpus(path: Path, messages: int, seed: int = 1) -> int:
    """Write trees until there are at least so many messages; returns how many there are."""
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for tree, size in trees(seed):
            file.write(json.dumps(tree, ensure_ascii=False) + "\n")
            written += size
            if written >= messages:
                return written
    return written


def trees(seed: int) -> Iterator[tuple[Json, int]]:
    """Trees without end, each with its number of messages."""
    rng = random.Random(seed)
    date = FIRST_DAY
    while True:
        date += timedelta(minutes=5)
        has_grown = rng.random() < P_GROWN
        prompt = _message(rng, "prompter", None, date)
        size = 1 + (_grow(rng, prompt, date, depth=1) if has_grown else 0)
        state = "ready_for_export" if has_grown else "prompt_lottery_waiting"
        yield {"message_tree_id": prompt["message_id"], "tree_state": state, "prompt": prompt}, size


def _grow(rng: random.Random, parent: Json, date: datetime, depth: int) -> int:
    """Hang replies under a message, and replies under those; returns how many."""
    if depth > DEEPEST:
        return 0
    role = "assistant" if parent["role"] == "prompter" else "prompter"
    replies = [_message(rng, role, parent["message_id"], date) for _ in range(rng.randint(*CHILDREN[parent["role"]]))]
    if role == "assistant" and len(replies) > 1:
        for rank, reply in enumerate(replies):
            reply["rank"] = rank
    parent["replies"] = replies
    return len(replies) + sum(_grow(rng, reply, date + timedelta(minutes=1), depth + 1) for reply in replies)


def _message(rng: random.Random, role: str, parent: str | None, date: datetime) -> Json:
    kind = "initial_prompt" if parent is None else f"{role}_reply"
    text = f"{' '.join(rng.choices(WORDS, k=rng.randint(*LENGTHS[kind])))} #{rng.getrandbits(48):x}"
    fields: Json = {
        "message_id": str(UUID(int=rng.getrandbits(128), version=4)),
        "parent_id": parent,
        "user_id": str(UUID(int=rng.randrange(AUTHORS) + 1, version=4)),
        "created_date": (date + timedelta(seconds=rng.randrange(60))).isoformat(),
        "text": text,
        "role": role,
        "lang": "en",
        "review_count": 3,
        "review_result": True,
        "deleted": False,
        "synthetic": False,
        "emojis": {"+1": rng.randint(1, 5)} if rng.random() < 0.1 else None,
        "labels": {
            "spam": {"value": 0.0, "count": 3},
            "quality": {"value": round(rng.random(), 2), "count": 3},
            "toxicity": {"value": 0.0, "count": 3},
        },
        "replies": [],
    }
    return {name: value for name, value in fields.items() if value is not None}
