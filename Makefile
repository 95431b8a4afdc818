# make run | test | demo | lint | bench, and for work on it: test-fast | format | messages | docs |
# mutants | chaos | truth | pictures. Each sets up what it needs in .venv first.
# make chaos CHAOS=--quick is a twentieth of it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-fast demo lint format sbom lock messages docs mutants bench chaos truth pictures clean

$(VENV)/run.stamp: requirements.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12 run")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib
	touch $@

run: $(VENV)/run.stamp
	$(BIN)/python -m aq serve

demo: $(VENV)/run.stamp
	$(BIN)/python -m aq demo

test: $(VENV)/dev.stamp
	$(BIN)/python -m tools.browser_setup
	$(BIN)/python -m pytest -n auto --dist loadfile

# What most changes need while they are made: no browser, no PostgreSQL, nothing of minutes.
test-fast: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not browser and not postgresql and not slow"

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

# The pinned versions with the hashes of their files, for the image and CI; by Python 3.11.
lock: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet pip-tools
	head -2 requirements.lock > $(VENV)/lock
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o - requirements.txt >> $(VENV)/lock
	mv $(VENV)/lock requirements.lock

# What the program is made of (CycloneDX), and NOTICE brought up to date with it.
sbom: $(VENV)/dev.stamp
	$(BIN)/python -m tools.sbom

# The catalogue of words and the table of modules, brought up to date with the code.
messages: $(VENV)/dev.stamp
	$(BIN)/python -m tools.messages

docs: $(VENV)/dev.stamp
	$(BIN)/python -m tools.architecture

# What the domain's own tests would not notice; hours, and nothing else beside it. Some of it:
# make mutants MUTANTS="aq.domain.clock.*"
mutants: $(VENV)/dev.stamp
	$(BIN)/mutmut run $(MUTANTS)
	$(BIN)/mutmut results

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.audit

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench

chaos: $(VENV)/dev.stamp
	$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m chaos $(CHAOS)

# Recorded months of AirKorea, where they are, against its own grades and indices.
truth: $(VENV)/run.stamp
	$(BIN)/python -m aq truth "$${AQ_RECORDED:-../shared/feeds/recorded}"

pictures: $(VENV)/dev.stamp
	$(BIN)/python -m tools.pictures

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
