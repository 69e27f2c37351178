"""From any record of a request to a typed row; pure: no AWS, no clock, no randomness."""
