"""A stand-in for Matomo 5.1.2 that answers, stores and fails as the real one was measured to: for tests, demo and benchmark."""
