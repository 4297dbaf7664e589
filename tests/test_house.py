"""The house's own rules: short functions, short rooms, honest names, and nothing of the builders'."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FUNCTION = 40
LONGEST_MODULE = 400
NO_NOUNS_OF_THE_CLINIC = {"utils", "util", "helpers", "helper", "common", "services", "managers"}
NOT_OURS = re.compile(
    r"/(?:work|opt)/(?:main|h|shared|wheels|pypi)\b"  # folders of a builder's machine
    r"|/(?:home|Users)/[a-z]+/"
    r"|\b(?:claude|anthropic|openai|chatgpt|copilot)\b"
    r"|co-authored-by"
    r"|\b(?:contracts|manners|house|promises)\.md\b"  # papers that are not in this repository
    r"|(?:-----BEGIN [A-Z ]*PRIVATE KEY)",
    re.IGNORECASE,
)
BINARY = {".png", ".jpg", ".ico", ".woff2", ".ttf", ".lock"}


def tracked(*patterns: str) -> list[Path]:
    """List the repository's files; in an unpacked archive without git, everything but builds."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "--"]
    try:
        listed = subprocess.run(
            [*command, *patterns], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        outside = {".venv", "var", "dist", "build"}
        every = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        return [
            ROOT / path
            for path in every
            if not outside & set(path.parts)
            and (not patterns or any(path.match(pattern) for pattern in patterns))
        ]
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


MODULES = [path for path in tracked("*.py") if "migrations" not in path.parts]
NAMES = [str(path.relative_to(ROOT)) for path in MODULES]


def test_modules_are_found() -> None:
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_rooms_and_functions_are_short(path: Path) -> None:
    source = path.read_text("utf-8")
    long_functions = [
        f"{node.name}: {length(node)} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and length(node) > LONGEST_FUNCTION
    ]
    assert long_functions == []
    assert source.count("\n") <= LONGEST_MODULE


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the function's lines, from `def` to its last one."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_rooms_are_named_after_the_clinic() -> None:
    parts = {path: set(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES}
    assert [str(path) for path in parts if parts[path] & NO_NOUNS_OF_THE_CLINIC] == []


def test_nothing_of_the_builders_is_left_in_the_house() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in tracked()
        if path.suffix not in BINARY and path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := NOT_OURS.search(line))
    ]
    assert found == []


def test_the_lock_names_public_places_only() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text()))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_readme_shows_the_two_commands_and_their_way_with_pip() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    wanted = ["uv run manage.py demo", "uv run pytest", "pip install -e '.[dev]'"]
    assert [command for command in wanted if command not in readme] == []
