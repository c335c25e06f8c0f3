"""What hubs and workers say to each other: version "1" of Open-Assistant's protocol, with additions that it allows.

A worker connects by websocket, shows its key and the version in headers, and says what it is (`WorkerInfo`). From then
on every message is one JSON object; `request_type` names those of the hub and `response_type` those of the worker.
Workers of Open-Assistant leave out what is marked as an addition, and are never sent anything that they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from oa.domain.sampling import Sampling
from oa.domain.workers import Worker

PATH = "/workers/work"
VERSION = "1"
VERSION_HEADER = "X-Protocol-Version"
KEY_HEADER = "X-API-Key"

CLOSED_FOR_KEY = 4401
CLOSED_FOR_VERSION = 4426
CLOSED_FOR_SILENCE = 4408
CLOSED_FOR_NONSENSE = 4400
CLOSED_FOR_GOOD = 4410
"""Close codes from the range that is left to applications (RFC 6455, 7.4.2)."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


# --- what a worker is ------------------------------------------------------------------------------------------------


class WorkerModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The model as Open-Assistant describes it; `max_total_length` is the context in tokens."""

    model_id: Name
    max_input_length: Count = 1024
    max_total_length: Count = 2048
    quantized: bool = False


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True):
    # Two names for one thing would not do: the wire says `model_config`.
    model_config: WorkerModelConfig
    max_parallel_requests: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1


class GpuInfo(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    total_memory: int


class HardwareInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The machine; sizes in bytes, frequencies in MHz, 0 where it does not say."""

    uname_sysname: str = ""
    uname_release: str = ""
    uname_version: str = ""
    uname_machine: str = ""
    uname_processor: str = ""
    cpu_count_physical: int = 0
    cpu_count_logical: int = 0
    cpu_freq_max: float = 0.0
    cpu_freq_min: float = 0.0
    mem_total: int = 0
    swap_total: int = 0
    nvidia_driver_version: str | None = None
    gpus: tuple[GpuInfo, ...] = ()


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An addition, by which a worker of OA is known: what its model can do."""

    version: str
    """Of OA."""
    description: str = ""
    engine: str = ""
    tools: bool = False


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that a worker says."""

    config: WorkerConfig
    hardware_info: HardwareInfo = HardwareInfo()
    offer: Offer | None = None


class GpuMetrics(msgspec.Struct, frozen=True, kw_only=True):
    gpu_usage: float
    mem_usage: float


class WorkerMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine is, in percent; a GPU's memory in bytes."""

    created_at: datetime
    cpu_usage: float = 0.0
    mem_usage: float = 0.0
    swap_usage: float = 0.0
    gpus: tuple[GpuMetrics, ...] | None = None


# --- from the hub ----------------------------------------------------------------------------------------------------


class ThreadMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as Open-Assistant's workers read it."""

    id: str
    chat_id: str
    content: str
    created_at: datetime
    role: str
    parent_id: str | None = None
    state: str = "complete"
    score: int = 0
    reports: tuple[str, ...] = ()


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    messages: list[ThreadMessage]


class SamplingSettings(msgspec.Struct, frozen=True, kw_only=True):
    top_k: int | None = None
    top_p: float | None = None
    typical_p: float | None = None
    temperature: float | None = None
    repetition_penalty: float | None = None
    max_new_tokens: int = 1024


class WorkParameters(msgspec.Struct, frozen=True, kw_only=True):
    model_config: WorkerModelConfig
    sampling_parameters: SamplingSettings
    do_sample: bool = True
    seed: int
    system_prompt: str | None = None
    user_profile: str | None = None
    user_response_instructions: str | None = None
    plugins: tuple[str, ...] = ()
    plugin_max_depth: int = 4


