# Every target makes its own environment in .venv: uv when it can be had, else pip. Needs Python 3.11+ and make.
PYTHON ?= python3
PY := PYTHONPATH=lambdas/layer/python .venv/bin/python
ARGS ?=
BENCH ?=

.DEFAULT_GOAL := help
.PHONY: help demo up test check synth rehearse bench faults lock format clean

help:            ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/local   ## send real requests through the whole pipeline on this machine and account for each (ARGS=--all, --json)
	@$(PY) -m local.demo $(ARGS)

up: .venv/local     ## keep the pipeline up, with a page that shows what becomes of each request (ARGS="--port 9000", --keep DIR)
	@exec env $(PY) -m local.up $(ARGS)

test: .venv/all     ## every test (ARGS=tests/unit to choose); browser tests and Python 3.13 where they are found
	@CHROMIUM="$$(sh tests/browser/chromium.sh)" $(PY) -m pytest $(ARGS)
	@[ -n "$(ARGS)" ] || sh tests/on_deployed_python.sh

check: .venv/all    ## format, lint, types, imports, synth with cdk-nag, cfn-lint; no tests
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	PYTHONPATH=lambdas/layer/python .venv/bin/lint-imports --no-cache
	@$(MAKE) --no-print-directory synth

synth: .venv/all    ## CloudFormation templates into cdk.out, without credentials; cdk-nag and cfn-lint must be clean
	$(PY) app.py
	.venv/bin/cfn-lint --non-zero-exit-code warning -- cdk.out/*.template.json
	@echo "templates: cdk.out/*.template.json"

rehearse: .venv/all ## really deploy the templates to an emulated AWS on this machine, send hits, find the rows, destroy it again
	@sh local/rehearsal/install.sh
	@$(PY) -m local.rehearsal

bench: .venv/all    ## measure (BENCH=transform for one); each ends in one line `bench NAME key=value ...`
	@$(PY) -m bench $(BENCH)

faults: .venv/all   ## break the pipeline on purpose at every step, and show that nothing acknowledged was lost
	@$(PY) -m pytest tests/faults -q -p no:randomly $(ARGS)

lock:               ## write the lock files anew: three from pyproject.toml, two of the rehearsal
	@$(MAKE) --no-print-directory .venv/bin/python
	sh local/install.sh lock
	@$(MAKE) --no-print-directory .venv/all
	sh local/rehearsal/install.sh lock

format: .venv/all   ## format and fix what can be fixed
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

clean:              ## remove all that make made
	rm -rf .venv .venv-3.13 .venv-rehearse .footfall cdk.out build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Footfall needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .venv

.venv/local: local/requirements.txt | .venv/bin/python
	@sh local/install.sh local/requirements.txt
	@touch $@

.venv/all: requirements.txt pyproject.toml | .venv/bin/python
	@sh local/install.sh requirements.txt
	@sh local/install.sh --self
	@touch $@ .venv/local
