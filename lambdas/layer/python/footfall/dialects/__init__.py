"""What trackers send: their parameters, how to tell them apart, what each request means; pure."""
