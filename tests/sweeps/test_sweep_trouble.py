"""What goes wrong around a sweep: full disks, deleted studies, locks of the dead, journals without their runs, nobody who leads. And how
its budget ends it."""
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import unittest

import optuna
from optuna.trial import TrialState

from test_sweep import SweepTest

# Long enough for whatever happens while it trains.
LONG = {"train": {"steps": 1000}, "validation": {"every": 20}}


class Trouble(SweepTest):
    def begun(self, slots=2, **changes):
        """Who leads a sweep of which as many trials as it has slots have reported something."""
        self.environment["TRIVIAL_STEP_MS"] = "20"
        process = self.start("sweep", "run", self.file(**{"base": LONG, "budget": {"trials": slots}} | changes), "--slots", slots,
                             restore_signals=False)
        self.until(lambda: self.call("sweep", "show", "lr").returncode == 0
                   and sum(bool(t["intermediate"]) for t in self.show()["trials"]) >= slots)
        return process

    def leaderless(self, **changes):
        process = self.begun(**changes)
        process.kill()
        process.wait()
        self.assertEqual(self.show()["state"], "idle")

    def go_on(self):
        self.be_fast()
        self.ablate("sweep", "resume", "lr", "--slots", 2)

    def states(self, name="lr"):
        return [trial["state"] for trial in self.show(name)["trials"]]

    def statuses(self):
        return sorted(run["status"] for run in self.runs())

    def as_another(self):
        """Of root's processes one that may not write everywhere."""
        return {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}


class Budgets(Trouble):
    def test_hours_end_it_also_for_those_who_come_later(self):
        self.ends({"hours": 50 / 3600})  # Of a trial's 20 s.

    def test_epochs_end_it_also_for_those_who_come_later(self):
        self.ends({"epochs": 5})  # Of a trial's 2.

    def ends(self, budget):
        said = self.ablate("sweep", "run", self.file(budget=budget), "--slots", 1).stderr
        self.assertRegex(said, r"Finished: the budget of .* is used up\. For more: raise it in")
        self.assertEqual(self.states(), ["COMPLETE"] * 3)
        again = self.ablate("sweep", "resume", "lr", "--slots", 1)
        self.assertRegex(again.stdout + again.stderr, r"the budget of .* (hours|epochs) is used up\. For more: raise it in .*sweep\.json")
        self.assertEqual(self.states(), ["COMPLETE"] * 3)
        self.assertEqual(self.show()["state"], "finished")
        self.assertRegex(self.error_of("sweep", "add", "lr", 3, code=1), r"no number of trials: raise it in .*sweep\.json")

    def test_epochs_that_end_it_before_its_trials_are_told(self):
        self.sweep(base={"train": {"steps": "2ep"}, "validation": {"every": 5}}, budget={"trials": 10, "epochs": 4})
        early = r"Ended early: the budget of 4 epochs is used up\. For more: raise it in .*sweep\.json"
        self.assertRegex(self.show()["problem"], early)
        self.assertRegex(self.error_of("sweep", "add", "lr", 3, code=1), r"4 epochs is used up, so more trials would not begin: raise it in")
        self.assertEqual(json.loads((self.journal().parent / "sweep.json").read_text())["budget"]["trials"], 10)

    def test_halving_of_runs_whose_length_is_in_epochs(self):
        self.environment["TRIVIAL_STEP_MS"] = "2"
        said = self.sweep(base={"train": {"steps": "9ep"}, "validation": {"every": 5}}, budget={"trials": 12},
                          pruner={"name": "asha", "min_resource": "auto", "reduction_factor": 3}).stderr
        study = self.study()
        self.assertEqual(study.user_attrs["total_steps"], 90)
        self.assertIn("waits at step", said)
        self.assertEqual({t.state for t in study.trials}, {TrialState.COMPLETE, TrialState.PRUNED})
        for trial in study.trials:
            steps = list(trial.intermediate_values)
            self.assertEqual(steps[-1] == 90, trial.state == TrialState.COMPLETE)
            self.assertEqual(steps, list(range(5, steps[-1] + 1, 5)))


