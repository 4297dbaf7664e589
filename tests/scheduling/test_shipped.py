import json
from pathlib import Path

from django.contrib.staticfiles import finders

from scheduling.screens import shipped

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_build_brought_what_the_diary_is_drawn_with() -> None:
    assert shipped.calendar_is_here()
    assert shipped.diary_is_drawn(None) == []


def test_what_was_brought_names_no_file_that_stayed_behind() -> None:
    """`collectstatic` of a real installation refuses a file that names a missing one."""
    for name in shipped.CALENDAR:
        text = Path(str(finders.find(name))).read_text("utf-8")
        assert len(text) > 10_000
        assert "sourceMappingURL" not in text


def test_a_missing_calendar_is_named_with_the_command_that_fetches_it(settings) -> None:
    settings.STATICFILES_FINDERS = []

    (found,) = shipped.diary_is_drawn(None)

    assert found.id == "scheduling.W001"
    assert "uv sync --reinstall-package fallow" in str(found.hint)


def test_the_lock_file_names_a_sha512_for_each_package_and_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))

    packages = {name: row for name, row in lock["packages"].items() if name}

    assert list(packages) == ["node_modules/@event-calendar/build"]
    assert all(row["integrity"].startswith("sha512-") for row in packages.values())
    assert not any("resolved" in row for row in packages.values())
