"""Every patients' page, from left and from right: axe finds nothing, in light and dark; few bytes.

The pages are those of the table of `tests/clinic/test_patients_doors.py`, which has every route.
"""

from collections.abc import Callable, Iterator

import pytest

from tests import neighbours
from tests.browser import looking
from tests.browser.phone import Phone, joined
from tests.clinic.test_patients_doors import TABLE, asked
from tests.neighbours import ADA, Street

FILES = (".ics", ".pdf", ".json", "<str:token>/", "sign-out/", "speak/")


def addresses(street: Street) -> Iterator[str]:
    """Spell the address of each page that Ada can look at."""
    papers = neighbours.with_papers(street)
    neighbours.with_proposal(street)
    street.tokens["stop"] = neighbours.stop_token(street)
    for route, row in TABLE.items():
        if not route.endswith(FILES):
            yield asked(route, row, street, papers).path
    assert street.proposed is not None
    yield f"/my/plans/{street.proposed.pk}/"
    yield f"/v/stop/{street.tokens['stop']}/"
    yield "/v/no-such-link/"


def at_home(phone: Phone, street: Street) -> None:
    """Open Ada's links, and sign her in."""
    for door, name in (("v", "visit"), ("c", "care"), ("o", "offer")):
        assert phone.open(f"/{door}/{street.tokens[name]}/").ok
    phone.signed_in(neighbours.admitted(street.ada, ADA))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_and_nothing_is_scrolled_sideways(
    street: Street, phone: Callable[..., Phone], language: str
) -> None:
    hers, found, seen = phone(), [], set()
    at_home(hers, street)
    hers.speaks(language)
    for path in addresses(street):
        hers.open(path)
        # one template hangs at both doors; in the second language one of them is enough
        if hers.path in seen or (language == "ar" and hers.path.startswith("/my/visits/")):
            continue
        seen.add(hers.path)
        found += looking.violations(hers) + looking.too_wide(hers)
        found += looking.in_the_dark(hers) if language == "en" else []  # the colours are the same
        assert hers.page.locator("html").get_attribute("lang") == language
    assert found == [], joined(found)
    assert len(seen) > 20


def test_every_page_is_light_and_goes_by_keyboard(
    street: Street, phone: Callable[..., Phone]
) -> None:
    hers, found = phone(), []
    at_home(hers, street)
    session = hers.page.context.new_cdp_session(hers.page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    weights: dict[str, int] = {}
    for path in addresses(street):
        if path.startswith("/my/visits/"):
            continue  # the same templates as behind the link
        weighed = hers.weigh(path)
        if hers.path not in weights:
            weights[hers.path] = weighed
            found += looking.out_of_reach(hers)
    heavy = [f"{path}: {n} bytes" for path, n in weights.items() if n > looking.HEAVIEST]
    found += heavy
    assert found == [], joined(found)
    # a page of nothing would be light: each has its style beside it
    assert min(weights.values()) > 10_000


def test_the_looks_see_what_is_wrong(street: Street, phone: Callable[..., Phone]) -> None:
    hers = phone()
    hers.open(f"/v/{street.tokens['visit']}/")
    looking.assert_fine(hers)
    hers.page.evaluate(
        """() => {
          const at = document.querySelector('main');
          at.insertAdjacentHTML('beforeend', '<input class="short"><p class="pale">Pale</p>');
          at.querySelector('.pale').style.color = '#bbb';
          at.querySelector('button').style.outline = 'none';
          at.style.minWidth = '400px';
        }"""
    )
    said = joined([*looking.violations(hers), *looking.too_wide(hers), *looking.out_of_reach(hers)])
    for each in ("label (critical)", "color-contrast", "wider than 320", "no ring around"):
        assert each in said
