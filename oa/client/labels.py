"""What can be said about a message, and saying it without a task."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from oa.client.connection import Connection, Repeat, Request
from oa.client.users import asserted_user
from oa.protocol.labels import LabelDescription, TextLabels, ValidLabels


class Labels:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def valid(self, message: UUID | None = None) -> list[LabelDescription]:
        """The labels that a message, or any message, can be given."""
        return await self._list("/text_labels/valid_labels", message)

    async def reasons_to_report(self) -> list[LabelDescription]:
        return await self._list("/text_labels/report_labels", None)

    async def remark(self, message: UUID, text: str, labels: Mapping[str, float], *, is_report: bool = False) -> None:
        """Label a message of one's own accord; a second time replaces the first.

        Args:
            text: that of the message.
            is_report: also raise a red flag, so that a moderator looks.
        """
        user = asserted_user(self._connection)
        body = TextLabels(user=user, text=text, labels=dict(labels), message_id=message, is_report=is_report)
        request = Request(method="POST", path="/text_labels/", body=body, repeat=Repeat.ALWAYS)
        await self._connection.call(request, type(None))

    async def _list(self, path: str, message: UUID | None) -> list[LabelDescription]:
        request = Request(method="GET", path=path, query={"message_id": message}, repeat=Repeat.ALWAYS)
        return (await self._connection.call(request, ValidLabels)).valid_labels
