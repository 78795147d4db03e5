"""Every metric that is reported anywhere.

`evaluate` measures likelihood and greedy decoding on the cells that a task hides, `samples` what a teacher would
count in finished harmonizations; `record` writes either into a model's configuration. Of models for piano
`piano_report.evaluate_piano` measures all there is.
"""

from __future__ import annotations

from scoreassist.evaluation.comparison import paired, without_anticipation
from scoreassist.evaluation.decoding import decode
from scoreassist.evaluation.likelihood import nll, piece_log_probs, piece_nll, score_pieces
from scoreassist.evaluation.musicianship import musicianship
from scoreassist.evaluation.records import record
from scoreassist.evaluation.report import check_request, evaluate, tasks_of
from scoreassist.evaluation.samples import UNRULED, samples
from scoreassist.evaluation.tasks import LONGEST_TICKS, TASKS, count_pieces, known_cells, set_exam, split_pieces

__all__ = [
    "LONGEST_TICKS",
    "TASKS",
    "UNRULED",
    "check_request",
    "count_pieces",
    "decode",
    "evaluate",
    "known_cells",
    "musicianship",
    "nll",
    "paired",
    "piece_log_probs",
    "piece_nll",
    "record",
    "samples",
    "score_pieces",
    "set_exam",
    "split_pieces",
    "tasks_of",
    "without_anticipation",
]
