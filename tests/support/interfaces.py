"""Two descriptions of an interface, compared: what clients of the one would miss in the other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

Json = dict[str, Any]


def operations(schema: Json) -> dict[tuple[str, str], Json]:
    """Every operation by method and path; a slash at the end of a path makes no difference to either."""
    return {
        (method, path.rstrip("/")): operation
        for path, found in schema["paths"].items()
        for method, operation in found.items()
    }


class Comparison:
    """What clients of the original would miss, sentence by sentence."""

    def __init__(self, ours: Json, reference: Json) -> None:
        self.ours = ours
        self.reference = reference
        self.missing: list[str] = []

    def operation(self, theirs: Json, ours: Json, statuses: Collection[str] | None = None) -> list[str]:
        """
        Args:
            statuses: the answers to compare; None for all.
        """
        self._parameters(theirs.get("parameters", []), {(p["in"], p["name"]): p for p in ours.get("parameters", [])})
        if "requestBody" in theirs:
            self._body(theirs["requestBody"], ours.get("requestBody"))
        for status, response in theirs["responses"].items():
            if statuses is not None and status not in statuses:
                continue
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
        self.missing += [
            f"{name} must not be needed" for (kind, name), added in ours.items() if added["required"] and kind != "path"
        ]

    def _body(self, theirs: Json, ours: Json | None) -> None:
        if ours is None:
            self.missing.append("a body")
            return
        if ours.get("required") and not theirs.get("required"):
            self.missing.append("the body must be optional")
        self._type(_content(theirs), _content(ours), "body", is_sent=False)

    def _type(self, theirs: Json, ours: Json, where: str, *, is_sent: bool) -> None:
        """Compare one value; `is_sent` when the hub sends it and the client reads it."""
        wanted = _members(theirs, self.reference)
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
