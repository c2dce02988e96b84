"""The command `audit`: errors become one sentence on standard error and an exit code."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; never shows a traceback for a mistake of the user's."""
    from audit import cli  # noqa: PLC0415  # nothing is loaded before it is needed
    from audit.records import AuditError  # noqa: PLC0415

    try:
        cli.app(prog_name="audit")
    except AuditError as error:
        sys.stderr.write(f"audit: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()
