"""Around the loop: which sentences a run learns from, and its checkpoint.

This module refuses to write a checkpoint without saying what made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources.abc import Traversable
from pathlib import Path

from deskhand.errors import DataError, Problem, UsageError

from deskhand_models.checkpoint import save as save_checkpoint
from deskhand_models.corpus.pairs import sentence_files
from deskhand_models.corpus.validate import pairs_of
from deskhand_models.gpt import PlanGPT, parameters
from deskhand_models.training.loop import Settings, training_templates
from deskhand_models.training.templates import Template, corpus_digest, template_of


def chosen_templates(settings: Settings, cache: Path, offices: Sequence[str], files: Sequence[Path]) -> list[Template]:
    """The sentences of these files, or of these offices, or all that may be trained on.

    Raises DataError for a file with a line that is no pair, UsageError for an office that the corpus doesn't have.
    """
    if offices:
        known = {file.name.removesuffix(".txt"): file for file in sentence_files()}
        for name in offices:
            if name not in known:
                mend = f"Some of them: {', '.join(sorted(known)[:5])}."
                raise UsageError(f"the corpus has no office {name!r}", mend=mend)
        return [template for name in offices for template in _read(known[name])]
    if files:
        return [template for file in files for template in _read(file)]
    return training_templates(settings, cache)


def _read(file: Traversable) -> list[Template]:
    found: list[Template] = []
    for pair in pairs_of(file):
        if isinstance(pair, Problem):
            raise DataError(pair.message, mend=pair.mend, where=pair.where)
        found.append(template_of(pair))
    return found


def save(folder: Path, model: PlanGPT, settings: Settings, sentences: int) -> None:
    """Write the model's checkpoint."""
    weights = {name: tensor.detach().float().numpy() for name, tensor in model.state_dict().items()}
    about = {
        "parameters": parameters(model),
        "corpus": corpus_digest(),
        "sentences": sentences,
        "settings": {key: value for key, value in asdict(settings).items() if key not in ("shape", "start")},
    }
    save_checkpoint(folder, weights, asdict(settings.shape), about)
