"""Names become digests, all of them or none.

The same seed gives the same digests, so that two exports can be joined; without the seed nobody can tell who is who.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from oa.domain.records import Events, MessageRecord, TreeRecord, canonical_id
from oa.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class Anonymiser:
    """SHA-256 in hex of "<collection>:<id><seed>", as in Open-Assistant, with the collections message and user.

    A tree has the digest of its prompt, so that the two go on being equal. (Open-Assistant gave trees a collection of
    their own inside events and left their ids as they were everywhere else.) Texts stay as they are.
    """

    seed: str

    def __post_init__(self) -> None:
        if not self.seed:
            raise InvalidSetting("the seed of the anonymiser is empty; give it any text that nobody will guess")

    def tree(self, tree: TreeRecord) -> TreeRecord:
        messages = tuple(self._message(message) for message in tree.messages)
        # Whoever imported the tree chose the words of its origin, and they may name people.
        return dataclasses.replace(tree, id=self._digest("message", tree.id), origin=None, messages=messages)

    def _message(self, message: MessageRecord) -> MessageRecord:
        return dataclasses.replace(
            message,
            id=self._digest("message", message.id),
            parent_id=message.parent_id and self._digest("message", message.parent_id),
            user_id=message.user_id and self._digest("user", message.user_id),
            events=message.events and cast(Events, self._inside(message.events, "message")),
        )

    def _inside(self, value: Any, collection: str) -> Any:
        """Events of any kind, also of kinds that nobody knows here: whatever looks like an id is one."""
        if isinstance(value, str):
            return self._digest(collection, found) if (found := canonical_id(value)) else value
        if isinstance(value, Mapping):
            fields = cast(Mapping[str, Any], value)
            return {
                self._inside(name, "message"): self._inside(item, "user" if name.startswith("user") else "message")
                for name, item in fields.items()
            }
        if isinstance(value, Sequence):
            return [self._inside(item, collection) for item in cast(Sequence[Any], value)]
        return value

    def _digest(self, collection: str, name: str) -> str:
        return sha256(f"{collection}:{name}{self.seed}".encode()).hexdigest()
