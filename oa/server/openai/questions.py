"""What an OpenAI client asks for, as questions to the models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

from oa.domain.sampling import Sampling
from oa.errors import Invalid, NotSupported, UnknownModel
from oa.inference.answering import Answering, Model, Question
from oa.inference.engine import Role, ToolCall, ToolDefinition, Turn
from oa.inference.tools import react
from oa.inference.tools.formats import AnswerReader, CallReader, ForcedReader, forcing_schema
from oa.protocol.openai import ChatMessage, ChatRequest, CompletionRequest, ContentPart, SamplingFields, ToolChoice

MakeReader: TypeAlias = "Callable[[], AnswerReader] | None"

MAX_ANSWERS = 16
"""Choices times prompts: each takes a place of its own in the model."""

SCHEMA_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")

SCHEMA_VALUES = frozenset({"const", "enum", "default", "examples", "example"})
"""What stands there is data, whatever it looks like."""

ROLES: Mapping[str, Role] = {**{role.value: role for role in Role}, "developer": Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request wants."""

    id: str
    model: Model
    questions: tuple[Question, ...]
    """One for each choice, in the order of their indexes."""
    make_reader: MakeReader = None
    """For tools: tells the text of an answer from the calls in it."""
    with_logprobs: bool = False
    prefixes: tuple[str, ...] = ()
    """For completions that repeat their prompt: what stands before each choice."""


async def find_model(answering: Answering, name: str) -> Model:
    """The model of this name, or the default one where no name was sent.

    Raises:
        UnknownModel: there is none; the sentence names those that there are.
    """
    models = await answering.models()
    found = next((model for model in models if model.name == name or not name), None)
    if found is None:
        known = ", ".join(model.name for model in models) or "none"
        raise UnknownModel(f"there is no model {name[:80]!r} here; there is {known}")
    return found


def of_chat(request: ChatRequest, model: Model, request_id: str, person: str) -> Asked:
    """The questions of a chat completion.

    Raises:
        Invalid, NotSupported: the request contradicts itself, or wants what this hub does not do.
    """
    with_logprobs = bool(request.logprobs)
    if request.top_logprobs is not None and not with_logprobs:
        raise Invalid("top_logprobs needs logprobs: true", param="top_logprobs")
    question = Question(
        id=request_id,
        person=person,
        model=model.name,
        turns=tuple(map(_turn, request.messages)),
        sampling=_sampling(request),
        max_tokens=request.max_completion_tokens or request.max_tokens,
        stop=_stop(request),
        alternatives=(request.top_logprobs or 0) if with_logprobs else None,
        json_schema=_json_schema(request),
        grammar=request.grammar,
    )
    question, make_reader = _with_tools(question, request, model)
    return Asked(
        id=request_id,
        model=model,
        questions=_copies(question, request.n or 1),
        make_reader=make_reader,
        with_logprobs=with_logprobs,
    )


def of_completion(request: CompletionRequest, model: Model, request_id: str, person: str) -> Asked:
    """The questions of a completion: `n` for each prompt.

    Raises:
        Invalid, NotSupported: as `of_chat`.
    """
    if request.suffix:
        raise NotSupported("this hub does not fill in before a suffix; leave suffix out", param="suffix")
    if (request.best_of or 1) > (request.n or 1):
        raise NotSupported("best_of is not supported beyond n; ask for n and choose", param="best_of")
    questions: list[Question] = []
    prompts = _prompts(request)
    for prompt in prompts:
        question = Question(
            id=request_id,
            person=person,
            model=model.name,
            turns=(Turn(Role.USER, prompt),),
            sampling=_sampling(request),
            max_tokens=request.max_tokens or 16,
            stop=_stop(request),
            alternatives=request.logprobs,
            grammar=request.grammar,
            is_completion=True,
        )
        questions += _copies(question, request.n or 1)
    if len(questions) > MAX_ANSWERS:
        raise Invalid(f"prompts times n are at most {MAX_ANSWERS} in one request", param="n")
    return Asked(
        id=request_id,
        model=model,
        questions=tuple(replace(question, id=_nth(request_id, at)) for at, question in enumerate(questions)),
        with_logprobs=request.logprobs is not None,
        prefixes=tuple(question.turns[0].content for question in questions) if request.echo else (),
    )


# --- parts -----------------------------------------------------------------------------------------------------------


