"""`footfall queue redrive` and `purge`: what they ask first, and what their exit codes say."""

import argparse
from typing import TYPE_CHECKING

from footfall.cli.noun import DONE, FAILED
from footfall.cli.progress import show_progress
from footfall.cli.queue_output import is_confirmed, show, warn
from footfall.reasons import UNCERTAIN

if TYPE_CHECKING:
    from footfall.cli.queue_actions import Wiring


def redrive(chosen: argparse.Namespace, wiring: "Wiring") -> int:
    """Send the hits of letters again; done when all that was to be sent is sent, and its letters are gone."""
    if chosen.from_failures:
        return _redrive_failures(chosen, wiring)
    if (chosen.all or chosen.reason == UNCERTAIN.code) and not _may_double(chosen):
        return FAILED
    done = wiring.redrive(lambda so_far: show_progress(f"sent {so_far.sent} …"))
    show(chosen, done._asdict(), "redriven")
    if done.failed:
        warn(f"SQS did not confirm {done.failed} hits, whose letters stay: run it again")
    if done.sent_but_kept:
        warn(f"{done.sent_but_kept} hits were sent, and SQS did not confirm that their letters are deleted: run it again, none is doubled")
    return FAILED if done.failed or done.sent_but_kept else DONE


def purge(chosen: argparse.Namespace, wiring: "Wiring") -> int:
    """Delete letters for good; done when SQS confirmed it of each."""
    what = f"dead letters with the reason {chosen.reason}" if chosen.reason else "all dead letters"
    if not chosen.yes and not is_confirmed(f"delete {what} for good?", otherwise="nothing was deleted"):
        return FAILED
    done = wiring.purge(lambda so_far: show_progress(f"deleted {so_far.deleted} …"))
    show(chosen, done._asdict(), "purged")
    if done.unconfirmed:
        warn(f"SQS did not confirm that {done.unconfirmed} letters are deleted: run it again")
    return FAILED if done.unconfirmed else DONE


def _redrive_failures(chosen: argparse.Namespace, wiring: "Wiring") -> int:
    done = wiring.redrive_failures(lambda so_far: show_progress(f"enqueued {so_far.records} records of {so_far.batches} batches …"))
    show(chosen, done.progress()._asdict() | {"kept": done.kept}, "redriven")
    if done.kept:
        warn(f"{len(done.kept)} batches stay in the bucket; `kept` says why")
    return FAILED if done.kept else DONE


def _may_double(chosen: argparse.Namespace) -> bool:
    """Warn that hits may be stored twice; whether that is wanted."""
    warn("the destination may have stored the hits of `uncertain` letters: sent again they are doubled there")
    return chosen.yes or is_confirmed("send them again?", otherwise="nothing was sent")
