"""Times drafts, per measure, by candidates and by length, beside what reading the weights takes, and whole fills.

A chorale's soprano is given and alto, tenor and bass are drawn, over and over until the length is reached; time
does not depend on the weights. *Cold* is a fresh process: imports, loading, and the first draft; *warm* the
best of several drafts after one that does not count. Two cores that do other work besides make all seconds longer,
so ratios are formed within one run, and processor time is printed beside the clock's.

The *floor* is the time in which a tick's weights could be read: their bytes over the rate at which this process
reads memory: from a buffer far larger than any cache, and from one of the weights' own size, as they are read if a
cache holds them from tick to tick. A *fill* is what a user waits for: the draft of some candidates, the choice of
one and its revision, with the default options. What *rules* cost is measured in turn with what has none.

    python benchmarks/sampling.py
    python benchmarks/sampling.py --model bach-chorale --candidates 1 8 --lengths 8 64 --repeat 2
    python benchmarks/sampling.py --rules          # only eight candidates with rules beside one without
    python benchmarks/sampling.py --fresh          # a random network of the default sizes, without weights
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

if TYPE_CHECKING:
    from scoreassist.networks.anticipation_rnn.filler import AnticipationFiller
    from scoreassist.networks.filler import Task

TICKS = 16  # of a measure
MEASURES = 16
LENGTHS = (8, 16, 32, 64, 128, 256, 512)
CANDIDATES = (1, 8, 32)
RULED = 8  # candidates that are compared with one that knows no rules
LARGE = 256 << 20  # bytes, beyond any cache


@dataclass(frozen=True)
class Span:
    """Seconds that something took, by the clock and of the processor."""

    wall: float
    cpu: float


def timed(draft: Any, repeat: int) -> Span:
    """The best of some drafts, after one that does not count."""
    draft()
    spans = [timed_once(draft) for _ in range(repeat)]
    return Span(min(s.wall for s in spans), min(s.cpu for s in spans))


def timed_once(draft: Any) -> Span:
    """A draft, whatever it is."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    draft()
    return Span(time.perf_counter() - wall, time.process_time() - cpu)


