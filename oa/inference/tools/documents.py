"""JSON and YAML from strangers: without tags, aliases and endless references."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

MOST_REFERENCES = 200
"""References that are followed in one value; an endless one ends there."""


def read_document(text: str) -> object:
    """A JSON or YAML document; None where it is neither. Aliases are refused: a page of them unfolds to gigabytes."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _yaml(text)


def _yaml(text: str) -> object:
    import yaml  # a moment, for documents that are not JSON

    class Plain(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):  # pyright: ignore[reportUnknownMemberType]  # untyped library
                raise yaml.YAMLError("an alias")
            return super().compose_node(parent, index)

    try:
        return json.loads(json.dumps(yaml.load(text, Plain), default=str))  # dates and numbers as names become text
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None


def resolved(document: Mapping[str, Any], value: object) -> object:
    """A value with its local `$ref`s replaced by what they point to; those too many are left out."""
    return _Resolver(document).resolve(value, ())


class _Resolver:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._followed = 0

    def resolve(self, value: object, within: tuple[str, ...]) -> object:
        if isinstance(value, list):
            return [self.resolve(item, within) for item in cast(list[object], value)]
        if not isinstance(value, dict):
            return value
        known = cast(dict[str, object], value)
        reference = known.get("$ref")
        if not isinstance(reference, str):
            return {name: self.resolve(item, within) for name, item in known.items()}
        self._followed += 1
        if reference in within or self._followed > MOST_REFERENCES:
            return {}
        return self.resolve(self._target(reference), (*within, reference))

    def _target(self, reference: str) -> object:
        found: object = self._document
        for step in reference.removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            found = cast(dict[str, object], found).get(name) if isinstance(found, dict) else None
        return found
