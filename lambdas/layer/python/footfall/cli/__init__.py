"""The `footfall` command, one module per noun; in the wheel, not in the Lambda layer."""