def _turn(message: ChatMessage) -> Turn:
    calls = tuple(ToolCall(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ())
    return Turn(ROLES[message.role], _text(message.content), calls, message.tool_call_id)


def _text(content: str | Sequence[ContentPart] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    other = next((part.type for part in content if part.type not in ("text", "refusal")), None)
    if other is not None:
        raise NotSupported(f"messages hold text here; {other[:40]!r} is not understood", param="messages")
    return "".join(part.text or part.refusal or "" for part in content)


def _sampling(request: SamplingFields) -> Sampling:
    if request.logit_bias:
        raise NotSupported("logit_bias is not supported; leave it out", param="logit_bias")
    if request.stream_options is not None and not request.stream:
        raise Invalid("stream_options needs stream: true", param="stream_options")
    top_k = request.top_k
    return Sampling(
        temperature=1.0 if request.temperature is None else request.temperature,
        top_k=top_k if top_k is not None and top_k > 0 else None,
        top_p=request.top_p,
        min_p=request.min_p,
        typical_p=request.typical_p,
        repetition_penalty=request.repetition_penalty,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        seed=request.seed,
    )


def _stop(request: SamplingFields) -> tuple[str, ...]:
    stop = [request.stop] if isinstance(request.stop, str) else request.stop or ()
    return tuple(text for text in stop if text)


def _json_schema(request: ChatRequest) -> Mapping[str, Any] | None:
    wanted = request.response_format
    if wanted is None or wanted.type == "text":
        return None
    if request.grammar is not None:
        raise Invalid("response_format and grammar exclude each other", param="response_format")
    if wanted.type == "json_object":
        return {"type": "object"}
    if wanted.json_schema is None or wanted.json_schema.schema is None:
        raise Invalid("response_format json_schema needs json_schema.schema", param="response_format")
    _check_schema(wanted.json_schema.schema, "response_format")
    return wanted.json_schema.schema


def _check_schema(schema: object, param: str) -> None:
    """Refuse a schema that names types of another world: a grammar would pass over them and allow anything.

    Raises:
        Invalid
    """
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += cast(list[object], part)
        if not isinstance(part, dict):
            continue
        known = cast(dict[str, object], part)
        kind = known.get("type")
        kinds = cast(list[object], kind) if isinstance(kind, list) else [kind] if isinstance(kind, str) else []
        if unknown := [one for one in kinds if one not in SCHEMA_TYPES]:
            raise Invalid(
                f"a schema has no type {str(unknown[0])[:40]!r}; it has {', '.join(SCHEMA_TYPES)}", param=param
            )
        waiting += [value for name, value in known.items() if name not in SCHEMA_VALUES]


def _with_tools(question: Question, request: ChatRequest, model: Model) -> tuple[Question, MakeReader]:
    """The question with the tools that the client offers, in whichever way the model can be told of them."""
    tools = {offer.function.name: _definition(offer.function) for offer in request.tools or ()}
    choice = request.tool_choice or "auto"
    if not tools and choice in ("none", "auto"):
        return _without_calls(question, model), None
    if choice == "none":
        return _without_calls(question, model), None
    if isinstance(choice, ToolChoice):
        if choice.function.name not in tools:
            raise Invalid(
                f"tool_choice names {choice.function.name[:64]!r}, which is not in tools", param="tool_choice"
            )
        tools = {choice.function.name: tools[choice.function.name]}
    elif not tools:
        raise Invalid("tool_choice needs tools", param="tool_choice")
    definitions = tuple(tools.values())
    is_forced = choice != "auto"
    if model.tools:
        told = replace(question, tools=definitions)
    else:
        told = replace(question, turns=react.with_tools(question.turns, definitions, is_forced=is_forced))
    if is_forced:
        _check_schema([tool.parameters for tool in definitions], "tools")
        schema = forcing_schema({name: tool.parameters for name, tool in tools.items()})
        return replace(told, json_schema=schema, grammar=None), ForcedReader
    if model.tools:
        return told, lambda: CallReader(tools)
    return replace(told, stop=(*question.stop, *react.STOP)), lambda: react.ReactReader(tools)


def _without_calls(question: Question, model: Model) -> Question:
    """Calls of before may stand in the conversation although no tool is offered now; some templates need them told."""
    has_calls = any(turn.tool_calls or turn.role is Role.TOOL for turn in question.turns)
    return question if model.tools or not has_calls else replace(question, turns=react.in_words(question.turns))


def _definition(function: Any) -> ToolDefinition:
    return ToolDefinition(function.name, function.description or "", function.parameters or {"type": "object"})


def _prompts(request: CompletionRequest) -> list[str]:
    prompts = [request.prompt] if isinstance(request.prompt, str) else list(request.prompt)
    if not prompts or not all(isinstance(prompt, str) for prompt in prompts):
        raise NotSupported("prompt is a text or a list of texts here; token ids are not understood", param="prompt")
    return prompts


def _copies(question: Question, count: int) -> tuple[Question, ...]:
    """The same question `count` times; with a seed each has one of its own, or all answers would be the same."""
    seed = question.sampling.seed
    return tuple(
        replace(
            question,
            id=_nth(question.id, index),
            sampling=question.sampling if seed is None else replace(question.sampling, seed=seed + index),
        )
        for index in range(count)
    )


def _nth(request_id: str, index: int) -> str:
    return f"{request_id}-{index}" if index else request_id
