"""What AWS does between its services, on this machine: the edge, Firehose, triggers, and the demo that uses them."""
