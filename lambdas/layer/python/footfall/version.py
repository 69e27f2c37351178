"""The version of Footfall: written into every row, so that an analyst can tell which code made it."""

VERSION = "0.1.0"
