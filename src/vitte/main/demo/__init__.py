"""`vitte demo`: everything on this machine, with nothing to install or sign up for."""

import sys

from vitte.main.demo.options import DemoError, DemoOptions

__all__ = ["DemoError", "DemoOptions", "run_demo"]


def run_demo(options: DemoOptions) -> int:
    """Run the demo until Ctrl-C, SIGTERM or the failure of a part; return the exit code (0, or 1 after a
    failure).
    """
    # rich comes with the extra "demo": whoever runs in production has neither it nor need of it.
    try:
        import rich  # noqa: F401 - only whether it is there
    except ModuleNotFoundError:
        sys.stderr.write(
            "The demo's packages are not installed. Install them with: pip install 'vitte[demo]'\n"
        )
        return 1
    from vitte.main.demo.run import run

    return run(options)
