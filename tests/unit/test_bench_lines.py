"""The generated lines that benchmarks and differential tests read."""

import gzip
import urllib.parse

from hypothesis import given
from hypothesis import strategies as st

from bench import escape
from bench.standard_log import write_log


@given(st.text(), st.sampled_from(["", "/", "!'()*-._~", "!$&()*+,-./:;=?@_%"]))
def test_the_generator_escapes_as_the_standard_library_does(text, safe):
    text = text.encode("utf-8", "replace").decode()

    assert urllib.parse.quote(text, safe=safe) == escape.quote(text, safe=safe)


def test_the_head_of_a_generated_log_is_its_beginning(tmp_path):
    write_log(tmp_path / "whole.gz", 5, 12, head=tmp_path / "head.gz", head_count=4)

    whole, head = (gzip.decompress((tmp_path / name).read_bytes()).splitlines() for name in ("whole.gz", "head.gz"))
    assert (14, 6) == (len(whole), len(head))
    assert whole[:6] == head