class NobodyLeads(Trouble):
    def test_a_trial_is_killed(self):
        self.leaderless()
        self.ablate("sweep", "kill", "lr", 0)
        trial = self.study().trials[0]
        self.assertEqual(trial.state, TrialState.PRUNED)
        self.assertEqual(trial.value, list(trial.intermediate_values.values())[-1])
        self.until(lambda: self.statuses() == ["running", "stopped"])
        self.ablate("sweep", "stop", "lr")
        self.until(lambda: self.statuses() == ["stopped", "stopped"])
        self.go_on()
        self.assertEqual(self.states(), ["PRUNED", "COMPLETE"])
        self.assertEqual(self.statuses(), ["completed", "pruned"])

    def test_its_runs_are_stopped_and_go_on_later(self):
        self.leaderless()
        self.ablate("sweep", "stop", "lr")
        self.until(lambda: self.statuses() == ["stopped", "stopped"])
        self.assertEqual(self.states(), ["RUNNING", "RUNNING"])
        self.go_on()
        self.assertEqual(self.states(), ["COMPLETE", "COMPLETE"])
        self.assertEqual(self.statuses(), ["completed", "completed"])


class Disk(Trouble):
    def test_a_full_disk_is_told_and_it_goes_on_when_there_is_space_again(self):
        process = self.begun(slots=1, base={"train": {"steps": 400}, "validation": {"every": 20}}, budget={"trials": 2})
        full = self.journal().stat().st_size + 60
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        self.until(lambda: "free some space" in self.show()["problem"])
        self.assertIn("sweep.journal", self.show()["problem"])
        self.be_fast()
        self.until(lambda: self.statuses() == ["completed"])
        self.assertEqual(self.states(), ["RUNNING"])
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(self.show()["problem"], "")
        self.assertEqual(self.states(), ["COMPLETE"] * 2)
        self.assertEqual([list(t.intermediate_values) for t in self.study().trials], [list(range(20, 401, 20))] * 2)
        self.assertEqual(set(self.diary().values()), {1})

    def test_a_root_that_may_only_be_read_is_shown_and_nothing_else(self):
        self.sweep(budget={"trials": 1})
        shown = self.show()
        self.folder.chmod(0o755)
        paths = [self.root, *self.root.rglob("*")]
        for path in paths:
            path.chmod(path.stat().st_mode & 0o555 | 0o444)
            self.addCleanup(path.chmod, path.stat().st_mode | 0o700)
        other = self.as_another()
        self.assertEqual(self.json_of("sweep", "show", "lr", **other), shown)
        self.assertEqual([each["name"] for each in self.json_of("sweep", "list", **other)], ["lr"])
        self.root.chmod(0o000)
        self.assertRegex(self.error_of("list", code=2, **other), r"runs can't be read: Permission denied")
        self.root.chmod(0o555)
        for words in (("run", self.file(budget={"trials": 2})), ("run", self.file(name="new")), ("resume", "lr"), ("add", "lr", 1),
                      ("pause", "lr"), ("stop", "lr")):
            with self.subTest(words[0]):
                self.assertIn("Permission denied", self.error_of("sweep", *words, code=1, timeout=30, **other))
        self.assertEqual(self.show(), shown)
        self.assertEqual([path for path in self.root.rglob("*")], paths[1:])


class Deleted(Trouble):
    def test_a_study_that_is_deleted_is_told_and_goes_on_from_a_copy(self):
        process = self.begun()
        copy = shutil.copy(self.journal(), self.folder)
        optuna.delete_study(study_name="lr", storage=self.storage())
        told = next(line for line in process.stderr if "was deleted" in line)
        self.assertIn("put the journal back from a copy", told)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 1)
        self.assertIn("holds no study", self.error_of("sweep", "show", "lr", code=1))
        shutil.copy(copy, self.journal())
        self.ablate("sweep", "stop", "lr")
        self.until(lambda: self.statuses() == ["stopped", "stopped"])
        self.go_on()
        self.assertEqual(self.states(), ["COMPLETE", "COMPLETE"])
        self.assertEqual(self.statuses(), ["completed", "completed"])


