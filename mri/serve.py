"""Starts the server: `python app.py`, or where the package is installed `nanochat-mri`. Composition only.

For production `gunicorn app:server` in a checkout, `gunicorn "mri.serve:server()"` anywhere.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from dash import Dash
from werkzeug.serving import WSGIRequestHandler, make_server

from mri.console import replace_what_cannot_be_shown
from mri.errors import ModelError, MriError
from mri.nanochat.constants import constants_from_text, constants_of
from mri.nanochat.locate import Loading, find_checkpoint
from mri.paths import SESSIONS, as_path, demos
from mri.store.files import shown
from mri.web.assets import warm
from mri.web.heap import share_one_heap
from mri.web.server import create_app
from mri.web.services import EXTENSION, Services
from mri.web.stalls import STALL_S


def main(
    host: Annotated[
        str, typer.Option(help="Address to listen on. Others reach it only by names given with --allow-host.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8050,
    model: Annotated[
        Path | None,
        typer.Option(help="Base directory, checkpoint folder or file of weights; the embedded model if left out."),
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="tokenizer.pkl or tokenizer.json, where none lies near the weights.")
    ] = None,
    constants: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What no checkpoint says, as softcap=20.")
    ] = None,
    device: Annotated[str, typer.Option(help="cuda, mps or cpu; the best there is if left out.")] = "",
    dtype: Annotated[str, typer.Option(help="Of weights and cache: float32 or bfloat16.")] = "float32",
    sessions: Annotated[Path, typer.Option(help="Folder of recordings.")] = SESSIONS,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Also answer to this host name. May be given more than once."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Dash's developer tools and a request log.")] = False,
) -> None:
    """Serve nanochat MRI on this machine."""
    replace_what_cannot_be_shown()
    share_one_heap()
    try:
        loading = _loading(constants or [], tokenizer, device, dtype)
        if model is not None:
            find_checkpoint(model)
    except MriError as error:
        _fail(str(error))
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        _fail(f"Cannot listen on {host}:{port} ({error.strerror}): give another one with --port or --host.")
    everywhere = host in ("0.0.0.0", "::")
    hosts = [*(allow_host or ()), *([] if everywhere else [_bracketed(host)])]
    try:
        app = create_app(sessions, model, hosts, debug, loading=loading, demos=demos())
        services: Services = app.server.extensions[EXTENSION]
        greeting = _greeting(f"{'127.0.0.1' if everywhere else _bracketed(host)}:{listener.getsockname()[1]}", services)
    except MriError as error:
        _fail(str(error))
    logging.getLogger("werkzeug").setLevel(logging.INFO if debug else logging.WARNING)
    with listener:
        server = make_server(host, port, app.server, threaded=True, fd=listener.fileno(), request_handler=Handler)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        print(greeting, flush=True)
        threading.Thread(target=warm, args=[app.server], name="warm", daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.")
        finally:
            services.worker.close()


class Handler(WSGIRequestHandler):
    """Lets go of connections at which nothing comes, before their request and in it."""

    timeout = STALL_S

    def log_error(self, format: str, *args: Any) -> None:
        """Browsers open connections that they never use: that those end is no error."""
        if not format.startswith("Request timed out"):
            super().log_error(format, *args)


def _loading(constants: list[str], tokenizer: Path | None, device: str, dtype: str) -> Loading:
    """Raises ConfigError."""
    path = as_path(tokenizer).absolute() if tokenizer is not None else None
    return Loading(constants_of(constants_from_text(constants)), path, device, dtype)


def _bracketed(host: str) -> str:
    """As it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _greeting(address: str, services: Services) -> str:
    try:
        ref = services.model
        model = f"{ref.title} ({ref.file.parent})" + (f". {ref.note}" if ref.note else "")
    except ModelError as error:
        model = f"none to record with. {error}"
    folder, (infos, unread) = services.library.folder, services.library.listed(0)  # counted only, not looked into
    num_demos = len(services.library.demos_among(folder.iterdir() if folder.exists() else []))
    demos = f", and {num_demos} that came with the project" if num_demos else ""
    where = f"{shown(folder)}" + ("" if folder.exists() else " (which does not exist: the first recording makes it)")
    return (
        f"nanochat MRI at http://{address}\n"
        f"  model     {model}\n"
        f"  sessions  {len(infos) + unread - num_demos:,} in {where}{demos}\n"
        f"Ctrl-C stops it."
    )


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def _settings_of_environment() -> dict[str, Any]:
    """For gunicorn, which has no options of ours."""
    model = os.environ.get("MRI_MODEL")
    return {
        "sessions": Path(os.environ.get("MRI_SESSIONS") or SESSIONS),
        "model": Path(model) if model else None,
        "loading": _loading(
            os.environ.get("MRI_SET", "").split(),
            Path(tokenizer) if (tokenizer := os.environ.get("MRI_TOKENIZER")) else None,
            os.environ.get("MRI_DEVICE", ""),
            os.environ.get("MRI_DTYPE") or "float32",
        ),
        "demos": demos(),
        "allow_hosts": os.environ.get("MRI_ALLOW_HOST", "").split(),
    }


def app_from_environment() -> Dash:
    """The app with the settings of the environment. Where one of them cannot be, the process ends with a sentence."""
    share_one_heap()
    try:
        return create_app(**_settings_of_environment())
    except MriError as error:
        sys.exit(str(error))


def server() -> Any:
    """The WSGI application, for gunicorn."""
    return app_from_environment().server


def run() -> None:
    """Entry of `nanochat-mri`."""
    typer.run(main)
