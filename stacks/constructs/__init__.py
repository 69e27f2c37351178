"""The parts the stacks compose."""
