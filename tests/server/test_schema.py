"""The interface describes itself, for programs and for people, without a network."""

from __future__ import annotations

import re
from typing import Any


async def test_the_document_is_openapi_3_1_and_the_same_at_both_addresses(hub: Any) -> None:
    first, second = await hub.http.get("/schema"), await hub.http.get("/schema/openapi.json")
    assert first.headers["content-type"] == "application/json"
    assert first.content == second.content
    assert first.json()["openapi"].startswith("3.1")


async def test_every_reference_leads_somewhere(hub: Any) -> None:
    answer = await hub.http.get("/schema")
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text))
    assert names <= answer.json()["components"]["schemas"].keys()
    assert "ConversationMessage" in names


async def test_every_operation_says_how_it_fails(hub: Any) -> None:
    schema = (await hub.http.get("/schema")).json()
    for path, operations in schema["paths"].items():
        is_openai = path.startswith("/v1/")
        shape = "OpenAIFailure" if is_openai else "Failure" if path.startswith("/api/v1/") else "Problem"
        for method, operation in operations.items():
            (content,) = operation["responses"]["default"]["content"].values()
            assert content["schema"]["$ref"].endswith(shape), (method, path)
            takes = bool(operation.get("parameters") or operation.get("requestBody"))
            assert ("422" in operation["responses"]) == (takes and not is_openai)
            assert ("400" in operation["responses"]) == (takes and is_openai)


async def test_every_operation_and_every_tag_has_a_description(hub: Any) -> None:
    schema = (await hub.http.get("/schema")).json()
    found = [operation for operations in schema["paths"].values() for operation in operations.values()]
    assert all(operation["description"] and operation["tags"] for operation in found)
    names = [operation["operationId"] for operation in found]
    assert len(names) == len(set(names))


async def test_what_needs_no_key_says_so(hub: Any) -> None:
    paths = (await hub.http.get("/schema")).json()["paths"]
    assert paths["/healthz"]["get"]["security"] == [{}]
    assert paths["/api/v1/text_labels/report_labels"]["get"]["security"] == [{}]
    assert paths["/api/v1/admin/api_client"]["post"]["security"] == [{"bearer": []}]
    assert "security" not in paths["/api/v1/tasks"]["post"]


async def test_a_browser_gets_a_page_that_loads_nothing(hub: Any) -> None:
    page = await hub.http.get("/schema", headers={"accept": "text/html,application/xhtml+xml"})
    assert page.headers["content-type"].startswith("text/html")
    assert "/api/v1/tasks/interaction" in page.text
    assert "<script" not in page.text
    links = re.findall(r'(?:href|src)="([^"]*)"', page.text)
    assert all(link.startswith(("#", "/schema/")) for link in links)
    ids = set(re.findall(r'id="([^"]+)"', page.text))
    assert {link[1:] for link in links if link.startswith("#")} <= ids


async def test_the_first_page_leads_there(hub: Any) -> None:
    answer = await hub.http.get("/")
    assert answer.is_redirect
    assert answer.headers["location"] == "/schema"