class WireToolCall(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    arguments: str


class WireTurn(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    content: str
    tool_calls: tuple[WireToolCall, ...] = ()
    tool_call_id: str | None = None


class WireTool(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str
    parameters: Mapping[str, Any]


class WireQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """An addition: the whole question, as OA's engines read it. Whose it is stays with the hub."""

    turns: tuple[WireTurn, ...]
    sampling: Sampling
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    alternatives: int | None = None
    json_schema: Mapping[str, Any] | None = None
    grammar: str | None = None
    tools: tuple[WireTool, ...] = ()
    is_completion: bool = False


class _HubFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="request_type"):
    id: str


class WorkRequest(_HubFrame, frozen=True, kw_only=True, tag="work"):
    """Answer this. What follows names `id` as its `request_id`."""

    thread: Thread
    created_at: datetime
    parameters: WorkParameters
    safety_parameters: dict[str, int] | None = None
    question: WireQuestion | None = None


class CancelRequest(_HubFrame, frozen=True, kw_only=True, tag="cancel"):
    """An addition: nobody waits for this answer any more."""

    request_id: str


class PingRequest(_HubFrame, frozen=True, kw_only=True, tag="ping"):
    """Answer with a pong."""


class ErrorRequest(_HubFrame, frozen=True, kw_only=True, tag="error"):
    """What the worker said last cannot be read."""

    error: str


class TerminateRequest(_HubFrame, frozen=True, kw_only=True, tag="terminate"):
    """The hub does without this worker from now on."""


class UpgradeProtocolRequest(_HubFrame, frozen=True, kw_only=True, tag="upgrade_protocol"):
    """The worker speaks another version."""


class WrongApiKeyRequest(_HubFrame, frozen=True, kw_only=True, tag="wrong_api_key"):
    """The worker's key is not known."""


HubFrame = (
    WorkRequest
    | CancelRequest
    | PingRequest
    | ErrorRequest
    | TerminateRequest
    | UpgradeProtocolRequest
    | WrongApiKeyRequest
)


# --- from the worker -------------------------------------------------------------------------------------------------


class _WorkerFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="response_type"):
    pass


class PongResponse(_WorkerFrame, frozen=True, kw_only=True, tag="pong"):
    request_id: str | None = None
    metrics: WorkerMetrics | None = None


class StartedResponse(_WorkerFrame, frozen=True, kw_only=True, tag="started"):
    """An addition: the model has taken the request."""

    request_id: str
    prompt_tokens: Count
    dropped_turns: Count = 0


class WireLikelihood(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    token_id: int
    log_probability: float


class TokenResponse(_WorkerFrame, frozen=True, kw_only=True, tag="token"):
    """The next piece. `alternatives` is an addition."""

    request_id: str
    text: str
    log_prob: float | None = None
    token_id: int | None = None
    alternatives: tuple[WireLikelihood, ...] = ()


class PluginIntermediateResponse(_WorkerFrame, frozen=True, kw_only=True, tag="plugin_intermediate"):
    """What a plugin did. Tools run on the hub, so that it means nothing here."""

    request_id: str
    current_plugin_thought: str = ""
    current_plugin_action_taken: str = ""
    current_plugin_action_input: str = ""
    current_plugin_action_response: str = ""


class GeneratedTextResponse(_WorkerFrame, frozen=True, kw_only=True, tag="generated_text"):
    """The answer is whole. The counts and the tool calls are additions."""

    request_id: str
    text: str
    finish_reason: str
    """`length`, `eos_token` or `stop_sequence`."""
    metrics: WorkerMetrics | None = None
    used_plugin: Mapping[str, Any] | None = None
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    cached_tokens: Count = 0
    tool_calls: tuple[WireToolCall, ...] = ()


class ErrorResponse(_WorkerFrame, frozen=True, kw_only=True, tag="error"):
    """This request failed. `code` is an addition: that of OA's errors, whose sentences are meant for people."""

    request_id: str | None = None
    error: str
    metrics: WorkerMetrics | None = None
    code: str | None = None


class SafePromptResponse(_WorkerFrame, frozen=True, kw_only=True, tag="safe_prompt"):
    """What a safety model made of the prompt. The hub asks for none."""

    request_id: str
    safe_prompt: str = ""
    safety_label: str = ""
    safety_rots: str = ""


class GeneralErrorResponse(_WorkerFrame, frozen=True, kw_only=True, tag="general_error"):
    """Something went wrong that is no request's fault; the worker goes on."""

    error: str
    metrics: WorkerMetrics | None = None


class LeavingResponse(_WorkerFrame, frozen=True, kw_only=True, tag="leaving"):
    """An addition: the worker ends what it has begun and takes nothing new."""


WorkerFrame = (
    PongResponse
    | StartedResponse
    | TokenResponse
    | PluginIntermediateResponse
    | GeneratedTextResponse
    | ErrorResponse
    | SafePromptResponse
    | GeneralErrorResponse
    | LeavingResponse
)


# --- administration --------------------------------------------------------------------------------------------------


class CreateWorkerRequest(msgspec.Struct, frozen=True, kw_only=True):
    name: Name
    trusted: bool = False
    """Kept and shown; nothing depends on it."""


class WorkerRead(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that may answer for the hub. Its key is never shown again, only how it begins."""

    id: UUID
    name: str
    trusted: bool
    key_hint: str
    created_at: datetime
    connected_at: datetime | None
    """Null while it is not connected."""
    last_seen_at: datetime | None
    model: str | None
    """What it offered last."""

    @classmethod
    def of(cls, worker: Worker) -> WorkerRead:
        return cls(
            id=worker.id,
            name=worker.name,
            trusted=worker.trusted,
            key_hint=worker.hint,
            created_at=worker.created_date,
            connected_at=worker.connected_date,
            last_seen_at=worker.last_seen_date,
            model=worker.model,
        )


class CreatedWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A new worker, with its key, which is shown this once."""

    id: UUID
    name: str
    api_key: str
    trusted: bool


class WorkerSession(msgspec.Struct, frozen=True, kw_only=True):
    """A connected worker."""

    id: str
    worker_id: UUID
    worker_name: str
    worker_info: WorkerInfo
    connected_at: datetime
    requests_in_flight: int
    metrics: WorkerMetrics | None = None
