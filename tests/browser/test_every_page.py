"""Every patients' page, from left and from right: axe finds nothing, in light and dark; few bytes.

The pages are those of the table of `tests/clinic/test_patients_doors.py`, which has every route.
"""

from collections.abc import Callable, Iterator

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


def test_every_page_is_readable_light_and_goes_by_keyboard_either_way_round(
    street: Street, phone: Callable[..., Phone]
) -> None:
    hers, found = phone(), []
    at_home(hers, street)
    session = hers.page.context.new_cdp_session(hers.page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    weights: dict[str, int] = {}
    for path in addresses(street):
        weighed = hers.weigh(path)
        if hers.path in weights:
            continue
        weights[hers.path] = weighed
        if not again(hers.path):
            found += looking.out_of_reach(hers) + looking.in_the_dark(hers)
            found += looking.violations(hers)
        found += looking.too_wide(hers)
    found += [f"{path}: {n} bytes" for path, n in weights.items() if n > looking.HEAVIEST]
    session.send("Network.setCacheDisabled", {"cacheDisabled": False})
    hers.speaks("ar")
    for path in filter(lambda path: not again(path), weights):
        hers.open(path)
        # the colours are the same
        found += looking.violations(hers, colours=False) + looking.too_wide(hers)
        assert hers.page.locator("html").get_attribute("lang") == "ar"
    assert found == [], joined(found)
    assert len(weights) > 20
    # a page of nothing would be light: each has its style beside it
    assert min(weights.values()) > 10_000


def again(path: str) -> bool:
    """Tell the templates that hang at a second door too; behind the link they are looked at whole."""
    return path.startswith("/my/visits/")


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