class Moved(Trouble):
    def test_a_folder_of_another_name_is_called_by_that(self):
        self.sweep()
        self.journal().parent.rename(self.journal().parent.with_name("other"))
        self.assertIn("ablate sweep add runs/sweeps/other N", self.ablate("sweep", "resume", "other").stderr)
        self.assertIn("other: finished", self.ablate("sweep", "list").stdout)

    def test_what_has_a_name_is_meant_and_no_other_that_begins_so(self):
        self.sweep()
        self.sweep(name="lr2")
        self.journal().with_name("sweep.json").unlink()
        for words in (("show", "lr"), ("resume", "lr"), ("add", "lr", 1), ("stop", "lr"), ("kill", "lr", 0)):
            self.assertRegex(self.error_of("sweep", *words, code=1), r"sweeps/lr has no sweep\.json")

    def test_more_trials_come_on_top_of_those_that_others_added(self):
        self.sweep(budget={"trials": 1})
        theirs = self.study()
        for _ in range(3):
            theirs.tell(theirs.ask({"optimizer.lr": optuna.distributions.FloatDistribution(1e-5, 1.0, log=True)}), 0.5)
        self.assertIn("The budget of lr is 6 trials now", self.ablate("sweep", "add", "lr", 2).stderr)
        self.assertEqual(len(self.states()), 6)

    def test_in_its_own_folder_a_sweep_is_called_by_a_dot(self):
        self.sweep(budget={"trials": 1})
        here = {"cwd": self.journal().parent}
        for word in (".", "./."):
            self.assertEqual(self.json_of("sweep", "show", word, **here), self.show())
        self.ablate("sweep", "add", ".", 1, **here)
        self.assertEqual(len(self.runs()), 2)

    def test_a_folder_that_is_no_sweep_is_not_said_to_be_one(self):
        self.sweep(budget={"trials": 1})
        for word in ("..", ".", str(self.folder), "../sweeps"):
            self.assertIn("There is no sweep", self.error_of("sweep", "show", word, code=1))

    def test_the_list_has_what_each_used_of_its_budget(self):
        self.sweep(budget={"trials": 2})
        [listed] = self.json_of("sweep", "list")
        self.assertEqual((listed["name"], listed["state"], listed["states"]), ("lr", "finished", {"COMPLETE": 2}))
        self.assertEqual((listed["budget"], listed["used"]["trials"]), ({"trials": 2}, 2))
        self.assertGreater(listed["used"]["hours"], 0)

    def test_advice_can_be_typed_as_it_is(self):
        self.sweep(name="it's mine")
        said = self.ablate("sweep", "resume", "it's mine").stderr
        command = shlex.split(said.split("For more: ")[1].splitlines()[0].replace(" N", " 1"))
        self.ablate(*command[1:])
        self.assertEqual(len(self.states("it's mine")), 7)

    def test_epochs_that_were_raised_stay(self):
        asked = {"base": {"train": {"steps": "2ep"}, "validation": {"every": 5}}, "budget": {"epochs": 4}}
        one_by_one = ("sweep", "run", self.file(**asked), "--slots", 1)  # Two begin together, and use more than there is.
        self.ablate(*one_by_one)
        file = self.journal().with_name("sweep.json")
        document = json.loads(file.read_text())
        document["budget"]["epochs"] = 6
        file.write_text(json.dumps(document))
        self.assertIn("raised to 6 epochs before", self.ablate(*one_by_one).stderr)
        self.assertEqual(self.states(), ["COMPLETE"] * 3)
        self.assertEqual(json.loads(file.read_text())["budget"]["epochs"], 6)

    def test_small_files_that_are_damaged_or_gone_keep_nobody_waiting(self):
        folder = self.journal().parent
        process = self.begun()
        (folder / "controller.json").write_text("{")
        self.assertRegex(self.show()["problem"], r"controller\.json.*\. It can be removed")
        self.be_fast()
        (folder / "controller.json").unlink()
        (folder / "launcher.json").unlink()
        follower = self.start("sweep", "resume", "lr")
        process.kill()
        process.wait()
        self.assertEqual(follower.wait(60), 0)
        self.assertEqual(self.states(), ["COMPLETE"] * 2)
        (folder / "launcher.json").write_text("{")
        self.assertRegex(self.error_of("sweep", "resume", "lr", code=1), r"launcher\.json.*\. It can be removed, and where")

    def test_one_that_is_led_does_not_go_on_by_itself(self):
        process = self.begun()
        said = self.ablate("sweep", "resume", "lr", "--detach").stderr
        self.assertIn(f"is led already, by process {process.pid}", said)
        self.assertNotIn("goes on by itself. Watch", said)


