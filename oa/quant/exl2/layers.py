"""A model of transformers gone through layer by layer, so that each can be looked at, and changed, on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from oa.errors import BadModel

SAME_INPUT: Mapping[str, Sequence[str]] = {
    "self_attn.q_proj": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attn.o_proj": ("self_attn.o_proj",),
    "mlp.gate_proj": ("mlp.gate_proj", "mlp.up_proj"),
    "mlp.down_proj": ("mlp.down_proj",),
}
"""The matrices of a layer by those whose inputs they share."""

MATRICES = tuple(name for names in SAME_INPUT.values() for name in names)


class Walk:
    """Texts on their way through a model."""

    def __init__(self, model: Any, rows: Tensor) -> None:
        """Begin behind the embeddings.

        Args:
            rows: (count, length), int64.

        Raises:
            BadModel: the layers are not built like those of Llama.
        """
        self._model = model
        self.layers: list[nn.Module] = list(model.model.layers)
        for layer in model.model.layers:
            found = {str(name) for name, part in layer.named_modules() if isinstance(part, nn.Linear)}
            if found != set(MATRICES):
                odd = ", ".join(sorted(found ^ set(MATRICES))[:3])
                raise BadModel(f"a layer has other matrices than a Llama's ({odd}): it cannot be quantized here")
        with torch.no_grad():
            self._arguments = _arguments(model, self.layers, rows[:1])
            self._states: list[Tensor] = [model.model.embed_tokens(row[None]) for row in rows]

    def hessians(self, place: int) -> dict[str, Tensor]:
        """The mean products of the inputs of a layer's matrices, (width, width), by the keys of `SAME_INPUT`."""
        layer = self.layers[place]
        found: dict[str, Tensor] = {}
        hooks = [layer.get_submodule(name).register_forward_pre_hook(_adding(found, name)) for name in SAME_INPUT]
        try:
            self._through(place, keep=False)
        finally:
            for hook in hooks:
                hook.remove()
        seen = sum(state.shape[1] for state in self._states)
        return {name: total / seen for name, total in found.items()}

    def go_on(self, place: int) -> None:
        """Step through a layer, as it is by now."""
        self._through(place, keep=True)

    def last_hessian(self) -> Tensor:
        """The same of what the output layer takes, (width, width), behind the last layer."""
        found: dict[str, Tensor] = {}
        add = _adding(found, "head")
        with torch.no_grad():
            for state in self._states:
                add(self._model, (self._model.model.norm(state),))
        return found["head"] / sum(state.shape[1] for state in self._states)

    def _through(self, place: int, *, keep: bool) -> None:
        with torch.no_grad():
            for row, state in enumerate(self._states):
                out: Any = self.layers[place](state, **self._arguments[place])
                if keep:
                    self._states[row] = out[0] if isinstance(out, tuple) else out


def _arguments(model: Any, layers: Sequence[nn.Module], row: Tensor) -> list[dict[str, Any]]:
    """What the model hands to each layer beside the states; it is the same for all texts of a length."""
    found: list[dict[str, Any]] = []

    def note(_part: nn.Module, _given: Any, named: dict[str, Any]) -> None:
        found.append(named)

    hooks = [layer.register_forward_pre_hook(note, with_kwargs=True) for layer in layers]
    try:
        model.model(input_ids=row, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _adding(found: dict[str, Tensor], name: str) -> Callable[[Any, tuple[Tensor, ...]], None]:
    def add(_part: Any, given: tuple[Tensor, ...]) -> None:
        flat = given[0].reshape(-1, given[0].shape[-1]).float()
        found[name] = flat.T @ flat if name not in found else found[name].addmm_(flat.T, flat)

    return add
