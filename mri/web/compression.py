"""What a browser loads, packed once: quickly where somebody waits, as small as can be at leisure, and that is kept.

A kept file counts only where it unpacks to the very bytes. Knows bytes and encodings; nothing of addresses.
"""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import brotli

from mri.paths import COMPRESSED
from mri.store.files import replace_file

FOLDER = COMPRESSED
QUICK, BEST = 9, 11
"""Of brotli. 4.8 MB of Plotly take 0.4 s, and 8 s for a tenth less."""


@lru_cache(maxsize=512)
def packed(body: bytes, encoding: str) -> bytes:
    """`encoding`: "br" or "gzip"."""
    if encoding == "gzip":
        return gzip.compress(body, mtime=0)
    return _kept(body) or brotli.compress(body, quality=QUICK)


def keep_smallest(bodies: Iterable[bytes]) -> None:
    """From now on `packed` has the best of these, after a start anew, too; of others nothing is kept. A disk that
    cannot be written to changes nothing."""
    with contextlib.suppress(OSError):
        FOLDER.mkdir(parents=True, exist_ok=True)
        places = set()
        for body in bodies:
            places.add(_place(body))
            if _kept(body) is None:
                replace_file(_place(body), brotli.compress(body, quality=BEST))
        for path in set(FOLDER.iterdir()) - places:
            path.unlink(missing_ok=True)
    packed.cache_clear()


def _place(body: bytes) -> Path:
    return FOLDER / f"{sha256(body).hexdigest()[:32]}.br"


def _kept(body: bytes) -> bytes | None:
    try:
        smallest = _place(body).read_bytes()
        return smallest if brotli.decompress(smallest) == body else None
    except (OSError, brotli.error):
        return None