class Copied(Trouble):
    def copied(self):
        self.ablate("sweep", "stop", "lr")
        self.until(lambda: "running" not in self.statuses())
        elsewhere = self.folder / "elsewhere"
        shutil.copytree(self.root / "sweeps", elsewhere / "sweeps")
        self.root = elsewhere
        self.go_on()

    def test_trials_that_ran_elsewhere_train_anew(self):
        self.leaderless()
        self.copied()
        self.assertEqual(self.states(), ["COMPLETE", "COMPLETE"])
        self.assertEqual(self.statuses(), ["completed", "completed"])
        for trial in self.study().trials:
            self.assertEqual(list(trial.intermediate_values), list(range(20, 1001, 20)))
            self.assertEqual(self.json_of("show", trial.user_attrs["run"])["metrics"]["iou/val"], trial.value)

    def test_so_do_those_that_waited_at_a_rung(self):
        self.environment["TRIVIAL_STEP_MS"] = "5"
        process = self.start("sweep", "run", self.file(base={"train": {"steps": 90}, "validation": {"every": 5}}, budget={"trials": 9},
                                                       pruner={"name": "asha", "min_resource": 10, "reduction_factor": 3}), "--slots", "2")
        self.until(lambda: self.journal().exists() and self.call("sweep", "show", "lr").returncode == 0
                   and any(t.user_attrs.get("paused_at") for t in self.study().trials))
        process.kill()
        process.wait()
        self.copied()
        self.assertEqual(len(self.states()), 9)
        self.assertEqual(set(self.states()), {"COMPLETE", "PRUNED"})


class OthersRuns(Trouble):
    def test_a_run_of_another_sweep_is_left_alone(self):
        self.begun(slots=1)
        run = self.root / self.study().trials[0].user_attrs["run"]
        copy = shutil.copy(self.journal(), self.folder)
        self.ablate("sweep", "run", self.file(name="mine", base={"train": {"steps": 20}, "validation": {"every": 5}}, budget={"trials": 1}),
                    "--slots", 2, "--journal", copy)
        trials = self.show("mine")["trials"]
        self.assertEqual([trial["state"] for trial in trials], ["FAIL", "COMPLETE"])  # The second is the first, tried again.
        self.assertIn("lr", trials[0]["error"])
        self.assertIn(run.name, trials[0]["error"])
        self.assertEqual(self.json_of("show", run.name)["status"], "running")
        self.assertEqual(self.states(), ["RUNNING"])

    def test_a_run_of_another_trial_is_left_alone(self):
        self.leaderless()
        self.ablate("sweep", "stop", "lr")
        self.until(lambda: self.statuses() == ["stopped", "stopped"])
        first, second = self.study().trials
        lines = self.journal().read_text().replace(second.user_attrs["run"], first.user_attrs["run"])
        self.journal().write_text(lines)
        self.go_on()
        trials = self.show()["trials"]
        self.assertEqual([trial["state"] for trial in trials], ["COMPLETE", "FAIL", "COMPLETE"])
        self.assertIn(first.user_attrs["run"], trials[1]["error"])


class Resumes(Trouble):
    def test_one_that_could_not_be_submitted_does_not_count(self):
        self.environment |= {"TRIVIAL_STEP_MS": "50", "TRIVIAL_DIES_AT": "25"}
        process = self.start("sweep", "run", self.file(base={"train": {"steps": 40}, "validation": {"every": 5}}, budget={"trials": 1}),
                             "--slots", "1")
        self.until(lambda: self.call("sweep", "show", "lr").returncode == 0 and self.show()["trials"]
                   and self.show()["trials"][0]["intermediate"])
        waiting = self.root / ".ablate" / "queue" / "waiting"
        waiting.rmdir()
        waiting.write_text("in the way")
        next(line for line in process.stderr if str(waiting) in line)
        waiting.unlink()
        waiting.mkdir()
        self.assertEqual(process.wait(60), 0)
        self.assertEqual([(t.state, t.user_attrs["resumed"]) for t in self.study().trials], [(TrialState.COMPLETE, 1)])


class Refused(Trouble):
    def test_without_slurms_programs_it_ends_and_says_so(self):
        said = self.sweep("--launcher", "slurm", environment={"PATH": str(self.folder / "nothing")}, code=1).stderr
        for words in ("squeue", "No trial could be begun. Once that is mended: ablate sweep resume "):
            self.assertIn(words, said)
            self.assertIn(words, self.show()["problem"])
        self.assertEqual(self.show()["state"], "idle")
        self.assertEqual(self.statuses(), ["queued", "queued"])
        self.ablate("sweep", "stop", "lr")


