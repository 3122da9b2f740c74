"""Sweeps and journals of other programs: Optuna beside Ablate on the same study, and journals that are damaged, locked, or of another search."""
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import unittest
import urllib.request

import optuna
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from test_sweep import SWEEP, SweepTest


class WithOptuna(SweepTest):
    def test_a_script_asks_and_tells_while_our_workers_run(self):
        self.environment["TRIVIAL_STEP_MS"] = "5"
        process = self.start("sweep", "run", self.file(budget={"trials": 20}), "--slots", "2")
        self.until(lambda: self.journal().exists() and self.call("sweep", "show", "lr").returncode == 0)
        study = optuna.load_study(study_name="lr", storage=self.storage(), sampler=optuna.samplers.TPESampler(seed=1))
        for _ in range(6):
            trial = study.ask()
            lr = trial.suggest_float("optimizer.lr", 1e-5, 1.0, log=True)
            trial.report(lr, 1)
            study.tell(trial, 1 - lr)
        self.assertEqual(process.wait(60), 0)
        trials = self.study().trials
        self.assertGreaterEqual(len(trials), 20)
        self.assertEqual(sum("run" not in t.user_attrs for t in trials), 6)
        self.assertTrue(all(t.state == TrialState.COMPLETE for t in trials))
        self.assertEqual([t["number"] for t in self.show()["trials"]], [t.number for t in trials])

    def test_a_journal_that_optuna_wrote_is_continued(self):
        path = self.folder / "theirs.journal"
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(path)))
        study = optuna.create_study(study_name="lr", storage=storage, direction="maximize")
        study.optimize(lambda t: 1 - t.suggest_float("optimizer.lr", 1e-5, 1.0, log=True), n_trials=3)
        study.enqueue_trial({"optimizer.lr": 0.01})
        self.sweep("--journal", path, budget={"trials": 6})
        trials = self.study().trials
        self.assertEqual([t.state for t in trials], [TrialState.COMPLETE] * 6)
        self.assertEqual(trials[3].params, {"optimizer.lr": 0.01})
        self.assertEqual(sum("run" in t.user_attrs for t in trials), 3)

    def test_the_dashboard_shows_it(self):
        self.sweep(budget={"trials": 2})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        program = pathlib.Path(sys.executable).with_name("optuna-dashboard")
        dashboard = subprocess.Popen([program, self.journal(), "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, dashboard)
        shown = []

        def answers():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/studies/0") as page:
                    shown.append(json.load(page))
            except OSError:
                return False
            return True

        self.until(answers)
        self.assertEqual([t["state"] for t in shown[0]["trials"]], ["Complete", "Complete"])
        self.assertEqual([t["values"] for t in shown[0]["trials"]], [t.values for t in self.study().trials])

    def theirs(self, objective, trials=2, name="theirs"):
        path = self.folder / "theirs.journal"
        path.unlink(missing_ok=True)
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(path)))
        optuna.create_study(study_name=name, storage=storage, direction="maximize").optimize(objective, n_trials=trials)
        return path

    def test_a_study_of_another_name_has_the_sweeps_from_then_on(self):
        path = self.theirs(lambda t: 1 - t.suggest_float("optimizer.lr", 1e-3, 10.0, log=True))
        before = path.read_bytes()
        with path.open("ab") as file:
            file.write(b'{"op_code": 4, "stu')  # Torn.
        self.sweep("--journal", path, budget={"trials": 3})
        self.assertEqual([study.study_name for study in optuna.get_all_study_summaries(self.storage())], ["lr"])
        self.assertEqual([t.state for t in self.study().trials], [TrialState.COMPLETE] * 3)
        self.assertEqual(self.show()["study"], "lr")
        self.assertTrue(path.read_bytes().startswith(before))

    def test_one_of_another_search_is_refused(self):
        lr = ("optimizer.lr", 1e-5, 1.0)
        for objective, words in (
            (lambda t: t.suggest_categorical("optimizer.lr", [0.1, 0.2]), "does not go with"),
            (lambda t: t.suggest_float(*lr, log=True) + t.suggest_float("momentum", 0, 1), "Trial 0 .* has momentum, which is not in"),
            (lambda t: 1.0 if t.number == 0 else t.suggest_float("momentum", 0, 1), "Trial 1 .* has momentum, which is not in"),
            (lambda t: t.suggest_float("optimizer.lr", 2.0, 9.0, log=True), r"within \[2, 9\], and the sweep within \[1e-05, 1\]"),
        ):
            with self.subTest(words):
                said = self.error_of("sweep", "run", self.file(), "--journal", self.theirs(objective), code=1)
                self.assertRegex(said, words)
                self.assertFalse(self.journal().exists())
        space = SWEEP["space"] | {"model.norm": {"type": "categorical", "choices": ["batch", "group"]}}
        path = self.theirs(lambda t: t.suggest_float(*lr, log=True))
        self.assertIn("Trial 0 of the study theirs has no model.norm",
                      self.error_of("sweep", "run", self.file(space=space), "--journal", path, code=1))

    def test_a_journal_of_another_search_in_its_place_is_refused_and_one_that_is_gone_is_not_made(self):
        self.sweep(budget={"trials": 1})
        theirs = self.theirs(lambda t: t.suggest_float("momentum", 0, 1), name="lr")
        shutil.copy(theirs, self.journal())
        self.assertIn("has momentum, which is not in the sweep's space", self.error_of("sweep", "resume", "lr", code=1))
        self.assertEqual(self.journal().read_bytes(), theirs.read_bytes())
        self.journal().unlink()
        for command in (("show",), ("resume",), ("stop",), ("kill", "0")):
            self.assertIn("is gone", self.error_of("sweep", command[0], "lr", *command[1:], code=1))
            self.assertFalse(self.journal().exists())

    def test_both_write_at_once_and_nothing_is_lost(self):
        self.sweep(budget={"trials": 1})
        script = (
            "import optuna, sys\n"
            "from optuna.storages.journal import JournalFileBackend\n"
            "storage = optuna.storages.JournalStorage(JournalFileBackend(sys.argv[1]))\n"
            "study = optuna.load_study(study_name='lr', storage=storage, sampler=optuna.samplers.RandomSampler())\n"
            "for i in range(40): study.tell(study.ask(), i)\n")
        theirs = [subprocess.Popen([sys.executable, "-c", script, str(self.journal())]) for _ in range(2)]
        self.ablate("sweep", "add", "lr", 110, timeout=300)
        for each in theirs:
            self.assertEqual(each.wait(120), 0)
        trials = self.study().trials
        self.assertTrue(all(t.state == TrialState.COMPLETE for t in trials))
        self.assertEqual(sum("run" not in t.user_attrs for t in trials), 80)
        self.assertEqual(len(trials) - 80, len(self.runs()))
        self.assertGreaterEqual(len(self.runs()), 31)


