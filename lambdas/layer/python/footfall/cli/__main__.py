"""`python -m footfall.cli`: the command without its installed script."""

import sys

from footfall.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
