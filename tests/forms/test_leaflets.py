"""Guides and posters: one page each, made from the definitions, and no sheet for a scanner."""

from __future__ import annotations

import dataclasses

import pytest

from papier.errors import LayoutError
from papier.forms.catalogue import family_of
from papier.forms.definition import FormDefinition
from papier.forms.families import families, find_family
from papier.forms.layout import Layout, Text
from papier.forms.leaflets import A3, A4, MARGIN, lay_out_guide, lay_out_poster
from tests.forms.printed import plain, shipped

POSTERS = [name for name, family in families().items() if family.poster is not None]


def texts(layout: Layout) -> list[Text]:
    return [item for item in layout.pages[0].items if isinstance(item, Text)]


def members(family: str) -> list[FormDefinition]:
    return [form for form in shipped().values() if family_of(form) == family]


@pytest.mark.parametrize("name", sorted({family_of(form) for form in shipped().values()}))
def test_every_family_has_its_guide_on_one_page(name: str) -> None:
    layout = lay_out_guide(find_family(name), members(name))
    assert layout.marked is False
    assert len(layout.pages) == 1
    words = plain(" ".join(text.text for text in texts(layout)))
    assert plain(find_family(name).title.fr) in words
    assert plain(find_family(name).intro.fr)[:20] in words
    # Each form's last words are there: nothing was cut.
    for form in members(name):
        assert form.about is not None
        assert plain(form.about.next.fr).split()[-1] in words
    assert max(text.y for text in texts(layout)) < A4[1] - MARGIN
    assert min(text.size for text in texts(layout)) >= 6.5


def test_a_guide_that_does_not_fit_its_page_is_refused() -> None:
    with pytest.raises(LayoutError, match="The guide of carnet takes more than a page"):
        lay_out_guide(find_family("carnet"), members("carnet") * 4)


@pytest.mark.parametrize("name", POSTERS)
@pytest.mark.parametrize("size", [A4, A3])
def test_posters_fill_their_page_with_the_forms_they_name(name: str, size: tuple[float, float]) -> None:
    family = find_family(name)
    assert family.poster is not None
    forms = [shipped()[form] for form in family.poster.forms]
    layout = lay_out_poster(family, forms, size)
    words = plain(" ".join(text.text for text in texts(layout)))
    assert all(plain(form.title.fr) in words for form in forms)
    assert plain(family.poster.foot.fr) in words
    lowest = max(text.y for text in texts(layout))
    assert 0.8 * size[1] < lowest < size[1] - MARGIN
    # To be read standing: 13 points at least on A4.
    assert min(text.size for text in texts(layout)) >= 7.9 * size[0] / A4[0]


def test_a_family_without_a_poster_says_so() -> None:
    with pytest.raises(LayoutError, match="has no poster"):
        lay_out_poster(dataclasses.replace(find_family("sante"), poster=None), [])
