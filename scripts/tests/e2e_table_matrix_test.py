"""Tables with every feature, made by Spark, delta-rs and Lakehead, written by Lakehead, read by everybody: scripts/table_matrix."""

import io
import shutil
import unittest
from contextlib import redirect_stdout

from tests.e2e import EndToEnd

from harness.binaries import binary
from matrix import run


class TableMatrixTest(EndToEnd):
    @unittest.skipUnless(shutil.which("java"), "Java is missing, which Spark runs on: sudo apt-get install openjdk-17-jre-headless")
    def test_every_feature_in_every_kind_of_table_for_every_reader(self):
        shown = io.StringIO()
        with redirect_stdout(shown):
            code = run.main(["--keep", str(self.folder / "matrix")])
        print(shown.getvalue())
        self.assertEqual(code, 0)
        self.proved(shown.getvalue().strip().splitlines()[-2])

    def test_properties_that_new_tables_cannot_have_are_named_at_the_start(self):
        for name, value, part in (
                ("delta.setTransactionRetentionDuration", "interval 7 days", "how far its streams are committed"),
                ("delta.constraints.positive", "row > 0", "CHECK constraints"),
                ("delta.logRetentionDuration", "a while", '"a while"')):
            config = self.folder / "lakehead.toml"
            config.write_text(f"[tables.properties]\n\"{name}\" = \"{value}\"\n", encoding="utf-8")
            engine = self.start(binary("lakehead"), "serve", "--config", config, "--data-dir", self.folder / "data", "--listen",
                                "127.0.0.1:0")
            _, errors = engine.communicate(timeout=60)
            self.assertEqual(engine.returncode, 78, errors)
            self.assertIn(f"tables.properties: the property {name} cannot be", errors)
            self.assertIn(part, errors)


if __name__ == "__main__":
    unittest.main()
