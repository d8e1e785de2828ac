# Every target sets up what it needs in .venv. `make help` lists them.

PYTHON ?= $(firstword $(foreach p,python3 python3.11 python3.12 python3.13 python3.14,\
	$(shell $(p) -c 'import sys; print("$(p)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
VENV := .venv
LOWEST := .venv-lowest
PY := $(VENV)/bin/python
JS := tests/js/node_modules/.bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-all test-lowest check bench model demos lessons screenshots clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

run: $(VENV)/run.stamp  ## serve the app (ARGS="--port 8060" passes options on)
	$(PY) app.py $(ARGS)

test: $(VENV)/dev.stamp $(VENV)/js.stamp  ## every test, in a real browser too (ARGS="tests/store -x" narrows)
	@$(PY) tests/browser/ensure_browser.py
	@$(PY) -m pytest -n auto --dist loadfile $(ARGS)

test-all: $(VENV)/dev.stamp $(VENV)/js.stamp  ## the same with large samples and long runs (about two hours; before an issue is closed)
	@$(PY) tests/browser/ensure_browser.py
	@MRI_TEST_ALL=1 $(PY) -m pytest -n auto --dist loadfile $(ARGS)

test-lowest: | $(PY)  ## tests of models and recorders with the oldest torch that the package allows (on Linux a download of gigabytes)
	@test -x $(LOWEST)/bin/python || $(PY) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check 'torch==2.9.*' '.[dev]'
	$(LOWEST)/bin/python -m pytest -n auto --dist loadfile tests/nanochat tests/capture tests/run tests/worker tests/test_api.py $(ARGS)

check: $(VENV)/dev.stamp $(VENV)/js.stamp  ## ruff, mypy, prettier, tsc, the layers of the imports and the types that cross the border: no other test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	@$(JS)/prettier --check --log-level warn assets/boot.js "assets/js/**/*.mjs" "tests/js/*.mjs"
	$(JS)/tsc -p tests/js
	$(PY) -m pytest -q tests/test_layers.py tests/web/test_types.py

bench: $(VENV)/dev.stamp  ## measure: what tracing costs, bytes, store, server, browser
	$(PY) -m mri bench $(ARGS)

model: $(VENV)/run.stamp  ## train the embedded model anew (about an hour)
	$(PY) -m mri.making.pretrain train $(ARGS)
	$(PY) -m mri.making.pretrain export

demos: $(VENV)/run.stamp  ## record the bundled sessions anew
	$(PY) -m mri.making.demos

lessons: $(VENV)/run.stamp  ## record the sessions of the lessons anew (ARGS="1 2" only these levels)
	$(PY) -m mri.making.lessons $(ARGS)

screenshots: $(VENV)/dev.stamp  ## make the pictures of the README
	@$(PY) tests/browser/ensure_browser.py
	$(PY) -m tests.browser.screenshots

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) $(LOWEST) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: requirements.txt | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp

$(VENV)/js.stamp: tests/js/package-lock.json | $(PY)
	@command -v npm >/dev/null || { echo "Tests and checks of JavaScript need Node.js with npm (Debian, Ubuntu: apt install npm; make run needs neither)."; exit 1; }
	npm ci --silent --no-audit --no-fund --prefix tests/js
	@touch $@
