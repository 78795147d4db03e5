"""Samples melodies under the paper's constraint sets: whether pins hold, and whether the melody leads into them.

Hadjeres & Nielsen (arXiv 1709.06404, section 5) name the sets C0 to C6. What they require stands in `SETS`; where
the paper leaves symbols or places open, those below are our own, and say so. Each set is sampled as one batch,
soprano alone, in 4/4, key and fermatas unknown, at temperature 1 and without any rule, in three ways:

    told      the constraint LSTM reads the pins
    not told  it reads that nothing is required
    zeroed    its output is zero, as if it were not there

Pins are copied in all three, so that they hold; what differs is how likely the network finds them when it gets
there. The chance that a melody drawn freely would meet all pins is the mean over the samples of the product of
the probabilities of its pins: an unbiased estimate, since all other cells are drawn as they would be.

    python benchmarks/constraints.py
    python benchmarks/constraints.py --samples 100 --plot models/bach-melody/constraints.svg

Exit status 1 if a pin does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from circumstances import circumstances, markdown  # noqa: E402

from scoreassist.corpus import bare_grid  # noqa: E402
from scoreassist.grid.holes import FREE  # noqa: E402
from scoreassist.grid.voices import Grid  # noqa: E402
from scoreassist.networks.anticipation_rnn.filler import AnticipationFiller  # noqa: E402
from scoreassist.networks.anticipation_rnn.network import AnticipationRNN, cell_log_prob  # noqa: E402
from scoreassist.networks.batches import cells, collate_padded  # noqa: E402
from scoreassist.networks.filler import Candidates, Task  # noqa: E402
from scoreassist.networks.store import load_network  # noqa: E402
from scoreassist.sampling import SamplingOptions  # noqa: E402
from scoreassist.score.metre import COMMON_TIME, TICKS_PER_QUARTER, strengths  # noqa: E402

MODEL = "bach-melody"
MEASURE = 16  # ticks
APPROACH = 16  # ticks before a pin that count as the path into it
FORWARD_BATCH = 250

C, D, E, F, G, A, B = 60, 62, 64, 65, 67, 69, 71
SHARP, OCTAVE, TRITONE = 1, 12, 6

# Opening and ending of C1, a note a beat: ours, in G major. The paper's C2 moves the ending by a tritone.
OPENING = (G, A, B, C + OCTAVE)
ENDING = (C + OCTAVE, B, A, G)

# C5 and C6 list 40 symbols in the paper; these are ours, of a tune in C major that leaps more than a chorale.
FORTY = (
    *(C, E, G, C + OCTAVE, B, G, A, F, D, G),
    *(E, C, F, A, C + OCTAVE, A, F, D, B, G),
    *(C + OCTAVE, E + OCTAVE, D + OCTAVE, B, G, A, B, C + OCTAVE, G, E),
    *(F, A, D, F, G, B, D, F, E, C),
)


@dataclass(frozen=True)
class Pins:
    """A constraint set.

    Attributes
    ----------
    about : str
    measures : int
        Length of the melody, in 4/4.
    at : dict of float to int
        MIDI numbers struck at beats counted from 0; the ticks between are free.
    """

    about: str
    measures: int
    at: dict[float, int]

    @property
    def ticks(self) -> dict[int, int]:
        """MIDI numbers by tick."""
        return {int(beat * TICKS_PER_QUARTER): pitch for beat, pitch in self.at.items()}


def _line(first: float, notes: tuple[int, ...], step: float = 1) -> dict[float, int]:
    return {first + index * step: note for index, note in enumerate(notes)}


SETS: dict[str, Pins] = {
    # Beat 9 is the first of the third measure; the length is ours.
    "C0": Pins("one G4 at beat 9", 4, {8: G}),
    "C1": Pins("opening and ending given, 8 free beats between", 4, _line(0, OPENING) | _line(12, ENDING)),
    "C2": Pins(
        "C1 with the ending a tritone higher",
        4,
        _line(0, OPENING) | _line(12, tuple(note + TRITONE for note in ENDING)),
    ),
    # Places and octaves other than D5 are ours: every sixth beat, and the last but one.
    "C3": Pins("pegs D4 D4 D5 D4 A4 over six measures", 6, {0: D, 6: D, 12: D + OCTAVE, 18: D, 22: A}),
    "C4": Pins("a chromatic ladder from C4 to C5, a note a beat", 4, _line(0, tuple(range(C, C + OCTAVE + 1)))),
    "C5": Pins("40 given notes, an eighth each", 5, _line(0, FORTY, 0.5)),
    "C6": Pins("40 given notes, a quarter each", 10, _line(0, FORTY)),
}

WAYS = ("told", "not told", "zeroed")


@dataclass(frozen=True)
class Outcome:
    """Samples of a set in one way.

    Attributes
    ----------
    held : float
        Share of samples in which every pin holds.
    log_prob : float array (samples, ticks)
        Nats, of every cell of each sample given those before it, those pinned too.
    seconds : float
        To draw the samples.
    """

    pins: Pins
    held: float
    log_prob: np.ndarray
    seconds: float

    def all_met_freely(self) -> float:
        """Chance that a melody drawn without copying would meet all pins."""
        return float(np.exp(self.log_prob[:, list(self.pins.ticks)].sum(1)).mean())

    def met_freely(self) -> float:
        """Chance of one pin, mean over pins and samples."""
        return float(np.exp(self.log_prob[:, list(self.pins.ticks)]).mean())

    def pin(self) -> float:
        """Log-probability of a pin, mean over pins and samples."""
        return float(self.log_prob[:, list(self.pins.ticks)].mean())

    def path(self) -> float:
        """Log-probability of a pin and the free cells of the `APPROACH` ticks before it, mean likewise."""
        free = np.ones(self.log_prob.shape[1], dtype=bool)
        free[list(self.pins.ticks)] = False
        paths = []
        for tick in self.pins.ticks:
            before = slice(max(tick - APPROACH, 0), tick)
            paths.append(self.log_prob[:, before][:, free[before]].sum(1) + self.log_prob[:, tick])
        return float(np.mean(paths))


def task(pins: Pins) -> Task:
    """A melody of which only the pins are known."""
    pitch = np.full((4, pins.measures * MEASURE), -1, dtype=np.int64)
    known = np.zeros(pitch.shape, dtype=bool)
    for tick, midi in pins.ticks.items():
        pitch[0, tick], known[0, tick] = midi, True
    level = np.tile(strengths(COMMON_TIME, MEASURE), pins.measures)
    grid = replace(bare_grid(pitch), known=known, struck=known.copy(), level=level)
    return Task(grid, np.zeros_like(known), np.full(known.shape, FREE))


@contextmanager
def listening(network: AnticipationRNN, way: str) -> Iterator[None]:
    """Let the constraint LSTM be told of the pins, not told, or zeroed."""
    hear: Callable[..., torch.Tensor] = network.anticipate
    if way == "not told":
        deafened: Any = lambda batch, metadata: hear(  # noqa: E731
            replace(batch, known=torch.zeros_like(batch.known)), metadata
        )
        network.anticipate = deafened  # type: ignore[method-assign]
    network.deaf = way == "zeroed"
    try:
        yield
    finally:
        network.deaf = False
        network.__dict__.pop("anticipate", None)


def sample(network: AnticipationRNN, pins: Pins, count: int, seed: int) -> Candidates:
    """Melodies under a constraint set, as one batch."""
    options = SamplingOptions(seed=seed, temperature=1.0, candidates=count, rules=())
    return AnticipationFiller(network, unaided=True).draft(task(pins), options)


def cell_log_probs(network: AnticipationRNN, grid: Grid, drawn: Candidates) -> np.ndarray:
    """Log-probability of every soprano cell of some samples, those known too: float (samples, ticks)."""
    rows = []
    for pitch, struck in zip(drawn.pitch, drawn.struck, strict=True):
        whole = replace(grid, pitch=pitch, struck=struck, known=np.ones_like(grid.known))
        rows.append(cells(whole, grid.known, rows=network.config.rows))
    found = []
    for at in range(0, len(rows), FORWARD_BATCH):
        batch = collate_padded(rows[at : at + FORWARD_BATCH])
        with torch.inference_mode():
            logits, again = network(batch)
            everything = replace(batch, known=torch.zeros_like(batch.known))
            parts = cell_log_prob(everything, logits, again)
        found.append(sum(parts)[:, 0, : grid.ticks].numpy())
    return np.concatenate(found)


def measure(network: AnticipationRNN, pins: Pins, way: str, count: int, seed: int) -> Outcome:
    """Sample a set in one way."""
    with listening(network, way):
        began = time.perf_counter()
        drawn = sample(network, pins, count, seed)
        seconds = time.perf_counter() - began
        log_prob = cell_log_probs(network, drawn.task.grid, drawn)
    wanted = drawn.task.grid
    pinned = wanted.known[0]
    right = (drawn.pitch[:, 0, pinned] == wanted.pitch[0, pinned]) & drawn.struck[:, 0, pinned]
    return Outcome(pins, float(right.all(1).mean()), log_prob.astype(np.float64), seconds)


def table(outcomes: dict[str, dict[str, Outcome]]) -> str:
    """The outcomes as a Markdown table."""
    rows = [["set", "pins", "hold", "all met freely", "one met freely", "nats, a pin", "nats, its path", "s"]]
    for name, ways in outcomes.items():
        told = ways["told"]
        columns = [
            [_percent(o.all_met_freely()) for o in ways.values()],
            [_percent(o.met_freely()) for o in ways.values()],
            [f"{o.pin():.2f}" for o in ways.values()],
            [f"{o.path():.2f}" for o in ways.values()],
        ]
        held = min(o.held for o in ways.values())
        figures = [" / ".join(column) for column in columns]
        about = f"{told.pins.about} ({len(told.pins.at)})"
        rows.append([name, about, _percent(held), *figures, f"{told.seconds:.1f}"])
    return markdown(rows)


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return f"{100 * share:.0e} %"
    return f"{100 * share:.4g} %" if share < 1 else "100 %"


def plot(outcomes: dict[str, dict[str, Outcome]], path: Path) -> None:
    """Draw the log-probability of the sampled melodies against position; pins as grey lines."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "scoreassist"
    figure, panels = plt.subplots(len(outcomes), 1, figsize=(9, 1.7 * len(outcomes)), sharey=True, squeeze=False)
    for axes, (name, ways) in zip(panels[:, 0], outcomes.items(), strict=True):
        for tick in ways["told"].pins.ticks:
            axes.axvline(1 + tick / TICKS_PER_QUARTER, color="0.85", lw=2, zorder=0)
        for way, colour in zip(WAYS, ("#1f5fa8", "#c05a00", "#999999"), strict=True):
            line = ways[way].log_prob.mean(0)
            axes.plot(1 + np.arange(line.size) / TICKS_PER_QUARTER, line, color=colour, lw=1, label=way)
        axes.set_title(f"{name}: {ways['told'].pins.about}", fontsize=9, loc="left")
        axes.set(ylim=(-12, 0.3), xlim=(0.5, 1 + line.size / TICKS_PER_QUARTER))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylabel("nats a cell", fontsize=8)
    panels[-1, 0].set_xlabel("beat")
    panels[0, 0].legend(fontsize=8, ncols=3, loc="lower left")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--samples", type=int, default=1000, help="of each set, drawn as one batch")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="write the picture there (.svg)")
    arguments = parser.parse_args()
    network = load_network(MODEL)
    outcomes: dict[str, dict[str, Outcome]] = {}
    for name in arguments.sets:
        outcomes[name] = {}
        for way in WAYS:
            outcomes[name][way] = measure(network, SETS[name], way, arguments.samples, arguments.seed)
            print(f"{name}, {way}: {outcomes[name][way].seconds:.1f} s", file=sys.stderr)
    told = circumstances(
        f"{arguments.samples} samples of each set in each way, seed {arguments.seed}, temperature 1, no rules",
        f"figures: {' / '.join(WAYS)}; freely: if pins were drawn like other cells and not copied",
        f"a path: the free cells of the {APPROACH} sixteenths before a pin, and the pin; s: to draw all, told",
        model=MODEL,
    )
    print(told, table(outcomes), sep="\n\n")
    if arguments.plot:
        plot(outcomes, arguments.plot)
    return 0 if all(o.held == 1 for ways in outcomes.values() for o in ways.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
