"""A year of flights from a CSV file into a table, read back by three readers."""

import unittest

from tests.e2e import EndToEnd

from harness import flights, readers


class FlightsTest(EndToEnd):
    def test_the_table_is_the_file(self):
        csv = flights.csv_bytes()
        path = self.folder / "flights.csv"
        path.write_bytes(csv)
        expected = flights.expected(csv)
        self.assertEqual(expected.num_rows, flights.ROWS)
        self.assertEqual(expected["dep_time"].null_count, flights.NULL_DEPARTURES)

        engine = self.engine()
        write = ("write", "flights", path, "--server", engine.address, "--stream", "flights")
        self.lakehead(*write)
        table = engine.table("flights")
        report = self.assert_good(table, expect_rows=flights.ROWS)
        self.assertEqual(report.log.state.txns["lakehead/stream/flights"], flights.ROWS)

        # The verifier's files in commit order hold the file's lines in their order.
        self.assertEqual(flights.as_expected(readers.by_pyarrow(table)).combine_chunks(), expected)
        self.assertEqual(flights.as_expected(readers.by_duckdb(table)).combine_chunks(), expected)
        # delta-rs orders files its own way, so both sides are sorted by everything.
        keys = [(name, "ascending") for name in expected.schema.names]
        found = flights.as_expected(readers.delta_rs_table(table)).sort_by(keys).combine_chunks()
        self.assertEqual(found, expected.sort_by(keys).combine_chunks())
        for name, reader in readers.READERS.items():
            origins = reader(table, "select origin, count(*) as n from rows group by origin order by origin").to_pydict()
            self.assertEqual(dict(zip(origins["origin"], origins["n"])), flights.BY_ORIGIN, name)
            nulls = reader(table, "select count(*) as n from rows where dep_time is null").to_pydict()
            self.assertEqual(nulls["n"], [flights.NULL_DEPARTURES], name)
        self.proved(f"{flights.ROWS:,} flights are in the table value by value and NULL by NULL (pyarrow, DuckDB, delta-rs)")

        self.lakehead(*write)
        again = self.assert_good(table, expect_rows=flights.ROWS)
        self.assertEqual(set(again.log.state.files), set(report.log.state.files))
        self.proved("the same file written again to the same named stream adds nothing")


if __name__ == "__main__":
    unittest.main()
