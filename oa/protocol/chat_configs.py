"""The models that can be asked, on the wire."""

from __future__ import annotations

import msgspec

from oa.protocol.chats import SamplingParameters


class ParameterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A way to choose the next token, by name."""

    name: str
    description: str
    sampling_parameters: SamplingParameters


class ModelConfigInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be asked now."""

    name: str
    """Send it as `model_config_name`."""
    description: str
    parameter_configs: list[ParameterConfig]
    is_default: bool = False
    context_length: int | None = None
    """Of prompt and answer together, in tokens."""
    supports_tools: bool = False
    """Its template has a form of its own for tool calls."""
