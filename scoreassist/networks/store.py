"""Trained weights: where they lie, what they are, and the network built from them.

A model is a folder ``models/<name>/`` with ``weights.safetensors``, ``config.json`` and ``CARD.md``. Listing
models reads only the JSON; torch is imported when one is loaded.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoreassist.errors import ModelError
from scoreassist.folders import data_folder
from scoreassist.options import MODEL

if TYPE_CHECKING:
    from scoreassist.networks.anticipation_rnn import AnticipationRNN
    from scoreassist.networks.filler import Filler

WEIGHTS, CONFIG = "weights.safetensors", "config.json"


def list_models() -> list[dict[str, Any]]:
    """Configurations of the models that are there, by name.

    Returns
    -------
    list of dict
        Keys ``name, network, sizes, sha256, data, licence, figures, summary``.
    """
    folder = data_folder("models")
    return [_config(path.parent) for path in sorted(folder.glob(f"*/{CONFIG}"))]


def load_filler(name: str = MODEL) -> Filler:
    """A model ready to fill grids.

    Raises
    ------
    ModelError
        There is no such model, or its weights are damaged.
    """
    from scoreassist.networks.anticipation_filler import AnticipationFiller

    return AnticipationFiller(load_network(name))


@lru_cache(maxsize=4)
def load_network(name: str = MODEL) -> AnticipationRNN:
    """A model's network, in evaluation mode and single precision; see `load_filler`."""
    folder = data_folder("models") / name
    if name not in {config["name"] for config in list_models()}:
        known = ", ".join(config["name"] for config in list_models()) or "none"
        raise ModelError(f"there is no model '{name}'; the models are: {known}")
    config = _config(folder)
    data = _checked(folder / WEIGHTS, str(config["sha256"]))

    from safetensors.torch import load

    from scoreassist.networks.anticipation_rnn import AnticipationConfig, AnticipationRNN

    sizes = dict(config["sizes"], order=tuple(config["sizes"]["order"]))
    network = AnticipationRNN(AnticipationConfig(**sizes))
    try:
        network.load_state_dict({key: value.float() for key, value in load(data).items()})
    except (RuntimeError, ValueError) as error:
        raise ModelError("the weights do not fit config.json; install scoreassist again", source=name) from (error)
    return network.eval()


def save_network(network: AnticipationRNN, folder: Path, about: dict[str, Any]) -> None:
    """Write a network's weights in half precision, and its configuration.

    Parameters
    ----------
    network : AnticipationRNN
    folder : path
        ``models/<name>``.
    about : dict
        ``data, licence, figures, summary`` as `list_models` shows them.
    """
    from dataclasses import asdict

    import torch
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().to(torch.float16).contiguous() for key, value in network.state_dict().items()}
    data = save(state)
    config = {
        "name": folder.name,
        "network": "anticipation-rnn",
        "sizes": asdict(network.config),
        "sha256": hashlib.sha256(data).hexdigest(),
        **about,
    }
    (folder / WEIGHTS).write_bytes(data)
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def _config(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / CONFIG).read_text()))
    except (OSError, ValueError) as error:
        raise ModelError(f"{CONFIG} cannot be read; install scoreassist again", source=folder.name) from error


def _checked(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.name} is missing; install scoreassist again", source=path.parent.name) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"{path.name} is damaged; install scoreassist again", source=path.parent.name)
    return data