def harmonizing(measures: int) -> Task:
    """The sopranos of the valid chorales one after the other, so many measures, with nothing below them."""
    import numpy as np

    from scoreassist.corpus import chorales
    from scoreassist.grid.holes import FREE
    from scoreassist.grid.voices import Grid
    from scoreassist.networks.filler import Task

    grids, ticks = [piece.grid for piece in chorales("valid")], measures * TICKS
    copies = -(-ticks // sum(grid.ticks for grid in grids))
    fields = Grid.__dataclass_fields__
    whole = Grid(**{name: np.concatenate([getattr(g, name) for g in grids] * copies, -1) for name in fields})
    grid = whole.cut(0, ticks)
    known = np.zeros_like(grid.known)
    known[0] = grid.known[0]
    return Task(replace(grid, known=known), np.zeros_like(known), np.full(known.shape, FREE))


def load(model: str | None) -> AnticipationFiller:
    """A model, or, without one, a network of the default sizes with random weights in half precision."""
    import torch

    from scoreassist.networks.anticipation_rnn.filler import AnticipationFiller
    from scoreassist.networks.anticipation_rnn.network import AnticipationRNN
    from scoreassist.networks.store import load_network

    if model is not None:
        return AnticipationFiller(load_network(model))
    torch.manual_seed(0)
    network = AnticipationRNN()
    network.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    return AnticipationFiller(network)


def drafting(filler: AnticipationFiller, measures: int, candidates: int) -> Any:
    """What draws drafts of some measures."""
    from scoreassist.sampling import SamplingOptions

    return partial(filler.draft, harmonizing(measures), SamplingOptions(candidates=candidates, seed=1))


def cold(model: str | None) -> dict[str, float]:
    """Seconds of a process from its start to its first draft, by phase, and its peak memory in MiB."""
    began, laps = time.perf_counter(), {}

    def lap(phase: str) -> None:
        nonlocal began
        now = time.perf_counter()
        laps[phase], began = now - began, now

    import torch  # noqa: F401

    lap("import torch")
    import scoreassist.networks.anticipation_rnn.filler  # noqa: F401

    lap("import the network")
    filler = load(model)
    lap("load")
    draft = drafting(filler, MEASURES, 1)
    began = time.perf_counter()  # reading the chorales is no part of it
    draft()
    lap("first draft")
    draft()
    lap("second draft")
    return laps | {"peak": peak()}


def peak() -> float:
    """Most memory that this process has had, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def in_a_fresh_process(*words: str) -> dict[str, float]:
    """What this program prints with `words`, as JSON."""
    answer = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def bytes_read(filler: AnticipationFiller) -> int:
    """Bytes of weights that a tick reads for one candidate, three voices being drawn."""
    steps = filler.steps
    lookups = [steps.past, *steps.heads.local[1:]]
    rows = sum(len(lookup.starts) * lookup.table[0].nbytes for lookup in lookups)
    dense = sum(lookup.dense.nbytes for lookup in lookups if lookup.dense is not None)
    outputs = sum(weight.nbytes for weight, _ in steps.heads.out[1:])
    return sum(product.bytes for product in steps.products) + rows + dense + outputs


def reading_rate(size: int) -> float:
    """Bytes a second at which a buffer of so many is read over and over, at best."""
    import numpy as np

    buffer = np.ones(size // 4, dtype=np.float32)
    times = max(LARGE // size, 1)
    buffer.max()
    best = float("inf")
    for _ in range(7):
        began = time.process_time()
        for _ in range(times):
            buffer.max()
        best = min(best, time.process_time() - began)
    return size * times / best


def by_candidates(filler: AnticipationFiller, counts: list[int], repeat: int) -> list[list[str]]:
    """Times of 16 measures and their ratios to one candidate and to the floor."""
    size, ticks = bytes_read(filler), MEASURES * TICKS
    rates = reading_rate(LARGE), reading_rate(size)
    microseconds = [1e6 * size / rate for rate in rates]
    print(
        f"- floor: {size / 1e6:.2f} MB a tick; from memory at {rates[0] / 1e9:.0f} GB/s {microseconds[0]:.0f} µs,"
    )
    print(f"  from a buffer of that size at {rates[1] / 1e9:.0f} GB/s {microseconds[1]:.0f} µs")
    spans = {count: timed(drafting(filler, MEASURES, count), repeat) for count in counts}
    first = spans[counts[0]]
    head = ["candidates", "ms a measure", "of processor time", "µs a tick", f"against {counts[0]}", "measures/s"]
    rows = [[*head, "× the floor, memory", "× the floor, cache"]]
    for count, span in spans.items():
        tick = span.cpu / ticks
        row = [f"{1000 * span.wall / MEASURES:.1f}", f"{1000 * span.cpu / MEASURES:.1f}", f"{1e6 * tick:.0f}"]
        row += [f"{span.cpu / first.cpu:.2f}", f"{count * MEASURES / span.wall:.0f}"]
        rows.append([str(count), *row, *(f"{tick * rate / size:.1f}" for rate in rates)])
    return rows


def by_length(filler: AnticipationFiller, lengths: list[int], repeat: int) -> list[list[str]]:
    """Times of one candidate by length; a linear growth has the same time a measure everywhere."""
    rows = [["measures", "s", "ms a measure", "of processor time"]]
    for length in lengths:
        span = timed(drafting(filler, length, 1), repeat if length <= MEASURES else 1)
        rows.append(
            [str(length), f"{span.wall:.2f}", *(f"{1000 * s / length:.1f}" for s in (span.wall, span.cpu))]
        )
    return rows


def by_fill(model: str, lengths: list[int], repeat: int) -> list[list[str]]:
    """Times of whole fills with the default candidates and passes, beside those of their drafts."""
    from scoreassist.networks.store import load_filler
    from scoreassist.options import CANDIDATES as DEFAULT
    from scoreassist.sampling import SamplingOptions

    filler, drafter = load_filler(model), load(model)
    rows = [["measures", "draft, ms", "fill, ms", "× the draft", "fill, ms a measure", "of processor time"]]
    for length in lengths:
        times = repeat if length <= MEASURES else 1
        draft = timed(drafting(drafter, length, DEFAULT), times)
        fill = timed(partial(filler.fill, harmonizing(length), SamplingOptions(seed=1)), times)
        row = [f"{1000 * draft.wall:.0f}", f"{1000 * fill.wall:.0f}", f"{fill.cpu / draft.cpu:.2f}"]
        rows.append([str(length), *row, *(f"{1000 * s / length:.1f}" for s in (fill.wall, fill.cpu))])
    return rows


def by_rules(model: str, repeat: int) -> list[list[str]]:
    """Times of many candidates with all rules that act by default beside one without any, in turn.

    What else the machine does then lengthens both sides of a ratio; the ratio is the median of the rounds.
    """
    from scoreassist.networks.store import load_filler
    from scoreassist.sampling import SamplingOptions
    from scoreassist.wishes.parsing import DEFAULT_STRENGTHS

    task = harmonizing(MEASURES)
    many = SamplingOptions(candidates=RULED, seed=1, strengths=DEFAULT_STRENGTHS)
    plain = SamplingOptions(candidates=1, seed=1, rules=(), resampling=False)
    rows = [
        ["16 measures", f"{RULED} with all default rules, ms", "1 without rules, ms", "ratio", "least and most"]
    ]
    for name, draw in (("drafts", load(model).draft), ("whole fills", load_filler(model).fill)):
        both = [partial(draw, task, options) for options in (many, plain)]
        rounds = [[timed_once(one) for one in both] for _ in range(repeat + 1)][1:]
        ratios = sorted(ruled.cpu / one.cpu for ruled, one in rounds)
        milliseconds = [
            f"{1000 * statistics.median(span.wall for span in spans):.0f}" for spans in zip(*rounds, strict=True)
        ]
        rows.append(
            [name, *milliseconds, f"{statistics.median(ratios):.2f}", f"{ratios[0]:.2f}, {ratios[-1]:.2f}"]
        )
    return rows


def main() -> int:
    from scoreassist.networks.store import list_models
    from scoreassist.options import MODEL

    choirs = [model["name"] for model in list_models() if len(model["sizes"].get("rows", ())) == 4]
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--model", default=MODEL, help="one that writes four voices")
    parser.add_argument("--fresh", action="store_true", help="random weights of the default sizes, no model")
    parser.add_argument("--candidates", nargs="+", type=int, default=list(CANDIDATES))
    parser.add_argument("--lengths", nargs="+", type=int, default=list(LENGTHS), help="measures")
    parser.add_argument("--repeat", type=int, default=5, help="drafts, of which the best counts")
    parser.add_argument("--rules", action="store_true", help="only what candidates and rules cost")
    parser.add_argument("--cold", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    model = None if arguments.fresh else arguments.model
    if model is not None and model not in choirs:
        sys.exit(f"'{model}' does not write four voices; try {' or '.join(choirs)}")
    words = ["--fresh"] if model is None else ["--model", model]
    if arguments.cold:
        print(json.dumps(cold(model)))
        return 0
    if arguments.peak:
        drafting(load(model), MEASURES, arguments.peak)()
        print(json.dumps({"peak": peak()}))
        return 0
    report(model, words, arguments)
    return 0


def report(model: str | None, words: list[str], arguments: argparse.Namespace) -> None:
    """Measure everything and print it."""
    import torch
    from circumstances import circumstances, markdown

    torch.set_num_threads(1)
    if arguments.rules and model is not None:
        what = f"soprano given, seed 1, median of {arguments.repeat} in turn, of processor time; one thread"
        print(circumstances(what, model=model), markdown(by_rules(model, arguments.repeat)), sep="\n\n")
        return
    what = f"soprano given, seed 1, best of {arguments.repeat}; one thread"
    told = what if model else f"{what}, random weights of the default sizes"
    print(
        circumstances(told, "other work on the machine lengthens all times; compare within one table", model=model)
    )
    started = in_a_fresh_process(*words, "--cold")
    filler = load(model)
    rows = by_candidates(filler, arguments.candidates, arguments.repeat)
    rows[0].append("peak memory, MiB")
    for row in rows[1:]:
        row.append(f"{in_a_fresh_process(*words, '--peak', row[0])['peak']:.0f}")
    print(f"\n{MEASURES} measures, warm:\n", markdown(rows), sep="\n")
    names = [name for name in started if name != "peak"]
    laps = [names, [f"{started[name]:.2f}" for name in names]]
    print(f"\nA fresh process, one candidate, {MEASURES} measures, seconds:\n", markdown(laps), sep="\n")
    print(
        "\nBy length, one candidate:\n", markdown(by_length(filler, arguments.lengths, arguments.repeat)), sep="\n"
    )
    if model is not None:
        from scoreassist.options import CANDIDATES as DEFAULT
        from scoreassist.options import PASSES

        fills = by_fill(model, sorted({MEASURES, *arguments.lengths}), arguments.repeat)
        print(
            "\nWhat candidates and rules cost, warm, in turn:\n",
            markdown(by_rules(model, arguments.repeat)),
            sep="\n",
        )
        print(f"\nWhole fills, {DEFAULT} candidates, {PASSES} passes, warm:\n", markdown(fills), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
