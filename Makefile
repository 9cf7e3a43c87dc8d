# Two commands matter: make run, make test.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# tests of small models: two at a time, each on one core
SMALL := HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

.PHONY: run install install-tests test test-long test-fast test-realdata lint messages clean

run: install            ## start the app and print its address
	$(BIN)/python -m streamlit run app.py

install: .venv/installed

.venv/installed: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mlmtune needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

install-tests: .venv/installed-tests

.venv/installed-tests: requirements-dev.txt .venv/installed
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	sh tests/browser/install_chromium.sh $(BIN)/python
	touch $@

test: lint              ## style and types, small tests two at a time, then real workers and a real browser
	$(SMALL) -m "not slow and not browser and not realdata and not long"
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest --durations=12 -m "(slow or browser) and not realdata and not long"

test-long: install-tests  ## what takes half a minute or more each: nginx, a class, a laptop that sleeps, a cluster
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -m "long and not realdata"

test-realdata: install-tests  ## what was promised on real data beside the repository: some minutes of training
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -m realdata

test-fast: lint         ## style, types and the quickest of the small tests
	$(SMALL) -m "not slow and not browser and not realdata and not long and not thorough"

lint: install-tests     ## style of everything, types of the core
	$(BIN)/ruff check .
	$(BIN)/python -m mypy

messages:               ## bring the catalogues up to date with the sources
	$(BIN)/python -m tests.update_messages

clean:
	rm -rf .venv
