"""The house: linters, types, the direction of imports, the wheel, file lengths, a quick start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("agent", "tools", "models", "benchmarks", "tests")
MOST_LINES = 500
HEAVY = (
    "duckdb", "pyarrow", "sqlglot", "dbos", "rich", "openpyxl", "jinja2", "pydantic", "sqlalchemy", "click",
    "numpy", "tokenizers", "safetensors", "torch", "transformers",
)  # fmt: skip


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A tool of this environment, whether or not its scripts are on the PATH."""
    return run(str(Path(sysconfig.get_path("scripts")) / name), *arguments)


def python_files() -> list[Path]:
    return sorted(file for source in SOURCES for file in (ROOT / source).rglob("*.py"))


@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")], ids=["check", "format"])
def test_ruff(arguments: tuple[str, ...]) -> None:
    done = tool("ruff", *arguments, ".")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_mypy() -> None:
    done = tool("mypy")
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_go_one_way() -> None:
    done = tool("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_too_long() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in python_files()}
    assert lengths, "no sources found"
    long = {str(file.relative_to(ROOT)): lines for file, lines in lengths.items() if lines > MOST_LINES}
    assert not long, f"split these by purpose: {long}"


def test_every_module_says_what_it_is_for() -> None:
    import ast

    modules = [file for file in python_files() if file.relative_to(ROOT).parts[0] in ("agent", "tools", "models")]
    silent = [
        str(file.relative_to(ROOT))
        for file in modules
        if file.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(file.read_bytes()))
    ]
    assert not silent, f"these need a docstring: {silent}"


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)], ids=["help", "version"])
def test_help_starts_without_the_heavy_packages(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys; from deskhand.cli.main import main; code = main(sys.argv[2:]);"
        "print(*sorted(set(sys.argv[1].split(',')) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = run(sys.executable, "-c", code, ",".join(HEAVY), *arguments)
    assert (done.returncode, done.stderr.strip()) == (0, ""), "imported at the start"
    assert "agent" in done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree and unpacked into a folder of its own."""
    place = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place))
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = place.glob("deskhand-*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(place / "site")
    return place / "site"


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    tops = {entry.name for entry in wheel.iterdir() if not entry.name.endswith(".dist-info")}
    assert tops == {"deskhand", "deskhand_tools", "deskhand_models"}
    for package in tops:
        assert (wheel / package / "py.typed").is_file()
    (info,) = wheel.glob("*.dist-info")
    assert (info / "licenses" / "LICENSE").read_text(encoding="utf-8") == (ROOT / "LICENSE").read_text(encoding="utf-8")
    shipped = sorted(file.name for file in (wheel / "deskhand" / "_processes").iterdir())
    assert shipped == sorted(file.name for file in (ROOT / "processes").iterdir())
    assert shipped


def test_the_wheel_works_beside_nothing_else(wheel: Path, tmp_path: Path) -> None:
    """Imported from the unpacked wheel; site-packages come as a plain folder, so no editable install is seen."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "import deskhand, deskhand_tools\n"
        "from deskhand_models.corpus.office import offices\n"
        "assert next(offices()).tables\n"
        "from deskhand_models.corpus.pairs import sentence_files\n"
        "assert next(sentence_files()).name\n"
        "from deskhand.cli.main import main\n"
        "from deskhand.workspace import installed_tools, shipped_processes\n"
        "print(deskhand.__file__); print(deskhand_tools.__file__)\n"
        "assert [p.read_text(encoding='utf-8') for p in shipped_processes()]\n"
        "assert [point.load().name for point in installed_tools().values()]\n"
        "code = main(['init', 'office'])\n"
        "sys.exit(code or main(['catalog', '--workspace', 'office']))\n"
    )
    packages = sysconfig.get_path("purelib")
    done = run(sys.executable, "-I", "-S", "-c", code, str(wheel), packages, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = done.stdout.splitlines()[:2]
    assert Path(first).is_relative_to(wheel)
    assert Path(second).is_relative_to(wheel)
    assert "email.send" in done.stdout


def test_the_version_is_said_once_more_only() -> None:
    from deskhand import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__


def test_the_torch_that_make_installs_is_one_that_the_extra_takes() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (named,) = re.findall(r"^TORCH +:= (\S+)$", makefile, re.MULTILINE)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (wanted,) = [one for one in map(Requirement, extras["train"]) if one.name == "torch"]
    assert wanted.specifier.contains(named)
    assert f"torch=={named} " in (ROOT / "README.md").read_text(encoding="utf-8")
    installs = [line for line in makefile.splitlines() if line.startswith("\t@$(PIP)")]
    places = [
        next(n for n, line in enumerate(installs) if part in line) for part in ("torch==", "[test]", "$(ENCODER)")
    ]
    assert places == sorted(places), "torch first, or pip takes another one"


def test_the_planner_runs_without_torch() -> None:
    """What `[planner]` installs is all that the shipped planner imports."""
    code = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'tensorboard'): sys.modules[name] = None\n"
        "import deskhand_models.decode, deskhand_models.checkpoint, deskhand_models.encoder, deskhand_models.to_plan\n"
    )
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr


def test_ci_script_is_a_script() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    done = run("bash", "-n", str(script))
    assert done.returncode == 0, done.stderr
