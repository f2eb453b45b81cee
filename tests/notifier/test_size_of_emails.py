"""No e-mail is clipped: Gmail shows 102 kB of one, however much there is to tell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.mail.fragments import Body, Fragment
from services.notifier.mail.frames import frames
from services.notifier.mail.messages import html_line, line, link
from services.notifier.mail.sections import Part, Section, lay
from services.notifier.mail.stories import Content, Story
from services.notifier.mail.told import ITEM_SIZE, WHOLE_SIZE, written
from services.notifier.vocabulary import Frequency

CLIPPED = 102_000
WIDEST = "\N{MULTIPLE MUSICAL NOTES}"
"""A character that takes twelve encoded bytes, as many as any does."""

LONGEST_NAME = WIDEST * 200
LINK = link("https://south.example.org/" + "x" * 300)

items = st.builds(
    lambda size: Fragment(Body(b"x" * size, b"x\r\n"), "", 1), st.integers(300, ITEM_SIZE)
)
parts = st.builds(
    Part,
    st.sampled_from([None, LONGEST_NAME, "Digital transformation"]),
    st.lists(items, min_size=1, max_size=40),
)
all_sections = st.lists(
    st.builds(
        lambda title, parts: Section(title, parts, (0, 0, "")),
        st.sampled_from([LONGEST_NAME, "Climate"]),
        st.lists(parts, min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(all_sections, st.sampled_from(["en", "ar", "ru", "zh"]))
def test_a_digest_is_never_clipped_and_counts_what_it_leaves_out(
    sections: list[Section], language: str
) -> None:
    places = {"whole": LINK, "preferences": LINK, "unsubscribe": LINK}
    laid = lay(sections, language, places)
    frame = frames(language, "digest", (("frequency", Frequency.MONTHLY),))
    filled = frame.filled(
        {
            **places,
            "sections": laid.body,
            "reason": line(LONGEST_NAME * 5),
            "count": line("x" * 100),
            "until": line("x" * 100),
            "preview": html_line(WIDEST * 150),
        }
    )
    assert len(filled.html) < CLIPPED
    assert laid.count == sum(len(part.items) for section in sections for part in section.parts)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("letter", ["a", "&", "я", WIDEST, "\n", "a b "])
def test_the_longest_texts_are_shortened_to_what_an_item_may_take(
    letter: str, *, whole: bool
) -> None:
    story = Story(
        label="News",
        headline=Content(letter * 200),
        byline=letter * 200,
        text=Content((letter * 20_000)[:20_000]),
        points=[Content(letter * 2_000)] * 100,
        weight=1,
        summary="News",
    )
    fragment = written(story, "ru", whole=whole)
    assert len(fragment.body.html) <= (WHOLE_SIZE if whole else ITEM_SIZE)
    assert fragment.body.text
