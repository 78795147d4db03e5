"""Trained weights: where they lie, what they are, and the network built from them.

A model is a folder ``models/<name>/`` with ``weights.safetensors``, ``config.json`` and ``CARD.md``. Listing
models reads only the JSON; torch is imported when one is loaded.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoreassist.errors import ModelError
from scoreassist.folders import data_folder
from scoreassist.options import MODEL, PIANO_MODEL

if TYPE_CHECKING:
    from torch import nn

    from scoreassist.networks.deephear.pianist import Pianist
    from scoreassist.networks.filler import Filler
    from scoreassist.networks.revision.filler import Reviser

ALL_VOICES = (0, 1, 2, 3)
WEIGHTS, CONFIG = "weights.safetensors", "config.json"
KEYS = ("name", "network", "sizes", "sha256", "data", "licence", "figures", "summary")  # of the configuration


@dataclass(frozen=True)
class Kind:
    """A network that weights can be for: where its classes are, as ``module:class`` in `scoreassist.networks`.

    Attributes
    ----------
    network : str
        Built from its configuration.
    config : str
        A frozen dataclass of the network's sizes.
    filler : str, optional
        What fills grids with such a network; None for one that only helps others, or fills rolls.
    pianist : str, optional
        What fills piano rolls with it.
    """

    network: str
    config: str
    filler: str | None = None
    pianist: str | None = None


NETWORKS: dict[str, Kind] = {
    "anticipation-rnn": Kind(
        "anticipation_rnn.network:AnticipationRNN",
        "anticipation_rnn.network:AnticipationConfig",
        "anticipation_rnn.filler:AnticipationFiller",
    ),
    "revision": Kind("revision.network:RevisionNetwork", "revision.network:RevisionConfig"),
    "deephear": Kind(
        "deephear.network:DeepHear", "deephear.network:DeepHearConfig", pianist="deephear.filler:DeepHearFiller"
    ),
    "deephear-2015": Kind(
        "deephear.paper:DeepHear2015", "deephear.paper:DeepHear2015Config", pianist="deephear.paper:Paper"
    ),
}


def list_models() -> list[dict[str, Any]]:
    """Configurations of the models that are there, by name.

    Returns
    -------
    list of dict
        Keys ``name, network, sizes, sha256, data, licence, figures, summary``.
    """
    folder = data_folder("models")
    return [_config(path.parent) for path in sorted(folder.glob(f"*/{CONFIG}"))]


def model_config(name: str) -> dict[str, Any]:
    """The configuration of one model, with the keys of `list_models`; errors as `model_folder` has them."""
    return _config(model_folder(name))


def model_folder(name: str) -> Path:
    """The folder of a model: of a shipped one by its name, of any other one by its path.

    Raises
    ------
    ModelError
        There is no such model.
    """
    # A path that is absolute leads out of the shipped models.
    for folder in (data_folder("models") / name, Path(name)):
        with suppress(OSError):  # a name may be too long for a file
            if (folder / CONFIG).is_file():
                return folder
    known = ", ".join(config["name"] for config in list_models()) or "none"
    raise ModelError(f"there is no model '{name}'; the models are: {known}, or the folder of one of your own")


@lru_cache(maxsize=2)
def load_filler(name: str = MODEL) -> Filler:
    """A model ready to fill grids; made once, since its tables take a while.

    Raises
    ------
    ModelError
        There is no such model, its weights are damaged, or it is none that fills grids by itself.
    """
    network = load_network(name)
    config = _config(model_folder(name))
    kind = _kind(config)
    if kind.pianist is not None:
        raise ModelError(f"'{name}' plays the piano; add the style ragtime, or try {MODEL}")
    if kind.filler is None:
        raise ModelError(f"'{name}' fills no grids by itself; try {MODEL}")
    if len(config["sizes"].get("rows", ALL_VOICES)) < len(ALL_VOICES):
        raise ModelError(f"'{name}' does not write all four voices; try {MODEL}")
    filler: Filler = _class(kind.filler)(network)
    if reviser := config.get("reviser"):
        filler = _class("revision.filler:DraftAndRevise")(filler, lambda: load_reviser(reviser))
    return filler


@lru_cache(maxsize=2)
def load_pianist(name: str = PIANO_MODEL) -> Pianist:
    """A model ready to fill piano rolls.

    Raises
    ------
    ModelError
        There is no such model, its weights are damaged, or it fills no piano rolls.
    """
    network = load_network(name)
    kind = _kind(_config(model_folder(name)))
    if kind.pianist is None:
        raise ModelError(f"'{name}' does not play the piano; leave out the style ragtime, or try {PIANO_MODEL}")
    pianist: Pianist = _class(kind.pianist)(network)
    return pianist


@lru_cache(maxsize=1)
def load_reviser(name: str) -> Reviser:
    """What revises drafts; errors as `load_filler` has them."""
    reviser: Reviser = _class("revision.filler:Reviser")(load_network(name))
    return reviser


@lru_cache(maxsize=4)
def load_network(name: str = MODEL) -> Any:
    """A model's network, in evaluation mode and single precision; see `load_filler`.

    Returns
    -------
    nn.Module
        Of the class that `NETWORKS` names for it.
    """
    folder = model_folder(name)
    config = _config(folder)
    kind = _kind(config)
    data = _checked(folder / WEIGHTS, str(config["sha256"]))

    from safetensors.torch import load

    network = _class(kind.network)(_sizes(kind, config))
    try:
        network.load_state_dict({key: value.float() for key, value in load(data).items()})
    except (RuntimeError, ValueError) as error:
        raise ModelError("the weights do not fit config.json; install scoreassist again", source=name) from error
    return network.eval()


def build_network(kind: str, sizes: Any) -> Any:
    """A fresh network.

    Parameters
    ----------
    kind : a key of `NETWORKS`
    sizes : the network's configuration

    Returns
    -------
    nn.Module
    """
    return _class(NETWORKS[kind].network)(sizes)


def save_network(network: nn.Module, folder: Path, about: dict[str, Any]) -> None:
    """Write a network's weights in half precision, and its configuration.

    Parameters
    ----------
    network : nn.Module
        Of a class that `NETWORKS` has.
    folder : path
        ``models/<name>``.
    about : dict
        ``data, licence, figures, summary`` as `list_models` shows them, and ``reviser``, the model that revises
        what this one drafts, if there is one.
    """
    from dataclasses import asdict

    import torch
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().to(torch.float16).contiguous() for key, value in network.state_dict().items()}
    data = save(state)
    own = type(network)
    path = f"{own.__module__.removeprefix('scoreassist.networks.')}:{own.__name__}"
    config = {
        "name": folder.name,
        "network": next(name for name, kind in NETWORKS.items() if kind.network == path),
        "sizes": asdict(network.config),  # type: ignore[call-overload]
        "sha256": hashlib.sha256(data).hexdigest(),
        **about,
    }
    (folder / WEIGHTS).write_bytes(data)
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def _class(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(f"scoreassist.networks.{module}"), name)


def _kind(config: dict[str, Any]) -> Kind:
    if config.get("network") not in NETWORKS:
        raise ModelError(
            f"this release knows no network '{config.get('network')}', only {', '.join(NETWORKS)}",
            source=str(config.get("name")),
        )
    return NETWORKS[config["network"]]


def _sizes(kind: Kind, config: dict[str, Any]) -> Any:
    """The configuration that stands in the file; lists are tuples there."""
    own, stored = _class(kind.config), config["sizes"]
    if unknown := set(stored) - {field.name for field in fields(own)}:
        raise ModelError(f"this release knows no size '{min(unknown)}'", source=str(config["name"]))
    return own(**{key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()})


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{CONFIG} cannot be read; install scoreassist again", source=folder.name) from error
    if not isinstance(config, dict) or (missing := [key for key in KEYS if key not in config]):
        what = ", ".join(missing) if isinstance(config, dict) else "all that it should say"
        raise ModelError(f"{CONFIG} lacks {what}; train the model again", source=folder.name)
    return config


def _checked(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.name} is missing; install scoreassist again", source=path.parent.name) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"{path.name} is damaged; install scoreassist again", source=path.parent.name)
    return data
