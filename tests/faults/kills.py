"""Signals to the run, its workers and its jobs, at any moment: the same command goes on."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.figures import ROOT, Figures, command, finish, leftovers, results
from vat.jobs.processes import descendants, kill_tree

SIGNALS: Final = (signal.SIGKILL, signal.SIGSTOP, signal.SIGHUP)
VICTIMS: Final = ("run", "one", "all")
_LONGEST_S: Final = 240.0


def kills(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Interrupt runs, and compare what the next ones make with what an undisturbed one made."""
    begun = time.monotonic()
    status, said = finish(folder / "whole")
    lasts, wanted = time.monotonic() - begun, results(folder / "whole")
    figures.heard("undisturbed", said)
    if status or not wanted:
        figures.losses.append(f"undisturbed: {said[-500:]}")
        return
    for number in figures.numbers(tries):
        name, victim = random.choice(SIGNALS), random.choice(VICTIMS)
        moment = random.uniform(0.0, lasts)
        label = f"{name.name} to {victim} after {moment:.2f} s"
        here = folder / str(number)
        first = _interrupted(here, name, victim, moment, random)
        status, said = finish(here)
        figures.tries += 1
        figures.heard(label, said)
        if victim == "run":
            figures.heard(label, first)
        left = leftovers(here)
        if status or results(here) != wanted or left:
            figures.losses.append(f"{label}: status {status}, left {left}, {said[-500:]}")


def _interrupted(here: Path, name: int, victim: str, moment: float, random: Random) -> str:
    """Run until the moment, send the signal, and return what was said until the end."""
    here.mkdir(parents=True)
    with (here / "said.txt").open("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            command(here), cwd=ROOT, stdout=said, stderr=said, start_new_session=True
        )
        time.sleep(moment)
        family = list(descendants(process.pid))
        chosen = {"run": [process.pid], "one": family, "all": [*family, process.pid]}[victim]
        if victim == "one" and chosen:
            chosen = [random.choice(chosen)]
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, name)
        if name == signal.SIGSTOP:
            # What is stopped goes on, or is found dead by the next run.
            time.sleep(0.5)
            if random.random() < 0.5:
                for pid in chosen:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)
            else:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        try:
            process.wait(_LONGEST_S)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            process.wait()
        said.seek(0)
        return said.read()
