"""The interface as one page of HTML that needs neither scripts nor a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, cast

Json = Mapping[str, Any]

HEADERS = {
    "vary": "accept",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; }
details { border-top: 1px solid var(--line); padding: .3rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); }
.method { display: inline-block; min-width: 4.5em; font-weight: 600; }
.muted { opacity: .7; }
nav a { margin-right: 1rem; }
"""


def render(schema: Json) -> str:
    """The page for an OpenAPI 3.1 document."""
    info = cast(Json, schema["info"])
    groups = _by_tag(schema)
    shapes = cast(Json, schema["components"]).get("schemas", {})
    links = [*groups, "shapes"]
    body = [
        f"<h1>{escape(info['title'])} <span class=muted>{escape(info['version'])}</span></h1>",
        *(f"<p>{escape(part)}</p>" for part in str(info.get("description", "")).split("\n\n")),
        '<p><a href="/schema/openapi.json">OpenAPI document</a></p>',
        "<nav>" + " ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in links) + "</nav>",
    ]
    for tag, operations in groups.items():
        body.append(f'<h2 id="{escape(tag)}">{escape(tag)}</h2>')
        body.extend(_operation(method, path, found) for method, path, found in operations)
    body.append('<h2 id="shapes">shapes</h2>')
    body.extend(_shape(name, cast(Json, shape)) for name, shape in sorted(shapes.items()))
    head = (
        f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{escape(info['title'])}</title>"
    )
    return f"<!doctype html><html lang=en>{head}<style>{STYLE}</style>{''.join(body)}</html>"


def _by_tag(schema: Json) -> dict[str, list[tuple[str, str, Json]]]:
    groups: dict[str, list[tuple[str, str, Json]]] = {}
    for path, operations in cast(Mapping[str, Json], schema["paths"]).items():
        for method, operation in operations.items():
            tag = next(iter(operation.get("tags") or ["other"]))
            groups.setdefault(tag, []).append((method.upper(), path, operation))
    return groups


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [f"<p>{escape(operation.get('description') or '')}</p>"]
    rows = [
        (parameter["name"], f"{_type(parameter['schema'])}, in the {parameter['in']}", _notes(parameter))
        for parameter in cast(list[Json], operation.get("parameters", []))
    ]
    if rows:
        parts.append(_table(rows))
    if body := operation.get("requestBody"):
        parts.append(f"<p>Body: {_content(body)}</p>")
    for status, response in cast(Mapping[str, Json], operation["responses"]).items():
        parts.append(f"<p><code>{escape(status)}</code> {_content(response) or escape(response['description'])}</p>")
    title = f"<span class=method>{method}</span> <code>{escape(path)}</code>"
    return f"<details><summary>{title}</summary>{''.join(parts)}</details>"


def _shape(name: str, shape: Json) -> str:
    if "enum" in shape:
        inner = "<p>" + ", ".join(f"<code>{escape(str(value))}</code>" for value in shape["enum"]) + "</p>"
    else:
        required = set(cast(list[str], shape.get("required", [])))
        properties = cast(Mapping[str, Json], shape.get("properties", {}))
        inner = _table(
            [
                (field, _type(described), "required" if field in required else _notes({"schema": described}))
                for field, described in properties.items()
            ]
        )
    return f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{inner}</details>'


def _content(holder: Json) -> str:
    return " ".join(_type(content["schema"]) for content in holder.get("content", {}).values() if "schema" in content)


def _notes(parameter: Json) -> str:
    schema = cast(Json, parameter["schema"])
    notes = ["required"] if parameter.get("required") else []
    if "default" in schema:
        notes.append(f"default {schema['default']}")
    notes.extend(f"{name} {schema[name]}" for name in ("minimum", "exclusiveMinimum", "maximum") if name in schema)
    return escape("; ".join([*notes, *filter(None, [parameter.get("description")])]))


def _type(schema: Json) -> str:
    """A type in words, with links to the shapes that it names."""
    return " or ".join(_alternatives(schema)) or "anything"


def _alternatives(schema: Json) -> Iterator[str]:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        yield f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>'
    elif union := schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf"):
        for member in cast(list[Json], union):
            yield from _alternatives(member)
    elif "const" in schema:
        yield f"<code>{escape(str(schema['const']))}</code>"
    elif schema.get("type") == "array":
        yield f"list of {_type(schema.get('items', {}))}"
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        yield f"object of {_type(schema['additionalProperties'])}"
    elif "type" in schema:
        yield escape(str(schema.get("format") or schema["type"]))


def _table(rows: list[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr><th><code>{escape(name)}</code></th><td>{kind}</td><td>{notes}</td></tr>" for name, kind, notes in rows
    )
    return f"<table>{cells}</table>"
