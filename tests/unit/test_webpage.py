"""The pages behind the pixel: both images are whole, and the example page needs no edit and nothing from anywhere else."""

import re
import struct
import zlib
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

WEBPAGE = Path(__file__).parents[2] / "webpage"
PAGE = (WEBPAGE / "index.html").read_text("utf-8")
TRACKER = (WEBPAGE / "footfall.js").read_text("utf-8")


class Elements(HTMLParser):
    """Every start tag of a page with its attributes, and whether text stood between <script> or <style>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.all.append((tag, dict(attributes)))

    def handle_data(self, text):
        if self.all and self.all[-1][0] in {"script", "style"} and text.strip():
            self.inline.append(text)

    def of(self, *tags):
        return [attributes for tag, attributes in self.all if tag in tags]


ELEMENTS = Elements(PAGE)


def png_chunks(image):
    position = 8
    while position < len(image):
        (length,) = struct.unpack_from(">I", image, position)
        kind, content = image[position + 4 : position + 8], image[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", image, position + 8 + length)
        yield kind, content, checksum
        position += 12 + length


def test_the_png_is_one_transparent_pixel_and_whole():
    image = (WEBPAGE / "1x1.png").read_bytes()
    chunks = list(png_chunks(image))
    header, pixels, _ = (content for _, content, _ in chunks)

    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(image) <= 70
    assert [b"IHDR", b"IDAT", b"IEND"] == [kind for kind, _, _ in chunks]
    assert all(checksum == zlib.crc32(kind + content) for kind, content, checksum in chunks)
    assert (1, 1, 8, 6, 0, 0, 0) == struct.unpack(">IIBBBBB", header)
    assert bytes(5) == zlib.decompress(pixels)  # no filter; red, green, blue and opacity 0


def test_the_gif_is_one_transparent_pixel_with_its_data_and_its_trailer():
    """Gmail's fetcher is known to refuse GIFs that stop before their image data."""
    image = (WEBPAGE / "1x1.gif").read_bytes()
    screen, colours, control, descriptor, data = image[:13], image[13:19], image[19:27], image[27:37], image[37:]

    assert 43 == len(image)
    assert b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) == screen  # a table of two colours
    assert bytes(6) == colours
    assert b"\x21\xf9\x04\x01\x00\x00\x00\x00" == control  # colour 0 is transparent
    assert b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) == descriptor
    assert b"\x02\x02\x44\x01\x00\x3b" == data  # codes of 3 bits: clear, colour 0, end; no more blocks; trailer
    bits = int.from_bytes(data[2:4], "little")
    assert [4, 0, 5] == [bits >> shift & 7 for shift in (0, 3, 6)]


def test_the_page_loads_nothing_from_elsewhere_and_needs_no_edit_after_a_deployment():
    places = [
        value for _, attributes in ELEMENTS.all for name, value in attributes.items() if name in {"src", "href", "action", "data", "srcset"}
    ]
    files = [place.partition("?")[0] for place in places if place]

    assert [] == [file for file in files if not (WEBPAGE / file).is_file()]
    assert "http://" not in PAGE
    assert "https://" not in PAGE


def test_the_page_loads_the_plain_pixel_of_the_cloudfront_sample():
    assert "1x1.png?userid=aws_user&thirdpartyname=example.hightrafficwebsite.com" in [image["src"] for image in ELEMENTS.of("img")]


def test_the_page_lives_with_the_strictest_content_security_policy():
    assert [] == ELEMENTS.inline
    assert [] == [name for _, attributes in ELEMENTS.all for name in attributes if name == "style" or name.startswith("on")]
    assert "style.cssText" not in (WEBPAGE / "page.js").read_text("utf-8")


def test_the_page_can_be_read_without_eyes():
    ids = [attributes["id"] for _, attributes in ELEMENTS.all if "id" in attributes]
    labels = [label for _, attributes in ELEMENTS.all for label in (attributes.get("aria-labelledby") or "").split()]
    levels = [int(tag[1]) for tag, _ in ELEMENTS.all if re.fullmatch(r"h[1-6]", tag)]

    assert "en" == ELEMENTS.of("html")[0]["lang"]
    assert len(ids) == len(set(ids))
    assert set(labels) <= set(ids)
    assert all("alt" in image for image in ELEMENTS.of("img"))
    assert 1 == levels.count(1)
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_every_snippet_names_the_page_s_own_address():
    snippets = re.findall(r"<code data-snippet>(.*?)</code>", PAGE, re.DOTALL)

    assert 5 == len(snippets)
    assert all("{origin}/" in snippet for snippet in snippets)


@pytest.mark.parametrize("file", ["footfall.js", "page.js"])
def test_no_script_sets_a_cookie_or_stores_anything(file):
    source = (WEBPAGE / file).read_text("utf-8")

    assert [] == re.findall(r"cookie *=|document\.cookie|localStorage|sessionStorage|indexedDB|caches\.", source)


def test_the_tracker_stays_small_and_reads_in_older_browsers():
    """No lookbehind, which is a syntax error, and so no tracker at all, in Safari before 16.4."""
    assert len(TRACKER.encode()) < 8 * 1024
    assert "(?<" not in TRACKER
