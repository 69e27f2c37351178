"""The command: rehearse a deployment, and say in one line what failed and where the logs are."""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from footfall.errors import FootfallError
from local import rehearsal
from local.rehearsal.programs import REPOSITORY
from local.rehearsal.progress import Progress, last_lines
from local.rehearsal.run import rehearse


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse a deployment: 0 when everything holds, 1 when a step failed, 130 when it was interrupted."""
    argparse.ArgumentParser(prog="make rehearse", description=rehearsal.__doc__).parse_args(arguments)
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _stop)
    _forget_account()
    progress = Progress()
    folder = _fresh_folder()
    try:
        rehearse(folder, progress)
    except (FootfallError, BotoCoreError, ClientError, OSError) as failed:
        sys.stderr.write(_account_of(failed, progress, folder))
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"rehearse: interrupted during {progress.step}; everything it started is ended\n")
        return 130
    progress.say(f"rehearsed in {progress.total_s():.1f} s; logs and rows: {folder.relative_to(REPOSITORY)}")
    return 0


def _forget_account() -> None:
    """Drop all that could lead to the AWS account of whoever rehearses: variables, and the files that an SDK reads by itself."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "CDK_"))]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)


def _fresh_folder() -> Path:
    folder = REPOSITORY / ".footfall" / "rehearse"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _account_of(failed: Exception, progress: Progress, folder: Path) -> str:
    """One line that says it all, then the end of the log that was written last."""
    logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
    end = "".join(f"{log.name} ends with:\n{last_lines(log.read_text('utf-8', 'replace'))}\n" for log in logs[-1:])
    return f"rehearse: {progress.step} failed after {progress.total_s():.1f} s: {failed}; logs: {folder.relative_to(REPOSITORY)}\n{end}"


def _stop(signum: int, frame: object) -> NoReturn:
    """End as Ctrl-C does, so that everything that was started is ended too."""
    del signum, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
