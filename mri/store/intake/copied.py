"""Makes a session one's own: a copy in the library's folder of one that may be neither renamed nor deleted."""

from __future__ import annotations

import shutil

from mri.errors import BadSession, StoreError
from mri.store.files import disk_error, replacing
from mri.store.library import Library


def copy_session(library: Library, session_id: str) -> str:
    """A copy of a finished session, called after it. -> its id, a new one.

    Raises SessionNotFound; BadSession for a broken one; StoreError where it is not finished, or the disk refuses.
    """
    path, info, new_id = library.path(session_id), library.info(session_id), library.new_id()
    if info.state == "broken":
        raise BadSession(info.error)
    if not path.is_file():
        raise StoreError(f"Session {session_id} is not packed yet: copy it when its recording is over.")
    try:
        library.folder.mkdir(parents=True, exist_ok=True)
        with open(path, "rb") as source, replacing(library.folder / f"{new_id}.h5") as target:
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise disk_error("write to", library.folder, error) from error
    library.rename(new_id, f"Copy of {info.name}" if info.name else "")
    return new_id
