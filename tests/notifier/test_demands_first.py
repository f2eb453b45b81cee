"""Demands come before what is new and before offers: to listen to them is what this is for."""

from services.notifier.vocabulary import Frequency
from shared.events.catalogue import NeedPublished, NeedUnanswered, OfferPublished
from tests.notifier.mailbox import html_of, text_of
from tests.notifier.partners import institution
from tests.notifier.test_owed_digests import ANA, digest, member, owes, support
from tests.notifier.world import World


def places(text: str, *words: str) -> list[int]:
    return [text.index(each) for each in words]


def test_needs_have_a_section_before_the_groups_and_offers_theirs_after_them(world: World) -> None:
    member(world)
    owes(world)
    other = institution(world, "Ministry of Health of Nepal")
    offer = support(world, other, "Doctors by telephone", kind="expertise")
    world.tell(OfferPublished(offer=offer), f"offers/{offer.item_id}")
    world.tell(world.update())
    need = support(world, other, "Training of nurses")
    world.tell(NeedPublished(need=need), f"needs/{need.item_id}")
    text = text_of(digest(world))
    found = places(
        text,
        "WHAT YOU OWE",
        "NEEDS THAT WAIT FOR AN ANSWER",
        "Need: Training of nurses",
        "Forty nurses shall learn to advise by telephone.",
        "DIGITAL TRANSFORMATION",
        "Online volunteers for e-learning",
        "OFFERS",
        "Offer: Doctors by telephone",
    )
    assert found == sorted(found)
    assert "ACROSS THE GROUPS" not in text


def test_a_need_is_named_in_the_subject_line_before_an_offer_and_news(world: World) -> None:
    world.open_group()
    world.subscribe(ANA)
    other = institution(world, "Ministry of Health of Nepal")
    offer = support(world, other, "Doctors by telephone", kind="expertise")
    world.tell(OfferPublished(offer=offer), f"offers/{offer.item_id}")
    world.tell(world.update(kind="news"))
    need = support(world, other, "Training of nurses")
    world.tell(NeedPublished(need=need), f"needs/{need.item_id}")
    assert digest(world)["Subject"].startswith("Southlink today: Need: Training of nurses")


def test_a_need_without_an_answer_is_one_item_with_its_latest_state(world: World) -> None:
    world.open_group()
    world.subscribe(ANA, Frequency.DAILY)
    need = support(world, institution(world, "Ministry of Health of Nepal"), "Training of nurses")
    world.tell(NeedPublished(need=need), f"needs/{need.item_id}")
    world.tell(NeedUnanswered(need=need, days=14), f"needs/{need.item_id}")
    text = text_of(digest(world))
    assert text.count("Training of nurses") == 1
    assert "Need without an answer: Training of nurses" in text


def test_a_new_need_that_fits_an_offer_is_told_once_with_its_text_and_why_it_fits(
    world: World,
) -> None:
    member(world)
    world.tell(OfferPublished(offer=support(world, world.institution_id, "Teachers by telephone")))
    world.close_windows()
    world.deliver_all()
    need = support(world, institution(world, "Ministry of Health of Nepal"), "Training of nurses")
    world.tell(NeedPublished(need=need), f"needs/{need.item_id}")
    first = digest(world)
    text = text_of(first)
    assert text.count("Training of nurses") == 1
    assert "It fits your offer “Teachers by telephone”." in text
    assert "Forty nurses shall learn" in text
    assert "1 thing is new in what you follow." in text
    assert "NEEDS THAT WAIT" not in text
    assert "Need: Training of nurses" in first["Subject"]
    world.tell(world.update())
    again = text_of(digest(world))
    assert "It fits your offer" in again
    assert "Forty nurses" not in again
    assert again.index("NEEDS THAT FIT") < again.index("Online volunteers for e-learning")
    assert "Forty nurses" in html_of(first)
