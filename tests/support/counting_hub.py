"""A hub in a process of its own, whose model counts slowly: `python counting_hub.py DATA_DIR`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

from scripted_answering import MODEL, ScriptedAnswering

from oa.config import Auth, Config, Server
from oa.inference.answering import Question, Queued, Started
from oa.inference.engine import End, Reason, Role, Token
from oa.server.run import run
from oa.store.opening import open_database

LAST = 400
PAUSE_S = 0.01

WHOLE = " ".join(map(str, range(1, LAST + 1)))
"""What an answer says in the end."""


class Counting(ScriptedAnswering):
    """Counts to `LAST`, from wherever the answer so far has ended."""

    async def answer(self, question: Question) -> AsyncGenerator[Queued | Started | Token | End, None]:
        so_far = question.turns[-1].content if question.turns[-1].role is Role.ASSISTANT else ""
        assert WHOLE.startswith(so_far)
        yield Started(1, 0)
        rest = WHOLE[len(so_far) :]
        for place in range(0, len(rest), 4):
            await asyncio.sleep(PAUSE_S)
            yield Token(rest[place : place + 4])
        yield End(Reason.END, 1, LAST)

    async def close(self) -> None:
        pass


def main() -> None:
    config = Config(data_dir=Path(sys.argv[1]), server=Server(port=0), auth=Auth(allow_debug_login=True))
    run(config, lambda config: open_database(config.data_dir), cast(Any, Counting(MODEL)))


if __name__ == "__main__":
    main()
