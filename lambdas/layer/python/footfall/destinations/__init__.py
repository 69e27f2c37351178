"""Where hits are delivered: how each destination is spoken to, and what its answers really mean."""
