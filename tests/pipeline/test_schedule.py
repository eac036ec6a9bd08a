"""The schedule: one turn at a time, none lost in silence, stopped in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from detector.pipeline.schedule import MAX_FAILURES, Job, Outcome, Schedule

SOON = timedelta(milliseconds=20)
LONG = timedelta(seconds=30)


class Turns:
    """Counts turns and how many ran at once; stops after ``most``."""

    def __init__(self, most: int, *, takes: float = 0.0) -> None:
        self.most, self.takes = most, takes
        self.taken = self.at_once = self.most_at_once = 0
        self.began: list[float] = []

    def __call__(self) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.began.append(time.monotonic())
        time.sleep(self.takes)
        self.at_once -= 1
        self.taken += 1
        return self.taken < self.most


def test_it_turns_until_there_is_no_more_to_do() -> None:
    turns = Turns(5)
    Schedule(turns, every=SOON, misfire_grace=LONG).run()
    assert turns.taken == 5


def test_the_first_turn_does_not_wait_for_the_interval() -> None:
    turns, began = Turns(1), time.monotonic()
    Schedule(turns, every=timedelta(hours=1), misfire_grace=LONG).run()
    assert turns.began[0] - began < 5


def test_turns_never_overlap_and_those_that_fall_due_meanwhile_melt_into_one() -> None:
    turns, began = Turns(4, takes=0.15), time.monotonic()
    with capture_logs() as logs:
        Schedule(turns, every=SOON, misfire_grace=LONG).run()
    assert turns.most_at_once == 1
    assert turns.taken == 4
    assert time.monotonic() - began < 10
    said = [entry["event"] for entry in logs]
    assert said.count("run takes longer than the interval; the next ones wait") <= 4
    assert "run takes longer than the interval; the next ones wait" in said


def test_a_turn_that_fails_is_logged_and_the_next_one_taken() -> None:
    turns = Turns(3)

    def sometimes() -> bool:
        if turns.taken == 1 and len(turns.began) == 1:
            turns.began.append(0.0)
            raise OSError("the disk is full")
        return turns()

    with capture_logs() as logs:
        Schedule(sometimes, every=SOON, misfire_grace=LONG).run()
    assert turns.taken == 3
    (failed,) = [entry for entry in logs if entry["event"] == "run failed"]
    assert failed["in_a_row"] == 1
    assert str(failed["exc_info"]) == "the disk is full"


def test_failures_in_a_row_stop_it_with_their_reason() -> None:
    tried = []

    def never() -> bool:
        tried.append(None)
        raise OSError("the disk is full")

    with capture_logs(), pytest.raises(OSError, match="the disk is full"):
        Schedule(never, every=SOON, misfire_grace=LONG).run()
    assert len(tried) == MAX_FAILURES


def test_failures_with_turns_between_do_not_add_up() -> None:
    turns = Turns(2 * MAX_FAILURES)
    failed = []

    def every_other() -> bool:
        if len(failed) < turns.taken:
            failed.append(None)
            raise OSError
        return turns()

    with capture_logs():
        Schedule(every_other, every=SOON, misfire_grace=LONG).run()
    assert turns.taken == 2 * MAX_FAILURES


def test_a_turn_that_is_too_late_is_missed_and_that_is_logged() -> None:
    turns, every = Turns(1), timedelta(seconds=2.5)
    schedule = Schedule(turns, every=every, misfire_grace=timedelta(seconds=1))
    job = schedule._scheduler.get_job("run")
    job.modify(next_run_time=job.next_run_time - timedelta(seconds=1.7))
    with capture_logs() as logs:
        schedule.run()
    assert turns.taken == 1
    assert [entry["event"] for entry in logs] == ["run missed"]


def test_a_turn_within_the_grace_is_not_missed() -> None:
    turns = Turns(1)
    schedule = Schedule(turns, every=timedelta(hours=1), misfire_grace=timedelta(minutes=5))
    job = schedule._scheduler.get_job("run")
    job.modify(next_run_time=job.next_run_time - timedelta(minutes=2))
    with capture_logs() as logs:
        schedule.run()
    assert turns.taken == 1
    assert logs == []


def test_other_jobs_run_between_runs_and_never_at_the_same_time() -> None:
    turns = Turns(6, takes=0.05)
    delivered = []

    def deliver() -> None:
        assert turns.at_once == 0
        delivered.append(turns.taken)

    jobs = [Job("delivery", deliver, SOON)]
    schedule = Schedule(turns, every=timedelta(seconds=0.1), misfire_grace=LONG, jobs=jobs)
    schedule.run()
    assert schedule.counts.runs["delivery", Outcome.EXECUTED] >= 1
    assert ("delivery", Outcome.FAILED) not in schedule.counts.runs
    assert delivered


def test_what_works_beside_the_run_goes_on_while_it_lasts_and_while_it_is_waited_for() -> None:
    turns, renewed = Turns(100, takes=0.5), []
    jobs = [Job("lease", lambda: renewed.append(turns.at_once), SOON, parallel=True)]
    schedule = Schedule(turns, every=SOON, misfire_grace=LONG, jobs=jobs)
    threading.Timer(0.1, schedule.stop).start()
    schedule.run()
    assert turns.taken == 1
    assert sum(renewed) > 10


def test_what_became_of_jobs_is_counted_and_another_job_s_failure_stops_nothing() -> None:
    turns = Turns(MAX_FAILURES + 3, takes=0.03)

    def fail() -> None:
        raise OSError("the server is gone")

    schedule = Schedule(turns, every=SOON, misfire_grace=LONG, jobs=[Job("retention", fail, SOON)])
    with capture_logs() as logs:
        schedule.run()
    counts = schedule.counts.runs
    assert counts["run", Outcome.EXECUTED] == turns.taken == MAX_FAILURES + 3
    assert counts["retention", Outcome.FAILED] >= 1
    assert ("retention", Outcome.EXECUTED) not in counts
    assert {"retention failed"} <= {entry["event"] for entry in logs}


def test_stopping_finishes_the_running_turn_and_takes_no_other() -> None:
    turns, running = Turns(100, takes=0.2), threading.Event()

    def turn() -> bool:
        running.set()
        return turns()

    schedule = Schedule(turn, every=SOON, misfire_grace=LONG)
    threading.Thread(target=lambda: (running.wait(), schedule.stop())).start()
    schedule.run()
    assert schedule.is_stopping()
    assert turns.taken == 1


def test_signals_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    Schedule(Turns(1), every=SOON, misfire_grace=LONG).run()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


LIFE = """
    import sys, time
    from datetime import timedelta
    from detector.pipeline.schedule import Schedule

    def turn():
        print("begin", flush=True)
        time.sleep({takes})
        print("end", flush=True)
        return True

    Schedule(turn, every=timedelta(seconds=0.05), misfire_grace=timedelta(seconds=30)).run()
    print("stopped", flush=True)
"""


def live(tmp_path: Path, takes: float) -> subprocess.Popen[str]:
    script = tmp_path / "life.py"
    script.write_text(textwrap.dedent(LIFE.format(takes=takes)))
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begin\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_stops_it_within_five_seconds_behind_the_running_turn(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = live(tmp_path, takes=0.5)
    sent = time.monotonic()
    process.send_signal(number)
    rest, _ = process.communicate(timeout=20)
    assert time.monotonic() - sent < 5
    assert rest.splitlines() == ["end", "stopped"]
    assert process.returncode == 0


def test_a_second_ctrl_c_does_not_wait_for_the_turn(tmp_path: Path) -> None:
    process = live(tmp_path, takes=60)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode != 0


def test_sigterm_may_come_twice_from_one_sender(tmp_path: Path) -> None:
    process = live(tmp_path, takes=1)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0
