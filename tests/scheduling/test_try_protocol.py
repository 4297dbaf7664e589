"""The terminal's door to the rules."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from scheduling.core.protocol import shipped_document
from scheduling.models import ProtocolVersion
from tests.scheduling.core.charts import NOW
from tests.scheduling.core.test_casebook import KEYS, SHIPPED, laser, sample


def tried(cases: object, tmp_path: Path, *options: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run the command on a file; give its exit code, its lines and its standard error."""
    file = tmp_path / "cases.json"
    file.write_text(cases if isinstance(cases, str) else json.dumps(cases), "utf-8")
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command("try_protocol", str(file), *options, stdout=out, stderr=err)
    except SystemExit as ended:
        code = int(ended.code or 0)
    except CommandError as refused:
        code = refused.returncode
        err.write(str(refused))
    return code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_shipped_cases_pass_on_the_shipped_protocol(tmp_path: Path) -> None:
    code, lines, said = tried(SHIPPED, tmp_path)
    assert code == 0
    assert [line["id"] for line in lines] == [case["id"] for case in SHIPPED["cases"]]
    assert [list(line) for line in lines] == [KEYS] * len(lines)
    assert said == f"{len(lines)} cases, 0 differ\n"


def test_a_difference_exits_1_and_is_named(tmp_path: Path) -> None:
    expected = {"verdict": "blocked", "rule": "LIT-SUN", "advisories": []}
    code, lines, said = tried([sample(expected=expected), sample(id="two")], tmp_path)
    assert code == 1
    assert [line["verdict"] for line in lines] == ["allowed", "allowed"]
    assert said.splitlines() == [
        "one: verdict: expected blocked, came allowed",
        "one: rule: expected LIT-SUN, came []",
        "2 cases, 1 differ",
    ]


def test_json_says_nothing_beside_the_lines(tmp_path: Path) -> None:
    code, lines, said = tried([sample(expected={"verdict": "blocked"})], tmp_path, "--json")
    assert (code, len(lines), said) == (1, 1, "")


@pytest.mark.parametrize(
    ("cases", "problem"),
    [
        ("{", "$: "),
        ([sample(records=[{"type": "mood"}])], "$[0].records[0].type: unknown record type “mood”"),
        ([sample(history=[laser(status="x")])], "$[0].history[0].status: “x” is none of "),
        ([sample(history=[laser(procedure="x")])], "$[0].history[0].procedure: unknown procedure"),
        ([sample(expected={"other_rules": 1})], "$[0].expected.other_rules: a list is expected"),
        ([sample(expected={"advisories": [{}]})], "$[0].expected.advisories[0]: a text is"),
        ([sample(patient={"dob": "9999-12-31"})], "$[0].patient.dob: a year from 1800 to 2300"),
        ([sample(now="9999-12-31T23:55")], "$[0].now: a year from 1800 to 2300"),
    ],
    ids=["not JSON", "record type", "status", "procedure", "rules", "advisories", "born", "now"],
)
def test_cases_that_cannot_be_read_exit_2(cases: object, problem: str, tmp_path: Path) -> None:
    code, lines, said = tried(cases, tmp_path)
    assert (code, lines) == (2, [])
    assert problem in said


def test_a_file_may_begin_with_a_byte_order_mark_and_say_null(tmp_path: Path) -> None:
    expected = {"verdict": "allowed", "other_rules": None, "advisories": None}
    code, lines, said = tried("\ufeff" + json.dumps([sample(expected=expected)]), tmp_path)
    assert (code, len(lines), said) == (0, 1, "1 cases, 0 differ\n")


def test_a_reader_that_has_read_enough_sees_no_trace_of_a_fault(tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text(json.dumps([sample(id=str(i)) for i in range(300)]))
    command = [sys.executable, "manage.py", "try_protocol", str(tmp_path / "cases.json"), "--json"]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""


def test_a_file_that_is_not_there_exits_2(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("try_protocol", str(tmp_path / "nowhere.json"))
    assert refused.value.returncode == 2


def test_another_protocol_is_tried_from_a_file(tmp_path: Path) -> None:
    document = shipped_document()
    document["rules"] = []
    protocol = tmp_path / "protocol.json"
    protocol.write_text(json.dumps(document), "utf-8")
    history = [laser(start="2026-06-10T10:00", end="2026-06-10T10:30")]
    code, lines, _ = tried([sample(history=history)], tmp_path, "--protocol", str(protocol))
    assert (code, lines[0]["verdict"], lines[0]["rules"]) == (0, "allowed", [])


def test_a_protocol_that_cannot_be_read_exits_2(tmp_path: Path) -> None:
    document = shipped_document()
    document["rules"][3]["kind"] = "mood"
    protocol = tmp_path / "protocol.json"
    protocol.write_text(json.dumps(document), "utf-8")
    code, lines, said = tried([sample()], tmp_path, "--protocol", str(protocol))
    assert (code, lines) == (2, [])
    assert "$.rules[3].kind: unknown kind “mood”" in said


@pytest.mark.django_db
def test_a_stored_version_is_tried_by_its_number(tmp_path: Path) -> None:
    document = shipped_document()
    document["rules"] = document["rules"][:1]
    ProtocolVersion.objects.create(
        number=41, name="draft", document=document, created_at=NOW, created_by="Dr Stone"
    )
    code, lines, _ = tried([sample()], tmp_path, "--version", "41")
    assert (code, len(lines)) == (0, 1)


@pytest.mark.django_db
def test_a_version_that_does_not_exist_exits_2(tmp_path: Path) -> None:
    code, _, said = tried([sample()], tmp_path, "--version", "99")
    assert (code, said) == (2, "there is no protocol version 99")
