"""The tracking queue: pack hits into messages, deliver them, and account for each until its verdict is safe."""
