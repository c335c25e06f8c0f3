"""/schema: the interface in OpenAPI 3.1, as JSON for programs and as one page without scripts for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar import Controller, Litestar, Request, Response, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.response import Redirect

import oa
from oa.protocol.errors import Failure, HTTPValidationError, Problem
from oa.protocol.openai import OpenAIFailure
from oa.server import schema_page
from oa.server.errors import OPEN_ASSISTANT, OPENAI

DESCRIPTION = """Collection of conversation trees by a community, in the protocol of Open-Assistant, and chat.

Programs send an API key, people an access token. A failure under /api/v1 is an object with `error_code` and `message`,
under /v1 OpenAI's error object, elsewhere a problem document (RFC 9457). `Idempotency-Key` on POST /api/v1/tasks/ and
/api/v1/tasks/interaction makes it safe to send the same again."""

SCHEMES: dict[str, SecurityScheme] = {
    "api-key": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
    "api-key-query": SecurityScheme(type="apiKey", name="api_key", security_scheme_in="query"),
    "bearer": SecurityScheme(type="http", scheme="bearer", description="a person's access token"),
    "oasst-user": SecurityScheme(
        type="apiKey",
        name="X-OASST-User",
        security_scheme_in="header",
        description="whom a program asks for, as `auth_method:username`",
    ),
}

CONFIG = OpenAPIConfig(
    title="OA hub",
    version=oa.__version__,
    description=DESCRIPTION,
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    use_handler_docstrings=True,
    security=[{"api-key": []}, {"api-key-query": []}, {"bearer": []}],
    components=Components(security_schemes=cast(Any, SCHEMES)),
)

Json = dict[str, Any]


class Description:
    """The interface, worked out when somebody first asks for it."""

    def __init__(self, build: Callable[[], Litestar]) -> None:
        """
        Args:
            build: an application with the handlers to describe and `CONFIG`.
        """
        self._build = build
        self._json: bytes | None = None
        self._page: str | None = None

    def schema(self) -> Json:
        """The document itself."""
        return msgspec.json.decode(self.json())

    def json(self) -> bytes:
        if self._json is None:
            self._json = msgspec.json.encode(complete(self._build().openapi_schema.to_schema()))
        return self._json

    def page(self) -> str:
        if self._page is None:
            self._page = schema_page.render(self.schema())
        return self._page


def controller(description: Description) -> type[Controller]:
    """The handlers that show a description."""

    class SchemaController(Controller):
        path = "/"
        include_in_schema = False

        @get("/")
        async def root(self) -> Redirect:
            return Redirect("/schema")

        @get("/schema")
        async def schema(self, request: Request[Any, Any, Any]) -> Response[Any]:
            """The page for whoever asks for HTML, as browsers do, and else the document."""
            if "text/html" in request.headers.get("accept", ""):
                return Response(description.page(), media_type="text/html", headers=schema_page.HEADERS)
            return Response(description.json(), media_type="application/json", headers={"vary": "accept"})

        @get("/schema/openapi.json")
        async def document(self) -> Response[bytes]:
            return Response(description.json(), media_type="application/json")

    return SchemaController


def complete(schema: Json) -> Json:
    """Say how failures look, which the framework describes as its own."""
    schemas: Json = schema["components"].setdefault("schemas", {})
    _, found = msgspec.json.schema_components(
        (Failure, HTTPValidationError, OpenAIFailure, Problem), ref_template="#/components/schemas/{name}"
    )
    schemas.update(found)
    for path, operations in cast(Mapping[str, Json], schema["paths"]).items():
        for operation in operations.values():
            _complete_operation(path, operation)
    return schema


def _complete_operation(path: str, operation: Json) -> None:
    if body := operation.get("requestBody"):
        kinds = [kind for content in body["content"].values() for kind in content["schema"].get("oneOf", [])]
        body["required"] = {"type": "null"} not in kinds
    responses: Json = operation["responses"]
    responses.pop("400", None)
    shapes = _shapes(path)
    if operation.get("parameters") or operation.get("requestBody"):
        responses[shapes.unreadable_status] = _failure(shapes.unreadable, "A parameter or the body cannot be read.")
    responses["default"] = _failure(shapes.failure, "Any other failure.")


@dataclass(frozen=True, slots=True)
class Shapes:
    """How failures look under an address."""

    failure: type[msgspec.Struct]
    unreadable: type[msgspec.Struct]
    unreadable_status: str = "422"


def _shapes(path: str) -> Shapes:
    if path.startswith(OPENAI):
        return Shapes(OpenAIFailure, OpenAIFailure, "400")
    if path.startswith(OPEN_ASSISTANT):
        return Shapes(Failure, HTTPValidationError)
    return Shapes(Problem, Problem)


def _failure(body: type[msgspec.Struct], description: str) -> Json:
    media_type = "application/problem+json" if body is Problem else "application/json"
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{body.__name__}"}}}
    return {"description": description, "content": content}
