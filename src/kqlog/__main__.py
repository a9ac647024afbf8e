"""`python -m kqlog` is the command `kqlog`."""

import sys

from kqlog.cli import main

sys.exit(main())
