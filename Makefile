# make demo, make test: everything a newcomer needs is Python 3.11+ with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The cuBLAS that CTranslate2 wants on a GPU; hosts without a GPU do without its 600 MB.
EXTRAS := test$(shell nvidia-smi >/dev/null 2>&1 && echo ,cuda)

.PHONY: install demo test lint clean bench-gpu bench-overhead bench-dag bench-folder

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[$(EXTRAS)]"
	touch $@

demo: install
	$(BIN)/snakemake --profile local-gpu --configfile config/demo.yaml
	@echo
	@echo "The videos with their subtitles:"
	@ls -1 results/*/*.mkv
	@echo "The subtitles alone:"
	@ls -1 results/*/subtitles/*.srt

test: install
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint --configfile config/demo.yaml

# Questions with figures for answers; each prints one table.
bench-gpu: install
	$(BIN)/python benchmarks/gpu_policies.py

bench-overhead: install
	$(BIN)/python benchmarks/executor_overhead.py

bench-dag: install
	$(BIN)/python benchmarks/dag.py

bench-folder: install
	$(BIN)/python benchmarks/folder.py

clean:
	rm -rf $(VENV) results resources logs .snakemake
