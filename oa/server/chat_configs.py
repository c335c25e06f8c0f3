"""/configs: what can be asked of whom."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from oa.inference.presets import Preset
from oa.protocol.chat_configs import ModelConfigInfo, ParameterConfig
from oa.protocol.chats import SamplingParameters
from oa.protocol.plugins import PluginEntry
from oa.server.auth import Call
from oa.server.chat_access import Visitor
from oa.server.chats import VISITOR


class ConfigController(Controller):
    path = "/configs"
    tags = ("configs",)
    dependencies = VISITOR

    @get("/model_configs", security=[{}])
    async def model_configs(self, call: NamedDependency[Call]) -> list[ModelConfigInfo]:
        """The models that answer here now, the default first, each with the ways to choose its words."""
        parameters = [_parameters(preset) for preset in call.hub.presets]
        return [
            ModelConfigInfo(
                name=model.name,
                description=model.description,
                parameter_configs=parameters,
                is_default=model.is_default,
                context_length=model.context_length,
                supports_tools=model.tools,
            )
            for model in await call.hub.answering.models()
        ]

    @get("/builtin_plugins", security=[{}])
    async def builtin_plugins(self, call: NamedDependency[Call]) -> list[PluginEntry]:
        """The plugins that this hub brings."""
        return list(await call.hub.plugins.built_in())

    @post("/plugin_config", status_code=200)
    async def plugin_config(self, visitor: NamedDependency[Visitor], data: JSONBody[PluginEntry]) -> PluginEntry:
        """What the plugin at an address says of itself."""
        await visitor.read(lambda _, person: person.id)  # nobody else may have the hub fetch things
        return await visitor.call.hub.plugins.describe(data.url)


def _parameters(preset: Preset) -> ParameterConfig:
    sampling = SamplingParameters.of(preset.sampling, preset.max_tokens)
    return ParameterConfig(name=preset.name, description=preset.description, sampling_parameters=sampling)