class BadInput(SweepTest):
    def said(self, code=2, **changes):
        return self.error_of("sweep", "run", self.file(**changes), code=code)

    def test_what_cannot_be_is_told_before_anything_is_made(self):
        lr = SWEEP["space"]["optimizer.lr"]
        for changes, words in (
            ({"space": {"optimiser.lr": lr}}, "Did you mean optimizer.lr?"),
            ({"space": {"optimizer.lr": lr | {"low": 1, "high": 1e-5}}}, "is empty"),
            ({"space": {"optimizer.lr": lr | {"low": 0}}}, "above 0"),
            ({"space": {"optimizer.lr": lr | {"steps": 1}}}, 'Did you mean "step"?'),
            ({"sampler": "grid"}, "the values to try"),
            ({"space": {"model.depth": {"type": "int", "low": 1, "high": 3, "step": 5}}}, "larger than the range"),
            ({"sampler": "tpee"}, "tpe"),
            ({"objective": {"metric": "iou/vall"}}, "Did you mean iou/val?"),
            ({"budget": {}}, "would never end"),
            ({"objective": {"metric": "time/step"}}, 'do not log "time/step"'),
            ({"base": {"lr_find": {"procedure": "fastai"}}}, "range test of every trial"),
            ({"name": "n" * 210}, "200 are the most"),
            ({"budget": {"trails": 3}}, 'Did you mean "trials"?'),
            ({"space": {}}, "at least one key"),
            ({"space": None}, 'has no "space"'),
            ({"spcae": {}, "space": None}, 'Did you mean "space"?'),
            ({"sampler": 3}, "A sampler is written as"),
            ({"objective": {"metric": "iou/val", "take": "worst"}}, '"take" is one of "last", "best", not "worst"'),
            ({"space": {"model.norm": {"type": "categorical", "choices": ["batch", "btach"]}}}, "btach"),
            ({"space": {"model.norm_groups": {"type": "int", "low": 1, "high": 4, "when": {"model.norm": "group"}}}}, "no other key"),
            ({"base": {"model": {"nrom": "batch"}}}, "Did you mean model.norm?"),
        ):
            with self.subTest(words):
                self.assertIn(words, self.said(**changes))
        self.assertFalse((self.root / "sweeps").exists())

    def test_what_the_base_says_of_a_searched_key_is_told_to_be_unused(self):
        said = self.sweep(base=SWEEP["base"] | {"optimizer": {"lr": 5}, "model.norm": "batch"}, budget={"trials": 1}).stderr
        self.assertIn('optimizer.lr is searched: what "base" says of it is not used', said)
        self.assertNotIn("model.norm", said)

    def test_a_sweep_of_the_same_name_that_asks_for_something_else(self):
        self.sweep(budget={"trials": 1})
        self.assertIn('another "objective"', self.said(code=1, objective={"metric": "loss/val"}))

    def test_a_half_written_last_line_is_cut_before_anything_is_appended(self):
        self.sweep(budget={"trials": 1})
        with self.journal().open("ab") as file:
            file.write(b'{"op_code": 4, "study_id"')
        self.ablate("sweep", "add", "lr", 1)
        self.assertEqual(len(self.study().trials), 2)

    def damaged(self, change):
        self.sweep(budget={"trials": 1})
        lines = self.journal().read_bytes().splitlines(keepends=True)
        self.journal().write_bytes(b"".join(change(lines)))
        said = self.error_of("sweep", "show", "lr", code=1)
        self.assertEqual(said.count(str(self.journal())), 1)
        return said

    def test_glued_lines_are_told_with_their_number_and_what_to_remove(self):
        said = self.damaged(lambda lines: lines[:2] + [lines[2][:20] + lines[2]] + lines[3:])
        self.assertIn("line 3, was cut", said)
        self.assertIn("Remove its first 20 bytes", said)

    def test_a_line_that_is_no_record_is_told_with_its_number(self):
        said = self.damaged(lambda lines: lines[:2] + [b"not a record\n"] + lines[2:])
        self.assertIn("line 3, can't be understood", said)
        self.assertNotIn("crash", said)

    def test_a_file_that_is_no_journal_is_called_so(self):
        path = self.folder / "notes.txt"
        for text in ("buy milk\nand bread\n", '{"name": "lr"}\n', "\n\n"):
            path.write_text(text)
            said = self.error_of("sweep", "run", self.file(), "--journal", path, code=1)
            self.assertIn(f"{path} is no journal of Optuna's", said)
            self.assertNotIn("crash", said)

    def test_a_lock_that_one_of_ours_left_is_taken_over_at_once(self):
        self.sweep(budget={"trials": 1})
        [ours] = [path for path in self.journal().parent.iterdir() if path.name.startswith("sweep.journal.")]
        pathlib.Path(f"{self.journal()}.lock").symlink_to(ours.name)
        self.ablate("sweep", "add", "lr", 1, timeout=25)  # Optuna's would be waited for, for 30 s.
        self.assertEqual(len(self.study().trials), 2)

    def test_a_root_that_cannot_be_written(self):
        self.root.write_text("a file")
        self.assertIn("--runs", self.error_of("sweep", "run", self.file(), code=2))


if __name__ == "__main__":
    unittest.main()
