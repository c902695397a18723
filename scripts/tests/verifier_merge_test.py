"""The verifier follows tables whose files were merged, by the engine or by others, and notices what a merge lost or repeated."""

import unittest

from tests import verifier_test
from tests.handmade_table import rows

ENGINE, OTHER = "Lakehead/0.1.0", "other"


class VerifierMergeTest(unittest.TestCase):
    base = verifier_test.VerifierTest
    setUp, table, problems, assert_problem = base.setUp, base.table, base.problems, base.assert_problem
    ledger, line = base.ledger, base.line

    def merge(self, table, some_rows, versions, engine=ENGINE):
        """Replaces the files of these versions by one with these rows."""
        gone = [table.add_of(version)["path"] for version in versions]
        table.commit(some_rows)
        actions = table.versions[-1]
        actions[0]["commitInfo"].update({"operation": "OPTIMIZE", "engineInfo": engine})
        table.add_of(len(table.versions) - 1)["dataChange"] = False
        actions += [{"remove": {"path": path, "dataChange": False}} for path in gone]
        table.write_log(len(table.versions) - 1)

    def test_rows_move_to_another_version_and_are_those_that_were_acknowledged(self):
        table = self.table()
        self.merge(table, rows("a", 0, 40) + rows("b", 0, 30) + rows("a", 40, 90), [1, 2])
        ledger = self.ledger([self.line("a", 0, 90, 2), self.line("b", 0, 30, 1)])
        self.assertEqual(self.problems(table, ledgers=[ledger]), [])

    def test_a_merge_that_lost_a_file(self):
        table = self.table()
        self.merge(table, rows("a", 0, 40) + rows("b", 0, 30), [1, 2])
        self.assert_problem(self.problems(table), "stream a", "rows 40 to 89 are missing")

    def test_a_merge_of_a_file_that_stayed(self):
        table = self.table()
        self.merge(table, rows("a", 0, 40) + rows("b", 0, 30) + rows("a", 40, 90), [1])
        self.assert_problem(self.problems(table), "stream a", "rows 40 to 89 are there twice")

    def test_the_engine_keeps_the_order_of_rows_and_others_need_not(self):
        for engine, is_judged in ((ENGINE, True), (OTHER, False)):
            with self.subTest(engine):
                self.setUp()
                table = self.table()
                self.merge(table, rows("a", 40, 90) + rows("a", 0, 40) + rows("b", 0, 30), [1, 2], engine)
                problems = self.problems(table)
                if is_judged:
                    self.assert_problem(problems, "row 0 stands behind row 89")
                else:
                    self.assertEqual(problems, [])


if __name__ == "__main__":
    unittest.main()
