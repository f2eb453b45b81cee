"""The logo: sent as any picture, kept as one that is safe to show."""

import io
from typing import Any
from zlib import crc32

import pytest
from httpx import Response
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.registry.journey import Person, Registry
from tests.registry.stage import Stage, assert_refused

Known = dict[str, Any]


def picture(
    size: tuple[int, int] = (64, 32), form: str = "PNG", mode: str = "RGB", **saved: Any
) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, "teal").save(made, form, **saved)
    return made.getvalue()


def send(
    registry: Registry, institution: Known, by: Person | None, content: bytes, media_type: str
) -> Response:
    headers = {"If-Match": f'"{institution["version"]}"', "Content-Type": media_type}
    answer: Response = registry.client.put(
        f"/institutions/{institution['id']}/logo",
        content=content,
        headers={**headers, **(by.headers if by else {})},
    )
    return answer


def read(
    registry: Registry, institution: Known, by: Person | None = None, known: str = '"none"'
) -> Response:
    answer: Response = registry.client.get(
        f"/institutions/{institution['id']}/logo",
        headers={"If-None-Match": known, **(by.headers if by else {})},
    )
    return answer


def opened(answer: Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    shown = Image.open(io.BytesIO(answer.content))
    shown.load()
    return shown


def test_a_logo_is_sent_shown_and_taken_away(registry: Registry) -> None:
    institution, focal_point = registry.verified(registry.coordinator())

    sent = send(registry, institution, focal_point, picture(), "image/png")

    assert sent.status_code == 200, sent.text
    assert sent.headers["etag"] == f'"{institution["version"] + 1}"'
    shown = read(registry, institution)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["etag"] == f'"{sent.json()["logo_digest"]}"'
    assert opened(shown).size == (64, 32)
    known = f'"other", {shown.headers["etag"]}'
    assert read(registry, institution, known=known).status_code == 304

    gone = registry.client.delete(
        f"/institutions/{institution['id']}/logo",
        headers={"If-Match": sent.headers["etag"], **focal_point.headers},
    )
    assert gone.status_code == 204, gone.text
    assert read(registry, institution).status_code == 404
    assert registry.read(institution["id"])["logo_digest"] is None


def test_every_usual_kind_of_picture_becomes_a_png(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted()
    kinds = "PNG RGBA, PNG P, PNG 1, JPEG L, JPEG CMYK, WEBP RGB, GIF P"

    for side, kind in enumerate(kinds.split(", "), start=20):
        form, mode = kind.split()
        made = io.BytesIO()
        Image.new(mode, (64, side)).save(made, form)
        sent = send(
            embedded_registry, institution, focal_point, made.getvalue(), f"image/{form.lower()}"
        )
        assert sent.status_code == 200, (kind, sent.text)
        institution = sent.json()
        shown = opened(read(embedded_registry, institution, focal_point))
        assert (shown.format, shown.size) == ("PNG", (64, side)), kind


def test_nothing_but_the_pixels_is_kept(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted()
    told = PngInfo()
    told.add_text("Author", "Ana Souza")
    exif = Image.Exif()
    exif[0x010E] = "13.7563 N 100.5018 E"
    content = (
        picture(pnginfo=told, exif=exif, icc_profile=b"profile") + b"<script>alert(1)</script>"
    )

    send(embedded_registry, institution, focal_point, content, "image/png")

    shown = read(embedded_registry, institution, focal_point)
    assert opened(shown).info == {}
    for trace in (b"Ana Souza", b"13.7563", b"iCCP", b"script"):
        assert trace in content
        assert trace not in shown.content


def test_a_picture_on_its_side_is_put_upright_and_a_large_one_made_smaller(
    embedded_registry: Registry,
) -> None:
    institution, focal_point = embedded_registry.submitted()
    exif = Image.Exif()
    exif[0x0112] = 6
    content = picture((1200, 600), "JPEG", exif=exif)

    send(embedded_registry, institution, focal_point, content, "image/jpeg")

    assert opened(read(embedded_registry, institution, focal_point)).size == (256, 512)


def test_transparent_parts_stay_transparent(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted()
    made = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(made, "WEBP", lossless=True)

    send(embedded_registry, institution, focal_point, made.getvalue(), "image/webp")

    shown = opened(read(embedded_registry, institution, focal_point))
    assert shown.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_the_same_logo_again_makes_no_new_version(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted()
    first = send(embedded_registry, institution, focal_point, picture(), "image/png").json()

    again = send(embedded_registry, first, focal_point, picture(), "image/png")

    assert again.status_code == 200
    assert again.json()["version"] == first["version"]


def test_the_history_tells_of_each_logo(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted()
    first = send(embedded_registry, institution, focal_point, picture(), "image/png").json()
    other = send(embedded_registry, first, focal_point, picture((20, 20)), "image/png").json()

    steps = embedded_registry.client.get(
        f"/institutions/{institution['id']}/history", headers=focal_point.headers
    ).json()["items"]

    assert [step["changes"] for step in steps[-2:]] == [
        {"logo_digest": [None, first["logo_digest"]]},
        {"logo_digest": [first["logo_digest"], other["logo_digest"]]},
    ]


def test_a_logo_is_seen_by_those_who_see_its_institution(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.verified(
        embedded_registry.coordinator(), visibility="private"
    )
    send(embedded_registry, institution, focal_point, picture(), "image/png")

    assert read(embedded_registry, institution).status_code == 404
    assert read(embedded_registry, institution, focal_point).status_code == 200


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BOMB = picture((3_000, 3_000), mode="1")
NOISE = Image.effect_noise((300, 200), 90)


def _noise() -> bytes:
    made = io.BytesIO()
    NOISE.save(made, "PNG")
    return made.getvalue()


def _said_to_be_huge() -> bytes:
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    return picture()[:12] + header + crc32(header).to_bytes(4, "big") + picture()[33:]


def _sixteen_bits() -> bytes:
    made = io.BytesIO()
    Image.new("I;16", (64, 64)).save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type", "status", "slug"),
    [
        (b"", "image/png", 422, "invalid-input"),
        (b"\x89PNG\r\n\x1a\n", "image/png", 422, "invalid-input"),
        (b"GIF89a" + b"\xff" * 200, "image/gif", 422, "invalid-input"),
        (SVG, "image/svg+xml", 415, "unsupported-media-type"),
        (SVG, "image/png", 422, "invalid-input"),
        (b"%PDF-1.7", "image/png", 422, "invalid-input"),
        (picture(form="JPEG"), "image/png", 422, "invalid-input"),
        (picture(form="TIFF"), "image/png", 422, "invalid-input"),
        (picture(), "text/html", 415, "unsupported-media-type"),
        (picture(), "multipart/form-data; boundary=x", 415, "unsupported-media-type"),
        (_noise()[:20_000], "image/png", 422, "invalid-input"),
        (picture((200, 200), "JPEG")[:400], "image/jpeg", 422, "invalid-input"),
        (picture((200, 200), "WEBP")[:60], "image/webp", 422, "invalid-input"),
        (BOMB, "image/png", 422, "invalid-input"),
        (_said_to_be_huge(), "image/png", 422, "invalid-input"),
        (picture((4_001, 20)), "image/png", 422, "invalid-input"),
        (picture((15, 64)), "image/png", 422, "invalid-input"),
        (_sixteen_bits(), "image/png", 422, "invalid-input"),
        (picture() + b"\x00" * 204_800, "image/png", 413, "too-large"),
        (picture() + b"\x00" * 262_144, "image/png", 413, "too-large"),
    ],
    ids=[
        "nothing",
        "a signature alone",
        "a header and noise",
        "SVG",
        "SVG as PNG",
        "PDF as PNG",
        "JPEG as PNG",
        "TIFF as PNG",
        "a picture as HTML",
        "a form",
        "PNG cut off",
        "JPEG cut off",
        "WebP cut off",
        "a bomb",
        "a header of 60,000 by 60,000",
        "too wide",
        "too narrow",
        "16 bits",
        "too large",
        "over the limit of every request",
    ],
)
def test_what_is_no_good_picture_is_refused(
    stage: Stage, content: bytes, media_type: str, status: int, slug: str
) -> None:
    assert_refused(
        stage,
        lambda: send(stage.registry, stage.own, stage.focal_point, content, media_type),
        status,
        slug,
    )


@pytest.mark.parametrize(
    ("who", "which", "status", "slug"),
    [
        (None, "own", 401, "unauthenticated"),
        ("focal_point", "foreign", 404, "not-found"),
        ("focal_point", "outdated", 412, "version-conflict"),
    ],
    ids=["the public", "somebody else's", "an older version"],
)
def test_a_logo_is_sent_by_its_own_people_for_the_version_that_they_saw(
    stage: Stage, who: str | None, which: str, status: int, slug: str
) -> None:
    by = stage.focal_point if who else None
    institution = stage.foreign if which == "foreign" else stage.own
    version = 1 if which == "outdated" else institution["version"]

    assert_refused(
        stage,
        lambda: send(
            stage.registry, {**institution, "version": version}, by, picture(), "image/png"
        ),
        status,
        slug,
    )


def test_there_is_nothing_to_take_away_without_a_logo(stage: Stage) -> None:
    headers = {"If-Match": f'"{stage.own["version"]}"', **stage.focal_point.headers}

    assert_refused(
        stage,
        lambda: stage.send("DELETE", stage.path("/institutions/{own}/logo"), headers=headers),
        404,
        "not-found",
    )


def test_a_picture_that_is_too_large_is_told_so_in_pixels(stage: Stage) -> None:
    for content in (BOMB, _said_to_be_huge()):
        refused = send(stage.registry, stage.own, stage.focal_point, content, "image/png")
        assert "4 million pixels" in refused.json()["detail"]
