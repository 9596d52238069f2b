"""`.ci/run` on machines that lack something: it installs that and nothing else, asks nobody, and never hangs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "run"
GOOD_PYTHON = "exit 0"
OLD_PYTHON = "exit 1"
MAKE = 'echo "make $*"; cat; echo "= 7 passed in 1.00s ="'
APT = """
echo "apt-get $*" >>"$LOG"
case "$*" in
  *install*)
    for name in "$@"; do
      case "$name" in make) cp "$PARTS/make" "$BIN/make" ;; python3) cp "$PARTS/python3" "$BIN/python3" ;; esac
    done ;;
esac
"""
SUDO = 'shift; echo "sudo $*" >>"$LOG"; exec "$@"'


class Machine:
    """A PATH that holds a shell, what the script itself uses, and what the test puts there."""

    def __init__(self, place: Path) -> None:
        self.bin, self.parts, self.log = place / "bin", place / "parts", place / "log"
        self.repository = place / "repository"
        for folder in (self.bin, self.parts, self.repository / ".ci"):
            folder.mkdir(parents=True)
        self.log.touch()
        shutil.copy(SCRIPT, self.repository / ".ci" / "run")
        for name in ("bash", "sh", "dirname", "env", "cat", "cp", "grep", "mktemp", "rm", "tail", "tee", "true"):
            found = shutil.which(name)
            assert found
            (self.bin / name).symlink_to(found)
        self.put("make", MAKE, self.parts)
        self.put("python3", GOOD_PYTHON, self.parts)
        self.put("apt-get", APT)

    def put(self, name: str, script: str, folder: Path | None = None) -> None:
        file = (folder or self.bin) / name
        file.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        file.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        reading, writing = os.pipe()  # nobody writes: whoever reads it would hang
        try:
            return subprocess.run(
                [str(self.bin / "bash"), ".ci/run"],
                cwd=self.repository,
                stdin=reading,
                capture_output=True,
                text=True,
                check=False,
                timeout=20,
                env={"PATH": str(self.bin), "LOG": str(self.log), "PARTS": str(self.parts), "BIN": str(self.bin)},
            )
        finally:
            os.close(reading)
            os.close(writing)

    def installed(self) -> list[str]:
        """The packages asked for, of every apt-get install, and nothing of its options."""
        lines = [
            line for line in self.log.read_text().splitlines() if line.startswith("apt-get") and " install " in line
        ]
        return [word for line in lines for word in line.split(" install ")[1].split() if not word.startswith("-")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_is_missing(machine: Machine) -> None:
    machine.put("make", MAKE)
    machine.put("python3", GOOD_PYTHON)
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == "make test\n= 7 passed in 1.00s =\n"
    assert machine.log.read_text() == ""


def test_a_newer_python_by_its_own_name_will_do(machine: Machine) -> None:
    machine.put("make", MAKE)
    machine.put("python3", OLD_PYTHON)
    machine.put("python3.13", GOOD_PYTHON)
    assert machine.run().returncode == 0
    assert machine.log.read_text() == ""


def test_base_debian(machine: Machine) -> None:
    machine.put("sudo", SUDO)
    machine.put("python3", OLD_PYTHON)  # without venv
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert machine.installed() == ["make", "python3", "python3-venv"]
    assert done.stdout.splitlines()[-1] == "= 7 passed in 1.00s ="


def test_neither_root_nor_sudo(machine: Machine) -> None:
    """As an ordinary user (EUID can't be set, so the copy of the script asks for another number)."""
    script = machine.repository / ".ci" / "run"
    text = script.read_text()
    assert "EUID != 0" in text
    script.write_text(text.replace("EUID != 0", "EUID != -1"))
    done = machine.run()
    assert done.returncode == 1
    assert "apt-get install make python3 python3-venv" in done.stderr
    assert machine.log.read_text() == ""
    machine.put("sudo", SUDO)
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert "sudo env DEBIAN_FRONTEND=noninteractive apt-get" in machine.log.read_text()


def test_failing_tests_fail_the_script_and_pytest_has_the_last_word(machine: Machine) -> None:
    closing = "=========== 2 failed, 5 passed in 61.00s (0:01:01) ==========="
    machine.put("make", f'echo "{closing}"; echo "make: *** [Makefile:25: test] Error 1" >&2; exit 2')
    machine.put("python3", GOOD_PYTHON)
    done = machine.run()
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == closing


def test_an_installation_that_fails(machine: Machine) -> None:
    machine.put("make", "echo 'no network'; exit 2")
    machine.put("python3", GOOD_PYTHON)
    done = machine.run()
    assert (done.returncode, done.stdout) == (2, "no network\n")
