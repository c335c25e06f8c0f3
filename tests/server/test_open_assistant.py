"""Clients written for Open-Assistant find what they know: its interface, operation by operation, is part of ours.

The original's description lies beside the tests. Fields, parameters and operations may be added; none may be missing.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from oa.config import Config
from oa.server.app import create_app

Json = dict[str, Any]

REFERENCE: Json = json.loads((Path(__file__).parents[1] / "fixtures/openassistant_backend_openapi.json").read_text())


def operations(schema: Json) -> dict[tuple[str, str], Json]:
    """Every operation by method and path; a slash at the end of a path makes no difference to either."""
    return {
        (method, path.rstrip("/")): operation
        for path, found in schema["paths"].items()
        for method, operation in found.items()
    }


THEIRS = operations(REFERENCE)


@pytest.fixture(scope="module")
def schema() -> Json:
    """What our hub says of itself."""

    async def ask() -> Json:
        transport = httpx.ASGITransport(create_app(None, Config()))  # type: ignore[arg-type]  # no data is asked for
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
            return (await http.get("/schema")).json()

    return asyncio.run(ask())


class Comparison:
    """What clients of the original would miss, sentence by sentence."""

    def __init__(self, ours: Json) -> None:
        self.ours = ours
        self.missing: list[str] = []

    def operation(self, theirs: Json, ours: Json) -> list[str]:
        self._parameters(theirs.get("parameters", []), {(p["in"], p["name"]): p for p in ours.get("parameters", [])})
        if "requestBody" in theirs:
            self._body(theirs["requestBody"], ours.get("requestBody"))
        for status, response in theirs["responses"].items():
            if status not in ours["responses"]:
                self.missing.append(f"status {status}")
            elif "content" in response:
                self._type(_content(response), _content(ours["responses"][status]), status, is_sent=True)
        return self.missing

    def _parameters(self, theirs: list[Json], ours: dict[tuple[str, str], Json]) -> None:
        for parameter in theirs:
            where = f"{parameter['in']} {parameter['name']}"
            found = ours.pop((parameter["in"], parameter["name"]), None)
            if found is None:
                self.missing.append(where)
                continue
            if found["required"] and not parameter["required"]:
                self.missing.append(f"{where} must be optional")
            default = parameter["schema"].get("default")
            if default is not None and found["schema"].get("default") != default:
                self.missing.append(f"{where} must default to {default}")
            self._type(parameter["schema"], found["schema"], where, is_sent=False)
        self.missing += [f"{name} must not be needed" for (_, name), added in ours.items() if added["required"]]

    def _body(self, theirs: Json, ours: Json | None) -> None:
        if ours is None:
            self.missing.append("a body")
            return
        if ours.get("required") and not theirs.get("required"):
            self.missing.append("the body must be optional")
        self._type(_content(theirs), _content(ours), "body", is_sent=False)

    def _type(self, theirs: Json, ours: Json, where: str, *, is_sent: bool) -> None:
        """Compare one value; `is_sent` when the hub sends it and the client reads it."""
        wanted = _members(theirs, REFERENCE)
        found = _members(ours, self.ours)
        if not wanted or not found:
            return  # one of them takes anything
        for member in wanted:
            alike = [candidate for candidate in found if _is_alike(member, candidate)]
            if not alike:
                self.missing.append(f"{where}: {_name(member)}")
            elif member["type"] == "object":
                self._object(member, alike[0], where, is_sent=is_sent)
            elif member["type"] == "array":
                self._type(member.get("items", {}), alike[0].get("items", {}), f"{where}[]", is_sent=is_sent)
            elif (
                "enum" in member
                and not is_sent
                and not set(member["enum"]) <= set(alike[0].get("enum", member["enum"]))
            ):
                self.missing.append(f"{where}: every one of {member['enum']}")

    def _object(self, theirs: Json, ours: Json, where: str, *, is_sent: bool) -> None:
        properties = ours.get("properties", {})
        for name, wanted in theirs.get("properties", {}).items():
            field = f"{where}.{name}"
            if name not in properties:
                self.missing.append(field)
                continue
            self._type(wanted, properties[name], field, is_sent=is_sent)
            if is_sent and name in theirs.get("required", []) and _may_be_null(properties[name]):
                self.missing.append(f"{field} must never be null")
        if not is_sent:
            self.missing += [
                f"{where}.{name} must not be needed"
                for name in ours.get("required", [])
                if name not in theirs.get("required", []) and not _is_tag(properties[name])
            ]


def _content(holder: Json) -> Json:
    return next(iter(holder.get("content", {}).values()), {}).get("schema", {})


def _members(schema: Json, document: Json) -> list[Json]:
    """The alternatives of a type with references resolved; null is left out, since the original never said it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _members(document["components"]["schemas"][name], document)
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return [member for part in schema[union] for member in _members(part, document)]
    if "const" in schema:
        return [{**schema, "type": "string", "enum": [schema["const"]]}]
    return [schema] if schema.get("type", "null") != "null" else []


def _is_alike(theirs: Json, ours: Json) -> bool:
    tags = [_tag(one) for one in (theirs, ours)]
    same = ours["type"] == theirs["type"] or {ours["type"], theirs["type"]} == {"integer", "number"}
    return same and (None in tags or tags[0] == tags[1]) and theirs.get("format") in (None, ours.get("format"))


def _tag(schema: Json) -> str | None:
    described = schema.get("properties", {}).get("type", {})
    values = described.get("enum") or [described.get("const")]
    return values[0] if len(values) == 1 else None


def _is_tag(schema: Json) -> bool:
    """A member of a union must say which it is: the original guessed from the other fields."""
    return "const" in schema


def _may_be_null(schema: Json) -> bool:
    return any(part.get("type") == "null" for part in schema.get("oneOf", []))


def _name(schema: Json) -> str:
    return str(_tag(schema) or schema.get("title") or schema["type"])


@pytest.mark.parametrize("operation", [pytest.param(operation, id=" ".join(operation)) for operation in THEIRS])
def test_the_operation_offers_all_that_the_originals_does(operation: tuple[str, str], schema: Json) -> None:
    found = operations(schema).get(operation)
    assert found is not None, "there is no such operation"
    assert Comparison(schema).operation(THEIRS[operation], found) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param(
            lambda schema: schema["components"]["schemas"]["TaskDone"]["properties"].pop("id"),
            "200.id",
            id="a field that is gone",
        ),
        pytest.param(
            lambda schema: schema["components"]["schemas"]["TextReplyToMessage"]["required"].append("lang"),
            "body.lang must not be needed",
            id="a field that is suddenly needed",
        ),
        pytest.param(
            lambda schema: schema["components"]["schemas"]["MessageRanking"]["properties"].update(
                ranking={"type": "string"}
            ),
            "body.ranking: Ranking",
            id="a field of another type",
        ),
        pytest.param(
            lambda schema: schema["paths"]["/api/v1/tasks/interaction"]["post"]["responses"].pop("422"),
            "status 422",
            id="a status that is gone",
        ),
    ],
)
def test_the_comparison_notices(schema: Json, change: Any, complaint: str) -> None:
    changed = json.loads(json.dumps(schema))
    change(changed)
    where = ("post", "/api/v1/tasks/interaction")
    assert Comparison(changed).operation(THEIRS[where], operations(changed)[where]) == [complaint]
