"""What is built from this folder installs elsewhere and works there, whichever package is imported first."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from itertools import permutations
from pathlib import Path

import pytest

from tests.tidy.source import PACKAGES, PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]


def run(*command: str | Path, cwd: Path) -> str:
    """The standard output of a command; its whole output in the failure when it fails."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, PROJECT, cwd=folder)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def test_wheel_and_sdist_hold_all_packages_and_say_they_are_typed(built: tuple[Path, Path]) -> None:
    """Every Python file of the packages and each `py.typed` is in both, and what browsers get is in the wheel."""
    sdist, wheel = built
    expected = {
        path.relative_to(PROJECT).as_posix() for room in PACKAGES for path in (PROJECT / room).rglob("*.py")
    }
    expected |= {f"{room}/py.typed" for room in PACKAGES}
    page = {f"client/page/{path.name}" for path in (PROJECT / "clients" / "js" / "page").iterdir()}
    served = {
        f"chatdoc/apps/{name}" for name in (*page, "client/dist/chatdoc-client.js", "client/LICENSES.md")
    }
    with zipfile.ZipFile(wheel) as archive:
        assert expected | served <= set(archive.namelist())
        beside = {name for name in archive.namelist() if name.startswith("chatdoc-0.1.0.data/")}
        assert beside == {"chatdoc-0.1.0.data/data/etc/jupyter/jupyter_server_config.d/chatdoc.json"}
        inside = {name.split("/")[0] for name in set(archive.namelist()) - beside}
        assert inside == {*PACKAGES, "chatdoc-0.1.0.dist-info"}
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert expected | {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "tests/test_tidy.py"} <= held


def test_wheel_works_in_a_fresh_environment(built: tuple[Path, Path], tmp_path: Path) -> None:
    """Installed with its dependencies only, the packages import in each order and the command line answers."""
    _, wheel = built
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    # By the pip that is here, and compiled as far as it is used: either would take as long as all the rest.
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-compile", wheel, cwd=tmp_path)
    for order in permutations(PACKAGES):
        program = f"import {', '.join(order)}; from chatdoc import open_document; print(chatdoc.__file__)"
        assert str(tmp_path) in run(python, "-c", program, cwd=tmp_path)
    assert "chatdoc, version 0.1.0" in run(python.with_name("chatdoc"), "--version", cwd=tmp_path)
