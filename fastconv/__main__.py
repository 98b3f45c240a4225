# SPDX-License-Identifier: BSD-3-Clause
"""The command line: `python -m fastconv demo` and `python -m fastconv config`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import override, show_config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (by default those of the process) name; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "config":
        show_config()
        return 0
    from . import demo

    try:
        with override(num_threads=chosen.num_threads):
            if chosen.image is not None:
                return demo.filter_photograph(chosen.image, chosen.output)
            return demo.learn_digits(chosen.output, chosen.epochs)
    except demo.DemoError as error:
        print(f"fastconv demo: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fastconv", description="Fast convolution on CPUs.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="learn to read digits and look inside the network, or filter a photograph")
    demo.add_argument("--image", type=Path, metavar="PATH", help="run a filter bank on this photograph instead")
    demo.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        default=Path(),
        help="where to write the picture (default: here)",
    )
    demo.add_argument("--epochs", type=_at_least_one, metavar="N", help="passes over the digits (default: 10)")
    demo.add_argument("--num-threads", type=_at_least_one, metavar="N", help="threads to compute with (default: fastconv's)")
    commands.add_parser("config", help="print what was built and what was found on this machine")
    return parser


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


if __name__ == "__main__":
    sys.exit(main())
