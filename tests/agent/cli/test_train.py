"""`agent train`: a model trained from nothing and one that goes on from it plan a tiny office's requests right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from deskhand.cli.main import main
from deskhand_models.checkpoint import load
from deskhand_models.corpus.pairs import read_blocks, sentence_files
from deskhand_models.corpus.validate import encode
from deskhand_models.decode import decode
from deskhand_models.encoder import Encoder
from deskhand_models.features import Memory, features, items_of

OFFICE = "gavel-and-oak"
SENTENCES = [
    (
        "s1: select SaleNo, SaleTitle from saleroom.Sales where SaleDate > current_date",
        "e1> which sales are still to come?",
    ),
    ("s1: select count(*) from saleroom.Lots where Outcome = 'BI'", "e2> how many lots were bought in?"),
    (
        "s1: select LotNo, Descr, Hammer from saleroom.Lots where Hammer > $1",
        "e3> lots that hammered over {1:2000}",
    ),
    (
        "s1: select LotNo, Hammer from saleroom.Lots where Outcome = 'SOLD'\nemail.send to=accounts@gaveloak.example list=s1",
        "e4> mail Dilip the sold lots",
    ),
    ("ask: recipient", "e5> send it to her"),
    ("cannot: operation", "e6> phone all the buyers"),
]


def written(folder: Path, pairs: list[tuple[str, str]]) -> Path:
    file = folder / f"{OFFICE}.txt"
    blocks = "\n\n".join(f"{plan}\n{sentence}" for plan, sentence in pairs)
    file.write_text(f"office: {OFFICE}\nwriter: e\n\n{blocks}\n", encoding="utf-8")
    return file


def right(checkpoint: Path, file: Path) -> int:
    """How many of the file's sentences the checkpoint plans as they are written there."""
    model, encoder = load(checkpoint), Encoder.load()
    memory = Memory(encoder)
    found = 0
    blocks, _ = read_blocks(file)
    for block in blocks:
        pair = encode(block, block.sentences[0])
        made = features(pair.cut, encoder.states(pair.cut.request), memory, items_of(pair.cut))
        best = decode(model, pair.cut, made, beams=2)
        found += bool(best) and best[0].signs == pair.signs
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_presets_of_ci_learn_a_tiny_office(tmp_path: Path) -> None:
    file = written(tmp_path, SENTENCES)
    run = ["train", "pretrain", "--preset", "ci", "--data", str(file), "--threads", "1", "--out", str(tmp_path / "one")]
    assert main(run) == 0
    assert right(tmp_path / "one" / "checkpoint", file) >= 5
    more = written(
        tmp_path / "one", [("s1: select count(*) from saleroom.Sales", "e1> number of sales?"), *SENTENCES[1:3]]
    )
    start = str(tmp_path / "one" / "checkpoint")
    run = [
        "train",
        "finetune",
        "--from",
        start,
        "--data",
        str(more),
        "--steps",
        "60",
        "--threads",
        "1",
        "--out",
        str(tmp_path / "two"),
    ]
    assert main(run) == 0
    assert right(tmp_path / "two" / "checkpoint", more) == 3


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_train_one_model_together(tmp_path: Path) -> None:
    file = written(tmp_path, SENTENCES)
    torchrun = [str(Path(sys.executable).parent / "torchrun"), "--standalone", "--nproc-per-node", "2", "--no-python"]
    agent = [sys.executable, "-m", "deskhand.cli.main", "train", "pretrain", "--preset", "ci", "--steps", "60"]
    done = subprocess.run(
        [*torchrun, *agent, "--data", str(file), "--out", str(tmp_path / "run")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("trained on 6 sentences, 60 steps") == 1, "the first process alone writes and says so"
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=False)
    assert state["step"] == 60
    assert right(tmp_path / "run" / "checkpoint", file) >= 1, "it has learnt from both halves"


def test_wrong_use_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pretrain", "--preset", "ci", "--office", "nowhere", "--out", str(tmp_path / "x")]) == 64
    assert "the corpus has no office 'nowhere'" in capsys.readouterr().err
    bad = written(tmp_path, [("s1: select colour from saleroom.Lots", "e1> colours")])
    assert main(["train", "pretrain", "--preset", "ci", "--data", str(bad), "--out", str(tmp_path / "y")]) != 0
    assert "colour" in capsys.readouterr().err
    assert main(["train", "finetune", "--from", str(tmp_path), "--out", str(tmp_path / "z")]) != 0
    assert "config.json" in capsys.readouterr().err


def test_the_corpus_has_the_office_of_this_test() -> None:
    assert f"{OFFICE}.txt" in {file.name for file in sentence_files()}
