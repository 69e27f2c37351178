"""The AWS side of Footfall as CDK stacks; only app.py, tests and the deployment import it."""
