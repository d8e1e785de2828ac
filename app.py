"""Starts the server: `python app.py`, or `gunicorn app:server` for production. All of it stands in mri/serve.py."""

from mri.serve import app_from_environment, run

if __name__ == "__main__":
    run()
else:
    app = app_from_environment()
    server = app.server