class Locks(Trouble):
    def test_locks_that_others_left_behind_are_broken_after_a_while(self):
        """Optuna's two kinds, of a process that was killed, and one of ours of another host. All at once: each takes half a minute."""
        leave = ("import os, sys\n"
                 "from optuna.storages import journal\n"
                 "getattr(journal, sys.argv[1])(sys.argv[2]).acquire()\n"
                 "os.kill(os.getpid(), 9)\n")
        names = ("JournalFileSymlinkLock", "JournalFileOpenLock", "ours")
        for name in names:
            self.sweep(name=name, budget={"trials": 1})
            if name == "ours":
                (self.journal(name).parent / "sweep.journal.lock").symlink_to("sweep.journal.elsewhere.lock")
            else:
                subprocess.run([sys.executable, "-c", leave, name, self.journal(name)], check=False)
            self.assertTrue(os.path.lexists(f"{self.journal(name)}.lock"))
        going_on = [self.start("sweep", "add", name, "1", "--slots", "1") for name in names]
        for name, process in zip(names, going_on):
            self.assertEqual(process.wait(120), 0, name)
            self.assertEqual([t.state for t in self.study(name).trials], [TrialState.COMPLETE] * 2)
            self.assertFalse(os.path.lexists(f"{self.journal(name)}.lock"))


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@unittest.skipIf(os.environ.get("ABLATE_SANITIZE"), "sanitizers want to be loaded first, as libfaketime does")
class ClockJumps(Trouble):
    """The clock on the wall jumps for everything that takes part, controller, keeper and workers; the monotonic one goes on, as the kernel's does."""

    def setUp(self):
        super().setUp()
        self.set_clock("+0")
        self.environment |= {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"), "FAKETIME_NO_CACHE": "1",
                             "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def set_clock(self, offset):
        written = self.folder / "clock.new"
        written.write_text(offset)
        written.rename(self.folder / "clock")

    def dates(self):
        """Of starts and ends of trials, in the order in which they were."""
        return [float(line.split()[2]) for line in (self.root / "diary").read_text().splitlines()]

    def jump(self, offset):
        """And waits until another trial has ended since."""
        self.set_clock(offset)
        ends = self.diary_ends()
        self.until(lambda: self.diary_ends() > ends)

    def diary_ends(self):
        return (self.root / "diary").read_text().count("end ")

    def test_a_sweep_goes_on_over_them(self):
        self.environment["TRIVIAL_STEP_MS"] = "20"
        process = self.start("sweep", "run", self.file(budget={"trials": 20}), "--slots", 2)
        self.until(lambda: (self.root / "diary").exists())
        for offset in ("+3h", "-2d", "+0"):
            self.jump(offset)
        self.assertEqual(process.wait(60), 0)
        jumps = [after - before for before, after in zip(self.dates(), self.dates()[1:])]
        self.assertGreater(max(jumps), 3600)
        self.assertLess(min(jumps), -24 * 3600)
        trials = self.study().trials
        self.assertEqual([trial.state for trial in trials], [TrialState.COMPLETE] * 20)
        self.assertTrue(all("resumed" not in trial.user_attrs for trial in trials))
        self.assertEqual(set(self.diary().values()), {1}, "none was begun twice")
        self.assertEqual(self.show()["state"], "finished")

    def test_killed_before_one_it_goes_on_after_it(self):
        for offset in ("+3h", "-2d"):
            with self.subTest(offset):
                name = f"sweep{offset}"
                self.environment["TRIVIAL_STEP_MS"] = "20"
                process = self.start("sweep", "run", self.file(name=name, budget={"trials": 4}), "--slots", 2)
                self.until(lambda: self.call("sweep", "show", name).returncode == 0 and any(t["intermediate"] for t in self.show(name)["trials"]))
                process.kill()
                process.wait()
                self.set_clock(offset)
                self.ablate("sweep", "resume", name, "--slots", 2)
                self.assertEqual(self.states(name), ["COMPLETE"] * 4)
        self.assertEqual(set(self.diary().values()), {1}, "none was begun twice")


if __name__ == "__main__":
    unittest.main()
