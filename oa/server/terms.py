"""/api/v1/terms: the terms of service."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter

from oa.hub import terms
from oa.protocol.terms import NewTerms, Terms
from oa.server.auth import Call

Version = Annotated[int, PathParameter(ge=1, le=1_000_000)]


class TermsController(Controller):
    """What people agree to who work here."""

    path = "/terms"
    tags = ("terms",)

    @get("/", security=[{}])
    async def get_terms(self, call: NamedDependency[Call]) -> Terms:
        """The version that holds now."""
        return Terms.of(await call.hub.database.read(terms.current))

    @get("/{version:int}", security=[{}])
    async def get_terms_version(self, call: NamedDependency[Call], version: Version) -> Terms:
        """Any version, also one that is to come."""
        return Terms.of(await call.hub.database.read(lambda tx: terms.version(tx, version)))

    @post("/", status_code=201, security=[{"bearer": []}])
    async def publish_terms(self, call: NamedDependency[Call], data: JSONBody[NewTerms]) -> Terms:
        """Publish the next version. For admins."""
        return Terms.of(
            await call.write_as_admin(lambda tx, caller: terms.publish(tx, caller, data.text, data.from_date))
        )
