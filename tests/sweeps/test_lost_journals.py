"""Sweeps whose journal is gone, was cut or is of another search: it is told, nothing is trained twice unasked, and what runs can be stopped."""
import json
import shutil
import unittest

from test_sweep_trouble import Trouble


class LostJournals(Trouble):
    def test_without_its_journal_it_does_not_begin_anew_by_itself(self):
        self.sweep()
        kept = self.journal().rename(self.folder / "kept.journal")
        self.assertRegex(self.error_of("sweep", "run", self.file(), code=1), r"sweep\.journal is gone.*Put it back from a copy")
        kept.rename(self.journal())
        self.assertEqual(self.states(), ["COMPLETE"] * 6)

    def test_a_journal_of_another_search_raises_no_budget(self):
        self.sweep()
        self.sweep(name="norms", space={"model.norm": {"type": "categorical", "choices": ["batch", "group"]}})
        (self.journal().parent.with_name("norms") / "sweep.journal").replace(self.journal())
        self.assertIn("no study of that name; it has norms", self.error_of("sweep", "add", "lr", 2, code=1))
        self.assertEqual(json.loads((self.journal().parent / "sweep.json").read_text())["budget"], {"trials": 6})

    def test_where_nothing_is_left_nothing_goes_on_by_itself(self):
        self.sweep()
        said = self.ablate("sweep", "resume", "lr", "--detach").stderr
        self.assertIn("Nothing is left to begin: the journal has 6 trials. For more: ablate sweep add runs/sweeps/lr N", said)
        self.assertNotIn("goes on by itself", said)
        self.journal().write_bytes(b"")
        self.assertIn("holds no study", self.error_of("sweep", "resume", "lr", "--detach", code=1))
        self.assertIn("holds no study", self.error_of("sweep", "run", self.file(), code=1))  # Nor begins anew.
        self.assertEqual(self.journal().read_bytes(), b"")

    def test_a_journal_that_lost_trials_is_told_and_does_not_pass_for_finished(self):
        self.sweep(budget={"trials": 3})
        whole = self.journal().read_bytes()
        self.journal().write_bytes(whole.splitlines(keepends=True)[0])
        self.assertEqual(self.show()["state"], "idle")
        self.assertRegex(self.show()["problem"], r"has 0 trials, and had 3: it was cut.*Put back a journal that has them; or go on without")
        self.assertRegex(self.ablate("sweep", "list").stdout, r"lr: idle, 0 complete.*\n.*has 0 trials, and had 3")
        self.journal().write_bytes(whole)
        self.assertEqual((self.show()["state"], self.show()["problem"]), ("finished", ""))
        self.journal().write_bytes(whole.splitlines(keepends=True)[0])
        for words in (("run", self.file(budget={"trials": 3})), ("add", "lr", 2)):  # Who asks for more may not know.
            self.assertIn("has 0 trials, and had 3", self.error_of("sweep", *words, code=1))
        self.assertEqual(self.states(), [])
        self.assertIn("goes on without the trials that its journal lost: it has 0, and had 3", self.ablate("sweep", "resume", "lr").stderr)
        self.assertEqual((self.states(), self.show()["problem"]), (["COMPLETE"] * 3, ""))

    def test_while_a_trial_is_open_it_has_not_finished(self):
        self.sweep(budget={"trials": 2})
        whole = self.journal().read_bytes().splitlines(keepends=True)
        self.journal().write_bytes(b"".join(whole[:-1]))  # The end of a trial is lost.
        self.assertEqual((self.show()["state"], sorted(self.states())), ("idle", ["COMPLETE", "RUNNING"]))
        self.assertIn("ablate sweep resume runs/sweeps/lr does", self.ablate("sweep", "list").stdout)
        self.ablate("sweep", "resume", "lr")
        self.assertEqual((self.show()["state"], self.states()), ("finished", ["COMPLETE"] * 2))
        self.assertEqual(len(self.runs()), 2)

    def test_one_that_is_led_is_stopped_whatever_became_of_its_journal(self):
        for damage in (lambda whole: b"", lambda whole: whole.splitlines(keepends=True)[0]):
            process = self.begun()
            whole = self.journal().read_bytes()
            self.journal().write_bytes(damage(whole))
            self.until(lambda: "became shorter" in json.loads((self.journal().parent / "controller.json").read_text())["problem"])
            self.ablate("sweep", "pause", "lr")
            self.ablate("sweep", "stop", "lr")
            process.wait(30)
            self.until(lambda: "running" not in self.statuses())
            self.journal().write_bytes(whole)
            self.assertIn("was paused, and goes on", self.resumed())
            self.assertEqual(self.states(), ["COMPLETE"] * 2)
            shutil.rmtree(self.root)

    def resumed(self):
        self.be_fast()
        return self.ablate("sweep", "resume", "lr", "--slots", 2).stderr

    def test_without_a_leader_its_runs_are_stopped_whatever_became_of_its_journal(self):
        self.leaderless()
        self.journal().write_bytes(b"")
        self.assertIn(f"or remove {self.journal().parent}", self.error_of("sweep", "stop", "lr", code=1))
        self.until(lambda: self.statuses() == ["stopped", "stopped"])

    def test_trials_that_a_stopped_sweep_lost_are_missed(self):
        process = self.begun(budget={"trials": 30}, base={"train": {"steps": 20}, "validation": {"every": 5}})
        self.until(lambda: len(self.show()["trials"]) >= 6)
        process.kill()
        process.wait()
        seen = len(self.show()["trials"])
        self.journal().write_bytes(b"".join(self.journal().read_bytes().splitlines(keepends=True)[:2]))
        self.assertRegex(self.show()["problem"], rf"has 1 trial, and had ({seen - 2}|{seen - 1}|{seen})")
        self.ablate("sweep", "stop", "lr")

    def test_a_journal_that_holds_no_record_is_told(self):
        self.sweep(budget={"trials": 1})
        self.journal().write_bytes(b"\n")
        self.assertRegex(self.error_of("sweep", "show", "lr", code=1), r"is no journal of Optuna's.*Put one back from a copy")
        [listed] = self.json_of("sweep", "list")
        self.assertEqual((listed["name"], listed["state"]), ("lr", None))
        self.assertIn("no journal of Optuna's", listed["problem"])


if __name__ == "__main__":
    unittest.main()
