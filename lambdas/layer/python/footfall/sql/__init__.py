"""One SQL source for Athena, DuckDB and the docs: views over the lake and documented queries; pure but for `lake`."""
