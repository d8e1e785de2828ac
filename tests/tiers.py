"""Two tiers of tests: `make test` with small samples; with MRI_TEST_ALL=1 large ones and long runs."""

from __future__ import annotations

import os

IS_LONG_RUN = os.environ.get("MRI_TEST_ALL", "") not in ("", "0")


def sample(ci: int, long: int) -> int:
    """How many cases to try: `ci` in `make test`, `long` in `make test-all`."""
    return long if IS_LONG_RUN else ci
