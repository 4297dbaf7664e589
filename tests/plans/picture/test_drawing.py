from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from django.utils import translation

from plans.picture import FRAMES, drawn, layout, svg
from tests.plans import views
from tests.plans.views import Line

SVG = "{http://www.w3.org/2000/svg}"


def read(markup: str) -> ET.Element:
    return ET.fromstring(markup.strip())  # noqa: S314 - our own markup


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("plan", [views.acne(), views.reflowed(), views.longest(), views.plan()])
def test_picture_is_an_image_with_a_name_and_a_description(frame: object, plan: object) -> None:
    root = read(svg(layout(plan, frame)))  # type: ignore[arg-type]
    named = root.attrib["aria-labelledby"].split()
    spoken = [root.find(f".//*[@id='{name}']") for name in named]
    assert root.attrib["role"] == "img"
    assert [each.tag.removeprefix(SVG) for each in spoken if each is not None] == ["title", "desc"]
    assert all(each is not None and each.text for each in spoken)


def test_description_tells_every_session() -> None:
    root = read(svg(layout(views.acne(), FRAMES["wide"])))
    desc = root.find(f"{SVG}desc")
    assert desc is not None
    assert desc.text is not None
    assert "2 of 6 done, 1 booked, 2 due, 1 missed." in desc.text
    assert [f"{n}. " in desc.text for n in range(1, 8)] == [True] * 7


def test_picture_needs_no_script_and_no_style() -> None:
    for element in read(svg(layout(views.acne(), FRAMES["wide"]))).iter():
        assert element.tag.removeprefix(SVG) not in {"script", "style", "foreignObject", "image"}
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


def test_names_are_escaped() -> None:
    plan = replace(views.plan(Line(name="<script>&'\"")), name="</title><script>alert(1)</script>")
    markup = svg(layout(plan, FRAMES["wide"]))
    assert "<script" not in markup
    assert read(markup).findtext(f"{SVG}title") == "</title><script>alert(1)</script>, Ada Pine"


def test_figures_are_written_alike_in_every_language() -> None:
    plain = svg(layout(views.longest(), FRAMES["wide"]))
    with translation.override("es"):
        assert svg(layout(views.longest(), FRAMES["wide"])) == plain


def test_each_frame_has_ids_of_its_own() -> None:
    root = read(f"<div>{drawn(views.acne(), 'wide', 'narrow')}</div>")
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids)) == 4
