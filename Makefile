# CV Studio. `make run` starts everything, `make test` proves it; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV ?= .venv
PY := $(VENV)/bin/python
# The newest of the Pythons that the studio supports.
BASE_PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$p && break; done)
ADDRESS ?= 127.0.0.1:8000
WORKERS ?= 2
PYTEST := $(PY) -m pytest
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Settings of a production machine, for the checks that only they turn on.
PRODUCTION := env CVSTUDIO_ENV=prod CVSTUDIO_ENV_FILE=none ALLOWED_HOSTS=studio.example.org \
	SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')
DEVELOPMENT := env CVSTUDIO_ENV=dev CVSTUDIO_ENV_FILE=none SECRET_KEY=only-for-checks

.PHONY: help setup dev run worker test test-fast test-browser lint format type check bench demo screenshots messages lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(PY):
	@test -n "$(BASE_PYTHON)" || { echo "CV Studio needs Python 3.11 or 3.12."; exit 1; }
	$(BASE_PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt constraints.txt | $(PY)
	$(PY) -m pip install --quiet -r requirements.txt -c constraints.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(PY) -m pip install --quiet -r requirements-dev.txt -c constraints.txt
	@touch $@

setup: $(VENV)/.installed ## Make .venv, install the pinned requirements, prepare the database
	@$(PY) manage.py setup

dev: $(VENV)/.installed-dev ## Also install what tests, lint and types need

run: $(VENV)/.installed ## Start everything: http://127.0.0.1:8000
	@$(PY) manage.py runserver $(ADDRESS)

worker: $(VENV)/.installed ## One more worker: make worker QUEUE=train
	@$(PY) manage.py worker $(or $(QUEUE),train)

test: dev ## Everything but the browser
	$(PYTEST) -n $(WORKERS) --dist loadscope -m "not browser and not bench"

test-fast: dev ## What takes no time and starts no process
	$(PYTEST) -n $(WORKERS) -m "not slow and not process and not browser and not bench"

test-browser: dev ## Real Chromium
	$(PYTEST) -m browser

lint: dev ## Style, import contracts, migrations, production checks
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports
	$(DEVELOPMENT) $(PY) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

format: dev ## Format the code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

type: dev ## Types
	$(PY) -m mypy

check: lint type test ## What must pass before a change is taken

bench: dev ## Measure what the design promises
	@for file in benchmarks/*.py; do echo "== $$file"; $(PY) -m benchmarks.$$(basename $$file .py) || exit 1; done

demo: $(VENV)/.installed ## The closed loop without a browser, in about a minute
	@$(PY) manage.py setup
	@$(PY) manage.py demo

screenshots: dev ## Pictures of every page, both languages, light and dark, wide and narrow
	$(PY) -m tests.browser.screenshots

messages: dev ## Bring the translation files up to date with the sources
	$(PY) manage.py messages

lock: dev ## Write down every installed version
	{ echo "# Every version that was tested together (\`make lock\`). pip takes it beside requirements.txt."; \
	$(PY) -m pip freeze; } > constraints.txt

clean: ## Remove caches, not data
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis staticfiles
	find cvstudio ml_core tests -name __pycache__ -prune -exec rm -rf {} +
