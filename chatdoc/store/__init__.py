"""Durable ground: what was acknowledged is found after any crash, and what was damaged is never taken for true."""
