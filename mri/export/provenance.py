"""Which session a table is of, and which model's: what goes with every table, in memory and in files."""

from __future__ import annotations

from mri.store.reader import SessionReader


def provenance(reader: SessionReader) -> dict[str, str]:
    session = reader.session
    return {
        "session_id": session.id,
        "model_id": session.model_id,
        "config_hash": session.run.model.config_hash,
        "weights_hash": session.run.model.weights_hash,
    }
