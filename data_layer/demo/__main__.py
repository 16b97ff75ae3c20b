"""``python -m data_layer.demo FOLDER``: write the demo data there."""

from __future__ import annotations

import argparse
from pathlib import Path

from data_layer.demo import write


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(
        prog="python -m data_layer.demo",
        description="Write demo data: GloSea4's forecast of July 2011 and a synthetic archive "
        "(about 40 MB). What is already there is left alone.",
    )
    parser.add_argument("folder", type=Path, help="where to; made if need be")
    write(parser.parse_args().folder, report=print)


if __name__ == "__main__":
    main()
