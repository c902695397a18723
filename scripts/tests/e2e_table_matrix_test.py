"""Tables with every feature, made by Spark, delta-rs and Lakehead, written by Lakehead, read by everybody: scripts/table_matrix."""

import io
import shutil
import unittest
from contextlib import redirect_stdout

from tests.e2e import EndToEnd

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


if __name__ == "__main__":
    unittest.main()
