"""/api/v1/text_labels: labels that no task asked for, and which labels there are."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from oa.domain.labels import REPORT_LABELS
from oa.domain.people import Caller
from oa.hub import answers, review_labels
from oa.hub.transactions import Transaction
from oa.protocol.labels import TextLabels, ValidLabels, describe
from oa.server.auth import Call, named
from oa.server.tasks import answering_labels, label_answer


class TextLabelController(Controller):
    path = "/text_labels"
    tags = ("text_labels",)

    @post("/", status_code=204)
    async def label_text(self, call: NamedDependency[Call], data: JSONBody[TextLabels]) -> None:
        """Label a message: as the answer to a task where one is named, else as a remark or a report."""
        if data.task_id is not None:
            await call.write(answering_labels(call, data))
            return
        remark = label_answer(call, data)

        def run(tx: Transaction, caller: Caller) -> None:
            answers.remark(tx, caller, named(data.user), remark)

        await call.write(run)

    @get("/valid_labels")
    async def get_valid_labels(
        self, call: NamedDependency[Call], message_id: FromQuery[UUID | None] = None
    ) -> ValidLabels:
        """The labels that a full review of a message offers, or all of them."""
        offered = await call.read(lambda tx, _: review_labels.offered(tx, message_id))
        return ValidLabels(valid_labels=describe(offered))

    @get("/report_labels", security=[{}])
    async def get_report_labels(self) -> ValidLabels:
        """The reasons that may be given for reporting a message. Needs no key."""
        return ValidLabels(valid_labels=describe(REPORT_LABELS))
