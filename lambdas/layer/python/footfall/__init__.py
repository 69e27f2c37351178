"""Footfall: privacy-first web and e-mail tracking that accounts for every hit."""
