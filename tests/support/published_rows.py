"""A row of every format as it is published, and what it must be read as."""

from __future__ import annotations

from typing import Any

from oa.domain.samples import (
    About,
    Conversation,
    PlainText,
    Preference,
    Prompt,
    RankedGroup,
    Sample,
    Speaker,
    Turn,
    Verdict,
)

S, U, A, T = Speaker.SYSTEM, Speaker.USER, Speaker.ASSISTANT, Speaker.TOOL

CALL = {"type": "function", "function": {"name": "add", "arguments": "{}"}}


def said(*turns: tuple[Speaker, str]) -> tuple[Turn, ...]:
    return tuple(Turn(*turn) for turn in turns)


def talk(*turns: tuple[Speaker, str], **about: Any) -> Conversation:
    return Conversation(said(*turns), about=About(**about))


EXCHANGE = talk((U, "q"), (A, "a"))
PAIR = Preference(said((U, "q")), Turn(A, "good"), Turn(A, "bad"))
HUMAN, BOT = "\n\nHuman: ", "\n\nAssistant: "

PUBLISHED: list[tuple[str, dict[str, Any], Sample]] = [
    ("messages", {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}, EXCHANGE),
    (
        "messages",
        {
            "messages": [
                {"role": "developer", "content": [{"type": "text", "text": "s"}]},
                {"role": "user", "content": "q"},
            ]
        },
        talk((S, "s"), (U, "q")),
    ),
    (
        "messages",
        {
            "messages": [
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "content": "3"},
            ],
            "tools": [CALL],
        },
        Conversation((Turn(A, "", tool_calls=(CALL,)), Turn(T, "3")), (CALL,)),
    ),
    (
        "sharegpt",
        {"id": "x_0", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "system": "s"},
        talk((S, "s"), (U, "q"), (A, "a"), id="x_0"),
    ),
    (
        "sharegpt",
        {
            "conversations": [
                {"from": "human", "value": "q"},
                {"from": "human", "value": "r"},
                {"from": "gpt", "value": " "},
            ]
        },
        talk((U, "q\nr")),
    ),
    ("alpaca", {"instruction": "q", "input": "", "output": "a"}, EXCHANGE),
    ("alpaca", {"instruction": "q", "input": "x", "output": "a"}, talk((U, "q\nx"), (A, "a"))),
    ("alpaca", {"instruction": "q", "input": "No input", "output": "a"}, EXCHANGE),
    ("alpaca", {"instruction": "repeat x", "input": "x", "output": "a"}, talk((U, "repeat x"), (A, "a"))),
    (
        "alpaca",
        {"instruction": "q", "output": "a", "system": "s", "history": [["p", "b"]]},
        talk((S, "s"), (U, "p"), (A, "b"), (U, "q"), (A, "a")),
    ),
    ("alpaca-ranked", {"instruction": "q", "input": "", "output": ["good", "bad"]}, PAIR),
    ("alpaca-ranked", {"instruction": "q", "chosen": "good", "rejected": "bad"}, PAIR),
    ("preference", {"prompt": "q", "chosen": "good", "rejected": "bad"}, PAIR),
    (
        "preference",
        {
            "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "good"}],
            "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "bad"}],
        },
        PAIR,
    ),
    (
        "preference",
        {
            "prompt": "q",
            "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "good"}],
            "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "bad"}],
        },
        PAIR,
    ),
    ("kto", {"prompt": "q", "completion": "a", "label": True}, Verdict(said((U, "q")), Turn(A, "a"), True)),
    ("kto", {"prompt": "q", "completion": "null", "label": 0}, Verdict(said((U, "q")), Turn(A, "null"), False)),
    ("ranked", {"prompt": "q", "replies": ["a", "b"]}, RankedGroup(said((U, "q")), said((A, "a"), (A, "b")), (0, 1))),
    (
        "ranked",
        {"prefixes": ["q", "a", "r"], "responses": ["b", "c"], "augmented": []},
        RankedGroup(said((U, "q"), (A, "a"), (U, "r")), said((A, "b"), (A, "c")), (0, 1)),
    ),
    ("prompts", {"prompt": "q"}, Prompt(said((U, "q")))),
    ("prompts", {"prompt": [{"role": "user", "content": "q"}]}, Prompt(said((U, "q")))),
    ("prompt-completion", {"prompt": "q", "completion": "a"}, EXCHANGE),
    ("prompt-completion", {"prompt": "q", "response": "a"}, EXCHANGE),
    ("prompt-completion", {"prompt": "q", "generation": "a", "identifier": "x"}, EXCHANGE),
    (
        "dolly",
        {"instruction": "q", "context": "c", "response": "a", "category": "open_qa"},
        talk((U, "q\nc"), (A, "a"), extra={"category": "open_qa"}),
    ),
    (
        "instruction-response",
        {"INSTRUCTION": "q", "RESPONSE": "a", "SOURCE": "wiki", "METADATA": '{"topic": "art"}'},
        talk((U, "q"), (A, "a"), source="wiki", extra={"topic": "art"}),
    ),
    ("hh", {"chosen": f"{HUMAN}q{BOT}good", "rejected": f"{HUMAN}q{BOT}bad"}, PAIR),
    (
        "orca",
        {"id": "1", "system_prompt": "s", "question": "q", "response": "a"},
        talk((S, "s"), (U, "q"), (A, "a"), id="1"),
    ),
    (
        "orca",
        {"instruction": "s", "conversation": [{"input": "q", "output": "a"}, {"input": "r", "output": "b"}]},
        talk((S, "s"), (U, "q"), (A, "a"), (U, "r"), (A, "b")),
    ),
    (
        "dolphin",
        {"instruction": "You are an AI assistant.", "input": "q", "output": "a"},
        talk((S, "You are an AI assistant."), (U, "q"), (A, "a")),
    ),
    (
        "soda",
        {"narrative": "Ann meets Bob.", "dialogue": ["hi", "hello"], "speakers": ["Ann", "Bob"], "head": "x"},
        Conversation((Turn(S, "Ann meets Bob. You are Bob."), Turn(U, "hi", "Ann"), Turn(A, "hello", "Bob"))),
    ),
    (
        "safety",
        {
            "USER": "q",
            "RESPONSE": "a",
            "ROTs": ["be kind"],
            "SAFETY_LABEL": "__casual__",
            "EPISODE_DONE": True,
            "SOURCE": "p",
        },
        talk((U, "q"), (A, "a"), source="p", extra={"rules_of_thumb": [["be kind"]], "safety_labels": ["__casual__"]}),
    ),
    ("gpt4all", {"conversation": [{"User": "q", "Bot": "a"}]}, EXCHANGE),
    ("oig", {"text": "<human>: q\n<bot>: a", "metadata": {}}, EXCHANGE),
    (
        "discussion",
        {"thread": {"text": "q", "role": "op", "meta": {}, "replies": [{"text": "a", "replies": []}]}, "source": "r"},
        talk((U, "q"), (A, "a"), source="r"),
    ),
    ("discussion", {"root": {"text": "q", "children": [{"text": "a", "children": []}]}}, EXCHANGE),
    (
        "character-ai",
        {
            "info": {"character": {"name": "Ann", "description": "A bot.", "external_id": "7"}},
            "histories": {
                "histories": [
                    {
                        "msgs": [
                            {"text": "hi.....", "src": {"is_human": False}},
                            {"text": "q", "src": {"is_human": True}},
                        ]
                    },
                    {"msgs": [{"text": "alone", "src": {"is_human": False}}]},
                ]
            },
        },
        Conversation(
            (Turn(S, "Ann's Persona: A bot."), Turn(A, "hi...", "Ann"), Turn(U, "q")),
            about=About(id="7", source="characterai"),
        ),
    ),
    (
        "sillytavern",
        {"name": "You", "is_user": True, "mes": "q"},
        Conversation((Turn(U, "q", "You"),), about=About(source="rows.jsonl")),
    ),
    ("text", {"text": "words"}, PlainText("words")),
    ("text", {"TEXT": "words", "SOURCE": "s", "METADATA": None}, PlainText("words", About(source="s"))),
]
