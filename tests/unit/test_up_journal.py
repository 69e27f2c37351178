"""The journal holds each undelivered line, survives a kill at any point, and is never left half written."""

import errno
import os

import pytest

from local.up import journal as module
from local.up.journal import Journal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def open_journal(path):
    opened = []

    def open_():
        opened.append(Journal(path))
        return opened[-1]

    yield open_
    for journal in opened:
        journal.close()


def test_what_was_not_delivered_is_there_for_the_next_process(open_journal):
    journal = open_journal()
    for line in (b"a\n", b"b\n", b"a\n"):
        journal.append(line)
    journal.strike(b"a\n")

    assert 2 == journal.waiting()
    assert {b"a\n", b"b\n"} == set(open_journal().left)


def test_with_nothing_waiting_the_file_is_empty(open_journal, path):
    journal = open_journal()
    journal.append(b"a\n")
    journal.strike(b"a\n")

    assert (b"", 0) == (path.read_bytes(), journal.waiting())


def test_a_line_that_was_never_written_is_struck_without_harm(open_journal):
    journal = open_journal()
    journal.append(b"a\n")
    journal.strike(b"b\n")

    assert 1 == journal.waiting()


def test_a_line_that_a_killed_process_was_writing_is_cut_off(open_journal, path):
    path.write_bytes(b"a\nhalf")

    assert (b"a\n",) == open_journal().left
    assert b"a\n" == path.read_bytes()


def test_a_full_disk_leaves_the_file_as_it_was(open_journal, path, monkeypatch):
    journal = open_journal()
    journal.append(b"a\n")
    write = os.write

    def fill(file, content):
        if len(content) < 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, content[:5])

    monkeypatch.setattr(module.os, "write", fill)
    with pytest.raises(OSError, match="No space left"):
        journal.append(b"longer\n")

    assert (b"a\n", 1) == (path.read_bytes(), journal.waiting())


def test_delivered_lines_do_not_pile_up_while_one_waits(open_journal, path):
    journal = open_journal()
    journal.append(b"waits\n")
    for number in range(module.REWRITE_AFTER + 5):
        line = b"%d\n" % number
        journal.append(line)
        journal.strike(line)

    assert path.read_bytes().startswith(b"waits\n")
    assert path.read_bytes().count(b"\n") < 10
    assert b"waits\n" in open_journal().left


def test_only_its_owner_can_read_it(open_journal, path):
    open_journal()

    assert 0o600 == path.stat().st_mode & 0o777
