"""A run whose status says that another machine trains it: resumed here only after a minute without a heartbeat."""

import json
import threading
import unittest

from ablate_program import AblateTest, assignments


class OtherHostTest(AblateTest):
    def setUp(self):
        super().setUp()
        self.ablate("train", "--name", "away", *assignments())
        self.status_file = next(self.root.glob("*-away/status.json"))

    def pretend(self, heartbeat, state="running"):
        status = json.loads(self.status_file.read_text())
        status.update(status=state, host="elsewhere", heartbeat=heartbeat)
        written = self.status_file.with_suffix(".new")
        written.write_text(json.dumps(status))
        written.replace(self.status_file)

    def test_silent_for_a_minute_it_goes_on_here(self):
        self.pretend(5)
        self.assertIn("watching its heartbeat", self.ablate("resume", "away").stderr)
        self.until(lambda: self.runs()[0]["status"] == "completed")

    def test_with_a_heartbeat_it_is_left_alone(self):
        self.pretend(5)
        beat = threading.Timer(2, self.pretend, [6])
        beat.start()
        self.assertIn("running on elsewhere", self.error_of("resume", "away", code=1))
        beat.join()
        self.pretend(6, "stopped")  # Nobody trains it: the clean-up need not wait for that.


if __name__ == "__main__":
    unittest.main()
